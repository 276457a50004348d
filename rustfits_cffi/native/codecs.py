"""The tile engine: batches of coded tiles to arrays, arrays to batches of coded tiles, on as many threads as given.

No file is touched here and no lock is held: one call into C does a whole batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from rustfits_cffi.errors import raise_for_status
from rustfits_cffi.native._lib import ffi, lib

__all__ = [
    "CodedTiles",
    "EncodedTiles",
    "TileCodec",
    "TileCoding",
    "any_nonfinite",
    "gzip_decode",
    "gzip_encode",
    "pack_pixels",
    "unpack_pixels",
]

# The dither sequence, made once: kernels take it as an argument.
RANDOMS = np.empty(lib.RF_NRANDOM, np.float32)
if lib.rf_randoms_fill(ffi.from_buffer("float[]", RANDOMS, require_writable=True)):
    raise ImportError("this machine's arithmetic does not make the dither sequence of the FITS standard")
RANDOMS.flags.writeable = False
_RANDOMS = ffi.from_buffer("float[]", RANDOMS)

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

_STORED = {
    bitpix: np.dtype(name) for bitpix, name in ((8, "u1"), (16, "i2"), (32, "i4"), (64, "i8"), (-32, "f4"), (-64, "f8"))
}
_UNSIGNED = {8: np.dtype("i1"), 16: np.dtype("u2"), 32: np.dtype("u4"), 64: np.dtype("u8")}


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
            _numbers(column, "uint8_t[]", np.uint8, len(column)),
            _numbers(offset, "int64_t[]", np.int64, len(column)),
            _numbers(nbytes, "int64_t[]", np.int64, len(column)),
            *(ffi.NULL if a is None else _numbers(a, "double[]", np.float64, len(column)) for a in (scale, zero)),
            ffi.NULL if blank is None else _numbers(blank, "int64_t[]", np.int64, len(column)),
        ]
        self.table = ffi.new("rf_table *", (*self._arrays, uncompressed_bitpix, -1, heap_start))


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


class TileCodec:
    """Decodes and encodes tiles of one image. Cheap to call, free of state between calls, safe in many threads.

    Parameters
    ----------
    coding : TileCoding
        What the image is and how it is coded.

    Raises
    ------
    KeyError
        If the codec or the treatment of nulls has an unknown name.
    """

    def __init__(self, coding: TileCoding) -> None:
        self.coding = coding
        self._shape = ffi.new("size_t[]", [*coding.shape])
        self._tile_shape = ffi.new("size_t[]", [*coding.tile_shape])
        self._image = ffi.new("rf_image *", {
            "ndim": len(coding.shape), "shape": self._shape, "tile_shape": self._tile_shape,
            "codec": CODECS[coding.codec], "bitpix": coding.bitpix, "unsigned_trick": coding.unsigned,
            "quantized": coding.quantized, "dither": coding.dither, "seed": coding.seed,
            "rice_block": coding.rice_block, "rice_bytepix": coding.rice_bytepix,
            "hcomp_smooth": coding.hcompress_smooth, "hcomp_scale": coding.hcompress_scale,
            "hcomp_null": coding.hcompress_null, "gzip_level": coding.gzip_level, "quantize_level": coding.level,
            "nulls": NULLS[coding.nulls], "plio_allow_lossy": coding.lossy_plio,
        })  # fmt: skip
        self.stored_dtype = _STORED[coding.bitpix]
        self.pixel_dtype = _UNSIGNED[coding.bitpix] if coding.unsigned and coding.bitpix > 0 else self.stored_dtype
        self._dtypes = {"stored": self.stored_dtype, "unsigned": self.pixel_dtype, "double": np.dtype("f8")}

    @property
    def tile_bound(self) -> int:
        """The most bytes that one tile can need; 0 if images like this cannot be encoded."""
        return lib.rf_tile_bound(self._image)

    def read(
        self,
        fd: int,
        table: TileTable,
        start: Sequence[int],
        count: Sequence[int],
        step: Sequence[int],
        dst: np.ndarray,
        *,
        out: str = "unsigned",
        bscale: float = 1.0,
        bzero: float = 0.0,
        nthreads: int = 1,
    ) -> None:
        """Read and decode a section of an image in an open file.

        Parameters
        ----------
        fd : int
            The operating system's number of the file.
        table : TileTable
            Where the tiles are.
        start, count, step : sequence of int
            One per axis: first pixel, number of pixels, distance (at least 1).
        dst : ndarray
            C-contiguous, shape `count`, of the type that `out` asks for; see `decode`.

        Raises
        ------
        TileError
            If a tile cannot be decoded; `tile` is its number.
        OSError
            If the file cannot be read.
        """
        ndim = len(start)
        numbers = ffi.new("size_t[]", (*start, *count, *step))
        pixels = ffi.from_buffer("uint8_t[]", dst, require_writable=True)
        section = ffi.new(
            "rf_section *",
            (numbers, numbers + ndim, numbers + 2 * ndim, ffi.NULL, OUTS[out], bscale, bzero, pixels, dst.nbytes),
        )
        failed = ffi.new("int64_t *")
        table.table.fd = fd
        status = lib.rf_tiles_read(self._image, table.table, section, _RANDOMS, nthreads, failed)
        if status:
            raise_for_status(status, tile=failed[0] if failed[0] >= 0 else None)

    def decode(
        self,
        coded: Any,
        tiles: CodedTiles,
        *,
        start: Sequence[int],
        count: Sequence[int],
        step: Sequence[int],
        out: str = "unsigned",
        bscale: float = 1.0,
        bzero: float = 0.0,
        nthreads: int = 1,
        dst: np.ndarray | None = None,
    ) -> np.ndarray:
        """Decode tiles into a section of the image.

        Parameters
        ----------
        coded : bytes-like
            The buffer that `tiles` point into.
        tiles : CodedTiles
            The tiles that the section touches, in any order; others do no harm.
        start, count, step : sequence of int
            One per axis: first pixel, number of pixels, distance (at least 1).
        out : {"stored", "unsigned", "double"}
            The type BITPIX names; the unsigned type if the image has one, else the same; or float64 after
            ``value * bscale + bzero``.
        nthreads : int
            Most threads to use.
        dst : ndarray, optional
            C-contiguous array of that shape and type to fill; a new one by default.

        Returns
        -------
        ndarray
            `dst`, shape `count`. Pixels of tiles that are not in `tiles` are left as they were.

        Raises
        ------
        TileError
            If a tile cannot be decoded; `tile` is its number.
        """
        if dst is None:
            dst = np.empty(tuple(count), self._dtypes[out])
        elif dst.shape != tuple(count) or dst.dtype != self._dtypes[out]:
            raise ValueError(f"dst must have shape {tuple(count)} and type {self._dtypes[out]}")
        section = ffi.new("rf_section *")
        start, count, step = ffi.new("size_t[]", [*start]), ffi.new("size_t[]", [*count]), ffi.new("size_t[]", [*step])
        section.start, section.count, section.step = start, count, step
        self._decode(coded, tiles, section, out, bscale, bzero, nthreads, dst)
        return dst

    def decode_tiles(
        self,
        coded: Any,
        tiles: CodedTiles,
        dst_offset: np.ndarray,
        dst: np.ndarray,
        *,
        out: str = "unsigned",
        bscale: float = 1.0,
        bzero: float = 0.0,
        nthreads: int = 1,
    ) -> None:
        """Decode whole tiles, tile i contiguous at byte ``dst_offset[i]`` of the contiguous array `dst`."""
        section = ffi.new("rf_section *")
        offsets = _numbers(dst_offset, "int64_t[]", np.int64, len(tiles.row))
        section.dst_offset = offsets
        self._decode(coded, tiles, section, out, bscale, bzero, nthreads, dst)

    def _decode(self, coded, tiles, section, out, bscale, bzero, nthreads, dst) -> None:
        """The call into C that both kinds of decoding share."""
        ntiles = len(tiles.row)
        pixels = ffi.from_buffer("uint8_t[]", dst, require_writable=True)
        buffer = ffi.from_buffer("uint8_t[]", coded)
        section.out, section.bscale, section.bzero = OUTS[out], bscale, bzero
        section.dst, section.dst_nbytes = pixels, dst.nbytes
        columns = (
            row := _numbers(tiles.row, "int64_t[]", np.int64, ntiles),
            column := _numbers(tiles.column, "uint8_t[]", np.uint8, ntiles),
            offset := _numbers(tiles.offset, "int64_t[]", np.int64, ntiles),
            nbytes := _numbers(tiles.nbytes, "int64_t[]", np.int64, ntiles),
        )
        batch = ffi.new("rf_tiles *", (ntiles, row, column, offset, nbytes))
        if self.coding.quantized:
            scale = _numbers(tiles.scale, "double[]", np.float64, ntiles)
            zero = _numbers(tiles.zero, "double[]", np.float64, ntiles)
            batch.scale, batch.zero = scale, zero
            if tiles.blank is not None:
                blank = _numbers(tiles.blank, "int64_t[]", np.int64, ntiles)
                batch.blank = blank
        batch.coded, batch.coded_len = buffer, len(buffer)
        batch.uncompressed_bitpix = tiles.uncompressed_bitpix
        failed = ffi.new("size_t *")
        status = lib.rf_tiles_decode(self._image, batch, section, _RANDOMS, nthreads, failed)
        del columns
        if status:
            raise_for_status(status, tile=int(tiles.row[failed[0]]) if failed[0] < ntiles else None)

    def encode(
        self,
        pixels: np.ndarray,
        rows: np.ndarray,
        *,
        origin: Sequence[int] | None = None,
        stored: bool = False,
        fixed: tuple[np.ndarray, np.ndarray] | None = None,
        nthreads: int = 1,
        buffer: np.ndarray | None = None,
    ) -> EncodedTiles:
        """Encode tiles to the bytes that cfitsio would write.

        Parameters
        ----------
        pixels : ndarray
            Part of the image that covers these tiles, of any strides and byte order, of `pixel_dtype` (of
            `stored_dtype` if `stored`).
        rows : ndarray of int
            Numbers of the tiles, 0-based.
        origin : sequence of int, optional
            Image coordinates of ``pixels[0, 0, ...]``; the image's origin by default.
        stored : bool
            The pixels are stored integers even though the image is unsigned.
        fixed : tuple of two ndarray, optional
            Scale and zero that each tile must be quantized with (scale 0: it is stored as it is).
        nthreads : int
            Most threads to use.
        buffer : ndarray of uint8, optional
            Room for ``len(rows) * tile_bound`` bytes, kept by callers that encode many batches.

        Returns
        -------
        EncodedTiles
            `data` is a part of `buffer`.

        Raises
        ------
        TileError
            If a tile cannot be encoded; `tile` is its number.
        ValueError
            If the type of the pixels is another.
        """
        expected = self.stored_dtype if stored else self.pixel_dtype
        if pixels.dtype.newbyteorder("=") != expected or pixels.ndim != len(self.coding.shape):
            raise ValueError(f"pixels must be {len(self.coding.shape)}-dimensional {expected}, not {pixels.dtype}")
        source = ffi.new("rf_pixels *")
        strides = ffi.new("ptrdiff_t[]", [*pixels.strides])
        shape = ffi.new("size_t[]", [*pixels.shape])
        at = ffi.new("size_t[]", [*origin] if origin is not None else len(pixels.shape))
        source.src = ffi.cast("void *", pixels.__array_interface__["data"][0])
        source.strides, source.shape, source.origin = strides, shape, at
        source.swapped = not pixels.dtype.isnative
        source.stored = stored
        return self._encode(source, rows, fixed, nthreads, buffer)

    def encode_tiles(
        self,
        pixels: np.ndarray,
        src_offset: np.ndarray,
        rows: np.ndarray,
        *,
        stored: bool = False,
        fixed: tuple[np.ndarray, np.ndarray] | None = None,
        nthreads: int = 1,
        buffer: np.ndarray | None = None,
    ) -> EncodedTiles:
        """Encode whole native tiles, tile i contiguous at byte ``src_offset[i]`` of `pixels`; the rest as `encode`."""
        source = ffi.new("rf_pixels *")
        memory = ffi.from_buffer("uint8_t[]", pixels)
        offsets = _numbers(src_offset, "int64_t[]", np.int64, len(rows))
        source.src, source.tile_offset, source.stored = memory, offsets, stored
        source.src_nbytes = len(memory)
        return self._encode(source, rows, fixed, nthreads, buffer)

    def _encode(self, source, rows, fixed, nthreads, buffer) -> EncodedTiles:
        """The call into C that both kinds of encoding share."""
        ntiles = len(rows)
        if buffer is None:
            buffer = np.empty(ntiles * self.tile_bound, np.uint8)
        if fixed is not None:
            fixed_scale = _numbers(fixed[0], "double[]", np.float64, ntiles)
            fixed_zero = _numbers(fixed[1], "double[]", np.float64, ntiles)
            source.scale, source.zero = fixed_scale, fixed_zero
        nbytes, column, has_null = np.zeros(ntiles, np.int64), np.zeros(ntiles, np.uint8), np.zeros(ntiles, np.uint8)
        row = _numbers(rows, "int64_t[]", np.int64, ntiles)
        room = ffi.from_buffer("uint8_t[]", buffer, require_writable=True)
        outputs = [ffi.from_buffer("int64_t[]", nbytes), ffi.from_buffer("uint8_t[]", column),
                   ffi.from_buffer("uint8_t[]", has_null)]  # fmt: skip
        encoded = ffi.new("rf_encoded *", {"dst": room, "dst_cap": buffer.nbytes, "nbytes": outputs[0],
                                           "column": outputs[1], "has_null": outputs[2]})  # fmt: skip
        scale = zero = None
        if self.coding.quantized:
            scale, zero = np.zeros(ntiles), np.zeros(ntiles)
            outputs += [ffi.from_buffer("double[]", scale), ffi.from_buffer("double[]", zero)]
            encoded.scale, encoded.zero = outputs[3], outputs[4]
        failed = ffi.new("size_t *")
        status = lib.rf_tiles_encode(self._image, source, row, ntiles, _RANDOMS, encoded, nthreads, failed)
        if status:
            raise_for_status(status, tile=int(rows[failed[0]]) if failed[0] < ntiles else None)
        return EncodedTiles(buffer[: encoded.dst_len], nbytes, column, scale, zero, has_null)

    def tile_byte_sum(self, pixels: np.ndarray, row: int = 0, *, origin: Sequence[int] | None = None) -> int:
        """Sum of the bytes of one tile, from which the "checksum" seed is ``sum % 10000 + 1``."""
        source = ffi.new("rf_pixels *")
        strides, shape = ffi.new("ptrdiff_t[]", [*pixels.strides]), ffi.new("size_t[]", [*pixels.shape])
        at = ffi.new("size_t[]", [*origin] if origin is not None else len(pixels.shape))
        source.src = ffi.cast("void *", pixels.__array_interface__["data"][0])
        source.strides, source.shape, source.origin = strides, shape, at
        source.swapped = not pixels.dtype.isnative
        total = ffi.new("uint64_t *")
        raise_for_status(lib.rf_tile_byte_sum(self._image, source, row, total), tile=row)
        return total[0]


def _numbers(array: Any, ctype: str, dtype: Any, count: int) -> Any:
    """A C view of `count` numbers; the array is copied only if it has another type or gaps."""
    array = np.ascontiguousarray(array, dtype)
    if array.size != count:
        raise ValueError(f"{count} tiles, but {array.size} numbers for them")
    return ffi.from_buffer(ctype, array)


def any_nonfinite(array: np.ndarray, nthreads: int = 1) -> bool:
    """Is a NaN or an infinity in this array of float32 or float64, of any strides and byte order?"""
    shape, strides = ffi.new("size_t[]", [*array.shape]), ffi.new("ptrdiff_t[]", [*array.strides])
    source = ffi.cast("void *", array.__array_interface__["data"][0])
    found = ffi.new("int *")
    raise_for_status(lib.rf_any_nonfinite(source, array.dtype.itemsize, array.ndim, shape, strides,
                                          not array.dtype.isnative, nthreads, found))  # fmt: skip
    return bool(found[0])


def unpack_pixels(
    raw: Any, dst: np.ndarray, bitpix: int, *, out: str = "stored", bscale: float = 1.0, bzero: float = 0.0,
    nthreads: int = 1,
) -> None:  # fmt: skip
    """Big-endian pixels of a plain image to native ones in `dst`; `raw` may be the memory of `dst` itself."""
    source = ffi.from_buffer("uint8_t[]", raw)
    if len(source) != dst.size * abs(bitpix) // 8:
        raise ValueError(f"{dst.size} pixels of BITPIX {bitpix} are not {len(source)} bytes")
    if dst.itemsize != (8 if out == "double" else abs(bitpix) // 8):
        raise ValueError(f"pixels of BITPIX {bitpix} as {out!r} are no {dst.dtype}")
    target = ffi.from_buffer("uint8_t[]", dst, require_writable=True)
    raise_for_status(lib.rf_pixels_unpack(source, dst.size, bitpix, OUTS[out], bscale, bzero, target, nthreads))


def pack_pixels(pixels: np.ndarray, raw: Any, bitpix: int, *, flip: bool = False, nthreads: int = 1) -> None:
    """Native contiguous pixels to big-endian ones in `raw`; `flip`: they are of the unsigned type."""
    source = ffi.from_buffer("uint8_t[]", pixels)
    target = ffi.from_buffer("uint8_t[]", raw, require_writable=True)
    if len(source) != len(target) or len(source) != pixels.size * abs(bitpix) // 8:
        raise ValueError(f"{pixels.size} pixels of BITPIX {bitpix} are not {len(source)} or {len(target)} bytes")
    raise_for_status(lib.rf_pixels_pack(source, pixels.size, bitpix, flip, target, nthreads))


def gzip_encode(data: Any, level: int = 1) -> bytes:
    """One gzip member; level 1 gives cfitsio's bytes."""
    source = ffi.from_buffer("uint8_t[]", data)
    room = ffi.new("uint8_t[]", lib.rf_gzip_bound(len(source)))
    used = ffi.new("size_t *")
    raise_for_status(lib.rf_gzip_encode(source, len(source), level, room, len(room), used))
    return bytes(ffi.buffer(room, used[0]))


def gzip_decode(data: Any, capacity: int) -> bytes:
    """The bytes of the first gzip member of `data`, which are at most `capacity`."""
    source = ffi.from_buffer("uint8_t[]", data)
    room = ffi.new("uint8_t[]", max(capacity, 1))
    used = ffi.new("size_t *")
    raise_for_status(lib.rf_gzip_decode(source, len(source), room, capacity, used))
    return bytes(ffi.buffer(room, used[0]))
