"""Rows that read many small parts of one image through one open file."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from benchmarks.workload import Action, Workload, demand_equal, ready


class Cutouts(Workload):
    """Open the file, read all sections, close."""

    def prepare(self) -> None:
        self.path, self.ext = self.store.image_file
        self.sections = self._sections()
        itemsize = np.dtype(self.case.dtype).itemsize
        npix = sum(math.prod(part.stop - part.start for part in section) for section in self.sections)
        self.output_nbytes = npix * itemsize
        self.nbytes = self.output_nbytes

    def trial(self, peer: Any) -> AbstractContextManager[Action]:
        cache = self.case.cache_nbytes
        return ready(lambda: peer.read_sections(self.path, self.ext, self.sections, cache))

    def verify(self, peer: Any, result: Any) -> None:
        wanted = np.concatenate([self.store.reference[section].ravel() for section in self.sections])
        demand_equal(np.concatenate([np.ravel(part) for part in result]), wanted)

    def _sections(self) -> list[tuple[slice, ...]]:
        raise NotImplementedError


class Stamps(Cutouts):
    """`count` squares anywhere in the image."""

    def _sections(self) -> list[tuple[slice, ...]]:
        case, rng = self.case, np.random.default_rng(self.case.seed + 1)
        corners = [rng.integers(0, length - case.size + 1, case.count) for length in case.shape]
        return [tuple(slice(int(c), int(c) + case.size) for c in corner) for corner in zip(*corners, strict=True)]


class ThreadedStamps(Stamps):
    """The same squares divided among Python threads, each of which opens the file itself."""

    nthreads = 4

    def trial(self, peer: Any) -> AbstractContextManager[Action]:
        share = -(-len(self.sections) // self.nthreads)
        shares = [self.sections[first : first + share] for first in range(0, len(self.sections), share)]

        def read_share(sections: list[tuple[slice, ...]]) -> list[np.ndarray]:
            return peer.read_sections(self.path, self.ext, sections, self.case.cache_nbytes)

        def read_all() -> list[np.ndarray]:
            with ThreadPoolExecutor(self.nthreads) as pool:
                return [stamp for stamps in pool.map(read_share, shares) for stamp in stamps]

        return ready(read_all)


class Chunks(Cutouts):
    """`count` consecutive chunks, from the first pixel on."""

    def _sections(self) -> list[tuple[slice, ...]]:
        size = self.case.size
        return [(slice(index * size, (index + 1) * size),) for index in range(self.case.count)]


class Pieces(Cutouts):
    """`count` chunks anywhere in the image."""

    def _sections(self) -> list[tuple[slice, ...]]:
        case, rng = self.case, np.random.default_rng(self.case.seed + 1)
        starts = rng.integers(0, case.shape[0] - case.size + 1, case.count)
        return [(slice(int(start), int(start) + case.size),) for start in starts]
