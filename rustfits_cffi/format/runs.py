"""The runs of a C-ordered array that a selection needs, each of which takes one read or write."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rustfits_cffi.format.selection import Selection


@dataclass(frozen=True)
class Runs:
    """Equally long runs of consecutive pixels.

    Attributes
    ----------
    first : ndarray of int64
        First pixel of each run, counted from the start of the image, in the order of the result.
    length : int
        Pixels in each run.
    step : int
        Only every `step`-th pixel of a run is selected, beginning with the first.
    """

    first: np.ndarray
    length: int
    step: int


def runs_of(selection: Selection) -> Runs:
    """The runs of a non-empty selection.

    The fastest axes that are taken whole are joined, together with the next axis if its step is 1.
    """
    strides = _strides(selection.shape)
    axis = len(selection.shape)
    length = 1
    while axis and selection.count[axis - 1] == selection.shape[axis - 1]:
        axis -= 1
        length *= selection.shape[axis]
    step = 1
    offset = 0
    if axis and selection.step[axis - 1] == 1:
        axis -= 1
        offset = selection.start[axis] * strides[axis]
        length *= selection.count[axis]
    elif axis == len(selection.shape) and axis:
        axis -= 1
        step = selection.step[axis]
        offset = selection.start[axis]
        length = selection.stop[axis] - selection.start[axis]
    first = np.array([offset], np.int64)
    for i in reversed(range(axis)):
        steps = (selection.start[i] + selection.step[i] * np.arange(selection.count[i], dtype=np.int64)) * strides[i]
        first = (steps[:, None] + first[None, :]).reshape(-1)
    return Runs(first, length, step)


def _strides(shape: tuple[int, ...]) -> list[int]:
    """Pixels between neighbours along each axis."""
    strides, total = [], 1
    for length in reversed(shape):
        strides.append(total)
        total *= length
    return strides[::-1]
