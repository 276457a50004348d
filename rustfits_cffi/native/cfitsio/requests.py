"""What is requested of cfitsio before it creates a compressed image.

cfitsio keeps these requests in the open file: they hold for every image created later, and they change how images that
are read later are understood. So code that calls `ask` also calls `forget`.
"""

from __future__ import annotations

from dataclasses import dataclass

from rustfits_cffi.native._lib import ffi, lib
from rustfits_cffi.native.cfitsio.handle import CfitsioFile
from rustfits_cffi.native.cfitsio.memory import MemoryFile

MAX_DIMENSIONS = 6  # of a compressed image: MAX_COMPRESS_DIM of fitsio.h
LOSSLESS = 0.0  # the level that stands for "do not quantize"
DITHERS = {"no_dither": -1, "dither1": 1, "dither2": 2}
SEEDS = {"clock": 0, "checksum": -1}
LARGEST_SEED = 10000


@dataclass(frozen=True, kw_only=True)
class CompressionRequest:
    """The requests for one image.

    Attributes
    ----------
    codec : int
        Number of the codec, as in ``fitsio.h``.
    tile_shape : tuple of int
        In numpy axis order, aligned at the last axis; 0 is cfitsio's default for an axis, as for those left out; -1 is
        the whole axis.
    level : float or None
        For floats: the quantization level, `LOSSLESS`, or None to request nothing about floats.
    dither, seed : int
        For floats: a value of `DITHERS`; 1 to `LARGEST_SEED`, or a value of `SEEDS`.
    hcomp_scale : float
        If positive, times the noise; if negative, minus the scale itself.
    hcomp_smooth : int
    huge : bool
        64-bit tile descriptors.
    lossy_int : bool
        Quantize integers as if they were floats.
    """

    codec: int
    tile_shape: tuple[int, ...] = ()
    level: float | None = None
    dither: int = DITHERS["dither1"]
    seed: int = 1
    hcomp_scale: float = 0.0
    hcomp_smooth: int = 0
    huge: bool = False
    lossy_int: bool = False


def ask(handle: CfitsioFile | MemoryFile, request: CompressionRequest) -> None:
    """Make `request` for the next image created in this file; nothing asked earlier stands."""
    axes = [*reversed(request.tile_shape), *[0] * (MAX_DIMENSIONS - len(request.tile_shape))]
    with handle.call(action="set the compression") as (fptr, status):
        lib.fits_set_lossy_int(fptr, request.lossy_int, status)
        lib.fits_set_compression_type(fptr, request.codec, status)
        lib.fits_set_tile_dim(fptr, MAX_DIMENSIONS, ffi.new("long[]", axes), status)
        if request.level is not None:
            lib.fits_set_quantize_method(fptr, request.dither, status)
            lib.fits_set_quantize_level(fptr, request.level, status)
            lib.fits_set_dither_seed(fptr, request.seed, status)
        lib.fits_set_hcomp_scale(fptr, request.hcomp_scale, status)
        lib.fits_set_hcomp_smooth(fptr, request.hcomp_smooth, status)
        lib.fits_set_huge_hdu(fptr, request.huge, status)


def forget_lossy_int(handle: CfitsioFile | MemoryFile) -> None:
    """Take back `CompressionRequest.lossy_int` alone."""
    with handle.call(action="set the compression") as (fptr, status):
        lib.fits_set_lossy_int(fptr, 0, status)


def forget(handle: CfitsioFile | MemoryFile) -> None:
    """Take all requests back, also after a call has failed."""
    with handle.call(action="reset the compression") as (fptr, status):
        lib.fits_unset_compression_request(fptr, status)
        lib.fits_set_hcomp_smooth(fptr, 0, status)  # the only one that the line above does not reset
