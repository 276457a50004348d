"""Pixels into the tiles of a compressed image: batches through the tile engine, in tile order, into the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rustfits_cffi import threads
from rustfits_cffi.config import Codec, Quantize
from rustfits_cffi.directory import Directory
from rustfits_cffi.edits.regions import Region, Writable
from rustfits_cffi.edits.rewriting import splice
from rustfits_cffi.errors import FITSFormatError, TileError
from rustfits_cffi.format.scaling import PixelType
from rustfits_cffi.format.structure import find_end
from rustfits_cffi.format.tiles import TileGrid
from rustfits_cffi.hdu.tiles.writer import TileWriter
from rustfits_cffi.native.cfitsio.image_header import CompressedImageHeader, ExistingTableHeader
from rustfits_cffi.native.cfitsio.requests import LARGEST_SEED
from rustfits_cffi.native.pixels import any_nonfinite
from rustfits_cffi.native.pool import new_array
from rustfits_cffi.native.tile_codec import TileCodec
from rustfits_cffi.native.tile_coding import DITHER_NUMBERS, Coder, EncodedTiles, TileCoding
from rustfits_cffi.storage.descriptor import NamelessFile

_BATCH_NBYTES = 16 << 20  # most coded bytes of one batch
_PIECE_NBYTES = 8 << 20  # of a coded image, copied at a time


@dataclass(frozen=True)
class TileSettings:
    """How the tiles of an image are to be coded.

    Attributes
    ----------
    grid : TileGrid
    kind : PixelType
    codec : Codec
    quantize : Quantize or None
    seed : int, optional
        ZDITHER0 of a header that stands already; by default that of `quantize`.
    parameters : mapping
        Codec parameters of a header that stands already, in which other programs may have put others than cfitsio
        would. Where the codec has its own, these hold.
    """

    grid: TileGrid
    kind: PixelType
    codec: Codec
    quantize: Quantize | None
    seed: int | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def coding(self, *, has_nulls: bool) -> TileCoding:
        """The same for the tile engine."""
        kind, quantize = self.kind, self.quantize
        unsigned, quantized = kind.is_unsigned_trick, quantize is not None
        parameters = {**self.parameters, **self.codec.coder_parameters()}
        seed = self.seed if self.seed is not None else dither_seed(quantize) if quantize else 1
        return TileCoding(
            shape=self.grid.shape,
            tile_shape=self.grid.tile_shape,
            bitpix=kind.bitpix,
            coder=Coder.of_image(
                self.codec.zcmptype, kind.bitpix, unsigned=unsigned, quantized=quantized, **parameters
            ),
            unsigned=unsigned,
            quantized=quantized,
            dither=DITHER_NUMBERS[quantize.method] if quantize else 0,
            seed=seed,
            level=quantize.level if quantize else 0.0,
            nulls="nonfinite" if has_nulls else "none",
        )


@dataclass(frozen=True)
class TileJob:
    """All pixels of an image, and how they are to be coded.

    Attributes
    ----------
    pixels : ndarray
        Any strides and byte order; of the stored type if `is_stored`, else of the type of the unsigned trick.
    has_nulls : bool
        Pixels that are not finite are nulls of a quantized image.
    """

    settings: TileSettings
    codec: TileCodec
    pixels: np.ndarray
    is_stored: bool
    has_nulls: bool

    @classmethod
    def of(cls, settings: TileSettings, pixels: np.ndarray, *, is_stored: bool) -> TileJob:
        """Set up the tile engine to write `pixels` as cfitsio would."""
        has_nulls = settings.quantize is not None and _has_nonfinite(pixels)
        return cls(settings, TileCodec(settings.coding(has_nulls=has_nulls)), pixels, is_stored, has_nulls)

    def batches(self, file: str, hdu: int) -> Iterator[EncodedTiles]:
        """The coded tiles in order, a bounded number of bytes at a time; each is valid until the next is taken.

        Errors name `file` and `hdu` (0-based).

        Raises
        ------
        TileError
            If a tile holds a pixel that the codec cannot store.
        """
        bound = self.codec.tile_bound
        if not bound:
            raise FITSFormatError(f"{file}, HDU {hdu}: {self.settings.codec.zcmptype} cannot hold such an image")
        ntiles = self.settings.grid.ntiles
        at_once = min(ntiles, max(threads.get_num_threads(), _BATCH_NBYTES // bound))
        buffer = new_array((at_once * bound,), np.dtype(np.uint8))
        for first in range(0, ntiles, at_once):
            rows = np.arange(first, min(ntiles, first + at_once), dtype=np.int64)
            try:
                with threads.lend() as nthreads:
                    coded = self.codec.encode(
                        self.pixels, rows, stored=self.is_stored, nthreads=nthreads, buffer=buffer
                    )
            except TileError as error:
                raise TileError(self._reason(error), file=file, hdu=hdu, tile=error.tile) from None
            yield coded

    def _reason(self, error: TileError) -> str:
        """Why a tile could not be encoded, with the pixel value that is the cause where there is one."""
        if error.tile is None:
            return error.reason
        return self.settings.codec.refusal(self.pixels[self.settings.grid.slices(error.tile)]) or error.reason


def _has_nonfinite(pixels: np.ndarray) -> bool:
    """Whether any pixel is NaN or infinite; looked up on all cores."""
    with threads.lend() as nthreads:
        return any_nonfinite(pixels, nthreads)


def dither_seed(quantize: Quantize) -> int:
    """ZDITHER0 of a quantized image: 1 to 10000, the numbers the convention has.

    0 and negative numbers give 1, so that equal input gives equal files; the dither repeats after 10000.
    """
    return (quantize.seed - 1) % LARGEST_SEED + 1 if quantize.seed > 0 else 1


def write_tiles(writer: TileWriter, job: TileJob, file: str, hdu: int) -> None:
    """Write all tiles of an image, and finish its HDU."""
    if job.has_nulls:
        writer.add_null()
    for batch in job.batches(file, hdu):
        writer.append(batch)
    writer.finish()


class RewrittenImage:
    """A compressed image with other tiles, for a file that is written anew: everything is coded before that begins.

    Parameters
    ----------
    header : CompressedImageHeader
    job : TileJob
    file, hdu : str, int
        For messages.
    """

    def __init__(self, header: CompressedImageHeader, job: TileJob, file: str, hdu: int) -> None:
        self._spool = NamelessFile(file)
        self._region = Region(self._spool, 0)
        writer = TileWriter(self._region, 0, header, job.settings.codec.element, f"{file}, HDU {hdu}")
        write_tiles(writer, job, file, hdu)
        self._region.pad()

    @property
    def nbytes(self) -> int:
        """Bytes of the HDU, whole blocks."""
        return self._region.nbytes

    def write_to(self, file: Writable, offset: int) -> None:
        """Write the HDU from byte `offset` on."""
        for begin in range(0, self.nbytes, _PIECE_NBYTES):
            piece = bytearray(min(_PIECE_NBYTES, self.nbytes - begin))
            self._spool.read_into(begin, piece)
            file.write(offset + begin, piece)


def rewrite_tiles(directory: Directory, index: int, job: TileJob) -> None:
    """Replace all tiles of an HDU anywhere in the file: all of it or nothing."""
    path = directory.handle.path
    cards = directory.header(index)
    header = ExistingTableHeader(path, cards[: find_end(cards)])
    image = RewrittenImage(header, job, path, index)
    start, stop = directory.span(index)
    splice(directory, start, stop, [image], action="write a compressed image")
