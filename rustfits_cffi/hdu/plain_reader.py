"""Reads sections of one plain image straight from the file.

A reader holds all that is known about the image, worked out once; it is thrown away when the header changes.
"""

from __future__ import annotations

import numpy as np

from rustfits_cffi import threads
from rustfits_cffi.directory import Directory
from rustfits_cffi.errors import FITSFormatError, TruncatedError
from rustfits_cffi.format.scaling import PixelType
from rustfits_cffi.format.selection import Selection
from rustfits_cffi.native.image import PlainImage

_ONE_THREAD_NBYTES = 1 << 20  # starting threads costs more than reading so little
_TRUSTED_NPIX = 1 << 16  # memory taken without asking whether the file has so many pixels: reading will tell


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
        If the header declares pixels that cannot exist.
    """

    def __init__(self, directory: Directory, index: int, kind: PixelType) -> None:
        entry = directory[index]
        self._where = f"{directory.handle.path}, HDU {index}"
        if entry.structure.problem:
            raise FITSFormatError(f"{self._where}: {entry.structure.problem}")
        self._handle = directory.handle
        self._kind = kind
        self.shape = entry.structure.shape
        self._image = PlainImage(entry.data_start, self.shape, kind.stored.itemsize)
        self._data_start = entry.data_start
        self._result_type = kind.scaled if kind.is_unsigned_trick else kind.stored
        self._flip = kind.is_unsigned_trick
        self._is_general = kind.is_general
        self.line_length = self.shape[0] if len(self.shape) == 1 else None

    def read(self, selection: Selection, *, scale: bool) -> np.ndarray:
        """Pixels of a selection that is not empty, every axis kept.

        Raises
        ------
        TruncatedError
            If the file ends before the last of them.
        OSError
            If the file is closed or cannot be read.
        """
        kind = self._kind
        flip = scale and kind.is_unsigned_trick
        with self._handle.reading() as fd:
            if selection.size > _TRUSTED_NPIX:
                self.require(selection)
            pixels = np.empty(selection.count, self._result_type if flip else kind.stored)
            if pixels.nbytes <= _ONE_THREAD_NBYTES:
                self._read_into(fd, selection, pixels, flip, 1)
            else:
                with threads.lend() as nthreads:
                    self._read_into(fd, selection, pixels, flip, nthreads)
        return kind.scale(pixels) if scale and kind.is_general else pixels

    def _read_into(self, fd: int, selection: Selection, pixels: np.ndarray, flip: bool, nthreads: int) -> None:
        try:
            self._image.read(fd, selection.start, selection.count, selection.step, pixels, flip=flip, nthreads=nthreads)
        except TruncatedError as error:
            raise self._truncated(str(error)) from None

    def read_line(self, first: int, count: int) -> np.ndarray:
        """Consecutive pixels of a one-dimensional image in a file that cannot change, scaled.

        What readers of time lines and sky maps do most, so every step is counted.
        """
        file = self._handle.held()
        if count > _TRUSTED_NPIX:
            self._require_end(first + count)
        pixels = np.empty(count, self._result_type)
        try:
            self._image.read_line(file[0], first, count, pixels, self._flip)
        except TruncatedError as error:
            raise self._truncated(str(error)) from None
        return self._kind.scale(pixels) if self._is_general else pixels

    def read_stored(self, first: int, count: int) -> np.ndarray:
        """Consecutive pixels as they are stored; `first` counts in the order of the file, whatever the axes."""
        pixels = np.empty(count, self._kind.stored)
        with self._handle.reading() as fd:
            self._image.read_line(fd, first, count, pixels, False)
        return pixels

    def require(self, selection: Selection) -> None:
        """Check the declared shape against the file before memory is taken for it: `TruncatedError`."""
        last = 0
        for length, stop in zip(selection.shape, selection.stop, strict=True):
            last = last * length + stop - 1
        self._require_end(last + 1)

    def _require_end(self, npix: int) -> None:
        end = self._data_start + npix * self._kind.stored.itemsize
        size = self._handle.size()
        if end > size:
            raise self._truncated(f"the bytes up to {end} are needed, the file ends at {size}")

    def _truncated(self, reason: str) -> TruncatedError:
        return TruncatedError(f"{self._where}: truncated: shape {self.shape} of {self._kind.stored}: {reason}")
