"""Memory for batches, used again and again: new memory has to be cleared by the system first."""

from __future__ import annotations

import numpy as np

_KEPT_NBYTES = 64 << 20  # most that is kept; a batch is larger only where a single tile is


class Turns:
    """Two pieces of memory that take turns: each is the caller's until the next but one is taken."""

    def __init__(self) -> None:
        self._last, self._next = np.empty(0, np.uint8), np.empty(0, np.uint8)

    def take(self, nbytes: int) -> np.ndarray:
        """`nbytes` of memory, uint8, holding anything."""
        if nbytes > _KEPT_NBYTES:
            return np.empty(nbytes, np.uint8)
        self._last, self._next = self._next, self._last
        if self._last.size < nbytes:
            self._last = np.empty(nbytes, np.uint8)
        return self._last[:nbytes]


class PackingMemory:
    """What the images of a file are read and coded into, one image after the other.

    Attributes
    ----------
    boxes : Turns
        Pixels as they are in the file: one batch is being coded, the next one being read.
    coded : Turns
        Coded tiles: one batch is being written, the next one being coded.
    """

    def __init__(self) -> None:
        self.boxes, self.coded = Turns(), Turns()
