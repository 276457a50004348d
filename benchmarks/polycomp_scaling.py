"""The gain of two threads in the Polycomp compressions, next to what the machine allows.

The limit of the machine is measured for each coder in the same rounds: two programs that share nothing do the same work
at the same time, starting from rest, each on one thread with its own series (`benchmarks.companion`). Two more gains
are shown: that of a program that starts and ends while the other one is running, and that of two threads in arithmetic
that takes one thread the same time (`benchmarks.arithmetic`), which shows how much of two cores the machine provides.
Everything is timed in turn, and lower quartiles are used, so that other programs disturb all measurements equally.

The processor time of the calls shows where a gain is lost: whether both threads were running all the time, which
depends on us, and how much longer the cores took for the same work when both were running, which depends on the
machine.
"""

from __future__ import annotations

import time
from functools import partial
from itertools import product
from typing import NamedTuple

from benchmarks.arithmetic import Arithmetic
from benchmarks.companion import Call, Companion, alone, lower_quartile, seconds_of
from benchmarks.polycomp_series import CODERS, calls, works
from rustfits_cffi.threads import set_num_threads

WANTED = 1.8  # times faster than one thread
LEAST_ROUNDS = 5
KINDS = 6  # of times in a line


class Gain(NamedTuple):
    """A line of the table, in seconds: one call with one thread, with two, by each of two programs, and next to a
    running one; arithmetic by one thread and by two; the processor time of the calls with one thread and with two."""

    name: str
    one: float
    two: float
    programs: float
    beside: float
    arithmetic_by_one: float
    arithmetic_by_two: float
    processor_by_one: float
    processor_by_two: float

    @property
    def at_work(self) -> float:
        """The fraction of the time in which both threads were running: 1 without starts, waits and serial parts."""
        return self.processor_by_two / (2 * self.two)

    @property
    def slower(self) -> float:
        """How many times longer the cores took for the same work when both were running."""
        return self.processor_by_two / self.processor_by_one

    @property
    def ratio(self) -> float:
        """How many times faster two threads are."""
        return self.one / self.two

    @property
    def limit(self) -> float:
        """How many times as much two programs do as one."""
        return 2 * self.one / self.programs

    @property
    def steady(self) -> float:
        """The same for a program that starts and ends while the other one is running."""
        return 2 * self.one / self.beside

    @property
    def arithmetic(self) -> float:
        """How many times faster two threads are in arithmetic that takes one thread the same time."""
        return self.arithmetic_by_one / self.arithmetic_by_two


def alone_noting(call: Call, processor: list[float]) -> float:
    """As `alone`, and appends the processor time of the call, over all threads, to `processor`."""
    call()
    begin = time.process_time()
    seconds = seconds_of(call)
    processor.append(time.process_time() - begin)
    return seconds


def gains_of(name: str, nsamples: int, budget: float) -> list[Gain]:
    """The lines for one coder, with all of its work timed in turn for `budget` seconds."""
    tasks = works(name, nsamples)
    times: list[list[list[float]]] = [[[] for _ in range(KINDS + 2)] for _ in tasks]  # of each work, as in `Gain`
    set_num_threads(1)
    arithmetics = [Arithmetic(min(alone(task.call) for _ in range(3))) for task in tasks]
    nrounds, end = 0, time.perf_counter() + budget
    with Companion(calls, name, nsamples) as companion:
        while nrounds < LEAST_ROUNDS or time.perf_counter() < end:
            for (number, (_, call)), kind in product(enumerate(tasks), range(KINDS)):
                turn = (kind + nrounds) % KINDS  # each follows every other, which leaves the caches in its own state
                set_num_threads(2 if turn == 1 else 1)
                arithmetic = arithmetics[number]
                processor = times[number][KINDS + turn if turn < 2 else turn]
                ways = (
                    partial(alone_noting, call, processor), partial(alone_noting, call, processor),
                    partial(companion.at_once, number, call), partial(companion.beside, number, call),
                    arithmetic.by_one, arithmetic.by_two,
                )  # fmt: skip
                times[number][turn].append(ways[turn]())
            nrounds += 1
    set_num_threads(None)
    return [Gain(task.name, *map(lower_quartile, kinds)) for task, kinds in zip(tasks, times, strict=True)]


def gains(nsamples: int, budget: float) -> list[Gain]:
    """All lines, for series of `nsamples` samples."""
    return [line for name in CODERS for line in gains_of(name, nsamples, budget / len(CODERS))]


def render(lines: list[Gain]) -> str:
    """The table; "below" marks gains under the target, and says if the limits, less a tenth, are also under it."""
    names = "".join(f" {name:>7}" for name in ("gain", "limit", "steady", "arith.", "busy", "slower"))
    text = [f"{'milliseconds, threads':36} {'one':>8} {'two':>8}{names}"]
    for line in lines:
        mark = "" if line.ratio >= WANTED else "  below"
        if mark and line.ratio >= 0.9 * min(line.limit, line.arithmetic):
            mark += ", so are two programs"
        numbers = line.ratio, line.limit, line.steady, line.arithmetic, line.at_work, line.slower
        cells = "".join(f" {number:7.2f}" for number in numbers)
        text.append(f"{line.name:36} {line.one * 1e3:8.2f} {line.two * 1e3:8.2f}{cells}{mark}")
    return "\n".join([*text, "limit: the gain of two programs that share nothing, in the same rounds",
                      "steady: the same, but the other program runs without a pause",
                      "arith.: the gain of two threads in pure arithmetic that takes one thread the same time",
                      "busy: the fraction of the time in which both threads were running",
                      "slower: processor time of two threads over that of one, for the same work"])
