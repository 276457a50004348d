"""Writes sections of one plain image: pieces of the file, read first where pixels in between are to stay."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from rustfits_cffi.format.runs import runs_of
from rustfits_cffi.format.selection import Selection
from rustfits_cffi.hdu.images.plain_reader import PlainReader
from rustfits_cffi.native.cfitsio.handle import FileHandle
from rustfits_cffi.native.cfitsio.plain_writing import write_run

_PIECE_NBYTES = 4 << 20  # read, changed and written at a time
# Gaps up to this length are read and written again rather than left out: cfitsio passes the ends of each write through
# buffers of 2880 bytes, which takes longer than these bytes do as part of one long write.
_GAP_NBYTES = 1 << 17


def write_section(
    handle: FileHandle, number: int, reader: PlainReader, selection: Selection, stored: np.ndarray
) -> None:
    """Write pixels into a selection that is not empty.

    Must run inside `FileHandle.change`.

    Parameters
    ----------
    number : int
        1-based number of the HDU.
    stored : ndarray
        C-contiguous, of the stored type, native byte order, shape `selection.count`.

    Raises
    ------
    TruncatedError
        If the file ends before the last pixel of the selection; nothing has been written then.
    FITSError
        If cfitsio reports an error.
    """
    reader.require(selection)
    handle.flush()  # what cfitsio still holds back would be missing in what is read
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
        write_run(handle, number, start, [pixels], bitpix, npix=pixels.size)


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
