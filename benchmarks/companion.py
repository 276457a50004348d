"""Another program that does the same work at the same time, on one thread, and shares nothing.

Two threads of one program cannot be expected to gain more than two such programs do. If two cores of a machine are
halves of one, wait for the same memory, or are slow to wake up, even two programs slow each other down.
"""

from __future__ import annotations

import multiprocessing
import statistics
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any

from rustfits_cffi.threads import set_num_threads

Call = Callable[[], Any]
ONCE, GO_ON = False, True


def lower_quartile(times: Sequence[float]) -> float:
    """Lower quartile of some times: neither the luckiest ones nor those disturbed by other programs."""
    return statistics.quantiles(times, n=4)[0] if len(times) > 1 else times[0]


def end_of(call: Call) -> float:
    """Time at which a call ended, by a clock that all programs share; its result is released afterwards."""
    result = call()
    end = time.perf_counter()
    del result
    return end


def seconds_of(call: Call) -> float:
    """Seconds of one call, without releasing its result."""
    begin = time.perf_counter()
    return end_of(call) - begin


def alone(call: Call) -> float:
    """Seconds of one call that follows an untimed one, and finds the caches as that left them."""
    call()
    return seconds_of(call)


class Companion:
    """The other program: it has the calls that `make_calls` returns, and makes one of them on request.

    `make_calls` is a function of a module, so that the other program can import it, and is called with `arguments`.
    """

    def __init__(self, make_calls: Callable[..., list[Call]], *arguments: object):
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=_accompany, args=(other, make_calls, *arguments), daemon=True)
        self.process.start()
        other.close()
        self.pipe.recv()

    def __enter__(self) -> Companion:
        return self

    def __exit__(self, *error: object) -> None:
        self.pipe.close()
        self.process.join()

    def at_once(self, number: int, call: Call) -> float:
        """Seconds until both programs have made one call, the other program the call with this number; see `alone`."""
        self._both_end(number, call)
        begin = time.perf_counter()
        return self._both_end(number, call) - begin

    def beside(self, number: int, call: Call) -> float:
        """Seconds of one call while the other program repeats the call with this number without rest; see `alone`."""
        self.pipe.send((number, GO_ON))
        seconds = alone(call)
        self.pipe.send(None)
        self.pipe.recv()
        return seconds

    def _both_end(self, number: int, call: Call) -> float:
        self.pipe.send((number, ONCE))
        return max(end_of(call), self.pipe.recv())


def _accompany(pipe: Connection, make_calls: Callable[..., list[Call]], *arguments: object) -> None:
    """Main loop of the other program: one call per message, or repeated calls until the next message."""
    set_num_threads(1)
    calls = make_calls(*arguments)
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
