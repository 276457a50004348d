"""Reused memory for batches: the system has to clear new memory first."""

from __future__ import annotations

from collections import deque

import numpy as np

_KEPT_NBYTES = 64 << 20  # the most that is kept; a batch exceeds it only if a single tile does


class Turns:
    """Buffers used in rotation: each is the caller's until `count` more have been taken.

    Parameters
    ----------
    count : int
        Number of buffers. One stays in the cache; with two, one can be filled while the other is in use.
    """

    def __init__(self, count: int = 2) -> None:
        self._pieces = deque([np.empty(0, np.uint8)] * count)

    def take(self, nbytes: int) -> np.ndarray:
        """The next buffer: `nbytes` of uint8, contents undefined."""
        if nbytes > _KEPT_NBYTES:
            return np.empty(nbytes, np.uint8)
        self._pieces.rotate()
        if self._pieces[0].size < nbytes:
            self._pieces[0] = np.empty(nbytes, np.uint8)
        return self._pieces[0][:nbytes]
