"""Gzip members and byte planes: cfitsio's bytes when writing, any gzip when reading, bounded on hostile input."""

import gzip
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rustfits_cffi.errors import FITSError, raise_for_status
from rustfits_cffi.native._lib import ffi, lib


def gzip_encode(data, level=1):
    """One gzip member; level 1 gives cfitsio's bytes."""
    source = ffi.from_buffer("uint8_t[]", data)
    buffer = ffi.new("uint8_t[]", lib.rf_gzip_bound(len(source)))
    used = ffi.new("size_t *")
    raise_for_status(lib.rf_gzip_encode(source, len(source), level, buffer, len(buffer), used))
    return bytes(ffi.buffer(buffer, used[0]))


def gzip_decode(data, capacity):
    """The bytes of the first gzip member of `data`, which are at most `capacity`."""
    source = ffi.from_buffer("uint8_t[]", data)
    buffer = ffi.new("uint8_t[]", max(capacity, 1))
    used = ffi.new("size_t *")
    raise_for_status(lib.rf_gzip_decode(source, len(source), buffer, capacity, used))
    return bytes(ffi.buffer(buffer, used[0]))


def cfitsios(data):
    """The member that cfitsio writes; its buffer is large enough that it never asks for more."""
    buffer = ffi.new("char[]", 2 * len(data) + 1000)
    pointer, size = ffi.new("char **", buffer), ffi.new("size_t *", len(buffer))
    used, status = ffi.new("size_t *"), ffi.new("int *")
    lib.compress2mem_from_mem(ffi.from_buffer("char[]", data), len(data), pointer, size, ffi.NULL, used, status)
    assert status[0] == 0
    return bytes(ffi.buffer(buffer, used[0]))


def cfitsios_bytes(member, capacity):
    """The bytes to which cfitsio, and so zlib, inflates a member; None if it refuses."""
    buffer = ffi.new("char[]", max(capacity, 1))
    pointer, size = ffi.new("char **", buffer), ffi.new("size_t *", capacity)
    used, status = ffi.new("size_t *"), ffi.new("int *")
    source = ffi.from_buffer("char[]", member)
    lib.uncompress2mem_from_mem(source, len(source), pointer, size, ffi.NULL, used, status)
    return None if status[0] else bytes(ffi.buffer(buffer, used[0]))


def member_of(body, data, flags=0, fields=b""):
    """A member whose deflate stream is `body`, with the check sum of `data`."""
    header = bytes([0x1F, 0x8B, 8, flags]) + bytes(6) + fields
    return header + body + zlib.crc32(data).to_bytes(4, "little") + (len(data) % 2**32).to_bytes(4, "little")


def samples(rng):
    yield b"\0"
    yield bytes(range(256)) * 3
    yield bytes(100_000)
    yield rng.bytes(70_000)
    yield np.cumsum(rng.integers(-3, 4, 50_000)).astype(">i4").tobytes()
    yield rng.normal(size=20_000).astype(">f8").tobytes()
    for n in (2, 31, 255, 256, 32768, 32769, 65535, 65536, 65537):
        yield rng.integers(0, 7, n).astype("u1").tobytes()


def test_members_equal_cfitsios(rng):
    for data in samples(rng):
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
def test_levels_are_zlibs(rng, level):
    for data in samples(rng):
        coded = gzip_encode(data, level)
        assert len(coded) <= lib.rf_gzip_bound(len(data))
        assert gzip.decompress(coded) == data
    with pytest.raises(FITSError):
        gzip_encode(b"x", 10)


def test_the_buffer_is_never_exceeded(rng):
    data = rng.bytes(5000)
    full = gzip_encode(data)
    for cap in (0, 1, 9, 10, 500, len(full) - 1):
        buffer = np.full(cap + 16, 0x5A, "u1")
        used = ffi.new("size_t *")
        target = ffi.from_buffer("uint8_t[]", buffer)
        status = lib.rf_gzip_encode(ffi.from_buffer(data), len(data), 1, target, cap, used)
        assert status == lib.RF_ENOSPACE and (buffer[cap:] == 0x5A).all()
    for cap in (0, 1, 4999):
        with pytest.raises(FITSError):
            gzip_decode(full, cap)


def test_the_first_member_of_any_writer_is_read():
    data = bytes(range(200)) * 5
    assert gzip_decode(gzip_encode(data) + b"junk after it", 1000) == data
    assert gzip_decode(gzip.compress(data, 9) + gzip.compress(b"more"), 5000) == data


def steps(rng, npix):
    return np.cumsum(rng.integers(-3, 4, npix)).astype(">i4").tobytes()


def test_damaged_members_are_refused_or_inflated_as_by_cfitsio_within_the_buffer(arenas, damaged, rng):
    for _ in range(1500):
        data = steps(rng, int(rng.integers(1, 900)))
        bad = damaged(gzip_encode(data, int(rng.integers(10))), front=int(rng.choice([0, 0, 10])))
        capacity, used = len(data) + int(rng.integers(20)), ffi.new("size_t *")
        status = lib.rf_gzip_decode(arenas[0].fill(bad), len(bad), arenas[1].room(capacity), capacity, used)
        inflated = arenas[1].taken(capacity)[: used[0]]
        if status == lib.RF_OK:  # the check sum makes it rare
            assert inflated == cfitsios_bytes(bad, capacity)


def test_every_cut_member_is_refused(rng):
    data = steps(rng, 900)
    coded = gzip_encode(data)
    for cut in range(len(coded)):
        with pytest.raises(FITSError):
            gzip_decode(coded[:cut], len(data))


def test_any_deflate_stream_inflates_as_in_cfitsio(damaged, rng):
    """Damaged streams in members with the check sum of zlib's result: ours accepts what zlib accepts."""
    ntaken = 0
    for _ in range(1500):
        whole = gzip_encode(steps(rng, int(rng.integers(1, 900))), int(rng.integers(10)))[10:-8]
        body = damaged(whole)
        inflater = zlib.decompressobj(-15)
        try:
            data = inflater.decompress(body, 200_000)
        except zlib.error:
            continue
        if inflater.eof:
            member = member_of(body[: len(body) - len(inflater.unused_data)], data)
            assert cfitsios_bytes(member, len(data)) == data
            assert gzip_decode(member, len(data)) == data
            ntaken += 1
    assert ntaken > 100


def test_headers_with_every_field_are_read_as_by_cfitsio(rng):
    data = steps(rng, 100)
    body = gzip_encode(data)[10:-8]
    for flags in range(32):  # 1: text, 2: a check sum of the header, 4: extra bytes, 8: a name, 16: a comment
        extra = rng.bytes(int(rng.integers(0, 300)))
        fields = (len(extra).to_bytes(2, "little") + extra) * (flags >> 2 & 1)
        fields += b"name\0" * (flags >> 3 & 1) + b"a comment\0" * (flags >> 4 & 1)
        if flags & 2:
            fields += (zlib.crc32(bytes([0x1F, 0x8B, 8, flags]) + bytes(6) + fields) & 0xFFFF).to_bytes(2, "little")
        member = member_of(body, data, flags, fields)
        assert gzip_decode(member, len(data)) == data == cfitsios_bytes(member, len(data))
    for flags in (32, 64, 128):
        member = member_of(body, data, flags)
        assert cfitsios_bytes(member, len(data)) is None
        with pytest.raises(FITSError):
            gzip_decode(member, len(data))


def test_streams_that_only_zlib_refuses_are_read():
    """The bytes have the right check sum, so they are accepted."""
    data = bytes([97]) * 259
    wrong_header_sum = member_of(zlib.compress(data)[2:-4], data, flags=2, fields=b"??")
    # fixed codes: "a", the reserved code 286 for a length, distance 1, the end of the block
    bits = "1" + "10" + f"{0x30 + 97:08b}" + f"{0xC0 + 286 - 280:08b}" + "00000" + "0000000"
    reserved_code = member_of(int(bits[::-1], 2).to_bytes(4, "little"), data)
    for member in (wrong_header_sum, reserved_code):
        assert cfitsios_bytes(member, len(data)) is None
        assert gzip_decode(member, len(data)) == data


@pytest.mark.parametrize("width", [1, 2, 4, 8])
def test_planes_are_the_bytes_by_significance(rng, width):
    for n in (1, 2, 7, 15, 16, 17, 33, 1000, 4099, *map(int, rng.integers(1, 5000, 4))):
        values = np.frombuffer(rng.bytes(n * width), f"u{width}")
        planes = np.empty(n * width, "u1")
        lib.rf_planes_split(ffi.from_buffer(values), n, width, ffi.from_buffer("uint8_t[]", planes))
        expected = values.astype(f">u{width}").view("u1").reshape(n, width).T
        assert planes.tobytes() == expected.tobytes()
        back = np.empty(n, f"u{width}")
        lib.rf_planes_join(ffi.from_buffer("uint8_t[]", planes), n, width, ffi.from_buffer(back))
        assert np.array_equal(back, values)
