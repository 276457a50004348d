"""Speed of the Polycomp compressions against the reference library: ``python -m benchmarks.polycomp``.

The figures of the reference are recorded (libpolycomp 1.0 through its C interface, one core of a two-core x86-64
machine); ours are measured now, through the public functions, including allocation. Every result is checked before it
is timed. A second table shows the gain of two threads next to what the machine allows in the same run
(`benchmarks.polycomp_scaling`); ``--quick`` uses fewer samples and repeats; ``--json`` prints both as JSON.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from benchmarks.polycomp_scaling import gains, render
from benchmarks.polycomp_series import CHUNKS, clock, noise, pointing, trembling
from rustfits_cffi import polycomp
from rustfits_cffi.threads import set_num_threads


class Case(NamedTuple):
    """A workload, with the speed of the reference and the ratio to reach, for encoding and decoding."""

    name: str
    samples: np.ndarray
    method: str
    parameters: dict[str, Any]
    reference: tuple[float | None, float | None]  # million samples a second
    target: tuple[float | None, float | None]


class Row(NamedTuple):
    """One line of the table; speeds in million samples a second."""

    what: str
    ours: float
    reference: float
    ratio: float
    target: float

    @property
    def reached(self) -> bool:
        """Whether the ratio is at least the target."""
        return self.ratio >= self.target


def cases(nsamples: int) -> Iterator[Case]:
    """The workloads, largest first."""
    smooth, rough = pointing(nsamples), trembling(nsamples)
    yield Case("polynomial, smooth", smooth, "polynomial", CHUNKS, (2.6, 343), (60, 3))
    yield Case("polynomial, Chebyshev in every chunk", rough, "polynomial", CHUNKS, (0.93, 33), (25, 3.5))
    long = {**CHUNKS, "samples_per_chunk": 1000}
    yield Case("polynomial, chunks of 1000", rough[: nsamples // 4], "polynomial", long, (0.07, None), (50, None))
    yield Case("quantization, 12 bits", noise(nsamples), "quantization", {"bits_per_sample": 12}, (6.2, 139), (50, 2))
    rng = np.random.default_rng(1)
    flags = np.zeros(10**6, np.uint8)
    for begin in range(0, flags.size, 1500):
        flags[begin : begin + rng.integers(5, 300)] = 1
    yield Case("rle, flags", flags, "rle", {}, (2400, 22_000), (1, 1))
    yield Case("diffrle, clock", clock(10**6), "diffrle", {}, (1000, 3200), (1, 1))


def fastest(call: Callable[[], Any], repeats: int) -> float:
    """Processor seconds of the fastest of several calls, which excludes the time taken by other programs."""
    best = float("inf")
    for _ in range(repeats):
        begin = time.process_time()
        call()
        best = min(best, time.process_time() - begin)
    return best


def check(case: Case, coded: polycomp.Encoded) -> None:
    """Raise if a result is wrong, so that it is not timed."""
    decoded = polycomp.decode(coded)
    error = np.abs(decoded - case.samples).max() if case.samples.dtype.kind == "f" else np.any(decoded != case.samples)
    assert error <= coded.statistics.largest_error, case.name
    if "Chebyshev" in case.name:
        made = coded.statistics
        assert all(chunk.cheby.size for chunk in polycomp.chunks(coded)[:1000]), "chunks without coefficients"
        assert made.compressed_chunks == made.chunks


def run(nsamples: int, repeats: int) -> list[Row]:
    """Measure all cases with one thread."""
    rows = []
    set_num_threads(1)
    for case in cases(nsamples):
        coded = polycomp.encode(case.samples, case.method, **case.parameters)
        check(case, coded)
        calls = (
            ("encode", lambda c=case: polycomp.encode(c.samples, c.method, **c.parameters)),
            ("decode", lambda e=coded: polycomp.decode(e)),
        )
        for (verb, call), reference, target in zip(calls, case.reference, case.target, strict=True):
            if reference is None or target is None:
                continue
            speed = case.samples.size / fastest(call, repeats) / 1e6
            rows.append(Row(f"{case.name}: {verb}", speed, reference, speed / reference, target))
    set_num_threads(None)
    return rows


def main(arguments: list[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.polycomp", description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer samples and repeats")
    parser.add_argument("--json", action="store_true", help="rows as JSON")
    parser.add_argument("--samples", type=int, default=4_000_000, help="of the series that two threads share")
    parser.add_argument("--only", choices=["speed", "threads"], help="one of the two tables")
    options = parser.parse_args(arguments)
    rows, lines = [], []
    if options.only != "threads":
        rows = run(2_000_000, 3) if options.quick else run(4_000_000, 9)
    if options.only != "speed":
        lines = gains(options.samples, 6 if options.quick else 60)
    if options.json:
        speed = [row._asdict() | {"reached": row.reached} for row in rows]
        print(json.dumps({"speed": speed, "threads": [line._asdict() for line in lines]}, indent=1))
        return
    if rows:
        print(f"{'million samples a second':58} {'ours':>9} {'reference':>9} {'ratio':>7} {'target':>7}")
    for row in rows:
        mark = "" if row.reached else "  below"
        print(f"{row.what:58} {row.ours:9.4g} {row.reference:9.4g} {row.ratio:7.2f} {row.target:7.1f}{mark}")
    if lines:
        print(render(lines))


if __name__ == "__main__":
    main()
