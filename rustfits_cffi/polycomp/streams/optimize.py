"""Which number of coefficients and which chunk length give the smallest polynomial stream."""

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
    """What one pair of parameters gave.

    Attributes
    ----------
    num_of_coefficients, samples_per_chunk : int
        The pair.
    nbytes : int
        Size of the stream.
    ratio : float
        Bytes of the samples by bytes of the stream.
    chunks, compressed_chunks, chebyshev_coefficients : int
        As in `Statistics`.
    seconds : float
        Time that coding took.
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
    """The best parameters, the stream they give, and all that was tried.

    Attributes
    ----------
    num_of_coefficients, samples_per_chunk : int
        Of the smallest stream; of equal ones the first met.
    encoded : Encoded
        That stream.
    points : list of Point
        Everything tried, in the order of trying.
    """

    num_of_coefficients: int
    samples_per_chunk: int
    encoded: Encoded
    points: list[Point]

    def survey(self) -> dict[str, np.ndarray]:
        """The points as images, rows by coefficients, columns by chunk length; what was not tried is 0.

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
    """The numbers that a configuration's set names, ascending and without doubles.

    Parameters
    ----------
    text : str
        Comma-separated ``n``, ``a-b``, ``a:b`` (both ends included) or ``a:step:b`` (b included when met).

    Returns
    -------
    list of int

    Raises
    ------
    ValueError
        If an item is empty, has a sign or a point, runs backwards, or steps by 0.
    """
    numbers: set[int] = set()
    for item in text.split(","):
        parts = [part.strip() for part in item.replace("-", ":").split(":")]
        if not all(part.isascii() and part.isdigit() for part in parts) or len(parts) > (3 if "-" not in item else 2):
            raise ValueError(f"{item.strip()!r} in {text!r} is not a number, a range a-b, or a range a:step:b")
        first, last = int(parts[0]), int(parts[-1])
        step = int(parts[1]) if len(parts) == 3 else 1
        if last < first or step == 0:
            raise ValueError(f"the range {item.strip()!r} in {text!r} holds nothing")
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
        Values to choose from; a string as in a configuration (``"6-8"``, ``"40,60:20:100"``).
    max_error : float
        Bound of the stream.
    search : {"grid", "local"}
        ``grid`` tries every pair, coefficients in the outer loop, both ascending. ``local`` starts in the middle of
        both ranges and goes to the best neighbour until there is none: fewer trials, and possibly a worse result,
        never worse than its start.
    delta_coeffs, delta_samples : int, default 1
        ``local``: its first steps, in places of the two lists; halved when no neighbour is better.
    max_iterations : int, default 0
        ``local``: steps at most; 0 is no limit.
    **parameters
        Of the polynomial compression: `use_chebyshev`, `period`, `straighten`, `period_offset`.

    Returns
    -------
    Optimization
        The same whatever the number of threads, but for the seconds.

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
    """Encodes with pairs of parameters, each pair once, and keeps the smallest stream."""

    def __init__(self, samples: np.ndarray, parameters: dict[str, Any]):
        self.samples, self.parameters = samples, parameters
        self.points: list[Point] = []
        self.sizes: dict[tuple[int, int], int] = {}
        self.smallest: list[Encoded] = []  # one, once there is any

    def best(self) -> Encoded:
        """The smallest stream; of equal ones the first."""
        return self.smallest[0]

    def run(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Try the pairs not tried yet, several at once: one thread each wastes nothing at a stream's end."""
        new = [pair for pair in dict.fromkeys(pairs) if pair not in self.sizes]
        with lend() as nthreads:
            self._run(new, nthreads)

    def _run(self, new: list[tuple[int, int]], nthreads: int) -> None:
        workers = min(nthreads, len(new))
        if workers <= 1:
            for pair in new:
                self._keep(pair, *self._encode(pair, nthreads))
            return
        for at in range(0, len(new), 4 * workers):  # in batches, so that few streams wait in memory
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
    """Walk downhill on the grid of choices: the best of eight neighbours, steps halved when none is better."""
    here = (len(coefficients) - 1) // 2, (len(lengths) - 1) // 2
    across, along = steps

    def pair(place: tuple[int, int]) -> tuple[int, int]:
        return coefficients[place[0]], lengths[place[1]]

    trials.run([pair(here)])
    iteration = 0
    while not limit or iteration < limit:
        iteration += 1
        around = [(here[0] + i * across, here[1] + j * along) for i in (-1, 0, 1) for j in (-1, 0, 1)]
        around = [(i, j) for i, j in around if 0 <= i < len(coefficients) and 0 <= j < len(lengths)]
        trials.run(pair(place) for place in around)
        best = min(around, key=lambda place: trials.sizes[pair(place)])
        if trials.sizes[pair(best)] < trials.sizes[pair(here)]:
            here = best
        elif across == along == 1:
            break
        else:
            across, along = max(1, across // 2), max(1, along // 2)
