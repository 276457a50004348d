"""What two threads gain in the Polycomp compressions, beside what the machine allows.

The machine's limit is measured, coder by coder, in the same rounds: two programs that share nothing do the same work at
once, from rest, each on one thread and with a series of its own (`benchmarks.companion`). Beside that stands what a
program gains that finds the other one at work, and leaves it so; and what two threads gain in arithmetic that takes one
thread as long (`benchmarks.arithmetic`), which shows how much of two cores the machine gives at all. All is timed in
turn, and the lower quartile is taken: a spell in which other programs run meets all of it.

What is lost is told apart by the processor time of the calls: whether the two threads were at work all the time, which
is our affair, and how much longer the cores took for the same work when both were at it, which is the machine's.
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
    """A line of the table, in seconds: one call with one thread, with two, by each of two programs, beside another one;
    arithmetic by one thread and by two; and the processor time of the calls with one thread and with two."""

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
        """The part of the time that two threads were at work, both together: 1 without starts, waits, serial parts."""
        return self.processor_by_two / (2 * self.two)

    @property
    def slower(self) -> float:
        """How many times longer the cores took for the same work when both were at it."""
        return self.processor_by_two / self.processor_by_one

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


def alone_noting(call: Call, processor: list[float]) -> float:
    """As `alone`; the processor time of the call, by all threads, is added to `processor`."""
    call()
    begin = time.process_time()
    seconds = seconds_of(call)
    processor.append(time.process_time() - begin)
    return seconds


def gains_of(name: str, nsamples: int, budget: float) -> list[Gain]:
    """The lines of one coder, all of its work in turn for `budget` seconds."""
    tasks = works(name, nsamples)
    times: list[list[list[float]]] = [[[] for _ in range(KINDS + 2)] for _ in tasks]  # of each work, as in `Gain`
    set_num_threads(1)
    arithmetics = [Arithmetic(min(alone(task.call) for _ in range(3))) for task in tasks]
    nrounds, end = 0, time.perf_counter() + budget
    with Companion(calls, name, nsamples) as companion:
        while nrounds < LEAST_ROUNDS or time.perf_counter() < end:
            for (number, (_, call)), kind in product(enumerate(tasks), range(KINDS)):
                turn = (kind + nrounds) % KINDS  # each follows each other one, which leaves the caches in its own way
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
    """All lines for series of so many samples."""
    return [line for name in CODERS for line in gains_of(name, nsamples, budget / len(CODERS))]


def render(lines: list[Gain]) -> str:
    """The table; "below" marks what gains less than wanted, and tells where the limits, less a tenth, do not either."""
    names = "".join(f" {name:>7}" for name in ("gain", "limit", "steady", "arith.", "at work", "slower"))
    text = [f"{'milliseconds, threads':36} {'one':>8} {'two':>8}{names}"]
    for line in lines:
        mark = "" if line.ratio >= WANTED else "  below"
        if mark and line.ratio >= 0.9 * min(line.limit, line.arithmetic):
            mark += ", so are two programs"
        numbers = line.ratio, line.limit, line.steady, line.arithmetic, line.at_work, line.slower
        told = "".join(f" {number:7.2f}" for number in numbers)
        text.append(f"{line.name:36} {line.one * 1e3:8.2f} {line.two * 1e3:8.2f}{told}{mark}")
    return "\n".join([*text, "limit: the gain of two programs that share nothing, in the same rounds",
                      "steady: the same where the other program goes on and on",
                      "arith.: the gain of two threads in mere arithmetic that takes one thread as long",
                      "at work: the part of the time that two threads were at work, both together",
                      "slower: processor time of two threads over that of one, for the same work"])
