"""polynomial: chunks coded as a least squares polynomial and some Chebyshev coefficients, within an error bound."""

from __future__ import annotations

import bisect
import functools
import logging
import math
from typing import Any

import numpy as np

from rustfits_cffi.native.polycomp import (
    ChunkSettings,
    Wanted,
    poly_decode,
    poly_decode_whole,
    poly_encode,
    poly_scan,
)
from rustfits_cffi.polycomp.streams.encoded import Coded, WantedUncounted
from rustfits_cffi.polycomp.streams.errors import PolycompError, stream_errors, warn
from rustfits_cffi.polycomp.streams.samples import bytes_of, flag, native_samples, real_number, whole_number

__all__ = ["branch_of", "check_type", "decode", "encode", "scan"]

MAX_SAMPLES_PER_CHUNK = 65535
MAX_COEFFICIENTS = 255

_MAX_TRUSTED_RATIO = 64  # most memory allocated before a stream is checked, as a multiple of its size

_log = logging.getLogger("rustfits_cffi.polycomp")


@functools.cache
def _say_that_period_does_nothing() -> None:
    """Log it only once, because every stream of a long configuration would repeat it."""
    _log.warning("`period` has no effect, as in the reference program; `straighten=True` unwraps the angles")


def encode(
    samples: Any, *, method: str, nthreads: int, num_of_coefficients: int, samples_per_chunk: int, max_error: float,
    use_chebyshev: bool = True, period: float | None = None, straighten: bool = False,
    period_offset: float | None = None,
) -> Coded:  # fmt: skip
    """The stream of the samples, each of which decodes with an error of at most `max_error`."""
    array = native_samples(samples, method, "f")
    settings: dict[str, Any] = {
        "num_of_coefficients": whole_number(num_of_coefficients, "num_of_coefficients", 1, MAX_COEFFICIENTS),
        "samples_per_chunk": whole_number(samples_per_chunk, "samples_per_chunk", 1, MAX_SAMPLES_PER_CHUNK),
        "max_error": real_number(max_error, "max_error"),
        "use_chebyshev": flag(use_chebyshev, "use_chebyshev"),
    }
    if not settings["max_error"] >= 0:
        raise ValueError(f"max_error must be 0 or more, not {max_error}")
    with np.errstate(invalid="ignore"):  # signalling NaNs become quiet ones
        doubles = array.astype(np.float64, copy=False)
    period = _period(period)
    if period_offset is not None:
        period_offset = _offset(period_offset)
    if flag(straighten, "straighten"):
        settings |= _straightened(doubles, period, period_offset)
    elif period:
        _say_that_period_does_nothing()
    chunk_settings = ChunkSettings(
        spc=settings["samples_per_chunk"], npoly=settings["num_of_coefficients"], max_error=settings["max_error"],
        chebyshev=settings["use_chebyshev"], narrow=array.dtype == np.float32, period=settings.get("period", 0.0),
        period_offset=settings.get("period_offset", 0.0),
    )  # fmt: skip
    payload, found = poly_encode(doubles, chunk_settings, nthreads=nthreads)
    return array, payload, settings, found


def _period(period: Any) -> float:
    """`period` as a number; 0 if there is none."""
    number = 0.0 if period is None else real_number(period, "period")
    if not (number >= 0 and math.isfinite(number)):
        raise ValueError(f"period must be a positive number, not {period}")
    return number


def branch_of(
    *, period: Any = None, straighten: bool | None = None, period_offset: Any = None, **others: Any
) -> dict[str, float]:
    """The branch of the angles that a stream's description states, as period and lower end; period 0 if none.

    An offset means that angles were straightened, unless `straighten` says that they were not. Other settings of the
    encoder are accepted and ignored.
    """
    unknown = set(others) - {"num_of_coefficients", "samples_per_chunk", "max_error", "use_chebyshev"}
    if unknown:
        raise TypeError(f"polynomial streams have no parameter {sorted(unknown)}")
    try:
        period, offset = _period(period), _offset(0.0 if period_offset is None else period_offset)
        straighten = period_offset is not None if straighten is None else flag(straighten, "straighten")
        if straighten and not period:
            raise ValueError("straighten=True needs a positive `period`")
    except ValueError as error:
        raise PolycompError(str(error), method="polynomial") from None
    return {"period": period if straighten else 0.0, "period_offset": offset}


def _offset(offset: Any) -> float:
    """`offset`, the lower end of a branch, as a number."""
    number = real_number(offset, "period_offset")
    if not math.isfinite(number):
        raise ValueError(f"period_offset must be a finite number, not {offset}")
    return number


def _straightened(samples: np.ndarray, period: float, offset: float | None) -> dict[str, Any]:
    """Settings for straightened angles: the period, and a branch that contains the samples."""
    if not period:
        raise ValueError("straighten=True needs a positive `period`")
    if offset is None:
        finite = samples[np.isfinite(samples)]
        low, high = (finite.min(), finite.max()) if finite.size else (0.0, 0.0)
        natural = [low_end for low_end in (0.0, -period / 2) if low_end <= low and high < low_end + period]
        offset = natural[0] if natural else float(low)
    return {"period": period, "straighten": True, "period_offset": offset}


def check_type(dtype: np.dtype) -> None:
    """Raise if a stream cannot hold samples of this type."""
    if dtype.kind != "f":
        raise PolycompError(f"polynomial streams hold float32 or float64, not {dtype}", method="polynomial")


def scan(payload: Any) -> tuple[np.ndarray, np.ndarray, int, int]:
    """Bytes, chunks, number of samples and size of a stream, all of it checked."""
    stream = bytes_of(payload, "polynomial")
    with stream_errors("polynomial"):
        chunks, nsamples, used = poly_scan(stream)
    _warn_of_rest(stream.size - used)
    return stream, chunks, nsamples, used


def _warn_of_rest(rest: int) -> None:
    if rest:
        warn(f"{rest} bytes follow the last chunk of a polynomial stream")


def decode(
    payload: Any, wanted: Wanted | WantedUncounted, /, *, method: str, nthreads: int, **settings: Any
) -> np.ndarray:
    """The samples wanted; decodes only their chunks, and uses `wanted.out` only if the whole series is wanted."""
    check_type(wanted.dtype)
    branch: dict[str, Any] = {**branch_of(**settings), "nthreads": nthreads}
    if isinstance(wanted, Wanted) and (wanted.start, wanted.stop) == (0, wanted.nsamples):
        samples = _decode_whole(payload, wanted, branch)
        if samples is not None:
            return samples
    stream, chunks, nsamples, end = scan(payload)
    if isinstance(wanted, Wanted) and nsamples != wanted.nsamples:
        raise _wrong_total(chunks, nsamples, wanted.nsamples, end)
    start, stop, _ = slice(wanted.start, wanted.stop).indices(nsamples)
    if start >= stop:
        return np.empty(0, wanted.dtype)
    first = chunks["first"]
    touched = chunks[bisect.bisect_right(first, start) - 1 : bisect.bisect_left(first, stop)]
    offset = int(touched[0]["first"])
    samples = poly_decode(stream, touched, wanted.dtype, **branch)
    return samples[start - offset : stop - offset]


def _wrong_total(chunks: np.ndarray, nsamples: int, count: int, end: int) -> PolycompError:
    """The error for a stream with another number of samples; it names the excess chunk, or the missing one."""
    reason = f"the chunks hold {nsamples} samples instead of {count}"
    if nsamples < count:
        return PolycompError(reason, method="polynomial", offset=end, chunk=chunks.size)
    number = int(np.searchsorted(chunks["first"] + chunks["nsamples"], count, "right"))
    return PolycompError(reason, method="polynomial", offset=int(chunks["offset"][number]), chunk=number)


def _decode_whole(payload: Any, wanted: Wanted, branch: dict[str, Any]) -> np.ndarray | None:
    """All samples, scanned while they are decoded; None if something is wrong, which `scan` then reports."""
    stream = bytes_of(payload, "polynomial")
    if wanted.out is None and wanted.nsamples * wanted.dtype.itemsize > _MAX_TRUSTED_RATIO * stream.size:
        return None
    found = poly_decode_whole(stream, wanted, **branch)
    if found is None:
        return None
    samples, used = found
    _warn_of_rest(stream.size - used)
    return samples
