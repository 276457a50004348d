"""CompressedImageHDU: an image whose pixels lie in a binary table, tile by tile (FITS Standard 4.0, section 10).

It is an ImageHDU with hooks of its own: a section is read by decoding the tiles it touches.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from rustfits_cffi.config import Codec
from rustfits_cffi.directory import Directory, HDUNumber
from rustfits_cffi.errors import FITSFormatError
from rustfits_cffi.format.compression import (
    CompressedLayout,
    config_of,
    foreign_columns,
    image_geometry,
    parse_layout,
    quantize_of,
)
from rustfits_cffi.format.keywords import Getter
from rustfits_cffi.format.scaling import PixelType
from rustfits_cffi.format.selection import Selection
from rustfits_cffi.hdu.images.image import ImageHDU
from rustfits_cffi.hdu.images.values import tile_pixels
from rustfits_cffi.hdu.tiles.cache import TileCache
from rustfits_cffi.hdu.tiles.encoder import TileJob, TileSettings, rewrite_tiles
from rustfits_cffi.hdu.tiles.reader import TileReader

Parsed = TypeVar("Parsed")


class CompressedImageHDU(ImageHDU):
    """A tile-compressed image. Reads like any image; only the tiles a section touches are read and decoded."""

    _type_name = "COMPRESSED_IMAGE_HDU"
    _blank_keyword = "ZBLANK"

    __slots__ = ("_tile_cache",)

    def __init__(self, directory: Directory, number: HDUNumber):
        super().__init__(directory, number)
        self._tile_cache = TileCache()

    # -- what the header says -----------------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes, slowest first."""
        return self._geometry[1]

    @property
    def bitpix(self) -> int:
        """ZBITPIX: BITPIX of the uncompressed image."""
        return self._geometry[0]

    @property
    def has_data(self) -> bool:
        """Whether the table of tiles has rows."""
        return self._entry.structure.has_data

    @property
    def compression(self) -> Codec | str | None:
        """The config object that describes the file's compression; the raw ZCMPTYPE if none does.

        The deflate level is not stored in files: once the file is reopened it is None.
        """
        created = self._directory.config(self._index)
        if created is not None:
            return created[0]
        facts = self._facts
        if facts.compression is None:
            try:
                facts.compression = config_of(self._layout)
            except (FITSFormatError, ValueError):
                facts.compression = self.header.get("ZCMPTYPE")
        return facts.compression

    @property
    def n_tiles(self) -> int:
        """Number of tiles."""
        return self._layout.grid.ntiles

    @property
    def _geometry(self) -> tuple[int, tuple[int, ...]]:
        facts = self._facts
        if facts.geometry is None:
            facts.geometry = self._parsed(image_geometry)
        return facts.geometry

    @property
    def _layout(self) -> CompressedLayout:
        facts = self._facts
        if facts.layout is None:
            facts.layout = self._parsed(parse_layout)
        return facts.layout

    def _parsed(self, parse: Callable[[Getter], Parsed]) -> Parsed:
        """What `parse` makes of the header; errors name file and HDU."""
        try:
            return parse(self.header.get)
        except FITSFormatError as error:
            raise FITSFormatError(f"{self._where}: {error}") from None

    @property
    def _pixel_type(self) -> PixelType:
        facts = self._facts
        if facts.pixel_type is None:
            layout = self._layout
            facts.pixel_type = PixelType.from_header(
                layout.zbitpix, layout.scale.bscale, layout.scale.bzero, layout.blank
            )
        return facts.pixel_type

    # -- reading ------------------------------------------------------------------------------------------------------

    def _make_reader(self) -> TileReader:
        self._tile_cache.clear()  # its tiles may be those of another content
        return TileReader(self._directory, self._index, self._layout, self._pixel_type, self._tile_cache)

    @property
    def tile_cache_size(self) -> int:
        """Capacity of the cache of decoded tiles, in bytes; 32 MiB unless changed."""
        return self._tile_cache.capacity

    def set_tile_cache_size(self, nbytes: int) -> None:
        """Change the capacity of the tile cache.

        Parameters
        ----------
        nbytes : int
            Bytes of decoded tiles; 0 turns the cache off, fewer than are in use drop tiles at once.
        """
        self._tile_cache.set_capacity(nbytes)

    @property
    def tile_cache_used(self) -> int:
        """Bytes of decoded tiles in the cache."""
        return self._tile_cache.used

    def clear_tile_cache(self) -> None:
        """Drop all tiles from the cache; its capacity stays."""
        self._tile_cache.clear()

    # -- writing ------------------------------------------------------------------------------------------------------

    def write(self, data: Any, start: Any = None) -> None:
        """Write the whole image.

        Parameters
        ----------
        data : array_like
            Shape `shape`; the stored type or the type of the unsigned trick. Masked pixels become ZBLANK or NaN.
        start : None
            Blocks cannot be written into a compressed image.

        Raises
        ------
        ValueError
            If shape or type do not fit, or a pixel cannot be stored; the file is as it was.
        NotImplementedError
            If `start` is given, or the table of tiles has columns of other data, which would be lost.
        OSError
            If the file is closed or read-only, or writing fails.
        """
        self._directory.handle.require_writable("write pixels")
        if start is not None:
            raise NotImplementedError("start= is not available for compressed images: write the whole image")
        pixels = np.asanyarray(data)
        if pixels.shape != self.shape:
            raise ValueError(f"{self._where}: the data has shape {pixels.shape}, the image has shape {self.shape}")
        foreign = foreign_columns(self.header.get)
        if foreign:
            raise NotImplementedError(f"{self._where}: the table of tiles has other columns too: {', '.join(foreign)}")
        codec, quantize = self._directory.config(self._index) or (self.compression, quantize_of(self._layout))
        if not isinstance(codec, Codec):
            raise FITSFormatError(f"{self._where}: ZCMPTYPE = {codec!r} is no codec that can be written")
        layout = self._layout
        settings = TileSettings(layout.grid, self._pixel_type, codec, quantize, layout.seed, layout.parameters)
        source, is_stored = tile_pixels(pixels, self._pixel_type, self._where)
        job = TileJob.of(settings, source, is_stored=is_stored)
        with self._directory.handle.lock:
            rewrite_tiles(self._directory, self._index, job)

    def _write_section(self, selection: Selection, stored: np.ndarray) -> None:
        if selection.is_whole:
            self.write(stored)
            return
        raise NotImplementedError("sections of compressed images cannot be written yet: write the whole image")

    # -- words --------------------------------------------------------------------------------------------------------

    def _describe(self) -> list[str]:
        try:
            return [*super()._describe(), f"compression: {self.compression}"]
        except (FITSFormatError, ValueError) as error:
            return [f"unreadable: {error}"]
