"""Gzip members and byte planes: cfitsio's bytes when writing, any gzip when reading, bounded on hostile input."""

import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rustfits_cffi.errors import FITSError, raise_for_status
from rustfits_cffi.native._lib import ffi, lib


def gzip_encode(data, level=1):
    """One gzip member; level 1 gives cfitsio's bytes."""
    source = ffi.from_buffer("uint8_t[]", data)
    room = ffi.new("uint8_t[]", lib.rf_gzip_bound(len(source)))
    used = ffi.new("size_t *")
    raise_for_status(lib.rf_gzip_encode(source, len(source), level, room, len(room), used))
    return bytes(ffi.buffer(room, used[0]))


def gzip_decode(data, capacity):
    """The bytes of the first gzip member of `data`, which are at most `capacity`."""
    source = ffi.from_buffer("uint8_t[]", data)
    room = ffi.new("uint8_t[]", max(capacity, 1))
    used = ffi.new("size_t *")
    raise_for_status(lib.rf_gzip_decode(source, len(source), room, capacity, used))
    return bytes(ffi.buffer(room, used[0]))


def cfitsios(data):
    """The member that cfitsio writes: its buffer has room enough, so that it never asks for more."""
    room = ffi.new("char[]", 2 * len(data) + 1000)
    pointer, size = ffi.new("char **", room), ffi.new("size_t *", len(room))
    used, status = ffi.new("size_t *"), ffi.new("int *")
    lib.compress2mem_from_mem(ffi.from_buffer("char[]", data), len(data), pointer, size, ffi.NULL, used, status)
    assert status[0] == 0
    return bytes(ffi.buffer(room, used[0]))


def samples():
    rng = np.random.default_rng(4)
    yield b"\0"
    yield bytes(range(256)) * 3
    yield bytes(100_000)
    yield rng.bytes(70_000)
    yield np.cumsum(rng.integers(-3, 4, 50_000)).astype(">i4").tobytes()
    yield rng.normal(size=20_000).astype(">f8").tobytes()
    for n in (2, 31, 255, 256, 32768, 32769, 65535, 65536, 65537):
        yield rng.integers(0, 7, n).astype("u1").tobytes()


def test_members_equal_cfitsios():
    for data in samples():
        assert gzip_encode(data) == cfitsios(data)
        assert gzip.decompress(gzip_encode(data)) == data


@given(st.binary(min_size=1, max_size=3000), st.integers(1, 50))
@settings(max_examples=80, deadline=None)
def test_any_bytes_equal_cfitsios_and_come_back(data, repeat):
    data *= repeat
    coded = gzip_encode(data)
    assert coded == cfitsios(data)
    assert len(coded) <= lib.rf_gzip_bound(len(data))
    assert gzip_decode(coded, len(data)) == data


@pytest.mark.parametrize("level", range(10))
def test_levels_are_zlibs(level):
    for data in samples():
        coded = gzip_encode(data, level)
        assert len(coded) <= lib.rf_gzip_bound(len(data))
        assert gzip.decompress(coded) == data
    with pytest.raises(FITSError):
        gzip_encode(b"x", 10)


def test_the_room_is_never_exceeded():
    data = np.random.default_rng(1).bytes(5000)
    full = gzip_encode(data)
    for cap in (0, 1, 9, 10, 500, len(full) - 1):
        room = np.full(cap + 16, 0x5A, "u1")
        used = ffi.new("size_t *")
        status = lib.rf_gzip_encode(ffi.from_buffer(data), len(data), 1, ffi.from_buffer("uint8_t[]", room), cap, used)
        assert status == lib.RF_ENOSPACE and (room[cap:] == 0x5A).all()
    for cap in (0, 1, 4999):
        with pytest.raises(FITSError):
            gzip_decode(full, cap)


def test_only_the_first_member_is_read_and_any_writer_is():
    data = bytes(range(200)) * 5
    assert gzip_decode(gzip_encode(data) + b"junk after it", 1000) == data
    assert gzip_decode(gzip.compress(data, 9) + gzip.compress(b"more"), 5000) == data


def test_broken_members_raise_or_decode_within_the_room(rng):
    data = np.cumsum(rng.integers(-3, 4, 900)).astype(">i4").tobytes()
    coded = gzip_encode(data)
    for _ in range(1500):
        bad = bytearray(coded)
        for _ in range(rng.integers(1, 4)):
            bad[rng.integers(len(bad))] = rng.integers(256)
        bad = bytes(bad[: rng.integers(0, len(bad) + 1)])
        room = np.full(len(data) + 64, 0x5A, "u1")
        used = ffi.new("size_t *")
        lib.rf_gzip_decode(
            ffi.from_buffer("uint8_t[]", bad), len(bad), ffi.from_buffer("uint8_t[]", room), len(data), used
        )
        assert (room[len(data) :] == 0x5A).all()
    for cut in range(len(coded)):
        with pytest.raises(FITSError):
            gzip_decode(coded[:cut], len(data))


@pytest.mark.parametrize("width", [1, 2, 4, 8])
def test_planes_are_the_bytes_by_significance(width):
    rng = np.random.default_rng(width)
    for n in (1, 2, 7, 15, 16, 17, 33, 1000, 4099):
        values = np.frombuffer(rng.bytes(n * width), f"u{width}")
        planes = np.empty(n * width, "u1")
        lib.rf_planes_split(ffi.from_buffer(values), n, width, ffi.from_buffer("uint8_t[]", planes))
        expected = values.astype(f">u{width}").view("u1").reshape(n, width).T
        assert planes.tobytes() == expected.tobytes()
        back = np.empty(n, f"u{width}")
        lib.rf_planes_join(ffi.from_buffer("uint8_t[]", planes), n, width, ffi.from_buffer(back))
        assert np.array_equal(back, values)
