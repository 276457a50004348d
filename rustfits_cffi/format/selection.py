"""Turns any index and a shape into a `Selection`; the only module that knows what `hdu[key]` may be."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

__all__ = ["Selection", "check_value_shape", "select", "select_all", "select_box"]


class Selection:
    """A regular, non-negative grid of pixels, in numpy axis order, 0-based.

    Attributes
    ----------
    shape : tuple of int
        Shape of the whole image.
    start, stop, step, count : tuple of int
        One number per axis: the first index, one past the last selected index, the step (>= 1), and how many are
        selected. An axis without selected pixels has ``stop == start`` and ``count == 0``.
    out_shape : tuple of int
        Shape of the result: the counts of the axes that were not dropped by an integer.
    """

    __slots__ = ("count", "out_shape", "shape", "start", "step")

    def __init__(
        self,
        shape: tuple[int, ...],
        start: tuple[int, ...],
        step: tuple[int, ...],
        count: tuple[int, ...],
        out_shape: tuple[int, ...],
    ) -> None:
        self.shape = shape
        self.start = start
        self.step = step
        self.count = count
        self.out_shape = out_shape

    def __repr__(self) -> str:
        axes = ", ".join(f"{a}:{b}:{s}" for a, b, s in zip(self.start, self.stop, self.step, strict=True))
        return f"Selection([{axes}] of {self.shape} -> {self.out_shape})"

    @property
    def stop(self) -> tuple[int, ...]:
        """One past the last selected index along each axis."""
        axes = zip(self.start, self.step, self.count, strict=True)
        return tuple([a + (n - 1) * s + 1 if n else a for a, s, n in axes])

    @property
    def size(self) -> int:
        """Number of pixels selected."""
        return prod(self.count)

    @property
    def is_scalar(self) -> bool:
        """Whether integers dropped every axis, so that the result is one number."""
        return not self.out_shape

    @property
    def is_empty(self) -> bool:
        """Whether no pixel is selected."""
        return 0 in self.count

    @property
    def is_whole(self) -> bool:
        """Whether every pixel is selected (the result may still have fewer axes)."""
        return self.count == self.shape

    @property
    def slices(self) -> tuple[slice, ...]:
        """The same pixels as numpy slices, no axis dropped."""
        return tuple(slice(a, b, s) for a, b, s in zip(self.start, self.stop, self.step, strict=True))


def select_all(shape: tuple[int, ...]) -> Selection:
    """All pixels of an image of that shape."""
    return Selection(shape, (0,) * len(shape), (1,) * len(shape), shape, shape)


def select_box(shape: tuple[int, ...], y: int, x: int, ny: int, nx: int) -> Selection:
    """`ny` rows and `nx` columns, from row `y` and column `x` on, within a two-dimensional image."""
    count = (ny, nx)
    return Selection(shape, (y, x), (1, 1), count, count)


def select(key: Any, shape: tuple[int, ...]) -> Selection:
    """Interpret an index as numpy would, within what images support.

    Parameters
    ----------
    key : int, slice, Ellipsis, or a tuple of them
        Numpy integers and 0-d integer arrays count as int. Missing trailing axes are taken whole.
    shape : tuple of int

    Returns
    -------
    Selection

    Raises
    ------
    IndexError
        If an integer is out of range.
    ValueError
        For an image without axes, which has no pixels; for a step below 1, more indices than axes, two ellipses, and
        anything else (lists, arrays, None, strings, floats): ``unsupported index``.
    """
    if not shape:
        raise ValueError("no data: the image has no axes (NAXIS = 0), so there is no pixel to select")
    if type(key) is not tuple:
        key = tuple(key) if isinstance(key, tuple) else (key,)
    if len(key) != len(shape):
        key = _expand(key, len(shape))
    starts: list[int] = []
    steps: list[int] = []
    counts: list[int] = []
    out: list[int] = []
    ellipses = 0
    for part, length in zip(key, shape, strict=True):
        if part is Ellipsis:  # as many parts as axes: the ellipsis is this one axis
            part = _EVERYTHING
            ellipses += 1
        if type(part) is slice:
            start, stop, step = part.indices(length) if part.step != 0 else (0, 0, 0)
            if step == 1:
                count = stop - start if stop > start else 0
            elif step < 1:
                raise ValueError(f"unsupported index: step {step} on axis {len(starts)}; steps must be 1 or more")
            else:
                count = (stop - start + step - 1) // step if stop > start else 0
                step = step if count > 1 else 1  # a step that is never taken may be too long for C
            out.append(count)
        else:
            start, step, count = _index(part, len(starts), length), 1, 1
        starts.append(start)
        steps.append(step)
        counts.append(count)
    if ellipses > 1:
        raise ValueError("unsupported index: only one ellipsis (...) is allowed")
    return Selection(shape, tuple(starts), tuple(steps), tuple(counts), tuple(out))


_EVERYTHING = slice(None)


def _expand(key: tuple[Any, ...], ndim: int) -> tuple[Any, ...]:
    """The key with one part per axis: whole axes are filled in for the ellipsis, or at the end."""
    ellipses = [position for position, part in enumerate(key) if part is Ellipsis]
    if len(ellipses) > 1:
        raise ValueError("unsupported index: only one ellipsis (...) is allowed")
    given = len(key) - len(ellipses)
    if given > ndim:
        # An invalid part is the likelier mistake: img[None, 1, 2].
        for part in key:
            if part is not Ellipsis and not isinstance(part, slice):
                _index(part, 0, None)
        raise ValueError(f"too many indices: the image has {ndim} axes, but {given} were indexed")
    filler = (_EVERYTHING,) * (ndim - given)
    position = ellipses[0] if ellipses else len(key)
    return key[:position] + filler + key[position + 1 :]


def _index(part: Any, axis: int, length: int | None) -> int:
    """One integer index, made non-negative; with `length` None it is only checked to be an integer."""
    try:
        if isinstance(part, np.bool_):  # an index in numpy before 2.3
            raise TypeError
        number = operator.index(part)
    except TypeError:
        raise ValueError(
            f"unsupported index: {type(part).__name__} on axis {axis}; an image takes integers, slices and ..."
        ) from None
    if length is None:
        return number
    wrapped = number + length if number < 0 else number
    if not 0 <= wrapped < length:
        raise IndexError(f"index {number} is out of bounds for axis {axis} with size {length}")
    return wrapped


def check_value_shape(value_shape: Sequence[int], out_shape: tuple[int, ...]) -> tuple[int, ...]:
    """Check that an array of one shape can be assigned to a selection of another, by numpy's rules.

    Parameters
    ----------
    value_shape : sequence of int
        Shape of the value; ``()`` for a scalar.
    out_shape : tuple of int
        `Selection.out_shape`.

    Returns
    -------
    tuple of int
        `value_shape` without the leading axes of length 1 that `out_shape` lacks: reshape the value to it, then
        broadcast it to `out_shape`.

    Raises
    ------
    ValueError
        If it does not broadcast; the message names both shapes.
    """
    shape = tuple(value_shape)
    while len(shape) > len(out_shape) and shape[0] == 1:
        shape = shape[1:]
    target = out_shape[len(out_shape) - len(shape) :] if len(shape) <= len(out_shape) else None
    if target is None or any(n not in (1, m) for n, m in zip(shape, target, strict=True)):
        raise ValueError(
            f"shape mismatch: a value of shape {tuple(value_shape)} does not fit a selection of {out_shape}"
        )
    return shape
