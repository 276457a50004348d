"""CHECKSUM and DATASUM as ``fits_write_chksum`` leaves them, with the data unit summed at the speed of memory.

FITS Standard 4.0, section 4.4.2.7 and Appendix J.
"""

from __future__ import annotations

import time
from typing import Any

from rustfits_cffi.native._lib import ffi, lib
from rustfits_cffi.native.cfitsio.handle import CfitsioFile

_PIECE_NBYTES = 1 << 20  # of the file in memory at once
_UNSET = "0" * 16
_NOTHING = "         0"  # DATASUM before it is known, in cfitsio's spelling


def write_checksum(handle: CfitsioFile, number: int | None = None, *, data_sum: int | None = None) -> None:
    """Create or update both cards of an HDU; cards that hold stay untouched.

    Parameters
    ----------
    handle : CfitsioFile
        The file.
    number : int, optional
        HDU number, 1-based as cfitsio counts; the current one by default.
    data_sum : int, optional
        Sum of the data unit, where it is known; otherwise the data are read.
    """
    now = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
    with handle.call(number, action="write checksums") as (fptr, status):
        checksum, datasum = _value(fptr, b"CHECKSUM", status), _value(fptr, b"DATASUM", status)
        comments = f"HDU checksum updated {now}", f"data unit checksum updated {now}"
        if checksum is None:
            checksum = _set(fptr, b"CHECKSUM", _UNSET, comments[0], status)
        if datasum is None:
            datasum = _set(fptr, b"DATASUM", _NOTHING, comments[1], status)
            checksum = _set(fptr, b"CHECKSUM", _UNSET, comments[0], status) if checksum != _UNSET else checksum
        header_start, data_start, data_end = _settle(fptr, status)
        if status[0]:
            return
        if data_sum is None:
            data_sum = file_sum(handle, data_start, data_end)
        if data_sum != _as_number(datasum):
            _set(fptr, b"DATASUM", str(data_sum), comments[1], status)
            checksum = _set(fptr, b"CHECKSUM", _UNSET, comments[0], status) if checksum != _UNSET else checksum
        if checksum != _UNSET:
            if _header_sum(handle, fptr, header_start, data_start, data_sum, status) in (0, 0xFFFFFFFF):
                return
            _set(fptr, b"CHECKSUM", _UNSET, comments[0], status)
        total = _header_sum(handle, fptr, header_start, data_start, data_sum, status)
        encoded = ffi.new("char[17]")
        lib.ffesum(total, 1, encoded)
        _set(fptr, b"CHECKSUM", ffi.string(encoded).decode("ascii"), None, status)


def file_sum(handle: CfitsioFile, start: int, end: int, total: int = 0) -> int:
    """Sum of the bytes of a file from `start` to `end`, added to `total`."""
    for place in range(start, end, _PIECE_NBYTES):
        piece = handle.read(place, min(_PIECE_NBYTES, end - place))
        total = lib.rf_sum32(ffi.from_buffer("uint8_t[]", piece), len(piece), total)
    return total


def _settle(fptr: Any, status: Any) -> tuple[int, int, int]:
    """Let cfitsio write all that it holds back of this HDU; where its header, data and end are."""
    place = ffi.new("LONGLONG[3]")
    lib.fits_set_hdustruc(fptr, status)
    if fptr.Fptr.heapsize > 0:
        lib.ffuptf(fptr, status)
    lib.ffpdfl(fptr, status)
    lib.fits_get_hduaddrll(fptr, place, place + 1, place + 2, status)
    lib.fits_flush_buffer(fptr, 0, status)
    return int(place[0]), int(place[1]), int(place[2])


def _header_sum(handle: CfitsioFile, fptr: Any, start: int, end: int, total: int, status: Any) -> int:
    lib.fits_flush_buffer(fptr, 0, status)
    return total if status[0] else file_sum(handle, start, end, total)


def _value(fptr: Any, name: bytes, status: Any) -> str | None:
    """Value of a string card; None if there is no such card."""
    value = ffi.new("char[81]")
    lib.fits_read_key(fptr, lib.TSTRING, name, value, ffi.NULL, status)
    if status[0] == lib.KEY_NO_EXIST:
        status[0] = 0
        lib.fits_clear_errmsg()
        return None
    return ffi.string(value).decode("ascii", "replace")


def _set(fptr: Any, name: bytes, value: str, comment: str | None, status: Any) -> str:
    """Write a string card; without a comment it keeps its own."""
    text = ffi.new("char[]", value.encode("ascii"))
    lib.fits_update_key(fptr, lib.TSTRING, name, text, ffi.NULL if comment is None else comment.encode("ascii"), status)
    return value


def _as_number(text: str) -> int:
    """The number that a DATASUM card holds; 0 if it is not a number."""
    return int(text) if text.strip().isdigit() else 0
