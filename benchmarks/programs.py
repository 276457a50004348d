"""`python -m benchmarks.programs`: the gain of two programs that share nothing, each with one thread and a series.

This shows how much two programs slow each other down (`benchmarks.companion`) in each of the Polycomp compressions.
"At once": both programs start from rest and make one call, as our threads do. "Beside": one call while the other
program runs without a pause, unlike a thread that ends with its call.
"""

from __future__ import annotations

from functools import partial

from benchmarks.companion import Companion, alone, lower_quartile
from benchmarks.polycomp_series import CODERS, calls, works
from rustfits_cffi.threads import set_num_threads

NSAMPLES = 4_000_000
ROUNDS = 40


def main() -> None:
    """Measure alone, at once and beside, and print the results."""
    print(f"{'milliseconds, lower quartile':36}{'alone':>8}{'at once':>9}{'gain':>6}{'beside':>8}{'gain':>6}")
    set_num_threads(1)
    for name in CODERS:
        with Companion(calls, name, NSAMPLES) as companion:
            for number, work in enumerate(works(name, NSAMPLES)):
                ways = (alone, partial(companion.at_once, number), partial(companion.beside, number))
                rounds = [[way(work.call) for way in ways] for _ in range(ROUNDS)]
                one, both, beside = map(lower_quartile, zip(*rounds, strict=True))
                print(f"{work.name:36}{one * 1e3:8.2f}{both * 1e3:9.2f}{2 * one / both:6.2f}"
                      f"{beside * 1e3:8.2f}{2 * one / beside:6.2f}")


if __name__ == "__main__":
    main()
