"""Small images, written once per kind of HDU."""

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
    """A plain image, or a codec."""
    return KINDS[request.param]


@pytest.fixture
def saved(tmp_path):
    """A function: write an image, give the path and the number of its HDU."""

    def save(pixels, **options):
        path = tmp_path / f"image{len(list(tmp_path.iterdir()))}.fits"
        with rf.FITS(path, "w+") as fits:
            hdu = fits.write_image(pixels, **options)
            return path, hdu.index

    return save


@pytest.fixture
def opened(saved):
    """A function: write an image and open it again; all files are closed at the end."""
    files = []

    def open_saved(pixels, mode="r", **options):
        path, number = saved(pixels, **options)
        files.append(rf.FITS(path, mode))
        return files[-1][number]

    yield open_saved
    for fits in files:
        fits.close()
