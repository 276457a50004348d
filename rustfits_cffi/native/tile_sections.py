"""Sections of a compressed image, read and decoded in one call of C on the given number of threads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rustfits_cffi.errors import raise_for_status
from rustfits_cffi.native._lib import ffi, lib
from rustfits_cffi.native.randoms import RANDOMS
from rustfits_cffi.native.source import Source
from rustfits_cffi.native.systemerrors import raise_for_system
from rustfits_cffi.native.tile_codec import TileCodec
from rustfits_cffi.native.tile_coding import OUTS
from rustfits_cffi.native.tile_table import TileTable

_NUMBERS = ffi.typeof("size_t[]")  # looked up once, because in small cut-outs every step counts


class TileSections:
    """Reads sections of one image as pixels of one type; made once, for every read, and safe in several threads.

    Parameters
    ----------
    codec : TileCodec
    table : TileTable
        Where the tiles are.
    source : Source
        Where their bytes are; its scratch is used.
    out : {"stored", "unsigned", "double"}
        Type of the pixels as read, a key of ``codec.dtypes``.
    bscale, bzero : float
        Used with ``out="double"``.

    Attributes
    ----------
    dtype : dtype
        Type of the pixels.
    """

    def __init__(
        self,
        codec: TileCodec,
        table: TileTable,
        source: Source,
        out: str,
        *,
        bscale: float = 1.0,
        bzero: float = 0.0,
    ) -> None:
        self.dtype = codec.dtypes[out]
        self._source = source
        self._owners = (codec, table, source.workspace)  # of memory that C only borrows
        self._reader = ffi.new(
            "rf_tile_reader *", (codec.image, table.table, RANDOMS, source.workspace, OUTS[out], bscale, bzero)
        )

    def read(
        self, start: Sequence[int], count: Sequence[int], step: Sequence[int], dst: np.ndarray, nthreads: int
    ) -> None:
        """Read and decode a section.

        Parameters
        ----------
        start, count, step : sequence of int
            One per axis: first pixel, number of pixels, distance (at least 1).
        dst : ndarray
            C-contiguous, shape `count`, of type `dtype`.
        nthreads : int
            The most threads to use.

        Raises
        ------
        TileError
            If a tile cannot be decoded; `tile` is its number.
        FITSError
            If the file is closed, or the system refuses to read it.
        """
        source = self._source.held()
        box = ffi.new(_NUMBERS, (*start, *count, *step))
        pixels = ffi.from_buffer(dst)
        if lib.rf_tiles_read(self._reader, source, box, pixels, dst.nbytes, nthreads, ffi.NULL):
            # the tile's number is only requested now: most reads succeed, and in small ones every step counts
            failed = ffi.new("int64_t *")
            status = lib.rf_tiles_read(self._reader, source, box, pixels, dst.nbytes, nthreads, failed)
            raise_for_system(status, self._source.path)
            raise_for_status(status, tile=failed[0] if failed[0] >= 0 else None)
