"""Images written and read through cfitsio's ordinary calls."""

from __future__ import annotations

import operator
import os
from typing import Any

import numpy as np
import numpy.typing as npt

from rustfits_cffi.config import Codec, Gzip1, Gzip2, Hcompress1, Quantize, Rice1, parse_compress
from rustfits_cffi.native.cfitsio import requests, serial
from rustfits_cffi.native.cfitsio.handle import CfitsioFile
from rustfits_cffi.native.cfitsio.requests import DITHERS, LARGEST_SEED, LOSSLESS, MAX_DIMENSIONS, CompressionRequest
from rustfits_cffi.native.tile_coding import CODECS
from rustfits_cffi.reference.handles import Opened, abandon

_STORED = {"i1": "u1", "u2": "i2", "u4": "i4", "u8": "i8"}
_LOSSLESS_SENTINEL = 9999  # NO_QUANTIZE of fitsio2.h: this level also means "do not quantize"


def write_image(
    path: str | os.PathLike[str],
    data: npt.ArrayLike | None,
    *,
    compress: Codec | str | None = None,
    quantize: Quantize | None = None,
    blank: int | None = None,
    hcomp_scale: float | None = None,
    append: bool = False,
) -> None:
    """Write one image through cfitsio's ordinary calls.

    Parameters
    ----------
    path : path-like
        File to create or replace; with `append`, the file to which an HDU is added.
    data : array_like or None
        None: an HDU without pixels (NAXIS = 0). Otherwise of type u1, i1, u2, i2, u4, i4, f4 or f8 in any byte order;
        plain images also i8 and u8.
    compress : Codec or str, optional
        None: a plain image. The tile shape is passed to cfitsio unchanged, in its axis order.
    quantize : Quantize, optional
        None: floats are stored without loss. Level 0 is requested as 4, which gives the same step (cfitsio takes 0 for
        lossless). Seed 0 is requested as 1; a negative seed makes cfitsio use the sum of the first tile's bytes.
    blank : int, optional
        For integers: the pixel value, as in `data`, that means "undefined". cfitsio leaves this card to its caller;
        here BLANK is appended to the header, and ZBLANK follows ZCMPTYPE, where cfitsio writes it for floats.
    hcomp_scale : float, optional
        HCOMPRESS scale in cfitsio's terms, instead of ``compress.scale``: above 0 it is multiplied by the noise of each
        tile. The scale of `Hcompress1` is the step itself, requested as its negative.
    append : bool
        Add to an existing file.

    Raises
    ------
    ValueError
        For arguments that cfitsio does not support: a deflate level other than 1, a Rice block size other than 32,
        64-bit integers compressed, `blank` for floats or out of range; and where cfitsio itself refuses.
    FITSError
        If the file cannot be written. A file created here is removed; one appended to is truncated to its old size.

    Notes
    -----
    A quantized array with non-finite pixels is written as the package `fitsio` writes it: they are all replaced by
    +Inf, which is declared as the null value. Other arrays, and lossless ones, are written without a null value.
    Silent faults of cfitsio are kept: HCOMPRESS of 8- and 16-bit tiles longer than 32768 pixels overflows, and PLIO
    loses runs of exactly 4095 zeros before a single pixel. Images with six axes, which it garbles, are written tile by
    tile.
    """
    array = np.empty((), "i2") if data is None else np.asarray(data)
    if data is not None and array.ndim == 0:
        raise ValueError("an image has one axis or more; None writes an HDU without pixels")
    dtype = _pixel_type(array.dtype)
    array = np.require(array, array.dtype.newbyteorder("="), ["C_CONTIGUOUS", "ALIGNED"])
    codec = parse_compress(compress)
    request = image_request(array, codec, quantize, hcomp_scale)
    stored_blank = None if blank is None else _stored_blank(blank, dtype)
    null = None
    if quantize is not None and not np.isfinite(array).all():
        array = np.where(np.isfinite(array), array, array.dtype.type(np.inf))
        null = float("inf")
    path = os.fspath(path)
    handle = CfitsioFile(path, "r+" if append else "w+")
    try:
        handle.append(lambda: _write(handle, array, request, stored_blank, null), action="write an image")
    except BaseException:
        abandon(handle, None if append else path)
        raise
    handle.close()


def _write(
    handle: CfitsioFile, array: np.ndarray, request: CompressionRequest | None, blank: int | None, null: float | None
) -> None:
    """Create the HDU and write its pixels, in the order of a program that uses cfitsio."""
    try:
        serial.create_image(handle, array.shape, array.dtype.str[1:], request, blank)
        if request is not None:
            serial.write_compressed(handle, array, null)
        elif array.ndim and array.size:
            serial.write_plain(handle, array)
    finally:
        requests.forget(handle)


def read_image(
    path: str | os.PathLike[str], hdu: int = 0, *, scale: bool = True, nulls: bool = True
) -> npt.NDArray[Any]:
    """Read an image through cfitsio's ordinary calls.

    Parameters
    ----------
    path : path-like
    hdu : int
        0-based number of the HDU.
    scale : bool
        Apply BSCALE and BZERO: exactly, giving i1, u2, u4 or u8, where they only shift; otherwise giving f8. False:
        return stored values.
    nulls : bool
        Request NaN where a float pixel is undefined. cfitsio then also turns infinities into NaN, and subnormal numbers
        into 0, in plain images and lossless tiles. False leaves every bit unchanged; undefined pixels of quantized
        images are then numbers.

    Returns
    -------
    ndarray

    Raises
    ------
    FITSError
        If there is no such HDU, or cfitsio cannot read it.
    """
    with Opened(path, "r") as handle:
        return serial.read_image(handle, operator.index(hdu) + 1, scale=scale, nulls=nulls)


def _pixel_type(dtype: np.dtype[Any]) -> str:
    """Name of a type; `ValueError` if FITS does not have it."""
    name = dtype.str[1:]
    if name not in ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"):
        raise ValueError(f"unsupported numpy dtype {dtype}")
    return name


def image_request(
    array: np.ndarray, codec: Codec | None, quantize: Quantize | None, hcomp_scale: float | None
) -> CompressionRequest | None:
    """The request to cfitsio; None for a plain image."""
    is_float = array.dtype.kind == "f"
    if quantize is not None and (codec is None or not is_float):
        raise ValueError("quantize= is for compressed images of floats")
    if codec is None:
        return None
    _check_codec(array, codec)
    level, dither, seed = LOSSLESS, DITHERS["dither1"], 1
    if quantize is not None:
        level, dither, seed = _quantize_request(quantize)
    scale, smooth = 0.0, 0
    if isinstance(codec, Hcompress1):
        scale, smooth = -float(codec.scale) or 0.0, int(codec.smooth)
    return CompressionRequest(
        codec=CODECS[codec.zcmptype],
        tile_shape=tuple(codec.tile_shape or ()),
        level=level,
        dither=dither,
        seed=seed,
        hcomp_scale=scale if hcomp_scale is None else float(hcomp_scale),
        hcomp_smooth=smooth,
        huge=codec.heap_format == "Q",
    )


def _check_codec(array: np.ndarray, codec: Codec) -> None:
    """Refuse what cfitsio's calls cannot express."""
    if isinstance(codec, Gzip1 | Gzip2) and codec.deflate_level != 1:
        raise ValueError(f"cfitsio deflates at level 1 only, got level={codec.level}")
    if isinstance(codec, Rice1) and codec.blocksize != 32:
        raise ValueError(f"cfitsio writes Rice blocks of 32 pixels only, got blocksize={codec.blocksize}")
    if array.dtype.kind != "f" and array.dtype.itemsize == 8:
        raise ValueError(f"cfitsio does not compress 64-bit integers ({array.dtype})")
    if not 1 <= array.ndim <= MAX_DIMENSIONS or array.size == 0:
        raise ValueError(
            f"cfitsio compresses images of 1 to {MAX_DIMENSIONS} axes, none empty, not {array.shape}"
        )
    if codec.tile_shape is not None and len(codec.tile_shape) != array.ndim:
        raise ValueError(f"tile_shape has {len(codec.tile_shape)} axes, the image {array.ndim}")


def _quantize_request(quantize: Quantize) -> tuple[float, int, int]:
    """Level, method and seed in cfitsio's terms."""
    if quantize.level == _LOSSLESS_SENTINEL:
        raise ValueError(f"a level of {_LOSSLESS_SENTINEL} means 'lossless' to cfitsio; use quantize=None for that")
    if quantize.seed > LARGEST_SEED:
        raise ValueError(f"cfitsio takes seeds up to {LARGEST_SEED}, got {quantize.seed}")
    # Level 0 means a step of a quarter of the noise, as 4 does; a request of 0 would mean lossless.
    return float(quantize.level or 4.0), DITHERS[quantize.method], quantize.seed or 1


def _stored_blank(blank: int, dtype: str) -> int:
    """The value of BLANK that corresponds to a pixel value."""
    if dtype.startswith("f"):
        raise ValueError("blank= is for integer images; undefined pixels of a float image are NaN")
    value = operator.index(blank)
    stored = np.iinfo(_STORED.get(dtype, dtype))
    value += int(stored.min) - int(np.iinfo(dtype).min)
    if not stored.min <= value <= stored.max:
        raise ValueError(f"blank={blank} is outside the range of {dtype}")
    return value
