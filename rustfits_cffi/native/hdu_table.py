"""The table of all HDUs of a file: one C record each, so that ten thousand of them take only milliseconds."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from rustfits_cffi.native._lib import CData, ffi, lib

_BLOCK_NBYTES: int = lib.RF_FITS_BLOCK
_KINDS = {
    lib.RF_HDU_UNKNOWN: "unknown",
    lib.RF_HDU_IMAGE: "image",
    lib.RF_HDU_COMPRESSED_IMAGE: "compressed image",
    lib.RF_HDU_TABLE: "table",
    lib.RF_HDU_COMPRESSED_TABLE: "compressed table",
    lib.RF_HDU_ASCII_TABLE: "ascii table",
}
_RECORD = struct.Struct("=32xi4xqi68s")  # an rf_hdu: kind, extver, name_len, extname
if _RECORD.size != ffi.sizeof("rf_hdu") or ffi.offsetof("rf_hdu", "extname") != _RECORD.size - 68:
    raise ImportError("rf_hdu is laid out differently from _RECORD")
_uninitialized = ffi.new_allocator(should_clear_after_alloc=False)


@dataclass(frozen=True)
class HDURecord:
    """One HDU for `HDUTable.append`."""

    header_start: int
    header: bytes
    data_nbytes: int
    kind: str
    has_data: bool


class HDUTable:
    """Position and kind of each HDU, and a copy of every header."""

    def __init__(self) -> None:
        self._count = 0
        self._kinds: list[str] = []
        self._records = ffi.new("rf_hdu[]", 16)
        self._headers: list[bytes] = []  # copies of headers, many in one piece
        self._piece: list[int] = []  # for each HDU, the index in _headers

    def __len__(self) -> int:
        return self._count

    def header(self, index: int) -> tuple[int, bytes]:
        """Offset of the header in the file, and its bytes."""
        record = self._records[index]
        piece = self._headers[self._piece[index]]
        return record.header_start, piece[record.copied_at : record.copied_at + record.header_nbytes]

    def header_start(self, index: int) -> int:
        """Byte of the file where an HDU begins."""
        return self._records[index].header_start

    def kind(self, index: int) -> str:
        """As `HDUStructure.kind`."""
        return self._kinds[index]

    def has_data(self, index: int) -> bool:
        """Whether it has an axis and none of length 0."""
        return bool(self._records[index].has_data)

    def end(self) -> int:
        """First byte after the last HDU."""
        return _end(self._records[self._count - 1]) if self._count else 0

    def scan(self, chunk: bytearray, nbytes: int, position: int) -> tuple[list[str | None], list[int]]:
        """Add the ordinary HDUs in the first `nbytes` of `chunk`, which are those of the file from byte `position` on.

        Returns EXTNAME (None if absent, else without trailing blanks) and EXTVER (1 if absent) of each of them.
        """
        cap = nbytes // _BLOCK_NBYTES + 1
        self._reserve(self._count + cap)
        copies = _uninitialized("uint8_t[]", nbytes)
        copied, records = ffi.new("size_t *"), self._records + self._count
        scanned = (ffi.from_buffer(chunk), nbytes, position, self._count == 0)
        nhdus = lib.rf_headers_scan(*scanned, records, cap, copies, copied)
        if not nhdus:
            return [], []
        found = [*_RECORD.iter_unpack(ffi.buffer(records, nhdus * _RECORD.size))]
        self._add([_KINDS[kind] for kind, _, _, _ in found], ffi.buffer(copies, copied[0])[:])
        names = [None if n < 0 else name[:n].decode("ascii") for _, _, n, name in found]
        return names, [version for _, version, _, _ in found]

    def append(self, record: HDURecord) -> None:
        """Add one HDU."""
        self._reserve(self._count + 1)
        self._fill(self._count, record)
        self._add([record.kind], record.header)

    def truncate(self, count: int) -> None:
        """Drop all HDUs except the first `count`."""
        self._count = count
        del self._kinds[count:], self._piece[count:]
        if count == 0:
            self._headers = []

    def replace(self, index: int, record: HDURecord) -> int:
        """Replace a record; the HDUs after it move by the returned number of bytes."""
        old_end = _end(self._records[index])
        self._fill(index, record)
        self._kinds[index] = record.kind
        self._piece[index] = len(self._headers)
        self._headers.append(record.header)
        shift = _end(self._records[index]) - old_end
        for i in range(index + 1, self._count) if shift else ():
            self._records[i].header_start += shift
        return shift

    def _fill(self, index: int, record: HDURecord) -> None:
        entry = self._records[index]
        entry.header_start, entry.header_nbytes = record.header_start, len(record.header)
        entry.data_nbytes, entry.copied_at = record.data_nbytes, 0
        entry.has_data = record.has_data

    def _add(self, kinds: list[str], headers: bytes) -> None:
        """Include the new records after the last one; their headers are contiguous in `headers`."""
        self._count += len(kinds)
        self._kinds += kinds
        self._piece += [len(self._headers)] * len(kinds)
        self._headers.append(headers)

    def _reserve(self, wanted: int) -> None:
        """Make the array hold at least `wanted` records."""
        if wanted > len(self._records):
            records = ffi.new("rf_hdu[]", max(wanted, 2 * len(self._records)))
            ffi.memmove(records, self._records, self._count * _RECORD.size)
            self._records = records


def _end(record: CData) -> int:
    """First byte after an HDU and its padding."""
    padded = -(-record.data_nbytes // _BLOCK_NBYTES) * _BLOCK_NBYTES
    return record.header_start + record.header_nbytes + padded
