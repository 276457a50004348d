"""Any index on any image gives the same as numpy on the array: random shapes, tiles, codecs, types and keys."""

import tempfile
from pathlib import Path

import numpy as np
import pytest

import rustfits_cffi as rf

hypothesis = pytest.importorskip("hypothesis", reason="hypothesis is not installed")
from hypothesis import strategies as st  # noqa: E402

SETTINGS = hypothesis.settings(
    max_examples=120, deadline=None, suppress_health_check=list(hypothesis.HealthCheck)
)


@pytest.fixture(scope="module")
def folder():
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@st.composite
def shapes(draw, longest=5, least=1):
    ndim = draw(st.integers(1, longest))
    most = {1: 400, 2: 40, 3: 14, 4: 7, 5: 5, 6: 4}[ndim]
    return tuple(draw(st.lists(st.integers(least, most), min_size=ndim, max_size=ndim)))


@st.composite
def images(draw):
    """``(pixels, compress)``: 1 to 6 axes, plain or in tiles of any shape."""
    shape = draw(shapes(longest=6))
    dtype = draw(st.sampled_from(["u1", "i1", "i2", "u2", "i4", "u4", "i8", "f4", "f8"]))
    pixels = np.random.default_rng(draw(st.integers(0, 99))).integers(0, 120, shape).astype(dtype)
    codecs = [None, rf.Gzip1, rf.Gzip2]
    if dtype[0] != "f" and dtype != "i8":
        codecs.append(rf.Rice1)
        if dtype in ("u1", "i2", "i4"):
            codecs.append(rf.Plio1)
    codec = draw(st.sampled_from(codecs))
    if codec is None:
        return pixels, None
    tiles = tuple(draw(st.integers(1, length + 2)) for length in shape)
    return pixels, codec(tile_shape=draw(st.sampled_from([None, tiles, tiles])))


@st.composite
def keys(draw, shape):
    """Keys that both numpy and we accept: integers, slices with steps of 1 or more, an ellipsis, omitted axes."""
    parts = []
    for length in shape[: draw(st.integers(0, len(shape)))]:
        bound = st.none() | st.integers(-length - 2, length + 2)
        part = st.integers(-length, length - 1) | st.builds(slice, bound, bound, st.none() | st.integers(1, length + 1))
        parts.append(draw(part))
    if draw(st.booleans()):
        position = draw(st.integers(0, len(parts)))
        # the parts after the ellipsis index the last axes, whose lengths differ
        after = [slice(None, None, draw(st.integers(1, 3))) for _ in parts[position:]]
        parts[position:] = [..., *after]
    return parts[0] if len(parts) == 1 and draw(st.booleans()) else tuple(parts)


@SETTINGS
@hypothesis.given(data=st.data())
def test_any_index_reads_as_numpy_does(folder, data):
    pixels, compress = data.draw(images())
    with rf.FITS(folder / "a.fits", "w+") as fits:
        hdu = fits.write_image(pixels, compress=compress)
        if data.draw(st.booleans()):
            hdu.set_tile_cache_size(0) if compress else None
        for _ in range(4):
            key = data.draw(keys(pixels.shape))
            result, expected = hdu[key], pixels[key]
            assert result.shape == expected.shape and result.dtype == expected.dtype, key
            assert np.array_equal(result, expected), key
    with rf.FITS(folder / "a.fits") as fits:
        hdu = fits[hdu.index]
        assert np.array_equal(hdu[key], pixels[key]) and np.array_equal(hdu.read(), pixels)


@SETTINGS
@hypothesis.given(data=st.data())
def test_any_index_assigns_as_numpy_does(folder, data):
    shape = data.draw(shapes())
    dtype = data.draw(st.sampled_from(["u1", "u2", "i4", "f8"]))
    pixels = np.zeros(shape, dtype)
    with rf.FITS(folder / "b.fits", "w+") as fits:
        hdu = fits.write_image(pixels)
        fits.write_image(np.arange(5))
        for number in range(1, 4):
            key = data.draw(keys(shape))
            target = pixels[key]
            if data.draw(st.booleans()):
                value = number
            else:
                value = (np.arange(target.size) % 100 + number).reshape(target.shape).astype(dtype)
            hdu[key] = value
            pixels[key] = value
            assert np.array_equal(hdu.read(), pixels), key
        assert np.array_equal(fits[1].read(), np.arange(5))


@pytest.mark.filterwarnings("ignore:HCOMPRESS_1 is not combined")
@SETTINGS
@hypothesis.given(data=st.data())
def test_sections_of_lossy_images_equal_those_of_the_whole(folder, data):
    """Sections are compared with the decoded whole, as it differs from what was written."""
    shape = data.draw(st.tuples(st.integers(8, 40), st.integers(8, 40)))
    pixels = np.random.default_rng(data.draw(st.integers(0, 99))).normal(50, 4, shape).astype("f4")
    pixels[data.draw(st.integers(0, 7)), :3] = np.nan
    compress = data.draw(
        st.sampled_from([rf.Hcompress1(), rf.Hcompress1(scale=4, smooth=True), rf.Rice1(tile_shape=(7, 9))])
    )
    quantize = rf.Quantize(
        method=data.draw(st.sampled_from(["no_dither", "dither1", "dither2"])), seed=data.draw(st.integers(1, 10000))
    )
    with rf.FITS(folder / "c.fits", "w+") as fits:
        try:
            hdu = fits.write_image(pixels, compress=compress, quantize=quantize)
        except ValueError as error:
            assert "minimum of 4" in str(error)
            hypothesis.reject()
        whole = hdu.read()
        for _ in range(3):
            key = data.draw(keys(shape))
            assert np.array_equal(hdu[key], whole[key], equal_nan=True), key
