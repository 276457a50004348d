"""cfitsio's own serial compression, unhurried and exact: what this package's files are measured against.

`write_image` is what a program gets from cfitsio by ``fits_create_img`` and a write of all pixels. `pack` and `unpack`
do HDU by HDU what the programs fpack and funpack do. `compare` shows where two files differ.

All pixels pass through the vendored cfitsio on one thread. Two things are not left as cfitsio has them, because they
damage its memory: the coders of HCOMPRESS and PLIO get a buffer that is large enough (the bytes are the same), and
`unpack` refuses the compressed tables on which ``fits_uncompress_table`` crashes. cfitsio's decoders trust what they
read: give `read_image` and `unpack` only files from a source you trust.
"""

from __future__ import annotations

import operator
import os
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from rustfits_cffi.compare import Comparison, compare
from rustfits_cffi.config import Codec, Hcompress1, Quantize, Rice1, parse_compress
from rustfits_cffi.native import serial
from rustfits_cffi.native.handle import FileHandle
from rustfits_cffi.native.serial import CompressionRequest

__all__ = ["Comparison", "PackOptions", "compare", "pack", "read_image", "unpack", "write_image"]

# Numbers of the codecs, as fitsio.h has them.
_CODECS = {"RICE_1": 11, "GZIP_1": 21, "GZIP_2": 22, "PLIO_1": 31, "HCOMPRESS_1": 41, "NOCOMPRESS": -1}
_SMALL_BUFFER = ("HCOMPRESS_1", "PLIO_1")  # whose coders can write past the buffer of cfitsio
_STORED = {"i1": "u1", "u2": "i2", "u4": "i4", "u8": "i8"}
_LOSSLESS_SENTINEL = 9999  # NO_QUANTIZE of fitsio2.h: this level, too, means "do not quantize"
_LARGEST_SEED = 10000


# -- images -----------------------------------------------------------------------------------------------------------


def write_image(
    path: str | os.PathLike[str],
    data: npt.ArrayLike,
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
        File to create, or to replace; with `append` the file to add an HDU to.
    data : array_like
        Of type u1, i1, u2, i2, u4, i4, f4 or f8 in any byte order; plain images also i8 and u8.
    compress : Codec or str, optional
        None: a plain image. The tile shape is passed on as it is, in cfitsio's order.
    quantize : Quantize, optional
        None: floats are stored without loss. Level 0 is asked as 4, which gives the same step (0 would mean lossless to
        cfitsio). Seed 0 is asked as 1, a negative one makes cfitsio take the sum of the first tile's bytes.
    blank : int, optional
        For integers: the pixel value, as in `data`, that means "undefined". cfitsio leaves this card to its caller;
        here BLANK goes to the end of the header, and ZBLANK behind ZCMPTYPE, where cfitsio puts its own for floats.
    hcomp_scale : float, optional
        HCOMPRESS scale in cfitsio's terms, instead of ``compress.scale``: above 0 it is multiplied by the noise of each
        tile. The scale of `Hcompress1` is the step itself, asked as its negative.
    append : bool
        Add to an existing file.

    Raises
    ------
    ValueError
        For arguments that cfitsio cannot be asked for: a deflate level other than 1, a Rice block size other than 32,
        64-bit integers compressed, `blank` for floats or out of range; and where cfitsio itself refuses.
    FITSError
        If the file cannot be written. A file created here is removed, one appended to gets its old end back.

    Notes
    -----
    A quantized array with non-finite pixels is written as the package `fitsio` writes it: all of them replaced by +Inf
    and that declared to be the null value. An array without them, and a lossless one, is written without a null value.
    cfitsio's silent failures are kept: HCOMPRESS of 8- and 16-bit tiles longer than 32768 pixels overflows, and PLIO
    loses runs of exactly 4095 zeros before a lone pixel.
    """
    array = np.asarray(data)
    dtype = _pixel_type(array.dtype)
    array = np.ascontiguousarray(array, array.dtype.newbyteorder("="))
    codec = parse_compress(compress)
    request = _image_request(array, codec, quantize, hcomp_scale)
    stored_blank = None if blank is None else _stored_blank(blank, dtype)
    null = None
    if quantize is not None and not np.isfinite(array).all():
        array = np.where(np.isfinite(array), array, array.dtype.type(np.inf))
        null = float("inf")
    path = os.fspath(path)
    handle = FileHandle(path, "r+" if append else "w+")
    try:
        with handle.appending(action="write an image"):
            _write(handle, array, request, stored_blank, null)
    except BaseException:
        _abandon(handle, None if append else path)
        raise
    handle.close()


def _write(
    handle: FileHandle, array: np.ndarray, request: CompressionRequest | None, blank: int | None, null: float | None
) -> None:
    """Create the HDU and write it, in the order of a program that uses cfitsio."""
    try:
        serial.create_image(handle, array.shape, array.dtype.str[1:], request)
        if blank is not None:
            serial.write_blank(handle, blank, compressed=request is not None)
        if request is not None:
            serial.write_compressed(handle, array, null)
        elif array.size:
            serial.write_plain(handle, array)
    finally:
        serial.end_requests(handle)


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
        Apply BSCALE and BZERO: exactly to i1, u2, u4 or u8 where they only shift, else to f8. False: as stored.
    nulls : bool
        Ask for NaN where a float pixel is undefined. cfitsio then also turns infinities into NaN and numbers below the
        smallest normal one into 0 in plain images and lossless tiles; False leaves every bit, and undefined pixels of
        quantized images are numbers then.

    Returns
    -------
    ndarray

    Raises
    ------
    FITSError
        If there is no such HDU, or cfitsio cannot read it.
    """
    with _opened(path, "r") as handle:
        return serial.read_image(handle, operator.index(hdu) + 1, scale=scale, nulls=nulls)


# -- files ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class PackOptions:
    """What fpack is told on its command line; the defaults are its own.

    Parameters
    ----------
    codec : str
        ``"RICE_1"``, ``"GZIP_1"``, ``"GZIP_2"``, ``"HCOMPRESS_1"``, ``"PLIO_1"`` or ``"NOCOMPRESS"``
        (-r, -g1, -g2, -h, -p, -d).
    tile_shape : tuple of int
        In numpy axis order (-t has the reverse); 0 is the codec's default for that axis, -1 the whole axis; axes not
        named are 1. Empty: rows. ``(-1,) * 6`` is -w.
    level : float
        -q; 0 stores floats without loss.
    method : {"dither1", "dither2", "no_dither"}
    seed : int
        1 to 10000; 0 takes the clock, -1 the sum of the first tile's bytes (-q, -qN, -qt).
    hcomp_scale : float
        -s.
    images, tables : bool
        Which HDUs are compressed (-table: both; -tableonly).
    checksum : bool
        Whether every HDU gets CHECKSUM and DATASUM (False: -C).
    """

    codec: str = "RICE_1"
    tile_shape: tuple[int, ...] = field(default=())
    level: float = 4.0
    method: str = "dither1"
    seed: int = 0
    hcomp_scale: float = 0.0
    images: bool = True
    tables: bool = False
    checksum: bool = True

    def __post_init__(self) -> None:
        if self.codec not in _CODECS:
            raise ValueError(f"unknown codec {self.codec!r}; known are {', '.join(_CODECS)}")
        if self.method not in serial.METHODS:
            raise ValueError(f"unknown method {self.method!r}; known are {', '.join(serial.METHODS)}")
        if len(self.tile_shape) > serial.MAX_DIMENSIONS:
            raise ValueError(f"tile_shape has {len(self.tile_shape)} axes, cfitsio takes {serial.MAX_DIMENSIONS}")
        if not -1 <= self.seed <= _LARGEST_SEED:
            raise ValueError(f"seed must be -1, 0 or up to {_LARGEST_SEED}, got {self.seed}")

    def _request(self) -> CompressionRequest:
        """The same in cfitsio's terms; fpack always names six axes."""
        tile = tuple(reversed(self.tile_shape)) or (-1,)
        return CompressionRequest(
            codec=_CODECS[self.codec],
            tile=tile + (1,) * (serial.MAX_DIMENSIONS - len(tile)),
            level=self.level,
            method=serial.METHODS[self.method],
            seed=self.seed,
            hcomp_scale=self.hcomp_scale,
        )


def pack(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    options: PackOptions | None = None,
    *,
    overwrite: bool = False,
) -> None:
    """Compress a file as fpack does.

    Parameters
    ----------
    source, target : path-like
    options : PackOptions, optional
    overwrite : bool
        Whether `target` may exist.

    Raises
    ------
    FileExistsError
        If `target` exists and may not.
    ValueError
        If a table would be compressed a second time, from which there is no way back; and where cfitsio refuses.
    FITSError
        If cfitsio fails. `target` is removed then.

    Notes
    -----
    Cards FZALGOR, FZTILE, FZQVALUE, FZQMETHD, FZDTHRSD, FZI2F and FZHSCALE of an HDU win over the options, as in fpack.
    fpack's -i2f and -n, which first measure the noise of integer images, are not offered.
    """
    options = options or PackOptions()
    with _opened(source, "r") as fin, _created(target, source, overwrite) as out:
        for number in range(1, serial.hdu_count(fin) + 1):
            _pack_hdu(fin, number, out, options)
            if options.checksum:
                serial.write_checksum(out)
        if options.checksum:
            serial.write_checksum(out, 1)


def _pack_hdu(source: FileHandle, number: int, target: FileHandle, options: PackOptions) -> None:
    """One turn of fpack's loop."""
    kind = serial.hdu_kind(source, number)
    wish = serial.string_key(source, number, "FZALGOR")
    serial.request(target, options._request())
    if wish in ("NONE", "none"):
        serial.copy_hdu(source, number, target)
    elif kind == "compressed table" and options.tables:
        raise ValueError(f"{source.path}: HDU {number - 1} is a compressed table: a second compression loses it")
    elif kind == "table" and options.tables and serial.data_nbytes(source, number) > 2880:
        serial.compress_table(source, number, target)
    elif kind == "image" and options.images:
        roomy = (wish or options.codec).strip().upper() in _SMALL_BUFFER
        serial.compress_image(source, number, target, roomy=roomy)
    else:
        serial.copy_hdu(source, number, target)


def unpack(
    source: str | os.PathLike[str], target: str | os.PathLike[str], *, checksum: bool = True, overwrite: bool = False
) -> None:
    """Uncompress a file as funpack does.

    Parameters
    ----------
    source, target : path-like
    checksum : bool
        Whether every HDU gets CHECKSUM and DATASUM (False: -C).
    overwrite : bool
        Whether `target` may exist.

    Raises
    ------
    FileExistsError
        If `target` exists and may not.
    ValueError
        For compressed tables with variable-length columns of strings or bits: cfitsio writes outside its memory.
    FITSError
        If cfitsio fails. `target` is removed then.

    Notes
    -----
    Known to be wrong in cfitsio, and kept: float images with tiles of more than one row come out scrambled if a tile
    holds undefined pixels. `read_image` reads them right.
    """
    with _opened(source, "r") as fin, _created(target, source, overwrite) as out:
        for number in range(1, serial.hdu_count(fin) + 1):
            _unpack_hdu(fin, number, out)
            if checksum:
                serial.write_checksum(out)
        if checksum:
            serial.write_checksum(out, 1)


def _unpack_hdu(source: FileHandle, number: int, target: FileHandle) -> None:
    """One turn of funpack's loop."""
    kind = serial.hdu_kind(source, number)
    if kind == "compressed table":
        _refuse_dangerous_columns(source, number)
        serial.decompress_table(source, number, target)
    elif kind == "compressed image":
        serial.decompress_image(source, number, target)
    else:
        serial.copy_hdu(source, number, target)


def _refuse_dangerous_columns(handle: FileHandle, number: int) -> None:
    """Stop at columns that ``fits_uncompress_table`` sizes as if their cells had a fixed length."""
    column = 1
    while (form := serial.string_key(handle, number, f"ZFORM{column}")) is not None:
        letters = form.strip().upper().lstrip("0123456789")[:2]
        if letters in ("PA", "QA", "PX", "QX"):
            raise ValueError(
                f"{handle.path}: HDU {number - 1}: column {column} ({form.strip()}): cfitsio writes outside its memory "
                "when it uncompresses variable-length columns of strings or bits"
            )
        column += 1


# -- arguments --------------------------------------------------------------------------------------------------------


def _pixel_type(dtype: np.dtype[Any]) -> str:
    """The type's name if FITS has it."""
    name = dtype.str[1:]
    if name not in ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"):
        raise ValueError(f"unsupported numpy dtype {dtype}")
    return name


def _image_request(
    array: np.ndarray, codec: Codec | None, quantize: Quantize | None, hcomp_scale: float | None
) -> CompressionRequest | None:
    """What cfitsio is asked, None for a plain image."""
    is_float = array.dtype.kind == "f"
    if quantize is not None and (codec is None or not is_float):
        raise ValueError("quantize= is for compressed images of floats")
    if codec is None:
        return None
    _check_codec(array, codec)
    level, method, seed = serial.LOSSLESS, serial.METHODS["dither1"], 1
    if quantize is not None:
        level, method, seed = _quantize_request(quantize)
    scale, smooth = 0.0, 0
    if isinstance(codec, Hcompress1):
        scale, smooth = -float(codec.scale) or 0.0, int(codec.smooth)
    return CompressionRequest(
        codec=_CODECS[codec.zcmptype],
        tile=tuple(reversed(codec.tile_shape or ())),
        level=level,
        method=method,
        seed=seed,
        hcomp_scale=scale if hcomp_scale is None else float(hcomp_scale),
        hcomp_smooth=smooth,
        huge=codec.heap_format == "Q",
    )


def _check_codec(array: np.ndarray, codec: Codec) -> None:
    """Refuse what cfitsio has no call for."""
    if getattr(codec, "level", None) not in (None, 1):
        raise ValueError(f"cfitsio deflates at level 1 only, got level={codec.level}")  # type: ignore[attr-defined]
    if isinstance(codec, Rice1) and codec.blocksize != 32:
        raise ValueError(f"cfitsio writes Rice blocks of 32 pixels only, got blocksize={codec.blocksize}")
    if array.dtype.kind != "f" and array.dtype.itemsize == 8:
        raise ValueError(f"cfitsio does not compress 64-bit integers ({array.dtype})")
    if not 1 <= array.ndim <= serial.MAX_DIMENSIONS or array.size == 0:
        raise ValueError(
            f"cfitsio compresses images of 1 to {serial.MAX_DIMENSIONS} axes, none empty, not {array.shape}"
        )
    if codec.tile_shape is not None and len(codec.tile_shape) != array.ndim:
        raise ValueError(f"tile_shape has {len(codec.tile_shape)} axes, the image {array.ndim}")


def _quantize_request(quantize: Quantize) -> tuple[float, int, int]:
    """Level, method and seed in cfitsio's terms."""
    if quantize.level == _LOSSLESS_SENTINEL:
        raise ValueError(f"a level of {_LOSSLESS_SENTINEL} means 'lossless' to cfitsio; use quantize=None for that")
    if quantize.seed > _LARGEST_SEED:
        raise ValueError(f"cfitsio takes seeds up to {_LARGEST_SEED}, got {quantize.seed}")
    # Level 0 is a quarter of the noise, and so is 4; asked as 0 it would mean lossless.
    return float(quantize.level or 4.0), serial.METHODS[quantize.method], quantize.seed or 1


def _stored_blank(blank: int, dtype: str) -> int:
    """The value of BLANK for a pixel value."""
    if dtype.startswith("f"):
        raise ValueError("blank= is for integer images; undefined pixels of a float image are NaN")
    value = operator.index(blank)
    stored = np.iinfo(_STORED.get(dtype, dtype))
    value += int(stored.min) - int(np.iinfo(dtype).min)
    if not stored.min <= value <= stored.max:
        raise ValueError(f"blank={blank} is outside the range of {dtype}")
    return value


# -- files opened and abandoned ---------------------------------------------------------------------------------------


class _opened:
    """A handle that is closed at the end."""

    def __init__(self, path: str | os.PathLike[str], mode: str) -> None:
        self.handle = FileHandle(os.fspath(path), mode)

    def __enter__(self) -> FileHandle:
        return self.handle

    def __exit__(self, *_: object) -> None:
        self.handle.close()


class _created:
    """A handle on a new file, which is removed again if the work on it fails."""

    def __init__(self, path: str | os.PathLike[str], source: str | os.PathLike[str], overwrite: bool) -> None:
        self.path = os.fspath(path)
        if os.path.exists(self.path):
            if not overwrite:
                raise FileExistsError(f"{self.path} exists")
            if os.path.samefile(self.path, source):
                raise ValueError(f"{self.path}: input and output are the same file")
        self.handle = FileHandle(self.path, "w+")

    def __enter__(self) -> FileHandle:
        return self.handle

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.handle.close()
        else:
            _abandon(self.handle, self.path)


def _abandon(handle: FileHandle, path: str | None) -> None:
    """Close after a failure whatever the state, and remove what is half made."""
    try:
        handle.close()
    except OSError:
        pass  # the first error is the one to tell
    if path is not None and os.path.exists(path):
        os.unlink(path)
