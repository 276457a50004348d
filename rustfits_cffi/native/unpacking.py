"""Unpacks a compressed image of one file into the data unit of a plain image in another, or into a buffer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rustfits_cffi.errors import raise_for_status
from rustfits_cffi.native._lib import ffi, lib
from rustfits_cffi.native.randoms import RANDOMS
from rustfits_cffi.native.source import Source
from rustfits_cffi.native.systemerrors import raise_for_system, refused_write
from rustfits_cffi.native.tile_coding import TileCoding, c_image
from rustfits_cffi.native.tile_table import TileTable


class Unpacking:
    """The pixels of one image, as stored.

    Parameters
    ----------
    source : Source
        The file.
    coding : TileCoding
        How the image is coded.
    table : TileTable
        Where its tiles are.

    Attributes
    ----------
    nboxes : int
        Number of consecutive boxes of tiles into which `write` cuts the image; 0 if it has no pixels.
    """

    def __init__(self, source: Source, coding: TileCoding, table: TileTable):
        self._source = source
        image, kept = c_image(coding)
        self._owners = (image, kept, table, source.workspace)  # of memory that C only borrows
        reader = (image, table.table, RANDOMS, source.workspace, lib.RF_OUT_STORED, 1.0, 0.0)
        self._reader = ffi.new("rf_tile_reader *", reader)
        self.nboxes = lib.rf_unpack_count(image)

    def write(
        self,
        out: Source,
        data_start: int,
        boxes: range,
        *,
        data_sum: int = 0,
        one_nan: bool = False,
        nthreads: int = 1,
    ) -> int:
        """Decode boxes into the data unit of a plain image in another file.

        Parameters
        ----------
        out : Source
            The other file, open for writing.
        data_start : int
            Byte where its data unit begins.
        boxes : range
            Consecutive numbers of boxes.
        data_sum : int
            Sum of the previous boxes.
        one_nan : bool
            Write every NaN as cfitsio writes nulls, with all bits set.
        nthreads : int
            The most threads to use.

        Returns
        -------
        int
            `data_sum` plus the sum of these pixels; after all boxes, the value of DATASUM.

        Raises
        ------
        TileError
            If a tile cannot be decoded; `tile` is its number.
        FITSError
            If a file cannot be read or written; `errno` is the system's, `status` is cfitsio's 106 for a write.
        """
        source, target = self._source.held(), out.held()
        unit = ffi.new("rf_data_unit *", (target.fd, data_start, one_nan))
        total, failed = ffi.new("uint32_t *", data_sum), ffi.new("int64_t *")
        status = lib.rf_unpack(self._reader, source, unit, boxes.start, len(boxes), nthreads, total, failed)
        if status == lib.RF_EWRITE:
            raise refused_write(out.path)
        self._check(status, failed)
        return total[0]

    def read(self, start: Sequence[int], count: Sequence[int], pixels: Any, *, nthreads: int = 1) -> None:
        """Decode a box of pixels, `count` long from `start` on along each axis, into a buffer in native byte order.

        Raises
        ------
        TileError
            If a tile cannot be decoded; `tile` is its number.
        FITSError
            If the file cannot be read, or the buffer is too small.
        """
        box = ffi.new("size_t[]", (*start, *count, *[1] * len(start)))
        target, failed = ffi.from_buffer(pixels, require_writable=True), ffi.new("int64_t *")
        source = self._source.held()
        status = lib.rf_tiles_read(self._reader, source, box, target, len(target), nthreads, failed)
        self._check(status, failed)

    def _check(self, status: int, failed: Any) -> None:
        raise_for_system(status, self._source.path)
        raise_for_status(status, tile=failed[0] if failed[0] >= 0 else None)
