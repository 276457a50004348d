"""The numpy dtypes of the integers and floats that FITS images hold.

FITS Standard 4.0: BITPIX section 4.4.1.1 (table 8), BSCALE, BZERO and BLANK section 4.4.2.5, unsigned integers by an
offset section 5.2.5 (table 11).
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

__all__ = [
    "BITPIX_DTYPES",
    "MOST_AXES",
    "Scaling",
    "check_dims",
    "image_type",
    "scaling",
    "stored_blank",
    "stored_dtype",
    "usable_blank",
]

MOST_AXES = 64  # of a numpy array; FITS allows 999

BITPIX_DTYPES = {8: "u1", 16: "i2", 32: "i4", 64: "i8", -32: "f4", -64: "f8"}

# Types that are stored with an offset: dtype -> (BITPIX, BZERO), and back.
_OFFSET_TYPES = {"i1": (8, -(1 << 7)), "u2": (16, 1 << 15), "u4": (32, 1 << 31), "u8": (64, 1 << 63)}
_OFFSETS: dict[tuple[int, int | float], str] = {key: name for name, key in _OFFSET_TYPES.items()}
_PLAIN_TYPES = {name: bitpix for bitpix, name in BITPIX_DTYPES.items()}


@dataclass(frozen=True)
class Scaling:
    """How stored values become physical ones: ``stored * bscale + bzero``.

    Attributes
    ----------
    bitpix : int
    bscale, bzero : int or float
    kind : {"none", "unsigned", "general"}
        Stored values are the physical ones; they differ by the offset that represents another integer type; they are
        scaled through float64.

    Notes
    -----
    Types are native-endian. They are made on first use: code that only looks at a header does not need numpy.
    """

    bitpix: int
    bscale: int | float
    bzero: int | float
    kind: Literal["none", "unsigned", "general"]

    @cached_property
    def stored(self) -> np.dtype[Any]:
        """Type of stored values."""
        return stored_dtype(self.bitpix)

    @cached_property
    def scaled(self) -> np.dtype[Any]:
        """Type of physical values."""
        if self.kind == "none":
            return self.stored
        return np.dtype(_OFFSETS[self.bitpix, self.bzero] if self.kind == "unsigned" else "f8")


def image_type(dtype: Any) -> tuple[int, int]:
    """BITPIX and BZERO with which an image of a dtype is stored.

    Parameters
    ----------
    dtype : dtype-like
        The byte order does not matter.

    Returns
    -------
    bitpix, bzero : int
        `bzero` is 0 for types that FITS has; BSCALE is always 1.

    Raises
    ------
    TypeError
        If numpy has no such dtype.
    ValueError
        If FITS images cannot hold it: ``unsupported numpy dtype``.
    """
    dtype = np.dtype(dtype)
    name = dtype.str[1:]
    if name in _PLAIN_TYPES:
        return _PLAIN_TYPES[name], 0
    if name in _OFFSET_TYPES:
        return _OFFSET_TYPES[name]
    known = sorted((*_PLAIN_TYPES, *_OFFSET_TYPES), key=lambda known: ("ui".find(known[0]) < 0, known[1], known[0]))
    raise ValueError(f"unsupported numpy dtype {dtype.str!r}; FITS images hold {', '.join(known)}")


def stored_dtype(bitpix: int) -> np.dtype[Any]:
    """Native-endian dtype of a BITPIX.

    Raises
    ------
    ValueError
        If it is not one of 8, 16, 32, 64, -32, -64.
    """
    return np.dtype(_type_name(bitpix))


def _type_name(bitpix: int) -> str:
    try:
        return BITPIX_DTYPES[bitpix]
    except (KeyError, TypeError):
        raise ValueError(f"BITPIX = {bitpix!r} is not a FITS pixel type (8, 16, 32, 64, -32, -64)") from None


def scaling(bitpix: int, bscale: Any = None, bzero: Any = None) -> Scaling:
    """The meaning of BITPIX, BSCALE and BZERO together.

    Parameters
    ----------
    bitpix : int
    bscale, bzero : object
        Values of the keywords; anything that is not a number counts as absent (1 and 0).

    Raises
    ------
    ValueError
        If `bitpix` is not a FITS pixel type.
    """
    _type_name(bitpix)  # raises if it is not a pixel type
    bscale = bscale if _is_number(bscale) else 1
    bzero = bzero if _is_number(bzero) else 0
    if bscale != 1:
        return Scaling(bitpix, bscale, bzero, "general")
    if bzero == 0:
        return Scaling(bitpix, 1, 0, "none")
    # cfitsio reads BZERO as a double: the 2**63 - 1 that some programs write for uint64 becomes 2**63.
    if (bitpix, float(bzero)) not in _OFFSETS:
        return Scaling(bitpix, 1, bzero, "general")
    return Scaling(bitpix, 1, int(float(bzero)), "unsigned")


def stored_blank(blank: Any, scale: Scaling) -> int:
    """Value of the BLANK card for a physical value.

    Parameters
    ----------
    blank : int
        The physical value.
    scale : Scaling

    Returns
    -------
    int
        The stored value.

    Raises
    ------
    TypeError
        If it is not an integer.
    ValueError
        For float images, which use NaN, and for values outside the range of the pixels.
    """
    if scale.stored.kind == "f":
        raise ValueError("blank= is for integer images; a float image marks undefined pixels with NaN")
    if isinstance(blank, bool | np.bool_):
        raise TypeError("blank= must be an int, not a bool")
    value = operator.index(blank)
    # No float64 here: the blanks of 64-bit images would lose their last digits.
    exact = scale.kind != "general"
    stored = value - int(scale.bzero) if exact else round((value - scale.bzero) / scale.bscale)
    if usable_blank(stored, scale.bitpix) is None:
        raise ValueError(f"blank={value} is out of the range of {scale.scaled} pixels")
    return stored


def usable_blank(blank: Any, bitpix: int) -> int | None:
    """Value of a BLANK card if pixels of that BITPIX can equal it, else None (then nothing is masked)."""
    dtype = stored_dtype(bitpix)
    if dtype.kind == "f" or isinstance(blank, bool) or not _is_number(blank) or blank != blank // 1:
        return None
    limits = np.iinfo(dtype)
    return int(blank) if limits.min <= blank <= limits.max else None


def check_dims(dims: Any) -> tuple[int, ...]:
    """The shape of an image to be created.

    Parameters
    ----------
    dims : sequence of int
        In numpy order; empty for an HDU without data. The first axis may be 0, for an image to be extended.

    Raises
    ------
    TypeError
        If it is not a sequence of ints.
    ValueError
        If an axis is too short.
    """
    if isinstance(dims, str | bytes) or not isinstance(dims, Sequence | np.ndarray):
        raise TypeError(f"dims must be a sequence of ints, not {dims!r}")
    shape = tuple(operator.index(length) for length in dims)
    if len(shape) > MOST_AXES:
        raise ValueError(f"an image has at most {MOST_AXES} axes, as a numpy array has, not {len(shape)}")
    for axis, length in enumerate(shape):
        if axis == 0 and length < 0:
            raise ValueError(f"dimension 0 must be >= 0, got {length}")
        if axis > 0 and length <= 0:
            raise ValueError(f"dimension {axis} must be > 0, got {length}")
    return shape


def _is_number(value: Any) -> bool:
    """Whether a keyword's value is a real number."""
    return isinstance(value, int | float) and not isinstance(value, bool)
