"""Options of `pack` and `unpack`; the defaults are those of fpack and funpack."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, TypeVar

from rustfits_cffi.native.cfitsio.requests import DITHERS, LARGEST_SEED, MAX_DIMENSIONS, SEEDS
from rustfits_cffi.native.tile_coding import CODECS

Options = TypeVar("Options", bound="PackOptions | UnpackOptions")


@dataclass(frozen=True, kw_only=True)
class PackOptions:
    """How images are compressed; directive cards in a header (FZALGOR and the like) override this for their HDU.

    Attributes
    ----------
    codec : {"RICE_1", "GZIP_1", "GZIP_2", "PLIO_1", "HCOMPRESS_1", "NOCOMPRESS"}
        Codec of the tiles.
    tile : tuple of int, "row" or "whole"
        Tile shape in numpy order, aligned with the last axis; -1 is the whole axis, 0 is cfitsio's default for it.
        Leading axes not given have tiles of 1 pixel.
    quantize_level : float
        For float images: quantization steps per sigma of the noise; negative: minus the step; 0: lossless, which only
        the gzip codecs support.
    dither : {"dither1", "dither2", "no_dither"}
        Subtractive dithering; ``"dither2"`` keeps pixels that are exactly 0.
    seed : int, "clock" or "checksum"
        Where the dither sequence starts: 1 to 10000, the time of day, or the sum of the first tile's bytes.
    hcomp_scale : float
        HCOMPRESS_1 only. 0 is lossless; positive: in units of the noise; negative: minus the scale.
    lossy_int : bool
        Quantize integer images like floats if their noise is large enough: at least `lossy_int_ratio`
        times the quantize level, and at least `lossy_int_min`.
    rescale_noise : float
        If not 0: integer images with a BSCALE are divided so that their noise becomes this value.
    images, tables : bool
        Which HDUs to compress; the others are copied.
    checksums : bool
        Write CHECKSUM and DATASUM.
    allow_lossy_plio : bool
        PLIO_1 only. cfitsio's encoder loses pixels after runs of 4095 zeros; by default such an image is refused.
    """

    codec: str = "RICE_1"
    tile: tuple[int, ...] | str = "row"
    quantize_level: float = 4.0
    dither: str = "dither1"
    seed: int | str = "clock"
    hcomp_scale: float = 0.0
    lossy_int: bool = False
    lossy_int_ratio: float = 2.0
    lossy_int_min: float = 6.0
    rescale_noise: float = 0.0
    images: bool = True
    tables: bool = False
    checksums: bool = True
    allow_lossy_plio: bool = False

    def __post_init__(self) -> None:
        _check_member("codec", self.codec, CODECS)
        _check_member("dither", self.dither, DITHERS)
        _check_tile(self.tile)
        if not math.isfinite(self.quantize_level):
            raise ValueError(f"quantize_level={self.quantize_level} is not finite")
        if isinstance(self.seed, str):
            _check_member("seed", self.seed, SEEDS)
        elif not 1 <= self.seed <= LARGEST_SEED:
            raise ValueError(f"seed={self.seed} is outside 1 to {LARGEST_SEED}")
        if self.hcomp_scale and self.codec != "HCOMPRESS_1":
            raise ValueError(f"hcomp_scale={self.hcomp_scale} needs the codec HCOMPRESS_1, not {self.codec}")
        if self.quantize_level == 0 and self.codec not in ("GZIP_1", "GZIP_2"):
            raise ValueError(f"quantize_level=0 (lossless) needs the codec GZIP_1 or GZIP_2, not {self.codec}")
        if self.quantize_level == 0 and self.lossy_int:
            raise ValueError("quantize_level=0 (lossless) and lossy_int=True exclude each other")


@dataclass(frozen=True, kw_only=True)
class UnpackOptions:
    """How a file is unpacked.

    Attributes
    ----------
    hdus : tuple of int or str, optional
        Images to unpack, in this order, by 0-based number or EXTNAME. A single one becomes the primary HDU. Default:
        all HDUs of the file.
    checksums : bool
        Bring CHECKSUM and DATASUM up to date; checksums of the original that still hold are kept.
    """

    hdus: tuple[int | str, ...] | None = None
    checksums: bool = True

    def __post_init__(self) -> None:
        if self.hdus is not None and not self.hdus:
            raise ValueError("hdus=() selects no HDU; leave it out to unpack all of them")


def given_or_default(options: Any, kind: type[Options]) -> Options:
    """The given options, or the defaults for None; `TypeError` if they are not of type `kind`."""
    if options is not None and not isinstance(options, kind):
        raise TypeError(f"options must be a {kind.__name__}, not {options!r}")
    return kind() if options is None else options


def _check_member(name: str, value: object, allowed: Collection[str]) -> None:
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name}={value!r} is unknown: use one of {', '.join(map(repr, allowed))}")


def _check_tile(tile: object) -> None:
    if isinstance(tile, str):
        _check_member("tile", tile, ("row", "whole"))
        return
    if not isinstance(tile, tuple) or not tile or not all(isinstance(n, int) and n >= -1 for n in tile):
        raise ValueError(f"tile={tile!r}: must be a tuple of lengths (-1 for a whole axis), 'row' or 'whole'")
    if len(tile) > MAX_DIMENSIONS:
        raise ValueError(f"tile={tile!r}: more than {MAX_DIMENSIONS} dimensions")
