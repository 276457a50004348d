"""The tiles of an image, encoded in batches."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from contextlib import closing

import numpy as np

from rustfits_cffi.errors import DATA_COMPRESSION_ERR, RF_ELOSSY, RF_ERANGE, FITSError, error_of_status, status_text
from rustfits_cffi.native.cfitsio import inspection
from rustfits_cffi.native.tile_codec import TileCodec
from rustfits_cffi.native.tile_coding import CODECS, UNCOMPRESSED_DATA, EncodedTiles
from rustfits_cffi.native.turns import Turns
from rustfits_cffi.packing.coding import coding_of
from rustfits_cffi.packing.pixels import Batch, ImagePixels
from rustfits_cffi.threads import ahead, lend


class PackingMemory:
    """Buffers for the pixels and coded tiles of a file's images, reused from image to image.

    Attributes
    ----------
    boxes : Turns
        Pixels as stored in the file: one batch is being encoded while the next is being read.
    coded : Turns
        Coded tiles: one batch is being written while the next is being encoded.
    """

    def __init__(self) -> None:
        self.boxes, self.coded = Turns(), Turns()


class ImageEncoder:
    """Encodes batches of an image as fpack would.

    Parameters
    ----------
    image : CompressedImage
        The header that cfitsio made.
    where : str
        File and HDU, for messages.
    scaling : tuple of (BSCALE, BZERO, BLANK), optional
        For integers that are compressed as floats: how they become floats.
    lossy_plio : bool
        Write cfitsio's stream even if it loses pixels.
    memory : PackingMemory
        Buffers for the batches; no other encoder may use them at the same time.

    Attributes
    ----------
    ntiles : int
        Tiles of the image.
    has_nulls : bool
        Whether the pixels so far included a null.
    """

    def __init__(
        self,
        image: inspection.CompressedImage,
        where: str,
        scaling: tuple[float, float, int | None] | None = None,
        *,
        lossy_plio: bool = False,
        memory: PackingMemory,
    ):
        self.image, self.where = image, where
        self.ntiles = math.prod(-(-n // t) for n, t in zip(image.shape, image.tile_shape, strict=True))
        self.has_nulls = False
        self._scaling, self._lossy_plio = scaling, lossy_plio
        self._memory = memory
        self.set_seed(image.seed)

    def set_seed(self, seed: int) -> None:
        """Replace the seed of the header."""
        self._codec = TileCodec(coding_of(self.image, seed, lossy_plio=self._lossy_plio))

    def first_tile_sum(self, box: np.ndarray) -> int:
        """Sum of the bytes of the first tile, whose pixels are `box`, as cfitsio holds them in memory."""
        return self._codec.tile_byte_sum(self._as_coded(box))

    def batches(self, pixels: ImagePixels) -> Generator[EncodedTiles, None, None]:
        """The coded tiles of every batch, each valid until the next but one is requested.

        While the caller works on one batch, the next is being encoded and the one after that is being read.
        """
        return ahead(self._encoded(pixels))

    def _encoded(self, pixels: ImagePixels) -> Generator[EncodedTiles, None, None]:
        with closing(pixels.batches(self.image.tile_shape, self._memory.boxes)) as boxes:
            for batch, box in boxes:
                yield self.encode(batch, box)

    def encode(self, batch: Batch, box: np.ndarray) -> EncodedTiles:
        """The coded tiles of a batch with the pixels `box`; valid until the next call but one."""
        box = self._as_coded(box)
        coded = (self._stored if self.image.codec == CODECS["NOCOMPRESS"] else self._coded)(batch, box)
        if self.image.bitpix < 0:
            self.has_nulls = self.has_nulls or bool(coded.has_null.any())
        return coded

    def _coded(self, batch: Batch, box: np.ndarray) -> EncodedTiles:
        rows = np.arange(batch.first_tile, batch.first_tile + batch.ntiles)
        buffer = self._memory.coded.take(batch.ntiles * self._codec.tile_bound)
        try:
            with lend() as nthreads:
                return self._codec.encode(
                    box, rows, origin=batch.start, stored=True, nthreads=nthreads, buffer=buffer
                )
        except FITSError as error:
            if error.status not in (RF_ERANGE, RF_ELOSSY):
                raise
            where = f"{self.where}, tile {getattr(error, 'tile', '?')}"
            raise error_of_status(DATA_COMPRESSION_ERR, f"{where}: {status_text(error.status)}") from None

    def _stored(self, batch: Batch, box: np.ndarray) -> EncodedTiles:
        """Uncompressed tiles, for the debugging mode NOCOMPRESS."""
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
        """The pixels as they are compressed: integers that are quantized become scaled floats."""
        if self._scaling is None:
            return box
        scale, zero, blank = self._scaling
        floats = box.astype(np.float32) if (scale, zero) == (1.0, 0.0) else (box * scale + zero).astype(np.float32)
        if blank is not None:
            floats[box == blank] = np.nan
        return floats


def _corners(starts: list[range]) -> Iterator[tuple[int, ...]]:
    """First pixels of the tiles, in table order."""
    for index in np.ndindex(*[len(axis) for axis in starts]):
        yield tuple(axis[i] for axis, i in zip(starts, index, strict=True))
