"""A program that uses the package, for the type checker. Checked by mypy (`make lint`), never run."""

from typing import Any

import numpy as np
from typing_extensions import assert_type

import rustfits_cffi as rustfits
from rustfits_cffi import polycomp
from rustfits_cffi.comparison import Comparison
from rustfits_cffi.packing import FileReport


def reading(fits: rustfits.FITS) -> None:
    assert_type(fits["SCI"], rustfits.ImageHDU | Any)
    fits[1][0:32, ::2].sum()  # no need to check that it is an image
    for hdu in fits:
        assert_type(hdu, rustfits.HDU)
        if isinstance(hdu, rustfits.ImageHDU):
            assert_type(hdu.shape, tuple[int, ...])
            assert_type(hdu[0], np.ndarray)
            assert_type(hdu.read(scale=False), np.ndarray)
            assert_type(hdu.read(mask_blank=True), np.ma.MaskedArray)


def writing(fits: rustfits.FITS, pixels: np.ndarray) -> None:
    codec = rustfits.Rice1(tile_shape=[32, 32], blocksize=16)
    hdu = fits.write_image(pixels, compress=codec, quantize=rustfits.Quantize(level=4), header={"A": 1})
    assert_type(hdu, rustfits.ImageHDU)
    assert_type(hdu.header, rustfits.FITSHeader)
    hdu[3, 4:8] = pixels[3, 4:8]


def whole_files(name: str) -> None:
    assert_type(rustfits.read(name), np.ndarray)
    assert_type(rustfits.read(name, header=True), tuple[np.ndarray, rustfits.FITSHeader])
    assert_type(rustfits.pack(name), FileReport)
    assert_type(rustfits.compare(name, name), Comparison)


def series(samples: np.ndarray) -> None:
    encoded = polycomp.encode(samples, "rle")
    assert_type(encoded, polycomp.Encoded)
    assert_type(polycomp.decode(encoded), np.ndarray)
