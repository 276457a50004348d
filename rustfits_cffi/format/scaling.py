"""Stored pixels and physical values: BITPIX, BSCALE, BZERO and BLANK (FITS Standard 4.0, section 4.4.2.5)."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rustfits_cffi.errors import FITSFormatError

_STORED = {8: "u1", 16: "i2", 32: "i4", 64: "i8", -32: "f4", -64: "f8"}
_TRICKS = {8: ("i1", -128), 16: ("u2", 1 << 15), 32: ("u4", 1 << 31), 64: ("u8", 1 << 63)}


@dataclass(frozen=True)
class PixelType:
    """How an image stores its pixels and what they mean: physical = bscale * stored + bzero.

    Attributes
    ----------
    bitpix : int
        8, 16, 32, 64, -32 or -64.
    bscale, bzero : float or int
        The unsigned trick has bscale 1 and bzero half the range of the type.
    blank : int or None
        Stored value that marks undefined pixels of an integer image; None also if it lies outside the range.
    """

    bitpix: int
    bscale: float = 1
    bzero: float = 0
    blank: int | None = None

    @classmethod
    def of_dtype(cls, dtype: np.dtype) -> PixelType:
        """How pixels of a numpy type are stored; `ValueError` if FITS images have no such type."""
        name = dtype.newbyteorder("=").str[1:]
        for bitpix, stored in _STORED.items():
            if name == stored:
                return cls(bitpix)
        for bitpix, (unsigned, bzero) in _TRICKS.items():
            if name == unsigned:
                return cls(bitpix, 1, bzero)
        raise ValueError(f"unsupported numpy dtype {dtype} for an image")

    @classmethod
    def from_header(cls, bitpix: int, bscale: Any, bzero: Any, blank: Any) -> PixelType:
        """From header values; those that are not numbers count as absent."""
        if bitpix not in _STORED:
            raise FITSFormatError(f"BITPIX = {bitpix} is none of {sorted(_STORED)}")
        scale = bscale if _is_number(bscale) else 1
        zero = bzero if _is_number(bzero) else 0
        valid = isinstance(blank, int) and not isinstance(blank, bool) and bitpix > 0
        if valid:
            limits = np.iinfo(_STORED[bitpix])
            valid = limits.min <= blank <= limits.max
        return cls(bitpix, scale, zero, blank if valid else None)

    def with_blank(self, physical: int | None) -> PixelType:
        """The same with a physical value as BLANK."""
        if physical is None:
            return self
        if self.bitpix < 0:
            raise ValueError("blank= is for integer pixels; a float image marks undefined pixels by NaN")
        if isinstance(physical, bool):
            raise TypeError("blank must be an int, not bool")
        stored = operator.index(physical) - self.offset
        limits = np.iinfo(self.stored)
        if not limits.min <= stored <= limits.max:
            raise ValueError(f"blank={physical} is outside the range of the pixel type {self.scaled.str[1:]}")
        return replace(self, blank=stored)

    @property
    def stored(self) -> np.dtype:
        """Type of the stored pixels."""
        return np.dtype(_STORED[self.bitpix])

    @property
    def scaled(self) -> np.dtype:
        """Type of the physical values."""
        if self.is_unsigned_trick:
            return np.dtype(_TRICKS[self.bitpix][0])
        return np.dtype("f8") if self.is_general else self.stored

    @property
    def is_unsigned_trick(self) -> bool:
        """Whether BZERO only moves signed integers to unsigned ones (bytes: unsigned to signed)."""
        return self.bitpix > 0 and self.bscale == 1 and self.bzero == _TRICKS[self.bitpix][1]

    @property
    def is_general(self) -> bool:
        """Whether values must be computed as float64."""
        return not (self.bscale == 1 and (self.bzero == 0 or self.is_unsigned_trick))

    @property
    def offset(self) -> int:
        """Physical minus stored value, for images that are not generally scaled."""
        return int(self.bzero) if self.is_unsigned_trick else 0

    def flip(self, pixels: np.ndarray) -> np.ndarray:
        """Stored pixels of the unsigned trick as physical ones, or back: the sign bit inverted."""
        target = self.scaled if pixels.dtype == self.stored else self.stored
        bits = pixels.view(f"u{pixels.itemsize}")
        return (bits ^ bits.dtype.type(1 << (8 * pixels.itemsize - 1))).view(target)

    def scale(self, stored: np.ndarray) -> np.ndarray:
        """Physical values of stored pixels."""
        if self.is_unsigned_trick:
            return self.flip(stored)
        if not self.is_general:
            return stored
        values = stored.astype(np.float64)
        values *= float(self.bscale)
        values += float(self.bzero)
        return values

    def unscale(self, values: np.ndarray, where: str) -> np.ndarray:
        """Stored pixels of physical float64 values, rounded half to even for integers.

        Raises
        ------
        ValueError
            For integers: ``non-finite`` values, or ``overflow`` after rounding.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            raw = (values - float(self.bzero)) / float(self.bscale)
        if self.bitpix < 0:
            return raw.astype(self.stored)
        if not np.isfinite(raw).all():
            raise ValueError(f"{where}: non-finite values cannot be stored as integers")
        raw = np.rint(raw)
        limits = np.iinfo(self.stored)
        # 2**63 - 1 is no float64: the first value that does not fit is compared instead
        if raw.size and (raw.min() < limits.min or raw.max() >= float(limits.max) + (self.bitpix < 64)):
            raise ValueError(f"{where}: overflow: scaled values do not fit {self.stored.str[1:]}")
        return raw.astype(self.stored)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
