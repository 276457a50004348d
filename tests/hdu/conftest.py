"""Fixtures: small images of every kind of HDU, and a small file with several HDUs."""

import numpy as np
import pytest

import rustfits_cffi as rf

KINDS = {
    "plain": None,
    "rice": rf.Rice1(tile_shape=(2, 5)),
    "gzip": rf.Gzip2(tile_shape=(3, 4)),
    "hcompress": rf.Hcompress1(tile_shape=(4, 4)),
}


@pytest.fixture(params=KINDS)
def kind(request):
    """None for a plain image, or a codec."""
    return KINDS[request.param]


@pytest.fixture
def saved(tmp_path):
    """A function that writes an image and returns the path and the number of its HDU."""

    def save(pixels, **options):
        path = tmp_path / f"image{len(list(tmp_path.iterdir()))}.fits"
        with rf.FITS(path, "w+") as fits:
            hdu = fits.write_image(pixels, **options)
            return path, hdu.index

    return save


@pytest.fixture
def opened(saved):
    """A function that writes an image and opens it again; all files are closed at the end."""
    files = []

    def open_saved(pixels, mode="r", **options):
        path, number = saved(pixels, **options)
        files.append(rf.FITS(path, mode))
        return files[-1][number]

    yield open_saved
    for fits in files:
        fits.close()


@pytest.fixture
def path(tmp_path):
    """Path of a file to be written."""
    return tmp_path / "a.fits"


@pytest.fixture
def three(path):
    """Primary without a name, SCI (compressed, EXTVER 2), SCI (plain, EXTVER 3); the pixels of HDU i begin at i."""
    pixels = np.arange(12, dtype="i2").reshape(3, 4)
    with rf.FITS(path, "w+") as fits:
        fits.write_image(pixels)
        fits.write_image(pixels + 1, extname="SCI", extver=2, compress=rf.Rice1())
        fits.write_image(pixels + 2, extname="sci", extver=3)
    return path
