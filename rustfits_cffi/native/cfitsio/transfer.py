"""HDUs from one open file to another, in the steps of fpack and funpack: cfitsio makes the headers, we move pixels."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from rustfits_cffi.errors import raise_for_status
from rustfits_cffi.native._lib import CData, ffi, lib
from rustfits_cffi.native.cfitsio import requests
from rustfits_cffi.native.cfitsio.blank import NULL_PIXEL, write_blank
from rustfits_cffi.native.cfitsio.handle import FileHandle

_BLOCK_NBYTES = 2880
LOSSLESS_LEVEL = 9999.0  # what cfitsio makes of a quantize level of 0


class HDUFacts(NamedTuple):
    """What decides the way of an HDU.

    Attributes
    ----------
    kind : {"image", "compressed image", "ascii table", "table"}
    bitpix : int
    shape : tuple of int
        Numpy order; of a compressed image, that of the image.
    header_start, data_start, data_end : int
        Bytes of the file.
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


# -- looking ----------------------------------------------------------------------------------------------------------


def hdu_numbers(handle: FileHandle) -> Iterator[int]:
    """1-based numbers of the HDUs, each looked for when it is wanted; `FITSError` at one that cannot be read."""
    number = 1
    while _has_hdu(handle, number):
        yield number
        number += 1


def count_hdus(handle: FileHandle) -> int:
    """Number of HDUs; `FITSError` if one of them cannot be read."""
    return sum(1 for _ in hdu_numbers(handle))


def _has_hdu(handle: FileHandle, number: int) -> bool:
    with handle.call(changes=False, action=f"read HDU {number - 1}") as (fptr, status):
        lib.fits_movabs_hdu(fptr, number, ffi.NULL, status)
        if status[0] == lib.END_OF_FILE and number > 1:
            status[0] = 0
            lib.fits_clear_errmsg()
            return False
    return True


def hdu_facts(handle: FileHandle, number: int) -> HDUFacts:
    """Kind, shape and place of HDU `number` (1-based), as fpack sees them."""
    with handle.call(number, changes=False, action="look at an HDU") as (fptr, status):
        return _facts(fptr, status)


def require_data(handle: FileHandle, facts: HDUFacts) -> None:
    """Raise `TruncatedError` if the file ends before the last block of an HDU: its header may declare any size.

    cfitsio takes one step for every block of a copy though nothing is there to be read: of an exabyte, for years.
    """
    pixels = math.prod(facts.shape) * abs(facts.bitpix) // 8 if facts.kind == "image" else 0
    end, size = max(facts.data_end, facts.data_start + pixels), handle.size()  # cfitsio's own sum may overflow
    if end - size >= _BLOCK_NBYTES:  # that the last one is not filled up happens, and may do no harm
        raise_for_status(lib.END_OF_FILE, f"{handle.path}: the data end at byte {end}, the file at {size}")


def read_value(handle: FileHandle, number: int, keyword: str) -> str | None:
    """Value of a card as its bare text, quotes and their padding removed; None if there is no such card."""
    value = ffi.new("char[81]")
    with handle.call(number, changes=False, action=f"read {keyword}") as (fptr, status):
        lib.fits_read_keyword(fptr, keyword.encode(), value, ffi.NULL, status)
        if status[0] in (lib.KEY_NO_EXIST, lib.VALUE_UNDEFINED):
            status[0] = 0
            lib.fits_clear_errmsg()
            return None
    text = ffi.string(value).decode("ascii", "replace").strip()
    return text[1:-1].replace("''", "'").rstrip() if text.startswith("'") else text


def read_cards(handle: FileHandle, number: int) -> list[str]:
    """All cards of a header, without END."""
    count, card, cards = ffi.new("int *"), ffi.new("char[81]"), []
    with handle.call(number, changes=False, action="read the header") as (fptr, status):
        lib.fits_get_hdrspace(fptr, count, ffi.NULL, status)
        for i in range(1, count[0] + 1):
            lib.fits_read_record(fptr, i, card, status)
            cards.append(ffi.string(card).decode("ascii", "replace"))
    return cards


def read_number(handle: FileHandle, number: int, keyword: str) -> float | None:
    """Value of a numeric card; None if it is absent or not a number."""
    out = ffi.new("double *")
    with handle.call(number, changes=False, action=f"read {keyword}") as (fptr, status):
        lib.fits_read_key(fptr, lib.TDOUBLE, keyword.encode(), out, ffi.NULL, status)
        if status[0]:
            status[0] = 0
            lib.fits_clear_errmsg()
            return None
    return out[0]


def checksums(handle: FileHandle, number: int) -> tuple[int, int]:
    """Sum of the data unit and of the whole HDU."""
    out = ffi.new("unsigned long[2]")
    with handle.call(number, changes=False, action="sum up an HDU") as (fptr, status):
        lib.fits_get_chksum(fptr, out, out + 1, status)
    return out[0], out[1]


def current_hdu(handle: FileHandle) -> int:
    """1-based number of the HDU that cfitsio stands at."""
    with handle.call(changes=False, action="look where it stands") as (fptr, _status):
        return fptr.HDUposition + 1


def find_image(handle: FileHandle, name: str) -> int:
    """1-based number of the image HDU called `name`; `FITSError` if there is none."""
    with handle.call(changes=False, action=f"find the image {name!r}") as (fptr, status):
        lib.fits_movnam_hdu(fptr, lib.IMAGE_HDU, name.encode(), 0, status)
        return fptr.HDUposition + 1


def image_noise(pixels: np.ndarray, null: int | None) -> tuple[float, float, float]:
    """Noise of 2nd, 3rd and 5th order of a 2-D int16 or int32 image, by cfitsio's estimator."""
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


# -- packing ----------------------------------------------------------------------------------------------------------


def begin_compressed_image(
    source: FileHandle, number: int, out: FileHandle, *, bitpix: int, shape: Sequence[int], checksums: bool = False
) -> CompressedImage:
    """Append the compressed form of an image HDU to `out`, complete but for its tiles.

    What `requests.ask` asked for holds; directive cards (FZALGOR and the like) of the source override them. With
    `checksums` their cards will follow, and find room.
    """
    naxes = ffi.new("long[]", list(reversed(shape)))
    with _both(source, number, out, "compress an image") as (inp, fptr, status):
        lib.fits_create_hdu(fptr, status)
        if fptr.Fptr.curhdu == 0:
            lib.fits_create_img(fptr, 16, 0, ffi.NULL, status)
            lib.fits_create_hdu(fptr, status)
        else:
            lib.fits_unset_compression_param(fptr, status)
        lib.fits_set_compression_pref(inp, fptr, status)
        lossy_int = bool(fptr.Fptr.request_lossy_int_compress) and bitpix > 0
        lib.imcomp_init_table(fptr, -32 if lossy_int else bitpix, len(shape), naxes, 0, status)
        lib.imcomp_copy_img2comp(inp, fptr, status)
        if checksums:
            _reserve_checksums(fptr, status)
        lib.fits_set_hdustruc(fptr, status)
        return _compressed_image(fptr, lossy_int)


def begin_rescaled_image(source: FileHandle, number: int, out: FileHandle, divisor: float) -> tuple[int, int]:
    """Append an image's header with BSCALE multiplied by `divisor`; its number in `out`, and the start of its data."""
    bscale = ffi.new("double *", (read_number(source, number, "BSCALE") or 1.0) * divisor)
    with _both(source, number, out, "rescale an image") as (inp, fptr, status):
        if number != 1:
            lib.fits_create_img(fptr, 8, 0, ffi.NULL, status)
        lib.fits_copy_header(inp, fptr, status)
        lib.fits_update_key(fptr, lib.TDOUBLE, b"BSCALE", bscale, ffi.NULL, status)
        lib.fits_set_hdustruc(fptr, status)
        return fptr.HDUposition + 1, int(fptr.Fptr.datastart)


def set_seed(out: FileHandle, number: int, seed: int) -> None:
    """Write the seed that was chosen into ZDITHER0, whose comment stays."""
    with out.call(number, action="write ZDITHER0") as (fptr, status):
        lib.fits_update_key(fptr, lib.TINT, b"ZDITHER0", ffi.new("int *", seed), ffi.NULL, status)


def end_compressed_image(out: FileHandle, number: int, *, has_nulls: bool) -> None:
    """Write ZBLANK if there were nulls, settle the header and forget the requests."""
    with out.call(number, action="finish a compressed image") as (fptr, status):
        if has_nulls:
            write_blank(fptr, NULL_PIXEL, status, compressed=True)
        lib.fits_set_hdustruc(fptr, status)
    requests.forget(out)


def copy_hdu(source: FileHandle, number: int, out: FileHandle) -> None:
    """Append an HDU as it is; `TruncatedError` as `require_data`."""
    require_data(source, hdu_facts(source, number))
    with _both(source, number, out, "copy an HDU") as (inp, fptr, status):
        lib.fits_copy_hdu(inp, fptr, 0, status)


def compress_table(source: FileHandle, number: int, out: FileHandle) -> None:
    """Append the compressed form of a binary table, by cfitsio's own serial code."""
    with _both(source, number, out, "compress a table") as (inp, fptr, status):
        lib.fits_compress_table(inp, fptr, status)


def write_checksums(out: FileHandle, number: int | None = None) -> None:
    """Bring CHECKSUM and DATASUM of an HDU up to date (the current one unless numbered), by cfitsio's own code."""
    with out.call(number, action="write checksums") as (fptr, status):
        lib.fits_write_chksum(fptr, status)


# -- unpacking --------------------------------------------------------------------------------------------------------


def read_compressed_image(source: FileHandle, number: int) -> CompressedImage:
    """The parameters of a compressed image HDU."""
    with source.call(number, changes=False, action="read a compressed image") as (fptr, _status):
        return _compressed_image(fptr, False)


def begin_restored_image(
    source: FileHandle, number: int, out: FileHandle, *, as_primary: bool, checksums: bool = False
) -> HDUFacts:
    """Append the header of the image that a compressed HDU holds. Its data unit is then free to be written by others.

    They write it by positioned writes and call `end_restored_image`; until then cfitsio must not be asked for `out`.
    With `checksums` their cards will follow, and find room.
    """
    with _both(source, number, out, "restore an image") as (inp, fptr, status):
        status[0] = -1 if as_primary else 0  # cfitsio's signal for "into the primary array"
        lib.fits_img_decompress_header(inp, fptr, status)
        if checksums:
            _reserve_checksums(fptr, status)
        lib.fits_set_hdustruc(fptr, status)
        facts = _facts(fptr, status)
        lib.fits_flush_buffer(fptr, 1, status)  # 1: and nothing of the file is kept in memory
        return facts


def end_restored_image(out: FileHandle, facts: HDUFacts) -> None:
    """Let the file end with the data unit that was written, filled up with zeros to whole blocks, and tell cfitsio."""
    with out.call(action="end a data unit") as (fptr, status):
        lib.fftrun(fptr, facts.data_end, status)


def write_data(out: FileHandle, number: int, offset: int, data: Any) -> None:
    """Write raw bytes at byte `offset` of the file, within the data unit of HDU `number`."""
    raw = ffi.from_buffer(data)
    with out.call(number, action="write pixels") as (fptr, status):
        lib.ffmbyt(fptr, offset, 1, status)
        lib.ffpbyt(fptr, len(raw), raw, status)


def uncompress_table(source: FileHandle, number: int, out: FileHandle) -> None:
    """Append the table that a compressed table HDU holds, by cfitsio's own serial code."""
    with _both(source, number, out, "restore a table") as (inp, fptr, status):
        lib.fits_uncompress_table(inp, fptr, status)


# -- inside -----------------------------------------------------------------------------------------------------------


@contextmanager
def _both(source: FileHandle, number: int, out: FileHandle, action: str) -> Iterator[tuple[CData, CData, CData]]:
    """Both doors open: source at HDU `number` for reading, `out` where it stands for changes; one status for both."""
    with (
        out.call(action=f"{action} (HDU {number - 1} of {source.path})") as (fptr, status),
        source.call(number, changes=False, action=action) as (inp, _),
    ):
        yield inp, fptr, status


def _reserve_checksums(fptr: CData, status: CData) -> None:
    """Make the header long enough for the checksum cards it lacks: added later, they would move all data by a block.

    The blank cards that cfitsio has put at the end, for the spare blocks of the source, count as reserved already, and
    ``ffhdef`` does not see them: asked for less than is there, it would take blocks back that fpack and funpack keep.
    """
    card, missing = ffi.new("char[81]"), 0
    for name in (b"CHECKSUM", b"DATASUM"):
        if status[0] == 0 and lib.fits_read_card(fptr, name, card, status) == lib.KEY_NO_EXIST:
            status[0] = 0
            lib.fits_clear_errmsg()
            missing += 1
    lib.ffhdef(fptr, max(missing, _count_blank_cards_at_end(fptr, status)), status)


def _count_blank_cards_at_end(fptr: CData, status: CData) -> int:
    """How many cards of a header that was just written are blank, with none behind them that is not."""
    count, card = ffi.new("int *"), ffi.new("char[81]")
    lib.fits_get_hdrspace(fptr, count, ffi.NULL, status)
    last = count[0]
    while last and lib.fits_read_record(fptr, last, card, status) == 0 and not ffi.string(card).strip():
        last -= 1
    return count[0] - last


def _facts(fptr: CData, status: CData) -> HDUFacts:
    kind, bitpix, naxis = ffi.new("int *"), ffi.new("int *"), ffi.new("int *")
    naxes, place = ffi.new("long[999]"), ffi.new("LONGLONG[3]")
    lib.fits_get_hdu_type(fptr, kind, status)
    lib.fits_get_hduaddrll(fptr, place, place + 1, place + 2, status)
    compressed = bool(lib.fits_is_compressed_image(fptr, status))
    if kind[0] == lib.IMAGE_HDU:
        lib.fits_get_img_param(fptr, 999, bitpix, naxis, naxes, status)
    name = {lib.IMAGE_HDU: "image", lib.ASCII_TBL: "ascii table"}.get(kind[0], "table")
    shape = tuple(int(naxes[i]) for i in reversed(range(naxis[0])))
    return HDUFacts("compressed image" if compressed else name, bitpix[0], shape, *(int(n) for n in place))


def _compressed_image(fptr: CData, lossy_int: bool) -> CompressedImage:
    place = fptr.Fptr
    axes = range(place.zndim - 1, -1, -1)
    return CompressedImage(
        number=fptr.HDUposition + 1,
        codec=place.compress_type,
        bitpix=place.zbitpix,
        shape=tuple(int(place.znaxis[i]) for i in axes),
        tile_shape=tuple(int(place.tilesize[i]) for i in axes),
        quantize_level=place.quantize_level,
        quantize_method=place.quantize_method,
        seed=place.dither_seed,
        rice_block=place.rice_blocksize,
        rice_bytepix=place.rice_bytepix,
        hcomp_scale=place.hcomp_scale,
        hcomp_smooth=place.hcomp_smooth,
        bscale=place.cn_bscale,
        bzero=place.cn_bzero,
        actual_bzero=place.cn_actual_bzero,
        zblank_seen=place.zblank,
        lossy_int=lossy_int,
    )
