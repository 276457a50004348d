"""Coded tiles into a compressed-image HDU that cfitsio has created: heap bytes as they come, the row table at the end.

The result has the bytes that cfitsio's own tile loop leaves. Memory is bounded by one batch and by the row table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from rustfits_cffi.errors import FITSError
from rustfits_cffi.native._lib import CData, ffi, lib
from rustfits_cffi.native.cfitsio.handle import CfitsioFile
from rustfits_cffi.native.tile_coding import COLUMN_NAMES, UNCOMPRESSED_DATA
from rustfits_cffi.native.tile_rows import Column, TileRows, row_layout

_BLOCK: int = lib.RF_FITS_BLOCK
ParseColumns: TypeAlias = Callable[[Callable[[str], Any]], Sequence[Any]]


class TileWriter:
    """Append encoded tiles, in row order, to a compressed-image HDU whose table is still empty.

    Parameters
    ----------
    handle : CfitsioFile
        File open for changes.
    number : int
        HDU number, 1-based as cfitsio counts.
    parse_columns : callable
        Makes the columns of a header, given a function from a keyword to its value: ``format.columns.parse_columns``.
    uncompressed_tform : str, optional
        TFORM of the column that takes tiles with column number 1 (``"1PI"``, ``"1PJ"`` or ``"1QE"``).

    Notes
    -----
    Use: ``begin()``, any number of ``append(...)``, ``finish()``. The header must be complete before `begin`, because a
    tile for a column that does not exist yet makes cfitsio add it, and its cards then follow the last one.
    """

    def __init__(
        self, handle: CfitsioFile, number: int, parse_columns: ParseColumns, *, uncompressed_tform: str = "1PI"
    ):
        self._handle = handle
        self._parse_columns = parse_columns
        self._number = number
        self._tforms = {UNCOMPRESSED_DATA: uncompressed_tform}
        self._next_row = 0

    # -- steps --------------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Let cfitsio define the data unit and take the table's layout from it."""
        with self._handle.call(self._number, action="define a compressed image") as (fptr, status):
            lib.fits_set_hdustruc(fptr, status)
            self._adopt(fptr, status)
            self._heap_nbytes = int(fptr.Fptr.heapsize)
            self._nrows = int(fptr.Fptr.numrows)
        self._rows = TileRows(self._nrows, f"{self._handle.path}: HDU {self._number - 1}")

    def append(
        self,
        nbytes: np.ndarray,
        column: np.ndarray,
        heap: Any,
        scale: np.ndarray | None = None,
        zero: np.ndarray | None = None,
    ) -> None:
        """Write one batch of tiles behind those already there.

        Parameters
        ----------
        nbytes : ndarray of int64, shape (n,)
            Coded bytes of each tile.
        column : ndarray of uint8, shape (n,)
            0 COMPRESSED_DATA, 1 UNCOMPRESSED_DATA, 2 GZIP_COMPRESSED_DATA.
        heap : bytes-like, contiguous
            The coded bytes, tile after tile.
        scale, zero : ndarray of float64, shape (n,), optional
            ZSCALE and ZZERO; 0 for a tile that was not quantized.

        Raises
        ------
        ValueError
            If there are more tiles than rows, or the sizes do not add up to the bytes given.
        FITSOverflowError
            If a descriptor cannot hold a length or offset.
        FITSError
            If a write fails.
        """
        coded = np.frombuffer(heap, np.uint8)
        rows = slice(self._next_row, self._next_row + len(nbytes))
        if rows.stop > self._nrows:
            raise ValueError(f"{self._handle.path}: HDU {self._number - 1} has {self._nrows} tiles, got {rows.stop}")
        if int(np.sum(nbytes)) != len(coded):
            raise ValueError(f"tiles of {int(np.sum(nbytes))} bytes in all, but {len(coded)} bytes of data")
        self._add_missing_columns(np.unique(column).tolist())
        starts = self._heap_nbytes + np.cumsum(nbytes, dtype=np.int64) - nbytes
        self._rows.record(rows, np.asarray(column), np.asarray(nbytes), starts, self._layout, self._elements)
        if scale is not None and zero is not None:
            self._rows.record_quantization(rows, scale, zero)
        self._write_heap(coded)
        self._next_row = rows.stop

    def finish(self) -> None:
        """Write the row table and tell cfitsio how long the heap is; PCOUNT is right afterwards."""
        table = self._rows.table(self._layout)
        with self._handle.call(self._number, action="write the table of tiles") as (fptr, status):
            lib.ffmbyt(fptr, fptr.Fptr.datastart, 1, status)
            lib.ffpbyt(fptr, len(table), ffi.from_buffer(table), status)
            fptr.Fptr.heapsize = self._heap_nbytes
            lib.fits_set_hdustruc(fptr, status)

    # -- what is known ------------------------------------------------------------------------------------------------

    @property
    def ntiles_written(self) -> int:
        """Tiles appended so far."""
        return self._next_row

    @property
    def heap_nbytes(self) -> int:
        """Bytes of heap so far."""
        return self._heap_nbytes

    # -- inside -------------------------------------------------------------------------------------------------------

    def _adopt(self, fptr: CData, status: CData) -> None:
        """Columns and their places, as the header has them now."""
        columns = self._parse_columns(lambda keyword: _value(fptr, keyword))
        self._layout, self._elements, self._huge = table_layout(columns)
        self._names = self._layout.names or ()
        if status[0] == 0 and self._layout.itemsize != fptr.Fptr.rowlength:
            raise FITSError(f"{self._handle.path}: HDU {self._number - 1}: NAXIS1 does not agree with the columns")

    def _add_missing_columns(self, codes: Sequence[int]) -> None:
        """Columns for tiles that went elsewhere than expected; cfitsio moves the heap behind the wider rows."""
        for code in codes:
            name = COLUMN_NAMES[code]
            if name in self._names:
                continue
            tform = self._tforms.get(code) or ("1QB" if self._huge else "1PB")
            with self._handle.call(self._number, action=f"add the column {name}") as (fptr, status):
                fptr.Fptr.heapsize = self._heap_nbytes
                lib.fits_insert_col(fptr, 999, name.encode(), tform.encode(), status)
                if status[0] == 0:
                    self._adopt(fptr, status)

    def _write_heap(self, coded: np.ndarray) -> None:
        with self._handle.call(self._number, action="write tiles") as (fptr, status):
            place = fptr.Fptr
            self._make_room(fptr, status, place.heapstart + self._heap_nbytes + len(coded))
            if len(coded):
                lib.ffmbyt(fptr, place.datastart + place.heapstart + self._heap_nbytes, 1, status)
                lib.ffpbyt(fptr, len(coded), ffi.from_buffer(coded), status)
            if status[0] == 0:
                self._heap_nbytes += len(coded)
                # now, so that a move to another HDU keeps what was written
                place.heapsize = self._heap_nbytes

    def _make_room(self, fptr: CData, status: CData, data_nbytes: int) -> None:
        """Move later HDUs back until `data_nbytes` fit before them."""
        place = fptr.Fptr
        if place.lasthdu:
            return
        room = place.headstart[place.curhdu + 1] - place.datastart
        if room < data_nbytes:
            lib.ffiblk(fptr, -((room - data_nbytes) // _BLOCK), 1, status)


def table_layout(columns: Sequence[Column]) -> tuple[np.dtype, dict[str, int], bool]:
    """The row as a numpy dtype, bytes per element of each variable-length column, and if descriptors are 64-bit."""
    layout = row_layout(columns)
    elements = {column.name.upper(): column.element_nbytes for column in columns if column.descriptor}
    return layout, elements, any(column.descriptor == "Q" for column in columns)


def _value(fptr: CData, keyword: str) -> int | str | None:
    """Value of a structural card that is a number or text; None if there is none."""
    card = ffi.new("char[81]")
    if lib.fits_read_card(fptr, keyword.encode(), card, ffi.new("int *")):
        lib.fits_clear_errmsg()
        return None
    text = ffi.string(card).decode("ascii", "replace")[10:]
    if "'" in text:
        return text.split("'")[1].strip()
    number = text.split("/")[0].strip()
    return int(number) if number.isdigit() else number
