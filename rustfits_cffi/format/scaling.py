"""Stored pixels to physical values and back: BSCALE, BZERO and BLANK (FITS Standard 4.0, section 4.4.2.5)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from rustfits_cffi.format.dtypes import Scaling, image_type, scaling, stored_blank, usable_blank

_OUTS: dict[str, Literal["stored", "unsigned", "double"]] = {
    "none": "stored", "unsigned": "unsigned", "general": "double"
}  # fmt: skip


@dataclass(frozen=True)
class PixelType:
    """How an image stores its pixels and what they mean.

    Attributes
    ----------
    scaling : Scaling
        BITPIX, BSCALE and BZERO.
    blank : int or None
        Stored value that marks undefined pixels of an integer image; also None if no pixel can have that value.
    """

    scaling: Scaling
    blank: int | None = None

    @classmethod
    def of_dtype(cls, dtype: np.dtype) -> PixelType:
        """How pixels of a numpy type are stored; `ValueError` if FITS images have no such type."""
        bitpix, bzero = image_type(dtype)
        return cls(scaling(bitpix, 1, bzero))

    @classmethod
    def from_header(cls, bitpix: int, bscale: Any, bzero: Any, blank: Any) -> PixelType:
        """Made from header values; those that are not numbers count as absent."""
        return cls(scaling(bitpix, bscale, bzero), usable_blank(blank, bitpix))

    def with_blank(self, physical: int | None) -> PixelType:
        """The same type with a physical value as BLANK."""
        return self if physical is None else replace(self, blank=stored_blank(physical, self.scaling))

    @property
    def bitpix(self) -> int:
        """BITPIX."""
        return self.scaling.bitpix

    @property
    def stored(self) -> np.dtype:
        """Type of the stored pixels."""
        return self.scaling.stored

    @property
    def scaled(self) -> np.dtype:
        """Type of the physical values."""
        return self.scaling.scaled

    @property
    def is_unsigned_trick(self) -> bool:
        """Whether BZERO only moves signed integers to unsigned ones (bytes: unsigned to signed)."""
        return self.scaling.kind == "unsigned"

    @property
    def is_general(self) -> bool:
        """Whether values must be computed as float64."""
        return self.scaling.kind == "general"

    @property
    def out(self) -> Literal["stored", "unsigned", "double"]:
        """What scaling turns stored pixels into: the stored type, the unsigned type, or float64."""
        return _OUTS[self.scaling.kind]

    def blank_mask(self, stored: np.ndarray) -> np.ndarray | np.bool_:
        """Mask of undefined stored pixels; numpy's ``nomask`` if no pixel can be undefined."""
        return np.ma.nomask if self.blank is None else stored == self.blank

    def unflip(self, physical: np.ndarray) -> np.ndarray:
        """Physical to stored pixels of the unsigned trick: the sign bit is inverted."""
        stored = np.empty(physical.shape, self.stored)
        bits = f"u{physical.itemsize}"
        sign = np.array(1 << (8 * physical.itemsize - 1), bits)
        np.bitwise_xor(physical.view(bits), sign, out=stored.view(bits))
        return stored

    def unscale(self, values: np.ndarray, where: str) -> np.ndarray:
        """Physical float64 values to stored pixels, rounded half to even for integers.

        Raises
        ------
        ValueError
            For integers: ``non-finite`` values, or ``overflow`` after rounding.
        """
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            raw = (values - float(self.scaling.bzero)) / float(self.scaling.bscale)
            if self.bitpix < 0:
                return raw.astype(self.stored)
        if not np.isfinite(raw).all():
            raise ValueError(f"{where}: non-finite values cannot be stored as integers")
        raw = np.rint(raw)
        limits = np.iinfo(self.stored)
        # 2**63 - 1 is not a float64, so the comparison is with the first whole number that does not fit
        if raw.size and (raw.min() < limits.min or raw.max() >= float(limits.max + 1)):
            raise ValueError(f"{where}: overflow: scaled values do not fit {self.stored.str[1:]}")
        return raw.astype(self.stored)
