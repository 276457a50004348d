"""What every kind of row can do: provide an action to time, and check its result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cases import Case
from benchmarks.store import Store

Action = Callable[[], Any]


class Disagreement(Exception):
    """A side returned a wrong result."""


class Workload:
    """One row while it runs.

    Attributes
    ----------
    nbytes : int
        Size of the pixels, uncompressed.
    output_nbytes : int
        Size of the result in memory, which every reader needs.
    notes : list of str
        Remarks for the reader of the table; more are added as the row runs.
    """

    def __init__(self, case: Case, folder: Path) -> None:
        self.case = case
        self.store = Store(folder, case)
        self.notes: list[str] = []
        self.nbytes = int(np.prod(case.shape)) * np.dtype(case.dtype).itemsize
        self.output_nbytes = 0

    def prepare(self) -> None:
        """Make the input."""

    def trial(self, peer: Any) -> AbstractContextManager[Action]:
        """Context for work that is not timed, before and after the action that is."""
        raise NotImplementedError

    def verify(self, peer: Any, result: Any) -> None:
        """Raise `Disagreement` unless `result` is right."""
        raise NotImplementedError

    def result_nbytes(self, result: Any) -> int:
        """Size of the written file, for rows that write; otherwise 0."""
        return 0


@contextmanager
def ready(action: Action) -> Iterator[Action]:
    """A trial that needs nothing before or after."""
    yield action


def demand_equal(found: np.ndarray, wanted: np.ndarray) -> None:
    """Same shape, same kind and width of numbers, same values; the byte order is up to each library."""
    if found.shape != wanted.shape:
        raise Disagreement(f"shape {found.shape} instead of {wanted.shape}")
    if found.dtype.newbyteorder("=") != wanted.dtype.newbyteorder("="):
        raise Disagreement(f"dtype {found.dtype} instead of {wanted.dtype}")
    if not np.array_equal(found, wanted, equal_nan=wanted.dtype.kind == "f"):
        wrong = ~((found == wanted) | ((found != found) & (wanted != wanted)))
        worst = np.max(np.abs(found[wrong].astype("f8") - wanted[wrong].astype("f8")))
        raise Disagreement(f"{np.count_nonzero(wrong)} of {wanted.size} values differ, by up to {worst:.3g}")
