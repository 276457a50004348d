"""Sections of a compressed image in an open file: read and decoded in one call of C, on as many threads as given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rustfits_cffi.errors import raise_for_status
from rustfits_cffi.native._lib import ffi, lib
from rustfits_cffi.native.cfitsio.handle import FileHandle
from rustfits_cffi.native.randoms import RANDOMS
from rustfits_cffi.native.systemerrors import raise_for_system
from rustfits_cffi.native.tile_codec import TileCodec
from rustfits_cffi.native.tile_coding import OUTS, TileTable

_NUMBERS = ffi.typeof("size_t[]")  # looked up once, because small cut-outs count every step


class TileSections:
    """Reads sections of one image as pixels of one type; made once, used for every read, safe in many threads.

    Parameters
    ----------
    codec : TileCodec
    table : TileTable
        Where the tiles are.
    handle : FileHandle
        The file; its scratch is used.
    out : {"stored", "unsigned", "double"}
        What the pixels become, as in `TileCodec.decode`.
    bscale, bzero : float
        Of "double".

    Attributes
    ----------
    dtype : dtype
        Of the pixels.
    """

    def __init__(
        self,
        codec: TileCodec,
        table: TileTable,
        handle: FileHandle,
        out: str,
        *,
        bscale: float = 1.0,
        bzero: float = 0.0,
    ) -> None:
        self.dtype = codec.dtypes[out]
        self._owners = (codec, table)  # of what C only borrows
        self._coding = (codec.image, table.table)
        self._pixels = (OUTS[out], bscale, bzero)
        self._scratch = (RANDOMS, handle.workspace)
        self._path = handle.path

    def read(
        self, fd: int, start: Sequence[int], count: Sequence[int], step: Sequence[int], dst: np.ndarray, nthreads: int
    ) -> None:
        """Read and decode a section.

        Parameters
        ----------
        fd : int
            The operating system's number of the file.
        start, count, step : sequence of int
            One per axis: first pixel, number of pixels, distance (at least 1).
        dst : ndarray
            C-contiguous, shape `count`, of type `dtype`.
        nthreads : int
            Most threads to use.

        Raises
        ------
        TileError
            If a tile cannot be decoded; `tile` is its number.
        FITSError
            If the system refuses to read the file.
        """
        box = ffi.new(_NUMBERS, (*start, *count, *step))
        place = (*self._coding, fd, box, *self._pixels, ffi.from_buffer(dst), dst.nbytes, *self._scratch, nthreads)
        if lib.rf_tiles_read(*place, ffi.NULL):
            # which tile it was is asked for only now: most reads go well, and small ones count every step
            failed = ffi.new("int64_t *")
            status = lib.rf_tiles_read(*place, failed)
            raise_for_system(status, self._path)
            raise_for_status(status, tile=failed[0] if failed[0] >= 0 else None)
