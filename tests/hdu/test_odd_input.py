"""What users get wrong, or write in an unusual way: it is stored as meant, or refused with words that help."""

import numpy as np
import pytest

import rustfits_cffi as rf

PIXELS = np.arange(24, dtype="i4").reshape(4, 6)


# -- pixels -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [(), ...])
def test_no_pixel_of_an_hdu_without_axes_is_read_or_written(path, key):
    """The primary HDU before a compressed image has none; what follows it is the header of the next HDU."""
    with rf.FITS(path, "w+") as fits:
        fits.write_image(PIXELS, compress="RICE_1")
    before = path.read_bytes()
    with rf.FITS(path, "r+") as fits:
        for touch in (lambda: fits[0][key], lambda: fits[0].__setitem__(key, 7), lambda: fits[0].write(np.uint8(7))):
            with pytest.raises(ValueError, match=r"no data|does not match"):
                touch()
        with pytest.raises(ValueError, match="no data"):
            fits[0].write(np.zeros((), f"i{fits[0].bitpix // 8}"))
    assert path.read_bytes() == before


@pytest.mark.parametrize("dtype", ["u1", "i4", "u2", "f4"])
@pytest.mark.parametrize("value", ["5", b"5", None, 1j, [], np.datetime64("2020-01-01"), np.str_("5")])
def test_numbers_that_are_none_are_named(opened, dtype, value):
    hdu = opened(PIXELS.astype(dtype), "r+")
    with pytest.raises((TypeError, ValueError), match=r"HDU 0: pixels of type ..|shape|dtype"):
        hdu[1:3] = value
    assert np.array_equal(hdu.read(), PIXELS)


@pytest.mark.parametrize("value", [5.5, 5.0, np.float32(5), "5"])
def test_integer_pixels_take_integers_only(opened, value):
    with pytest.raises(TypeError, match=r"HDU 0: pixels of type i4 cannot hold .*5.*, a (float|str)"):
        opened(PIXELS, "r+")[0] = value


def test_text_is_no_number_for_scaled_pixels(opened):
    hdu = opened(PIXELS, "r+", header={"BUNIT": "Jy"})
    hdu.header["BSCALE"] = 0.5
    with pytest.raises(TypeError, match="pixels of type f8 cannot hold '5', a str"):
        hdu[0] = "5"


@pytest.mark.parametrize("blank, dtype", [(-1, "i4"), (None, "f4")])
def test_the_masked_constant_undefines_pixels(opened, dtype, blank):
    hdu = opened(PIXELS.astype(dtype), "r+", blank=blank)
    hdu[1:3, 2] = np.ma.masked
    expected = PIXELS.astype(dtype)
    expected[1:3, 2] = np.nan if blank is None else blank
    assert np.array_equal(hdu.read(), expected, equal_nan=blank is None)


def test_the_masked_constant_needs_a_blank_value(opened):
    with pytest.raises(ValueError, match="need a blank value"):
        opened(PIXELS, "r+")[0] = np.ma.masked


def test_leading_axes_of_length_one_are_left_out_as_in_numpy(opened):
    hdu = opened(PIXELS, "r+", blank=-1)
    hdu[1:3] = np.full((1, 1, 2, 6), 9, "i4")
    hdu[3] = np.ma.MaskedArray(np.full((1, 6), 8, "i4"), mask=[[1, 0, 0, 0, 0, 0]])
    expected = PIXELS.copy()
    expected[1:3], expected[3] = 9, [-1, 8, 8, 8, 8, 8]
    assert np.array_equal(hdu.read(), expected)


@pytest.mark.parametrize("compress", [None, "GZIP_2"])
def test_steps_of_any_size(opened, compress):
    hdu = opened(PIXELS, compress=compress)
    assert np.array_equal(hdu[:: 10**30, 2 :: 2**63], PIXELS[::4, 2::6])
