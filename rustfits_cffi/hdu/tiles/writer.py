"""Coded tiles into the table of a compressed image: heap bytes as they come, then the rows, then the header.

The result has the bytes that cfitsio's own tile loop leaves. Memory is bounded by one batch and by the rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rustfits_cffi.edits.regions import Region
from rustfits_cffi.errors import FITSFormatError
from rustfits_cffi.format.cards import CardIndex
from rustfits_cffi.format.columns import Column, parse_columns
from rustfits_cffi.format.structure import header_cards
from rustfits_cffi.native.cfitsio.image_header import CompressedImageHeader, set_integer, set_longest
from rustfits_cffi.native.tile_coding import COLUMN_NAMES, COMPRESSED_DATA, EncodedTiles
from rustfits_cffi.native.tile_rows import TileRows, row_layout


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
        self._rows = TileRows(self._nrows, where)

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
        widths = {name: 2 if self._element(code) == "I" else 1 for code, name in COLUMN_NAMES.items()}
        self._rows.record(rows, tiles.column, tiles.nbytes, starts, self._layout, widths)
        if tiles.scale is not None and tiles.zero is not None:
            self._rows.record_quantization(rows, tiles.scale, tiles.zero)
        self._region.write(self._heap_start + self._heap_nbytes, tiles.data)
        self._heap_nbytes += len(tiles.data)
        self._next_row = rows.stop

    def finish(self) -> None:
        """Write the rows and the header; the region ends with the heap."""
        self._region.write(self._data_start, self._rows.table(self._layout))
        self._region.extend(self._heap_start + self._heap_nbytes)
        header = self._cards
        if self._heap_nbytes:
            header = set_integer(header, "PCOUNT", self._heap_nbytes)
            for column in self._columns:
                code = next((code for code, name in COLUMN_NAMES.items() if name == column.name.upper()), None)
                if column.descriptor:
                    longest = 0 if code is None else self._rows.longest(code)
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


def _row_layout(columns: list[Column], where: str) -> np.dtype[Any]:
    """The row as a numpy dtype."""
    try:
        return row_layout(columns)
    except (KeyError, ValueError) as error:
        raise FITSFormatError(f"{where}: a table of tiles cannot have such columns: {error}") from None
