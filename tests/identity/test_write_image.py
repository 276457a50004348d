"""Whole files of `write_image` against cfitsio's own serial calls on the same array.

Matrix: codec x pixel type x {1-D, 2-D, 3-D} x {default tiles, given tiles with ragged edges} x, for floats, {lossless,
each dither method, several levels and seeds} x {finite, with NaN and infinities, constant tiles, tiny tiles, values
that cannot be quantized}.
"""

import zlib

import numpy as np
import pytest

import rustfits_cffi as rf
from rustfits_cffi import reference

SHAPES = {1: (173,), 2: (31, 45), 3: (3, 17, 23)}
TILES = {1: (50,), 2: (8, 12), 3: (2, 8, 9)}
INTEGERS = ["u1", "i1", "i2", "u2", "i4", "u4"]
FLOATS = ["f4", "f8"]


def seeded(*words):
    return np.random.default_rng(zlib.crc32(repr(words).encode()))


def integer_pixels(dtype, shape, codec):
    """Noise on a slope, with a flat part, and the limits of the type where the codec can store them."""
    rng = seeded("integers", dtype, shape)
    limits = np.iinfo(dtype)
    middle = 100 if dtype in ("u1", "i1") else 1000
    pixels = rng.normal(middle, 12, shape) + np.arange(shape[-1]) * 0.3
    pixels = np.clip(np.rint(pixels), 0 if codec == "PLIO_1" else limits.min, limits.max).astype(dtype)
    pixels[..., 20:32] = 7
    if codec not in ("PLIO_1", "HCOMPRESS_1"):
        pixels.flat[3], pixels.flat[4] = limits.min, limits.max
    return pixels


def float_pixels(dtype, shape, content):
    rng = seeded("floats", dtype, shape, content)
    pixels = rng.normal(50, 3, shape) + np.arange(shape[-1]) * 0.1
    pixels[..., 10:14] = 0.0
    if content == "not finite":
        pixels[..., 5] = np.nan
        pixels.flat[shape[-1] // 2] = np.inf
        pixels.flat[-1] = -np.inf
    elif content == "constant tiles":
        pixels[: max(1, shape[0] // 2)] = 3.25
    elif content == "cannot be quantized":
        pixels.flat[7] = 1e30
    elif content == "integers":
        pixels = np.rint(pixels)
    return pixels.astype(dtype)


def configs(codec, ndim):
    """The codec with its default tiles and with given ones."""
    cls = {"RICE_1": rf.Rice1, "GZIP_1": rf.Gzip1, "GZIP_2": rf.Gzip2, "PLIO_1": rf.Plio1, "HCOMPRESS_1": rf.Hcompress1}
    return [cls[codec](), cls[codec](tile_shape=TILES[ndim])]


def assert_same_file(tmp_path, pixels, **options):
    """Write with us and with cfitsio, and compare every byte."""
    ours, theirs = tmp_path / "ours.fits", tmp_path / "cfitsio.fits"
    with rf.FITS(ours, "w+") as fits:
        fits.write_image(pixels, **options)
    reference.write_image(theirs, pixels, **options)
    assert ours.read_bytes() == theirs.read_bytes(), str(reference.compare(ours, theirs))


def cases():
    for dtype in INTEGERS:
        for ndim in SHAPES:
            for codec in ("RICE_1", "GZIP_1", "GZIP_2", "PLIO_1", "HCOMPRESS_1"):
                if codec == "PLIO_1" and dtype not in ("u1", "i2", "i4"):
                    continue
                if codec == "HCOMPRESS_1" and ndim != 2:
                    continue
                for config in configs(codec, ndim):
                    yield pytest.param(dtype, ndim, config, id=f"{dtype}-{ndim}d-{codec}-{config.tile_shape}")


@pytest.mark.parametrize("dtype, ndim, config", list(cases()))
def test_compressed_integers_equal_cfitsios_file(tmp_path, dtype, ndim, config):
    assert_same_file(tmp_path, integer_pixels(dtype, SHAPES[ndim], config.zcmptype), compress=config)


@pytest.mark.parametrize("scale", [1, 3, 16])
@pytest.mark.parametrize("dtype", ["u1", "i2", "u2", "i4"])
def test_lossy_hcompress_equals_cfitsios_file(tmp_path, dtype, scale):
    pixels = integer_pixels(dtype, SHAPES[2], "HCOMPRESS_1")
    assert_same_file(tmp_path, pixels, compress=rf.Hcompress1(scale=scale, smooth=scale == 3))


@pytest.mark.parametrize("heap_format", ["P", "Q"])
@pytest.mark.parametrize("content", ["finite", "not finite"])
@pytest.mark.parametrize("ndim", SHAPES)
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("codec", [rf.Gzip1, rf.Gzip2])
def test_lossless_floats_equal_cfitsios_file(tmp_path, codec, dtype, ndim, content, heap_format):
    pixels = float_pixels(dtype, SHAPES[ndim], content)
    assert_same_file(tmp_path, pixels, compress=codec(tile_shape=TILES[ndim], heap_format=heap_format))


CONTENTS = ["finite", "not finite", "constant tiles", "cannot be quantized", "integers"]
QUANTIZE = [
    rf.Quantize(),
    rf.Quantize(level=16, method="no_dither"),
    rf.Quantize(level=1.5, method="dither2", seed=777),
    rf.Quantize(level=-0.25, method="dither1", seed=10000),
    rf.Quantize(level=-2, method="dither2"),
    rf.Quantize(level=0, method="dither1"),
]


def quantized_cases():
    for codec in ("RICE_1", "GZIP_1", "GZIP_2", "HCOMPRESS_1"):
        for ndim in SHAPES:
            if codec == "HCOMPRESS_1" and ndim != 2:
                continue
            for number, config in enumerate(configs(codec, ndim)):
                for quantize in QUANTIZE:
                    if codec == "HCOMPRESS_1" and quantize.method == "dither2":
                        continue
                    yield pytest.param(
                        config, quantize, ndim, id=f"{codec}-{ndim}d-{'given' if number else 'default'}-{quantize}"
                    )


@pytest.mark.parametrize("config, quantize, ndim", list(quantized_cases()))
def test_quantized_floats_equal_cfitsios_file(tmp_path, config, quantize, ndim):
    for content in CONTENTS:
        for dtype in FLOATS:
            pixels = float_pixels(dtype, SHAPES[ndim], content)
            assert_same_file(tmp_path, pixels, compress=config, quantize=quantize)


@pytest.mark.parametrize("shape", [(1,), (3,), (8,), (1, 1), (2, 3), (1, 9), (9, 1), (2, 2, 2)])
@pytest.mark.parametrize("config", [rf.Rice1(), rf.Gzip1(), rf.Gzip2()])
def test_tiny_images_equal_cfitsios_file(tmp_path, config, shape):
    rng = seeded("tiny", shape)
    assert_same_file(tmp_path, rng.integers(-99, 99, shape).astype("i4"), compress=config)
    assert_same_file(tmp_path, rng.normal(size=shape).astype("f4"), compress=config, quantize=rf.Quantize())


@pytest.mark.parametrize("ndim", [4, 5, 6])
def test_four_to_six_axes_equal_cfitsios_file(tmp_path, ndim):
    shape = (2, 3, 2, 4, 5, 6)[-ndim:]
    rng = seeded("axes", ndim)
    tiles = (1, 2, 2, 2, 3, 4)[-ndim:]
    for config in (rf.Rice1(), rf.Gzip2(tile_shape=tiles)):
        assert_same_file(tmp_path, rng.integers(0, 999, shape).astype("i2"), compress=config)
        pixels = rng.normal(size=shape)
        pixels.flat[5] = np.nan
        assert_same_file(tmp_path, pixels, compress=config, quantize=rf.Quantize(method="dither2"))


@pytest.mark.parametrize("dtype", [*INTEGERS, "i8", "u8", *FLOATS])
@pytest.mark.parametrize("ndim", SHAPES)
def test_plain_images_equal_cfitsios_file(tmp_path, dtype, ndim):
    assert_same_file(tmp_path, seeded(dtype, ndim).integers(0, 100, SHAPES[ndim]).astype(dtype))


def test_blank_and_zblank_stand_where_cfitsio_has_them(tmp_path):
    pixels = integer_pixels("i2", SHAPES[2], "RICE_1")
    assert_same_file(tmp_path, pixels, blank=-32768)
    assert_same_file(tmp_path, pixels, compress=rf.Rice1(), blank=-32768)


def test_a_header_can_outgrow_its_block_before_a_fallback_column(tmp_path):
    """The cards of the column for tiles that cannot be quantized come last, and the header has to grow for them."""
    pixels = float_pixels("f4", SHAPES[2], "constant tiles")
    with rf.FITS(tmp_path / "a.fits", "w+") as fits:
        hdu = fits.write_image(
            pixels, compress=rf.Rice1(), quantize=rf.Quantize(), header={f"KEY{i}": i for i in range(11)}
        )
        assert hdu.header.cards[-3].startswith("TTYPE4  = 'GZIP_COMPRESSED_DATA'")
    assert np.array_equal(rf.read(tmp_path / "a.fits")[0], pixels[0])
