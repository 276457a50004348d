"""Two data units: their bytes, and the tables and coded tiles of compressed images."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rustfits_cffi.comparison.layout import FITSFile, HDULayout
from rustfits_cffi.comparison.records import DataDifference, RowDifference, TileDifference
from rustfits_cffi.format.columns import Column
from rustfits_cffi.storage.handle import FileHandle

CHUNK = 1 << 20  # maximum number of bytes read at once


class Collection:
    """Differences: all are counted, the first ones are kept."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.listed: list = []
        self.count = 0

    def add(self, difference: object) -> None:
        """Count a difference, and keep it unless the limit is reached."""
        self.count += 1
        if len(self.listed) < self.limit:
            self.listed.append(difference)


def data_difference(first: FITSFile, a: HDULayout, second: FITSFile, b: HDULayout) -> DataDifference | None:
    """The difference between the bytes of two data units; None if there is none."""
    common = min(a.data_nbytes, b.data_nbytes)
    count, first_byte = differing_bytes(first.handle, a.data_offset, second.handle, b.data_offset, common)
    if not count and a.data_nbytes == b.data_nbytes:
        return None
    return DataDifference(a.data_nbytes, b.data_nbytes, count, first_byte)


def differing_bytes(first: FileHandle, start_a: int, second: FileHandle, start_b: int, nbytes: int) -> tuple[int, int]:
    """Number of bytes that differ in two ranges, and the offset of the first (`nbytes` if none differs)."""
    count, first_byte = 0, nbytes
    for offset in range(0, nbytes, CHUNK):
        length = min(CHUNK, nbytes - offset)
        x, y = first.read(start_a + offset, length), second.read(start_b + offset, length)
        if x != y:
            differ = np.flatnonzero(np.frombuffer(x, np.uint8) != np.frombuffer(y, np.uint8))
            first_byte = min(first_byte, offset + int(differ[0]))
            count += len(differ)
    return count, first_byte


# Type of a cell as it is shown, by the letter of its TFORM (FITS Standard 4.0, table 18); all others as bytes.
_TYPES = {"I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8", "P": ">u4", "Q": ">i8"}


def table_differences(
    first: FITSFile, a: HDULayout, second: FITSFile, b: HDULayout, rows: Collection, tiles: Collection
) -> None:
    """Collect differing cells of the columns that both tables have, and differing coded bytes they point to."""
    others = {column.name: column for column in b.columns}
    columns = [(column, others[column.name]) for column in a.columns if column.name in others]
    for start, part_a, part_b in _row_blocks(first, a, second, b):
        for x, y in columns:
            cells_a, cells_b = _cells(part_a, x), _cells(part_b, y)
            for row in _differing_rows(cells_a, cells_b):
                values = tuple(cells_a[row].tolist()), tuple(cells_b[row].tolist())
                rows.add(RowDifference(x.name, start + row, *values))
            if x.descriptor and y.descriptor:
                for row in range(len(part_a)):
                    ranges = _heap_range(a, x, cells_a[row]), _heap_range(b, y, cells_b[row])
                    difference = _tile_difference(first, ranges[0], second, ranges[1])
                    if difference is not None:
                        tiles.add(TileDifference(x.name, start + row, ranges[0][1], ranges[1][1], difference))


def _row_blocks(
    first: FITSFile, a: HDULayout, second: FITSFile, b: HDULayout
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Blocks of rows that both tables have, as bytes, each with the number of its first row."""
    width_a, width_b = (max(hdu.integer("NAXIS1"), 1) for hdu in (a, b))
    nrows = min(*(hdu.integer("NAXIS2") for hdu in (a, b)), a.data_nbytes // width_a, b.data_nbytes // width_b)
    step = max(CHUNK // max(width_a, width_b), 1)
    for start in range(0, nrows, step):
        count = min(step, nrows - start)
        part_a = first.handle.read(a.data_offset + start * width_a, count * width_a)
        part_b = second.handle.read(b.data_offset + start * width_b, count * width_b)
        yield (
            start,
            np.frombuffer(part_a, np.uint8).reshape(count, width_a),
            np.frombuffer(part_b, np.uint8).reshape(count, width_b),
        )


def _cells(rows: np.ndarray, column: Column) -> np.ndarray:
    """One column of some rows; for a descriptor its two numbers."""
    cells = np.ascontiguousarray(rows[:, column.offset : column.offset + column.nbytes])
    return cells.view(_TYPES.get(column.descriptor or column.letter, "u1")) if column.nbytes else cells


def _differing_rows(a: np.ndarray, b: np.ndarray) -> list[int]:
    """Rows where the bytes of two columns differ."""
    x, y = a.view(np.uint8), b.view(np.uint8)
    return list(range(len(a))) if x.shape != y.shape else np.flatnonzero((x != y).any(axis=1)).tolist()


def _heap_range(hdu: HDULayout, column: Column, cell: np.ndarray) -> tuple[int, int]:
    """File offset and length of what a descriptor points to, clipped at the end of the data unit."""
    if not column.repeat:
        return hdu.data_offset, 0
    count, offset = cell.tolist()
    start = hdu.integer("THEAP", hdu.integer("NAXIS1") * hdu.integer("NAXIS2")) + offset
    available = max(hdu.data_nbytes - start, 0) if start >= 0 else 0
    return hdu.data_offset + start, min(max(count, 0) * column.element_nbytes, available)


def _tile_difference(first: FITSFile, a: tuple[int, int], second: FITSFile, b: tuple[int, int]) -> int | None:
    """Offset of the first byte that differs; None if the coded bytes are the same."""
    common = min(a[1], b[1])
    count, first_byte = differing_bytes(first.handle, a[0], second.handle, b[0], common)
    return first_byte if count or a[1] != b[1] else None
