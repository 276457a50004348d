"""Decoded tiles in memory, limited in bytes; the least recently used ones are dropped first."""

from __future__ import annotations

import operator
import threading
from collections import OrderedDict

import numpy as np

from rustfits_cffi import threads

DEFAULT_NBYTES = 32 << 20


class TileCache:
    """Tiles by number, or the whole image. May be used from several threads; cached arrays are never written to again.

    Tiles that were decoded into one array are kept and dropped together, as they share its memory.

    Attributes
    ----------
    whole : ndarray or None
        The pixels of the image, if all of them are cached.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tiles: dict[int, _Block] = {}
        self._blocks: OrderedDict[_Block, None] = OrderedDict()  # least recently used first
        self._latest: _Block | None = None  # the most recently used one
        self._capacity = DEFAULT_NBYTES
        self._used = 0
        self.whole: np.ndarray | None = None
        threads.survives_fork(self)

    def renew_in_child(self) -> None:
        """Begin anew, empty: another thread may have been changing the cache."""
        self._lock = threading.Lock()
        self.clear()

    @property
    def capacity(self) -> int:
        """The most bytes of pixels that are kept."""
        return self._capacity

    @property
    def used(self) -> int:
        """Bytes of pixels that are kept now."""
        return self._used

    def set_capacity(self, nbytes: int) -> None:
        """Change the capacity; tiles that no longer fit are dropped at once.

        Raises
        ------
        TypeError, OverflowError
            If it is not an integer; if it is negative.
        """
        if isinstance(nbytes, bool):
            raise TypeError(f"the size of the tile cache must be a number of bytes, not {nbytes}")
        nbytes = operator.index(nbytes)
        if nbytes < 0:
            raise OverflowError(f"the size of the tile cache must be >= 0 bytes, not {nbytes}")
        with self._lock:
            self._capacity = nbytes
            self._shrink()

    def clear(self) -> None:
        """Drop everything; the capacity is unchanged."""
        with self._lock:
            self._drop_all()

    def get(self, number: int) -> np.ndarray | None:
        """The pixels of a tile, or None if it is not cached; those of a whole image are in `whole`."""
        block = self._tiles.get(number)
        if block is None:
            return None
        if block is not self._latest:  # when a line is read in many short pieces, the lock takes a fifth of the time
            with self._lock:
                if block in self._blocks:  # another thread may have dropped it since
                    self._blocks.move_to_end(block)
                    self._latest = block
        return block.tiles[number]

    def put(self, number: int, tile: np.ndarray) -> None:
        """Keep the pixels of a tile, dropping others if necessary. Does nothing if it exceeds the capacity."""
        self.put_together({number: tile}, tile.nbytes)

    def put_together(self, tiles: dict[int, np.ndarray], nbytes: int) -> None:
        """Keep tiles that share one array of `nbytes` bytes; as `put`."""
        with self._lock:
            if nbytes > self._capacity or all(number in self._tiles for number in tiles):
                return
            block = _Block({number: tile for number, tile in tiles.items() if number not in self._tiles}, nbytes)
            self._blocks[block] = None
            self._latest = block
            self._tiles.update(dict.fromkeys(block.tiles, block))
            self._used += nbytes
            self._shrink()

    def put_whole(self, pixels: np.ndarray) -> None:
        """Keep the whole image instead of its tiles. Does nothing if it exceeds the capacity."""
        with self._lock:
            if pixels.nbytes > self._capacity:
                return
            self._drop_all()
            self.whole, self._used = pixels, pixels.nbytes

    def _shrink(self) -> None:
        while self._used > self._capacity and self._blocks:
            block, _ = self._blocks.popitem(last=False)
            for number in block.tiles:
                del self._tiles[number]
            self._used -= block.nbytes
            if block is self._latest:
                self._latest = None
        if self._used > self._capacity:
            self._drop_all()

    def _drop_all(self) -> None:
        self._tiles.clear()
        self._blocks.clear()
        self._latest = None
        self.whole, self._used = None, 0


class _Block:
    """The tiles that share one array, by number, and the bytes of that array."""

    __slots__ = ("nbytes", "tiles")

    def __init__(self, tiles: dict[int, np.ndarray], nbytes: int) -> None:
        self.tiles = tiles
        self.nbytes = nbytes
