"""A shortcut from an index to pixels: part of a time line or sky map, or a cut-out of a plane.

These are read in such numbers that every step counts, and making a Selection would take most of the time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

__all__ = ["MOST_NPIX", "ShortWay", "no_way", "short_way"]

MOST_NPIX = 1 << 16  # above this, making a Selection and checking the size of the file take negligible time

ShortWay: TypeAlias = Callable[[Any], np.ndarray | None]


def short_way(
    shape: tuple[int, ...],
    read_line: Callable[[int, int], np.ndarray],
    read_box: Callable[[int, int, int, int], np.ndarray],
) -> ShortWay:
    """The function that maps an index to its pixels, or to None where a Selection is needed.

    Parameters
    ----------
    shape : tuple of int
        Shape of the image.
    read_line : callable
        ``read_line(first, count)``: consecutive pixels of an image with one axis.
    read_box : callable
        ``read_box(y, x, ny, nx)``: `ny` rows of `nx` pixels of an image with two axes.
    """
    if len(shape) == 1:
        return _to_lines(*shape, read_line)
    if len(shape) == 2:
        return _to_boxes(*shape, read_box)
    return no_way


def no_way(_: Any) -> None:
    """Return None for every index: a Selection is needed."""


def _to_lines(length: int, read_line: Callable[[int, int], np.ndarray]) -> ShortWay:
    def line(key: Any) -> np.ndarray | None:
        if type(key) is tuple and len(key) == 1:
            (key,) = key
        if type(key) is not slice or key.step is not None:
            return None
        start, stop = key.start, key.stop
        if type(start) is not int or type(stop) is not int or start < 0 or stop > length:
            start, stop, _ = key.indices(length)
        count = stop - start
        return read_line(start, count) if 0 < count <= MOST_NPIX else None

    return line


def _to_boxes(height: int, width: int, read_box: Callable[[int, int, int, int], np.ndarray]) -> ShortWay:
    def box(key: Any) -> np.ndarray | None:
        if type(key) is not tuple or len(key) != 2:
            return None
        rows, columns = key
        if type(rows) is not slice or type(columns) is not slice or rows.step is not None or columns.step is not None:
            return None
        y, y_stop, _ = rows.indices(height)
        x, x_stop, _ = columns.indices(width)
        ny, nx = y_stop - y, x_stop - x
        return read_box(y, x, ny, nx) if ny > 0 and nx > 0 and ny * nx <= MOST_NPIX else None

    return box
