"""Coded tiles into the table of a compressed image: heap bytes as they come, then the rows, then the header.

The result has the bytes that cfitsio's own tile loop leaves. Memory is bounded by one batch and by the rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rustfits_cffi.edits.regions import Region
from rustfits_cffi.errors import FITSFormatError, FITSOverflowError
from rustfits_cffi.format.cards import CardIndex
from rustfits_cffi.format.columns import Column, parse_columns
from rustfits_cffi.format.structure import header_cards
from rustfits_cffi.native.cfitsio.image_header import CompressedImageHeader, set_integer, set_longest
from rustfits_cffi.native.tile_coding import COLUMN_NAMES, COMPRESSED_DATA, EncodedTiles

_P_LIMIT = 2**32  # P descriptors are unsigned 32-bit pairs
_DESCRIPTOR_FORMATS = {"P": ">u4", "Q": ">i8"}
_FIXED_FORMATS = {"B": ">u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8", "A": "S1", "L": "S1"}


class TileWriter:
    """Writes one compressed image HDU.

    Parameters
    ----------
    region : Region
        Where it is written.
    start : int
        Byte of the region where the HDU begins.
    header : CompressedImageHeader
    element : str
        Type of an element of COMPRESSED_DATA: "B", or "I" for codecs whose streams are words.
    where : str
        File and HDU, for messages.

    Notes
    -----
    Use: any number of ``append(...)``, then ``finish()``.
    """

    def __init__(self, region: Region, start: int, header: CompressedImageHeader, element: str, where: str) -> None:
        self._region, self._start, self._header, self._where = region, start, header, where
        self._elements = {COMPRESSED_DATA: element}
        self._heap_nbytes = self._next_row = 0
        self._adopt()
        n = self._nrows
        self._length = {code: np.zeros(n, np.int64) for code in COLUMN_NAMES}
        self._offset = {code: np.zeros(n, np.int64) for code in COLUMN_NAMES}
        self._scale, self._zero = np.zeros(n), np.zeros(n)

    def append(self, tiles: EncodedTiles) -> None:
        """Write one batch of tiles behind those already there, in row order.

        Raises
        ------
        FITSOverflowError
            If a descriptor cannot hold a length or an offset; nothing of the batch has been written then.
        """
        rows = slice(self._next_row, self._next_row + len(tiles.nbytes))
        self._add_missing_columns(np.unique(tiles.column).tolist())
        starts = self._heap_nbytes + np.cumsum(tiles.nbytes, dtype=np.int64) - tiles.nbytes
        self._record(rows, tiles, starts)
        if tiles.scale is not None and tiles.zero is not None:
            self._scale[rows], self._zero[rows] = tiles.scale, tiles.zero
        self._region.write(self._heap_start + self._heap_nbytes, tiles.data)
        self._heap_nbytes += len(tiles.data)
        self._next_row = rows.stop

    def finish(self) -> None:
        """Write the rows and the header; the region ends with the heap."""
        table = self._rows()
        self._region.write(self._data_start, table)
        self._region.extend(self._heap_start + self._heap_nbytes)
        header = self._cards
        if self._heap_nbytes:
            header = set_integer(header, "PCOUNT", self._heap_nbytes)
            for column in self._columns:
                code = next((code for code, name in COLUMN_NAMES.items() if name == column.name.upper()), None)
                if column.descriptor:
                    longest = 0 if code is None else int(self._length[code].max(initial=0))
                    letter = column.letter if code is None else self._element(code)
                    header = set_longest(header, f"TFORM{column.number}", longest, letter)
        self._region.write(self._start, header)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _adopt(self) -> None:
        """Take in the header as it is now: its length, the columns and their offsets."""
        self._cards = self._header.cards
        get = CardIndex(header_cards(self._cards)).value
        self._columns = parse_columns(get)
        self._layout = _row_layout(self._columns, self._where)
        self._names = self._layout.names or ()
        nrows = get("NAXIS2")
        self._nrows = nrows if isinstance(nrows, int) else 0
        self._data_start = self._start + len(self._cards)
        self._heap_start = self._data_start + self._nrows * self._layout.itemsize

    def _add_missing_columns(self, codes: list[int]) -> None:
        """The column for tiles that are stored as they are; the heap makes way for wider rows."""
        for code in codes:
            if COLUMN_NAMES[code] in self._names:
                continue
            is_huge = any(column.descriptor == "Q" for column in self._columns)
            old = self._heap_start
            self._header.add_fallback_column("1QB" if is_huge else "1PB")
            self._adopt()
            self._region.move(old, self._heap_nbytes, self._heap_start - old)

    def add_null(self) -> None:
        """Write ZBLANK into the header, before the first tile."""
        self._header.add_null()
        self._adopt()

    def _element(self, code: int) -> str:
        return self._elements.get(code, "B")

    def _record(self, rows: slice, tiles: EncodedTiles, starts: np.ndarray) -> None:
        for code, name in COLUMN_NAMES.items():
            chosen = np.flatnonzero(tiles.column == code)
            if not len(chosen):
                continue
            width = 2 if self._element(code) == "I" else 1
            lengths, offsets = tiles.nbytes[chosen] // width, starts[chosen]
            if self._layout[name].base == np.dtype(">u4") and max(lengths.max(), offsets.max()) >= _P_LIMIT:
                raise FITSOverflowError(
                    f"{self._where}: the compressed image is too long for 32-bit descriptors: use heap_format='Q'"
                )
            self._length[code][rows.start + chosen] = lengths
            self._offset[code][rows.start + chosen] = offsets

    def _rows(self) -> np.ndarray:
        table = np.zeros(self._nrows, self._layout)
        for code, name in COLUMN_NAMES.items():
            if name in self._names:
                table[name][:, 0], table[name][:, 1] = self._length[code], self._offset[code]
        if "ZSCALE" in self._names:
            table["ZSCALE"], table["ZZERO"] = self._scale, self._zero
        return table.view(np.uint8)


def _row_layout(columns: list[Column], where: str) -> np.dtype[Any]:
    """The row as a numpy dtype."""
    try:
        formats: list[Any] = [
            (_DESCRIPTOR_FORMATS[column.descriptor], (2,))
            if column.descriptor
            else (_FIXED_FORMATS[column.letter], (column.repeat,) if column.repeat != 1 else ())
            for column in columns
        ]
        return np.dtype({"names": [column.name.upper() for column in columns], "formats": formats})
    except (KeyError, ValueError) as error:
        raise FITSFormatError(f"{where}: a table of tiles cannot have such columns: {error}") from None
