"""How the tiles of an image are coded, in the terms of the tile engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from rustfits_cffi.native._lib import ffi, lib


def _codecs() -> dict[str, int]:
    """Numbers of the codecs in C's table, by name."""
    numbers: dict[str, int] = {}
    number = ffi.new("int *")
    while name := lib.rf_codec_name(len(numbers), number):
        numbers[ffi.string(name).decode("ascii")] = number[0]
    return numbers


CODECS = _codecs()
DITHER_NUMBERS = {"no_dither": 0, "dither1": 1, "dither2": 2}  # n of SUBTRACTIVE_DITHER_n
NULLS = {"none": lib.RF_NULLS_NONE, "nonfinite": lib.RF_NULLS_NONFINITE, "fpack": lib.RF_NULLS_FPACK}
OUTS = {"stored": lib.RF_OUT_STORED, "unsigned": lib.RF_OUT_UNSIGNED, "double": lib.RF_OUT_DOUBLE}

COMPRESSED_DATA: int = lib.RF_COMPRESSED_DATA
UNCOMPRESSED_DATA: int = lib.RF_UNCOMPRESSED_DATA
GZIP_COMPRESSED_DATA: int = lib.RF_GZIP_COMPRESSED_DATA

COLUMN_NAMES = {
    COMPRESSED_DATA: "COMPRESSED_DATA",
    UNCOMPRESSED_DATA: "UNCOMPRESSED_DATA",
    GZIP_COMPRESSED_DATA: "GZIP_COMPRESSED_DATA",
}


@dataclass(frozen=True)
class Coder:
    """What a codec needs to know of the numbers it codes.

    Attributes
    ----------
    codec : str
        A key of `CODECS`.
    bitpix : int
        BITPIX of the input numbers: 32 for floats that are stored as scaled integers.
    rice_block, rice_bytepix : int
        BLOCKSIZE and BYTEPIX; BYTEPIX 0 means the width of the numbers.
    hcompress_scale : float
        Encoding: 0 lossless, positive times the noise, negative absolute.
    hcompress_smooth : int
        SMOOTH; only used in decoding.
    hcompress_null : int
        Encoding: what the noise estimate of HCOMPRESS treats as null, cfitsio's `zblank` of the open file.
    gzip_level : int
        Encoding: 1 is cfitsio's.
    plio_shift : int
        Added to numbers before PLIO codes them.
    lossy_plio : bool
        Encoding: write cfitsio's stream even where it loses zeros.
    """

    codec: str
    bitpix: int
    rice_block: int = 32
    rice_bytepix: int = 0
    hcompress_scale: float = 0.0
    hcompress_smooth: int = 0
    hcompress_null: int = 0
    gzip_level: int = 1
    plio_shift: int = 0
    lossy_plio: bool = False

    @classmethod
    def of_image(cls, codec: str, bitpix: int, *, unsigned: bool, quantized: bool, **parameters: Any) -> Coder:
        """The coder of an image's tiles, set up as in cfitsio: ZBITPIX, the unsigned trick, quantized floats."""
        shift = _PLIO_SHIFT if unsigned and bitpix == _PLIO_SHIFTED_BITPIX else 0
        return cls(codec, 32 if quantized else bitpix, plio_shift=shift, **parameters)


# In PLIO streams cfitsio stores unsigned 16-bit pixels as they are, not as the signed numbers of the other codecs.
_PLIO_SHIFT, _PLIO_SHIFTED_BITPIX = 32768, 16


@dataclass(frozen=True)
class TileCoding:
    """How the tiles of one image are coded.

    Attributes
    ----------
    shape, tile_shape : tuple of int
        In numpy axis order.
    bitpix : int
        ZBITPIX.
    coder : Coder
        The coder of the tiles in COMPRESSED_DATA.
    unsigned : bool
        Whether BSCALE is 1 and BZERO the value of the unsigned trick for this `bitpix`.
    quantized : bool
        Whether it is a float image stored as scaled integers (with ZSCALE and ZZERO).
    dither : int
        0, or n of SUBTRACTIVE_DITHER_n.
    seed : int
        ZDITHER0: an actual seed, never a request to choose one.
    level : float
        Encoding: q. Negative: minus the step. 0 stands for 4.
    nulls : {"none", "nonfinite", "fpack"}
        Encoding: which floats are null pixels. With "none" a quantized image must be all finite (`any_nonfinite`).
    """

    shape: tuple[int, ...]
    tile_shape: tuple[int, ...]
    bitpix: int
    coder: Coder
    unsigned: bool = False
    quantized: bool = False
    dither: int = 0
    seed: int = 1
    level: float = 4.0
    nulls: str = "none"


def c_image(coding: TileCoding) -> tuple[Any, tuple]:
    """The same for C, and what the caller must keep alive while C uses it."""
    shape, tile_shape = ffi.new("size_t[]", coding.shape), ffi.new("size_t[]", coding.tile_shape)
    coder = coding.coder
    image = ffi.new("rf_image *", {
        "ndim": len(coding.shape), "shape": shape, "tile_shape": tile_shape, "bitpix": coding.bitpix,
        "unsigned_trick": coding.unsigned, "quantized": coding.quantized, "dither": coding.dither,
        "seed": coding.seed, "quantize_level": coding.level, "nulls": NULLS[coding.nulls],
        "coder": {
            "codec": CODECS[coder.codec], "bitpix": coder.bitpix, "rice_block": coder.rice_block,
            "rice_bytepix": coder.rice_bytepix, "hcomp_smooth": coder.hcompress_smooth,
            "hcomp_null": coder.hcompress_null, "hcomp_scale": coder.hcompress_scale,
            "gzip_level": coder.gzip_level, "plio_shift": coder.plio_shift, "plio_allow_lossy": coder.lossy_plio,
        },
    })  # fmt: skip
    return image, (shape, tile_shape)


class EncodedTiles(NamedTuple):
    """Coded tiles, one after the other in `data` (uint8), and the values for their table rows.

    `data` is an array, not a memoryview: up to Python 3.12.3 the garbage collector may crash on a memoryview that
    `ffi.from_buffer` uses.
    """

    data: np.ndarray
    nbytes: np.ndarray
    column: np.ndarray
    scale: np.ndarray | None
    zero: np.ndarray | None
    has_null: np.ndarray


def c_numbers(array: Any, ctype: str, dtype: Any, count: int) -> Any:
    """A C view of `count` numbers; the array is copied only if it has another type or gaps."""
    array = np.ascontiguousarray(array, dtype)
    if array.size != count:
        raise ValueError(f"{count} tiles, but {array.size} numbers for them")
    return ffi.from_buffer(ctype, array)
