"""Decoded tiles in memory, the least recently used out first, bounded in bytes."""

from __future__ import annotations

import math
import operator
import threading
from collections import OrderedDict

import numpy as np

DEFAULT_NBYTES = 32 << 20
_HUGE_PAGE_NBYTES = 2 << 20


def tile_memory(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """An array for pixels that go into the cache, contents undefined.

    Large ones begin with a huge page, for which numpy asks the system: fresh memory in pages of 4 KB takes longer to
    touch than many a tile to decode.
    """
    nbytes = math.prod(shape) * dtype.itemsize
    if nbytes < _HUGE_PAGE_NBYTES:
        return np.empty(shape, dtype)
    whole = -(-nbytes // _HUGE_PAGE_NBYTES) * _HUGE_PAGE_NBYTES
    room = np.empty(whole + _HUGE_PAGE_NBYTES, np.uint8)  # from 4 MB on numpy asks
    begin = -room.ctypes.data % _HUGE_PAGE_NBYTES
    return room[begin : begin + nbytes].view(dtype).reshape(shape)


class TileCache:
    """Tiles by number. May be used from several threads; the arrays in it are never written to again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tiles: OrderedDict[int, np.ndarray] = OrderedDict()
        self._capacity = DEFAULT_NBYTES
        self._used = 0

    @property
    def capacity(self) -> int:
        """Most bytes of pixels that are kept."""
        return self._capacity

    @property
    def used(self) -> int:
        """Bytes of pixels that are kept now."""
        return self._used

    def set_capacity(self, nbytes: int) -> None:
        """Change the capacity; tiles that no longer fit go at once.

        Raises
        ------
        TypeError, OverflowError
            If it is no integer; if it is negative.
        """
        nbytes = operator.index(nbytes)
        if nbytes < 0:
            raise OverflowError(f"the size of the tile cache must be >= 0 bytes, not {nbytes}")
        with self._lock:
            self._capacity = nbytes
            self._shrink()

    def clear(self) -> None:
        """Drop all tiles; the capacity stays."""
        with self._lock:
            self._tiles.clear()
            self._used = 0

    def get(self, number: int) -> np.ndarray | None:
        """The pixels of a tile, if they are here."""
        with self._lock:
            tile = self._tiles.get(number)
            if tile is not None:
                self._tiles.move_to_end(number)
            return tile

    def put(self, number: int, tile: np.ndarray) -> None:
        """Keep the pixels of a tile; others go if there is no room. Nothing happens if it exceeds the capacity."""
        with self._lock:
            if number in self._tiles or tile.nbytes > self._capacity:
                return
            self._tiles[number] = tile
            self._used += tile.nbytes
            self._shrink()

    def _shrink(self) -> None:
        while self._used > self._capacity:
            _, tile = self._tiles.popitem(last=False)
            self._used -= tile.nbytes
