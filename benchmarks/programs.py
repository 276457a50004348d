"""`python -m benchmarks.programs`: what two programs gain that share nothing, each with one thread and its own series.

Two threads of one program cannot be expected to gain more. Where two cores of a machine are halves of one, or wait for
the same memory, even two programs slow each other down; this shows by how much, for each of the Polycomp compressions.
"""

from __future__ import annotations

import multiprocessing
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from rustfits_cffi import polycomp
from rustfits_cffi.threads import set_num_threads

NSAMPLES = 2 << 20
SECONDS = 0.5
ROUNDS = 6
SMOOTH = {"num_of_coefficients": 8, "samples_per_chunk": 80, "max_error": 1e-6}
METHODS: dict[str, tuple[str, dict[str, Any]]] = {
    "polynomial, smooth": ("polynomial", SMOOTH),
    "quantization, 12 bits": ("quantization", {"bits_per_sample": 12}),
}


def main() -> None:
    """Measure alone and at once, print both."""
    print(f"{'milliseconds, lower quartile':36}{'alone':>8}{'at once':>9}{'gain':>6}")
    for name, (method, parameters) in METHODS.items():
        for action in ("encode", "decode"):
            # in turn, and the best round of each: other programs on the machine disturb single rounds
            rounds = [[at_once(n, method, parameters, action) for n in (1, 2)] for _ in range(ROUNDS)]
            alone, together = map(min, zip(*rounds, strict=True))
            print(f"{f'{name}: {action}':36}{alone * 1e3:8.2f}{together * 1e3:9.2f}{2 * alone / together:6.2f}")


def at_once(nprograms: int, method: str, parameters: dict[str, Any], action: str) -> float:
    """Seconds of one call while so many programs make the same calls."""
    context = multiprocessing.get_context("spawn")
    begin, answers = context.Barrier(nprograms), context.Queue()
    programs = [context.Process(target=repeat, args=(method, parameters, action, begin, answers))
                for _ in range(nprograms)]
    for program in programs:
        program.start()
    times = [answers.get() for _ in programs]
    for program in programs:
        program.join()
    return statistics.mean(times)


def repeat(method: str, parameters: dict[str, Any], action: str, begin: Any, answers: Any) -> None:
    """What one program does."""
    set_num_threads(1)
    call = prepared(method, parameters, action)
    call()
    begin.wait()
    end, times = time.perf_counter() + SECONDS, []
    while time.perf_counter() < end:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    answers.put(statistics.quantiles(times, n=4)[0])


def prepared(method: str, parameters: dict[str, Any], action: str) -> Callable[[], object]:
    """One call, with its series made; restored samples go into memory that is kept."""
    samples = np.sin(np.arange(NSAMPLES) / 500.0)
    if action == "encode":
        return lambda: polycomp.encode(samples, method, **parameters)
    coded, out = polycomp.encode(samples, method, **parameters), np.empty_like(samples)
    return lambda: polycomp.decode(coded, out=out)


if __name__ == "__main__":
    main()
