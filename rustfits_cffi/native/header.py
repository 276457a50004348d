"""Writing header cards as they are, through cfitsio's raw byte calls.

cfitsio's own card calls would upper-case the words of HIERARCH cards. Its idea of where the last card stands
(``headend``) is told instead, and it then writes END and the padding itself.
"""

from __future__ import annotations

from rustfits_cffi.native._lib import CData, ffi, lib
from rustfits_cffi.native.handle import FileHandle

_BLOCK_NBYTES = 2880
_DATA_UNDEFINED = -1  # FITSfile.datastart of an HDU whose header is still being written


def rewrite_header(handle: FileHandle, number: int, cards: bytes) -> None:
    """Replace all cards of HDU `number` (1-based) by `cards` (80 bytes each, without END).

    cfitsio moves what follows when they need more blocks. A header never gives blocks back: END stands in its last one.
    Must run inside `FileHandle.change`.
    """
    with handle.call(number, action="change its header") as (fptr, status):
        head, data, end = ffi.new("LONGLONG *"), ffi.new("LONGLONG *"), ffi.new("LONGLONG *")
        lib.fits_get_hduaddrll(fptr, head, data, end, status)
        _make_room(fptr, head[0] + len(cards), status)
        lib.fits_get_hduaddrll(fptr, head, data, end, status)
        blocks = cards.ljust(data[0] - head[0])
        lib.ffmbyt(fptr, head[0], 1, status)
        lib.ffpbyt(fptr, len(blocks), ffi.from_buffer(blocks), status)
        fptr.Fptr.headend = head[0] + len(cards)
        lib.fits_set_hdustruc(fptr, status)


def append_cards(fptr: CData, cards: bytes, status: CData) -> None:
    """Add `cards` at the end of the current HDU's header, inside a `FileHandle.call` block."""
    if cards:
        start = fptr.Fptr.headend
        _make_room(fptr, start + len(cards), status)
        lib.ffmbyt(fptr, start, 1, status)
        lib.ffpbyt(fptr, len(cards), ffi.from_buffer(cards), status)
        fptr.Fptr.headend = start + len(cards)


def _make_room(fptr: CData, end: int, status: CData) -> None:
    """Let cfitsio insert header blocks until cards up to byte `end`, and END, fit before the data."""
    if fptr.Fptr.datastart != _DATA_UNDEFINED:
        missing = end + 80 - fptr.Fptr.datastart
        if missing > 0:
            lib.ffiblk(fptr, -(-missing // _BLOCK_NBYTES), 0, status)
