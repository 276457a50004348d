"""ImageHDU: an array of pixels, read and written by sections.

A read goes from the index to a `Selection`, from there to the stored pixels (`_read_section`), and last through scaling
and masking. Compressed images replace the two section hooks and nothing else.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rustfits_cffi import threads
from rustfits_cffi.errors import FITSFormatError, TruncatedError
from rustfits_cffi.format.dtypes import BITPIX_DTYPES
from rustfits_cffi.format.scaling import PixelType
from rustfits_cffi.format.runs import runs_of
from rustfits_cffi.format.selection import Selection, select, select_all
from rustfits_cffi.hdu.base import HDU
from rustfits_cffi.hdu.pixels import stored_pixels
from rustfits_cffi.native import image as native

_STRIDED_READ_NBYTES = 1 << 20  # runs of which only every n-th pixel is wanted are read this much at a time


class ImageHDU(HDU):
    """An image HDU.

    Examples
    --------
    >>> hdu = fits["SCI"]
    >>> stamp = hdu[100:132, 200:232]
    """

    _type_name = "IMAGE_HDU"
    _listed_as = "IMAGE_HDU"

    # -- what the header says -----------------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes, slowest first; () if there is no data."""
        return self._entry.structure.shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of pixels."""
        return math.prod(self.shape) if self.shape else 0

    def __len__(self) -> int:
        return max(self.shape[0], 0) if self.shape else 0

    @property
    def bitpix(self) -> int:
        """BITPIX of the pixels (ZBITPIX of a compressed image)."""
        return self._entry.structure.bitpix

    @property
    def dtype(self) -> np.dtype:
        """Type of the pixels as read: the unsigned type for the unsigned trick, float64 for general scaling."""
        return self._pixel_type.scaled

    @property
    def unit(self) -> str | None:
        """BUNIT, or None."""
        unit = self.header.get("BUNIT")
        return unit if isinstance(unit, str) else None

    @property
    def _pixel_type(self) -> PixelType:
        """How stored pixels become physical ones, from BITPIX, BSCALE, BZERO and BLANK."""
        cache = self._entry.cache
        if "pixel type" not in cache:
            get = self.header.get
            if self.bitpix not in BITPIX_DTYPES:
                raise FITSFormatError(f"{self._where}: {self._entry.structure.problem}")
            cache["pixel type"] = PixelType.from_header(
                self.bitpix, get("BSCALE"), get("BZERO"), get(self._blank_keyword)
            )
        return cache["pixel type"]

    _blank_keyword = "BLANK"

    # -- reading ------------------------------------------------------------------------------------------------------

    def read(self, *, scale: bool = True, mask_blank: bool = False) -> np.ndarray:
        """Read the whole image.

        Parameters
        ----------
        scale : bool
            Apply BSCALE and BZERO: float64, or the unsigned type of the unsigned trick. False: pixels as stored.
        mask_blank : bool
            Return a masked array, masked where the stored integer equals BLANK (ZBLANK for compressed images).

        Returns
        -------
        ndarray or MaskedArray
            Shape `shape`; native byte order, C-contiguous, owned by the caller.

        Raises
        ------
        ValueError
            If the HDU has no data, or `mask_blank` is asked of a floating-point image.
        OSError
            If the file is closed or cut short.
        TileError
            If a tile of a compressed image is corrupt; names the file, the HDU and the tile.
        """
        if not self.shape:
            raise ValueError(f"{self._where}: no data to read (NAXIS = 0)")
        selection = select_all(self.shape)
        if mask_blank:
            return self._read_masked(selection, scale=scale)
        return self._read(selection, scale=scale)

    def __getitem__(self, key: Any) -> np.ndarray:
        selection = self._select(key)
        result = self._read(selection, scale=True)
        if selection.out_shape != selection.count:
            result.resize(selection.out_shape, refcheck=False)  # unlike reshape it leaves the caller the owner
        return result[()] if selection.is_scalar else result

    def _select(self, key: Any) -> Selection:
        """The pixels that an index means; a header may declare a negative length, which no index takes."""
        shape = self.shape
        if shape and min(shape) < 0:
            raise FITSFormatError(f"{self._where}: {self._entry.structure.problem}")
        return select(key, shape)

    def _read(self, selection: Selection, *, scale: bool) -> np.ndarray:
        """Pixels of a selection, every axis kept."""
        if selection.is_empty:
            kind = self._pixel_type
            return np.empty(selection.count, kind.scaled if scale else kind.stored)
        return self._read_section(selection, scale=scale)

    def _read_masked(self, selection: Selection, *, scale: bool) -> np.ma.MaskedArray:
        kind = self._pixel_type
        if kind.bitpix < 0:
            raise ValueError(f"{self._where}: mask_blank needs integer pixels, this image has float BITPIX={kind.bitpix}")
        stored = self._read(selection, scale=False)
        data = kind.scale(stored) if scale else stored
        mask = np.ma.nomask if kind.blank is None else stored == kind.blank
        return np.ma.MaskedArray(data, mask)

    def _read_section(self, selection: Selection, *, scale: bool) -> np.ndarray:
        """Pixels of a selection that is not empty. The reading hook."""
        kind = self._pixel_type
        handle = self._directory.handle
        with handle.lock:
            data_start = self._entry.data_start
            self._require_pixels(data_start, selection)
            runs = runs_of(selection)
            offsets = runs.first * kind.stored.itemsize + data_start
            flip = scale and kind.is_unsigned_trick
            if runs.step == 1:
                pixels = np.empty(selection.count, kind.scaled if flip else kind.stored)
                nthreads = threads.get_num_threads() if pixels.nbytes > 1 << 20 else 1
                native.read_runs(
                    handle, offsets, runs.length * pixels.itemsize, pixels, flip=flip, nthreads=nthreads
                )
            else:
                pixels = self._read_strided(offsets, runs, selection, flip=flip)
        return kind.scale(pixels) if scale and kind.is_general else pixels

    def _read_strided(self, offsets: np.ndarray, runs, selection: Selection, *, flip: bool) -> np.ndarray:
        """Every n-th pixel of each run: read whole runs, a bounded number at a time, and keep what is wanted."""
        kind = self._pixel_type
        dtype = kind.scaled if flip else kind.stored
        result = np.empty(selection.count, dtype)
        rows = result.reshape(len(offsets), -1)
        at_once = max(1, _STRIDED_READ_NBYTES // (runs.length * dtype.itemsize))
        for begin in range(0, len(offsets), at_once):
            part = np.ascontiguousarray(offsets[begin : begin + at_once])
            raw = np.empty((len(part), runs.length), dtype)
            native.read_runs(
                self._directory.handle, part, runs.length * dtype.itemsize, raw, flip=flip, nthreads=1
            )
            rows[begin : begin + at_once] = raw[:, :: runs.step]
        return result

    def _require_pixels(self, data_start: int, selection: Selection) -> None:
        """Check the declared shape against the file before memory is taken for it."""
        problem = self._entry.structure.problem
        if problem:
            raise FITSFormatError(f"{self._where}: {problem}")
        last = 0
        for length, stop in zip(selection.shape, selection.stop):
            last = last * length + stop - 1
        end = data_start + (last + 1) * self._pixel_type.stored.itemsize
        size = self._directory.handle.size()
        if end > size:
            raise TruncatedError(
                f"{self._where}: truncated: shape {self.shape} of {self._pixel_type.stored} needs the bytes up to {end}, "
                f"the file ends at {size}"
            )

    # -- writing ------------------------------------------------------------------------------------------------------

    def write(self, data: Any, start: Any = None) -> None:
        """Write pixels, the whole image or a block of it.

        Parameters
        ----------
        data : array_like
            The stored type, the type of the unsigned trick, or float64 for generally scaled images. Masked pixels
            become BLANK (integers) or NaN.
        start : sequence of int, optional
            Position of the block's first pixel; the origin if not given.

        Raises
        ------
        ValueError
            If type, number of axes or size do not fit; nothing has been written then.
        OSError
            If the file is closed or read-only, or writing fails.
        """
        self._directory.handle.require_writable("write pixels")
        stored = stored_pixels(data, self._pixel_type, where=self._where, contiguous=True)
        selection = self._block(stored.shape, start)
        self._write_section(selection, stored)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._directory.handle.require_writable("write pixels")
        selection = self._select(key)
        if selection.is_empty:
            return
        stored = stored_pixels(value, self._pixel_type, where=self._where, shape=selection.out_shape)
        self._write_section(selection, stored.reshape(selection.count))

    def _block(self, block_shape: tuple[int, ...], start: Any) -> Selection:
        """The selection that a block of that shape covers from `start` on."""
        shape = self.shape
        if len(block_shape) != len(shape):
            raise ValueError(f"{self._where}: the data has {len(block_shape)} axes, the image has {len(shape)} axes")
        origin = (0,) * len(shape) if start is None else tuple(start)
        if len(origin) != len(shape):
            raise ValueError(f"{self._where}: start has {len(origin)} numbers, the image has {len(shape)} axes")
        for axis, (first, count, length) in enumerate(zip(origin, block_shape, shape)):
            if first < 0:
                raise ValueError(f"{self._where}: start[{axis}] is {first}, it must be >= 0")
            if first + count > length:
                raise ValueError(f"{self._where}: axis {axis}: {first} + {count} exceeds HDU dim {length}")
        return select(tuple(slice(a, a + n) for a, n in zip(origin, block_shape)), shape)

    def _write_section(self, selection: Selection, stored: np.ndarray) -> None:
        """Write stored pixels into a selection. The writing hook."""
        if selection.is_empty:
            return
        kind = self._pixel_type
        handle = self._directory.handle
        with handle.change(action="write pixels"):
            self._require_pixels(self._entry.data_start, selection)
            runs = runs_of(selection)
            rows = stored.reshape(len(runs.first), -1)
            for first, row in zip(runs.first.tolist(), rows):
                if runs.step != 1:
                    row = self._merged(first, runs, row)
                native.write_run(
                    handle, self._index + 1, first, row, kind.bitpix, nthreads=threads.get_num_threads()
                )

    def _merged(self, first: int, runs, row: np.ndarray) -> np.ndarray:
        """A run as it is in the file, with every n-th pixel replaced."""
        handle, kind = self._directory.handle, self._pixel_type
        whole = np.empty(runs.length, kind.stored)
        offset = np.array([self._entry.data_start + first * whole.itemsize], np.int64)
        handle.flush()
        native.read_runs(handle, offset, whole.nbytes, whole, flip=False, nthreads=1)
        whole[:: runs.step] = row
        return whole

    # -- words --------------------------------------------------------------------------------------------------------

    def _describe(self) -> list[str]:
        try:
            dtype = self.dtype.str[1:]
        except (FITSFormatError, ValueError):
            dtype = f"BITPIX={self.bitpix}"
        lines = ["image info:", f"  data type: {dtype}", f"  dims: {list(self.shape)}"]
        return [*lines, f"  unit: {self.unit}"] if self.unit else lines
