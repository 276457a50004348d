"""Sections of plain images read by C, and pixels scaled by it, against numpy on the same bytes."""

import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from rustfits_cffi.errors import TruncatedError
from rustfits_cffi.native.cfitsio.handle import CfitsioFile
from rustfits_cffi.native.pixels import scale_pixels
from rustfits_cffi.native.plain_image import PlainImage
from rustfits_cffi.native.source import MemorySource

hypothesis = pytest.importorskip("hypothesis", reason="hypothesis is not installed")
from hypothesis import strategies as st  # noqa: E402

STORED = {8: "u1", 16: "i2", 32: "i4", 64: "i8", -32: "f4", -64: "f8"}
UNSIGNED = {8: "i1", 16: "u2", 32: "u4", 64: "u8"}
KINDS = [(bitpix, out) for bitpix in STORED for out in ("stored", "unsigned", "double") if bitpix > 0 or out[0] != "u"]
SETTINGS = hypothesis.settings(max_examples=300, suppress_health_check=list(hypothesis.HealthCheck))
DATA_START = 2880
MOST_NPIX = 700_000  # of 8 bytes: more than a thread takes at a time


@pytest.fixture(scope="module", params=["file", "memory", "pieces"])
def raw(fuzz_round, request):
    """``(source, bytes)`` of a file with any bits after its header; it is read from disk or from memory."""
    data = np.random.default_rng([fuzz_round, 3]).bytes(DATA_START + 8 * MOST_NPIX)
    if request.param != "file":
        cuts = [0, len(data)] if request.param == "memory" else [0, 2881, 50_001, 50_001, 400_002, len(data)]
        yield MemorySource((a, data[a:b]) for a, b in pairwise(cuts)), data
        return
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "raw")
        path.write_bytes(data)
        handle = CfitsioFile(str(path), "r")
        yield handle, data
        handle.close()


def make(handle, shape, bitpix, out, bscale=1.0, bzero=0.0):
    dtype = {"stored": STORED, "unsigned": UNSIGNED}.get(out, dict.fromkeys(STORED, "f8"))[bitpix]
    return PlainImage(handle, "a.fits", DATA_START, shape, bitpix, np.dtype(dtype), out, bscale=bscale, bzero=bzero)


def expected(data, shape, bitpix, out, bscale=1.0, bzero=0.0):
    """The image as numpy reads it, with one rounding after the product and one after the sum."""
    stored = np.frombuffer(data, np.dtype(STORED[bitpix]).newbyteorder(">"), int(np.prod(shape)), DATA_START)
    stored = stored.astype(STORED[bitpix]).reshape(shape)
    if out == "unsigned":
        bits = f"u{stored.itemsize}"
        sign = np.array(1 << (8 * stored.itemsize - 1), bits)
        return (stored.view(bits) ^ sign).view(UNSIGNED[bitpix])
    if out == "double":
        with np.errstate(all="ignore"):
            return stored.astype("f8") * bscale + bzero
    return stored


def same(a, b):
    """Whether two arrays are equal to the last bit, except for the kind of NaN."""
    return a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


@st.composite
def sections(draw):
    """``(shape, start, count, step)`` of 1 to 5 axes: some long enough to be cut, some with gaps too long to read."""
    ndim = draw(st.integers(1, 5))
    most = {1: MOST_NPIX, 2: 600, 3: 70, 4: 24, 5: 12}[ndim]
    shape = tuple(draw(st.lists(st.integers(1, most), min_size=ndim, max_size=ndim)))
    parts = []
    for length in shape:
        if draw(st.booleans()):
            parts.append((0, length, 1))
            continue
        start = draw(st.integers(0, length - 1))
        step = draw(st.sampled_from([1, 1, 2, 3, 7, 255, 257, 1023, 1025, 4096]))
        parts.append((start, draw(st.integers(1, (length - 1 - start) // step + 1)), step))
    return shape, *zip(*parts, strict=True)


numbers = st.floats(-1e6, 1e6) | st.sampled_from([1.0, 0.0, -1.0, 1e300, 5e-324])


@SETTINGS
@hypothesis.given(section=sections(), kind=st.sampled_from(KINDS), scaling=st.tuples(numbers, numbers),
                  nthreads=st.integers(1, 4))
def test_any_section_of_any_type_equals_numpy(raw, section, kind, scaling, nthreads):
    handle, data = raw
    shape, start, count, step = section
    key = tuple(slice(a, a + (n - 1) * s + 1, s) for a, n, s in zip(start, count, step, strict=True))
    pixels = make(handle, shape, *kind, *scaling).read(start, count, step, nthreads=nthreads)
    assert same(pixels, expected(data, shape, *kind, *scaling)[key])


@pytest.mark.parametrize("bitpix, out", KINDS)
def test_long_lines_and_long_strides_of_every_type_equal_numpy(raw, bitpix, out):
    handle, data = raw
    what = (MOST_NPIX,), bitpix, out, 0.1, -3.7
    image, whole = make(handle, *what), expected(data, *what)
    for first, count in ((0, MOST_NPIX), (17, 1), (5, 8192), (5, 8193), (MOST_NPIX - 1, 1)):
        assert same(image.read_line(first, count), whole[first : first + count])
    for step in (2, 3, 64, 256, 257, 2048, 2049, MOST_NPIX):
        part = whole[1::step]
        for nthreads in (1, 3):
            assert same(image.read((1,), (part.size,), (step,), nthreads=nthreads), part), step


@pytest.mark.parametrize("out", ["stored", "unsigned", "double"])
def test_a_file_that_ends_within_the_pixels_is_truncated(raw, out):
    image = make(raw[0], (8 * MOST_NPIX,), 16, out)
    with pytest.raises(TruncatedError):
        image.read_line(4 * MOST_NPIX - 10, 11)
    for nthreads in (1, 2):
        for step in (1, 3, 5000):
            with pytest.raises(TruncatedError):
                image.read((0,), ((8 * MOST_NPIX - 1) // step + 1,), (step,), nthreads=nthreads)


def test_empty_axes_read_nothing(raw):
    for out in ("stored", "double"):
        assert make(raw[0], (4, 5), 16, out).read((0, 1), (0, 3), (1, 1)).shape == (0, 3)


@pytest.mark.parametrize("bitpix, out", KINDS)
def test_pixels_in_memory_are_scaled_as_those_in_files(raw, bitpix, out):
    for npix in (0, 1, 65_535, 65_536, 200_001):
        stored, wanted = (expected(raw[1], (npix,), bitpix, form, 0.1, -3.7) for form in ("stored", out))
        for nthreads in (1, 3):
            found = np.empty_like(wanted)
            scale_pixels(stored, found, bitpix, out, 0.1, -3.7, nthreads=nthreads)
            assert same(found, wanted)


def test_scaled_pixels_need_a_result_of_their_size(raw):
    with pytest.raises(ValueError, match="not 10 pixels"):
        scale_pixels(np.zeros(10, "i2"), np.zeros(9), 16, "double", 2.0, 0.0, nthreads=1)
