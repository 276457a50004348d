"""HCOMPRESS coder: shape x transform (32, 64 bits) x scale x smoothing x data against cfitsio's fits_hcompress family.

Streams are made by cfitsio's own encoder and compared byte for byte, images pixel by pixel. Cut and damaged streams go
to our decoder, in buffers that end at a guard page; those that it accepts must give the same pixels in cfitsio. This
excludes sides of 1: cfitsio's decoder then writes beyond its own scratch, and turns a single pixel into 0.
"""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rustfits_cffi.native._lib import ffi, lib

STATUSES = {lib.RF_OK, lib.RF_EBADDATA, lib.RF_ETRUNCATED}
HEADER_NBYTES = 25
INT32 = np.iinfo(np.int32)


def cfitsio_encode(image, scale, wide):
    ny, nx = image.shape
    coded = bytearray(9 * (nx + 2) * (ny + 2) + 64)
    length, status = ffi.new("long *", len(coded)), ffi.new("int *", 0)
    out = ffi.from_buffer("char[]", coded)
    pixels = image.astype(np.int64 if wide else np.int32)  # a copy, as it is overwritten
    if wide:
        lib.fits_hcompress64(ffi.from_buffer("LONGLONG[]", pixels), nx, ny, scale, out, length, status)
    else:
        lib.fits_hcompress(ffi.from_buffer("int[]", pixels), nx, ny, scale, out, length, status)
    assert status[0] == 0
    return bytes(coded[: length[0]])


def cfitsio_decode(coded, shape, smooth, wide):
    ny, nx = shape
    pixels = np.zeros(2 * nx * ny, np.int32)
    source = ffi.from_buffer("unsigned char[]", bytearray(coded) + bytearray(16))
    size_x, size_y, scale, status = (ffi.new("int *", 0) for _ in range(4))
    if wide:
        out = ffi.cast("LONGLONG *", ffi.from_buffer(pixels))
        lib.fits_hdecompress64(source, smooth, out, nx * ny, size_x, size_y, scale, status)
    else:
        out = ffi.from_buffer("int[]", pixels)
        lib.fits_hdecompress(source, smooth, out, nx * ny, size_x, size_y, scale, status)
    assert (status[0], size_x[0], size_y[0]) == (0, nx, ny)
    return pixels[: nx * ny].reshape(shape)


def scratch(nx, ny, wide):
    return ffi.new("char[]", lib.rf_hcompress_scratch_nbytes(nx, ny, wide))


def encode(image, scale, wide, cap=None, pointer=None):
    ny, nx = image.shape
    cap = lib.rf_hcompress_bound(nx, ny, wide) if cap is None else cap
    coded = bytearray(cap)
    length = ffi.new("size_t *")
    before = image.copy()
    status = lib.rf_hcompress_encode(
        ffi.from_buffer("int32_t[]", image), nx, ny, scale, wide, pointer or ffi.from_buffer(coded), cap, length,
        scratch(nx, ny, wide),
    )  # fmt: skip
    assert np.array_equal(image, before)
    return status, bytes(coded[: length[0]])


def decode(coded, shape, smooth, wide):
    ny, nx = shape
    image = np.full(shape, -77, np.int32)
    status = lib.rf_hcompress_decode(
        ffi.from_buffer(coded), len(coded), ffi.from_buffer("int32_t[]", image), nx, ny, smooth, wide,
        scratch(nx, ny, wide),
    )  # fmt: skip
    return status, image


def sky(seed, shape, sigma, level, slope, share):
    """Noise of some sigma on a level and a slope; only a share of the pixels is not zero."""
    rng = np.random.default_rng(seed)
    image = rng.normal(level, 1, shape) * sigma + np.arange(shape[1]) * slope * sigma
    image[rng.random(shape) >= share] = 0
    return np.rint(np.clip(image, INT32.min, INT32.max)).astype(np.int32)


def narrow_enough(image, wide):
    """The image reduced to 16-bit pixels, for which the 32-bit transform is made."""
    return image if wide else np.clip(image, -(2**15), 2**16 - 1).astype(np.int32)


shapes = st.one_of(
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    st.tuples(st.integers(2, 40), st.integers(2, 40)),
    st.tuples(st.integers(2, 5), st.integers(2, 300)),
    st.tuples(st.integers(2, 300), st.integers(2, 5)),
    st.tuples(st.integers(60, 130), st.integers(60, 130)),
)
images = st.builds(
    sky,
    seed=st.integers(0, 2**32),
    shape=shapes,
    sigma=st.one_of(st.just(0.0), st.floats(-3, 31).map(lambda power: 2.0**power)),
    level=st.sampled_from([0.0, 0.0, 3.0, -100.0]),
    slope=st.sampled_from([0.0, 0.0, 0.5, -20.0]),
    share=st.sampled_from([1.0, 1.0, 0.3, 0.01]),
)
scales = st.one_of(st.sampled_from([0, 0, 1, 2, 3, 16]), st.integers(0, 5000))


@given(image=images, scale=scales, wide=st.booleans())
@settings(max_examples=400, deadline=None)
def test_bytes_equal_cfitsio(image, scale, wide):
    image = narrow_enough(image, wide)
    status, coded = encode(image, scale, wide)
    assert status == lib.RF_OK
    assert coded == cfitsio_encode(image, scale, wide)


@given(image=images, scale=scales, wide=st.booleans(), smooth=st.booleans())
@settings(max_examples=400, deadline=None)
def test_pixels_equal_cfitsio(image, scale, wide, smooth):
    if min(image.shape) < 2:  # cfitsio's decoder overruns its scratch where a quadrant is empty
        image = np.tile(image, (2, 2))
    image = narrow_enough(image, wide)
    coded = cfitsio_encode(image, scale, wide)
    status, back = decode(coded, image.shape, smooth, wide)
    assert status == lib.RF_OK
    np.testing.assert_array_equal(back, cfitsio_decode(coded, image.shape, smooth, wide))
    if scale < 2:
        np.testing.assert_array_equal(back, image)


@given(image=images)
@settings(max_examples=150, deadline=None)
@example(image=np.array([[5]], np.int32))
@example(image=np.array([[INT32.min]], np.int32))
def test_lossless_round_trip_of_any_shape(image):
    for wide in (True, False):
        pixels = narrow_enough(image, wide)
        status, coded = encode(pixels, 0, wide)
        assert status == lib.RF_OK
        assert np.array_equal(decode(coded, pixels.shape, 0, wide)[1], pixels)
        assert np.array_equal(decode(coded, pixels.shape, 1, wide)[1], pixels)


@pytest.mark.parametrize("shape", [(4, 4), (5, 7), (33, 32), (1, 64), (100, 100)])
def test_extreme_pixels_round_trip_in_64_bits(rng, shape):
    for image in (
        np.full(shape, INT32.min, np.int32),
        np.full(shape, INT32.max, np.int32),
        rng.choice(np.array([INT32.min, INT32.max], np.int32), shape),
        rng.integers(INT32.min, INT32.max, shape, dtype=np.int32, endpoint=True),
    ):
        status, coded = encode(image, 0, True)
        assert status == lib.RF_OK and len(coded) <= lib.rf_hcompress_bound(shape[1], shape[0], True)
        assert coded == cfitsio_encode(image, 0, True)
        assert np.array_equal(decode(coded, shape, 0, True)[1], image)


def test_pixels_that_overflow_32_bits_are_refused():
    image = np.full((16, 16), 2**27, np.int32)
    assert encode(image, 0, False) == (lib.RF_ELOSSY, b"")
    coded = cfitsio_encode(image, 0, False)
    assert not np.array_equal(cfitsio_decode(coded, image.shape, 0, False), image)
    assert encode(image, 0, True)[0] == lib.RF_OK


def test_pixels_just_inside_32_bits_are_coded():
    # the quick bound says no, the transform says yes: a sum just below 2 ** 31
    image = np.full((4, 4), 2**27 - 64, np.int32)
    status, coded = encode(image, 0, False)
    assert status == lib.RF_OK and coded == cfitsio_encode(image, 0, False)
    assert np.array_equal(decode(coded, image.shape, 0, False)[1], image)


@pytest.mark.parametrize("smooth", [0, 1])
def test_a_64_bit_stream_reads_with_32_bits_as_cfitsio_does(smooth):
    image = sky(4, (20, 21), 2.0**29, 0, 0, 1)
    for scale in (0, 2**24):
        coded = cfitsio_encode(image, scale, True)
        if max(coded[22:25]) <= 31:
            status, back = decode(coded, image.shape, smooth, False)
            assert status == lib.RF_OK
            np.testing.assert_array_equal(back, cfitsio_decode(coded, image.shape, smooth, False))


def test_no_pixels_and_too_many_are_refused():
    for nx, ny in ((0, 4), (4, 0), (2**31, 1), (2**40, 2**40)):
        assert lib.rf_hcompress_bound(nx, ny, 1) == 2**64 - 1
        assert lib.rf_hcompress_scratch_nbytes(nx, ny, 1) == 2**64 - 1
        assert lib.rf_hcompress_decode(bytes(99), 99, ffi.NULL, nx, ny, 0, 1, ffi.NULL) == lib.RF_EARGUMENT
        length = ffi.new("size_t *")
        out = ffi.new("uint8_t[99]")
        assert lib.rf_hcompress_encode(ffi.NULL, nx, ny, 0, 1, out, 99, length, ffi.NULL) == lib.RF_EARGUMENT


def test_other_sizes_and_headers_are_refused():
    image = sky(1, (8, 6), 5, 0, 0, 1)
    _, coded = encode(image, 0, False)
    for shape in ((6, 8), (8, 7), (7, 6), (4, 12)):
        assert decode(coded, shape, 0, False)[0] == lib.RF_ESIZE
    assert decode(b"\xdd\x98" + coded[2:], image.shape, 0, False)[0] == lib.RF_EBADDATA
    for nplanes, wide in ((33, False), (64, True), (255, True)):
        for k in range(3):
            broken = bytearray(coded)
            broken[HEADER_NBYTES - 3 + k] = nplanes
            assert decode(bytes(broken), image.shape, 0, wide)[0] == lib.RF_EBADDATA


@given(image=images, wide=st.booleans())
@settings(max_examples=80, deadline=None)
def test_exact_capacity_suffices_and_less_is_refused(arenas, image, wide):
    image = narrow_enough(image, wide)
    _, coded = encode(image, 0, wide)
    for cap in (len(coded), len(coded) + 1, len(coded) + 9):
        assert encode(image, 0, wide, cap, arenas[1].room(cap))[0] == lib.RF_OK
        assert arenas[1].taken(cap)[: len(coded)] == coded
    for cap in {len(coded) - 1, len(coded) // 2, HEADER_NBYTES, 3, 0}:
        assert encode(image, 0, wide, cap, arenas[1].room(cap))[0] == lib.RF_ENOSPACE
        arenas[1].taken(cap)


class GuardedDecoder:
    """Decodes with coded bytes and pixels at guard pages, and with canaries after the scratch."""

    def __init__(self, arenas, shape):
        self.arenas, self.shape = arenas, shape
        self.nbytes = lib.rf_hcompress_scratch_nbytes(shape[1], shape[0], 1)
        self.scratch = bytearray(b"\xa5" * (self.nbytes + 64))

    def __call__(self, coded, smooth, wide):
        ny, nx = self.shape
        source, target = self.arenas
        out = ffi.cast("int32_t *", target.room(4 * nx * ny))
        status = lib.rf_hcompress_decode(
            source.fill(coded), len(coded), out, nx, ny, smooth, wide, ffi.from_buffer(self.scratch)
        )
        assert self.scratch[self.nbytes :] == b"\xa5" * 64
        return status, np.frombuffer(target.taken(4 * nx * ny), np.int32).reshape(self.shape)


@pytest.mark.parametrize("shape", [(4, 4), (9, 13), (32, 20)])
@pytest.mark.parametrize("sigma", [0.3, 20, 2.0**29])
def test_cut_at_every_length_is_truncated_never_read_past(arenas, shape, sigma):
    image = sky(1, shape, sigma, 0, 0, 0.9)
    _, coded = encode(image, 0, True)
    guarded = GuardedDecoder(arenas, shape)
    for length in range(len(coded)):
        assert guarded(coded[:length], 0, True)[0] == lib.RF_ETRUNCATED
    for extra in range(12):
        status, back = guarded(coded + b"\xff" * extra, 0, True)
        assert status == lib.RF_OK and np.array_equal(back, image)


@given(
    coded=st.binary(max_size=400),
    shape=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    scale=st.sampled_from([0, 1, 2, 1000, 2**31 - 1, -5]),
    total=st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(-1000, 1000)),
    nplanes=st.lists(st.integers(0, 63), min_size=3, max_size=3),
    smooth=st.booleans(),
    wide=st.booleans(),
)
@settings(max_examples=500, deadline=None)
def test_any_planes_decode_or_fail_and_always_the_same(arenas, coded, shape, scale, total, nplanes, smooth, wide):
    header = b"\xdd\x99" + np.array([*shape, scale], ">i4").tobytes() + np.array(total, ">i8").tobytes()
    stream = header + bytes(nplanes) + coded
    guarded = GuardedDecoder(arenas, shape)
    first = guarded(stream, smooth, wide)
    again = guarded(stream, smooth, wide)  # with the scratch as the first call left it
    assert first[0] == again[0] and first[0] in STATUSES
    if first[0] == lib.RF_OK:
        np.testing.assert_array_equal(first[1], again[1])
        if min(shape) > 1:
            np.testing.assert_array_equal(first[1], cfitsio_decode(stream, shape, smooth, wide))


@pytest.mark.parametrize("wide", [False, True])
def test_damaged_streams_are_refused_or_decoded_as_by_cfitsio(arenas, damaged, rng, wide):
    ntaken = 0
    for _ in range(250):
        shape = tuple(map(int, rng.integers(2, rng.choice([6, 12, 40]), 2)))
        sigma, share = 2.0 ** rng.uniform(-3, 29 if wide else 13), rng.choice([1, 0.3, 0.01])
        image = narrow_enough(sky(rng.integers(2**32), shape, sigma, rng.choice([0, 3, -100]), 0.5, share), wide)
        coded = encode(image, int(rng.choice([0, 1, 2, 3, 16, 5000])), wide)[1]
        guarded = GuardedDecoder(arenas, shape)
        for smooth in map(int, rng.integers(0, 2, 12)):
            broken = damaged(coded, front=10)  # the shape stays as it is
            status, pixels = guarded(broken, smooth, wide)
            assert status in STATUSES
            if status == lib.RF_OK:
                np.testing.assert_array_equal(pixels, cfitsio_decode(broken, shape, smooth, wide))
                ntaken += 1
    assert ntaken > 200
