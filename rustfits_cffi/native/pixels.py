"""Operations on whole arrays of pixels: a search for non-finite ones, FITS byte order, scaling."""

from __future__ import annotations

from typing import Any

import numpy as np

from rustfits_cffi.errors import raise_for_status
from rustfits_cffi.native._lib import ffi, lib
from rustfits_cffi.native.tile_coding import OUTS


def any_nonfinite(array: np.ndarray, nthreads: int = 1) -> bool:
    """Whether an array of float32 or float64, of any strides and byte order, has a NaN or an infinity."""
    shape, strides = ffi.new("size_t[]", [*array.shape]), ffi.new("ptrdiff_t[]", [*array.strides])
    source = ffi.cast("void *", array.__array_interface__["data"][0])
    found = ffi.new("int *")
    raise_for_status(lib.rf_any_nonfinite(source, array.dtype.itemsize, array.ndim, shape, strides,
                                          not array.dtype.isnative, nthreads, found))  # fmt: skip
    return bool(found[0])


def pack_pixels(pixels: np.ndarray, raw: Any, bitpix: int) -> None:
    """Convert native contiguous pixels to big-endian ones in `raw`, which may be the same memory."""
    source = ffi.from_buffer("uint8_t[]", pixels)
    target = ffi.from_buffer("uint8_t[]", raw, require_writable=True)
    if len(source) != len(target) or len(source) != pixels.size * abs(bitpix) // 8:
        raise ValueError(f"{pixels.size} pixels of BITPIX {bitpix} are not {len(source)} or {len(target)} bytes")
    raise_for_status(lib.rf_pixels_pack(source, pixels.size, bitpix, target))


def scale_pixels(
    pixels: np.ndarray, result: np.ndarray, bitpix: int, out: str, bscale: float, bzero: float, *, nthreads: int
) -> None:
    """Convert pixels of BITPIX to `out` (see `PlainImage`) in `result`; both native, C-contiguous, not overlapping."""
    source, target = ffi.from_buffer("uint8_t[]", pixels), ffi.from_buffer("uint8_t[]", result, require_writable=True)
    width = 8 if out == "double" else abs(bitpix) // 8
    if len(source) != pixels.size * abs(bitpix) // 8 or len(target) != pixels.size * width:
        raise ValueError(f"{len(source)} bytes are not {pixels.size} pixels of BITPIX {bitpix}, or {len(target)} bytes")
    raise_for_status(lib.rf_pixels_scale(source, pixels.size, bitpix, OUTS[out], bscale, bzero, target, nthreads))
