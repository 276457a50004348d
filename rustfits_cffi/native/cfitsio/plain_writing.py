"""Pixels of a plain image into an open file, through cfitsio's raw byte calls."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import closing

import numpy as np

from rustfits_cffi import threads
from rustfits_cffi.native._lib import ffi, lib
from rustfits_cffi.native.cfitsio.handle import FileHandle
from rustfits_cffi.native.pixels import pack_pixels
from rustfits_cffi.native.turns import Turns

# Pixels converted at a time while writing. The system copies few large pieces faster than many small ones (of 256 KB:
# by a third).
_WRITE_NBYTES = 4 << 20


def write_run(
    handle: FileHandle, number: int, first: int, parts: Iterable[np.ndarray], bitpix: int, *, npix: int
) -> None:
    """Write pixels of HDU `number` (1-based) that follow each other, from pixel `first` on.

    Parameters
    ----------
    parts : iterable of ndarray
        The pixels, of the stored type, in native byte order, C-contiguous. If there are many, another thread prepares
        the next part while one is being written.
    npix : int
        Number of pixels in all parts.
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
