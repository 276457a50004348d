"""A file that cfitsio has in memory: where it makes headers. It never holds data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rustfits_cffi.errors import MEMORY_ALLOCATION, raise_for_status
from rustfits_cffi.native._lib import CData, ffi, lib
from rustfits_cffi.native.cfitsio.handle import error_messages


class MemoryFile:
    """A new file in memory; it goes with this object.

    Parameters
    ----------
    path : str
        Name of the file that its headers are for, for messages.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._place = ffi.gc(ffi.new("fitsfile **"), lib.rf_handle_abandon)
        status = ffi.new("int *")
        lib.fits_create_file(self._place, b"mem://", status)
        self._check(status, "make a header")

    @contextmanager
    def call(self, *, action: str) -> Iterator[tuple[CData, CData]]:
        """Yield ``(fptr, status)`` for calls of cfitsio, and raise if one of them sets a status."""
        status = ffi.new("int *")
        yield self._place[0], status
        self._check(status, action)

    def header(self, hdu: int) -> bytes:
        """All cards of HDU `hdu` (0-based), END, and the blanks behind it: whole blocks."""
        with self.call(action="read a header") as (fptr, status):
            start, stop = fptr.Fptr.headstart[hdu], fptr.Fptr.headend
            is_current = hdu == fptr.Fptr.curhdu
            cards = bytearray((stop if is_current else fptr.Fptr.headstart[hdu + 1]) - start)
            nbytes = fptr.Fptr.datastart - start
            lib.ffmbyt(fptr, start, 0, status)
            lib.ffgbyt(fptr, len(cards), ffi.from_buffer(cards), status)
        return with_end(bytes(cards), nbytes) if is_current else bytes(cards)

    def _check(self, status: CData, action: str) -> None:
        file = self._place[0]
        # Whether cfitsio found memory for its list of columns is only seen there: in a file in memory, fftrun sets
        # another status over that of ffbinit.
        if status[0] == 0 and file.Fptr.tfield > 0 and not file.Fptr.tableptr:
            status[0] = MEMORY_ALLOCATION
        if status[0] > 0:
            raise_for_status(status[0], f"{self.path}: cannot {action}", error_messages())


def with_end(cards: bytes, nbytes: int) -> bytes:
    """A header `nbytes` long of these cards; END stands in its last block, as cfitsio puts it."""
    end = max(len(cards), nbytes - lib.RF_FITS_BLOCK)
    return (cards.ljust(end) + b"END").ljust(nbytes)
