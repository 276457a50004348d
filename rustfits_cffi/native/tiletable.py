"""The row table of a compressed image, read: where each tile's bytes are and how its integers become pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rustfits_cffi.errors import FITSError
from rustfits_cffi.native.coding import COMPRESSED_DATA, GZIP_COMPRESSED_DATA, UNCOMPRESSED_DATA
from rustfits_cffi.native.handle import FileHandle
from rustfits_cffi.native.tilewriter import COLUMN_NAMES, table_layout

ABSENT = 255  # column number of a tile that was never written


@dataclass(frozen=True)
class TileTable:
    """Per tile: column (0, 1, 2 or 255), offset and length in bytes within the heap, scale, zero; and the heap's place.

    `blank` is the stored value of a null pixel for each tile, None if nulls are not marked.
    """

    column: np.ndarray
    offset: np.ndarray
    nbytes: np.ndarray
    scale: np.ndarray
    zero: np.ndarray
    blank: np.ndarray | None
    heap_start: int
    heap_nbytes: int

    def read(self, handle: FileHandle, first: int, ntiles: int) -> tuple[np.ndarray, np.ndarray]:
        """Coded bytes of some tiles that follow each other, and where in them each tile begins."""
        offset, nbytes = self.offset[first : first + ntiles], self.nbytes[first : first + ntiles]
        total, low = int(nbytes.sum()), int(offset.min(initial=0 if ntiles == 0 else int(offset[0])))
        span = int((offset + nbytes).max(initial=low)) - low
        if span <= 2 * total + (1 << 20):  # as every writer leaves it: one read, with what little lies between
            coded = np.empty(span, np.uint8)
            handle.read_into(self.heap_start + low, coded)
            return coded, offset - low
        coded, starts = np.empty(total, np.uint8), np.cumsum(nbytes) - nbytes
        for place, start, length in zip(offset.tolist(), starts.tolist(), nbytes.tolist(), strict=True):
            handle.read_into(self.heap_start + place, coded[start : start + length])
        return coded, starts


def read_tile_table(handle: FileHandle, number: int, keywords: dict[str, float | None]) -> TileTable:
    """The table of HDU `number` (1-based).

    Parameters
    ----------
    handle : FileHandle
        The file.
    number : int
        HDU number.
    keywords : dict
        Values of ZSCALE, ZZERO, ZBLANK and BLANK where no column has them; None for one that is not there.

    Raises
    ------
    FITSError
        If a descriptor points outside the heap, or the table is not one of a compressed image.
    """
    where = f"{handle.path}: HDU {number - 1}"
    with handle.call(number, changes=False, action="read the table of tiles") as (fptr, status):
        try:
            layout, elements, _huge = table_layout(fptr, status)
        except (KeyError, ValueError, IndexError):
            raise FITSError(f"{where}: its columns are not those of a compressed image") from None
        start, nrows, heap = int(fptr.Fptr.datastart), int(fptr.Fptr.numrows), int(fptr.Fptr.heapstart)
        heap_nbytes, rowlength = int(fptr.Fptr.heapsize), int(fptr.Fptr.rowlength)
    if layout.itemsize != rowlength or nrows * rowlength > handle.size():
        raise FITSError(f"{where}: the table of tiles does not fit its header or the file")
    table = np.frombuffer(handle.read(start, nrows * rowlength), layout)
    column, offset, nbytes = _descriptors(table, elements)
    if (offset < 0).any() or (nbytes < 0).any() or (nbytes > heap_nbytes - offset).any():
        raise FITSError(f"{where}: a tile lies outside the heap")
    return TileTable(
        column,
        offset,
        nbytes,
        _column(table, "ZSCALE", keywords, 1.0),
        _column(table, "ZZERO", keywords, 0.0),
        _blank(table, keywords),
        start + heap,
        heap_nbytes,
    )


def _descriptors(table: np.ndarray, elements: dict[str, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Column, offset and bytes of each tile: the first of the columns that is not empty has it."""
    column = np.full(len(table), ABSENT, np.uint8)
    offset, nbytes = np.zeros(len(table), np.int64), np.zeros(len(table), np.int64)
    for code in (GZIP_COMPRESSED_DATA, UNCOMPRESSED_DATA, COMPRESSED_DATA):  # the last one that has the tile wins
        name = COLUMN_NAMES[code]
        if name in table.dtype.names:
            length = table[name][:, 0].astype(np.int64)
            here = length != 0
            column[here], offset[here] = code, table[name][here, 1]
            nbytes[here] = length[here] * elements[name]
    return column, offset, nbytes


def _column(table: np.ndarray, name: str, keywords: dict[str, float | None], default: float) -> np.ndarray:
    if name in table.dtype.names and table[name].ndim == 1:
        return table[name].astype(np.float64)
    value = keywords.get(name)
    return np.full(len(table), default if value is None else value)


def _blank(table: np.ndarray, keywords: dict[str, float | None]) -> np.ndarray | None:
    if "ZBLANK" in table.dtype.names and table["ZBLANK"].ndim == 1:
        return table["ZBLANK"].astype(np.int64)
    value = next((keywords[name] for name in ("ZBLANK", "BLANK") if keywords.get(name) is not None), None)
    return None if value is None else np.full(len(table), int(value), np.int64)
