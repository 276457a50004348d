"""FITS: adding images; refused ones leave no trace."""

import sys
import threading

import numpy as np
import pytest

import rustfits_cffi as rf
from rustfits_cffi.hdu.images import create
from tests.conftest import holds_soon

PIXELS = np.arange(12, dtype="i2").reshape(3, 4)


def test_first_plain_image_is_the_primary(path):
    with rf.FITS(path, "w+") as fits:
        assert fits.create_image_hdu("i2", (3, 4)) is None
        assert fits.write_image(PIXELS).index == 1
    raw = path.read_bytes()
    assert raw.startswith(b"SIMPLE  =") and raw[5760:].startswith(b"XTENSION= 'IMAGE   '")


def test_compressed_image_gets_a_primary_before_it_once(path):
    with rf.FITS(path, "w+") as fits:
        assert fits.write_image(PIXELS, compress="RICE_1").index == 1
        assert fits.write_image(PIXELS, compress="GZIP_2").index == 2
        assert fits[0].header["NAXIS"] == 0
        assert fits[0].shape == () and not fits[0].has_data


def test_files_are_whole_blocks(path):
    with rf.FITS(path, "w+") as fits:
        for _ in range(8):
            fits.create_image_hdu("f8", ())
    assert path.stat().st_size == 8 * 2880


@pytest.mark.parametrize("compress", [None, "RICE_1"])
def test_name_and_version(path, compress):
    with rf.FITS(path, "w+") as fits:
        hdu = fits.write_image(PIXELS, extname="SCI", extver=0, compress=compress)
        assert (hdu.extname, hdu.extver, hdu.header["EXTVER"]) == ("SCI", 0, 0)
        hdu = fits.write_image(PIXELS, compress=compress)
        assert (hdu.extname, hdu.extver) == (None, 1) and "EXTVER" not in hdu.header


def test_long_name_is_kept_and_found(path):
    name = "a name that needs a second card " * 4
    with rf.FITS(path, "w+") as fits:
        fits.write_image(PIXELS, extname=name)
    with rf.FITS(path) as fits:
        assert fits[0].extname == name.rstrip() and name in fits


def test_name_must_be_text_that_fits_a_header(path):
    with rf.FITS(path, "w+") as fits:
        for name in ("é", "a\nb"):
            with pytest.raises(ValueError):
                fits.write_image(PIXELS, extname=name)
        with pytest.raises(TypeError):
            fits.write_image(PIXELS, extname=5)
        assert len(fits) == 0 and path.stat().st_size == 0


def test_header_argument_is_added_to_a_new_image(path):
    with rf.FITS(path, "w+") as fits:
        hdu = fits.write_image(PIXELS, extname="one", header={"EXPTIME": (30.0, "seconds"), "OBJECT": "M31"})
        assert hdu.header["EXPTIME"] == 30.0 and hdu.header.comment_of("EXPTIME") == "seconds"
        copy = fits.write_image(PIXELS, header=hdu.header)
        assert copy.header["OBJECT"] == "M31" and copy.header["XTENSION"] == "IMAGE" and copy.extname == "one"
        packed = fits.write_image(PIXELS, header=hdu.header, extname="two", compress="GZIP_1")
        assert packed.extname == "one"  # the name in the header takes precedence
        assert np.array_equal(packed.read(), PIXELS)


@pytest.mark.parametrize("header", [{"NAXIS": 3}, {"COMMENT": "x"}, {"BAD*": 1}, {"A": "é"}, [("A", 1)], 5])
@pytest.mark.parametrize("compress", [None, "RICE_1"])
def test_bad_header_leaves_no_hdu(path, header, compress):
    with rf.FITS(path, "w+") as fits:
        fits.write_image(PIXELS)
        before = path.read_bytes()
        with pytest.raises(ValueError):
            fits.write_image(PIXELS, header=header, compress=compress)
        assert len(fits) == 1 and path.read_bytes() == before


def test_scaling_is_not_applied_twice(path):
    with rf.FITS(path, "w+") as fits:
        source = fits.write_image(PIXELS)
        source.header.update({"BSCALE": 2.0, "BZERO": 7.0, "BUNIT": "Jy"})
        copy = fits.write_image(source.read(), header=source.header)
        assert np.array_equal(copy.read(), PIXELS * 2.0 + 7) and copy.unit == "Jy"
        source = fits.write_image(PIXELS.astype("u2"))
        copy = fits.write_image(source.read().astype("f4"), header=source.header)
        assert np.array_equal(copy.read(), PIXELS)


def test_write_takes_arrays_and_refuses_ambiguous_data(path):
    with rf.FITS(path, "w+") as fits:
        assert isinstance(fits.write(PIXELS, extname="x", header={"A": 1}), rf.ImageHDU)
        assert fits.write(np.ma.masked_array(PIXELS.astype("f4"), PIXELS == 5)).index == 1
        assert np.isnan(fits[1][1, 1])
        for data in ([1, 2], (1, 2), "x", 5, None, np.float64(3)):
            with pytest.raises(ValueError, match="write_image or write_table"):
                fits.write(data)
        assert len(fits) == 2


def test_write_image_takes_nested_lists(path):
    with rf.FITS(path, "w+") as fits:
        assert fits.write_image([[1, 2], [3, 4]]).dtype == "i8"
        assert np.array_equal(fits.write_image([[1.5, 2], [3, 4]], compress="GZIP_1").read(), [[1.5, 2], [3, 4]])


@pytest.mark.parametrize("compress", [None, "RICE_1"])
@pytest.mark.parametrize(
    "options, error",
    [
        (dict(dtype="c8", dims=(3,)), ValueError),
        (dict(dtype="f2", dims=(3,)), ValueError),
        (dict(dtype="?", dims=(3,)), ValueError),
        (dict(dtype="S3", dims=(3,)), ValueError),
        (dict(dtype="nonsense", dims=(3,)), TypeError),
        (dict(dtype="i2", dims=5), TypeError),
        (dict(dtype="i2", dims=(3.0,)), TypeError),
        (dict(dtype="i2", dims=(-1, 3)), ValueError),
        (dict(dtype="i2", dims=(3, 0)), ValueError),
        (dict(dtype="i2", dims=(3,), extver="x"), TypeError),
        (dict(dtype="i2", dims=(3,), blank=10**6), ValueError),
        (dict(dtype="i2", dims=(3,), blank=1.5), TypeError),
    ],
)
def test_refused_hdus_leave_nothing(path, compress, options, error):
    with rf.FITS(path, "w+") as fits:
        with pytest.raises(error):
            fits.create_image_hdu(compress=compress, **options)
        assert len(fits) == 0
    assert path.stat().st_size == 0


def test_objects_stay_valid_when_hdus_before_them_grow(three):
    with rf.FITS(three, "r+") as fits:
        last, header, packed = fits[2], fits[2].header, fits[1]
        fits[0].header.update({f"KEY{i}": i for i in range(100)})
        assert three.stat().st_size % 2880 == 0
        assert np.array_equal(last.read(), PIXELS + 2) and np.array_equal(packed.read(), PIXELS + 1)
        header["AFTER"] = 5
        last[0, 0] = -1
        packed.write(PIXELS + 9)
        assert (last.index, packed.index) == (2, 1)
    with rf.FITS(three) as fits:
        assert fits[2].header["AFTER"] == 5 and fits[2][0, 0] == -1 and fits[0].header["KEY99"] == 99
        assert np.array_equal(fits[1].read(), PIXELS + 9) and np.array_equal(fits[0].read(), PIXELS)


@pytest.mark.parametrize("data", [5, 2.5, np.float32(1), np.array(3)])
def test_single_numbers_are_refused_as_images(path, data):
    with rf.FITS(path, "w+") as fits:
        for compress in (None, "GZIP_1"):
            with pytest.raises(ValueError):
                fits.write_image(data, compress=compress)
        assert len(fits) == 0


@pytest.mark.parametrize(
    "dtype, dims, compress",
    [
        ("u1", (2**62, 2**62), None),
        ("f8", (2**61,), None),
        ("f8", (2**40, 2**22), "GZIP_1"),
        ("i2", (2,) * 7, "RICE_1"),
    ],
)
def test_sizes_beyond_any_file_are_refused(path, dtype, dims, compress):
    with rf.FITS(path, "w+") as fits:
        with pytest.raises(ValueError):
            fits.create_image_hdu(dtype, dims, compress=compress)
        assert len(fits) == 0 and path.stat().st_size == 0


def test_one_thread_and_two_write_the_same_large_image(tmp_path, rng, two_threads):
    image = rng.normal(size=(3001, 1000)).astype(">f8")[:, ::-1]  # several pieces, each to be converted first
    with rf.FITS(tmp_path / "two.fits", "w+") as fits:
        fits.write_image(image)
    rf.set_num_threads(1)
    with rf.FITS(tmp_path / "one.fits", "w+") as fits:
        fits.write_image(image)
    written = (tmp_path / "two.fits").read_bytes()
    assert written == (tmp_path / "one.fits").read_bytes()
    assert np.array_equal(np.frombuffer(written, ">f8", image.size, 2880).reshape(image.shape), image)


def test_a_large_image_that_cannot_be_converted_leaves_no_trace_and_no_thread(tmp_path, monkeypatch, two_threads):
    path, calls = tmp_path / "a.fits", []
    convert = create.stored_pixels

    def fail_late(*arguments, **keywords):
        calls.append(threading.get_ident())
        if len(calls) == 3:
            raise ValueError("a value that cannot be stored")
        return convert(*arguments, **keywords)

    monkeypatch.setattr(create, "stored_pixels", fail_late)
    with rf.FITS(path, "w+") as fits:
        fits.write_image(PIXELS[:1])
        before = path.read_bytes()
        with pytest.raises(ValueError, match="cannot be stored"):
            fits.write_image(np.zeros((3001, 2000)))
        assert calls[2] != threading.get_ident() and holds_soon(lambda: calls[2] not in sys._current_frames())
        assert len(fits) == 1 and path.read_bytes() == before
        fits.write_image(PIXELS)
    assert np.array_equal(rf.read(path, ext=1), PIXELS)
