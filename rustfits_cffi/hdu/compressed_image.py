"""CompressedImageHDU: an image whose pixels lie in a binary table, tile by tile (FITS Standard 4.0, section 10).

It is an ImageHDU with two hooks of its own: a section is read by decoding the tiles it touches.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rustfits_cffi import threads
from rustfits_cffi.config import Codec
from rustfits_cffi.errors import FITSFormatError, TileError
from rustfits_cffi.format.compression import (
    PLAUSIBLE_BASE_NBYTES,
    CompressedLayout,
    config_of,
    image_geometry,
    is_plausible,
    parse_layout,
    quantize_of,
)
from rustfits_cffi.format.scaling import PixelType
from rustfits_cffi.format.selection import Selection
from rustfits_cffi.hdu.image import ImageHDU
from rustfits_cffi.hdu.tile_encoder import TileJob, rewrite_tiles
from rustfits_cffi.hdu.tile_store import TileStore
from rustfits_cffi.native.codecs import TileCodec, TileCoding

_DITHERS = {None: 0, "no_dither": 0, "dither1": 1, "dither2": 2}
_ONE_THREAD_NPIX = 1 << 14  # starting threads costs more than decoding so few pixels


class CompressedImageHDU(ImageHDU):
    """A tile-compressed image. Reads like any image; only the tiles a section touches are read and decoded."""

    _type_name = "COMPRESSED_IMAGE_HDU"
    _blank_keyword = "ZBLANK"

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
        created = self._directory.recall(self._index, "config")
        if created is not None:
            return created[0]
        cache = self._entry.cache
        if "compression" not in cache:
            try:
                cache["compression"] = config_of(self._layout)
            except (FITSFormatError, ValueError):
                cache["compression"] = self.header.get("ZCMPTYPE")
        return cache["compression"]

    @property
    def n_tiles(self) -> int:
        """Number of tiles."""
        return self._layout.grid.ntiles

    @property
    def _geometry(self) -> tuple[int, tuple[int, ...]]:
        return self._remembered("geometry", image_geometry)

    @property
    def _layout(self) -> CompressedLayout:
        return self._remembered("layout", parse_layout)

    def _remembered(self, name: str, parse: Any) -> Any:
        """What `parse` makes of the header, worked out once."""
        cache = self._entry.cache
        if name not in cache:
            try:
                cache[name] = parse(self.header.get)
            except FITSFormatError as error:
                raise FITSFormatError(f"{self._where}: {error}") from None
        return cache[name]

    @property
    def _pixel_type(self) -> PixelType:
        cache = self._entry.cache
        if "pixel type" not in cache:
            layout = self._layout
            cache["pixel type"] = PixelType.from_header(
                layout.zbitpix, layout.scale.bscale, layout.scale.bzero, layout.blank
            )
        return cache["pixel type"]

    @property
    def _codec(self) -> TileCodec:
        """The tile engine set up for this image."""
        cache = self._entry.cache
        if "codec" not in cache:
            layout = self._layout
            if layout.codec is None:
                raise FITSFormatError(f"{self._where}: ZCMPTYPE = {layout.zcmptype!r} is no codec that can be decoded")
            cache["codec"] = TileCodec(
                TileCoding(
                    shape=layout.shape,
                    tile_shape=layout.tile_shape,
                    bitpix=layout.zbitpix,
                    codec=layout.codec,
                    unsigned=self._pixel_type.is_unsigned_trick,
                    quantized=layout.is_quantized,
                    dither=_DITHERS[layout.quantize_method],
                    seed=layout.seed,
                    rice_block=layout.rice_blocksize,
                    rice_bytepix=layout.rice_bytepix,
                    hcompress_smooth=int(layout.hcompress_smooth),
                )
            )
        return cache["codec"]

    # -- reading ------------------------------------------------------------------------------------------------------

    def _read_section(self, selection: Selection, *, scale: bool) -> np.ndarray:
        handle = self._directory.handle
        with handle.reading() as fd:
            codec, store, kind = self._reader
            self._check(selection, store)
            out = "stored" if not scale else "double" if kind.is_general else "unsigned"
            result = np.empty(selection.count, kind.scaled if scale else kind.stored)
            try:
                codec.read(
                    fd,
                    store.table,
                    selection.start,
                    selection.count,
                    selection.step,
                    result,
                    out=out,
                    bscale=kind.scaling.bscale,
                    bzero=kind.scaling.bzero,
                    nthreads=threads.get_num_threads() if result.size > _ONE_THREAD_NPIX else 1,
                )
            except TileError as error:
                raise TileError(error.reason, file=handle.path, hdu=self._index, tile=error.tile) from None
        return result

    @property
    def _reader(self) -> tuple[TileCodec, TileStore, PixelType]:
        """All that reading needs to know, worked out once."""
        cache = self._entry.cache
        if "reader" not in cache:
            cache["reader"] = (self._codec, TileStore(self._directory, self._index, self._layout), self._pixel_type)
        return cache["reader"]

    def _check(self, selection: Selection, store: TileStore) -> None:
        """Refuse tiles that are not there, and sizes that so few coded bytes cannot mean, before memory is taken."""
        nbytes = max(selection.size, self._tile_npix) * 8
        if nbytes <= PLAUSIBLE_BASE_NBYTES and not store.has_bad:
            return
        tiles = self._layout.grid.tiles_touched(selection)
        store.require(tiles)
        coded_nbytes = store.coded_nbytes(tiles)
        if not self._directory.trust_sizes and not is_plausible(nbytes, coded_nbytes):
            raise FITSFormatError(
                f"{self._where}: the header declares {self.shape} pixels in tiles of {self._layout.tile_shape}, but the "
                f"tiles wanted have {coded_nbytes} bytes; open with trust_sizes=True to believe it"
            )

    @property
    def _tile_npix(self) -> int:
        return self._layout.grid.max_npix

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
            If `start` is given.
        OSError
            If the file is closed or read-only, or writing fails.
        """
        self._directory.handle.require_writable("write pixels")
        if start is not None:
            raise NotImplementedError("start= is not available for compressed images: write the whole image")
        pixels = np.asanyarray(data)
        if pixels.shape != self.shape:
            raise ValueError(f"{self._where}: the data has shape {pixels.shape}, the image has shape {self.shape}")
        codec, quantize = self._directory.recall(self._index, "config") or (self.compression, quantize_of(self._layout))
        if not isinstance(codec, Codec):
            raise FITSFormatError(f"{self._where}: ZCMPTYPE = {codec!r} is no codec that can be written")
        job = TileJob.of(self._layout.grid, self._pixel_type, codec, quantize, pixels, self._where)
        rewrite_tiles(self._directory, self._index, job)
        self._directory.refresh(self._index)

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
