"""What two threads gain in the Polycomp compressions, beside what the machine allows.

The machine's limit is measured, coder by coder, in the same rounds: two programs that share nothing do the same work at
once, from rest, each on one thread and with a series of its own (`benchmarks.companion`). Beside that stands what a
program gains that finds the other one at work, and leaves it so. All is timed in turn, and the lower quartile is taken:
a spell in which other programs run meets all of it.
"""

from __future__ import annotations

import time
from functools import partial
from itertools import product
from typing import NamedTuple

from benchmarks.companion import Companion, alone, lower_quartile
from benchmarks.polycomp_series import CODERS, calls, works
from rustfits_cffi.threads import set_num_threads

LEAST_ROUNDS = 5
KINDS = 4  # of times in a line


class Gain(NamedTuple):
    """A line of the table, in seconds: one call with one thread, with two, by each of two programs, beside another."""

    name: str
    one: float
    two: float
    programs: float
    beside: float

    @property
    def ratio(self) -> float:
        """How many times faster two threads are."""
        return self.one / self.two

    @property
    def limit(self) -> float:
        """How many times more two programs do than one."""
        return 2 * self.one / self.programs

    @property
    def steady(self) -> float:
        """The same for a program that finds the other one at work, and leaves it so."""
        return 2 * self.one / self.beside


def gains_of(name: str, nsamples: int, budget: float) -> list[Gain]:
    """The lines of one coder, all of its work in turn for `budget` seconds."""
    tasks = works(name, nsamples)
    times: list[list[list[float]]] = [[[] for _ in range(KINDS)] for _ in tasks]  # of each work, as in `Gain`
    nrounds, end = 0, time.perf_counter() + budget
    with Companion(calls, name, nsamples) as companion:
        while nrounds < LEAST_ROUNDS or time.perf_counter() < end:
            for (number, (_, call)), kind in product(enumerate(tasks), range(KINDS)):
                turn = (kind + nrounds) % KINDS  # each follows each other one, which leaves the caches in its own way
                set_num_threads(2 if turn == 1 else 1)
                ways = (alone, alone, partial(companion.at_once, number), partial(companion.beside, number))
                times[number][turn].append(ways[turn](call))
            nrounds += 1
    set_num_threads(None)
    return [Gain(task.name, *map(lower_quartile, kinds)) for task, kinds in zip(tasks, times, strict=True)]


def gains(nsamples: int, budget: float) -> list[Gain]:
    """All lines for series of so many samples."""
    return [line for name in CODERS for line in gains_of(name, nsamples, budget / len(CODERS))]


def render(lines: list[Gain]) -> str:
    """The table; "below" marks what is under 1.8 and under nine tenths of its limit."""
    text = [f"{'milliseconds, threads':36} {'one':>8} {'two':>8} {'gain':>6} {'limit':>6} {'steady':>6}"]
    for line in lines:
        mark = "  below" if line.ratio < min(1.8, 0.9 * line.limit) else ""
        text.append(
            f"{line.name:36} {line.one * 1e3:8.2f} {line.two * 1e3:8.2f} {line.ratio:6.2f} {line.limit:6.2f} "
            f"{line.steady:6.2f}{mark}"
        )
    return "\n".join([*text, "limit: the gain of two programs that share nothing, in the same rounds",
                      "steady: the same where the other program goes on and on"])
