"""Rows that read a whole image."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

from benchmarks.workload import Action, Workload, demand_equal, ready


class WholeRead(Workload):
    """Open the file, read the image, close."""

    def prepare(self) -> None:
        self.path, self.ext = self.store.image_file
        self.output_nbytes = self.nbytes if self.case.scaling is None else self.store.array.size * 8
        if self.case.maker == "mask":
            self.notes.append("a real mask" if self.store.is_real else "a simulated mask")

    def trial(self, peer: Any) -> AbstractContextManager[Action]:
        return ready(lambda: peer.read_whole(self.path, self.ext))

    def verify(self, peer: Any, result: Any) -> None:
        demand_equal(result, self.store.reference)


class ThreadedRead(WholeRead):
    """As many Python threads as the row's count, each reading its own file: holding the GIL gains nothing."""

    def prepare(self) -> None:
        super().prepare()
        self.output_nbytes = self.nbytes * self.case.count
        self.paths = [self.path.with_name(f"{self.path.stem}-copy{i}.fits") for i in range(self.case.count)]
        for path in self.paths:
            shutil.copyfile(self.path, path)

    def trial(self, peer: Any) -> AbstractContextManager[Action]:
        def read_all() -> list[Any]:
            with ThreadPoolExecutor(len(self.paths)) as pool:
                return list(pool.map(lambda path: peer.read_whole(path, self.ext), self.paths))

        return ready(read_all)

    def verify(self, peer: Any, result: Any) -> None:
        for image in result:
            demand_equal(image, self.store.reference)
