"""The coded tiles of one compressed HDU: the table that says where each is, and their bytes.

Everything the table says is checked against the heap and the file before a byte is read for it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rustfits_cffi.directory import Directory
from rustfits_cffi.errors import TileError, TruncatedError
from rustfits_cffi.format.columns import Column
from rustfits_cffi.format.compression import CompressedLayout
from rustfits_cffi.native.codecs import (
    COMPRESSED_DATA,
    GZIP_COMPRESSED_DATA,
    NO_COLUMN,
    UNCOMPRESSED_DATA,
    CodedTiles,
)

_GAP_NBYTES = 16 << 10  # reading over a gap this long is cheaper than another read


class FetchedTiles(NamedTuple):
    """Coded bytes of some tiles and where each lies in them, as the tile engine takes them."""

    data: np.ndarray
    tiles: CodedTiles


class TileStore:
    """The table of tiles of one HDU, and the heap behind it.

    Attributes
    ----------
    column : ndarray of uint8
        Column that holds each tile: the first of COMPRESSED_DATA, UNCOMPRESSED_DATA, GZIP_COMPRESSED_DATA that is not
        empty; 255 for a tile that was never written.
    offset, nbytes : ndarray of int64
        Its bytes, from the start of the heap.
    scale, zero : ndarray of float64 or None
        ZSCALE and ZZERO of each tile, from the columns or the keywords.
    blank : ndarray of int64 or None
        Integer that stands for NaN in each tile, from the column or the keywords.
    """

    def __init__(self, directory: Directory, index: int, layout: CompressedLayout):
        self._handle = directory.handle
        self._index = index
        entry = directory[index]
        self._heap_start = entry.data_start + layout.heap_start
        rows = self._read_rows(entry.data_start, layout)
        self._find(rows, layout)
        self._check_ranges(layout)
        letter = layout.uncompressed.letter if layout.uncompressed else ""
        self._uncompressed_bitpix = _LETTER_BITPIX.get(letter, 0)
        self.scale = self.zero = self.blank = None
        if layout.is_quantized:
            self.scale = _per_tile(rows, layout.zscale, np.dtype("f8"), 1.0)
            self.zero = _per_tile(rows, layout.zzero, np.dtype("f8"), 0.0)
            if layout.zblank is not None:
                self.blank = _per_tile(rows, layout.zblank, np.dtype("i8"))

    def fetch(self, tiles: np.ndarray) -> FetchedTiles:
        """Read the coded bytes of tiles, neighbours in the heap together.

        Raises
        ------
        TileError
            If one was never written, or its descriptor is not possible.
        """
        for tile in tiles[self._bad[tiles]].tolist():
            raise TileError(self._reason(tile), file=self._handle.path, hdu=self._index, tile=tile)
        starts, lengths = self.offset[tiles], self.nbytes[tiles]
        ends = starts + lengths
        # a new read begins where the heap goes backwards or leaves a long gap
        jumps = np.flatnonzero((starts[1:] < ends[:-1]) | (starts[1:] > ends[:-1] + _GAP_NBYTES)) + 1
        firsts = np.concatenate(([0], jumps))
        lasts = np.concatenate((jumps, [len(tiles)])) - 1
        read_nbytes = ends[lasts] - starts[firsts]
        places = np.cumsum(read_nbytes) - read_nbytes
        data = np.empty(int(read_nbytes.sum()), np.uint8)
        for start, place, nbytes in zip(starts[firsts].tolist(), places.tolist(), read_nbytes.tolist()):
            self._handle.read_into(self._heap_start + start, data[place : place + nbytes])
        group_of_tile = np.repeat(np.arange(len(firsts)), lasts - firsts + 1)
        offset = starts - starts[firsts][group_of_tile] + places[group_of_tile]
        scaling = [None if values is None else values[tiles] for values in (self.scale, self.zero, self.blank)]
        return FetchedTiles(data, CodedTiles(tiles, self.column[tiles], offset, lengths, *scaling, self._uncompressed_bitpix))

    def coded_nbytes(self, tiles: np.ndarray) -> np.ndarray:
        """Coded bytes of each tile; 0 where the table cannot be right."""
        return np.where(self._bad[tiles], 0, self.nbytes[tiles])

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

    def _find_overlaps(self, valid: np.ndarray) -> np.ndarray:
        overlapping = np.zeros(len(valid), bool)
        tiles = np.flatnonzero(valid)
        starts, ends = self.offset[tiles], (self.offset + self.nbytes)[tiles]
        if np.all(starts[1:] >= ends[:-1]):
            return overlapping  # in tile order, as every writer leaves them
        order = np.argsort(starts, kind="stable")
        furthest = np.maximum.accumulate(ends[order])
        shared = np.flatnonzero(starts[order][1:] < furthest[:-1]) + 1
        overlapping[tiles[order[shared]]] = True
        overlapping[tiles[order[shared - 1]]] = True
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


def _per_tile(rows: np.ndarray, source: Column | float | None, dtype: np.dtype, default: float | None = None) -> np.ndarray:
    """A number for each tile: from a column, else the keyword's, else the default."""
    if isinstance(source, Column):
        return _cells(rows, source, _CELL_TYPES[source.letter])[:, 0].astype(dtype)
    return np.full(len(rows), default if source is None else source, dtype)
