"""The rows of a table of tiles while its tiles are being written: descriptors, ZSCALE and ZZERO."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from rustfits_cffi.errors import FITSOverflowError
from rustfits_cffi.native.tile_coding import COLUMN_NAMES

__all__ = ["Column", "TileRows", "row_layout"]

_P_LIMIT = 2**32  # P descriptors are unsigned 32-bit pairs
_DESCRIPTOR_FORMATS = {"P": ">u4", "Q": ">i8"}
_FIXED_FORMATS = {"B": ">u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8", "A": "S1", "L": "S1"}


class Column(Protocol):
    """A column of the table, as ``format.columns`` has it."""

    @property
    def name(self) -> str: ...
    @property
    def descriptor(self) -> str: ...
    @property
    def letter(self) -> str: ...
    @property
    def repeat(self) -> int: ...
    @property
    def element_nbytes(self) -> int: ...


def row_layout(columns: Sequence[Column]) -> np.dtype[Any]:
    """The row as a numpy dtype, its names in upper case; `KeyError` or `ValueError` for a column that tiles lack."""
    formats: list[Any] = [
        (_DESCRIPTOR_FORMATS[column.descriptor], (2,))
        if column.descriptor
        else (_FIXED_FORMATS[column.letter], (column.repeat,) if column.repeat != 1 else ())
        for column in columns
    ]
    return np.dtype({"names": [column.name.upper() for column in columns], "formats": formats})


class TileRows:
    """What is known of the tiles written so far.

    Parameters
    ----------
    nrows : int
        Number of tiles in all.
    where : str
        File and HDU, for messages.
    """

    def __init__(self, nrows: int, where: str) -> None:
        self._nrows, self._where = nrows, where
        self._length = {code: np.zeros(nrows, np.int64) for code in COLUMN_NAMES}
        self._offset = {code: np.zeros(nrows, np.int64) for code in COLUMN_NAMES}
        self._scale, self._zero = np.zeros(nrows), np.zeros(nrows)

    def record(
        self,
        rows: slice,
        column: np.ndarray,
        nbytes: np.ndarray,
        starts: np.ndarray,
        layout: np.dtype[Any],
        element_nbytes: Mapping[str, int],
    ) -> None:
        """Keep where consecutive tiles go.

        Parameters
        ----------
        rows : slice
        column, nbytes, starts : ndarray, shape (n,)
            Number of the column of each tile, its bytes, and its offset in the heap.
        layout : dtype
            Of the row as it is now.
        element_nbytes : mapping of str to int
            Bytes of an element of each variable-length column.

        Raises
        ------
        FITSOverflowError
            If a descriptor cannot hold a length or an offset.
        """
        for code, name in COLUMN_NAMES.items():
            chosen = np.flatnonzero(column == code)
            if not len(chosen):
                continue
            lengths, offsets = nbytes[chosen] // element_nbytes[name], starts[chosen]
            if layout[name].base == np.dtype(">u4") and max(lengths.max(), offsets.max()) >= _P_LIMIT:
                raise FITSOverflowError(
                    f"{self._where}: the compressed image is too long for 32-bit descriptors: "
                    "use 64-bit ones (heap_format='Q')"
                )
            self._length[code][rows.start + chosen] = lengths
            self._offset[code][rows.start + chosen] = offsets

    def record_quantization(self, rows: slice, scale: np.ndarray, zero: np.ndarray) -> None:
        """Keep ZSCALE and ZZERO of consecutive tiles."""
        self._scale[rows], self._zero[rows] = scale, zero

    def longest(self, code: int) -> int:
        """Elements of the longest tile in a column."""
        return int(self._length[code].max(initial=0))

    def table(self, layout: np.dtype[Any]) -> np.ndarray:
        """The bytes of all rows."""
        names = layout.names or ()
        table = np.zeros(self._nrows, layout)
        for code, name in COLUMN_NAMES.items():
            if name in names:
                table[name][:, 0], table[name][:, 1] = self._length[code], self._offset[code]
        if "ZSCALE" in names:
            table["ZSCALE"], table["ZZERO"] = self._scale, self._zero
        return table.view(np.uint8)
