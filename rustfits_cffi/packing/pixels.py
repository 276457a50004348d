"""Pixels of an image HDU in batches of whole tiles, by positioned reads; memory is bounded by the batch."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rustfits_cffi.format.dtypes import stored_dtype
from rustfits_cffi.native.cfitsio import inspection
from rustfits_cffi.native.cfitsio.handle import CfitsioFile
from rustfits_cffi.native.turns import Turns
from rustfits_cffi.threads import ahead

BATCH_NBYTES = 16 << 20  # pixels of one batch, unless a single row of tiles is larger


@dataclass(frozen=True)
class Batch:
    """Consecutive tiles of the table, and the box of pixels they cover (numpy order)."""

    first_tile: int
    ntiles: int
    start: tuple[int, ...]
    count: tuple[int, ...]


def tile_batches(
    shape: Sequence[int], tile_shape: Sequence[int], itemsize: int, limit: int = BATCH_NBYTES
) -> Iterator[Batch]:
    """The tiles of an image in table order, as boxes of at most `limit` bytes, or of one tile if that is larger."""
    ndim = len(shape)
    counts = [-(-n // t) for n, t in zip(shape, tile_shape, strict=True)]
    extents = [min(t, n) for n, t in zip(shape, tile_shape, strict=True)]

    def row_nbytes(axis: int) -> int:
        """Bytes of a row of tiles that is one tile thick on axes up to `axis` and spans the whole of the later axes."""
        return math.prod(extents[: axis + 1]) * math.prod(shape[axis + 1 :]) * itemsize

    axis = next((axis for axis in range(ndim) if row_nbytes(axis) <= limit), ndim - 1)
    step = max(1, limit // max(1, row_nbytes(axis)))
    per_row, first = math.prod(counts[axis + 1 :]), 0
    for outer in np.ndindex(*counts[:axis]):
        for row in range(0, counts[axis], step):
            nrows = min(step, counts[axis] - row)
            start = [i * t for i, t in zip((*outer, row), tile_shape, strict=False)] + [0] * (ndim - axis - 1)
            thick = [*tile_shape[:axis], nrows * tile_shape[axis], *shape[axis + 1 :]]
            count = [min(t, n - s) for s, t, n in zip(start, thick, shape, strict=True)]
            yield Batch(first, nrows * per_row, tuple(start), tuple(count))
            first += nrows * per_row


class ImagePixels:
    """The stored pixels of an image HDU, big-endian as in the file.

    Parameters
    ----------
    handle : CfitsioFile
        The file.
    data_start : int
        Byte offset of the data unit.
    bitpix : int
        Pixel type.
    shape : tuple of int
        Shape of the image, numpy order.
    """

    def __init__(self, handle: CfitsioFile, data_start: int, bitpix: int, shape: tuple[int, ...]):
        self.shape = shape
        self.dtype = stored_dtype(bitpix).newbyteorder(">")
        self._handle = handle
        self._start = data_start

    def read(self, start: Sequence[int], count: Sequence[int], memory: Turns | None = None) -> np.ndarray:
        """The box of pixels that begins at `start` and has the shape `count`, in a buffer of `memory` if given.

        Raises `FITSError` if the file ends before the box does.
        """
        nbytes = math.prod(count) * self.dtype.itemsize
        buffer = np.empty(nbytes, np.uint8) if memory is None else memory.take(nbytes)
        box = buffer.view(self.dtype).reshape(count)
        split = len(self.shape) - 1
        while split > 0 and count[split] == self.shape[split]:
            split -= 1
        strides = [math.prod(self.shape[i + 1 :]) for i in range(len(self.shape))]
        for outer in np.ndindex(*count[:split]):
            first = sum((s + i) * n for s, i, n in zip(start, (*outer, *[0] * len(start)), strides, strict=False))
            self._handle.read_into(self._start + first * self.dtype.itemsize, box[outer].reshape(-1).view(np.uint8))
        return box

    def batches(
        self, tile_shape: Sequence[int], memory: Turns
    ) -> Generator[tuple[Batch, np.ndarray], None, None]:
        """Every batch of tiles with its pixels, which are valid until the next batch is requested.

        The next batch is read while the caller works on this one.
        """
        batches = tile_batches(self.shape, tile_shape, self.dtype.itemsize)
        return ahead((batch, self.read(batch.start, batch.count, memory)) for batch in batches)


def read_scaling(handle: CfitsioFile, number: int) -> tuple[float, float, int | None]:
    """BSCALE, BZERO and BLANK of HDU `number` (1-based); by default 1, 0 and no null value."""
    scale, zero, blank = (inspection.read_number(handle, number, key) for key in ("BSCALE", "BZERO", "BLANK"))
    return 1.0 if scale is None else scale, zero or 0.0, None if blank is None else int(blank)
