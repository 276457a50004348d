"""none: the samples as they are."""

from __future__ import annotations

from typing import Any

import numpy as np

from rustfits_cffi.polycomp.encoded import Coded
from rustfits_cffi.polycomp.errors import PolycompError
from rustfits_cffi.polycomp.samples import check_kind, elements_of

__all__ = ["decode", "encode"]


def encode(samples: Any, *, method: str, nthreads: int) -> Coded:
    """The samples themselves, rows of several values and text included."""
    array = np.asarray(samples)
    if array.ndim == 0:
        raise ValueError("none takes a series, not a single value")
    check_kind(array.dtype, method, "biufSU")
    array = np.ascontiguousarray(array, array.dtype.newbyteorder("="))
    return array, array.copy(), {"item_shape": array.shape[1:]} if array.ndim > 1 else {}, {}


def decode(
    payload: Any, *, method: str, dtype: np.dtype, count: int, start: int, stop: int, nthreads: int,
    item_shape: tuple[int, ...] = (),
) -> np.ndarray:  # fmt: skip
    """Samples start..stop-1, of their own type whatever column they were stored in."""
    array = elements_of(payload, dtype, method)
    if item_shape and array.ndim == 1:
        array = array.reshape(-1, *item_shape)
    if len(array) != count:
        raise PolycompError(f"{len(array)} samples instead of {count}", method=method)
    return array[start:stop].copy()
