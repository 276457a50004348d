"""The null value in the header of an image of integers, or of floats stored as integers: BLANK and ZBLANK."""

from __future__ import annotations

from rustfits_cffi.native._lib import CData, ffi, lib
from rustfits_cffi.native.cfitsio.handle import CfitsioFile

NULL_PIXEL = -2147483647  # of a quantized image: COMPRESS_NULL_VALUE of fitsio2.h


def write_blank(fptr: CData, value: int, status: CData, *, compressed: bool) -> None:
    """Write BLANK at the end of the current header, or ZBLANK after ZCMPTYPE, where cfitsio puts its own."""
    if compressed:
        lib.fits_read_card(fptr, b"ZCMPTYPE", ffi.new("char[81]"), status)
        lib.fits_insert_key_lng(fptr, b"ZBLANK", value, b"null value in the compressed integer array", status)
    else:
        out = ffi.new("long long *", value)
        lib.fits_update_key(fptr, lib.TLONGLONG, b"BLANK", out, b"value of undefined pixels", status)


def require_zblank(handle: CfitsioFile, number: int) -> None:
    """Give the quantized image in HDU `number` (1-based) a ZBLANK if it does not have one."""
    with handle.call(number, action="write ZBLANK") as (fptr, status):
        if lib.fits_read_card(fptr, b"ZBLANK", ffi.new("char[81]"), ffi.new("int *")):
            lib.fits_clear_errmsg()
            write_blank(fptr, NULL_PIXEL, status, compressed=True)
