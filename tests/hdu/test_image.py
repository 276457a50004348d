"""Images through their public names, both plain and compressed.

Matrix: {plain, RICE, GZIP_2, HCOMPRESS} x pixel type x {read, index, write, assign} x {good, bad type, bad shape,
masked}.
"""

import errno
import os

import numpy as np
import pytest

import rustfits_cffi as rf
from rustfits_cffi.native._lib import ffi
from rustfits_cffi.storage.handle import FileHandle

BITPIX = {"u1": 8, "i2": 16, "i4": 32, "i8": 64, "f4": -32, "f8": -64, "i1": 8, "u2": 16, "u4": 32, "u8": 64}
STORED = {"i1": "u1", "u2": "i2", "u4": "i4", "u8": "i8"}
BZERO = {"i1": -128, "u2": 1 << 15, "u4": 1 << 31, "u8": 1 << 63}


def ramp(dtype, shape=(8, 12)):
    """Distinct pixels of a type, including its extremes."""
    pixels = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    if pixels.dtype.kind in "iu":
        limits = np.iinfo(pixels.dtype)
        pixels.flat[0], pixels.flat[-1] = limits.min, limits.max
    return pixels


def for_each_kind(dtypes):
    """Parametrize over kinds of HDU and the types they take: Rice and HCOMPRESS take neither floats nor 64 bits."""
    pairs = [(kind, dtype) for kind in ("rice", "hcompress") for dtype in dtypes if dtype[0] != "f" and dtype[1] != "8"]
    pairs += [(kind, dtype) for kind in ("plain", "gzip") for dtype in dtypes]
    return pytest.mark.parametrize("kind, dtype", pairs, indirect=["kind"])


# -- types and header keywords ----------------------------------------------------------------------------------------


@for_each_kind(BITPIX)
def test_pixels_of_every_type_come_back_scaled_and_stored(opened, kind, dtype):
    pixels = ramp(dtype)
    hdu = opened(pixels, compress=kind)
    assert (hdu.bitpix, hdu.dtype, hdu.shape, hdu.ndim, hdu.size, len(hdu)) == (BITPIX[dtype], dtype, (8, 12), 2, 96, 8)
    assert hdu.has_data and hdu.unit is None and hdu.extname is None and hdu.extver == 1
    if dtype in BZERO:
        assert (hdu.header["BSCALE"], hdu.header["BZERO"]) == (1, BZERO[dtype])
    else:
        assert "BSCALE" not in hdu.header and "BZERO" not in hdu.header
    for result in (hdu.read(), hdu[:], hdu[...], hdu[()]):
        assert result.dtype == dtype and result.dtype.isnative and np.array_equal(result, pixels)
        assert result.flags.c_contiguous and result.flags.writeable and result.flags.owndata
    stored = hdu.read(scale=False)
    assert stored.dtype == STORED.get(dtype, dtype) and stored.dtype.isnative
    shift = 1 << (8 * pixels.itemsize - 1)
    expected = (pixels.view(f"u{pixels.itemsize}") ^ shift).view(stored.dtype) if dtype in BZERO else pixels
    assert np.array_equal(stored, expected)


@pytest.mark.parametrize("spelling", [int, float, np.int32, ">f4", "<u2", np.dtype(">i2"), "int16", np.uint8])
def test_types_may_be_given_in_any_form(tmp_path, spelling):
    with rf.FITS(tmp_path / "a.fits", "w+") as fits:
        fits.create_image_hdu(spelling, (2, 3))
        assert fits[0].dtype == np.dtype(spelling).newbyteorder("=") and fits[0].dtype.isnative
        assert np.array_equal(fits[0].read(scale=False), np.zeros((2, 3)))


@pytest.mark.parametrize("dims", [(3, 4), [3, 4], np.array([3, 4]), (np.int64(3), np.uint8(4))])
def test_shapes_may_be_given_in_any_form(tmp_path, dims):
    with rf.FITS(tmp_path / "a.fits", "w+") as fits:
        fits.create_image_hdu("i2", dims)
        assert fits[0].shape == (3, 4) and all(type(length) is int for length in fits[0].shape)


@pytest.mark.parametrize("compress", [None, "GZIP_1"])
@pytest.mark.parametrize(
    "dims, words",
    [
        ((-1, 3), "dimension 0 must be >= 0"),
        ((3, 0), "dimension 1 must be > 0"),
        ((0, 3, -2), "dimension 2 must be > 0"),
    ],
)
def test_invalid_shapes_are_refused(tmp_path, dims, words, compress):
    with rf.FITS(tmp_path / "a.fits", "w+") as fits, pytest.raises(ValueError, match=words):
        fits.create_image_hdu("i2", dims, compress=compress)


def test_unsupported_type_is_named(tmp_path):
    with rf.FITS(tmp_path / "a.fits", "w+") as fits:
        for data in (np.zeros(3, "c8"), np.zeros(3, "f2"), np.zeros(3, bool), np.array(["a"]), np.array([None])):
            with pytest.raises(ValueError, match="unsupported numpy dtype"):
                fits.write_image(data)


def test_image_without_axes_has_no_data(tmp_path):
    with rf.FITS(tmp_path / "a.fits", "w+") as fits:
        fits.create_image_hdu("f4", ())
        hdu = fits[0]
        assert (hdu.shape, hdu.ndim, hdu.size, len(hdu), hdu.has_data, hdu.bitpix) == ((), 0, 0, 0, False, -32)
        with pytest.raises(ValueError, match="no data"):
            hdu.read()
        with pytest.raises(ValueError):
            fits.create_image_hdu("f4", (), compress="GZIP_1")


@pytest.mark.parametrize("compress", [rf.Rice1(), rf.Gzip1(), rf.Gzip2(tile_shape=(5, 7)), rf.Plio1()])
def test_empty_compressed_images_are_refused(tmp_path, compress):
    with rf.FITS(tmp_path / "a.fits", "w+") as fits:
        with pytest.raises(NotImplementedError, match="without pixels"):
            fits.create_image_hdu("i2", (0, 7), compress=compress)
        assert len(fits) == 0
        assert fits.write_image(np.zeros((1, 7), "i2"), compress=compress).shape == (1, 7)


def test_first_axis_may_be_empty(tmp_path):
    with rf.FITS(tmp_path / "a.fits", "w+") as fits:
        fits.create_image_hdu("i2", (0, 7))
    with rf.FITS(tmp_path / "a.fits") as fits:
        hdu = fits[len(fits) - 1]
        assert hdu.shape == (0, 7) and not hdu.has_data and len(hdu) == 0
        assert hdu.read().shape == (0, 7) and hdu[:].shape == (0, 7) and hdu[:, 3].shape == (0,)


def test_new_plain_image_is_zero(tmp_path):
    with rf.FITS(tmp_path / "a.fits", "w+") as fits:
        fits.create_image_hdu("f8", (30, 40))
        assert np.array_equal(fits[0].read(), np.zeros((30, 40)))
        fits.create_image_hdu("u2", (3,))
        assert fits[1].read(scale=False).tolist() == [0, 0, 0] and fits[1].read().tolist() == [32768] * 3
    assert (tmp_path / "a.fits").stat().st_size % 2880 == 0


def test_unit_is_bunit_if_it_is_text(opened):
    assert opened(ramp("i2"), header={"BUNIT": "adu"}).unit == "adu"
    assert opened(ramp("i2"), header={"BUNIT": 5}).unit is None


# -- scaling ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bscale, bzero", [(2, 0), (1, 5), (0.5, -3.25), (1, 32767), (-1, 0), (1.0, 32768.5)])
@for_each_kind(["u1", "i2", "i4", "f4", "f8"])
def test_general_scaling_gives_float64(opened, kind, dtype, bscale, bzero):
    pixels = ramp(dtype)
    hdu = opened(pixels, "r+", header={"BSCALE": bscale, "BZERO": bzero}, compress=kind)
    assert hdu.dtype == "f8"
    assert np.array_equal(hdu.read(), pixels.astype("f8") * bscale + bzero)
    assert hdu.read(scale=False).dtype == dtype and np.array_equal(hdu.read(scale=False), pixels)
    assert np.array_equal(hdu[2:5, ::3], (pixels.astype("f8") * bscale + bzero)[2:5, ::3])
    del hdu.header["BSCALE"], hdu.header["BZERO"]
    assert hdu.dtype == dtype and np.array_equal(hdu.read(), pixels)  # at once


def test_scaling_keywords_that_are_not_numbers_are_ignored(opened):
    hdu = opened(ramp("i2"), header={"BSCALE": "two", "BZERO": True, "BLANK": "x"})
    assert hdu.dtype == "i2" and np.array_equal(hdu.read(), ramp("i2"))
    assert hdu.read(mask_blank=True).mask is np.ma.nomask


def test_unsigned_trick_needs_the_offset_of_its_type(opened):
    hdu = opened(ramp("i4"), header={"BZERO": 32768})
    assert hdu.dtype == "f8" and hdu[0, 1] == 32769.0


def test_writing_through_a_scale(opened):
    hdu = opened(np.zeros((2, 3), "i2"), "r+", header={"BSCALE": 0.5, "BZERO": 10.0})
    hdu.write(np.array([[10.0, 10.25, 10.75], [11.24, -16374.0, 16393.5]]))
    assert hdu.read(scale=False).tolist() == [[0, 0, 2], [2, -32768, 32767]]  # halves go to even
    before = hdu.read(scale=False)
    for bad, words in ((1e9, "overflow"), (np.nan, "non-finite"), (np.inf, "non-finite")):
        data = np.full((2, 3), 11.0)
        data[1, 2] = bad
        with pytest.raises(ValueError, match=words):
            hdu.write(data)
        with pytest.raises(ValueError, match=words):
            hdu[1, 2] = bad
        assert np.array_equal(hdu.read(scale=False), before)
    with pytest.raises(ValueError, match=r"BITPIX=16.*scaled 'f8'"):
        hdu.write(np.zeros((2, 3), "f4"))
    hdu[0, 0] = 12
    assert hdu[0, 0] == 12.0


def test_scaled_floats_take_anything(opened):
    hdu = opened(np.zeros(3, "f4"), "r+", header={"BSCALE": 2.0})
    hdu.write(np.array([np.nan, 1e300, 4.0]))
    assert np.isnan(hdu[0]) and np.isinf(hdu[1]) and hdu[2] == 4.0


# -- blank ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dtype, blank, stored",
    [("i2", -99, -99), ("u2", 65535, 32767), ("i1", -128, 0), ("u1", 255, 255), ("u4", 0, -(1 << 31)), ("i4", 7, 7)],
)
def test_blank_pixels_are_masked_on_request(opened, kind, dtype, blank, stored):
    pixels = np.arange(96).reshape(8, 12).astype(dtype)
    mask = pixels % 7 == 3
    data = np.ma.masked_array(pixels, mask)
    hdu = opened(data, "r+", blank=blank, compress=kind)
    assert hdu.header["BLANK" if kind is None else "ZBLANK"] == stored
    expected = np.where(mask, np.array(blank).astype(dtype), pixels)
    assert np.array_equal(hdu.read(), expected)
    masked = hdu.read(mask_blank=True)
    assert masked.dtype == dtype and np.array_equal(masked.data, expected)
    assert np.array_equal(masked.mask, expected == np.array(blank).astype(dtype))
    raw = hdu.read(mask_blank=True, scale=False)
    assert np.array_equal(raw.mask, masked.mask) and raw.dtype == STORED.get(dtype, dtype)


def test_without_a_blank_nothing_is_masked(opened, kind):
    hdu = opened(ramp("i2"), compress=kind)
    masked = hdu.read(mask_blank=True)
    assert isinstance(masked, np.ma.MaskedArray) and masked.mask is np.ma.nomask
    assert np.array_equal(masked.data, ramp("i2"))


def test_blank_that_no_pixel_can_hold_masks_nothing(opened):
    assert not opened(ramp("i2"), header={"BLANK": 10**6}).read(mask_blank=True).mask.any()
    assert not np.ma.getmaskarray(opened(ramp("u1"), header={"BLANK": -1}).read(mask_blank=True)).any()


def test_mask_is_the_same_with_and_without_scaling(opened):
    hdu = opened(np.array([1, 2, 3], "i2"), header={"BLANK": 2, "BSCALE": 10.0})
    assert hdu.read(mask_blank=True).tolist() == [10.0, None, 30.0]
    assert hdu.read(mask_blank=True, scale=False).tolist() == [1, None, 3]


def test_floats_have_no_blank(opened, tmp_path):
    with pytest.raises(ValueError, match="float BITPIX"):
        opened(ramp("f4")).read(mask_blank=True)
    for more in ({}, {"quantize": rf.Quantize()}):
        with pytest.raises(ValueError, match="float"):
            opened(ramp("f4"), compress=rf.Gzip1(), **more).read(mask_blank=True)
        with rf.FITS(tmp_path / "f.fits", "w+") as fits, pytest.raises(ValueError, match="float"):
            fits.write_image(ramp("f4"), blank=5, compress=rf.Gzip1(), **more)


@pytest.mark.parametrize("compress", [None, "RICE_1"])
def test_blank_outside_the_range_of_the_type_is_refused(tmp_path, compress):
    with rf.FITS(tmp_path / "a.fits", "w+") as fits:
        for dtype, blank in (("i2", 32768), ("u2", -1), ("u1", 256), ("i1", 128)):
            with pytest.raises(ValueError, match="range"):
                fits.create_image_hdu(dtype, (8, 8), blank=blank, compress=compress)


def test_blank_may_be_the_largest_uint64(tmp_path):
    with rf.FITS(tmp_path / "a.fits", "w+") as fits:
        hdu = fits.write_image(np.array([0, 2**64 - 1], "u8"), blank=2**64 - 1)
        assert hdu.header["BLANK"] == 2**63 - 1 and hdu.read(mask_blank=True).tolist() == [0, None]


@pytest.mark.parametrize("dtype", ["i2", "u2", "u1"])
def test_masked_pixels_need_a_blank(saved, opened, kind, dtype):
    mask = np.zeros((8, 12), bool)
    assert np.array_equal(opened(np.ma.masked_array(ramp(dtype), mask), compress=kind).read(), ramp(dtype))
    assert np.array_equal(opened(np.ma.masked_array(ramp(dtype)), compress=kind).read(), ramp(dtype))
    mask[3, 4] = True
    with pytest.raises(ValueError, match="blank"):
        saved(np.ma.masked_array(ramp(dtype), mask), compress=kind)
    hdu = opened(ramp(dtype), "r+", compress=kind)
    with pytest.raises(ValueError, match="blank"):
        hdu.write(np.ma.masked_array(ramp(dtype), mask))
    with pytest.raises(ValueError, match="blank"):
        hdu[...] = np.ma.masked_array(ramp(dtype), mask)
    assert np.array_equal(hdu.read(), ramp(dtype))


@pytest.mark.parametrize("compress", [None, rf.Gzip1(), rf.Gzip2()])
def test_masked_floats_become_nan(opened, compress):
    mask = np.zeros((8, 12), bool)
    mask[3, 4] = True
    hdu = opened(np.ma.masked_array(ramp("f4"), mask), "r+", compress=compress)
    assert np.array_equal(np.isnan(hdu.read()), mask)
    hdu.write(np.ma.masked_array(ramp("f4"), mask.T.reshape(8, 12)))
    assert np.array_equal(np.isnan(hdu.read()), mask.T.reshape(8, 12))


# -- index ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key",
    [
        0,
        -1,
        np.int64(3),
        np.array(2),
        slice(2, 5),
        slice(None, None, 3),
        slice(-3, None),
        slice(5, 2),
        slice(0, 99),
        slice(100, 200),
        ...,
        (),
        (1, 2),
        (..., 3),
        (3, ...),
        (slice(1, 7, 2), slice(11, 0)),
        (..., slice(2, 3)),
        (slice(2, 3), slice(2, 3)),
        (-8, -12),
        (7, 11),
        (slice(1, -1), -2),
        (0, ..., 1),
        (1, 2, ...),
        (slice(3, 8, 4), slice(1, 12, 5)),
    ],
)
def test_indexing_agrees_with_numpy(opened, kind, key):
    pixels = ramp("u2")
    result, expected = opened(pixels, compress=kind)[key], pixels[key]
    assert type(result) is (np.ndarray if np.ndim(expected) else np.uint16)
    assert result.shape == expected.shape and result.dtype == expected.dtype and np.array_equal(result, expected)
    if result.shape:
        assert result.flags.c_contiguous and result.flags.writeable


def bad_indexes():
    for key in (8, -9, (0, 12), (0, -13), (8, slice(None)), 10**30):
        yield key, IndexError, "out of bounds"
    for key in (
        None,
        [0, 1],
        np.array([0, 1]),
        np.array([True] * 8),
        1.0,
        np.float64(1),
        (None, 0),
        ([0], 0),
        {},
        b"a",
    ):
        yield key, ValueError, "unsupported index"
    for key in (
        slice(None, None, -1),
        slice(None, None, 0),
        (0, slice(5, 1, -2)),
        (0, 0, 0),
        (slice(None),) * 3,
        (..., ...),
        (0, ..., ...),
        "a",
        "SCI",
        (0, "a"),
    ):
        yield key, ValueError, "."


@pytest.mark.parametrize("key, error, words", list(bad_indexes()))
def test_bad_indexes_are_refused_for_reading_and_writing(opened, kind, key, error, words):
    hdu = opened(ramp("i2"), "r+", compress=kind)
    with pytest.raises(error, match=words):
        hdu[key]
    with pytest.raises(error, match=words):
        hdu[key] = 0
    assert np.array_equal(hdu.read(), ramp("i2"))


# -- writing ----------------------------------------------------------------------------------------------------------


@for_each_kind(BITPIX)
def test_write_takes_stored_and_scaled_types_in_any_byte_order(opened, kind, dtype):
    pixels = ramp(dtype)
    hdu = opened(np.zeros_like(pixels), "r+", compress=kind)
    given = pixels.astype(pixels.dtype.newbyteorder(">"))
    copy = given.copy()
    hdu.write(given)
    assert np.array_equal(hdu.read(), pixels) and np.array_equal(given, copy)
    unaligned = np.frombuffer(b"x" + pixels.tobytes(), "u1")[1:].view(pixels.dtype).reshape(8, 12)
    hdu.write(np.zeros_like(pixels))
    hdu.write(unaligned)
    assert np.array_equal(hdu.read(), pixels)
    if dtype in STORED:
        stored = ramp(STORED[dtype])
        hdu.write(stored)
        assert np.array_equal(hdu.read(scale=False), stored)


@pytest.mark.parametrize("given", ["u1", "i4", "i8", "f4", "f8", "c8", "?"])
def test_other_types_are_refused_and_nothing_written(opened, kind, given):
    for dtype, words in (("i2", "dtype.*does not match"), ("u2", "BITPIX=16.*scaled 'u2'")):
        pixels = ramp(dtype)
        hdu = opened(pixels, "r+", compress=kind)
        with pytest.raises(ValueError, match=words):
            hdu.write(np.zeros((8, 12), given))
        with pytest.raises(ValueError, match=words):
            hdu[...] = np.zeros((8, 12), given)
        assert np.array_equal(hdu.read(), pixels)
        hdu.write(pixels[::-1].copy())  # not tainted
        assert np.array_equal(hdu.read(), pixels[::-1])


def test_refused_type_is_explained_on_plain_images(opened):
    with pytest.raises(
        ValueError, match=r"data dtype \(f4\) does not match HDU BITPIX=16 \(expected 'i2' or scaled 'u2'\)"
    ):
        opened(ramp("u2"), "r+").write(np.zeros((8, 12), "f4"))


@pytest.mark.parametrize("shape", [(8,), (1, 8, 12), (8, 13), (9, 12), (96,), ()])
def test_writing_other_shapes_is_refused(opened, kind, shape):
    hdu = opened(ramp("i2"), "r+", compress=kind)
    words = "shape" if kind is not None else "axes" if len(shape) != 2 else "exceeds HDU dim"
    with pytest.raises(ValueError, match=words):
        hdu.write(np.zeros(shape, "i2"))
    assert np.array_equal(hdu.read(), ramp("i2"))


def test_blocks_are_written_from_their_start_and_must_fit(opened):
    hdu, expected = opened(ramp("i4"), "r+"), ramp("i4")
    hdu.write(np.full((2, 3), -5, "i4"), start=(4, 5))
    expected[4:6, 5:8] = -5
    assert np.array_equal(hdu.read(), expected)
    hdu.write(np.full((1, 12), -6, "i4"), start=[7, 0])
    expected[7] = -6
    hdu.write(np.full((3, 3), -7, "i4"))  # a corner
    expected[:3, :3] = -7
    hdu.write(np.full((1, 1), -8, "i4"), start=np.array([7, 11]))
    expected[7, 11] = -8
    hdu.write(np.empty((0, 12), "i4"), start=(8, 0))
    assert np.array_equal(hdu.read(), expected)
    for start, words in (
        ((-1, 0), "must be >= 0"),
        ((0, 11), "exceeds HDU dim"),
        ((7, 0), "exceeds HDU dim"),
        ((0,), "start"),
        ((0, 0, 0), "start"),
    ):
        with pytest.raises(ValueError, match=words):
            hdu.write(np.zeros((2, 2), "i4"), start=start)
    for start in (5, 1.5, (0.5, 0), "ab"):
        with pytest.raises(TypeError):
            hdu.write(np.zeros((2, 2), "i4"), start=start)
    assert np.array_equal(hdu.read(), expected)


@pytest.mark.parametrize("start", [0, 1.5, "00", object()])
def test_block_writes_want_a_start_for_each_axis(opened, start):
    hdu = opened(ramp("i2"), "r+")
    with pytest.raises(TypeError, match="HDU 0: start must be a sequence of ints"):
        hdu.write(np.zeros((2, 2), "i2"), start=start)
    with pytest.raises(TypeError, match="float"):
        hdu.write(np.zeros((2, 2), "i2"), start=(0, 1.0))
    assert np.array_equal(hdu.read(), ramp("i2"))


def test_plain_writes_want_contiguous_arrays(opened):
    hdu = opened(ramp("i4"), "r+")
    for data in (np.zeros((12, 8), "i4").T, np.zeros((8, 24), "i4")[:, ::2]):
        with pytest.raises(ValueError, match="C-contiguous"):
            hdu.write(data)


def test_created_and_compressed_images_take_any_layout(opened, kind):
    pixels = ramp("i4", (12, 8))
    for view in (pixels.T, np.asfortranarray(pixels.T), pixels.T[::-1, ::-1], ramp("i4", (16, 36))[::2, ::3]):
        hdu = opened(view, "r+", compress=kind)
        assert np.array_equal(hdu.read(), view)
        if kind is not None:
            hdu.write(view[::-1])
            assert np.array_equal(hdu.read(), view[::-1])


def test_assignment_broadcasts_as_in_numpy(opened):
    hdu, expected = opened(ramp("u2"), "r+"), ramp("u2")
    keys_and_values = [
        (3, 50000),
        ((1, 2), np.uint16(65535)),
        ((slice(2, 6), slice(1, 12, 3)), np.arange(16, dtype="u2").reshape(4, 4)),
        ((..., 5), np.array(7)),
        ((slice(0, 8, 3), slice(None)), np.arange(12, dtype="u2")),
        ((0, slice(0, 2)), 0),
        (-1, np.arange(12, dtype=">u2")),
        ((7, 11), True),
        (slice(2, 3), np.full((1, 12), 9, "u2")),
    ]
    for key, value in keys_and_values:
        hdu[key] = value
        expected[key] = value
        assert np.array_equal(hdu.read(), expected), key
    for key in (slice(3, 3), (slice(None), slice(20, 30))):
        hdu[key] = "whatever"  # with an empty selection the value is ignored
    assert np.array_equal(hdu.read(), expected)


@pytest.mark.parametrize(
    "shape, key",
    [
        ((1500, 1000), np.s_[:, 200:700]),  # rows with short gaps: more than one piece of the file
        ((1500, 1000), np.s_[3:, 1::3]),
        ((60, 50_000), np.s_[5:50, 7:40]),  # gaps too long to be rewritten
        ((60, 50_000), np.s_[::7]),
        ((2, 3, 300, 400), np.s_[:, 1, 20:200:3, 50:60]),
        ((2_500_000,), np.s_[11:2_400_000:7]),  # one run longer than a piece
        ((2_500_000,), np.s_[5:-5]),
        ((2, 1_200_000), np.s_[1, ::1_000_000]),
        ((2, 1_200_000), np.s_[:, 3::400_001]),
    ],
)
def test_assignment_to_large_sections_leaves_all_other_pixels(opened, shape, key, rng):
    pixels = rng.integers(0, 1 << 16, shape).astype("f4")
    hdu = opened(pixels, "r+")
    for value in (7, rng.random(pixels[key].shape, "f4")):
        hdu[key] = value
        pixels[key] = value
        assert np.array_equal(hdu.read(), pixels)


@pytest.mark.parametrize(
    "dtype, value, error",
    [
        ("u2", -1, (OverflowError, ValueError)),
        ("u2", 65536, (OverflowError, ValueError)),
        ("i1", 128, (OverflowError, ValueError)),
        ("i1", -129, (OverflowError, ValueError)),
        ("u1", 300, (OverflowError, ValueError)),
        ("i4", 2**40 + 7, (OverflowError, ValueError)),
        ("i4", 1.9, TypeError),
        ("i2", "x", TypeError),
        ("i2", None, TypeError),
        ("u8", 2**64, (OverflowError, ValueError)),
        ("f4", "x", (TypeError, ValueError)),
        ("f8", 1j, TypeError),
    ],
)
@pytest.mark.parametrize("compress", [None, "GZIP_1"])
def test_numbers_that_pixels_cannot_hold_are_refused(opened, dtype, value, error, compress):
    pixels = ramp(dtype)
    hdu = opened(pixels, "r+", compress=compress)
    with pytest.raises(error):
        hdu[...] = value
    assert np.array_equal(hdu.read(), pixels)


@pytest.mark.parametrize(
    "dtype, value", [("u2", 50000), ("i1", -5), ("u8", 2**64 - 1), ("i8", -(2**63)), ("f4", 1.5), ("f8", 3)]
)
@pytest.mark.parametrize("compress", [None, "GZIP_1"])
def test_assigned_numbers_are_physical_values(opened, dtype, value, compress):
    hdu = opened(ramp(dtype), "r+", compress=compress)
    hdu[...] = value
    assert (hdu.read() == np.array(value, dtype)).all()


@pytest.mark.parametrize("shape", [(2, 3), (4,), (3, 2, 4), (8, 12)])
def test_assigned_arrays_must_have_the_shape_of_the_selection(opened, shape):
    hdu = opened(ramp("i2"), "r+")
    with pytest.raises(ValueError, match="shape"):
        hdu[0:3, 0:5] = np.zeros(shape, "i2")


def test_data_are_found_after_a_grown_header(opened):
    hdu = opened(ramp("i2"), "r+")
    hdu.header.update({f"KEY{i}": i for i in range(80)})
    hdu[3, 3] = -77
    assert hdu[3, 3] == -77 and hdu[0, 1] == 1
    for i in range(80):
        del hdu.header[f"KEY{i}"]
    assert hdu[3, 3] == -77
    with rf.FITS(hdu._directory.handle.path) as fits:
        assert fits[0][3, 3] == -77


def test_only_the_requested_pixels_are_read(tmp_path):
    """A sparse file of 8 GiB: a cut-out must not touch the rest."""
    path = tmp_path / "big.fits"
    with rf.FITS(path, "w+") as fits:
        fits.create_image_hdu("f4", (1, 1))
    raw = bytearray(path.read_bytes()[:2880])
    for number in (1, 2):
        at = raw.index(f"NAXIS{number}  =".encode())
        raw[at : at + 30] = f"NAXIS{number}  = {46340:>20}".encode()
    path.write_bytes(raw)
    with open(path, "r+b") as file:
        file.truncate(2880 + -(-46340 * 46340 * 4 // 2880) * 2880)
    with rf.FITS(path) as fits:
        assert fits[0].shape == (46340, 46340)
        assert np.array_equal(fits[0][46330:, 46330:], np.zeros((10, 10)))
        assert np.array_equal(fits[0][::5000, ::5000], np.zeros((10, 10)))


@pytest.mark.parametrize("ndim", [7, 20, 21, 40, 64])
def test_any_number_of_axes_up_to_the_limit_of_numpy(tmp_path, ndim):
    """cfitsio's fits_create_img keeps 20 axes and writes undefined memory for the others."""
    if ndim > 32 and np.lib.NumpyVersion(np.__version__) < "2.0.0":
        pytest.skip("this numpy has at most 32 axes")
    pixels = np.arange(240, dtype="i2").reshape((2, 3, *(1,) * (ndim - 5), 2, 4, 5))
    with rf.FITS(tmp_path / "a.fits", "w+") as fits:
        fits.write_image(pixels)
    with rf.FITS(tmp_path / "a.fits") as fits:
        assert fits[0].shape == pixels.shape and np.array_equal(fits[0].read(), pixels)
        assert np.array_equal(fits[0][1, 0:2, ..., 3], pixels[1, 0:2, ..., 3])


def test_more_axes_than_numpy_has_are_refused_by_name(tmp_path):
    cards = ["SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   =                   65"]
    cards += [f"NAXIS{axis:<3d}=                    1" for axis in range(1, 66)]
    header = "".join(f"{card:<80}" for card in [*cards, "END"])
    path = tmp_path / "a.fits"
    path.write_bytes(header.encode().ljust(2 * 2880) + bytes(2880))
    with rf.FITS(path) as fits:
        assert fits[0].ndim == 65
        for read in (fits[0].read, lambda: fits[0][..., 0]):
            with pytest.raises(ValueError, match=r"a\.fits, HDU 0: 65 axes; an array has at most 64"):
                read()


@pytest.mark.parametrize("nthreads", [1, 3])
@pytest.mark.parametrize("compress", [None, rf.Rice1()], ids=["plain", "compressed"])
def test_the_file_that_the_system_refuses_to_read_is_named_with_the_reason(tmp_path, monkeypatch, compress, nthreads):
    path = tmp_path / "a.fits"
    with rf.FITS(path, "w+") as fits:
        fits.write_image(np.zeros((600, 700), "i2"), compress=compress)
    folder = os.open(tmp_path, os.O_RDONLY)
    rf.set_num_threads(nthreads)
    try:
        with rf.FITS(path) as fits:
            fits[-1][0, 0]
            source = ffi.new("rf_source *", {"fd": folder})
            monkeypatch.setattr(FileHandle, "held", lambda handle: source)
            with pytest.raises(rf.FITSError, match=os.strerror(errno.EISDIR)) as caught:
                fits[-1][1:500:2, 3:]
        assert caught.value.errno == errno.EISDIR and caught.value.filename == str(path)
    finally:
        rf.set_num_threads(None)
        os.close(folder)


@pytest.mark.parametrize("step", [2**31, 2**63, 2**64, 2**70])
@pytest.mark.parametrize("compress", [None, rf.Rice1(tile_shape=(3, 5))], ids=["plain", "compressed"])
def test_steps_may_exceed_the_integers_of_c(tmp_path, compress, step):
    pixels = ramp("i2")
    with rf.FITS(tmp_path / "a.fits", "w+") as fits:
        hdu = fits.write_image(pixels, compress=compress)
        assert np.array_equal(hdu[3::step, ::step], pixels[3:4, :1])
        assert np.array_equal(hdu[2, 1::step], pixels[2, 1:2]) and hdu[9::step].shape == (0, 12)


@pytest.mark.parametrize("compress", [None, "RICE_1"])
def test_cutouts_are_the_same_for_every_form_of_index(tmp_path, rng, compress):
    """A file opened for reading uses a shortcut for plain slices, from the second read on."""
    image = rng.integers(-500, 500, (90, 70)).astype("i4")
    with rf.FITS(tmp_path / "a.fits", "w+") as fits:
        fits.write_image(image, compress=compress)
    with rf.FITS(tmp_path / "a.fits") as fits:
        hdu = fits[-1]
        for _ in range(200):
            y, x = (slice(*sorted(rng.integers(-100, 100, 2).tolist())) for _ in range(2))
            ones, tail = slice(y.start, y.stop, 1), slice(x.start, None)
            for key in ((y, x), (ones, x), (..., y, x), (slice(None, y.stop), x), (y, tail)):
                got, expected = hdu[key], image[key]
                assert got.shape == expected.shape and got.dtype == image.dtype and np.array_equal(got, expected)
                assert got.flags.owndata and got.flags.writeable
        with pytest.raises(ValueError, match="step"):
            hdu[0:5:0, 0:5]
        with pytest.raises(ValueError, match="step"):
            hdu[5:0:-1, 0:5]
