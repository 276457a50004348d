"""Rows that write an image to a new file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.data import NOISE
from benchmarks.store import oracle
from benchmarks.workload import Action, Disagreement, Workload, demand_equal


class Write(Workload):
    """Create the file, write the image, close; the file of the previous trial is removed outside the timing."""

    def prepare(self) -> None:
        self.array = self.store.array
        self.before = self.array.copy() if self.case.is_quick else None

    @contextmanager
    def trial(self, peer: Any) -> Iterator[Action]:
        path = self._path(peer)
        path.unlink(missing_ok=True)

        def write() -> Path:
            peer.write(path, self.array, self.case.compression, self.case.tile_shape)
            return path

        yield write

    def verify(self, peer: Any, result: Any) -> None:
        """Lossless: the oracle reads the pixels back. Quantized: within a step of them, and our bytes are cfitsio's."""
        compression = self.case.compression
        found = oracle().read_whole(result, 0 if compression is None else 1)
        if compression is None or compression.level is None:
            demand_equal(found, self.array)
        elif (worst := np.max(np.abs(found - self.array))) > NOISE / compression.level:
            raise Disagreement(f"a pixel is off by {worst:.3g}, more than one step of the quantization")
        if self.before is not None:
            demand_equal(self.array, self.before)
        if peer.name == "ours" and compression is not None:
            self._compare_with_cfitsio(result)

    def result_nbytes(self, result: Any) -> int:
        return result.stat().st_size

    def _compare_with_cfitsio(self, ours: Path) -> None:
        """Add a note if the file differs from what cfitsio writes for the same pixels."""
        case, theirs = self.case, self._path(oracle()).with_suffix(".oracle")
        if not theirs.exists():
            if oracle().name != "fitsio":
                return
            oracle().write(theirs, self.array, case.compression, case.tile_shape)
        if ours.read_bytes() != theirs.read_bytes():
            self.notes.append("our file is not byte for byte the one that fitsio (cfitsio) writes")

    def _path(self, peer: Any) -> Path:
        return self.store.folder / f"written-{self.case.name}-{peer.name}{getattr(peer, 'threads', '')}.fits"
