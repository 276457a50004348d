"""The names of temporary files: each is removed by C in one step, however the program is interrupted."""

from __future__ import annotations

import os

from rustfits_cffi.native._lib import ffi, lib

_MOST_NBYTES = 200  # of the other file's name; file systems have 255


class TemporaryName:
    """A name that is to be given to a file, which is removed with this object.

    Parameters
    ----------
    beside : str
        Another file, in whose folder it is to be.
    """

    def __init__(self, beside: str) -> None:
        folder, base = os.path.split(beside)
        base = os.fsdecode(os.fsencode(base)[:_MOST_NBYTES])
        self._own(os.path.join(folder, f".{base}.{os.urandom(8).hex()}.tmp"))

    def _own(self, name: str) -> None:
        temporary = ffi.gc(lib.rf_temporary_new(os.fsencode(name)), lib.rf_temporary_free)
        if not temporary:
            raise MemoryError("no memory for a file name")
        self._temporary, self.name = temporary, name

    def remove(self) -> None:
        """Remove the file, if the name has not been given up."""
        lib.rf_temporary_remove(self._temporary)

    def take_over(self, other: TemporaryName) -> None:
        """Own the name of another object instead of this one, which no file has any more."""
        self._own(other.name)  # before the other one gives it up: an interrupt between the two leaves one owner
        lib.rf_temporary_keep(other._temporary)
