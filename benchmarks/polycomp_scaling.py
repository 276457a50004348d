"""What two threads gain in the Polycomp compressions, beside what the machine allows.

The machine's limit is measured, coder by coder, in the same rounds: two programs that share nothing do the same work at
once, from rest, each on one thread and with a series of its own (`benchmarks.companion`). Beside that stands what a
program gains that finds the other one at work, and leaves it so; and what two threads gain in arithmetic that takes one
thread as long (`benchmarks.arithmetic`), which shows how much of two cores the machine gives at all. All is timed in
turn, and the lower quartile is taken: a spell in which other programs run meets all of it.
"""

from __future__ import annotations

import time
from functools import partial
from itertools import product
from typing import NamedTuple

from benchmarks.arithmetic import Arithmetic
from benchmarks.companion import Companion, alone, lower_quartile
from benchmarks.polycomp_series import CODERS, calls, works
from rustfits_cffi.threads import set_num_threads

LEAST_ROUNDS = 5
KINDS = 6  # of times in a line


class Gain(NamedTuple):
    """A line of the table, in seconds: one call with one thread, with two, by each of two programs, beside another one;
    and arithmetic by one thread and by two."""

    name: str
    one: float
    two: float
    programs: float
    beside: float
    arithmetic_by_one: float
    arithmetic_by_two: float

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

    @property
    def arithmetic(self) -> float:
        """How many times faster two threads are in arithmetic that takes one as long."""
        return self.arithmetic_by_one / self.arithmetic_by_two


def gains_of(name: str, nsamples: int, budget: float) -> list[Gain]:
    """The lines of one coder, all of its work in turn for `budget` seconds."""
    tasks = works(name, nsamples)
    times: list[list[list[float]]] = [[[] for _ in range(KINDS)] for _ in tasks]  # of each work, as in `Gain`
    set_num_threads(1)
    arithmetics = [Arithmetic(min(alone(task.call) for _ in range(3))) for task in tasks]
    nrounds, end = 0, time.perf_counter() + budget
    with Companion(calls, name, nsamples) as companion:
        while nrounds < LEAST_ROUNDS or time.perf_counter() < end:
            for (number, (_, call)), kind in product(enumerate(tasks), range(KINDS)):
                turn = (kind + nrounds) % KINDS  # each follows each other one, which leaves the caches in its own way
                set_num_threads(2 if turn == 1 else 1)
                arithmetic = arithmetics[number]
                ways = (
                    partial(alone, call), partial(alone, call),
                    partial(companion.at_once, number, call), partial(companion.beside, number, call),
                    arithmetic.by_one, arithmetic.by_two,
                )  # fmt: skip
                times[number][turn].append(ways[turn]())
            nrounds += 1
    set_num_threads(None)
    return [Gain(task.name, *map(lower_quartile, kinds)) for task, kinds in zip(tasks, times, strict=True)]


def gains(nsamples: int, budget: float) -> list[Gain]:
    """All lines for series of so many samples."""
    return [line for name in CODERS for line in gains_of(name, nsamples, budget / len(CODERS))]


def render(lines: list[Gain]) -> str:
    """The table; "below" marks what is under 1.8 and under nine tenths of both limits."""
    text = [f"{'milliseconds, threads':36} {'one':>8} {'two':>8} {'gain':>6} {'limit':>6} {'steady':>6} {'arith.':>6}"]
    for line in lines:
        mark = "  below" if line.ratio < min(1.8, 0.9 * min(line.limit, line.arithmetic)) else ""
        text.append(
            f"{line.name:36} {line.one * 1e3:8.2f} {line.two * 1e3:8.2f} {line.ratio:6.2f} {line.limit:6.2f} "
            f"{line.steady:6.2f} {line.arithmetic:6.2f}{mark}"
        )
    return "\n".join([*text, "limit: the gain of two programs that share nothing, in the same rounds",
                      "steady: the same where the other program goes on and on",
                      "arith.: the gain of two threads in mere arithmetic that takes one thread as long"])
