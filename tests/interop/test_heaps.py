"""Coded bytes of other writers against ours: the heap of equal tilings must be the same bytes.

tests/identity compares whole files with cfitsio; these are the files of programs in use.
"""

import numpy as np
import pytest

import rustfits_cffi as rf
from tests.interop.conftest import Astropy, Cfitsio, Fitsio, Rustfits

CLASSES = {"RICE_1": rf.Rice1, "GZIP_1": rf.Gzip1, "GZIP_2": rf.Gzip2, "PLIO_1": rf.Plio1, "HCOMPRESS_1": rf.Hcompress1}


def heap(path):
    """The heap of HDU 1 and its table of tiles."""
    with rf.FITS(path) as fits:
        header, start = fits[1].header, fits[1]._entry.data_start
        table = header["NAXIS1"] * header["NAXIS2"]
        raw = path.read_bytes()
        return raw[start : start + table], raw[start + table : start + table + header["PCOUNT"]]


def pixels_of(dtype):
    return np.rint(np.random.default_rng(5).normal(60, 9, (40, 33)) + np.arange(33)).astype(dtype)


def ours(path, pixels, codec, tiles, quantize=None):
    with rf.FITS(path, "w+") as fits:
        fits.write_image(pixels, compress=CLASSES[codec](tile_shape=tiles), quantize=quantize)
    return heap(path)


def integer_cases():
    """Writers, codecs and types; astropy and rustfits deflate at a different level than cfitsio."""
    for writer in (Fitsio, Astropy, Rustfits, Cfitsio):
        for codec in CLASSES if writer in (Fitsio, Cfitsio) else ("RICE_1", "PLIO_1", "HCOMPRESS_1"):
            for dtype in ("u1", "i2", "i4") if codec == "PLIO_1" else ("u1", "i2", "i4", "u2", "u4", "i1"):
                yield writer, codec, dtype


@pytest.mark.parametrize("tiles", [None, (10, 11)])
@pytest.mark.parametrize("writer, codec, dtype", list(integer_cases()), indirect=["writer"])
def test_the_heap_of_integers_equals_other_writers(tmp_path, writer, codec, dtype, tiles):
    pixels = pixels_of(dtype)
    writer.write(tmp_path / "theirs.fits", pixels, codec, tiles, None)
    assert heap(tmp_path / "theirs.fits") == ours(tmp_path / "ours.fits", pixels, codec, tiles)


def quantizations():
    """Codecs and dithers; cfitsio does not support dither2, which keeps zeros, for HCOMPRESS."""
    for codec in ("RICE_1", "GZIP_1", "GZIP_2", "HCOMPRESS_1"):
        for method in ("no_dither", "dither1") if codec == "HCOMPRESS_1" else ("no_dither", "dither1", "dither2"):
            yield codec, method


# astropy and rustfits estimate the noise differently from cfitsio 4.6.4.
@pytest.mark.parametrize("writer", [Fitsio, Cfitsio], indirect=True)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("codec, method", list(quantizations()))
def test_the_heap_of_quantized_floats_equals_other_writers(tmp_path, writer, codec, dtype, method):
    pixels = np.random.default_rng(6).normal(60, 9, (40, 33)).astype(dtype)
    quantize = rf.Quantize(method=method, seed=17)
    writer.write(tmp_path / "theirs.fits", pixels, codec, None, quantize)
    assert heap(tmp_path / "theirs.fits") == ours(tmp_path / "ours.fits", pixels, codec, None, quantize)
