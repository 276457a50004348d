"""rle and diffrle: runs of equal values, and of equal differences."""

from __future__ import annotations

from typing import Any

import numpy as np

from rustfits_cffi.native.polycomp import run_decode, run_encode
from rustfits_cffi.polycomp.streams.encoded import Coded
from rustfits_cffi.polycomp.streams.errors import PolycompError, stream_errors
from rustfits_cffi.polycomp.streams.samples import element_range, elements_of, native_samples, whole_number

__all__ = ["decode", "encode"]


def encode(samples: Any, *, method: str, nthreads: int, max_count: int | None = None) -> Coded:
    """Pairs count, value of the samples (rle), or the first sample and pairs of the differences (diffrle)."""
    array = native_samples(samples, method, "iu")
    # above the signed maximum the reference program takes a count for a negative number
    most = element_range(array.dtype)
    limit = 2 * most + 1 if array.dtype.kind == "u" else most
    max_count = most if max_count is None else whole_number(max_count, "max_count", 1, limit)
    payload = run_encode(array, diff=method == "diffrle", max_count=max_count, nthreads=nthreads)
    return array, payload, {"max_count": max_count}, {}


def decode(
    payload: Any, *, method: str, dtype: np.dtype, count: int, start: int, stop: int, nthreads: int,
    out: np.ndarray | None = None, max_count: int | None = None,
) -> np.ndarray:  # fmt: skip
    """Samples start..stop-1; `max_count` is not needed and not looked at."""
    if dtype.kind not in "iu":
        raise PolycompError(f"{method} streams hold integers, not {dtype}", method=method)
    elements, width = elements_of(payload, dtype, method)
    stream = elements.reshape(-1)
    with stream_errors(method, lambda offset: offset // dtype.itemsize * width):
        return run_decode(
            stream, diff=method == "diffrle", count=count, start=start, stop=stop, nthreads=nthreads, out=out
        )
