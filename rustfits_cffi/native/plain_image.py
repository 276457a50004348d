"""Sections of a plain image, read in one call of C on the given number of threads."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rustfits_cffi.errors import TruncatedError, raise_for_status
from rustfits_cffi.native._lib import ffi, lib
from rustfits_cffi.native.pool import new_array
from rustfits_cffi.native.source import Source
from rustfits_cffi.native.systemerrors import raise_for_system
from rustfits_cffi.native.tile_coding import OUTS

_NUMBERS = ffi.typeof("size_t[]")  # looked up once, because in small cut-outs every step counts


class PlainImage:
    """A plain image in a file, and the type of its pixels as read; made once, used for every read.

    Parameters
    ----------
    source : Source
        The file.
    truncated : str
        Start of the error message if the file ends within the pixels: file, HDU, shape and type.
    data_start : int
        Byte of the file.
    shape : tuple of int
        In numpy axis order.
    bitpix : int
    dtype : dtype
        Type of the result, in native byte order.
    out : {"stored", "unsigned", "double"}
        Type of the pixels as read: that of BITPIX; the unsigned (or signed byte) type of the same size; or float64
        after ``value * bscale + bzero``.
    bscale, bzero : float
        Used with ``out="double"``.

    Attributes
    ----------
    read_line : callable
        ``read_line(first, count)``: `count` consecutive pixels in file order, from number `first` on;
        raises as `read`.
    read_box : callable
        ``read_box(y, x, ny, nx)``: `ny` rows of `nx` pixels of an image with two axes; raises as `read`.

    Notes
    -----
    Sections must lie within the image, and the image within the largest possible file; neither is checked here.
    """

    def __init__(
        self,
        source: Source,
        truncated: str,
        data_start: int,
        shape: tuple[int, ...],
        bitpix: int,
        dtype: np.dtype,
        out: str,
        *,
        bscale: float = 1.0,
        bzero: float = 0.0,
    ) -> None:
        self._source = source
        self._truncated = truncated
        self._dtype = dtype
        self._shape = ffi.new("size_t[]", shape)
        self._image = ffi.new("rf_plain *", (data_start, len(shape), self._shape, bitpix, OUTS[out], bscale, bzero))
        self.read_line = self._line_reader()
        self.read_box = self._box_reader()

    def read(
        self, start: tuple[int, ...], count: tuple[int, ...], step: tuple[int, ...], *, nthreads: int = 1
    ) -> np.ndarray:
        """Read a section, as a C-contiguous array of shape `count`.

        Raises
        ------
        TruncatedError
            If the file ends first.
        FITSError
            If the file is closed, or the system reports an error.
        """
        source = self._source.held()
        pixels = new_array(count, self._dtype)
        section = ffi.new(_NUMBERS, (*start, *count, *step))
        status = lib.rf_plain_read(source, self._image, section, ffi.from_buffer(pixels), nthreads)
        if status:
            _refuse(status, self._source.path, self._truncated)
        return pixels

    def _line_reader(self) -> Callable[[int, int], np.ndarray]:
        """Make `read_line`, with constants in local names: attribute look-ups would take as long as a short line."""
        image, dtype, read = self._image, self._dtype, lib.rf_plain_read_line
        held, empty, from_buffer = self._source.held, np.empty, ffi.from_buffer
        words = self._source.path, self._truncated

        def read_line(first: int, count: int) -> np.ndarray:
            source = held()
            pixels = empty(count, dtype)
            status = read(source, image, first, count, from_buffer(pixels))
            if status:
                _refuse(status, *words)
            return pixels

        return read_line

    def _box_reader(self) -> Callable[[int, int, int, int], np.ndarray]:
        """Make `read_box` in the same way, for cut-outs."""
        image, dtype, read = self._image, self._dtype, lib.rf_plain_read_box
        held, empty, from_buffer = self._source.held, np.empty, ffi.from_buffer
        words = self._source.path, self._truncated

        def read_box(y: int, x: int, ny: int, nx: int) -> np.ndarray:
            source = held()
            pixels = empty((ny, nx), dtype)
            status = read(source, image, y, x, ny, nx, from_buffer(pixels))
            if status:
                _refuse(status, *words)
            return pixels

        return read_box


def _refuse(status: int, path: str, truncated: str) -> None:
    """Raise the error for the status of a failed read."""
    raise_for_system(status, path)
    if status == lib.RF_ETRUNCATED:
        raise TruncatedError(f"{truncated}: the file ends within the requested pixels")
    raise_for_status(status)
