"""none: the samples unchanged."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rustfits_cffi.native.polycomp import Wanted
from rustfits_cffi.polycomp.streams.encoded import Coded, WantedUncounted
from rustfits_cffi.polycomp.streams.errors import PolycompError
from rustfits_cffi.polycomp.streams.samples import check_kind, elements_of, shape_of

__all__ = ["decode", "encode"]


def encode(samples: Any, *, method: str, nthreads: int) -> Coded:
    """The samples themselves, including rows of several values and text."""
    array = np.asarray(samples)
    if array.ndim == 0:
        raise ValueError("none takes a series, not a single value")
    check_kind(array.dtype, method, "biufSU")
    array = np.ascontiguousarray(array, array.dtype.newbyteorder("="))
    return array, array.copy(), {"item_shape": array.shape[1:]} if array.ndim > 1 else {}, {}


def decode(
    payload: Any, wanted: Wanted | WantedUncounted, /, *, method: str, nthreads: int, item_shape: tuple[int, ...] = ()
) -> np.ndarray:
    """The samples wanted, in their own type whatever the type of the column; rows of `item_shape`, or as stored.

    Without a number of samples, there are as many as the payload holds.
    """
    dtype = wanted.dtype
    array, width = elements_of(payload, dtype, method)
    item_shape = shape_of(0, item_shape or array.shape[1:], dtype, method)[1:]
    per_row = math.prod(item_shape)
    held = array.size // per_row if per_row > 0 else len(array)
    count = wanted.nsamples if isinstance(wanted, Wanted) else held
    shape = shape_of(count, item_shape, dtype, method)
    if array.size != count * per_row:
        reason = f"{array.size} values instead of {count * per_row}"
        raise PolycompError(reason, method=method, offset=min(array.size, count * per_row) * width)
    return array.reshape(shape)[wanted.start : wanted.stop].copy()
