"""Encodes arrays to batches of tiles on the given number of threads, without touching files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rustfits_cffi.errors import raise_for_status
from rustfits_cffi.native._lib import ffi, lib
from rustfits_cffi.native.randoms import RANDOMS
from rustfits_cffi.native.tile_coding import EncodedTiles, TileCoding, c_image, c_numbers

_STORED: dict[int, np.dtype] = {
    bitpix: np.dtype(name) for bitpix, name in ((8, "u1"), (16, "i2"), (32, "i4"), (64, "i8"), (-32, "f4"), (-64, "f8"))
}
_UNSIGNED: dict[int, np.dtype] = {8: np.dtype("i1"), 16: np.dtype("u2"), 32: np.dtype("u4"), 64: np.dtype("u8")}


class TileCodec:
    """What C knows of one image and its tiles, and their encoder. May be used from several threads.

    Its threads keep their scratch from batch to batch.

    Parameters
    ----------
    coding : TileCoding
        The image and how it is coded.

    Attributes
    ----------
    image : cdata
        The same for C.
    dtypes : dict
        The types that pixels can be read as, by name: "stored", the type of BITPIX; "unsigned", that of the unsigned
        trick if the image has it, else the same; "double", float64 after ``value * bscale + bzero``.

    Raises
    ------
    KeyError
        If the codec or the treatment of nulls has an unknown name.
    """

    def __init__(self, coding: TileCoding) -> None:
        self.coding = coding
        self.image, self._kept = c_image(coding)
        self.stored_dtype = _STORED[coding.bitpix]
        self.pixel_dtype = _UNSIGNED[coding.bitpix] if coding.unsigned and coding.bitpix > 0 else self.stored_dtype
        # Keeps scratch of the encoding threads from batch to batch; C makes it thread-safe.
        self._workspace = ffi.gc(lib.rf_workspace_new(), lib.rf_workspace_free)
        self.dtypes = {"stored": self.stored_dtype, "unsigned": self.pixel_dtype, "double": np.dtype("f8")}

    @property
    def tile_bound(self) -> int:
        """The most bytes that one tile can need; 0 if images like this cannot be encoded."""
        return lib.rf_tile_bound(self.image)

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
            Part of the image that covers these tiles, with any strides and byte order; its type is
            ``dtypes["unsigned"]``, or ``dtypes["stored"]`` if `stored`.
        rows : ndarray of int
            Numbers of the tiles, 0-based.
        origin : sequence of int, optional
            Image coordinates of ``pixels[0, 0, ...]``; the image's origin by default.
        stored : bool
            Whether the pixels are stored integers even though the image is unsigned.
        fixed : tuple of two ndarray, optional
            Scale and zero with which each tile must be quantized (scale 0: it is stored as it is).
        nthreads : int
            The most threads to use.
        buffer : ndarray of uint8, optional
            At least ``len(rows) * tile_bound`` bytes; callers that encode many batches can reuse it.

        Returns
        -------
        EncodedTiles
            `data` is a part of `buffer`.

        Raises
        ------
        TileError
            If a tile cannot be encoded; `tile` is its number.
        ValueError
            If the type of the pixels does not match.
        """
        expected = self.stored_dtype if stored else self.pixel_dtype
        if pixels.dtype.newbyteorder("=") != expected or pixels.ndim != len(self.coding.shape):
            raise ValueError(f"pixels must be {len(self.coding.shape)}-dimensional {expected}, not {pixels.dtype}")
        ntiles = len(rows)
        source, _kept = _c_pixels(pixels, origin)
        source.stored = stored
        if fixed is not None:
            given = [c_numbers(values, "double[]", np.float64, ntiles) for values in fixed]
            source.scale, source.zero = given
        if buffer is None:
            buffer = np.empty(ntiles * self.tile_bound, np.uint8)
        nbytes, column, has_null = np.zeros(ntiles, np.int64), np.zeros(ntiles, np.uint8), np.zeros(ntiles, np.uint8)
        row = c_numbers(rows, "int64_t[]", np.int64, ntiles)
        target = ffi.from_buffer("uint8_t[]", buffer, require_writable=True)
        outputs = [ffi.from_buffer("int64_t[]", nbytes), ffi.from_buffer("uint8_t[]", column),
                   ffi.from_buffer("uint8_t[]", has_null)]  # fmt: skip
        encoded = ffi.new("rf_encoded *", {"dst": target, "dst_cap": buffer.nbytes, "nbytes": outputs[0],
                                           "column": outputs[1], "has_null": outputs[2]})  # fmt: skip
        scale = zero = None
        if self.coding.quantized:
            scale, zero = np.zeros(ntiles), np.zeros(ntiles)
            outputs += [ffi.from_buffer("double[]", scale), ffi.from_buffer("double[]", zero)]
            encoded.scale, encoded.zero = outputs[3], outputs[4]
        failed = ffi.new("size_t *")
        scratch = RANDOMS, encoded, self._workspace
        status = lib.rf_tiles_encode(self.image, source, row, ntiles, *scratch, nthreads, failed)
        if status:
            raise_for_status(status, tile=int(rows[failed[0]]) if failed[0] < ntiles else None)
        return EncodedTiles(buffer[: encoded.dst_len], nbytes, column, scale, zero, has_null)

    def tile_byte_sum(self, pixels: np.ndarray, row: int = 0, *, origin: Sequence[int] | None = None) -> int:
        """Sum of the bytes of one tile, from which the "checksum" seed is ``sum % 10000 + 1``."""
        source, _kept = _c_pixels(pixels, origin)
        total = ffi.new("uint64_t *")
        raise_for_status(lib.rf_tile_byte_sum(self.image, source, row, total), tile=row)
        return total[0]


def _c_pixels(pixels: np.ndarray, origin: Sequence[int] | None) -> tuple[Any, tuple]:
    """A part of an image for C, and what the caller must keep alive while C uses it."""
    strides, shape = ffi.new("ptrdiff_t[]", [*pixels.strides]), ffi.new("size_t[]", [*pixels.shape])
    at = ffi.new("size_t[]", [*origin] if origin is not None else len(pixels.shape))
    source = ffi.new("rf_pixels *")
    source.src = ffi.cast("void *", pixels.__array_interface__["data"][0])
    source.strides, source.shape, source.origin = strides, shape, at
    source.swapped = not pixels.dtype.isnative
    return source, (pixels, strides, shape, at)
