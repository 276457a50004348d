"""Writes sections of one plain image: pieces of the file, read first where pixels in between are to stay."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from itertools import pairwise

import numpy as np

from rustfits_cffi import threads
from rustfits_cffi.edits.regions import Writable
from rustfits_cffi.format.runs import runs_of
from rustfits_cffi.format.selection import Selection
from rustfits_cffi.hdu.images.plain_reader import PlainReader
from rustfits_cffi.native.pixels import pack_pixels
from rustfits_cffi.native.turns import Turns
from rustfits_cffi.storage.handle import FileHandle

_PIECE_NBYTES = 4 << 20  # read, changed and written at a time
_GAP_NBYTES = 1 << 14  # a gap this long is read and written again: that is cheaper than another write
# Pixels converted at a time while writing. The system copies few large pieces faster than many small ones (of 256 KB:
# by a third).
_WRITE_NBYTES = 4 << 20


def write_section(
    handle: FileHandle, data_start: int, reader: PlainReader, selection: Selection, stored: np.ndarray
) -> None:
    """Write pixels into a selection that is not empty. If that fails midway, some are the new ones and some the old.

    Parameters
    ----------
    data_start : int
        Byte of the file where the pixels begin.
    stored : ndarray
        C-contiguous, of the stored type, native byte order, shape `selection.count`.

    Raises
    ------
    TruncatedError
        If the file ends before the last pixel of the selection; nothing has been written then.
    OSError
        If the file cannot be written.
    """
    reader.require(selection)
    bitpix = stored.itemsize * (-8 if stored.dtype.kind == "f" else 8)
    for first, rows, step in _pieces(selection, stored):
        length = (rows.shape[1] - 1) * step + 1
        start, stop = int(first[0]), int(first[-1]) + length
        if rows.size == stop - start:
            pixels = rows.reshape(-1)
        else:
            pixels = reader.read_stored(start, stop - start)
            for begin, row in zip((first - start).tolist(), rows, strict=True):
                pixels[begin : begin + length : step] = row
        write_run(handle, data_start + start * stored.itemsize, [pixels], bitpix, npix=pixels.size)


def _pieces(selection: Selection, stored: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, int]]:
    """``(first, rows, step)``: the first pixels of some runs that lie close together, their pixels, their distance.

    Each piece spans at most `_PIECE_NBYTES`, except one run without gaps, which need not be read.
    """
    runs = runs_of(selection)
    rows = stored.reshape(len(runs.first), -1)
    most_npix = _PIECE_NBYTES // stored.itemsize
    if runs.length > most_npix:
        width = rows.shape[1] if runs.step == 1 else max(1, most_npix // runs.step)
        for i in range(len(rows)):
            for begin in range(0, rows.shape[1], width):
                yield runs.first[i : i + 1] + begin * runs.step, rows[i : i + 1, begin : begin + width], runs.step
        return
    is_far = np.diff(runs.first) - runs.length > _GAP_NBYTES // stored.itemsize
    edges = [0, *(np.flatnonzero(is_far) + 1).tolist(), len(rows)]
    for begin, end in pairwise(edges):
        while begin < end:
            stop = int(np.searchsorted(runs.first[begin:end], runs.first[begin] + most_npix - runs.length, "right"))
            yield runs.first[begin : begin + stop], rows[begin : begin + stop], runs.step
            begin += stop


def write_run(file: Writable, offset: int, parts: Iterable[np.ndarray], bitpix: int, *, npix: int) -> None:
    """Write pixels that follow each other, from byte `offset` on.

    Parameters
    ----------
    parts : iterable of ndarray
        The pixels, of the stored type, in native byte order, C-contiguous. Of many pixels they are taken in another
        thread, while what came before is being written.
    npix : int
        Pixels of all parts.
    """
    with threads.lend() as nthreads:
        if nthreads > 1 and npix * abs(bitpix) // 8 > 2 * _WRITE_NBYTES:
            pieces = threads.ahead(_raw_pieces(parts, bitpix, Turns(2)))
        else:
            pieces = _raw_pieces(parts, bitpix, Turns(1))
        with closing(pieces):
            for raw in pieces:
                file.write(offset, raw)
                offset += raw.nbytes


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
