"""What two threads gain in the Polycomp compressions, beside what the machine allows.

Everything is timed in turn, round after round, and the fastest of each is taken: a spell in which other programs run
meets all of them. The limit of a row is its gain if the bare movement of its samples (reading what is coded, writing
what is restored) gained what it gains alone on the same buffers, and all the rest what arithmetic in the cache does. So
it shows where memory is what threads share, and also a run on a machine whose other core was taken.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from rustfits_cffi import polycomp
from rustfits_cffi.threads import set_num_threads


class Work(NamedTuple):
    """Something that one thread can do, and two; `moves` names what only moves the same samples."""

    name: str
    call: Callable[[int], Any]
    moves: str | None = None


class Gain(NamedTuple):
    """A line of the table: seconds, and the gain that the machine allows (None for the machine's own lines)."""

    name: str
    one: float
    two: float
    limit: float | None

    @property
    def ratio(self) -> float:
        """How many times faster two threads are."""
        return self.one / self.two


class Machine:
    """The bare work on one buffer, by the calling thread and one that waits for its half."""

    def __init__(self, samples: np.ndarray):
        self.source, self.target = samples, np.ones_like(samples)
        self.small = [np.linspace(0, 1, 16_384), np.linspace(0, 1, 16_384)]
        self.pool = ThreadPoolExecutor(1)

    def halves(self, nthreads: int, work: Callable[[slice], Any]) -> None:
        """Do `work` on the whole buffer, or on its two halves at once."""
        size = self.source.size
        if nthreads == 1:
            work(slice(0, size))
            return
        other = self.pool.submit(work, slice(size // 2, size))
        work(slice(0, size // 2))
        other.result()

    def compute(self, nthreads: int) -> None:
        """Arithmetic in the cache."""

        def work(part: slice) -> None:
            values = self.small[part.start > 0]
            for _ in range((part.stop - part.start) // (4 * values.size)):
                np.sin(values)

        self.halves(nthreads, work)

    def read(self, nthreads: int) -> None:
        """The buffer read."""
        self.halves(nthreads, lambda part: self.source[part].view(np.uint8).max())

    def fill(self, nthreads: int) -> None:
        """Memory written that was written before."""
        self.halves(nthreads, lambda part: np.copyto(self.target[part], 1))

    def fill_new(self, nthreads: int) -> None:
        """A new array written; a large one comes in pages that the system clears first."""
        new = np.empty_like(self.target)
        self.halves(nthreads, lambda part: np.copyto(new[part], 1))

    def copy(self, nthreads: int) -> None:
        """One buffer to another."""
        self.halves(nthreads, lambda part: np.copyto(self.target[part], self.source[part]))

    def works(self) -> Iterator[Work]:
        """All of it."""
        for name in ("compute", "read", "fill", "fill_new", "copy"):
            yield Work(name.replace("_", " "), getattr(self, name))


def coders(name: str, samples: np.ndarray, method: str, parameters: dict[str, Any]) -> Iterator[Work]:
    """Coding a series, restoring it, and restoring it in an array that is kept."""
    coded = polycomp.encode(samples, method, **parameters)
    out = np.empty_like(samples)

    def threaded(call: Callable[[], Any]) -> Callable[[int], Any]:
        def run(nthreads: int) -> Any:
            set_num_threads(nthreads)
            return call()

        return run

    yield Work(f"{name}: encode", threaded(lambda: polycomp.encode(samples, method, **parameters)), "read")
    yield Work(f"{name}: decode", threaded(lambda: polycomp.decode(coded)), "fill new")
    yield Work(f"{name}: decode, out=", threaded(lambda: polycomp.decode(coded, out=out)), "fill")


def seconds(work: Work, nthreads: int) -> float:
    """Of one call; what it gives is let go of outside."""
    begin = time.perf_counter()
    result = work.call(nthreads)
    taken = time.perf_counter() - begin
    del result
    return taken


def measure(works: list[Work], budget: float) -> dict[str, tuple[float, float]]:
    """The fastest call of each by one thread and by two, taken in turn for `budget` seconds, three times at least."""
    best = {work.name: (float("inf"), float("inf")) for work in works}
    begin, rounds = time.perf_counter(), 0
    while rounds < 3 or time.perf_counter() - begin < budget:
        for work in works:
            best[work.name] = tuple(map(min, best[work.name], (seconds(work, 1), seconds(work, 2))))
        rounds += 1
    set_num_threads(None)
    return best


def gains(cases: list[tuple[str, np.ndarray, str, dict[str, Any]]], budget: float) -> list[Gain]:
    """The machine's lines for each kind of buffer, and those of the coders on it.

    A buffer of the machine has the bytes of the samples; so each size and type of series has lines of its own.
    """
    lines = []
    share = budget / len(cases)
    for name, samples, method, parameters in cases:
        machine = Machine(samples)
        best = measure([*machine.works(), *coders(name, samples, method, parameters)], share)
        machine.pool.shutdown()
        for work in coders(name, samples, method, parameters):
            one, two = best[work.name]
            moved_by_one, moved_by_two = best[work.moves]
            rest = max(0.0, one - moved_by_one) * best["compute"][1] / best["compute"][0]
            lines.append(Gain(work.name, one, two, one / (rest + moved_by_two)))
        lines += [Gain(f"  {work.name}, {samples.nbytes / 1e6:.0f} MB", *best[work.name], None)
                  for work in machine.works()]  # fmt: skip
    return lines


def render(lines: list[Gain]) -> str:
    """The table; "below" marks what is under 1.8 and under nine tenths of its limit."""
    text = [f"{'two threads against one, milliseconds':48} {'one':>9} {'two':>9} {'gain':>6} {'limit':>6}"]
    for line in lines:
        limit = "" if line.limit is None else f"{line.limit:6.2f}"
        missed = line.limit is not None and line.ratio < min(1.8, 0.9 * line.limit)
        mark = "  below" if missed else ""
        text.append(f"{line.name:48} {line.one * 1e3:9.3f} {line.two * 1e3:9.3f} {line.ratio:6.2f} {limit:>6}{mark}")
    return "\n".join(text)
