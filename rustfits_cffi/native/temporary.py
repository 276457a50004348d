"""The names of temporary files: each is removed by C in one step, however the program is interrupted."""

from __future__ import annotations

import os

from rustfits_cffi.native._lib import ffi, lib


class TemporaryName:
    """A name that is to be given to a file, which is removed with this object.

    Parameters
    ----------
    beside : str
        Another file, in whose folder it is to be.
    """

    def __init__(self, beside: str) -> None:
        folder, base = os.path.split(beside)
        name = os.path.join(folder, f".{base[:200]}.{os.urandom(8).hex()}.tmp")
        self._own(name)

    def _own(self, name: str) -> None:
        self._temporary = ffi.gc(lib.rf_temporary_new(os.fsencode(name)), lib.rf_temporary_free)
        self.name = name

    def remove(self) -> None:
        """Remove the file, if the name has not been given up."""
        lib.rf_temporary_remove(self._temporary)

    def take_over(self, other: TemporaryName) -> None:
        """Own the name of another object instead of this one, which no file has any more."""
        lib.rf_temporary_keep(self._temporary)
        lib.rf_temporary_keep(other._temporary)
        self._own(other.name)
