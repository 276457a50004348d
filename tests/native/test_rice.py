"""Rice coder: width (1, 2, 4) x block (1..64, hostile ones) x data (flat, noise, jumps, full range) against cfitsio.

Streams are made by cfitsio's own encoder and compared byte for byte. Cut and damaged ones go to our decoder, in buffers
that end at a guard page; those that it accepts must give the same pixels in cfitsio.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rustfits_cffi.native._lib import ffi, lib

DTYPES = {1: np.uint8, 2: np.int16, 4: np.int32}
ENCODERS = {1: ("fits_rcomp_byte", "signed char *"), 2: ("fits_rcomp_short", "short *"), 4: ("fits_rcomp", "int *")}
DECODERS = {
    1: ("fits_rdecomp_byte", "unsigned char *"),
    2: ("fits_rdecomp_short", "unsigned short *"),
    4: ("fits_rdecomp", "unsigned int *"),
}
ERRORS = {lib.RF_EBADDATA, lib.RF_ETRUNCATED}


def cfitsio_encode(values, block):
    name, kind = ENCODERS[values.itemsize]
    coded = bytearray(values.nbytes * 2 + values.size + 64)
    pixels, out = ffi.cast(kind, ffi.from_buffer(values)), ffi.from_buffer("unsigned char[]", coded)
    length = getattr(lib, name)(pixels, values.size, out, len(coded), block)
    assert length > 0
    return bytes(coded[:length])


def cfitsio_decode(coded, npix, width, block):
    name, kind = DECODERS[width]
    values = np.empty(npix, DTYPES[width])
    source = ffi.from_buffer("unsigned char[]", bytearray(coded) + bytearray(16))
    assert getattr(lib, name)(source, len(coded), ffi.cast(kind, ffi.from_buffer(values)), npix, block) == 0
    return values


def encode(values, block, cap=None, pointer=None):
    cap = lib.rf_rice_bound(values.size, values.itemsize, block) if cap is None else cap
    coded = bytearray(cap)
    length = ffi.new("size_t *")
    status = lib.rf_rice_encode(
        ffi.from_buffer(values), values.size, values.itemsize, block, pointer or ffi.from_buffer(coded), cap, length
    )
    return status, bytes(coded[: length[0]])


def decode(coded, npix, width, block):
    values = np.full(npix, 77, DTYPES[width])
    status = lib.rf_rice_decode(ffi.from_buffer(coded), len(coded), ffi.from_buffer(values), npix, width, block)
    return status, values


def noise(seed, npix, width, sigma, jumps=0.0):
    """Noise of some sigma, with a share of the pixels drawn from the full range."""
    rng = np.random.default_rng(seed)
    bits = 8 * width
    values = np.rint(rng.normal(0, 1, npix) * min(sigma, 2.0**bits)).astype(np.int64)
    wild = rng.random(npix) < jumps
    values[wild] = rng.integers(-(2 ** (bits - 1)), 2 ** (bits - 1), int(wild.sum()))
    return (values & (2**bits - 1)).astype(f"u{width}").view(DTYPES[width])


tiles = st.builds(
    noise,
    seed=st.integers(0, 2**32),
    npix=st.integers(1, 700),
    width=st.sampled_from([1, 2, 4]),
    sigma=st.one_of(st.just(0.0), st.floats(-3, 32).map(lambda power: 2.0**power)),
    jumps=st.sampled_from([0.0, 0.0, 0.01, 0.3, 1.0]),
)


@given(values=tiles, block=st.one_of(st.just(32), st.just(16), st.integers(1, 63)))
@settings(max_examples=600, deadline=None)
def test_bytes_equal_cfitsio_and_decode_to_the_pixels(values, block):
    status, coded = encode(values, block)
    assert status == lib.RF_OK
    assert coded == cfitsio_encode(values, block)
    status, back = decode(coded, values.size, values.itemsize, block)
    assert status == lib.RF_OK
    np.testing.assert_array_equal(back, values)
    np.testing.assert_array_equal(cfitsio_decode(coded, values.size, values.itemsize, block), values)


@given(
    values=st.sampled_from([1, 2, 4]).flatmap(
        lambda width: st.lists(st.integers(0, 2 ** (8 * width) - 1), min_size=1, max_size=90).map(
            lambda v: np.array(v, f"u{width}").view(DTYPES[width])
        )
    ),
    block=st.integers(1, 40),
)
@settings(max_examples=300, deadline=None)
def test_any_values_equal_cfitsio(values, block):
    status, coded = encode(values, block)
    assert status == lib.RF_OK
    assert coded == cfitsio_encode(values, block)
    assert np.array_equal(decode(coded, values.size, values.itemsize, block)[1], values)


@pytest.mark.parametrize("width", [1, 2, 4])
@pytest.mark.parametrize("block", [64, 65, 100, 1000, 2**40])
def test_blocks_beyond_cfitsio_round_trip(width, block):
    for sigma in (0, 3, 2.0**5, 2.0**14, 2.0**30):
        values = noise(5, 3000, width, sigma, 0.01)
        status, coded = encode(values, block)
        assert status == lib.RF_OK
        assert np.array_equal(decode(coded, values.size, width, block)[1], values)


@pytest.mark.parametrize("width", [1, 2, 4])
def test_every_split_and_long_runs_of_zeros_equal_cfitsio(width):
    # one block per split number, and one value far above the others of its block
    parts = [noise(b, 64, width, 2.0**b) for b in range(8 * width)]
    spike = np.zeros(32, DTYPES[width])
    spike[7] = np.iinfo(DTYPES[width]).max // 40
    values = np.concatenate([*parts, spike, np.arange(64).astype(DTYPES[width])])
    for block in (8, 32):
        status, coded = encode(values, block)
        assert status == lib.RF_OK
        assert coded == cfitsio_encode(values, block)
        assert np.array_equal(decode(coded, values.size, width, block)[1], values)


@pytest.mark.parametrize("width", [2, 4])
@pytest.mark.parametrize("split", [0, 3, 4, 9, 10, 12])
def test_one_long_code_at_any_position_of_its_block(width, split):
    # the other codes have this split; codes are read in groups, and the long one just fits its group or exceeds it
    for zeros in [*range(0, 70, 3), 300]:
        spikes = np.full((32, 32), 1 << split, np.int64)
        spikes[np.arange(32), np.arange(32)] += zeros << split
        signs = np.where(np.arange(spikes.size) % 2, -1, 1)
        values = (np.cumsum(spikes.ravel() * signs // 2) % 2 ** (8 * width)).astype(f"u{width}").view(DTYPES[width])
        status, coded = encode(values, 32)
        assert status == lib.RF_OK
        assert coded == cfitsio_encode(values, 32)
        assert np.array_equal(decode(coded, values.size, width, 32)[1], values)


@pytest.mark.parametrize("width", [1, 2, 4])
def test_no_pixel_codes_to_no_byte(width):
    empty = np.empty(0, DTYPES[width])
    assert encode(empty, 32) == (lib.RF_OK, b"")
    assert decode(b"", 0, width, 32)[0] == lib.RF_OK


def test_wrong_width_or_block_is_refused():
    values = np.zeros(4, np.int32)
    length = ffi.new("size_t *")
    for width, block in ((3, 32), (8, 32), (0, 32), (4, 0)):
        assert lib.rf_rice_decode(bytes(8), 8, ffi.from_buffer(values), 4, width, block) == lib.RF_EARGUMENT
        out = ffi.new("uint8_t[64]")
        assert lib.rf_rice_encode(ffi.from_buffer(values), 4, width, block, out, 64, length) == lib.RF_EARGUMENT


@given(values=tiles)
@settings(max_examples=80, deadline=None)
def test_exact_capacity_suffices_and_less_is_refused(arenas, values):
    _, coded = encode(values, 32)
    for cap in {len(coded), len(coded) + 1, len(coded) + 9}:
        status, _again = encode(values, 32, cap, arenas[1].room(cap))
        assert status == lib.RF_OK
        assert arenas[1].taken(cap)[: len(coded)] == coded
    for cap in {len(coded) - 1, len(coded) // 2, 0}:
        assert encode(values, 32, cap, arenas[1].room(cap))[0] == lib.RF_ENOSPACE
        arenas[1].taken(cap)


def decode_guarded(arenas, coded, npix, width, block):
    source, target = arenas
    out = target.room(npix * width)
    status = lib.rf_rice_decode(source.fill(coded), len(coded), out, npix, width, block)
    return status, np.frombuffer(target.taken(npix * width), DTYPES[width])


@pytest.mark.parametrize("width", [1, 2, 4])
@pytest.mark.parametrize("sigma", [0, 2, 100, 2.0**31])
def test_cut_at_every_length_is_truncated_never_read_past(arenas, width, sigma):
    values = noise(1, 300, width, sigma, 0.01)
    _, coded = encode(values, 32)
    for length in range(len(coded)):
        assert decode_guarded(arenas, coded[:length], values.size, width, 32)[0] == lib.RF_ETRUNCATED
    status, back = decode_guarded(arenas, coded, values.size, width, 32)
    assert status == lib.RF_OK and np.array_equal(back, values)


@pytest.mark.parametrize("width", [1, 2, 4])
def test_bytes_after_the_stream_are_ignored(width):
    values = noise(1, 300, width, 20)
    _, coded = encode(values, 32)
    for extra in range(1, 20):
        status, back = decode(coded + bytes(range(200, 200 + extra)), values.size, width, 32)
        assert status == lib.RF_OK and np.array_equal(back, values)


@given(
    coded=st.binary(max_size=300),
    npix=st.integers(0, 600),
    width=st.sampled_from([1, 2, 4]),
    block=st.one_of(st.integers(1, 70), st.sampled_from([2**31, 2**63])),
)
@settings(max_examples=500, deadline=None)
def test_any_bytes_decode_or_fail_and_always_the_same(arenas, coded, npix, width, block):
    first = decode_guarded(arenas, coded, npix, width, block)
    again = decode_guarded(arenas, coded, npix, width, block)
    assert first[0] == again[0] and first[0] in ERRORS | {lib.RF_OK}
    if first[0] == lib.RF_OK and npix:
        np.testing.assert_array_equal(first[1], again[1])
        np.testing.assert_array_equal(first[1], cfitsio_decode(coded, npix, width, min(block, npix)))


@pytest.mark.parametrize("width", [1, 2, 4])
def test_damaged_streams_are_refused_or_decoded_as_by_cfitsio(arenas, damaged, rng, width):
    ntaken = 0
    for _ in range(1500):
        npix, block = int(rng.integers(1, 500)), int(rng.choice([1, 8, 16, 32, 50]))
        values = noise(rng.integers(2**32), npix, width, 2.0 ** rng.uniform(-3, 8 * width), rng.choice([0, 0.01, 0.3]))
        coded = damaged(encode(values, block)[1])
        status, pixels = decode_guarded(arenas, coded, npix, width, block)
        assert status in ERRORS | {lib.RF_OK}
        if status == lib.RF_OK:
            np.testing.assert_array_equal(pixels, cfitsio_decode(coded, npix, width, block))
            ntaken += 1
    assert ntaken > 300
