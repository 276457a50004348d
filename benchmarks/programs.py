"""`python -m benchmarks.programs`: what two programs gain that share nothing, each with one thread and its own series.

Two threads of one program cannot be expected to gain more. Where two cores of a machine are halves of one, wait for the
same memory, or are slow to wake up, even two programs slow each other down; this shows by how much, for each of the
Polycomp compressions. "At once": both programs begin from rest and make one call, as our threads do. "Beside": one call
while the other program goes on and on without rest, as no thread does that ends with its call.
"""

from __future__ import annotations

import multiprocessing
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from benchmarks.polycomp_series import CODERS, works
from rustfits_cffi.threads import set_num_threads

NSAMPLES = 4_000_000
ROUNDS = 40
ONCE, GO_ON = False, True


def main() -> None:
    """Measure alone, at once and beside, print all."""
    print(f"{'milliseconds, lower quartile':36}{'alone':>8}{'at once':>9}{'gain':>6}{'beside':>8}{'gain':>6}")
    set_num_threads(1)
    for name in CODERS:
        with Companion(name, NSAMPLES) as companion:
            for number, work in enumerate(works(name, NSAMPLES)):
                ways = (alone, partial(companion.at_once, number), partial(companion.beside, number))
                rounds = [[way(work.call) for way in ways] for _ in range(ROUNDS)]
                one, both, beside = map(lower_quartile, zip(*rounds, strict=True))
                print(f"{work.name:36}{one * 1e3:8.2f}{both * 1e3:9.2f}{2 * one / both:6.2f}"
                      f"{beside * 1e3:8.2f}{2 * one / beside:6.2f}")


def lower_quartile(times: Sequence[float]) -> float:
    """Of some times: not the luckiest, and not those that other programs on the machine disturbed."""
    return statistics.quantiles(times, n=4)[0]


def end_of(call: Callable[[], Any]) -> float:
    """When a call had ended, by a clock that all programs share; what it gave is let go of afterwards."""
    result = call()
    end = time.perf_counter()
    del result
    return end


def alone(call: Callable[[], Any]) -> float:
    """Seconds of one call that follows another one, which is not timed: it finds the caches as that left them."""
    call()
    begin = time.perf_counter()
    return end_of(call) - begin


class Companion:
    """Another program, which has made the same series and makes the same calls on one thread when it is told to."""

    def __init__(self, name: str, nsamples: int):
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=_accompany, args=(other, name, nsamples), daemon=True)
        self.process.start()
        other.close()
        self.pipe.recv()

    def __enter__(self) -> Companion:
        return self

    def __exit__(self, *error: object) -> None:
        self.pipe.close()
        self.process.join()

    def at_once(self, number: int, call: Callable[[], Any]) -> float:
        """Seconds until both programs have made one call, the other one that of its work `number`; see `alone`."""
        self._both_end(number, call)
        begin = time.perf_counter()
        return self._both_end(number, call) - begin

    def beside(self, number: int, call: Callable[[], Any]) -> float:
        """Seconds of one call while the other program repeats that of its work `number` without rest; see `alone`."""
        self.pipe.send((number, GO_ON))
        seconds = alone(call)
        self.pipe.send(None)
        self.pipe.recv()
        return seconds

    def _both_end(self, number: int, call: Callable[[], Any]) -> float:
        self.pipe.send((number, ONCE))
        return max(end_of(call), self.pipe.recv())


def _accompany(pipe: Connection, name: str, nsamples: int) -> None:
    """What the other program does: one call for each message, or as many as fit in before the next one, to the last."""
    set_num_threads(1)
    calls = [work.call for work in works(name, nsamples)]
    pipe.send(None)
    try:
        while True:
            number, goes_on = pipe.recv()
            end = end_of(calls[number])
            while goes_on and not pipe.poll():
                end = end_of(calls[number])
            if goes_on:
                pipe.recv()
            pipe.send(end)
    except EOFError:
        pass


if __name__ == "__main__":
    main()
