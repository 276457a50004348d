"""Appending an image HDU: the checks, the header, the pixels; all of it or nothing."""

from __future__ import annotations

import math
import operator
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from rustfits_cffi.config import Codec, Quantize, check_combination, parse_compress
from rustfits_cffi.directory import Directory
from rustfits_cffi.edits.hdus import append_hdus
from rustfits_cffi.edits.regions import Region
from rustfits_cffi.format.card_lists import set_many
from rustfits_cffi.format.cards import lookup_key
from rustfits_cffi.format.dtypes import check_dims
from rustfits_cffi.format.scaling import PixelType
from rustfits_cffi.format.tiles import TileGrid, check_axes, resolve_tile_shape
from rustfits_cffi.hdu.images.plain_writer import write_run
from rustfits_cffi.hdu.images.values import stored_pixels, tile_pixels
from rustfits_cffi.hdu.tiles.encoder import TileJob, TileSettings, dither_seed, write_tiles
from rustfits_cffi.hdu.tiles.writer import TileWriter
from rustfits_cffi.header import items_to_copy
from rustfits_cffi.native.cfitsio.image_header import CompressedImageHeader, plain_image_header
from rustfits_cffi.native.cfitsio.requests import DITHERS, LOSSLESS, MAX_DIMENSIONS, CompressionRequest
from rustfits_cffi.native.tile_coding import CODECS

_MOST_NBYTES = 1 << 62
_SLAB_NBYTES = 16 << 20  # pixels converted at a time
_RICE_BLOCKSIZE = 32  # the only one that cfitsio writes


@dataclass(frozen=True)
class TilePlan:
    """How an image to be created is compressed, checked.

    Attributes
    ----------
    codec : Codec
        With the tile shape of `grid`.
    quantize : Quantize or None
    grid : TileGrid
    """

    codec: Codec
    quantize: Quantize | None
    grid: TileGrid

    @classmethod
    def of(cls, shape: tuple[int, ...], codec: Codec, quantize: Quantize | None) -> TilePlan:
        """Check what the user asks for."""
        if len(shape) > MAX_DIMENSIONS:
            raise ValueError(f"compressed images have at most {MAX_DIMENSIONS} axes, not {len(shape)}")
        grid = TileGrid(shape, resolve_tile_shape(shape, codec))
        quantize = _as_cfitsio_dithers(codec, quantize)
        if 0 in shape:
            raise NotImplementedError(
                "a compressed image cannot be created without pixels yet: cfitsio divides by its number of tiles"
            )
        return cls(replace(codec, tile_shape=grid.tile_shape), quantize, grid)

    def request(self, bitpix: int) -> CompressionRequest:
        """What cfitsio must be asked for before it creates the HDU."""
        level, dither, seed = LOSSLESS, "dither1", 0
        if self.quantize is not None:
            # The level is not stored in the file; cfitsio only has to know that there is one.
            level, dither, seed = 4.0, self.quantize.method, dither_seed(self.quantize)
        parameters = self.codec.coder_parameters()
        return CompressionRequest(
            codec=CODECS[self.codec.zcmptype],
            tile_shape=self.grid.tile_shape,
            level=level if bitpix < 0 else None,
            dither=DITHERS[dither],
            seed=seed,
            hcomp_scale=parameters.get("hcompress_scale", 0.0),
            hcomp_smooth=parameters.get("hcompress_smooth", 0),
            huge=self.codec.heap_format == "Q",
        )


class ImageOptions(NamedTuple):
    """What a user says of an image HDU to be created, as `FITS.create_image_hdu` takes it; not yet checked."""

    extname: str | None = None
    extver: int | None = None
    compress: str | Codec | None = None
    quantize: Quantize | None = None
    blank: int | None = None


@dataclass(frozen=True)
class ImagePlan:
    """An image HDU to be created, checked.

    Attributes
    ----------
    dtype : dtype
        Type of the pixels as the user sees them.
    kind : PixelType
        How they are stored; carries the stored BLANK.
    tiles : TilePlan or None
        None for a plain image.
    """

    dtype: np.dtype
    kind: PixelType
    shape: tuple[int, ...]
    tiles: TilePlan | None
    extname: str | None
    extver: int | None

    @classmethod
    def of(cls, dtype: Any, dims: Sequence[int], options: ImageOptions) -> ImagePlan:
        """Check what the user asks for; raises before anything is written."""
        extname, extver, compress = options.extname, options.extver, options.compress
        quantize, blank = options.quantize, options.blank
        if extname is not None and not isinstance(extname, str):
            raise TypeError(f"extname must be str, not {type(extname).__name__}")
        dtype = np.dtype(dtype).newbyteorder("=")
        kind = PixelType.of_dtype(dtype).with_blank(blank)
        shape = check_dims(dims)
        codec = parse_compress(compress)
        if codec is not None:
            check_axes(shape, codec)
        check_combination(dtype, codec, quantize)
        if math.prod(shape) * kind.stored.itemsize > _MOST_NBYTES:
            raise ValueError(f"an image of {shape} pixels of {dtype} is larger than any file can be")
        tiles = None if codec is None else TilePlan.of(shape, codec, quantize)
        return cls(dtype, kind, shape, tiles, extname, None if extver is None else operator.index(extver))

    def cards(self, header: Any = None) -> bytes:
        """The cards that follow those cfitsio writes, with those of ``header=`` behind them or in their place."""
        items: list[tuple[str, Any]] = []
        if self.dtype != self._created_dtype:
            items += [("BZERO", self.kind.scaling.bzero), ("BSCALE", 1)]
        if self.extname is not None:
            items.append(("EXTNAME", self.extname))
        if self.extver is not None:
            items.append(("EXTVER", self.extver))
        if header is not None:
            items += self._apart(items_to_copy(header, with_pixels=True))
        return "".join(f"{card:<80}" for card in set_many(["END"], items)[:-1]).encode("ascii")

    def _apart(self, items: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
        """The items of ``header=`` but those that say what the HDU says of its pixels by itself.

        Raises
        ------
        ValueError
            If one contradicts that.
        """
        known: dict[str, int | float] = {}
        if self.kind.is_unsigned_trick:
            known = {"BSCALE": 1, "BZERO": self.kind.scaling.bzero}
        if self.kind.blank is not None:
            known["BLANK"] = self.kind.blank
        apart = []
        for key, given in items:
            name = lookup_key(key)
            if name not in known:
                apart.append((key, given))
            elif (given[0] if isinstance(given, tuple) else given) != known[name]:
                raise ValueError(f"{name} must be {known[name]}: it follows from dtype {self.dtype} and blank=")
        return apart

    @property
    def _created_dtype(self) -> np.dtype:
        """What cfitsio is asked for. Of compressed uint64 it writes ZBITPIX = 80, so these are asked for as int64."""
        return self.kind.stored if self.tiles is not None and self.dtype == np.uint64 else self.dtype

    def plain_header(self, path: str, header: Any, *, is_first: bool) -> bytes:
        """The header of a plain image."""
        return plain_image_header(
            path,
            self._created_dtype,
            self.kind.bitpix,
            self.shape,
            is_first=is_first,
            blank=self.kind.blank,
            cards=self.cards(header),
        )

    def compressed_header(
        self, path: str, header: Any, tiles: TilePlan, *, is_first: bool
    ) -> CompressedImageHeader:
        """The header of a compressed image."""
        rice_block = tiles.codec.coder_parameters().get("rice_block", _RICE_BLOCKSIZE)
        return CompressedImageHeader(
            path,
            self._created_dtype,
            self.kind.bitpix,
            self.shape,
            tiles.request(self.kind.bitpix),
            is_first=is_first,
            blank=self.kind.blank,
            cards=self.cards(header),
            rice_block=None if rice_block == _RICE_BLOCKSIZE else rice_block,
        )


def create_image(directory: Directory, plan: ImagePlan, pixels: np.ndarray | None = None, *, header: Any = None) -> int:
    """Append the HDU that `plan` describes, with `pixels` if given, and return its 0-based number."""
    action, handle, tiles = "create an image HDU", directory.handle, plan.tiles
    with handle.lock:  # from the question on whether it is the first one
        handle.require_writable(action)
        is_first = len(directory) == 0
        if tiles is None:
            cards = plan.plain_header(handle.path, header, is_first=is_first)
            return append_hdus(
                directory, lambda region: _write_plain(region, directory, plan, cards, pixels), action=action
            )
        table = plan.compressed_header(handle.path, header, tiles, is_first=is_first)
        number = append_hdus(
            directory, lambda region: _write_tiles(region, directory, plan, table, pixels), action=action
        )
        directory.keep_config(number, (tiles.codec, tiles.quantize))
        return number


def _write_plain(
    region: Region, directory: Directory, plan: ImagePlan, header: bytes, pixels: np.ndarray | None
) -> int:
    """Write a plain image, a bounded number of pixels at a time, whatever their layout in memory."""
    number, itemsize = len(directory), plan.kind.stored.itemsize
    region.write(0, header)
    if pixels is not None and pixels.size:
        where = f"{directory.handle.path}, new HDU {number}"
        rows = max(1, _SLAB_NBYTES // max(1, pixels[:1].size * itemsize))
        slabs = (pixels[begin : begin + rows] for begin in range(0, len(pixels), rows))
        stored = (stored_pixels(slab, plan.kind, where=where) for slab in slabs)
        write_run(region, len(header), stored, plan.kind.bitpix, npix=pixels.size)
    region.extend(len(header) + math.prod(plan.shape or (0,)) * itemsize)
    return number


def _write_tiles(
    region: Region, directory: Directory, plan: ImagePlan, header: CompressedImageHeader, pixels: np.ndarray | None
) -> int:
    """Write a compressed image, behind an empty first HDU in a new file."""
    assert plan.tiles is not None
    number, start, tiles = len(directory), 0, plan.tiles
    if number == 0:
        number, start = 1, len(header.primary)
        region.write(0, header.primary)
    path = directory.handle.path
    where = f"{path}, new HDU {number}"
    writer = TileWriter(region, start, header, tiles.codec.element, where)
    if pixels is None or not pixels.size:
        writer.finish()
        return number
    source, is_stored = tile_pixels(pixels, plan.kind, where)
    settings = TileSettings(tiles.grid, plan.kind, tiles.codec, tiles.quantize)
    write_tiles(writer, TileJob.of(settings, source, is_stored=is_stored), path, number)
    return number


def _as_cfitsio_dithers(codec: Codec, quantize: Quantize | None) -> Quantize | None:
    """dither1 in place of one that cfitsio does not combine with the codec, as it says on the standard error stream."""
    if quantize is not None and quantize.method not in codec.dithers:
        warnings.warn(
            f"{codec.zcmptype} is not combined with {quantize.method}, as in cfitsio: dither1 is used", stacklevel=5
        )
        return replace(quantize, method="dither1")
    return quantize
