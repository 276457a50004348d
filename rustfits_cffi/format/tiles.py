"""The grid of an image's tiles, and which tiles, and which part of each, a selection needs.

Everything is in numpy axis order. Tiles are numbered from 0 in C order, which is FITS order with the first FITS axis
fastest (FITS Standard 4.0, section 10.1.1): tile number n is row n + 1 of the compressed table.
"""

from __future__ import annotations

from math import prod

import numpy as np

from rustfits_cffi.config import Codec
from rustfits_cffi.format.selection import Selection

__all__ = [
    "TileGrid",
    "check_axes",
    "default_tile_shape",
    "resolve_tile_shape",
]

# Up to this many tiles plain Python is faster than numpy (3 against 9 us for 4 tiles; equal at about 80).
_FEW = 80


class TileGrid:
    """An image cut into tiles; those at the far edges may be smaller.

    Parameters
    ----------
    shape, tile_shape : tuple of int
        Both in numpy order and of equal length. Axes may have length 0, tiles may not; a tile may exceed the image.

    Attributes
    ----------
    counts : tuple of int
        Tiles along each axis.
    ntiles : int
        Number of tiles, which is that of the rows of the compressed table.

    Raises
    ------
    ValueError
        If the lengths differ or a tile axis is below 1.
    """

    __slots__ = ("_strides", "counts", "ntiles", "shape", "tile_shape")

    def __init__(self, shape: tuple[int, ...], tile_shape: tuple[int, ...]) -> None:
        if len(shape) != len(tile_shape):
            raise ValueError(f"tile_shape has {len(tile_shape)} dimensions but the image has {len(shape)}")
        if any(tile < 1 for tile in tile_shape):
            raise ValueError(f"tile axes must be 1 pixel or longer, got {tile_shape}")
        self.shape = tuple(shape)
        self.tile_shape = tuple(tile_shape)
        self.counts = tuple(-(-n // t) for n, t in zip(shape, tile_shape, strict=True))
        self.ntiles = prod(self.counts)
        strides = [1]
        for count in self.counts[:0:-1]:
            strides.append(strides[-1] * count)
        self._strides = tuple(reversed(strides)) if shape else ()

    def __repr__(self) -> str:
        return f"TileGrid({self.shape}, {self.tile_shape})"

    @property
    def max_npix(self) -> int:
        """Pixels of the largest tile, which is the first one."""
        return prod(min(n, t) for n, t in zip(self.shape, self.tile_shape, strict=True))

    def position(self, row: int) -> tuple[int, ...]:
        """Position of tile number `row` in the grid: its number along each axis."""
        if not 0 <= row < self.ntiles:
            raise IndexError(f"tile {row} is outside the {self.ntiles} tiles of the image")
        return tuple(row // stride % count for stride, count in zip(self._strides, self.counts, strict=True))

    def tile_at(self, pixel: tuple[int, ...]) -> int:
        """Number of the tile that holds a pixel of the image."""
        number = 0
        for index, tile, stride in zip(pixel, self.tile_shape, self._strides, strict=True):
            number += index // tile * stride
        return number

    def only_tile(self, selection: Selection) -> tuple[int, tuple[slice, ...]] | None:
        """The one tile that a non-empty selection touches, and the pixels in it; None if it touches several."""
        number, inside = 0, []
        axes = zip(selection.start, selection.count, selection.step, self.tile_shape, self._strides, strict=True)
        for start, count, step, tile, stride in axes:
            position, first = divmod(start, tile)
            last = first + (count - 1) * step
            if last >= tile:
                return None
            number += position * stride
            inside.append(slice(first, last + 1, step))
        return number, tuple(inside)

    def extent(self, row: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """First pixel, and one past the last, of tile number `row` along each axis."""
        start = tuple(position * tile for position, tile in zip(self.position(row), self.tile_shape, strict=True))
        return start, tuple(min(a + tile, n) for a, tile, n in zip(start, self.tile_shape, self.shape, strict=True))

    def slices(self, row: int) -> tuple[slice, ...]:
        """The pixels of tile number `row` as numpy slices of the image."""
        return tuple(map(slice, *self.extent(row)))

    def box(self, rows: list[int]) -> tuple[slice, ...] | None:
        """The pixels of one or more tiles as numpy slices of the image; None if the tiles do not fill a box."""
        positions = list(zip(*map(self.position, rows), strict=True))
        first, last = [min(axis) for axis in positions], [max(axis) for axis in positions]
        if prod(b - a + 1 for a, b in zip(first, last, strict=True)) != len(rows):
            return None
        axes = zip(first, last, self.tile_shape, self.shape, strict=True)
        return tuple(slice(a * tile, min((b + 1) * tile, length)) for a, b, tile, length in axes)

    def tiles_touched(self, selection: Selection) -> np.ndarray:
        """Numbers of the tiles that hold a selected pixel, ascending.

        Parameters
        ----------
        selection : Selection
            A selection of an image of this shape.

        Returns
        -------
        ndarray of int64
        """
        if selection.is_empty:
            return np.empty(0, dtype=np.int64)
        few = self.few_tiles(selection, _FEW)
        if few is not None:
            return np.array(few, dtype=np.int64)
        axes = self._touched_axes(selection)
        total = np.zeros(1, dtype=np.int64)
        for axis, stride in zip(axes, self._strides, strict=True):
            positions = np.arange(axis.start, axis.stop) if type(axis) is range else np.array(axis)
            total = (total[:, None] + positions.astype(np.int64) * stride).ravel()
        return total

    def few_tiles(self, selection: Selection, most: int) -> list[int] | None:
        """`tiles_touched` as a list of int; None if there are more than `most`. The selection must not be empty."""
        axes = self._touched_axes(selection)
        if prod(map(len, axes)) > most:
            return None
        rows = [0]
        for axis, stride in zip(axes, self._strides, strict=True):
            rows = [row + position * stride for row in rows for position in axis]
        return rows

    def _touched_axes(self, selection: Selection) -> list[range | list[int]]:
        """Positions of the touched tiles along each axis."""
        return list(map(_touched_axis, selection.start, selection.stop, selection.step, self.tile_shape))

    def overlap(self, row: int, selection: Selection) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
        """The part of tile number `row` that a selection needs, and its part of the result.

        Parameters
        ----------
        row : int
        selection : Selection
            A selection that touches the tile.

        Returns
        -------
        inside, outside : tuple of slice
            `inside` are slices of the tile (smaller at the edges), `outside` slices of the result before any axis is
            dropped (of shape ``selection.count``).
        """
        inside, outside = [], []
        begin, end = self.extent(row)
        for a, b, start, stop, step in zip(begin, end, selection.start, selection.stop, selection.step, strict=True):
            first = -(-(a - start) // step) if a > start else 0
            last = (min(b, stop) - 1 - start) // step + 1
            inside.append(slice(start + first * step - a, start + (last - 1) * step - a + 1, step))
            outside.append(slice(first, last))
        return tuple(inside), tuple(outside)


def _touched_axis(start: int, stop: int, step: int, tile: int) -> range | list[int]:
    """Tile numbers along one axis that hold a selected pixel."""
    if step <= tile:
        return range(start // tile, (stop - 1) // tile + 1)
    return [pixel // tile for pixel in range(start, stop, step)]


def default_tile_shape(shape: tuple[int, ...], codec: Codec | None = None) -> tuple[int, ...]:
    """Default tile shape: one row of the fastest axis; several rows for HCOMPRESS.

    Notes
    -----
    FITS Standard 4.0, section 10.1.1 (ZTILEn). An axis of length 0 counts as 1.
    """
    if not shape:
        raise ValueError("a compressed image must have at least one axis")
    row = (1,) * (len(shape) - 1) + (max(shape[-1], 1),)
    if codec is not None and len(shape) > 1:
        return (*row[:-2], max(codec.default_rows(shape[-2]), 1), row[-1])
    return row


def resolve_tile_shape(shape: tuple[int, ...], codec: Codec) -> tuple[int, ...]:
    """The tile shape that a config gives to an image, checked.

    Parameters
    ----------
    shape : tuple of int
        Shape of the image.
    codec : Codec
        Its `tile_shape` may be None.

    Returns
    -------
    tuple of int
        As requested: a tile larger than the image is kept.

    Raises
    ------
    ValueError
        If the image has no axis or another number of axes than the tile; for HCOMPRESS also if the image is not 2-D, or
        if any tile, including the last one, has fewer than 4 pixels along an axis.

    Notes
    -----
    cfitsio silently enlarges HCOMPRESS tiles if the last one would be too small; this function instead raises an error
    that suggests a tile shape.
    """
    check_axes(shape, codec)
    tile_shape = None if codec.tile_shape is None else tuple(codec.tile_shape)
    if tile_shape is not None and len(tile_shape) != len(shape):
        raise ValueError(f"tile_shape has {len(tile_shape)} dimensions but the image has {len(shape)}")
    for axis, length in enumerate(shape):
        _check_length(codec, length, f"image axis {axis} has size {length}")
    if tile_shape is None:
        return default_tile_shape(shape, codec)
    for axis, (length, tile) in enumerate(zip(shape, tile_shape, strict=True)):
        _check_length(codec, tile, f"tile_shape[{axis}]={tile}")
        _check_last_tile(codec, axis, length, tile)
    return tile_shape


def check_axes(shape: tuple[int, ...], codec: Codec) -> None:
    """Refuse an image with a number of axes that a codec does not support: 0, or for HCOMPRESS any but 2."""
    if not shape:
        raise ValueError("compressed images must have at least one axis (NAXIS >= 1)")
    if codec.axes is not None and len(shape) != codec.axes:
        raise ValueError(f"{type(codec).__name__} takes {codec.axes}-D images only, got {len(shape)}-D")


def _check_length(codec: Codec, length: int, what: str) -> None:
    """Refuse an axis too short for a codec. Axes without pixels are checked elsewhere."""
    if length < codec.shortest_axis and codec.shortest_axis > 1:
        raise ValueError(f"{type(codec).__name__}: {what}, below {_minimum(codec)} pixels per axis")


def _check_last_tile(codec: Codec, axis: int, length: int, tile: int) -> None:
    """Refuse a tile length that leaves a last tile too short for a codec, and suggest one that does not."""
    rest, least = length % tile, codec.shortest_axis
    if not 0 < rest < least:
        return
    _check_length(codec, length, f"axis {axis} has size {length}")
    better = next(t for t in range(tile + 1, length + 1) if length % t == 0 or length % t >= least)
    raise ValueError(
        f"{type(codec).__name__}: axis {axis} of {length} pixels with tile_shape[{axis}]={tile} leaves a last tile of "
        f"{rest} pixels, below {_minimum(codec)} pixels per axis. Try tile_shape[{axis}]={better} "
        f"(last tile of {length % better or better} pixels)"
    )


def _minimum(codec: Codec) -> str:
    return f"the {codec.zcmptype} minimum of {codec.shortest_axis}"
