"""Memory for batches, used again and again: new memory has to be cleared by the system first."""

from __future__ import annotations

from collections import deque

import numpy as np

_KEPT_NBYTES = 64 << 20  # most that is kept; a batch is larger only where a single tile is


class Turns:
    """Pieces of memory that take turns: each is the caller's until so many others have been taken.

    Parameters
    ----------
    count : int
        How many pieces. One stays in the cache; two let one be filled while the other is in use.
    """

    def __init__(self, count: int = 2) -> None:
        self._pieces = deque([np.empty(0, np.uint8)] * count)

    def take(self, nbytes: int) -> np.ndarray:
        """`nbytes` of memory, uint8, holding anything."""
        if nbytes > _KEPT_NBYTES:
            return np.empty(nbytes, np.uint8)
        self._pieces.rotate()
        if self._pieces[0].size < nbytes:
            self._pieces[0] = np.empty(nbytes, np.uint8)
        return self._pieces[0][:nbytes]
