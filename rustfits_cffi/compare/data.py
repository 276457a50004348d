"""Two data units: their bytes, and the tables and coded tiles of compressed images."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rustfits_cffi.compare.layout import BLOCK, FITSFile, HDULayout
from rustfits_cffi.compare.records import DataDifference, RowDifference, TileDifference
from rustfits_cffi.native.handle import FileHandle

CHUNK = 364 * BLOCK  # about 1 MiB, the most that is read at once


class Collection:
    """Differences: all are counted, the first ones kept."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.listed: list = []
        self.count = 0

    def add(self, difference: object) -> None:
        self.count += 1
        if len(self.listed) < self.limit:
            self.listed.append(difference)


def data_difference(first: FITSFile, a: HDULayout, second: FITSFile, b: HDULayout) -> DataDifference | None:
    """What differs in the bytes of two data units; None if nothing."""
    common = min(a.data_nbytes, b.data_nbytes)
    count, place = differing_bytes(first.handle, a.data_offset, second.handle, b.data_offset, common)
    if not count and a.data_nbytes == b.data_nbytes:
        return None
    return DataDifference(a.data_nbytes, b.data_nbytes, count, place)


def differing_bytes(first: FileHandle, start_a: int, second: FileHandle, start_b: int, nbytes: int) -> tuple[int, int]:
    """How many bytes of two ranges differ, and the offset of the first (`nbytes` if none does)."""
    count, place = 0, nbytes
    for offset in range(0, nbytes, CHUNK):
        length = min(CHUNK, nbytes - offset)
        x, y = first.read(start_a + offset, length), second.read(start_b + offset, length)
        if x != y:
            differ = np.flatnonzero(np.frombuffer(x, np.uint8) != np.frombuffer(y, np.uint8))
            place = min(place, offset + int(differ[0]))
            count += len(differ)
    return count, place


# Letters of TFORM, FITS Standard 4.0 table 18; what is not here is bytes.
_TYPES = {"I": "i2", "J": "i4", "K": "i8", "E": "f4", "D": "f8", "C": "c8", "M": "c16"}


def _columns(hdu: HDULayout) -> tuple[np.dtype, dict[str, int]]:
    """Type of a table row, and of each descriptor column the bytes of one element."""
    names, formats, element = [], [], {}
    for number in range(1, hdu.integer("TFIELDS") + 1):
        form = hdu.string(f"TFORM{number}").upper()
        digits = len(form) - len(form.lstrip("0123456789"))
        repeat, letter = int(form[:digits] or 1), form[digits : digits + 1]
        name = hdu.string(f"TTYPE{number}").upper()
        if not name or name in names:
            name = f"{name} (column {number})"
        if letter in ("P", "Q") and repeat:
            element[name] = np.dtype(_TYPES.get(form[digits + 1 : digits + 2], "u1")).itemsize
            formats.append((">u4" if letter == "P" else ">i8", (2,)))
        else:
            nbytes = -(-repeat // 8) if letter == "X" else repeat
            formats.append((">" + _TYPES.get(letter, "u1"), (nbytes,)))
        names.append(name)
    try:
        return np.dtype({"names": names, "formats": formats}), element
    except ValueError:
        return np.dtype([]), {}  # wider than memory


def table_differences(
    first: FITSFile, a: HDULayout, second: FITSFile, b: HDULayout, rows: Collection, tiles: Collection
) -> None:
    """Collect cells of the columns that both tables have, and the coded bytes they point to, where they differ."""
    type_a, element_a = _columns(a)
    type_b, element_b = _columns(b)
    if type_a.itemsize != a.integer("NAXIS1") or type_b.itemsize != b.integer("NAXIS1") or not type_a.itemsize:
        return  # a table that is none: the cards tell
    common = [name for name in type_a.names or () if name in (type_b.names or ())]
    for start, part_a, part_b in _row_blocks(first, a, type_a, second, b, type_b):
        for name in common:
            cells_a, cells_b = part_a[name], part_b[name]
            is_descriptor = name in element_a and name in element_b
            for row in _differing_rows(cells_a, cells_b):
                rows.add(RowDifference(name, start + row, tuple(cells_a[row].tolist()), tuple(cells_b[row].tolist())))
            if not is_descriptor:
                continue
            for row in range(len(cells_a)):
                x = _heap_range(a, cells_a[row].tolist(), element_a[name])
                y = _heap_range(b, cells_b[row].tolist(), element_b[name])
                difference = _tile_difference(first, x, second, y)
                if difference is not None:
                    tiles.add(TileDifference(name, start + row, x[1], y[1], difference))


def _row_blocks(
    first: FITSFile, a: HDULayout, type_a: np.dtype, second: FITSFile, b: HDULayout, type_b: np.dtype
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Number of the first row, and the rows that both tables have, some at a time."""
    nrows = min(
        a.integer("NAXIS2"), b.integer("NAXIS2"), a.data_nbytes // type_a.itemsize, b.data_nbytes // type_b.itemsize
    )
    step = max(CHUNK // max(type_a.itemsize, type_b.itemsize), 1)
    for start in range(0, nrows, step):
        count = min(step, nrows - start)
        yield (
            start,
            np.frombuffer(first.handle.read(a.data_offset + start * type_a.itemsize, count * type_a.itemsize), type_a),
            np.frombuffer(second.handle.read(b.data_offset + start * type_b.itemsize, count * type_b.itemsize), type_b),
        )


def _differing_rows(a: np.ndarray, b: np.ndarray) -> list[int]:
    """Rows where two columns differ; NaN equals NaN."""
    if a.shape[1:] != b.shape[1:]:
        return list(range(len(a)))
    differ = (a != b) & ~((a != a) & (b != b))
    return np.flatnonzero(differ.reshape(len(a), -1).any(axis=1)).tolist()


def _heap_range(hdu: HDULayout, descriptor: list[int], element: int) -> tuple[int, int]:
    """Offset in the file and length of what a descriptor points to, cut off where the data unit ends."""
    start = hdu.integer("THEAP", hdu.integer("NAXIS1") * hdu.integer("NAXIS2")) + descriptor[1]
    room = max(hdu.data_nbytes - start, 0) if start >= 0 else 0
    return hdu.data_offset + start, min(max(descriptor[0], 0) * element, room)


def _tile_difference(first: FITSFile, a: tuple[int, int], second: FITSFile, b: tuple[int, int]) -> int | None:
    """Offset of the first byte that differs, None if the coded bytes are the same."""
    common = min(a[1], b[1])
    count, place = differing_bytes(first.handle, a[0], second.handle, b[0], common)
    return place if count or a[1] != b[1] else None
