"""HDUs copied from one open file to the end of another, and the parts that packing and unpacking share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rustfits_cffi.native._lib import CData, ffi, lib
from rustfits_cffi.native.cfitsio.handle import CfitsioFile
from rustfits_cffi.native.cfitsio.inspection import hdu_facts, require_data


@contextmanager
def both_open(source: CfitsioFile, number: int, out: CfitsioFile, action: str) -> Iterator[tuple[CData, CData, CData]]:
    """Both files ready for cfitsio: `source` to be read at HDU `number`, `out` to be changed; one status for both."""
    with (
        out.call(action=f"{action} (HDU {number - 1} of {source.path})") as (fptr, status),
        source.call(number, changes=False, action=action) as (inp, _),
    ):
        yield inp, fptr, status


def copy_hdu(source: CfitsioFile, number: int, out: CfitsioFile) -> None:
    """Append an unchanged HDU; `TruncatedError` as from `require_data`."""
    require_data(source, hdu_facts(source, number))
    with both_open(source, number, out, "copy an HDU") as (inp, fptr, status):
        lib.fits_copy_hdu(inp, fptr, 0, status)


def write_data(out: CfitsioFile, number: int, offset: int, data: Any) -> None:
    """Write raw bytes at byte `offset` of the file, within the data unit of HDU `number`."""
    raw = ffi.from_buffer(data)
    with out.call(number, action="write pixels") as (fptr, status):
        lib.ffmbyt(fptr, offset, 1, status)
        lib.ffpbyt(fptr, len(raw), raw, status)


def write_checksums(out: CfitsioFile, number: int | None = None) -> None:
    """Update CHECKSUM and DATASUM of HDU `number`, or of the current one, by cfitsio's own code."""
    with out.call(number, action="write checksums") as (fptr, status):
        lib.fits_write_chksum(fptr, status)


def reserve_checksums(fptr: CData, status: CData) -> None:
    """Make the header long enough for missing checksum cards, which could otherwise move all data by a block later.

    cfitsio appends blank cards to keep the spare blocks of the source. ``ffhdef`` counts from the last card that is not
    blank, so a request for fewer cards than these would remove blocks that fpack and funpack keep.
    """
    card, missing = ffi.new("char[81]"), 0
    for name in (b"CHECKSUM", b"DATASUM"):
        if status[0] == 0 and lib.fits_read_card(fptr, name, card, status) == lib.KEY_NO_EXIST:
            status[0] = 0
            lib.fits_clear_errmsg()
            missing += 1
    lib.ffhdef(fptr, max(missing, _count_blank_cards_at_end(fptr, status)), status)


def _count_blank_cards_at_end(fptr: CData, status: CData) -> int:
    """Number of blank cards at the end of a header that was just written."""
    count, card = ffi.new("int *"), ffi.new("char[81]")
    lib.fits_get_hdrspace(fptr, count, ffi.NULL, status)
    last = count[0]
    while last and lib.fits_read_record(fptr, last, card, status) == 0 and not ffi.string(card).strip():
        last -= 1
    return count[0] - last
