"""`python -m benchmarks.programs`: what two programs gain that share nothing, each with one thread and its own series.

It shows by how much two programs slow each other down (`benchmarks.companion`), for each of the Polycomp compressions.
"At once": both programs begin from rest and make one call, as our threads do. "Beside": one call while the other
program goes on and on without rest, as no thread does that ends with its call.
"""

from __future__ import annotations

from functools import partial

from benchmarks.companion import Companion, alone, lower_quartile
from benchmarks.polycomp_series import CODERS, calls, works
from rustfits_cffi.threads import set_num_threads

NSAMPLES = 4_000_000
ROUNDS = 40


def main() -> None:
    """Measure alone, at once and beside, print all."""
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
