"""ImageHDU: an array of pixels, read and written by sections.

A read goes from the index to a `Selection`, and from there through the HDU's reader to scaled pixels. Compressed images
replace what the header says and two hooks: `_make_reader` and `_write_section`.
"""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Sequence
from typing import Any, Literal, overload

import numpy as np

from rustfits_cffi.config import Codec
from rustfits_cffi.directory import Directory, HDUNumber
from rustfits_cffi.edits.hdus import require_whole
from rustfits_cffi.errors import FITSFormatError
from rustfits_cffi.format.compression import CompressedLayout
from rustfits_cffi.format.dtypes import BITPIX_DTYPES
from rustfits_cffi.format.scaling import PixelType
from rustfits_cffi.format.selection import Selection, select, select_all
from rustfits_cffi.hdu.base import HDU
from rustfits_cffi.hdu.images.plain_reader import PlainReader
from rustfits_cffi.hdu.images.plain_writer import write_section
from rustfits_cffi.hdu.images.short_way import ShortWay, no_way, short_way
from rustfits_cffi.hdu.images.values import scaled_pixels, stored_pixels
from rustfits_cffi.hdu.tiles.reader import TileReader


class ImageFacts:
    """What has been worked out from the header of an image; thrown away when the header changes."""

    __slots__ = ("compression", "geometry", "layout", "pixel_type", "plain_reader", "reader")

    def __init__(self) -> None:
        self.reader: PlainReader | TileReader | None = None
        self.plain_reader: PlainReader | None = None
        self.pixel_type: PixelType | None = None
        # Of compressed images:
        self.geometry: tuple[int, tuple[int, ...]] | None = None
        self.layout: CompressedLayout | None = None
        self.compression: Codec | str | None = None


class ImageHDU(HDU):
    """An image HDU.

    Examples
    --------
    >>> hdu = fits["SCI"]
    >>> stamp = hdu[100:132, 200:232]
    """

    _type_name = "IMAGE_HDU"
    _listed_as = "IMAGE_HDU"

    __slots__ = ("_settled", "_short_way")

    def __init__(self, directory: Directory, number: HDUNumber):
        super().__init__(directory, number)
        # The reader and its short way to the pixels, once there is one and nobody can change the file.
        self._settled: PlainReader | TileReader | None = None
        self._short_way: ShortWay = no_way

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
        length = max(self.shape[0], 0) if self.shape else 0
        if length > sys.maxsize:
            raise FITSFormatError(f"{self._where}: an axis of {length} pixels cannot exist")
        return length

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
    def _facts(self) -> ImageFacts:
        entry = self._entry
        if entry.known is None:
            entry.known = ImageFacts()
        return entry.known

    @property
    def _pixel_type(self) -> PixelType:
        """How stored pixels become physical ones, from BITPIX, BSCALE, BZERO and BLANK."""
        facts = self._facts
        if facts.pixel_type is None:
            get = self.header.get
            if self.bitpix not in BITPIX_DTYPES:
                raise FITSFormatError(f"{self._where}: {self._entry.structure.problem}")
            facts.pixel_type = PixelType.from_header(
                self.bitpix, get("BSCALE"), get("BZERO"), get(self._blank_keyword)
            )
        return facts.pixel_type

    _blank_keyword = "BLANK"

    # -- reading ------------------------------------------------------------------------------------------------------

    @overload
    def read(self, *, scale: bool = True, mask_blank: Literal[True]) -> np.ma.MaskedArray: ...
    @overload
    def read(self, *, scale: bool = True, mask_blank: bool = False) -> np.ndarray: ...
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
        pixels = self._short_way(key)
        if pixels is not None:
            return pixels
        reader = self._settled
        if reader is None:
            selection = self._select(key)
            result = self._read(selection, scale=True)
        else:
            selection = select(key, reader.shape)
            result = self._read(selection, scale=True) if selection.is_empty else reader.read(selection, scale=True)
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
            raise ValueError(
                f"{self._where}: mask_blank needs integer pixels, this image has float BITPIX={kind.bitpix}"
            )
        stored = self._read(selection, scale=False)
        data = scaled_pixels(stored, kind) if scale else stored
        mask = kind.blank_mask(stored) if selection.is_empty else self._reader().blank_mask(stored, selection)
        return np.ma.MaskedArray(data, mask)

    def _read_section(self, selection: Selection, *, scale: bool) -> np.ndarray:
        """Pixels of a selection that is not empty."""
        handle = self._directory.handle
        if not handle.writable:
            return self._reader().read(selection, scale=scale)
        with handle.lock:  # or another thread could move the pixels before they are read
            return self._reader().read(selection, scale=scale)

    def _reader(self) -> PlainReader | TileReader:
        """What reads the pixels: made once, and again when the header has changed."""
        reader = self._facts.reader
        if reader is None:
            with self._directory.handle.lock:
                self._directory.handle.require_usable()
                reader = self._facts.reader = self._make_reader()
                if not self._directory.handle.writable:
                    self._settled = reader
                    self._short_way = short_way(reader.shape, reader.read_line, reader.read_box)
        return reader

    def _make_reader(self) -> PlainReader | TileReader:
        """The reading hook."""
        return self._plain_reader()

    def _plain_reader(self) -> PlainReader:
        """What knows where each pixel of a plain image is."""
        facts = self._facts
        if facts.plain_reader is None:
            facts.plain_reader = PlainReader(self._directory, self._index, self._pixel_type)
        return facts.plain_reader

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
        if not (start is None or isinstance(start, Sequence | np.ndarray)) or isinstance(start, str | bytes):
            raise TypeError(f"{self._where}: start must be a sequence of ints, one an axis, not {start!r}")
        origin = (0,) * len(shape) if start is None else tuple(operator.index(first) for first in start)
        if len(origin) != len(shape):
            raise ValueError(f"{self._where}: start has {len(origin)} numbers, the image has {len(shape)} axes")
        for axis, (first, count, length) in enumerate(zip(origin, block_shape, shape, strict=True)):
            if first < 0:
                raise ValueError(f"{self._where}: start[{axis}] is {first}, it must be >= 0")
            if first + count > length:
                raise ValueError(f"{self._where}: axis {axis}: {first} + {count} exceeds HDU dim {length}")
        return select(tuple(slice(a, a + n) for a, n in zip(origin, block_shape, strict=True)), shape)

    def _write_section(self, selection: Selection, stored: np.ndarray) -> None:
        """Write stored pixels into a selection. The writing hook."""
        if not selection.is_empty:
            handle = self._directory.handle
            with handle.lock:
                require_whole(self._directory, "write pixels")
                start, reader = self._entry.data_start, self._plain_reader()
                handle.change(
                    lambda: write_section(handle, start, reader, selection, stored),
                    action="write pixels",
                    undo=lambda: None,  # each pixel is the old or the new one
                )

    # -- words --------------------------------------------------------------------------------------------------------

    def _describe(self) -> list[str]:
        try:
            dtype = self.dtype.str[1:]
        except (FITSFormatError, ValueError):
            dtype = f"BITPIX={self.bitpix}"
        lines = ["image info:", f"  data type: {dtype}", f"  dims: {list(self.shape)}"]
        return [*lines, f"  unit: {self.unit}"] if self.unit else lines
