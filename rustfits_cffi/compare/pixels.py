"""Two images: their pixels, decoded slab by slab."""

from __future__ import annotations

from math import prod

import numpy as np

from rustfits_cffi.compare.layout import FITSFile, HDULayout
from rustfits_cffi.compare.records import PixelDifference
from rustfits_cffi.errors import FITSError
from rustfits_cffi.native import serial
from rustfits_cffi.native.handle import FileHandle

_SLAB_NBYTES = 32 << 20  # the most that is decoded at once


def pixel_difference(
    first: FITSFile, a: HDULayout, second: FITSFile, b: HDULayout, notes: list[str]
) -> PixelDifference | None:
    """Decode both and compare slab by slab; a note instead if that is impossible."""
    try:
        type_a = serial.image_type(first.handle, a.number + 1, scale=True)
        type_b = serial.image_type(second.handle, b.number + 1, scale=True)
        if type_a != type_b:
            notes.append(f"pixels not compared: {_described(type_a)} in a, {_described(type_b)} in b")
            return None
        return _compare_slabs(first.handle, second.handle, a.number + 1, *type_a)
    except FITSError as error:
        notes.append(f"pixels not compared: {error}")
        return None


def _described(kind: tuple[str, tuple[int, ...]]) -> str:
    return f"{kind[0]} of shape {kind[1]}"


def _compare_slabs(
    first: FileHandle, second: FileHandle, number: int, dtype: str, shape: tuple[int, ...]
) -> PixelDifference | None:
    """Whole rows of the slowest axis at a time."""
    count, largest, place = 0, float("nan"), None
    step = max(_SLAB_NBYTES // max(np.dtype(dtype).itemsize * prod(shape[1:]), 1), 1)
    for start in range(0, shape[0], step):
        begin = (start, *(0,) * (len(shape) - 1))
        end = (min(start + step, shape[0]), *shape[1:])
        x = serial.read_section(first, number, begin, end, scale=True, nulls=True)
        y = serial.read_section(second, number, begin, end, scale=True, nulls=True)
        differ = (x != y) & ~((x != x) & (y != y))
        if not differ.any():
            continue
        if place is None:
            index = np.unravel_index(int(np.argmax(differ)), x.shape)
            place = (start + int(index[0]), *(int(part) for part in index[1:]))
        count += int(differ.sum())
        largest = float(np.fmax(largest, _largest(x[differ], y[differ])))
    return None if place is None else PixelDifference(count, largest, place)


def _largest(a: np.ndarray, b: np.ndarray) -> float:
    """Largest absolute difference; exact for integers of any width."""
    if a.dtype.kind in "iu":
        high, low = np.maximum(a, b), np.minimum(a, b)
        return float((high.astype(np.uint64) - low.astype(np.uint64)).max())
    difference = np.abs(a.astype(np.float64) - b.astype(np.float64))
    return float(np.fmax.reduce(difference))
