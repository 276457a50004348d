"""Batches of tiles of one image through the tile engine: pixels of the file to coded tiles, and back."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from rustfits_cffi.errors import FITSError, raise_for_status, status_text
from rustfits_cffi.format.plausibility import is_plausible
from rustfits_cffi.native import transfer
from rustfits_cffi.native.codecs import TileCodec
from rustfits_cffi.native.coding import CODECS, UNCOMPRESSED_DATA, CodedTiles, EncodedTiles, TileCoding
from rustfits_cffi.native.handle import FileHandle
from rustfits_cffi.native.pixels import pack_pixels
from rustfits_cffi.native.tiletable import read_tile_table
from rustfits_cffi.packing.pixels import Batch, ahead, tile_batches
from rustfits_cffi.threads import lend

_CODEC_NAMES = {number: name for name, number in CODECS.items()}
_KEYWORDS = ("ZSCALE", "ZZERO", "ZBLANK", "BLANK")
DECODED_NBYTES = 4 << 20  # of pixels at once: what is decoded is still in the cache when it is written
_NOT_CODABLE = (8, 9)  # RF_ERANGE, RF_ELOSSY: to fpack an image that cannot be compressed, status 413


class ImageEncoder:
    """Encodes batches of an image as fpack would.

    Parameters
    ----------
    image : CompressedImage
        The header that cfitsio made.
    where : str
        File and HDU, for messages.
    scaling : tuple of (BSCALE, BZERO, BLANK), optional
        For integers that are compressed as floats: how to get the floats.
    lossy_plio : bool
        Write cfitsio's stream even where it loses pixels.

    Attributes
    ----------
    ntiles : int
        Tiles of the image.
    has_nulls : bool
        Whether a null was among the pixels so far.
    """

    def __init__(
        self,
        image: transfer.CompressedImage,
        where: str,
        scaling: tuple[float, float, int | None] | None = None,
        *,
        lossy_plio: bool = False,
    ):
        self.image, self.where = image, where
        self.ntiles = math.prod(-(-n // t) for n, t in zip(image.shape, image.tile_shape, strict=True))
        self.has_nulls = False
        self._scaling, self._lossy_plio = scaling, lossy_plio
        self._buffer = np.empty(0, np.uint8)
        self.set_seed(image.seed)

    def set_seed(self, seed: int) -> None:
        """Take another seed than that of the header."""
        self._codec = TileCodec(_coding(self.image, seed, lossy_plio=self._lossy_plio))

    def first_tile_sum(self, box: np.ndarray) -> int:
        """Sum of the bytes of the first tile, which `box` covers, as cfitsio holds it in memory."""
        return self._codec.tile_byte_sum(self._as_coded(box))

    def encode(self, batch: Batch, box: np.ndarray) -> EncodedTiles:
        """The coded tiles of a batch, whose pixels are `box`; valid until the next call."""
        box = self._as_coded(box)
        coded = (self._stored if self.image.codec == CODECS["NOCOMPRESS"] else self._coded)(batch, box)
        if self.image.bitpix < 0:
            self.has_nulls = self.has_nulls or bool(coded.has_null.any())
        return coded

    def _coded(self, batch: Batch, box: np.ndarray) -> EncodedTiles:
        rows = np.arange(batch.first_tile, batch.first_tile + batch.ntiles)
        room = batch.ntiles * self._codec.tile_bound
        if self._buffer.nbytes < room:
            self._buffer = np.empty(room, np.uint8)
        try:
            with lend() as nthreads:
                return self._codec.encode(
                    box, rows, origin=batch.start, stored=True, nthreads=nthreads, buffer=self._buffer
                )
        except FITSError as error:
            if error.status not in _NOT_CODABLE:
                raise
            raise_for_status(413, f"{self.where}, tile {getattr(error, 'tile', '?')}: {status_text(error.status)}")
            raise

    def _stored(self, batch: Batch, box: np.ndarray) -> EncodedTiles:
        """Tiles as they are, for the debugging mode without compression."""
        box = np.ascontiguousarray(box, box.dtype.newbyteorder(">"))
        starts = [range(0, n, t) for n, t in zip(box.shape, self.image.tile_shape, strict=True)]
        tiles = [
            box[tuple(slice(i, i + t) for i, t in zip(corner, self.image.tile_shape, strict=True))].tobytes()
            for corner in _corners(starts)
        ]
        finite = (
            [True] * len(tiles)
            if box.dtype.kind != "f"
            else [bool(np.isfinite(np.frombuffer(tile, box.dtype)).all()) for tile in tiles]
        )
        nbytes = np.array([len(tile) for tile in tiles], np.int64)
        column = np.full(batch.ntiles, UNCOMPRESSED_DATA, np.uint8)
        return EncodedTiles(np.frombuffer(b"".join(tiles), np.uint8), nbytes, column, None, None, ~np.array(finite))

    def _as_coded(self, box: np.ndarray) -> np.ndarray:
        """The pixels as they are compressed: of integers that are quantized, the scaled floats."""
        if self._scaling is None:
            return box
        scale, zero, blank = self._scaling
        floats = box.astype(np.float32) if (scale, zero) == (1.0, 0.0) else (box * scale + zero).astype(np.float32)
        if blank is not None:
            floats[box == blank] = np.nan
        return floats


class ImageDecoder:
    """Decodes a compressed image HDU in batches.

    Parameters
    ----------
    handle : FileHandle
        The file.
    number : int
        HDU number, 1-based as cfitsio counts.

    Raises
    ------
    FITSError
        If the header or the table of tiles is not one of a compressed image.
    """

    def __init__(self, handle: FileHandle, number: int):
        self.image = image = transfer.read_compressed_image(handle, number)
        self.shape, self.npixels = image.shape, math.prod(image.shape)
        self._handle, self._number = handle, number
        self._table = read_tile_table(
            handle, number, {key: transfer.read_number(handle, number, key) for key in _KEYWORDS}
        )
        ntiles = math.prod(-(-n // t) for n, t in zip(image.shape, image.tile_shape, strict=True))
        if ntiles != len(self._table.column):
            raise FITSError(
                f"{handle.path}: HDU {number - 1}: {ntiles} tiles expected, the table has {len(self._table.column)}"
            )
        _require_plausible(handle, number, image, int(self._table.nbytes.sum()))
        self._codec = TileCodec(_coding(image, image.seed or 1))

    @property
    def largest_scale(self) -> float:
        """Largest quantization step of the tiles; meaningless for an image that is not quantized."""
        return float(self._table.scale.max(initial=0))

    def may_have_nulls(self, batch: Batch) -> bool:
        """Whether a pixel of a batch may be NaN."""
        tiles = slice(batch.first_tile, batch.first_tile + batch.ntiles)
        return self.image.bitpix < 0 and (self._table.blank is not None or bool(self._table.column[tiles].any()))

    def batches(self) -> Iterator[tuple[Batch, np.ndarray]]:
        """Every batch of tiles with its pixels, of the stored type in native byte order.

        An array may be changed, and is good until the next but one is asked for: the next is made meanwhile.
        """
        itemsize = self._codec.stored_dtype.itemsize
        batches = list(tile_batches(self.shape, self.image.tile_shape, itemsize, DECODED_NBYTES))
        most = max((math.prod(batch.count) for batch in batches), default=0)
        rooms = [np.empty(most, self._codec.stored_dtype) for _ in batches[:2]]
        return ahead((batch, self._decode(batch, rooms[i % 2])) for i, batch in enumerate(batches))

    def _decode(self, batch: Batch, room: np.ndarray) -> np.ndarray:
        table, tiles = self._table, slice(batch.first_tile, batch.first_tile + batch.ntiles)
        coded, starts = table.read(self._handle, batch.first_tile, batch.ntiles)
        rows = np.arange(tiles.start, tiles.stop)
        described = CodedTiles(
            rows,
            table.column[tiles],
            starts,
            table.nbytes[tiles],
            *(None if values is None else values[tiles] for values in (table.scale, table.zero, table.blank)),
        )
        try:
            with lend() as nthreads:
                return self._codec.decode(
                    coded,
                    described,
                    start=batch.start,
                    count=batch.count,
                    step=[1] * len(self.shape),
                    out="stored",
                    dst=room[: math.prod(batch.count)].reshape(batch.count),
                    nthreads=nthreads,
                )
        except FITSError as error:
            raise_for_status(
                error.status or 414, file=self._handle.path, hdu=self._number - 1, tile=getattr(error, "tile", None)
            )
            raise


def _require_plausible(handle: FileHandle, number: int, image: transfer.CompressedImage, coded_nbytes: int) -> None:
    """Refuse a header that declares far more pixels than its coded bytes can hold, before memory is asked for."""
    if image.codec == CODECS["HCOMPRESS_1"]:  # any number of equal pixels takes about 30 bytes
        return
    nbytes = math.prod(image.shape) * abs(image.bitpix) // 8
    if not is_plausible(nbytes, coded_nbytes):
        raise_for_status(
            414,
            f"{handle.path}: HDU {number - 1} declares {nbytes} bytes of pixels, but has {coded_nbytes} coded ones",
        )


def as_stored(box: np.ndarray, bitpix: int, *, one_nan: bool) -> np.ndarray:
    """Native pixels made bytes of a data unit in place; with `one_nan` every NaN becomes that of cfitsio, all bits set.

    `box` is contiguous and means nothing afterwards.
    """
    nulls = np.isnan(box) if one_nan else None
    pack_pixels(box, box, bitpix)  # on this thread: the others decode meanwhile
    if nulls is not None and nulls.any():
        box.view(f"u{box.itemsize}")[nulls] = np.iinfo(f"u{box.itemsize}").max
    return box.view(box.dtype.newbyteorder(">"))


def _coding(image: transfer.CompressedImage, seed: int, *, lossy_plio: bool = False) -> TileCoding:
    """The header in the words of the tile engine."""
    return TileCoding(
        shape=image.shape,
        tile_shape=image.tile_shape,
        bitpix=image.bitpix,
        codec=_CODEC_NAMES[image.codec],
        unsigned=image.bitpix == 16 and image.actual_bzero == 32768,
        quantized=image.is_quantized,
        dither=max(0, image.quantize_method) if image.is_quantized else 0,
        seed=seed,
        rice_block=image.rice_block,
        rice_bytepix=image.rice_bytepix,
        hcompress_scale=image.hcomp_scale,
        hcompress_smooth=image.hcomp_smooth,
        hcompress_null=image.zblank_seen,
        level=image.quantize_level if image.is_quantized else 4.0,
        nulls="fpack",
        lossy_plio=lossy_plio,
    )


def _corners(starts: list[range]) -> Iterator[tuple[int, ...]]:
    """Corners of the tiles in table order."""
    for index in np.ndindex(*[len(axis) for axis in starts]):
        yield tuple(axis[i] for axis, i in zip(starts, index, strict=True))
