"""Headers of new image HDUs, plain and compressed: made by cfitsio, with cards of ours behind its own.

Cards are written through cfitsio's raw byte calls: its own card calls would upper-case the words of HIERARCH cards. Its
idea of where the last card is (``headend``) is set instead, and it then writes END and the padding itself.
"""

from __future__ import annotations

import numpy as np

from rustfits_cffi.native._lib import CData, ffi, lib
from rustfits_cffi.native.cfitsio import requests
from rustfits_cffi.native.cfitsio.blank import write_blank
from rustfits_cffi.native.cfitsio.handle import FileHandle

_BLOCK_NBYTES: int = lib.RF_FITS_BLOCK
_DATA_UNDEFINED = -1  # FITSfile.datastart of an HDU whose header is still being written
# cfitsio's codes for image types that differ from BITPIX: the unsigned trick, by numpy type.
_CREATE_CODES = {"i1": 10, "u2": 20, "u4": 40, "u8": 80}


def create_image(
    handle: FileHandle,
    dtype: np.dtype,
    bitpix: int,
    shape: tuple[int, ...],
    request: requests.CompressionRequest | None,
    *,
    blank: int | None = None,
    cards: bytes = b"",
) -> int:
    """Append an image HDU without data at the end of the file, and `cards` to its header.

    Must run inside `FileHandle.append`. Returns the HDU's number, 1-based.
    """
    code = _CREATE_CODES.get(dtype.str[1:], bitpix)
    axes = ffi.new("long long[]", list(shape[::-1]) or [0])
    with handle.call(action="create an image HDU") as (fptr, status):
        _move_to_end(handle, fptr, status)
        if request is not None:
            requests.ask(handle, request)
        lib.fits_create_imgll(fptr, code, len(shape), axes, status)  # fits_create_img forgets all axes but 20
        requests.forget(handle)
        if blank is not None:
            write_blank(fptr, blank, status, compressed=request is not None)
        append_cards(fptr, cards, status)
        lib.fits_set_hdustruc(fptr, status)
        return fptr.Fptr.curhdu + 1


def _move_to_end(handle: FileHandle, fptr: CData, status: CData) -> None:
    """cfitsio appends after the current HDU only if that is the last one."""
    if handle.size():
        count = ffi.new("int *")
        lib.fits_get_num_hdus(fptr, count, status)
        lib.fits_movabs_hdu(fptr, count[0], ffi.NULL, status)


def set_rice_block(handle: FileHandle, number: int, npix: int) -> None:
    """Change the block size that cfitsio wrote for RICE_1, which it cannot be asked for."""
    with handle.call(number, action="write BLOCKSIZE") as (fptr, status):
        lib.fits_update_key(fptr, lib.TLONGLONG, b"ZVAL1", ffi.new("long long *", npix), ffi.NULL, status)


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
