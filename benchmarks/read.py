"""Rows that read a whole image."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from benchmarks.workload import Action, Workload, demand_equal, ready


class WholeRead(Workload):
    """Open the file, read the image, close."""

    def prepare(self) -> None:
        self.path, self.ext = self.store.image_file
        self.output_nbytes = self.nbytes
        if self.case.maker == "mask":
            self.notes.append("a real mask" if self.store.is_real else "a simulated mask")

    def trial(self, peer: Any) -> AbstractContextManager[Action]:
        return ready(lambda: peer.read_whole(self.path, self.ext))

    def verify(self, peer: Any, result: Any) -> None:
        demand_equal(result, self.store.reference)
