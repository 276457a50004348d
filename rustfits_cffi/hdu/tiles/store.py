"""The coded tiles of one compressed HDU: the table that says where each is, and their bytes.

Everything the table says is checked against the heap and the file before a byte is read for it.
"""

from __future__ import annotations

import numpy as np

from rustfits_cffi.directory import Directory
from rustfits_cffi.errors import TileError, TruncatedError
from rustfits_cffi.format.columns import Column
from rustfits_cffi.format.compression import CompressedLayout
from rustfits_cffi.native.tile_coding import (
    COMPRESSED_DATA,
    GZIP_COMPRESSED_DATA,
    NO_COLUMN,
    UNCOMPRESSED_DATA,
    TileTable,
)


class TileStore:
    """The table of tiles of one HDU, and the heap behind it.

    Attributes
    ----------
    column : ndarray of uint8
        Column that holds each tile: the first of COMPRESSED_DATA, UNCOMPRESSED_DATA, GZIP_COMPRESSED_DATA that is not
        empty; 255 for a tile that was never written.
    offset, nbytes : ndarray of int64
        Its bytes, from the start of the heap.
    has_bad : bool
        Whether there is a tile that `require` would refuse.
    blanks : ndarray of int64 or None
        Of integers with a ZBLANK column: what marks undefined pixels in each tile.
    table : TileTable
        All of it, with scale, zero and blank of each tile, as the tile engine takes it.
    """

    def __init__(self, directory: Directory, index: int, layout: CompressedLayout):
        self._handle = directory.handle
        self._index = index
        entry = directory[index]
        self._heap_start = entry.data_start + layout.heap_start
        rows = self._read_rows(entry.data_start, layout)
        self._find(rows, layout)
        self._check_ranges(layout)
        scale = zero = blank = None
        self.blanks: np.ndarray | None = None
        if layout.is_quantized:
            scale = _per_tile(rows, layout.zscale, np.dtype("f8"), 1.0)
            zero = _per_tile(rows, layout.zzero, np.dtype("f8"), 0.0)
            if layout.zblank is not None:
                blank = _per_tile(rows, layout.zblank, np.dtype("i8"))
        elif isinstance(layout.zblank, Column):
            self.blanks = _per_tile(rows, layout.zblank, np.dtype("i8"))
        bitpix = _LETTER_BITPIX.get(layout.uncompressed.letter, 0) if layout.uncompressed else 0
        self.table = TileTable(
            self.column, self.offset, self.nbytes, scale, zero, blank, bitpix, entry.data_start + layout.heap_start
        )

    def require(self, tiles: np.ndarray) -> None:
        """Raise `TileError` for the first of `tiles` that was never written or whose descriptor is not possible."""
        if self.has_bad:
            for tile in tiles[self._bad[tiles]].tolist():
                raise TileError(self._reason(tile), file=self._handle.path, hdu=self._index, tile=tile)

    def coded_nbytes(self, tiles: np.ndarray) -> int:
        """Coded bytes of `tiles` that are really there."""
        return int(self.nbytes[tiles][~self._bad[tiles]].sum())

    # -- inside -------------------------------------------------------------------------------------------------------

    def _read_rows(self, data_start: int, layout: CompressedLayout) -> np.ndarray:
        """The rows of the table as bytes, shape (tiles, bytes per row)."""
        nbytes = layout.nrows * layout.row_nbytes
        size = self._handle.size()
        if data_start + nbytes > size:
            raise TruncatedError(
                f"{self._handle.path}, HDU {self._index}: truncated: the table of {layout.nrows} tiles ends at byte "
                f"{data_start + nbytes}, the file at {size}"
            )
        rows = np.empty((layout.nrows, layout.row_nbytes), np.uint8)
        self._handle.read_into(data_start, rows)
        return rows

    def _find(self, rows: np.ndarray, layout: CompressedLayout) -> None:
        """Where each tile is: the first column, in order of precedence, that is not empty."""
        self.column = np.full(layout.nrows, NO_COLUMN, np.uint8)
        self.offset = np.zeros(layout.nrows, np.int64)
        self.nbytes = np.zeros(layout.nrows, np.int64)
        columns = (
            (GZIP_COMPRESSED_DATA, layout.gzip),
            (UNCOMPRESSED_DATA, layout.uncompressed),
            (COMPRESSED_DATA, layout.compressed),
        )
        for number, column in columns:
            if column is None:
                continue
            pair = _cells(rows, column, ">i8" if column.descriptor == "Q" else ">u4")
            count, offset = pair.astype(np.int64).T
            here = count != 0
            self.column[here] = number
            # a count that overflows here is far outside any heap: clipped, it stays so
            limit = np.iinfo(np.int64).max // column.element_nbytes
            self.nbytes[here] = np.clip(count[here], -1, limit) * column.element_nbytes
            self.offset[here] = offset[here]

    def _check_ranges(self, layout: CompressedLayout) -> None:
        """Mark the tiles that are nowhere, outside the heap, or share bytes with another."""
        self._heap_nbytes = max(0, min(layout.heap_nbytes, self._handle.size() - self._heap_start))
        outside = (self.offset < 0) | (self.nbytes < 0) | (self.nbytes > self._heap_nbytes)
        outside |= self.offset > self._heap_nbytes - self.nbytes
        self._missing = self.column == NO_COLUMN
        self._outside = outside & ~self._missing
        self._overlapping = self._find_overlaps(~self._missing & ~self._outside)
        self._bad = self._missing | self._outside | self._overlapping
        self.has_bad = bool(self._bad.any())

    def _find_overlaps(self, valid: np.ndarray) -> np.ndarray:
        """Tiles whose bytes are partly those of another. Equal tiles may share all their bytes: real files do."""
        overlapping = np.zeros(len(valid), bool)
        tiles = np.flatnonzero(valid)
        starts, ends = self.offset[tiles], (self.offset + self.nbytes)[tiles]
        if np.all(starts[1:] >= ends[:-1]):
            return overlapping  # in tile order, as most writers leave them
        ranges, which = np.unique(np.stack((starts, ends), axis=1), axis=0, return_inverse=True)
        shared = np.zeros(len(ranges), bool)
        furthest = np.maximum.accumulate(ranges[:, 1])
        later = np.flatnonzero(ranges[1:, 0] < furthest[:-1]) + 1
        shared[later] = shared[later - 1] = True
        overlapping[tiles] = shared[which.reshape(-1)]
        return overlapping

    def _reason(self, tile: int) -> str:
        where = f"bytes {self.offset[tile]} to {self.offset[tile] + self.nbytes[tile]} of the heap"
        if self._missing[tile]:
            return "was never written: all its descriptors are empty"
        if self._outside[tile]:
            return f"corrupt descriptor: it points to {where}, which has {self._heap_nbytes} bytes"
        return f"corrupt descriptor: {where} belong to another tile too"


_LETTER_BITPIX = {"B": 8, "I": 16, "J": 32, "K": 64, "E": -32, "D": -64}
_CELL_TYPES = {"B": ">u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}


def _cells(rows: np.ndarray, column: Column, dtype: str) -> np.ndarray:
    """One column of the table, shape (rows, elements)."""
    return np.ascontiguousarray(rows[:, column.offset : column.offset + column.nbytes]).view(dtype)


def _per_tile(
    rows: np.ndarray, source: Column | float | None, dtype: np.dtype, default: float | None = None
) -> np.ndarray:
    """A number for each tile: from a column, else the keyword's, else the default."""
    if isinstance(source, Column):
        return _cells(rows, source, _CELL_TYPES[source.letter])[:, 0].astype(dtype)
    return np.full(len(rows), default if source is None else source, dtype)
