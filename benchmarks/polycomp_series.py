"""The long series of the Polycomp benchmarks, and the work on each: encoding, decoding, decoding into reused memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from rustfits_cffi import polycomp

CHUNKS = {"num_of_coefficients": 8, "samples_per_chunk": 80, "max_error": 1e-6}
CLOCK_START, CLOCK_STEP = 106_245_312_874_464, 2016


class Work(NamedTuple):
    """One call to be timed."""

    name: str
    call: Callable[[], Any]


class Coder(NamedTuple):
    """A compression, its parameters, and the function that makes a series of a given length for it."""

    method: str
    parameters: dict[str, Any]
    make: Callable[[int], np.ndarray]


def pointing(nsamples: int) -> np.ndarray:
    """A smooth angle, with one turn in 1950 samples."""
    number = np.arange(nsamples)
    return 1.5 + 0.9 * np.sin(2 * np.pi * number / 1950) + 1e-3 * np.sin(2 * np.pi * number / 160_000)


def trembling(nsamples: int) -> np.ndarray:
    """The same angle with enough noise for every chunk to need Chebyshev coefficients."""
    return pointing(nsamples) + np.random.default_rng(1).normal(scale=0.8e-6, size=nsamples)


def noise(nsamples: int) -> np.ndarray:
    """Gaussian noise."""
    return np.random.default_rng(1).normal(size=nsamples)


def flags(nsamples: int) -> np.ndarray:
    """Zeros and ones in runs of up to 1500."""
    nruns = nsamples // 750 + 1
    runs = np.random.default_rng(1).integers(5, 1500, nruns)
    return np.resize(np.repeat(np.arange(nruns, dtype=np.int32) % 2, runs), nsamples)


def states(nsamples: int) -> np.ndarray:
    """Runs of little more than one sample."""
    return np.random.default_rng(1).integers(0, 3, nsamples, np.uint8)


def clock(nsamples: int) -> np.ndarray:
    """A clock that ticks evenly."""
    return CLOCK_START + CLOCK_STEP * np.arange(nsamples)


CODERS = {
    "polynomial, smooth": Coder("polynomial", CHUNKS, pointing),
    "polynomial, Chebyshev": Coder("polynomial", CHUNKS, trembling),
    "quantization, 12 bits": Coder("quantization", {"bits_per_sample": 12}, noise),
    "rle, short runs": Coder("rle", {}, states),
    "rle, flags i4": Coder("rle", {}, flags),
    "diffrle, clock": Coder("diffrle", {}, clock),
}


def works(name: str, nsamples: int) -> list[Work]:
    """The work to be timed for one of `CODERS`, with its series made and checked."""
    method, parameters, make = CODERS[name]
    samples = make(nsamples)
    coded = polycomp.encode(samples, method, **parameters)
    out = np.empty_like(samples)
    worst = np.abs(polycomp.decode(coded, out=out) - samples).max()
    assert worst <= coded.statistics.largest_error, f"{name}: an error of {worst}"
    return [
        Work(f"{name}: encode", lambda: polycomp.encode(samples, method, **parameters)),
        Work(f"{name}: decode", lambda: polycomp.decode(coded)),
        Work(f"{name}: decode, out=", lambda: polycomp.decode(coded, out=out)),
    ]


def calls(name: str, nsamples: int) -> list[Callable[[], Any]]:
    """The calls of `works`, without their names."""
    return [work.call for work in works(name, nsamples)]
