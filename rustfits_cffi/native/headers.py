"""The table of all HDUs of a file: one line of a C array each, so that ten thousand of them cost milliseconds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rustfits_cffi.native._lib import ffi, lib

_BLOCK_NBYTES = 2880
_KINDS = {
    lib.RF_HDU_UNKNOWN: "unknown",
    lib.RF_HDU_IMAGE: "image",
    lib.RF_HDU_COMPRESSED_IMAGE: "compressed image",
    lib.RF_HDU_TABLE: "table",
    lib.RF_HDU_COMPRESSED_TABLE: "compressed table",
    lib.RF_HDU_ASCII_TABLE: "ascii table",
}
_KIND_NUMBERS = {name: number for number, name in _KINDS.items()}
_NAME_CAP = 68  # rf_hdu.extname: the longest string that fits one card
_HDU_NBYTES = ffi.sizeof("rf_hdu")


@dataclass(frozen=True)
class HDURecord:
    """One HDU for `HDUTable.append`; `extname` as the header has it."""

    header_start: int
    header: bytes
    data_nbytes: int
    kind: str
    has_data: bool
    extname: str | None
    extver: int


class HDUTable:
    """Where each HDU is, what kind, and its name; and a copy of every header."""

    def __init__(self) -> None:
        self._count = 0
        self._lines = ffi.new("rf_hdu[]", 16)
        self._headers: list[bytes] = []  # copies of headers, many in one piece
        self._piece = np.empty(0, np.int64)  # which of them holds the header of each HDU
        self._hashes = np.zeros(16, np.uint32)  # of the names, close together for `find`
        self._odd_names: dict[int, str] = {}  # too long for a line, or with leading blanks

    def __len__(self) -> int:
        return self._count

    def header(self, index: int) -> tuple[int, bytes]:
        """Where the header is in the file, and its bytes."""
        line = self._lines[index]
        piece = self._headers[self._piece[index]]
        return line.header_start, piece[line.copied_at : line.copied_at + line.header_nbytes]

    def header_start(self, index: int) -> int:
        """Byte of the file where an HDU begins."""
        return self._lines[index].header_start

    def kind(self, index: int) -> str:
        """As `HDUStructure.kind`."""
        return _KINDS[self._lines[index].kind]

    def has_data(self, index: int) -> bool:
        """Whether it has an axis and none of length 0."""
        return bool(self._lines[index].has_data)

    def end(self) -> int:
        """First byte behind the last HDU."""
        return _end(self._lines[self._count - 1]) if self._count else 0

    def extname(self, index: int) -> str | None:
        """EXTNAME as the header has it, without trailing blanks; None if there is none."""
        if index in self._odd_names:
            return self._odd_names[index]
        line = self._lines[index]
        return None if line.name_len < 0 else ffi.unpack(line.extname, line.name_len).decode("ascii")

    def extver(self, index: int) -> int:
        """EXTVER, 1 if absent."""
        return self._lines[index].extver

    def find(self, name: str, extver: int | None) -> int | None:
        """Number of the first HDU of that name, in either case, surrounding blanks aside; None if there is none."""
        wanted = name.strip().upper()
        found = self._find_odd(wanted, extver) if self._odd_names else []
        raw = wanted.encode("ascii", "replace")
        hashes = ffi.from_buffer("uint32_t[]", self._hashes)
        index = lib.rf_headers_find(self._lines, hashes, self._count, raw, len(raw), extver is None, extver or 0)
        if not found:
            return index if index < self._count else None
        return min(*found, index)

    def _find_odd(self, wanted: str, extver: int | None) -> list[int]:
        """Numbers of HDUs whose name, which no line of the table holds, is the one wanted."""
        same = [i for i in sorted(self._odd_names) if self._odd_names[i].strip().upper() == wanted]
        return [i for i in same if extver in (None, self._lines[i].extver)]

    def scan(self, chunk: np.ndarray, position: int) -> int:
        """Take in the ordinary HDUs that begin in `chunk`, which is byte `position` of the file; returns how many."""
        cap = len(chunk) // _BLOCK_NBYTES + 1
        self._reserve(self._count + cap)
        copies = np.empty(len(chunk), np.uint8)
        nhdus, copied, following = ffi.new("size_t *"), ffi.new("size_t *"), ffi.new("int64_t *")
        lib.rf_headers_scan(
            ffi.from_buffer(chunk),
            len(chunk),
            position,
            self._count == 0,
            self._lines + self._count,
            ffi.from_buffer("uint32_t[]", self._hashes) + self._count,
            cap,
            ffi.from_buffer(copies),
            nhdus,
            copied,
            following,
        )
        if nhdus[0]:
            self._add_copies(copies[: copied[0]].tobytes(), nhdus[0])
        return nhdus[0]

    def append(self, record: HDURecord) -> None:
        """Take in one HDU."""
        self._reserve(self._count + 1)
        self._fill(self._count, record)
        self._add_copies(record.header, 1)

    def replace(self, index: int, record: HDURecord) -> int:
        """Put another line in place of one; those behind move by the bytes returned."""
        old_end = _end(self._lines[index])
        self._fill(index, record)
        self._piece[index] = len(self._headers)
        self._headers.append(record.header)
        shift = _end(self._lines[index]) - old_end
        for i in range(index + 1, self._count) if shift else ():
            self._lines[i].header_start += shift
        return shift

    def _fill(self, index: int, record: HDURecord) -> None:
        line = self._lines[index]
        line.header_start, line.header_nbytes = record.header_start, len(record.header)
        line.data_nbytes, line.copied_at = record.data_nbytes, 0
        line.kind, line.has_data = _KIND_NUMBERS[record.kind], record.has_data
        line.extver, line.name_len = min(max(record.extver, -(2**63)), 2**63 - 1), -1
        self._hashes[index] = 0
        self._odd_names.pop(index, None)
        name = record.extname
        if name is not None and (len(name) > _NAME_CAP or name.startswith(" ")):
            self._odd_names[index] = name
        elif name is not None:
            raw = name.encode("ascii", "replace")
            line.name_len = len(raw)
            ffi.memmove(line.extname, raw, len(raw))
            self._hashes[index] = lib.rf_name_hash(raw, len(raw))

    def _add_copies(self, headers: bytes, nhdus: int) -> None:
        self._piece[self._count : self._count + nhdus] = len(self._headers)
        self._headers.append(headers)
        self._count += nhdus

    def _reserve(self, wanted: int) -> None:
        """Room for so many lines."""
        if wanted > len(self._lines):
            lines = ffi.new("rf_hdu[]", max(wanted, 2 * len(self._lines)))
            ffi.memmove(lines, self._lines, self._count * _HDU_NBYTES)
            self._lines = lines
        if wanted > len(self._piece):
            self._piece = np.resize(self._piece, max(wanted, 2 * len(self._piece)))
        if wanted > len(self._hashes):
            self._hashes = np.resize(self._hashes, max(wanted, 2 * len(self._hashes)))


def _end(line) -> int:
    """First byte behind an HDU with its padding."""
    padded = -(-line.data_nbytes // _BLOCK_NBYTES) * _BLOCK_NBYTES
    return line.header_start + line.header_nbytes + padded
