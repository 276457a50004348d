"""HDUs compressed into another file, in the steps of fpack: cfitsio makes the headers, we write the tiles."""

from __future__ import annotations

from collections.abc import Sequence

from rustfits_cffi.native._lib import ffi, lib
from rustfits_cffi.native.cfitsio import requests
from rustfits_cffi.native.cfitsio.blank import NULL_PIXEL, write_blank
from rustfits_cffi.native.cfitsio.copying import both_open, reserve_checksums
from rustfits_cffi.native.cfitsio.handle import CfitsioFile
from rustfits_cffi.native.cfitsio.inspection import CompressedImage, compressed_image_of, read_number


def begin_compressed_image(
    source: CfitsioFile, number: int, out: CfitsioFile, *, bitpix: int, shape: Sequence[int], checksums: bool = False
) -> CompressedImage:
    """Append the compressed form of an image HDU to `out`, complete except for its tiles.

    The requests made by `requests.ask` apply; directive cards of the source (FZALGOR and the like) override them. With
    `checksums`, space is reserved for the checksum cards.
    """
    naxes = ffi.new("long[]", list(reversed(shape)))
    with both_open(source, number, out, "compress an image") as (inp, fptr, status):
        lib.fits_create_hdu(fptr, status)
        if fptr.Fptr.curhdu == 0:
            lib.fits_create_img(fptr, 16, 0, ffi.NULL, status)
            lib.fits_create_hdu(fptr, status)
        else:
            lib.fits_unset_compression_param(fptr, status)
        lib.fits_set_compression_pref(inp, fptr, status)
        lossy_int = bool(fptr.Fptr.request_lossy_int_compress) and bitpix > 0
        lib.imcomp_init_table(fptr, -32 if lossy_int else bitpix, len(shape), naxes, 0, status)
        lib.imcomp_copy_img2comp(inp, fptr, status)
        if checksums:
            reserve_checksums(fptr, status)
        lib.fits_set_hdustruc(fptr, status)
        return compressed_image_of(fptr, lossy_int)


def begin_rescaled_image(source: CfitsioFile, number: int, out: CfitsioFile, divisor: float) -> tuple[int, int]:
    """Append an image header, BSCALE multiplied by `divisor`; return its number in `out` and the start of its data."""
    bscale = ffi.new("double *", (read_number(source, number, "BSCALE") or 1.0) * divisor)
    with both_open(source, number, out, "rescale an image") as (inp, fptr, status):
        if number != 1:
            lib.fits_create_img(fptr, 8, 0, ffi.NULL, status)
        lib.fits_copy_header(inp, fptr, status)
        lib.fits_update_key(fptr, lib.TDOUBLE, b"BSCALE", bscale, ffi.NULL, status)
        lib.fits_set_hdustruc(fptr, status)
        return fptr.HDUposition + 1, int(fptr.Fptr.datastart)


def set_seed(out: CfitsioFile, number: int, seed: int) -> None:
    """Write the chosen seed into ZDITHER0, and keep its comment."""
    with out.call(number, action="write ZDITHER0") as (fptr, status):
        lib.fits_update_key(fptr, lib.TINT, b"ZDITHER0", ffi.new("int *", seed), ffi.NULL, status)


def end_compressed_image(out: CfitsioFile, number: int, *, has_nulls: bool) -> None:
    """Write ZBLANK if there were nulls, complete the header and reset the requests."""
    with out.call(number, action="finish a compressed image") as (fptr, status):
        if has_nulls:
            write_blank(fptr, NULL_PIXEL, status, compressed=True)
        lib.fits_set_hdustruc(fptr, status)
    requests.forget(out)


def compress_table(source: CfitsioFile, number: int, out: CfitsioFile) -> None:
    """Append the compressed form of a binary table, by cfitsio's own serial code."""
    with both_open(source, number, out, "compress a table") as (inp, fptr, status):
        lib.fits_compress_table(inp, fptr, status)
