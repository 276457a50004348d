"""rle and diffrle: runs of equal values, and of equal differences."""

from __future__ import annotations

from typing import Any

import numpy as np

from rustfits_cffi.native.polycomp import Wanted, run_decode, run_encode
from rustfits_cffi.polycomp.streams.encoded import Coded
from rustfits_cffi.polycomp.streams.errors import PolycompError, stream_errors
from rustfits_cffi.polycomp.streams.samples import element_range, elements_of, native_samples, whole_number

__all__ = ["decode", "encode"]


def encode(samples: Any, *, method: str, nthreads: int, max_count: int | None = None) -> Coded:
    """Pairs of count and value (rle), or the first sample and such pairs for the differences (diffrle)."""
    array = native_samples(samples, method, "iu")
    # the reference program takes a count above the signed maximum for a negative number
    most = element_range(array.dtype)
    limit = 2 * most + 1 if array.dtype.kind == "u" else most
    max_count = most if max_count is None else whole_number(max_count, "max_count", 1, limit)
    payload = run_encode(array, diff=method == "diffrle", max_count=max_count, nthreads=nthreads)
    return array, payload, {"max_count": max_count}, {}


def decode(payload: Any, wanted: Wanted, /, *, method: str, nthreads: int, max_count: int | None = None) -> np.ndarray:
    """The samples wanted; `max_count` is ignored, because decoding does not need it."""
    dtype = wanted.dtype
    if dtype.kind not in "iu":
        raise PolycompError(f"{method} streams hold integers, not {dtype}", method=method)
    elements, width = elements_of(payload, dtype, method)
    stream = elements.reshape(-1)
    with stream_errors(method, lambda offset: offset // dtype.itemsize * width):
        return run_decode(stream, wanted, diff=method == "diffrle", nthreads=nthreads)
