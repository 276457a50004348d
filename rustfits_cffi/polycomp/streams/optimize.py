"""Search for the number of coefficients and the chunk length that give the smallest polynomial stream."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from rustfits_cffi.polycomp.streams import polynomial
from rustfits_cffi.polycomp.streams.codecs import encode_with
from rustfits_cffi.polycomp.streams.encoded import Encoded
from rustfits_cffi.polycomp.streams.samples import native_samples, refuse_masked, whole_number
from rustfits_cffi.threads import lend, spread

__all__ = ["Optimization", "Point", "optimize", "parse_numbers"]


class Point(NamedTuple):
    """The result for one pair of parameters.

    Attributes
    ----------
    num_of_coefficients, samples_per_chunk : int
        The pair.
    nbytes : int
        Size of the stream in bytes.
    ratio : float
        Bytes of the samples divided by bytes of the stream.
    chunks, compressed_chunks, chebyshev_coefficients : int
        As in `Statistics`.
    seconds : float
        Time taken by encoding.
    """

    num_of_coefficients: int
    samples_per_chunk: int
    nbytes: int
    ratio: float
    chunks: int
    compressed_chunks: int
    chebyshev_coefficients: int
    seconds: float


@dataclass(frozen=True, eq=False)
class Optimization:
    """The best parameters, the stream that they give, and all results.

    Attributes
    ----------
    num_of_coefficients, samples_per_chunk : int
        Those of the smallest stream; of streams of equal size, the first one.
    encoded : Encoded
        That stream.
    points : list of Point
        The results for all pairs tried, in the order of the trials.
    """

    num_of_coefficients: int
    samples_per_chunk: int
    encoded: Encoded
    points: list[Point]

    def survey(self) -> dict[str, np.ndarray]:
        """The points as images, with a row per number of coefficients and a column per chunk length; 0 if not tried.

        Returns
        -------
        dict of str to ndarray
            NUMCOEFS, SMPPERCK, COMPRSIZ, CR, NUMCK, NUMCRCK, NCHEBYC, TIME: the images of a survey file.
        """
        rows = sorted({point.num_of_coefficients for point in self.points})
        columns = sorted({point.samples_per_chunk for point in self.points})
        names = ("NUMCOEFS", "SMPPERCK", "COMPRSIZ", "CR", "NUMCK", "NUMCRCK", "NCHEBYC", "TIME")
        kinds = (np.int64, np.int64, np.int64, np.float64, np.int64, np.int64, np.int64, np.float64)
        images = {name: np.zeros((len(rows), len(columns)), kind) for name, kind in zip(names, kinds, strict=True)}
        images["NUMCOEFS"][:] = np.array(rows)[:, None]
        images["SMPPERCK"][:] = np.array(columns)
        for point in self.points:
            at = rows.index(point.num_of_coefficients), columns.index(point.samples_per_chunk)
            for name, value in zip(names[2:], point[2:], strict=True):
                images[name][at] = value
        return images


def parse_numbers(text: str) -> list[int]:
    """Parse a set of numbers as in a configuration, and return it in ascending order without duplicates.

    Parameters
    ----------
    text : str
        Comma-separated ``n``, ``a-b``, ``a:b`` (both ends included) or ``a:step:b`` (b included if it is reached).

    Returns
    -------
    list of int

    Raises
    ------
    ValueError
        If an item is empty, has a sign or a decimal point, runs backwards, or has a step of 0.
    """
    numbers: set[int] = set()
    for item in text.split(","):
        parts = [part.strip() for part in item.replace("-", ":").split(":")]
        if not all(part.isascii() and part.isdigit() for part in parts) or len(parts) > (3 if "-" not in item else 2):
            raise ValueError(f"{item.strip()!r} in {text!r} is not a number, a range a-b, or a range a:step:b")
        first, last = int(parts[0]), int(parts[-1])
        step = int(parts[1]) if len(parts) == 3 else 1
        if last < first or step == 0:
            raise ValueError(f"the range {item.strip()!r} in {text!r} is empty")
        if (last - first) // step >= 65536:
            raise ValueError(f"the range {item.strip()!r} in {text!r} is too long")
        numbers.update(range(first, last + 1, step))
    return sorted(numbers)


def optimize(
    samples: Any,
    *,
    num_of_coefficients: int | str | Iterable[int],
    samples_per_chunk: int | str | Iterable[int],
    max_error: float,
    search: str = "grid",
    delta_coeffs: int = 1,
    delta_samples: int = 1,
    max_iterations: int = 0,
    **parameters: Any,
) -> Optimization:
    """Find the parameters of the smallest polynomial stream.

    Parameters
    ----------
    samples : array_like of float
        The series.
    num_of_coefficients, samples_per_chunk : int, iterable of int, or str
        Values to choose from; a string is parsed by `parse_numbers` (``"6-8"``, ``"40,60:20:100"``).
    max_error : float
        Error bound of the stream.
    search : {"grid", "local"}
        ``grid`` tries every pair, with coefficients in the outer loop, both ascending. ``local`` starts in the middle
        of both ranges and moves to the best neighbour until none is better: fewer trials, but the result may be worse,
        though never worse than the start.
    delta_coeffs, delta_samples : int, default 1
        ``local``: initial steps, in positions of the two sorted lists; halved when no neighbour is better.
    max_iterations : int, default 0
        ``local``: largest number of steps; 0 for no limit.
    **parameters
        Other parameters of the polynomial compression: `use_chebyshev`, `period`, `straighten`, `period_offset`.

    Returns
    -------
    Optimization
        Apart from the seconds, the same with any number of threads.

    Raises
    ------
    TypeError, ValueError
        If the arguments are wrong or a set is empty.
    """
    refuse_masked(samples)
    array = native_samples(samples, "polynomial", "f")
    coefficients = _choices(num_of_coefficients, "num_of_coefficients", polynomial.MAX_COEFFICIENTS)
    lengths = _choices(samples_per_chunk, "samples_per_chunk", polynomial.MAX_SAMPLES_PER_CHUNK)
    trials = _Trials(array, {"max_error": max_error, **parameters})
    if search == "grid":
        trials.run((p, n) for p in coefficients for n in lengths)
    elif search == "local":
        across = whole_number(delta_coeffs, "delta_coeffs", 1, polynomial.MAX_COEFFICIENTS)
        along = whole_number(delta_samples, "delta_samples", 1, polynomial.MAX_SAMPLES_PER_CHUNK)
        limit = whole_number(max_iterations, "max_iterations", 0, 2**31)
        _descend(trials, coefficients, lengths, (across, along), limit)
    else:
        raise ValueError(f"search must be 'grid' or 'local', not {search!r}")
    best = trials.best()
    settings = best.parameters
    return Optimization(settings["num_of_coefficients"], settings["samples_per_chunk"], best, trials.points)


def _choices(values: int | str | Iterable[int], name: str, most: int) -> list[int]:
    """The values to choose from, ascending, each checked."""
    if isinstance(values, str):
        values = parse_numbers(values)
    elif isinstance(values, bytes | bytearray):
        raise TypeError(f"{name} must be integers or str, not {type(values).__name__}")
    elif not isinstance(values, Iterable):
        values = [values]
    choices = sorted({whole_number(value, name, 1, most) for value in values})
    if not choices:
        raise ValueError(f"{name} has no values to choose from")
    return choices


class _Trials:
    """Encodes with each pair of parameters once, and keeps the smallest stream."""

    def __init__(self, samples: np.ndarray, parameters: dict[str, Any]):
        self.samples, self.parameters = samples, parameters
        self.points: list[Point] = []
        self.sizes: dict[tuple[int, int], int] = {}
        self.smallest: list[Encoded] = []  # the smallest stream so far; empty before the first trial

    def best(self) -> Encoded:
        """The smallest stream; of streams of equal size, the first one."""
        return self.smallest[0]

    def run(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Try the pairs not tried yet, several at once: with one thread each, none is idle at the end of a stream."""
        new = [pair for pair in dict.fromkeys(pairs) if pair not in self.sizes]
        with lend() as nthreads:
            self._run(new, nthreads)

    def _run(self, new: list[tuple[int, int]], nthreads: int) -> None:
        workers = min(nthreads, len(new))
        if workers <= 1:
            for pair in new:
                self._keep(pair, *self._encode(pair, nthreads))
            return
        for at in range(0, len(new), 4 * workers):  # in batches, so that few streams are in memory
            batch = new[at : at + 4 * workers]
            for pair, one in zip(batch, spread(lambda pair: self._encode(pair, 1), batch, workers), strict=True):
                self._keep(pair, *one)

    def _encode(self, pair: tuple[int, int], nthreads: int) -> tuple[Encoded, float]:
        begin = time.perf_counter()
        parameters = {**self.parameters, "num_of_coefficients": pair[0], "samples_per_chunk": pair[1]}
        encoded = encode_with(nthreads, self.samples, "polynomial", parameters)
        return encoded, time.perf_counter() - begin

    def _keep(self, pair: tuple[int, int], encoded: Encoded, seconds: float) -> None:
        made = encoded.statistics
        self.sizes[pair] = encoded.nbytes
        self.points.append(
            Point(
                *pair, encoded.nbytes, made.ratio, made.chunks, made.compressed_chunks, made.chebyshev_coefficients,
                seconds,
            )
        )  # fmt: skip
        if not self.smallest or encoded.nbytes < self.smallest[0].nbytes:
            self.smallest = [encoded]


def _descend(
    trials: _Trials, coefficients: list[int], lengths: list[int], steps: tuple[int, int], limit: int
) -> None:
    """Walk downhill on the grid of choices, to the best of eight neighbours; halve the steps when none is better."""
    here = (len(coefficients) - 1) // 2, (len(lengths) - 1) // 2
    across, along = steps

    def pair(point: tuple[int, int]) -> tuple[int, int]:
        return coefficients[point[0]], lengths[point[1]]

    trials.run([pair(here)])
    iteration = 0
    while not limit or iteration < limit:
        iteration += 1
        around = [(here[0] + i * across, here[1] + j * along) for i in (-1, 0, 1) for j in (-1, 0, 1)]
        around = [(i, j) for i, j in around if 0 <= i < len(coefficients) and 0 <= j < len(lengths)]
        trials.run(pair(point) for point in around)
        best = min(around, key=lambda point: trials.sizes[pair(point)])
        if trials.sizes[pair(best)] < trials.sizes[pair(here)]:
            here = best
        elif across == along == 1:
            break
        else:
            across, along = max(1, across // 2), max(1, along // 2)
