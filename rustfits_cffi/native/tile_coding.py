"""The records of the tile engine: how an image's tiles are coded, and where coded tiles are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from rustfits_cffi.native._lib import ffi, lib

CODECS = {
    "RICE_1": lib.RF_RICE_1,
    "GZIP_1": lib.RF_GZIP_1,
    "GZIP_2": lib.RF_GZIP_2,
    "PLIO_1": lib.RF_PLIO_1,
    "HCOMPRESS_1": lib.RF_HCOMPRESS_1,
    "NOCOMPRESS": lib.RF_NOCOMPRESS,
}
DITHER_NUMBERS = {"no_dither": 0, "dither1": 1, "dither2": 2}  # n of SUBTRACTIVE_DITHER_n
NULLS = {"none": lib.RF_NULLS_NONE, "nonfinite": lib.RF_NULLS_NONFINITE, "fpack": lib.RF_NULLS_FPACK}
OUTS = {"stored": lib.RF_OUT_STORED, "unsigned": lib.RF_OUT_UNSIGNED, "double": lib.RF_OUT_DOUBLE}

COMPRESSED_DATA: int = lib.RF_COMPRESSED_DATA
UNCOMPRESSED_DATA: int = lib.RF_UNCOMPRESSED_DATA
GZIP_COMPRESSED_DATA: int = lib.RF_GZIP_COMPRESSED_DATA
NO_COLUMN: int = lib.RF_NO_COLUMN

COLUMN_NAMES = {
    COMPRESSED_DATA: "COMPRESSED_DATA",
    UNCOMPRESSED_DATA: "UNCOMPRESSED_DATA",
    GZIP_COMPRESSED_DATA: "GZIP_COMPRESSED_DATA",
}


@dataclass(frozen=True)
class TileCoding:
    """How the tiles of one image are coded.

    Attributes
    ----------
    shape, tile_shape : tuple of int
        In numpy axis order.
    bitpix : int
        ZBITPIX.
    codec : str
        ZCMPTYPE, a key of `CODECS`.
    unsigned : bool
        BSCALE is 1 and BZERO the value of the unsigned trick for this `bitpix`.
    quantized : bool
        A float image stored as scaled integers (it has ZSCALE and ZZERO).
    dither : int
        0, or n of SUBTRACTIVE_DITHER_n.
    seed : int
        ZDITHER0; already decided, never a request for one.
    rice_block, rice_bytepix : int
        BLOCKSIZE and BYTEPIX; BYTEPIX 0 means as wide as the pixels.
    hcompress_scale : float
        Encoding: 0 lossless, positive times the noise, negative absolute.
    hcompress_smooth : int
        SMOOTH; matters to decoding only.
    hcompress_null : int
        Encoding: what the noise estimate of HCOMPRESS takes for null, cfitsio's `zblank` of the open file.
    gzip_level : int
        Encoding: 1 is cfitsio's.
    level : float
        Encoding: q. Negative: minus the step. 0 stands for 4.
    nulls : {"none", "nonfinite", "fpack"}
        Encoding: which floats are null pixels. With "none" a quantized image must be all finite (`any_nonfinite`).
    lossy_plio : bool
        Encoding: write cfitsio's stream even where it loses zeros.
    """

    shape: tuple[int, ...]
    tile_shape: tuple[int, ...]
    bitpix: int
    codec: str
    unsigned: bool = False
    quantized: bool = False
    dither: int = 0
    seed: int = 1
    rice_block: int = 32
    rice_bytepix: int = 0
    hcompress_scale: float = 0.0
    hcompress_smooth: int = 0
    hcompress_null: int = 0
    gzip_level: int = 1
    level: float = 4.0
    nulls: str = "none"
    lossy_plio: bool = False


def c_image(coding: TileCoding) -> tuple[Any, tuple]:
    """The same as C takes it, and what the caller must hold on to while C does."""
    shape, tile_shape = ffi.new("size_t[]", coding.shape), ffi.new("size_t[]", coding.tile_shape)
    image = ffi.new("rf_image *", {
        "ndim": len(coding.shape), "shape": shape, "tile_shape": tile_shape,
        "codec": CODECS[coding.codec], "bitpix": coding.bitpix, "unsigned_trick": coding.unsigned,
        "quantized": coding.quantized, "dither": coding.dither, "seed": coding.seed,
        "rice_block": coding.rice_block, "rice_bytepix": coding.rice_bytepix,
        "hcomp_smooth": coding.hcompress_smooth, "hcomp_scale": coding.hcompress_scale,
        "hcomp_null": coding.hcompress_null, "gzip_level": coding.gzip_level, "quantize_level": coding.level,
        "nulls": NULLS[coding.nulls], "plio_allow_lossy": coding.lossy_plio,
    })  # fmt: skip
    return image, (shape, tile_shape)


class CodedTiles(NamedTuple):
    """Where coded tiles lie in a buffer, and what their table rows say; one element a tile in every array.

    `scale` and `zero` are needed if the image is quantized; `blank` is None if the file names no null value.
    """

    row: np.ndarray
    column: np.ndarray
    offset: np.ndarray
    nbytes: np.ndarray
    scale: np.ndarray | None = None
    zero: np.ndarray | None = None
    blank: np.ndarray | None = None
    uncompressed_bitpix: int = 0


class TileTable:
    """The table of tiles of a compressed image in an open file, as C takes it; made once, used for every read.

    Parameters
    ----------
    column : ndarray of uint8
    offset, nbytes : ndarray of int64
        From the start of the heap; already checked against heap and file.
    scale, zero : ndarray of float64 or None
    blank : ndarray of int64 or None
    uncompressed_bitpix : int
        Type of UNCOMPRESSED_DATA; 0: the image's.
    heap_start : int
        Byte of the file where the heap begins.

    Notes
    -----
    All arrays are contiguous, with one element for every tile of the image.
    """

    def __init__(
        self,
        column: np.ndarray,
        offset: np.ndarray,
        nbytes: np.ndarray,
        scale: np.ndarray | None,
        zero: np.ndarray | None,
        blank: np.ndarray | None,
        uncompressed_bitpix: int,
        heap_start: int,
    ) -> None:
        self._arrays = [
            c_numbers(column, "uint8_t[]", np.uint8, len(column)),
            c_numbers(offset, "int64_t[]", np.int64, len(column)),
            c_numbers(nbytes, "int64_t[]", np.int64, len(column)),
            *(ffi.NULL if a is None else c_numbers(a, "double[]", np.float64, len(column)) for a in (scale, zero)),
            ffi.NULL if blank is None else c_numbers(blank, "int64_t[]", np.int64, len(column)),
        ]
        self.table = ffi.new("rf_table *", (*self._arrays, uncompressed_bitpix, heap_start))


class EncodedTiles(NamedTuple):
    """Coded tiles, one after the other in `data` (uint8), and what belongs in their table rows.

    `data` is an array and no memoryview: up to Python 3.12.3 the garbage collector may crash on a memoryview that
    `ffi.from_buffer` looks into.
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
