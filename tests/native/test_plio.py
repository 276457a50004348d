"""PLIO coder: masks (flat, runs, noise, long gaps, steps over 4095) against cfitsio's pl_p2li and pl_l2pi.

The lossy case (one pixel after k * 4095 zeros) has its own tests. Cut and damaged lists go to our decoder, in buffers
that end at a guard page; those that it accepts must give the same pixels in cfitsio.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rustfits_cffi.native._lib import ffi, lib

LARGEST = 2**24 - 1
STATUSES = {lib.RF_OK, lib.RF_EBADDATA, lib.RF_ETRUNCATED, lib.RF_ESIZE}


def cfitsio_encode(pixels):
    words = np.zeros(3 * pixels.size + 7, np.int16)
    # pl_p2li changes nothing, but takes no const
    nwords = lib.pl_p2li(ffi.from_buffer("int[]", pixels), 1, ffi.from_buffer("short[]", words), pixels.size)
    return words[:nwords].astype(">i2").tobytes()


def cfitsio_decode(coded, npix):
    words = np.frombuffer(coded, ">i2", len(coded) // 2).astype(np.int16)
    pixels = np.full(npix, -7, np.int32)
    assert lib.pl_l2pi(ffi.from_buffer("short[]", words), 1, ffi.from_buffer("int[]", pixels), npix) == npix
    return pixels


def encode(pixels, *, allow_lossy=False, cap=None, pointer=None):
    cap = lib.rf_plio_bound(pixels.size) if cap is None else cap
    coded = bytearray(cap)
    length = ffi.new("size_t *")
    status = lib.rf_plio_encode(
        ffi.from_buffer("int32_t[]", pixels), pixels.size, allow_lossy, pointer or ffi.from_buffer(coded), cap, length
    )
    return status, bytes(coded[: length[0]])


def decode(coded, npix):
    pixels = np.full(npix, -7, np.int32)
    status = lib.rf_plio_decode(ffi.from_buffer(coded), len(coded), ffi.from_buffer("int32_t[]", pixels), npix)
    return status, pixels


def from_runs(runs):
    return np.repeat([value for value, _ in runs], [count for _, count in runs]).astype(np.int32)


values = st.one_of(st.integers(0, 3), st.integers(0, LARGEST), st.sampled_from([1, 4095, 4096, 4097, 8192, LARGEST]))
counts = st.one_of(
    st.integers(1, 4), st.integers(1, 60), st.sampled_from([4094, 4095, 4096, 4097, 8189, 8190, 8191, 12285])
)
masks = st.one_of(
    st.lists(st.tuples(values, counts), min_size=1, max_size=14).map(from_runs),
    st.lists(values, min_size=1, max_size=200).map(lambda v: np.array(v, np.int32)),
)


@given(pixels=masks)
@settings(max_examples=700, deadline=None)
def test_bytes_equal_cfitsio(pixels):
    expected = cfitsio_encode(pixels)
    assert encode(pixels, allow_lossy=True) == (lib.RF_OK, expected)
    status, coded = encode(pixels)
    if np.array_equal(cfitsio_decode(expected, pixels.size), pixels):
        assert (status, coded) == (lib.RF_OK, expected)
    else:
        assert (status, coded) == (lib.RF_ELOSSY, b"")


@given(pixels=masks)
@settings(max_examples=400, deadline=None)
def test_decodes_what_cfitsio_decodes(pixels):
    coded = cfitsio_encode(pixels)
    status, back = decode(coded, pixels.size)
    assert status == lib.RF_OK
    np.testing.assert_array_equal(back, cfitsio_decode(coded, pixels.size))
    # a line list may be shorter than the line: the rest is 0
    status, back = decode(coded, pixels.size + 5)
    assert status == lib.RF_OK and np.array_equal(back, cfitsio_decode(coded, pixels.size + 5))


@pytest.mark.parametrize("nzeros", [4095, 8190, 12285])
@pytest.mark.parametrize("front", [[], [5], [5, 5, 0, 9]])
def test_lone_pixel_after_a_multiple_of_4095_zeros_is_refused(nzeros, front):
    pixels = np.array([*front, *[0] * nzeros, 3, 0, 2, 2], np.int32)
    assert encode(pixels) == (lib.RF_ELOSSY, b"")
    status, coded = encode(pixels, allow_lossy=True)
    assert status == lib.RF_OK and coded == cfitsio_encode(pixels)
    assert not np.array_equal(decode(coded, pixels.size)[1], pixels)
    for harmless in (nzeros - 1, nzeros + 1):
        pixels = np.array([*front, *[0] * harmless, 3, 0, 2, 2], np.int32)
        status, coded = encode(pixels)
        assert status == lib.RF_OK and np.array_equal(decode(coded, pixels.size)[1], pixels)


@pytest.mark.parametrize("value", [-1, -(2**31), LARGEST + 1, 2**31 - 1])
@pytest.mark.parametrize("where", [0, 1, 50, 99])
def test_value_outside_24_bits_is_refused(value, where):
    pixels = np.zeros(100, np.int32)
    pixels[where] = value
    assert encode(pixels) == (lib.RF_ERANGE, b"")


def test_largest_output_fits_the_bound():
    # each pixel needs a two-word value and its run
    pixels = np.tile(np.array([LARGEST, 5], np.int32), 200)
    status, coded = encode(pixels)
    assert status == lib.RF_OK and len(coded) == lib.rf_plio_bound(400) and coded == cfitsio_encode(pixels)
    assert np.array_equal(decode(coded, 400)[1], pixels)


def test_lists_of_more_than_32767_words_equal_cfitsio(rng):
    pixels = rng.integers(0, 2**16, 30000).astype(np.int32)
    status, coded = encode(pixels)
    assert status == lib.RF_OK and len(coded) > 2 * 32767 and coded == cfitsio_encode(pixels)
    assert np.array_equal(decode(coded, 30000)[1], pixels)


def test_old_header_of_three_words_is_read():
    coded = np.array([0, 0, 6, 0x2004, 0x4003, 0x5002], ">i2").tobytes()
    expected = [5, 5, 5, 0, 5, 0]
    assert decode(coded, 6)[1].tolist() == expected
    assert cfitsio_decode(coded, 6).tolist() == expected


def test_no_pixel_codes_to_no_byte():
    assert encode(np.empty(0, np.int32)) == (lib.RF_OK, b"")
    assert decode(b"", 0)[0] == lib.RF_OK


@given(pixels=masks)
@settings(max_examples=100, deadline=None)
def test_exact_capacity_suffices_and_less_is_refused(arenas, pixels):
    _, coded = encode(pixels, allow_lossy=True)
    for cap in (len(coded), len(coded) + 1):
        status, _ = encode(pixels, allow_lossy=True, cap=cap, pointer=arenas[1].room(cap))
        assert status == lib.RF_OK and arenas[1].taken(cap)[: len(coded)] == coded
    for cap in {len(coded) - 1, len(coded) // 2, 1, 0}:
        assert encode(pixels, allow_lossy=True, cap=cap, pointer=arenas[1].room(cap))[0] == lib.RF_ENOSPACE
        arenas[1].taken(cap)


def decode_guarded(arenas, coded, npix):
    source, target = arenas
    out = ffi.cast("int32_t *", target.room(4 * npix))
    status = lib.rf_plio_decode(source.fill(coded), len(coded), out, npix)
    return status, np.frombuffer(target.taken(4 * npix), np.int32)


def test_cut_at_every_length_is_truncated_never_read_past(arenas):
    pixels = from_runs([(0, 40), (5, 9), (70000, 3), (0, 4100), (2, 1), (9, 1), (0, 30), (8, 7)])
    _, coded = encode(pixels)
    for length in range(len(coded)):
        assert decode_guarded(arenas, coded[:length], pixels.size)[0] == lib.RF_ETRUNCATED
    status, back = decode_guarded(arenas, coded + b"\xff", pixels.size)
    assert status == lib.RF_OK and np.array_equal(back, pixels)


def test_list_for_more_pixels_is_refused():
    pixels = from_runs([(0, 40), (5, 9)])
    _, coded = encode(pixels)
    assert decode(coded, 48)[0] == lib.RF_ESIZE
    assert decode(coded, 39)[0] == lib.RF_ESIZE


@given(coded=st.binary(max_size=120), npix=st.integers(0, 5000), header=st.booleans())
@settings(max_examples=500, deadline=None)
def test_any_bytes_decode_or_fail_and_always_the_same(arenas, coded, npix, header):
    if header:  # so that the instructions are reached
        nwords = 7 + len(coded) // 2
        coded = np.array([0, 7, -100, nwords, 0, 0, 0], ">i2").tobytes() + coded
    first = decode_guarded(arenas, coded, npix)
    again = decode_guarded(arenas, coded, npix)
    assert first[0] == again[0] and first[0] in STATUSES
    if first[0] == lib.RF_OK and npix:
        np.testing.assert_array_equal(first[1], again[1])
        np.testing.assert_array_equal(first[1], cfitsio_decode(coded, npix))


def test_the_high_bits_of_a_value_are_signed_as_in_cfitsio():
    coded = np.array([0, 7, -100, 10, 0, 0, 0, 0x1FFF, -0x8000, 0x4003], ">i2").tobytes()
    status, pixels = decode(coded, 3)
    assert status == lib.RF_OK and pixels.tolist() == [-0x8000 * 4096 + 4095] * 3
    assert cfitsio_decode(coded, 3).tolist() == pixels.tolist()


def test_damaged_lists_are_refused_or_decoded_as_by_cfitsio(arenas, damaged, rng):
    ntaken = 0
    for _ in range(3000):
        nruns = int(rng.integers(1, 30))
        changes = rng.choice([0, 1, 2, 4095, 4096, 70000, LARGEST], nruns)
        pixels = np.repeat(changes, rng.choice([1, 1, 3, 40, 4100], nruns)).astype(np.int32)
        coded = damaged(encode(pixels, allow_lossy=True)[1], front=int(rng.choice([0, 14])))
        npix = pixels.size + int(rng.choice([0, 500, 10_000]))  # capacity for lists that became longer
        status, back = decode_guarded(arenas, coded, npix)
        assert status in STATUSES
        if status == lib.RF_OK:
            np.testing.assert_array_equal(back, cfitsio_decode(coded, npix))
            ntaken += 1
    assert ntaken > 500
