"""Pixels of plain images as bytes of the file, and the creation of image HDUs, plain and compressed."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import closing

import numpy as np

from rustfits_cffi import threads
from rustfits_cffi.errors import TruncatedError, raise_for_status
from rustfits_cffi.native import requests
from rustfits_cffi.native._lib import CData, ffi, lib
from rustfits_cffi.native.blank import write_blank
from rustfits_cffi.native.coding import OUTS
from rustfits_cffi.native.handle import FileHandle
from rustfits_cffi.native.header import append_cards
from rustfits_cffi.native.memory import Turns
from rustfits_cffi.native.pixels import pack_pixels
from rustfits_cffi.native.pool import new_array
from rustfits_cffi.native.systemerrors import raise_for_system

# cfitsio's codes for image types that differ from BITPIX: the unsigned trick, by numpy type.
_CREATE_CODES = {"i1": 10, "u2": 20, "u4": 40, "u8": 80}
_NUMBERS = ffi.typeof("size_t[]")  # looked up once, because small cut-outs count every step
# Pixels converted at a time while writing. The system copies few large pieces faster than many small ones (of 256 KB:
# by a third).
_WRITE_NBYTES = 4 << 20


def create_image(
    handle: FileHandle,
    dtype: np.dtype,
    bitpix: int,
    shape: tuple[int, ...],
    request: requests.CompressionRequest | None,
    *,
    blank: int | None = None,
    cards: bytes = b"",
) -> int:
    """Append an image HDU without data at the end of the file, and `cards` to its header.

    Must run inside `FileHandle.append`. Returns the HDU's number, 1-based.
    """
    code = _CREATE_CODES.get(dtype.str[1:], bitpix)
    axes = ffi.new("long long[]", list(shape[::-1]) or [0])
    with handle.call(action="create an image HDU") as (fptr, status):
        _move_to_end(handle, fptr, status)
        if request is not None:
            requests.ask(handle, request)
        lib.fits_create_imgll(fptr, code, len(shape), axes, status)  # fits_create_img forgets all axes but 20
        requests.forget(handle)
        if blank is not None:
            write_blank(fptr, blank, status, compressed=request is not None)
        append_cards(fptr, cards, status)
        lib.fits_set_hdustruc(fptr, status)
        return fptr.Fptr.curhdu + 1


def _move_to_end(handle: FileHandle, fptr: CData, status: CData) -> None:
    """cfitsio appends after the current HDU only if that is the last one."""
    if handle.size():
        count = ffi.new("int *")
        lib.fits_get_num_hdus(fptr, count, status)
        lib.fits_movabs_hdu(fptr, count[0], ffi.NULL, status)


class PlainImage:
    """A plain image in a file, and what its pixels become; made once, used for every read.

    Parameters
    ----------
    handle : FileHandle
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
        handle: FileHandle,
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
        self._handle = handle
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
        file = self._handle.held()
        pixels = new_array(count, self._dtype)
        section = ffi.new(_NUMBERS, (*start, *count, *step))
        status = lib.rf_plain_read(file[0], self._image, section, ffi.from_buffer(pixels), nthreads)
        if status:
            _refuse(status, self._handle.path, self._truncated)
        return pixels

    def _line_reader(self) -> Callable[[int, int], np.ndarray]:
        """`read_line` with all that never changes at hand: a short line takes not much longer than the names in it."""
        image, dtype, read = self._image, self._dtype, lib.rf_plain_read_line
        held, empty, from_buffer = self._handle.held, np.empty, ffi.from_buffer
        words = self._handle.path, self._truncated

        def read_line(first: int, count: int) -> np.ndarray:
            file = held()
            pixels = empty(count, dtype)
            status = read(file[0], image, first, count, from_buffer(pixels))
            if status:
                _refuse(status, *words)
            return pixels

        return read_line

    def _box_reader(self) -> Callable[[int, int, int, int], np.ndarray]:
        """`read_box`, made likewise for cut-outs."""
        image, dtype, read = self._image, self._dtype, lib.rf_plain_read_box
        held, empty, from_buffer = self._handle.held, np.empty, ffi.from_buffer
        words = self._handle.path, self._truncated

        def read_box(y: int, x: int, ny: int, nx: int) -> np.ndarray:
            file = held()
            pixels = empty((ny, nx), dtype)
            status = read(file[0], image, y, x, ny, nx, from_buffer(pixels))
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


def write_run(
    handle: FileHandle, number: int, first: int, parts: Iterable[np.ndarray], bitpix: int, *, npix: int
) -> None:
    """Write pixels of HDU `number` (1-based) that follow each other, from pixel `first` on.

    Parameters
    ----------
    parts : iterable of ndarray
        The pixels, of the stored type, in native byte order, C-contiguous. Of many pixels they are taken in another
        thread, while what came before is being written.
    npix : int
        Pixels of all parts.
    """
    with threads.lend() as nthreads, handle.call(number, action="write pixels") as (fptr, status):
        position = fptr.Fptr.datastart + first * abs(bitpix) // 8
        if nthreads > 1 and npix * abs(bitpix) // 8 > 2 * _WRITE_NBYTES:
            pieces = threads.ahead(_raw_pieces(parts, bitpix, Turns(2)))
        else:
            pieces = _raw_pieces(parts, bitpix, Turns(1))
        with closing(pieces):
            for raw in pieces:
                lib.ffmbyt(fptr, position, 1, status)
                lib.ffpbyt(fptr, raw.nbytes, ffi.from_buffer(raw), status)
                position += raw.nbytes


def _raw_pieces(parts: Iterable[np.ndarray], bitpix: int, memory: Turns) -> Generator[np.ndarray, None, None]:
    """The pixels as bytes of the file, a piece at a time, each in the next turn of `memory`."""
    step = _WRITE_NBYTES * 8 // abs(bitpix)
    for part in parts:
        flat = part.reshape(-1)
        for begin in range(0, flat.size, step):
            pixels = flat[begin : begin + step]
            raw = memory.take(pixels.nbytes)
            pack_pixels(pixels, raw, bitpix)
            yield raw


def set_rice_block(handle: FileHandle, number: int, npix: int) -> None:
    """Change the block size that cfitsio wrote for RICE_1, which it cannot be asked for."""
    with handle.call(number, action="write BLOCKSIZE") as (fptr, status):
        lib.fits_update_key(fptr, lib.TLONGLONG, b"ZVAL1", ffi.new("long long *", npix), ffi.NULL, status)
