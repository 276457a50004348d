"""Quantized images that no writer makes, read by us and by cfitsio: tiles with arbitrary integers, scales, zero points.

Nulls and the mark of an exact zero come with and without the dither and the ZBLANK that give them their meaning.
"""

import numpy as np
import pytest

import rustfits_cffi as rf
from rustfits_cffi import reference
from rustfits_cffi.native.tile_codec import TileCodec
from rustfits_cffi.native.tile_coding import Coder, TileCoding

astropy_fits = pytest.importorskip("astropy.io.fits", reason="astropy is not installed")

NULL, ZERO = -2147483647, -2147483646
DITHERS = ["NO_DITHER", "SUBTRACTIVE_DITHER_1", "SUBTRACTIVE_DITHER_2"]
CODED_BITPIX = {"u1": 8, "i2": 16, "i4": 32}  # existing writers use the last; the standard allows all


def marks_of(dtype):
    """The integers of a type with a special meaning, and some of their neighbours."""
    limits = np.iinfo(dtype)
    marks = (NULL, ZERO, ZERO + 1, limits.min, limits.max, 0, 1, 2)
    return np.array([mark for mark in marks if limits.min <= mark <= limits.max], dtype)


def any_integers(rng, shape, dtype):
    """Small and large integers, with marks among them."""
    limits = np.iinfo(dtype)
    spread = 2.0 ** rng.uniform(0, limits.bits - 3)
    integers = rng.normal(0, spread, shape).round().clip(limits.min, limits.max).astype(dtype)
    is_marked = rng.random(shape) < 0.2
    integers[is_marked] = rng.choice(marks_of(dtype), int(is_marked.sum()))
    return integers


def write_quantized(path, integers, tile, codec, bitpix, scale, zero, **keywords):
    """Write a float image of these tiles, each with a scale and a zero point; `keywords` go into the table header."""
    coded_bitpix = CODED_BITPIX[integers.dtype.str[1:]]
    coder = Coder(codec, coded_bitpix)
    coder = TileCodec(TileCoding(shape=integers.shape, tile_shape=tile, bitpix=coded_bitpix, coder=coder))
    encoded = coder.encode(integers, np.arange(len(scale)))
    coded = np.empty(len(scale), object)
    for k, stop in enumerate(np.cumsum(encoded.nbytes)):
        coded[k] = np.frombuffer(bytes(encoded.data[stop - encoded.nbytes[k] : stop]), "u1")
    table = astropy_fits.BinTableHDU.from_columns([
        astropy_fits.Column("COMPRESSED_DATA", "1PB", array=coded),
        astropy_fits.Column("ZSCALE", "1D", array=scale),
        astropy_fits.Column("ZZERO", "1D", array=zero),
    ])  # fmt: skip
    table.header.update({"ZIMAGE": True, "ZBITPIX": bitpix, "ZNAXIS": integers.ndim, "ZCMPTYPE": codec, **keywords})
    table.header.update({"ZNAME1": "BLOCKSIZE", "ZVAL1": 32, "ZNAME2": "BYTEPIX", "ZVAL2": integers.itemsize})
    for n, (length, part) in enumerate(zip(integers.shape[::-1], tile[::-1], strict=True), 1):
        table.header.update({f"ZNAXIS{n}": length, f"ZTILE{n}": part})
    astropy_fits.HDUList([astropy_fits.PrimaryHDU(), table]).writeto(path)


@pytest.mark.parametrize("bitpix", [-32, -64])
@pytest.mark.parametrize("dither", DITHERS)
@pytest.mark.parametrize("codec", ["RICE_1", "GZIP_1", "GZIP_2"])
def test_any_integers_become_cfitsios_numbers(tmp_path, rng, codec, dither, bitpix):
    for number, dtype in enumerate(["i4", "i4", "i4", "i4", "i2", "i2", "u1", "u1"]):
        shape = tuple(map(int, rng.integers(1, (90, 400))))
        tile = tuple(map(int, rng.integers(1, np.array(shape) + 1)))
        ntiles = int(np.prod([-(-n // t) for n, t in zip(shape, tile, strict=True)]))
        path = tmp_path / f"{number}.fits"
        keywords = {"ZBLANK": int(rng.choice(marks_of(dtype)))} if number % 2 else {}
        write_quantized(
            path, any_integers(rng, shape, dtype), tile, codec, bitpix, **keywords, ZQUANTIZ=dither,
            ZDITHER0=int(rng.integers(1, 10001)),
            scale=rng.choice([1.0, -1.0, 0.0, 1e33, 1e-44], ntiles) * rng.choice([1, rng.uniform(0, 9)], ntiles),
            zero=rng.choice([0.0, 1.0, -1e5, 1e40], ntiles, p=[0.5, 0.2, 0.2, 0.1]) * rng.uniform(0, 2, ntiles),
        )  # fmt: skip
        with rf.FITS(path) as fits:
            ours = fits[1][:, :]
        theirs = reference.read_image(path, 1)
        assert ours.dtype.itemsize == theirs.dtype.itemsize == -bitpix // 8
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("dtype", ["i2", "u1"])
@pytest.mark.parametrize("codec", ["RICE_1", "GZIP_1", "GZIP_2"])
def test_a_null_that_narrow_integers_cannot_hold_marks_no_pixel(tmp_path, codec, dtype):
    """cfitsio keeps only its low bits, so that ordinary numbers become null."""
    integers = np.arange(6, dtype=dtype).reshape(2, 3)
    path = tmp_path / "a.fits"
    write_quantized(path, integers, (2, 3), codec, -32, np.array([0.5]), np.array([1.0]), ZBLANK=NULL)
    with rf.FITS(path) as fits:
        np.testing.assert_array_equal(fits[1][:, :], integers * 0.5 + 1)
    theirs = reference.read_image(path, 1)
    np.testing.assert_array_equal(np.isnan(theirs), integers == NULL % 2**16)
