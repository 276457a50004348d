"""Types of samples, and checks and conversions of the arrays that codecs take and return."""

from __future__ import annotations

import math
import operator
import sys
from typing import Any

import numpy as np

from rustfits_cffi.polycomp.streams.errors import PolycompError

__all__ = [
    "bytes_of",
    "check_kind",
    "element_range",
    "elements_of",
    "flag",
    "native_samples",
    "real_number",
    "refuse_masked",
    "require_result",
    "sample_type",
    "samples_of",
    "shape_of",
    "whole_number",
]

_NUMBERS = {f"{kind}{nbytes}" for kind in "iu" for nbytes in (1, 2, 4, 8)} | {"f4", "f8"}  # of `dtype.str`
_MAX_AXES = 32  # of an array, in every version of NumPy
_MAX_TEXT = 65536  # characters in a text sample, so that a false description cannot make us allocate too much
_MAX_CHARACTER = 0x10FFFF  # of Unicode; Python raises SystemError for a higher one


def sample_type(name: Any) -> np.dtype:
    """The type of samples that a stream's description states (``PCSRCTP``).

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
        If `name` is anything else.
    """
    try:
        if name is None:  # which NumPy would take for float64
            raise TypeError
        dtype = np.dtype(name).newbyteorder("=")
    except (TypeError, ValueError, SyntaxError):
        raise PolycompError(f"{name!r} is not a type of samples") from None
    if dtype.str[1:] not in _NUMBERS and dtype != np.bool_ and not _is_text(dtype):
        raise PolycompError(f"{name!r} is not a type of samples that Polycomp streams can hold")
    return dtype


def _is_text(dtype: np.dtype) -> bool:
    """Whether `dtype` is text that is not too long."""
    return dtype.kind in "SU" and 0 < dtype.itemsize <= _MAX_TEXT * (4 if dtype.kind == "U" else 1)


def native_samples(samples: Any, method: str, kinds: str) -> np.ndarray:
    """`samples` as a contiguous, aligned one-dimensional array in the machine's byte order, of a dtype in `kinds`."""
    array = np.asarray(samples)
    if array.ndim != 1:
        raise ValueError(f"{method} takes a one-dimensional series, not an array of shape {array.shape}")
    check_kind(array.dtype, method, kinds)
    return _plain(array)


def _plain(array: np.ndarray) -> np.ndarray:
    """The same elements, contiguous and aligned, in the machine's byte order."""
    flags = array.flags
    if flags.c_contiguous and flags.aligned and array.dtype.isnative:
        return array  # checked first, because this is noticeable for short series
    return np.require(array, array.dtype.newbyteorder("="), ["C", "A"])


def refuse_masked(array: Any, what: str = "samples") -> None:
    """Refuse masked arrays: neither samples nor a stream can represent missing elements."""
    if np.ma.isMaskedArray(array):
        raise TypeError(f"masked {what} cannot be used; fill the array first")


def check_kind(dtype: np.dtype, method: str, kinds: str) -> None:
    """Raise if `method` cannot code this type."""
    words = {"iu": "integers", "f": "float32 or float64"}
    is_known = dtype.str[1:] in _NUMBERS or dtype.kind == "b" or _is_text(dtype)
    if dtype.kind in "SU" and dtype.kind in kinds and not is_known:
        raise TypeError(f"{method} takes text of 1 to {_MAX_TEXT} characters, not {dtype}")
    if dtype.kind not in kinds or not is_known:
        raise TypeError(f"{method} takes {words.get(kinds, 'numbers, logicals or text')}, not {dtype}; cast them first")


def element_range(dtype: np.dtype) -> int:
    """The largest run length that every reader understands: the maximum of the signed type of the same size."""
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


def flag(value: Any, name: str) -> bool:
    """`value` as a bool, if it is True or False, or 1 or 0."""
    if not isinstance(value, bool | np.bool_ | int | np.integer) or value not in (0, 1):
        raise TypeError(f"{name} must be True or False, not {value!r}")
    return bool(value)


def real_number(value: Any, name: str) -> float:
    """`value` as a float, which may be infinite or NaN."""
    try:
        if isinstance(value, str | bytes | bool | np.bool_):
            raise TypeError
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a number, not {value!r}") from None
    except OverflowError:
        raise ValueError(f"{name} is too large") from None


def require_result(out: Any, shape: tuple[int, ...], dtype: np.dtype) -> None:
    """Raise if decoded samples of this shape and type cannot be written to `out`."""
    if not isinstance(out, np.ndarray):
        raise TypeError(f"out must be an array, not {type(out).__name__}")
    if out.shape != shape or out.dtype != dtype:
        raise ValueError(f"out is {out.dtype} of shape {out.shape}, the samples are {dtype} of shape {shape}")
    if not (out.flags.c_contiguous and out.flags.aligned and out.flags.writeable):
        raise ValueError("out must be contiguous, aligned and writeable")


def bytes_of(payload: Any, method: str) -> np.ndarray:
    """The bytes of a coded stream as a contiguous uint8 array."""
    refuse_masked(payload, "stream")
    array = np.frombuffer(payload, np.uint8) if isinstance(payload, bytes | bytearray) else np.asarray(payload)
    if array.dtype.itemsize != 1 or array.dtype.kind not in "iuS":
        raise PolycompError(f"the stream must be bytes, not {array.dtype}", method=method)
    return np.ascontiguousarray(array.reshape(-1)).view(np.uint8)


def elements_of(payload: Any, dtype: np.dtype, method: str) -> tuple[np.ndarray, int]:
    """The elements of a stream that is stored as samples, and the size of each as stored, in bytes.

    Elements of the same size are taken bit by bit (unsigned numbers are stored in signed columns), others by value: the
    reference program stores integers in the column type of its source, even if that is double.
    """
    if isinstance(payload, bytes | bytearray | memoryview):
        payload = bytes_of(payload, method)
        whole, rest = divmod(payload.size, dtype.itemsize)
        if rest:
            reason = f"{payload.size} bytes are not whole elements of {dtype}"
            raise PolycompError(reason, method=method, **_position(whole, dtype.itemsize, method))
        return _plain(samples_of(payload, dtype, method)), dtype.itemsize
    refuse_masked(payload, "stream")
    array = _plain(np.atleast_1d(np.asarray(payload)))  # tables may have array types of their own
    stored, width = array.dtype, array.dtype.itemsize
    if stored.kind == "U":
        _check_characters(array, method)
    if stored == dtype:
        return array, width
    if stored.kind in "iu" and dtype.kind in "iu" and width == dtype.itemsize:
        return array.view(dtype), width
    if stored.kind in "biuf" and dtype.kind in "biuf":
        cast, kept = _cast_numbers(array, dtype)
    elif stored.kind in "SU" and dtype.kind in "SU":
        cast, kept = _cast_text(array, dtype)
    else:
        raise PolycompError(f"elements of {stored} cannot hold samples of {dtype}", method=method)
    if not kept.all():
        reason, first = f"the elements, stored as {stored}, are not all values of {dtype}", int(np.argmin(kept))
        raise PolycompError(reason, method=method, **_position(first, width, method))
    return cast, width


def _position(element: int, width: int, method: str) -> dict[str, int | None]:
    """The position of an element, for a `PolycompError`: its byte, and its run in a run length stream."""
    run = max(0, element - (method == "diffrle")) // 2 if method in ("rle", "diffrle") else None
    return {"offset": element * width, "chunk": run}


def samples_of(stored: np.ndarray, dtype: np.dtype, method: str) -> np.ndarray:
    """The samples with these little-endian bytes, in the machine's byte order."""
    if dtype == np.bool_:
        return stored != 0  # any byte may be stored, but only two are valid logicals
    samples = stored.view(dtype.newbyteorder("<")).astype(dtype, copy=False)
    if dtype.kind == "U":
        _check_characters(samples, method)
    return samples


def _check_characters(text: np.ndarray, method: str) -> None:
    """Raise if contiguous elements in the machine's byte order are not valid text."""
    wrong = np.flatnonzero(text.reshape(-1).view(np.uint32) > _MAX_CHARACTER)
    if wrong.size:
        number = int(wrong[0]) * 4 // text.dtype.itemsize
        raise PolycompError(f"sample {number} is not valid text: it has a character that does not exist", method=method)


def _cast_numbers(array: np.ndarray, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    """Numbers converted to another type, and which of them kept their value; floats may lose digits."""
    with np.errstate(all="ignore"):
        cast = array.astype(dtype)
        if dtype.kind == "f":
            return cast, np.ones(1, bool)
        return cast, (cast.astype(array.dtype) == array) & ((cast < 0) == (array < 0))


def _cast_text(array: np.ndarray, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    """Text converted to another type, and which texts are still complete."""
    try:
        cast = array.astype(dtype)
    except UnicodeError:
        return array, np.array([text.isascii() for text in array.reshape(-1).tolist()])
    return cast, cast.astype(array.dtype) == array


def shape_of(count: int, item_shape: Any, dtype: np.dtype, method: str) -> tuple[int, ...]:
    """Shape of `count` rows of several values; raises if no array of this type can have it."""
    if not isinstance(item_shape, tuple | list):
        raise TypeError(f"item_shape must be a tuple of integers, not {item_shape!r}")
    try:
        shape = (count, *(whole_number(length, "item_shape", 0, sys.maxsize) for length in item_shape))
    except ValueError as error:
        raise PolycompError(str(error), method=method) from None
    # NumPy treats axes of length 0 as of length 1
    if len(shape) > _MAX_AXES or math.prod(max(1, length) for length in shape) * dtype.itemsize > sys.maxsize:
        raise PolycompError(f"{count} rows of shape {shape[1:]} do not fit in memory", method=method)
    return shape
