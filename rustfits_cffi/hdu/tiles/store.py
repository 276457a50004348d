"""The coded tiles of one compressed HDU: the table that says where each is, seen through numpy.

Everything the table says was checked against the heap and the file before a byte is read for it.
"""

from __future__ import annotations

import numpy as np

from rustfits_cffi.directory import Directory
from rustfits_cffi.errors import TileError
from rustfits_cffi.format.columns import Column
from rustfits_cffi.format.compression import CompressedLayout
from rustfits_cffi.native.tile_table import TileTable, read_tile_table


class TileStore:
    """The table of tiles of one HDU.

    Attributes
    ----------
    table : TileTable
        As the tile engine takes it.
    blanks : ndarray of int64 or None
        Of integers with a ZBLANK column: what marks undefined pixels in each tile.
    """

    def __init__(self, directory: Directory, index: int, layout: CompressedLayout):
        self._path, self._index = directory.handle.path, index
        where = f"{directory.handle.path}, HDU {index}"
        self.table: TileTable = read_tile_table(directory.handle, directory[index].data_start, layout, where)
        has_blanks = not layout.is_quantized and isinstance(layout.zblank, Column)
        self.blanks: np.ndarray | None = self._view("blank", "i8") if has_blanks else None
        self._state, self._nbytes = self._view("state", "u1"), self._view("nbytes", "i8")

    def require(self, tiles: np.ndarray) -> None:
        """Raise `TileError` for the first of `tiles` that was never written or whose descriptor is not possible."""
        if self.table.nbad:
            for tile in tiles[self._state[tiles] != 0].tolist():
                raise self.error(tile)

    def error(self, tile: int) -> TileError:
        """What is wrong with a tile that the table marks."""
        return TileError(self.table.reason(tile), file=self._path, hdu=self._index, tile=tile)

    def coded_nbytes(self, tiles: np.ndarray) -> int:
        """Coded bytes of those `tiles` that can be read."""
        return int(self._nbytes[tiles][self._state[tiles] == 0].sum())

    def _view(self, name: str, dtype: str) -> np.ndarray:
        return np.frombuffer(self.table.view(name), dtype)
