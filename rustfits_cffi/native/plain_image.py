"""Sections of a plain image: read by one call of C, on as many threads as given."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rustfits_cffi.errors import TruncatedError, raise_for_status
from rustfits_cffi.native._lib import ffi, lib
from rustfits_cffi.native.pool import new_array
from rustfits_cffi.native.source import Source
from rustfits_cffi.native.systemerrors import raise_for_system
from rustfits_cffi.native.tile_coding import OUTS

_NUMBERS = ffi.typeof("size_t[]")  # looked up once, because small cut-outs count every step


class PlainImage:
    """A plain image in a file, and what its pixels become; made once, used for every read.

    Parameters
    ----------
    source : Source
        The file.
    truncated : str
        What is truncated if the file ends within the pixels, for the error: file, HDU, shape and type.
    data_start : int
        Byte of the file.
    shape : tuple of int
        In numpy axis order.
    bitpix : int
    dtype : dtype
        Of the result, native byte order.
    out : {"stored", "unsigned", "double"}
        What the pixels become: the type BITPIX names; the unsigned (or signed byte) type of the same size; or float64
        after ``value * bscale + bzero``.
    bscale, bzero : float
        Of "double".

    Attributes
    ----------
    read_line : callable
        ``read_line(first, count)``: `count` consecutive pixels, in the order of the file, from number `first` on;
        raises as `read`.
    read_box : callable
        ``read_box(y, x, ny, nx)``: `ny` rows of `nx` pixels of an image with two axes; raises as `read`.

    Notes
    -----
    Sections must lie within the image and within what the file can hold; nothing is checked here.
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
        """A section: C-contiguous of shape `count`.

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
        """`read_line` with all that never changes in local names: looking it up would take as long as a short line."""
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
        """`read_box`, made likewise for cut-outs."""
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
    """Raise what a status of a read, not RF_OK, means."""
    raise_for_system(status, path)
    if status == lib.RF_ETRUNCATED:
        raise TruncatedError(f"{truncated}: the file ends within the pixels asked for")
    raise_for_status(status)
