"""cfitsio's serial path, call by call: create and write a whole image, compress and decompress whole HDUs.

The coders of HCOMPRESS and PLIO write past the buffer that cfitsio gives them when the pixels are noisy enough. Here
they get a larger one (`_enlarge_buffer`): same coder, same bytes, no damage.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from math import prod

import numpy as np

from rustfits_cffi.errors import FITSFormatError
from rustfits_cffi.native._lib import CData, ffi, lib
from rustfits_cffi.native.cfitsio import requests
from rustfits_cffi.native.cfitsio.blank import NULL_PIXEL, write_blank
from rustfits_cffi.native.cfitsio.handle import CfitsioFile
from rustfits_cffi.native.cfitsio.requests import MAX_DIMENSIONS, CompressionRequest

# What cfitsio's readers store for a null while it compresses whole HDUs: FLOATNULLVALUE, DOUBLENULLVALUE of fitsio.h.
_NULL_READ = {"f4": np.float32(-9.11912e-36), "f8": np.float64(-9.1191291391491e-36)}

# numpy type -> BITPIX that fits_create_img takes (types stored with an offset have their own numbers) and C type.
_BITPIX = {"u1": 8, "i2": 16, "i4": 32, "i8": 64, "f4": -32, "f8": -64, "i1": 10, "u2": 20, "u4": 40, "u8": 80}
_C_TYPES = {
    "u1": lib.TBYTE, "i2": lib.TSHORT, "i4": lib.TINT, "i8": lib.TLONGLONG, "f4": lib.TFLOAT, "f8": lib.TDOUBLE,
    "i1": lib.TSBYTE, "u2": lib.TUSHORT, "u4": lib.TUINT, "u8": lib.TULONGLONG,
}  # fmt: skip
_DTYPES = {bitpix: dtype for dtype, bitpix in _BITPIX.items()}


# -- writing an image -------------------------------------------------------------------------------------------------


def create_image(
    handle: CfitsioFile,
    shape: tuple[int, ...],
    dtype: str,
    request: CompressionRequest | None,
    blank: int | None = None,
) -> None:
    """Append an image HDU. The requests stay set: cfitsio takes the quantization level from them while it writes."""
    with handle.call(action="create an image") as (fptr, status):
        if request is not None:
            requests.ask(handle, request)
        axes = ffi.new("long long[]", shape[::-1] or [0])
        lib.fits_create_imgll(fptr, _BITPIX[dtype], len(shape), axes, status)
        if blank is not None:
            write_blank(fptr, blank, status, compressed=request is not None)


def write_plain(handle: CfitsioFile, array: np.ndarray) -> None:
    """Write all pixels of the plain image just created."""
    with handle.call(action="write an image") as (fptr, status):
        lib.fits_write_img(fptr, _C_TYPES[_name(array)], 1, array.size, ffi.from_buffer(array), status)


def write_compressed(handle: CfitsioFile, array: np.ndarray, null: float | None) -> None:
    """Write all pixels of the compressed image just created; those equal to `null`, if given, are undefined."""
    pointer = _pointer(null, array.dtype)
    with handle.call(action="write a compressed image") as (fptr, status):
        lib.fits_set_hdustruc(fptr, status)
        if status[0]:
            return
        zblank = fptr.Fptr.zblank
        _check_sixth_axis(fptr)
        for first, last in _sections(fptr, array):
            # A section must not see what the previous one left: as if there had been one call.
            fptr.Fptr.zblank = zblank
            _enlarge_buffer(fptr)
            part = np.ascontiguousarray(array[tuple(slice(a, b) for a, b in zip(first, last, strict=True))])
            box, c_type, nullcheck = (_first(first), _last(last)), _C_TYPES[_name(array)], null is not None
            lib.fits_write_compressed_img(fptr, c_type, *box, nullcheck, ffi.from_buffer(part), pointer, status)
            if status[0]:
                return


def _sections(fptr: CData, array: np.ndarray) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """First and end of each part written by one call: the whole, or single tiles where each needs the larger buffer.

    A float tile that cannot be quantized adds a column, after which cfitsio allocates its buffer again, as small as
    before. And its copy between image and tile (``imcomp_merge_overlap``) does not advance on the sixth axis.
    """
    is_float = array.dtype.kind == "f"
    if array.ndim < MAX_DIMENSIONS and not (
        is_float and fptr.Fptr.compress_type in (lib.RF_HCOMPRESS_1, lib.RF_PLIO_1)
    ):
        yield (0,) * array.ndim, array.shape
        return
    yield from _tiles(array.shape, tuple(fptr.Fptr.tilesize[0 : array.ndim])[::-1])


def _tiles(shape: tuple[int, ...], tile: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """First and end of every tile, in the order of the table's rows."""
    starts = [range(0, length, step) for length, step in zip(shape, tile, strict=True)]
    for first in itertools.product(*starts):
        yield first, tuple(min(a + t, n) for a, t, n in zip(first, tile, shape, strict=True))


def _check_sixth_axis(fptr: CData) -> None:
    """Refuse tiles of which cfitsio would read or write only a part."""
    internal, axis = fptr.Fptr, MAX_DIMENSIONS - 1
    if internal.zndim == MAX_DIMENSIONS and min(internal.tilesize[axis], internal.znaxis[axis]) > 1:
        raise FITSFormatError("cfitsio neither reads nor writes tiles longer than 1 on the sixth axis of an image")


def _enlarge_buffer(fptr: CData) -> None:
    """Enlarge the buffer that cfitsio allocates for a coded tile to what its coders may really write.

    PLIO: 3n + 7 words. HCOMPRESS: 9 bytes per pixel of the tile with a margin of one pixel all round, and the header.
    """
    internal = fptr.Fptr
    if internal.compress_type == lib.RF_PLIO_1:
        need = 2 * (3 * internal.maxtilelen + 7)
    elif internal.compress_type == lib.RF_HCOMPRESS_1:
        lengths = [internal.tilesize[axis] for axis in range(internal.zndim)]
        need = 9 * prod(length + 2 for length in lengths if length > 1) + 64
    else:
        return
    internal.maxelem = max(internal.maxelem, need)


def _name(array: np.ndarray) -> str:
    return array.dtype.str[1:]


def _first(first: tuple[int, ...]) -> CData:
    """A first pixel as cfitsio counts: axes reversed, from 1."""
    return ffi.new("long[]", [index + 1 for index in reversed(first)])


def _last(last: tuple[int, ...]) -> CData:
    """The last pixel of a half-open range as cfitsio counts."""
    return ffi.new("long[]", list(reversed(last)))


def _pointer(null: float | None, dtype: np.dtype) -> CData:
    """A null value in memory, of the array's type; NULL for None."""
    if null is None:
        return ffi.NULL
    return ffi.new("float *" if dtype == np.float32 else "double *", null)


# -- reading an image -------------------------------------------------------------------------------------------------


def read_image(handle: CfitsioFile, number: int, *, scale: bool, nulls: bool) -> np.ndarray:
    """All pixels of image HDU `number`, through cfitsio's reader.

    With `nulls` floats are read with NaN as an explicit null value; without it no pixel counts as undefined.
    """
    with handle.call(number, action="read an image", changes=False) as (fptr, status):
        dtype, shape = _image_type(fptr, scale, status)
        if not scale:
            lib.fits_set_bscale(fptr, 1.0, 0.0, status)
        array = np.zeros(shape, dtype)
        null = _pointer(np.nan, array.dtype) if nulls and array.dtype.kind == "f" else ffi.NULL
        anynull, c_type = ffi.new("int *"), _C_TYPES[dtype]
        if status[0] or array.size == 0:
            pass
        elif lib.fits_is_compressed_image(fptr, status):
            # The general function: of a compressed image, fits_read_img reads at most three axes.
            step = ffi.new("long[]", [1] * len(shape))
            for first, last, part in _readable(fptr, array):
                buffer = ffi.from_buffer(part)
                lib.fits_read_subset(fptr, c_type, _first(first), _last(last), step, null, buffer, anynull, status)
        else:
            lib.fits_read_img(fptr, c_type, 1, array.size, null, ffi.from_buffer(array), anynull, status)
    return array


def _readable(fptr: CData, array: np.ndarray) -> Iterator[tuple[tuple[int, ...], tuple[int, ...], np.ndarray]]:
    """The image in parts that cfitsio reads correctly: of six axes, the sixth in steps of one (see `_sections`)."""
    shape, zeros = array.shape, (0,) * array.ndim
    if array.ndim < MAX_DIMENSIONS:
        yield zeros, shape, array
        return
    _check_sixth_axis(fptr)
    for index in range(shape[0]):
        yield (index, *zeros[1:]), (index + 1, *shape[1:]), array[index]


def _image_type(fptr: CData, scale: bool, status: CData) -> tuple[str, tuple[int, ...]]:
    """numpy type and shape of the current image: as stored, or as its BSCALE and BZERO make it."""
    bitpix, naxis, equivalent = ffi.new("int *"), ffi.new("int *"), ffi.new("int *")
    naxes = ffi.new("long long[999]")
    lib.fits_get_img_paramll(fptr, 999, bitpix, naxis, naxes, status)
    lib.fits_get_img_equivtype(fptr, equivalent, status)
    shape = tuple(naxes[axis] for axis in reversed(range(naxis[0])))
    stored, scaled = _DTYPES.get(bitpix[0], "f8"), _DTYPES.get(equivalent[0], "f8")
    if scale and stored == "i8" and _number(fptr, b"BZERO") == 2.0**63:
        return "u8", shape  # fits_get_img_equivtype does not know this one
    if not scale or stored == scaled:
        return stored, shape
    return scaled if scaled in ("i1", "u2", "u4", "u8") else "f8", shape


def _number(fptr: CData, name: bytes) -> float:
    """Value of a numeric keyword, 0 if it does not exist."""
    value, missing = ffi.new("double *"), ffi.new("int *")
    lib.fits_read_key(fptr, lib.TDOUBLE, name, value, ffi.NULL, missing)
    if missing[0]:
        lib.fits_clear_errmsg()
    return value[0]


# -- whole HDUs -------------------------------------------------------------------------------------------------------


def compress_image(source: CfitsioFile, number: int, target: CfitsioFile, *, larger_buffer: bool) -> None:
    """Append an image HDU, compressed as requested; the requests are reset.

    By ``fits_img_compress`` or, with `larger_buffer`, by its steps with a buffer that suffices for the coders.
    """
    with (
        source.call(number, action="compress", changes=False) as (fin, _),
        target.call(action="compress") as (out, status),
    ):
        if larger_buffer:
            _compress_tile_by_tile(fin, out, status)
        else:
            lib.fits_img_compress(fin, out, status)


def decompress_image(source: CfitsioFile, number: int, target: CfitsioFile) -> None:
    """Append a compressed image as a plain one."""
    with (
        source.call(number, action="read", changes=False) as (fin, _),
        target.call(action="decompress") as (out, status),
    ):
        lib.fits_img_decompress(fin, out, status)


def _compress_tile_by_tile(fin: CData, out: CData, status: CData) -> None:
    """The steps of ``fits_img_compress``, tile by tile, with a buffer that suffices for each."""
    bitpix, naxis, naxes = ffi.new("int *"), ffi.new("int *"), ffi.new("LONGLONG[]", MAX_DIMENSIONS)
    lib.fits_get_img_paramll(fin, MAX_DIMENSIONS, bitpix, naxis, naxes, status)
    if not status[0] and not 1 <= naxis[0] <= MAX_DIMENSIONS:
        status[0] = lib.BAD_NAXIS
    lib.fits_create_hdu(out, status)
    if status[0]:
        return
    if out.Fptr.curhdu == 0:
        lib.fits_create_img(out, 16, 0, ffi.NULL, status)
        lib.fits_create_hdu(out, status)
    else:
        lib.fits_unset_compression_param(out, status)
    lib.fits_set_compression_pref(fin, out, status)
    raw = bitpix[0] > 0 and not out.Fptr.request_lossy_int_compress
    kind = bitpix[0] if raw else min(bitpix[0], -32)  # integers to be coded as floats count as floats
    lib.imcomp_init_table(out, kind, naxis[0], ffi.new("long[]", list(naxes)[: naxis[0]]), 0, status)
    lib.imcomp_copy_img2comp(fin, out, status)
    if raw:
        lib.fits_set_bscale(fin, 1.0, 0.0, status)
    lib.fits_set_hdustruc(out, status)
    if raw:
        lib.fits_set_bscale(out, 1.0, 0.0, status)
    if not status[0] and _compress_tiles(fin, out, status):
        write_blank(out, NULL_PIXEL, status, compressed=True)
    lib.fits_set_hdustruc(out, status)
    lib.fits_unset_compression_request(out, status)


def _compress_tiles(fin: CData, out: CData, status: CData) -> bool:
    """Read, code and write every tile; return whether any pixel was undefined."""
    internal = out.Fptr
    dtype = _DTYPES[internal.zbitpix]
    naxes, bitpix, naxis = ffi.new("LONGLONG[]", MAX_DIMENSIONS), ffi.new("int *"), ffi.new("int *")
    lib.fits_get_img_paramll(fin, MAX_DIMENSIONS, bitpix, naxis, naxes, status)
    if status[0]:
        return False
    shape = tuple(naxes[axis] for axis in reversed(range(naxis[0])))
    pixels = np.empty(internal.maxtilelen, np.int64)  # 8 bytes per pixel: HCOMPRESS widens in place
    step, any_null = ffi.new("long[]", [1] * len(shape)), False
    null, none = ffi.new("float *" if dtype == "f4" else "double *", _NULL_READ.get(dtype, 0.0)), ffi.new("double *")
    tiles = _tiles(shape, tuple(internal.tilesize[0 : len(shape)])[::-1])
    for row, (first, last) in enumerate(tiles, start=1):
        has_null, buffer = ffi.new("int *"), ffi.from_buffer(pixels)
        asked = null if dtype in _NULL_READ else ffi.NULL
        lib.fits_read_subset(fin, _C_TYPES[dtype], _first(first), _last(last), step, asked, buffer, has_null, status)
        lengths = [b - a for a, b in zip(first, last, strict=True)]
        nx, ny = _rows(lengths)
        _enlarge_buffer(out)
        lib.imcomp_compress_tile(
            out, row, _C_TYPES[dtype], buffer, prod(lengths), nx, ny, has_null[0], null if has_null[0] else none, status
        )
        any_null = any_null or bool(has_null[0])
        if status[0]:
            return False
    return any_null


def _rows(lengths: list[int]) -> tuple[int, int]:
    """The two-dimensional view that noise and HCOMPRESS take of a tile: its first long axis, and all the others."""
    long_axes = [length for length in reversed(lengths) if length > 1] or [1]
    return long_axes[0], prod(long_axes[1:])
