"""The pixels of a compressed image: decoded in batches, or straight into another file."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from rustfits_cffi.errors import DATA_DECOMPRESSION_ERR, FITSError, TileError, error_of_status
from rustfits_cffi.format.compression import CompressedLayout, parse_layout
from rustfits_cffi.format.dtypes import stored_dtype
from rustfits_cffi.format.plausibility import is_plausible
from rustfits_cffi.format.structure import parse_structure
from rustfits_cffi.native.cfitsio import inspection
from rustfits_cffi.native.cfitsio.handle import CfitsioFile
from rustfits_cffi.native.tile_coding import CODECS
from rustfits_cffi.native.tile_table import read_tile_table
from rustfits_cffi.native.unpacking import Unpacking
from rustfits_cffi.packing.coding import coding_of
from rustfits_cffi.packing.pixels import Batch, tile_batches
from rustfits_cffi.threads import ahead, lend

DECODED_NBYTES = 4 << 20  # of pixels in memory at once
RESTORED_NBYTES = 64 << 20  # of pixels between reports of progress; interrupts take effect there


class ImageDecoder:
    """Decodes a compressed image HDU in batches.

    Parameters
    ----------
    handle : CfitsioFile
        The file.
    number : int
        HDU number, 1-based as cfitsio counts.

    Attributes
    ----------
    image : CompressedImage
        The parameters in the header.
    shape : tuple of int
        Shape of the image, numpy order.
    npixels : int
        Number of its pixels.
    largest_scale : float
        Largest quantization step of the tiles; meaningless for an image that is not quantized.

    Raises
    ------
    FITSError
        If the header or the table of tiles is not that of a compressed image.
    """

    def __init__(self, handle: CfitsioFile, number: int):
        self.image = image = inspection.read_compressed_image(handle, number)
        self.shape, self.npixels = image.shape, math.prod(image.shape)
        self._handle, self._number = handle, number
        if image.codec not in CODECS.values():  # BZIP2_1: cfitsio knows the name, but neither writes nor reads it
            what = f"{handle.path}: HDU {number - 1}: cfitsio's codec number {image.codec} cannot be read"
            raise error_of_status(DATA_DECOMPRESSION_ERR, what)
        where = f"{handle.path}: HDU {number - 1}"
        layout, data_start = read_layout(handle, number)
        ntiles = math.prod(-(-n // t) for n, t in zip(image.shape, image.tile_shape, strict=True))
        if ntiles != layout.nrows:
            raise FITSError(f"{where}: {ntiles} tiles expected, the table has {layout.nrows}")
        table = read_tile_table(handle, data_start, layout, where)
        bad = table.first_bad()
        if bad is not None:
            raise TileError(table.reason(bad), file=handle.path, hdu=number - 1, tile=bad)
        _require_plausible(handle, number, image, table.coded_nbytes)
        self.largest_scale = table.largest_scale
        self._has_nulls = image.is_quantized and (table.has_blank or not table.all_compressed)
        self._unpacking = Unpacking(handle, coding_of(image, image.seed or 1), table)

    def batches(self) -> Iterator[tuple[Batch, np.ndarray]]:
        """Every batch of tiles with its pixels, of the stored type in native byte order.

        An array may be changed. It is valid until the next but one is requested, because the next one is decoded ahead.
        """
        dtype = stored_dtype(self.image.bitpix)
        batches = list(tile_batches(self.shape, self.image.tile_shape, dtype.itemsize, DECODED_NBYTES))
        most = max((math.prod(batch.count) for batch in batches), default=0)
        buffers = [np.empty(most, dtype) for _ in batches[:2]]
        return ahead((batch, self._decode(batch, buffers[i % 2])) for i, batch in enumerate(batches))

    def _decode(self, batch: Batch, buffer: np.ndarray) -> np.ndarray:
        box = buffer[: math.prod(batch.count)].reshape(batch.count)
        with self._naming_tile(), lend() as nthreads:
            self._unpacking.read(batch.start, batch.count, box, nthreads=nthreads)
        return box

    def restore(self, out: CfitsioFile, data_start: int, progress: Callable[[float], None]) -> int:
        """Write all pixels into the data unit that begins at byte `data_start` of `out`, and return its checksum.

        `progress` is called from time to time with the fraction of the image that is done, from 0 to 1.
        """
        nboxes, data_sum = self._unpacking.nboxes, 0
        nbytes = self.npixels * abs(self.image.bitpix) // 8
        step = max(1, nboxes * RESTORED_NBYTES // max(1, nbytes))
        for first in range(0, nboxes, step):
            boxes = range(first, min(first + step, nboxes))
            with self._naming_tile(), lend() as nthreads:
                data_sum = self._unpacking.write(
                    out, data_start, boxes, data_sum=data_sum, one_nan=self._has_nulls, nthreads=nthreads
                )
            progress(boxes.stop / nboxes)
        return data_sum

    @contextmanager
    def _naming_tile(self) -> Iterator[None]:
        """Report a tile that cannot be decoded with its file and HDU."""
        try:
            yield
        except TileError as error:
            status = error.status or DATA_DECOMPRESSION_ERR
            raise error_of_status(
                status, file=self._handle.path, hdu=self._number - 1, tile=error.tile
            ) from None


def read_layout(handle: CfitsioFile, number: int) -> tuple[CompressedLayout, int]:
    """The layout in the header of a compressed image, by the rules of reading, and the start of its data."""
    facts = inspection.hdu_facts(handle, number)
    header = bytes(handle.read(facts.header_start, facts.data_start - facts.header_start))
    index = parse_structure(header, is_primary=number == 1, lenient=True).index
    return parse_layout(index.value), facts.data_start


def _require_plausible(handle: CfitsioFile, number: int, image: inspection.CompressedImage, coded_nbytes: int) -> None:
    """Refuse a header that declares far more pixels than its coded bytes can hold, before memory is allocated."""
    if image.codec == CODECS["HCOMPRESS_1"]:  # any number of equal pixels takes about 30 bytes
        return
    nbytes = math.prod(image.shape) * abs(image.bitpix) // 8
    if not is_plausible(nbytes, coded_nbytes):
        raise error_of_status(
            DATA_DECOMPRESSION_ERR,
            f"{handle.path}: HDU {number - 1} declares {nbytes} bytes of pixels, but has {coded_nbytes} coded ones",
        )
