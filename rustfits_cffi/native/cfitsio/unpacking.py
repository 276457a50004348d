"""HDUs restored into another file, in the steps of funpack: cfitsio makes the headers, we write the pixels."""

from __future__ import annotations

from rustfits_cffi.native._lib import lib
from rustfits_cffi.native.cfitsio.copying import both_open, reserve_checksums
from rustfits_cffi.native.cfitsio.handle import CfitsioFile
from rustfits_cffi.native.cfitsio.inspection import HDUFacts, facts_of


def begin_restored_image(
    source: CfitsioFile, number: int, out: CfitsioFile, *, as_primary: bool, checksums: bool = False
) -> HDUFacts:
    """Append the header of the image stored in a compressed HDU, whose data unit the caller then writes.

    The caller uses positioned writes and then calls `end_restored_image`; until then, cfitsio must not use `out`. With
    `checksums`, space is reserved for the checksum cards.
    """
    with both_open(source, number, out, "restore an image") as (inp, fptr, status):
        status[0] = -1 if as_primary else 0  # tells cfitsio to write the primary array
        lib.fits_img_decompress_header(inp, fptr, status)
        if checksums:
            reserve_checksums(fptr, status)
        lib.fits_set_hdustruc(fptr, status)
        facts = facts_of(fptr, status)
        lib.fits_flush_buffer(fptr, 1, status)  # 1: drop all buffers of the file
        return facts


def end_restored_image(out: CfitsioFile, facts: HDUFacts) -> None:
    """End the file, for cfitsio too, after the data unit that was written, padded with zeros to whole blocks."""
    with out.call(action="end a data unit") as (fptr, status):
        lib.fftrun(fptr, facts.data_end, status)


def uncompress_table(source: CfitsioFile, number: int, out: CfitsioFile) -> None:
    """Append the table stored in a compressed table HDU, by cfitsio's own serial code."""
    with both_open(source, number, out, "restore a table") as (inp, fptr, status):
        lib.fits_uncompress_table(inp, fptr, status)
