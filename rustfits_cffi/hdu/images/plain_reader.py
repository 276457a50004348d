"""Reads sections of one plain image straight from the file.

A reader keeps all that is known about the image, computed once; it is discarded when the header changes.
"""

from __future__ import annotations

import numpy as np

from rustfits_cffi import threads
from rustfits_cffi.directory import Directory
from rustfits_cffi.errors import FITSFormatError, TruncatedError
from rustfits_cffi.format.dtypes import MOST_AXES
from rustfits_cffi.format.scaling import PixelType
from rustfits_cffi.format.selection import Selection
from rustfits_cffi.hdu.images.short_way import MOST_NPIX
from rustfits_cffi.native.plain_image import PlainImage

_ONE_THREAD_NPIX = 1 << 18  # up to this size, starting threads costs more than reading
_TRUSTED_NPIX = MOST_NPIX  # up to this size, memory is allocated without checking the size of the file


class PlainReader:
    """Reads sections of a plain image.

    Parameters
    ----------
    directory : Directory
    index : int
        0-based number of the HDU.
    kind : PixelType

    Raises
    ------
    FITSFormatError
        If the header declares data that cannot exist.
    """

    def __init__(self, directory: Directory, index: int, kind: PixelType) -> None:
        entry = directory[index]
        where = f"{directory.handle.path}, HDU {index}"
        if entry.structure.problem:
            raise FITSFormatError(f"{where}: {entry.structure.problem}")
        if len(entry.structure.shape) > MOST_AXES:
            raise FITSFormatError(f"{where}: {len(entry.structure.shape)} axes; an array has at most {MOST_AXES}")
        self._handle = directory.handle
        self._kind = kind
        self.shape = entry.structure.shape
        self._data_start = entry.data_start
        self._truncated = f"{where}: truncated: shape {self.shape} of {kind.stored}"
        stored_at = (directory.handle, self._truncated, entry.data_start, self.shape, kind.bitpix)
        self._stored = PlainImage(*stored_at, kind.stored, "stored")
        self._physical = PlainImage(
            *stored_at, kind.scaled, kind.out, bscale=kind.scaling.bscale, bzero=kind.scaling.bzero
        )
        self.read_line, self.read_box = self._physical.read_line, self._physical.read_box  # scaled; raise as `read`

    def read(self, selection: Selection, *, scale: bool) -> np.ndarray:
        """Pixels of a non-empty selection, without dropping axes.

        Raises
        ------
        TruncatedError
            If the file ends before the last pixel.
        OSError
            If the file is closed or cannot be read.
        """
        size = selection.size
        if size > _TRUSTED_NPIX:
            self.require(selection)
        image = self._physical if scale else self._stored
        if size <= _ONE_THREAD_NPIX:
            return image.read(selection.start, selection.count, selection.step)
        with threads.lend() as nthreads:
            return image.read(selection.start, selection.count, selection.step, nthreads=nthreads)

    def blank_mask(self, stored: np.ndarray, selection: Selection) -> np.ndarray | np.bool_:
        """Mask of the undefined pixels of a selection, given as stored."""
        return self._kind.blank_mask(stored)

    def read_stored(self, first: int, count: int) -> np.ndarray:
        """Consecutive pixels as stored; `first` counts in file order, regardless of the axes."""
        return self._stored.read_line(first, count)

    def require(self, selection: Selection) -> None:
        """Check the declared shape against the file before memory is allocated: `TruncatedError`."""
        last = 0
        for length, stop in zip(selection.shape, selection.stop, strict=True):
            last = last * length + stop - 1
        self._require_end(last + 1)

    def _require_end(self, npix: int) -> None:
        end = self._data_start + npix * self._kind.stored.itemsize
        size = self._handle.size()
        if end > size:
            raise TruncatedError(f"{self._truncated}: the bytes up to {end} are needed, the file ends at {size}")
