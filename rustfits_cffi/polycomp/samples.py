"""Types of samples, and arrays in the form that the codecs take: one home for what may go in and come out."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from rustfits_cffi.polycomp.errors import PolycompError

__all__ = ["bytes_of", "element_range", "native_samples", "require_result", "sample_type", "whole_number"]

_NUMBERS = {f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)} | {"float32", "float64"}
_MAX_TEXT = 65536  # characters in one string sample: what a stream claims must not decide how much memory is taken


def sample_type(name: Any) -> np.dtype:
    """The type of samples that a stream's description names (``PCSRCTP``).

    Parameters
    ----------
    name : str or dtype
        ``int8`` to ``uint64``, ``float32``, ``float64``, ``bool``, or a string type such as ``<U6`` or ``|S8``.

    Returns
    -------
    numpy.dtype
        In the machine's byte order.

    Raises
    ------
    PolycompError
        If it is anything else.
    """
    try:
        dtype = np.dtype(name).newbyteorder("=")
    except (TypeError, ValueError, SyntaxError):
        raise PolycompError(f"{name!r} is not a type of samples") from None
    is_text = dtype.kind in "SU" and 0 < dtype.itemsize <= 4 * _MAX_TEXT
    if dtype.name not in _NUMBERS and dtype != np.bool_ and not is_text:
        raise PolycompError(f"{name!r} is not a type of samples that Polycomp streams hold")
    return dtype


def native_samples(samples: Any, method: str, kinds: str) -> np.ndarray:
    """`samples` as a contiguous one-dimensional array in the machine's byte order, of one of the dtype `kinds`."""
    array = np.asarray(samples)
    if array.ndim != 1:
        raise ValueError(f"{method} takes a one-dimensional series, not an array of shape {array.shape}")
    check_kind(array.dtype, method, kinds)
    return np.ascontiguousarray(array, array.dtype.newbyteorder("="))


def check_kind(dtype: np.dtype, method: str, kinds: str) -> None:
    """Refuse a type that `method` cannot code."""
    words = {"iu": "integers", "f": "float32 or float64"}
    if dtype.kind not in kinds or (dtype.kind in "iuf" and dtype.name not in _NUMBERS):
        raise TypeError(f"{method} takes {words.get(kinds, 'numbers, logicals or text')}, not {dtype}; cast them first")


def element_range(dtype: np.dtype) -> int:
    """The largest run length that every reader of `dtype` understands: that of the signed type of its size."""
    return 2 ** (8 * dtype.itemsize - 1) - 1


def whole_number(value: Any, name: str, least: int, most: int) -> int:
    """`value` as an int within its limits."""
    if isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be an integer, not {value!r}")
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, not {value!r}") from None
    if not least <= number <= most:
        raise ValueError(f"{name} must be from {least} to {most}, not {number}")
    return number


def require_result(out: Any, shape: tuple[int, ...], dtype: np.dtype) -> None:
    """Refuse an array that cannot take samples of this shape and type as they come."""
    if not isinstance(out, np.ndarray):
        raise TypeError(f"out must be an array, not {type(out).__name__}")
    if out.shape != shape or out.dtype != dtype:
        raise ValueError(f"out is {out.dtype} of shape {out.shape}, the samples are {dtype} of shape {shape}")
    if not (out.flags.c_contiguous and out.flags.aligned and out.flags.writeable):
        raise ValueError("out must be contiguous, aligned and writeable")


def bytes_of(payload: Any, method: str) -> np.ndarray:
    """The bytes of a coded stream as a contiguous uint8 array."""
    array = np.frombuffer(payload, np.uint8) if isinstance(payload, bytes | bytearray | memoryview) else payload
    array = np.asarray(array)
    if array.dtype.itemsize != 1 or array.dtype.kind not in "iuS":
        raise PolycompError(f"the stream must be bytes, not {array.dtype}", method=method)
    return np.ascontiguousarray(array.reshape(-1)).view(np.uint8)


def elements_of(payload: Any, dtype: np.dtype, method: str) -> np.ndarray:
    """The elements of a stream that is stored as samples, whatever column it was stored in.

    Elements of the same size are taken bit by bit (unsigned numbers live in signed columns), others by value: the
    reference program keeps integers in the column type of its source, be it double.
    """
    if isinstance(payload, bytes | bytearray | memoryview):
        if len(payload) % dtype.itemsize:
            reason, offset = f"{len(payload)} bytes are not whole elements of {dtype}", len(payload) // dtype.itemsize
            raise PolycompError(reason, method=method, offset=offset * dtype.itemsize)
        payload = np.frombuffer(payload, dtype.newbyteorder("<"))
    array = np.asarray(payload)
    array = np.ascontiguousarray(array, array.dtype.newbyteorder("="))
    if array.dtype == dtype:
        return array
    if array.dtype.kind in "iu" and dtype.kind in "iu" and array.dtype.itemsize == dtype.itemsize:
        return array.view(dtype)
    if array.dtype.kind not in "biuf" or dtype.kind not in "biuf":
        if array.dtype.kind in "SU" and dtype.kind in "SU":
            return array.astype(dtype)
        raise PolycompError(f"elements of {array.dtype} cannot hold samples of {dtype}", method=method)
    with np.errstate(all="ignore"):
        cast = array.astype(dtype)
        kept = np.array_equal(cast.astype(array.dtype), array) or dtype.kind == "f"
    if not kept:
        raise PolycompError(f"the elements, stored as {array.dtype}, are not all values of {dtype}", method=method)
    return cast
