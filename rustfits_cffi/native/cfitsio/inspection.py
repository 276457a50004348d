"""What cfitsio reads from an open file: HDUs, cards, checksums, and the parameters of compressed images."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from rustfits_cffi.errors import raise_for_status
from rustfits_cffi.native._lib import CData, ffi, lib
from rustfits_cffi.native.cfitsio.handle import CfitsioFile

_BLOCK_NBYTES: int = lib.RF_FITS_BLOCK
LOSSLESS_LEVEL = 9999.0  # cfitsio stores a quantize level of 0 as this


class HDUFacts(NamedTuple):
    """The properties that decide how an HDU is converted.

    Attributes
    ----------
    kind : {"image", "compressed image", "ascii table", "table"}
    bitpix : int
    shape : tuple of int
        In numpy order; for a compressed image, that of the image.
    header_start, data_start, data_end : int
        Byte offsets in the file.
    """

    kind: str
    bitpix: int
    shape: tuple[int, ...]
    header_start: int
    data_start: int
    data_end: int


class CompressedImage(NamedTuple):
    """A compressed image HDU as cfitsio understands its header; shapes in numpy order."""

    number: int
    codec: int
    bitpix: int
    shape: tuple[int, ...]
    tile_shape: tuple[int, ...]
    quantize_level: float
    quantize_method: int
    seed: int
    rice_block: int
    rice_bytepix: int
    hcomp_scale: float
    hcomp_smooth: int
    bscale: float
    bzero: float
    actual_bzero: float
    zblank_seen: int
    lossy_int: bool

    @property
    def is_quantized(self) -> bool:
        """Whether floats are stored as scaled integers."""
        return self.bitpix < 0 and self.quantize_level != LOSSLESS_LEVEL


def hdu_numbers(handle: CfitsioFile) -> Iterator[int]:
    """1-based numbers of the HDUs, each found when it is requested; `FITSError` if one cannot be read."""
    number = 1
    while _has_hdu(handle, number):
        yield number
        number += 1


def count_hdus(handle: CfitsioFile) -> int:
    """Number of HDUs; `FITSError` if one of them cannot be read."""
    return sum(1 for _ in hdu_numbers(handle))


def _has_hdu(handle: CfitsioFile, number: int) -> bool:
    with handle.call(changes=False, action=f"read HDU {number - 1}") as (fptr, status):
        lib.fits_movabs_hdu(fptr, number, ffi.NULL, status)
        if status[0] == lib.END_OF_FILE and number > 1:
            status[0] = 0
            lib.fits_clear_errmsg()
            return False
    return True


def hdu_facts(handle: CfitsioFile, number: int) -> HDUFacts:
    """Kind, shape and position of HDU `number` (1-based), as fpack sees them."""
    with handle.call(number, changes=False, action="read an HDU") as (fptr, status):
        return facts_of(fptr, status)


def require_data(handle: CfitsioFile, facts: HDUFacts) -> None:
    """Raise `TruncatedError` if the file ends before the last block of an HDU: its header may declare any size.

    cfitsio copies block by block even if there is nothing left to read; for a declared exabyte, that takes years.
    """
    pixels = math.prod(facts.shape) * abs(facts.bitpix) // 8 if facts.kind == "image" else 0
    end, size = max(facts.data_end, facts.data_start + pixels), handle.size()  # cfitsio's own sum may overflow
    if end - size >= _BLOCK_NBYTES:  # an incomplete last block occurs, and is accepted
        raise_for_status(lib.END_OF_FILE, f"{handle.path}: the data end at byte {end}, the file at {size}")


def read_value(handle: CfitsioFile, number: int, keyword: str) -> str | None:
    """Value of a card as text, without quotes and padding; None if there is no such card."""
    value = ffi.new("char[81]")
    with handle.call(number, changes=False, action=f"read {keyword}") as (fptr, status):
        lib.fits_read_keyword(fptr, keyword.encode(), value, ffi.NULL, status)
        if status[0] in (lib.KEY_NO_EXIST, lib.VALUE_UNDEFINED):
            status[0] = 0
            lib.fits_clear_errmsg()
            return None
    text = ffi.string(value).decode("ascii", "replace").strip()
    return text[1:-1].replace("''", "'").rstrip() if text.startswith("'") else text


def read_cards(handle: CfitsioFile, number: int) -> list[str]:
    """All cards of a header, without END."""
    count, card, cards = ffi.new("int *"), ffi.new("char[81]"), []
    with handle.call(number, changes=False, action="read the header") as (fptr, status):
        lib.fits_get_hdrspace(fptr, count, ffi.NULL, status)
        for i in range(1, count[0] + 1):
            lib.fits_read_record(fptr, i, card, status)
            cards.append(ffi.string(card).decode("ascii", "replace"))
    return cards


def read_number(handle: CfitsioFile, number: int, keyword: str) -> float | None:
    """Value of a numeric card; None if it is absent or not a number."""
    out = ffi.new("double *")
    with handle.call(number, changes=False, action=f"read {keyword}") as (fptr, status):
        lib.fits_read_key(fptr, lib.TDOUBLE, keyword.encode(), out, ffi.NULL, status)
        if status[0]:
            status[0] = 0
            lib.fits_clear_errmsg()
            return None
    return out[0]


def checksums(handle: CfitsioFile, number: int) -> tuple[int, int]:
    """Checksums of the data unit and of the whole HDU."""
    out = ffi.new("unsigned long[2]")
    with handle.call(number, changes=False, action="compute checksums") as (fptr, status):
        lib.fits_get_chksum(fptr, out, out + 1, status)
    return out[0], out[1]


def current_hdu(handle: CfitsioFile) -> int:
    """1-based number of cfitsio's current HDU."""
    with handle.call(changes=False, action="find the current HDU") as (fptr, _status):
        return fptr.HDUposition + 1


def find_image(handle: CfitsioFile, name: str) -> int:
    """1-based number of the image HDU called `name`; `FITSError` if there is none."""
    with handle.call(changes=False, action=f"find the image {name!r}") as (fptr, status):
        lib.fits_movnam_hdu(fptr, lib.IMAGE_HDU, name.encode(), 0, status)
        return fptr.HDUposition + 1


def read_compressed_image(source: CfitsioFile, number: int) -> CompressedImage:
    """The parameters of a compressed image HDU."""
    with source.call(number, changes=False, action="read a compressed image") as (fptr, _status):
        return compressed_image_of(fptr, False)


def image_noise(pixels: np.ndarray, null: int | None) -> tuple[float, float, float]:
    """Noise of a 2-D int16 or int32 image by cfitsio's estimators of 2nd, 3rd and 5th order."""
    ctype, function = {2: ("short", lib.fits_img_stats_short), 4: ("int", lib.fits_img_stats_int)}[pixels.itemsize]
    ny, nx = pixels.shape
    noise, limits, others = ffi.new("double[4]"), ffi.new(f"{ctype}[2]"), ffi.new("double[2]")
    good, status = ffi.new("long *"), ffi.new("int *")
    source = ffi.from_buffer(f"{ctype}[]", pixels)
    results = (good, limits, limits + 1, others, others + 1, *(noise + i for i in range(4)))
    function(source, nx, ny, null is not None, null or 0, *results, status)
    if status[0]:
        raise MemoryError("no memory for the noise estimate")
    return noise[1], noise[2], noise[3]


def facts_of(fptr: CData, status: CData) -> HDUFacts:
    """The facts about cfitsio's current HDU."""
    kind, bitpix, naxis = ffi.new("int *"), ffi.new("int *"), ffi.new("int *")
    naxes, addresses = ffi.new("long[999]"), ffi.new("LONGLONG[3]")
    lib.fits_get_hdu_type(fptr, kind, status)
    lib.fits_get_hduaddrll(fptr, addresses, addresses + 1, addresses + 2, status)
    compressed = bool(lib.fits_is_compressed_image(fptr, status))
    if kind[0] == lib.IMAGE_HDU:
        lib.fits_get_img_param(fptr, 999, bitpix, naxis, naxes, status)
    name = {lib.IMAGE_HDU: "image", lib.ASCII_TBL: "ascii table"}.get(kind[0], "table")
    shape = tuple(int(naxes[i]) for i in reversed(range(naxis[0])))
    return HDUFacts("compressed image" if compressed else name, bitpix[0], shape, *(int(n) for n in addresses))


def compressed_image_of(fptr: CData, lossy_int: bool) -> CompressedImage:
    """The parameters of cfitsio's current HDU, a compressed image."""
    inner = fptr.Fptr
    axes = range(inner.zndim - 1, -1, -1)
    return CompressedImage(
        number=fptr.HDUposition + 1,
        codec=inner.compress_type,
        bitpix=inner.zbitpix,
        shape=tuple(int(inner.znaxis[i]) for i in axes),
        tile_shape=tuple(int(inner.tilesize[i]) for i in axes),
        quantize_level=inner.quantize_level,
        quantize_method=inner.quantize_method,
        seed=inner.dither_seed,
        rice_block=inner.rice_blocksize,
        rice_bytepix=inner.rice_bytepix,
        hcomp_scale=inner.hcomp_scale,
        hcomp_smooth=inner.hcomp_smooth,
        bscale=inner.cn_bscale,
        bzero=inner.cn_bzero,
        actual_bzero=inner.cn_actual_bzero,
        zblank_seen=inner.zblank,
        lossy_int=lossy_int,
    )
