"""Deflate, byte for byte as the vendored zlib: levels x kinds of input x lengths, and zlib's corner cases."""

import sys
from pathlib import Path

import numpy as np
import pytest

from rustfits_cffi.errors import FITSError
from rustfits_cffi.native._lib import ffi, lib
from rustfits_cffi.native.deflate import zlib_encode

sys.path.insert(0, str(Path(__file__).parent))

import deflate_inputs
from deflate_inputs import FARTHEST, LEVELS, PIECES, Zlib, mixture, ours


@pytest.fixture(scope="module")
def zlib():
    return Zlib()


def check(zlib, data, levels=LEVELS):
    for level in levels:
        assert ours(data, level) == zlib(data, level), (level, len(data))


def test_every_short_length_equals_zlib(zlib, rng):
    for n in range(300):
        check(zlib, bytes(n))
        check(zlib, rng.bytes(n))
        check(zlib, rng.integers(0, 2, n, dtype="u1").tobytes())


@pytest.mark.parametrize("piece", PIECES, ids=lambda piece: piece.__name__)
def test_each_kind_of_input_equals_zlib(zlib, rng, piece):
    for n in [*rng.integers(1, 3000, 80).tolist(), *rng.integers(3000, 60_000, 6).tolist()]:
        check(zlib, piece(rng, rng.bytes(100), n))
    check(zlib, piece(rng, b"", 300_000), (1, 2, 6))


def test_mixtures_equal_zlib(zlib, rng):
    for _ in range(400):
        check(zlib, mixture(rng, int(rng.integers(0, 3000))))
    for turn in range(9000):
        check(zlib, mixture(rng, int(rng.integers(0, 800))), (turn % 10, 1))
    for _ in range(40):
        data = mixture(rng, deflate_inputs.length_of(rng, 200_000))
        check(zlib, data, rng.choice(10, 3, replace=False).tolist())


@pytest.mark.parametrize("level", [1, 3, 4, 6])
def test_megabytes_equal_zlib(zlib, rng, level):
    """Long enough that running positions are exhausted and moved down (every 4 MB at level 1)."""
    check(zlib, mixture(rng, 1 << 20) + deflate_inputs.long_runs(rng, b"", 11 << 20) + mixture(rng, 1 << 19), [level])


@pytest.mark.parametrize("length", [3, 8, 40])
@pytest.mark.parametrize("start", [FARTHEST, FARTHEST + 32768, FARTHEST + 2 * 32768])
def test_the_farthest_match_where_the_window_moves_on(zlib, rng, start, length):
    """A string is found 32506 bytes back, but not if it is the first of the window, which depends on what follows."""
    string = bytes(range(128, 128 + length))
    background = (rng.integers(0, 256, start + 600) & 0x7B).astype("u1").tobytes()  # has no string of the same hash
    for at in (start - 1, start, start + 1):
        for back in (FARTHEST - 1, FARTHEST, FARTHEST + 1):
            for after in (length, 261, 262, 500):
                data = bytearray(background[: at + after])
                data[at : at + length] = string
                data[max(0, at - back) : max(0, at - back) + length] = string
                check(zlib, bytes(data), (1, 3, 4, 9))
                data[at - 900 : at - 897] = string[:3]  # now it is not the newest of its hash
                check(zlib, bytes(data), (1, 3, 4, 9))


def block_of_literals(data):
    """The output of rf_block_put for a last block without matches."""
    buffer = ffi.new("uint8_t[]", 2 * len(data) + 500)
    out = ffi.new("rf_deflate_out *", {"next": buffer, "end": buffer + len(buffer)})
    text, sequence = ffi.from_buffer("uint8_t[]", data), ffi.new("rf_sequence *", {"nliterals": len(data)})
    block = {"text": text, "nbytes": len(data), "sequences": sequence, "nsequences": 1, "last": True}
    assert lib.rf_block_put(out, ffi.new("rf_block *", block)) == lib.RF_OK
    return bytes(ffi.buffer(buffer, out.next - buffer))


def test_codes_for_any_counts_equal_zlib(rng):
    """With zlib's strategy without matches any counts of literals are possible, even those of overlong codes."""
    zlib = Zlib(Zlib.RAW, Zlib.HUFFMAN_ONLY)

    def check_counts(counts):
        data = np.repeat(rng.permutation(256)[: len(counts)], counts).astype("u1")[:16382].tobytes()
        assert block_of_literals(data) == zlib(data, 6)

    fibonacci = [1, 1]
    while len(fibonacci) < 19:
        fibonacci.append(sum(fibonacci[-2:]))
    for first in range(12):
        for size in range(1, 20):
            check_counts(fibonacci[first:size])
            check_counts([1] * first + fibonacci[:size])
    for _ in range(1500):
        growth = rng.uniform(1, 2)
        check_counts(np.minimum(growth ** rng.uniform(0, 14, rng.integers(0, 257)), 3000).astype(int))


def without_matches(nsymbols):
    """Bytes below `nsymbols` in which no string of three occurs twice."""
    seen, out = set(), [0, 0]
    while True:
        last = next((s for s in reversed(range(nsymbols)) if (*out[-2:], s) not in seen), None)
        if last is None:
            return bytes(out)
        seen.add((*out[-2:], last))
        out.append(last)


def test_a_code_for_a_single_distance_equals_zlib(zlib):
    """A code for one distance needs a second one that does not occur; which one depends on the first."""
    literals = without_matches(16)
    for back in [1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 17, 25, 100, 1000, 4000]:
        data = bytearray(literals) + bytes([200]) + bytes(range(201, 201 + min(back, 40) - 1))
        data[-back:] = bytes(range(256 - 56, 256))[:back] if back <= 40 else data[-back:]
        for _ in range(30):
            data.append(data[-back])
        check(zlib, bytes(data))


def test_stored_blocks_end_where_zlib_ends_them(zlib, rng):
    data = rng.bytes(240_000)
    for edge in (1, FARTHEST, 32768, 65274, 65531, 65536, 98037, 98042, 98304, 131_072, 163_840, 196_608):
        for n in range(edge - 3, edge + 8):
            check(zlib, data[: max(n, 0)], (0, 1))


def test_blocks_that_end_with_the_input(zlib, rng):
    """A block is full after 16383 symbols; nothing at all may follow it."""
    literals = rng.permutation(np.arange(1 << 15, dtype="u2")).tobytes()
    for n in (16382, 16383, 16384, 16385, 2 * 16383, 2 * 16383 + 1):
        check(zlib, literals[:n])
        check(zlib, literals[: n - 20] + bytes(258) + literals[:19])


def test_one_state_codes_streams_independently(zlib, rng):
    """One state codes many streams, of any level, even after one that failed."""
    data = [mixture(rng, int(n)) for n in rng.integers(0, 40_000, 60)]
    expected = [zlib(bytes_, level % 10) for level, bytes_ in enumerate(data)]
    state = ffi.gc(lib.rf_deflate_new(), lib.rf_deflate_free)
    used = ffi.new("size_t *")
    for _ in range(3):
        for level, (bytes_, member) in enumerate(zip(data, expected, strict=True)):
            buffer = ffi.new("uint8_t[]", len(member) - 18)
            if level % 7 == 0:
                cap = len(buffer) * 2 // 3
                status = lib.rf_deflate_encode(state, bytes_, len(bytes_), level % 10, buffer, cap, used)
                assert status == lib.RF_ENOSPACE
            status = lib.rf_deflate_encode(state, bytes_, len(bytes_), level % 10, buffer, len(buffer), used)
            assert status == lib.RF_OK and bytes(ffi.buffer(buffer, used[0])) == member[10:-8]


def test_streams_in_zlibs_own_wrapper(rng):
    zlib = Zlib(Zlib.ZLIB)
    for n in (0, 1, 5, 1000, 70_000):
        data = mixture(rng, n)
        for level in LEVELS:
            assert zlib_encode(data, level).tobytes() == zlib(data, level)
    with pytest.raises(FITSError):
        zlib_encode(b"x", 10)


def test_neither_buffer_is_exceeded(arenas, rng):
    """Both end at an inaccessible page; a buffer that is too small is an error."""
    source, target = arenas
    state = ffi.gc(lib.rf_deflate_new(), lib.rf_deflate_free)
    used = ffi.new("size_t *")
    for level in LEVELS:
        for n in [*range(20), 257, 258, 259, 1000, 20_000]:
            data = mixture(rng, n)
            need = len(ours(data, level)) - 18
            for cap in (need, need - 1, need // 2, 0):
                src, dst = source.fill(data), target.room(cap)
                status = lib.rf_deflate_encode(state, src, n, level, dst, cap, used)
                assert status == (lib.RF_OK if cap >= need else lib.RF_ENOSPACE)
                target.taken(cap)
