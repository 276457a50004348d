"""Real telescope files and the test files of astropy: every image is read with the same bits as by other readers.

The judges are fitsio and the vendored cfitsio for values; where astropy's sample files hold what those refuse, the
reason is in the table below.
"""

from pathlib import Path

import numpy as np
import pytest

import rustfits_cffi as rf
from rustfits_cffi import reference

# file -> why it is not compared
EXCEPTIONS = {
    "group.fits": "random groups: an image of no pixels for us, parameters and groups for others",
    "random_groups.fits": "random groups: an image of no pixels for us, parameters and groups for others",
}


def astropy_files():
    """Sample files in the astropy wheel."""
    try:
        import astropy.io.fits
    except ImportError:
        return []
    root = Path(astropy.io.fits.__file__).parent
    return sorted(
        [*(root / "tests" / "data").glob("*.fits"), *(root / "hdu" / "compressed" / "tests" / "data").glob("*.fits")]
    )


def bits_equal(ours, theirs):
    theirs = np.asarray(theirs)
    theirs = np.ascontiguousarray(theirs, theirs.dtype.newbyteorder("="))
    if ours.shape != theirs.shape:
        return False
    if ours.dtype != theirs.dtype and {ours.dtype.str[1:], theirs.dtype.str[1:]} <= {"f4", "f8"}:
        ours, theirs = ours.astype("f4"), theirs.astype("f4")  # some readers scale to f4 where we use f8
    if ours.dtype.kind != "f":
        return np.array_equal(ours, theirs)
    nan = np.isnan(ours)
    return np.array_equal(nan, np.isnan(theirs)) and ours[~nan].tobytes() == theirs[~nan].tobytes()


def images(path):
    with rf.FITS(path, lenient=True) as fits:
        for hdu in fits:
            if isinstance(hdu, rf.ImageHDU) and hdu.has_data:
                yield hdu


def check_against_all(path):
    """Compare every image of a file, whole and in part, with and without scaling; return the number of images."""
    fitsio = pytest.importorskip("fitsio", reason="fitsio is not installed")
    count = 0
    for hdu in images(path):
        pixels = hdu.read()
        stored = hdu.read(scale=False)
        theirs = reference.read_image(path, hdu.index, scale=False, nulls=True)
        assert bits_equal(stored, theirs), (path.name, hdu.index, "cfitsio, as stored")
        theirs = reference.read_image(path, hdu.index)
        if not (hdu.bitpix < 0 and not isinstance(hdu, rf.CompressedImageHDU) and has_subnormals(pixels)):
            assert bits_equal(pixels, theirs), (path.name, hdu.index, "cfitsio")
        theirs = fitsio.read(str(path), ext=hdu.index)
        if pixels.dtype == "f8" and theirs.dtype == "f4":
            theirs = theirs.astype("f8")
            assert np.allclose(pixels, theirs, rtol=1e-6, equal_nan=True), (path.name, hdu.index, "fitsio")
        else:
            assert bits_equal(pixels, theirs), (path.name, hdu.index, "fitsio")
        part = tuple(slice(n // 3, n // 3 + 17, 1 + n % 2) for n in hdu.shape)
        assert bits_equal(hdu[part], np.ascontiguousarray(pixels[part])), (path.name, hdu.index, "part")
        count += 1
    return count


def has_subnormals(pixels):
    return pixels.dtype.kind == "f" and bool((np.abs(pixels[pixels != 0]) < np.finfo(pixels.dtype).tiny).any())


@pytest.mark.parametrize(
    "name, count",
    [
        ("decam_cutout_dq.fits", 1),
        ("decam_cutout_image.fits", 1),
        ("decam_cutout_weight.fits", 1),
        ("decam_image_fpacked_dither1.fits.fz", 1),
        ("galactic_center_2mass_j.fits", 1),
        ("horsehead_i2.fits", 1),
        ("kepler_lightcurve_table.fits", 1),
        ("l1448_13co_cube.fits", 1),
        ("mosaic_staticmask_plio.fits.fz", 4),
        ("spitzer_f4.fits", 1),
        ("wise_tiles_table.fits", 0),
    ],
)
def test_telescope_files_read_as_other_readers_have_them(real_files, name, count):
    assert check_against_all(real_files / name) == count


@pytest.mark.parametrize("path", [pytest.param(path, id=path.name) for path in astropy_files()])
def test_sample_files_of_astropy_read_as_other_readers_have_them(path):
    if path.name in EXCEPTIONS:
        pytest.skip(EXCEPTIONS[path.name])
    check_against_all(path)


@pytest.mark.parametrize(
    "name", ["decam_cutout_image.fits", "galactic_center_2mass_j.fits", "horsehead_i2.fits", "l1448_13co_cube.fits"]
)
def test_real_pixels_survive_our_own_files(real_files, tmp_path, name):
    pixels = rf.read(real_files / name)
    with rf.FITS(tmp_path / "a.fits", "w+") as fits:
        for codec in (rf.Gzip2(), rf.Gzip1(tile_shape=(1,) * (pixels.ndim - 1) + (50,))):
            assert bits_equal(fits.write_image(pixels, compress=codec).read(), pixels)
        if pixels.dtype.kind == "i":
            assert bits_equal(fits.write_image(pixels, compress=rf.Rice1()).read(), pixels)
            if pixels.ndim == 2:
                assert bits_equal(fits.write_image(pixels, compress=rf.Hcompress1()).read(), pixels)
