"""Two images: their pixels, decoded slab by slab."""

from __future__ import annotations

from math import prod

import numpy as np

from rustfits_cffi.comparison.layout import FITSFile, HDULayout
from rustfits_cffi.comparison.records import PixelDifference
from rustfits_cffi.fits import FITS
from rustfits_cffi.hdu import ImageHDU

_SLAB_NBYTES = 32 << 20  # maximum size decoded at once


def pixel_difference(
    first: FITSFile, a: HDULayout, second: FITSFile, b: HDULayout, notes: list[str]
) -> PixelDifference | None:
    """Decode both images and compare them slab by slab; if that is impossible, add a note."""
    try:
        with FITS(first.handle.path, lenient=True) as left, FITS(second.handle.path, lenient=True) as right:
            x, y = left[a.number], right[b.number]
            if (x.shape, x.dtype) == (y.shape, y.dtype):
                return _compare_slabs(x, y)
            notes.append(f"pixels not compared: {x.dtype} of shape {x.shape} in a, {y.dtype} of shape {y.shape} in b")
    except (OSError, ValueError, NotImplementedError, OverflowError) as error:  # all that a damaged file can cause
        notes.append(f"pixels not compared: {error}")
    return None


def _compare_slabs(a: ImageHDU, b: ImageHDU) -> PixelDifference | None:
    """Compare slabs of whole rows along the slowest axis."""
    count, largest, first = 0, float("nan"), None
    step = max(_SLAB_NBYTES // max(a.dtype.itemsize * prod(a.shape[1:]), 1), 1)
    for start in range(0, a.shape[0], step):
        x, y = a[start : start + step], b[start : start + step]
        differ = (x != y) & ~((x != x) & (y != y))
        if not differ.any():
            continue
        if first is None:
            index = np.unravel_index(int(np.argmax(differ)), x.shape)
            first = (start + int(index[0]), *(int(part) for part in index[1:]))
        count += int(differ.sum())
        largest = float(np.fmax(largest, _largest(x[differ], y[differ])))
    return None if first is None else PixelDifference(count, largest, first)


def _largest(a: np.ndarray, b: np.ndarray) -> float:
    """Largest absolute difference; exact for integers of any width."""
    if a.dtype.kind in "iu":
        high, low = np.maximum(a, b), np.minimum(a, b)
        return float((high.astype(np.uint64) - low.astype(np.uint64)).max())
    with np.errstate(invalid="ignore", over="ignore"):  # infinities
        difference = np.abs(a.astype(np.float64) - b.astype(np.float64))
    return float(np.fmax.reduce(difference))
