"""Memory by itself: the time that threads take to read it, and to write it for the first time."""

from __future__ import annotations

import mmap
import threading
from collections.abc import Callable
from typing import Any

import numpy as np


def write_fresh_memory(nbytes: int, nthreads: int) -> np.ndarray:
    """Write a number of bytes that have not been touched yet."""
    return in_threads(np.empty(nbytes, np.uint8), nthreads, lambda part: part.fill(1))


def touch_fresh_memory(nbytes: int, nthreads: int) -> np.ndarray:
    """The same with one byte per page, which measures how long the system takes to clear the pages."""

    def touch(part: np.ndarray) -> None:
        part[:: mmap.PAGESIZE] = 1

    return in_threads(np.empty(nbytes, np.uint8), nthreads, touch)


def read_memory(array: np.ndarray, nthreads: int) -> np.ndarray:
    """Read all bytes of an array."""
    return in_threads(array.view(np.uint64), nthreads, np.bitwise_or.reduce)


def in_threads(array: np.ndarray, nthreads: int, work: Callable[[np.ndarray], Any]) -> np.ndarray:
    """Do some work on equal parts of an array, each in a thread, and return the array."""
    first, *rest = np.array_split(array, nthreads)
    workers = [threading.Thread(target=work, args=(part,)) for part in rest]
    for worker in workers:
        worker.start()
    work(first)
    for worker in workers:
        worker.join()
    return array
