"""Inputs for the corner cases of a deflate encoder, and the two encoders to compare."""

import numpy as np

from rustfits_cffi.errors import raise_for_status
from rustfits_cffi.native._lib import ffi, lib

LEVELS = range(10)
FARTHEST = 32768 - 262  # how far back zlib's matches reach
Z_FINISH, Z_STREAM_END = 4, 1
DISTANCES = (1, 2, 3, 4, 257, 258, 259, 516, 4095, 4096, 4097, FARTHEST - 1, FARTHEST, FARTHEST + 1, 32768, 65536)


def ours(data, level):
    """The gzip member that the package makes."""
    source = ffi.from_buffer("uint8_t[]", data)
    buffer = ffi.new("uint8_t[]", lib.rf_gzip_bound(len(source)))
    used = ffi.new("size_t *")
    raise_for_status(lib.rf_gzip_encode(source, len(source), level, buffer, len(buffer), used))
    return bytes(ffi.buffer(buffer, used[0]))


class Zlib:
    """The vendored zlib given all input in one call, as by cfitsio: in the gzip wrapper, its own, or none."""

    GZIP, ZLIB, RAW = 31, 15, -15
    DEFAULT, HUFFMAN_ONLY = 0, 2

    def __init__(self, wrap=GZIP, strategy=DEFAULT):
        self._wrap, self._strategy, self._streams = wrap, strategy, {}

    def _stream(self, level):
        if level not in self._streams:
            stream = ffi.gc(ffi.new("z_stream *"), lib.deflateEnd)
            settings = level, 8, self._wrap, 8, self._strategy
            assert lib.deflateInit2_(stream, *settings, lib.zlibVersion(), ffi.sizeof("z_stream")) == 0
            self._streams[level] = stream
        return self._streams[level]

    def __call__(self, data, level):
        stream = self._stream(level)
        assert lib.deflateReset(stream) == 0
        source = ffi.from_buffer("unsigned char[]", data)
        buffer = ffi.new("unsigned char[]", lib.rf_gzip_bound(len(source)) + 32)
        stream.next_in, stream.avail_in = source, len(source)
        stream.next_out, stream.avail_out = buffer, len(buffer)
        assert lib.deflate(stream, Z_FINISH) == Z_STREAM_END
        return bytes(ffi.buffer(buffer, len(buffer) - stream.avail_out))


# -- pieces of input: each takes a generator, the input before the piece, and the number of bytes wanted ---------------


def noise(rng, _, n):
    """Incompressible: stored blocks."""
    return rng.bytes(n)


def few_symbols(rng, _, n):
    return rng.integers(0, rng.integers(1, 20), n, dtype="u1").tobytes()


def skewed(rng, _, n):
    """Literals that Huffman codes shorten and matches do not."""
    return (rng.standard_normal(n) * rng.uniform(0.5, 40)).astype("i1").tobytes()


def long_runs(rng, _, n):
    lengths = rng.geometric(1 / rng.integers(2, 2000), n // 2 + 1)
    values = np.where(rng.random(lengths.size) < 0.6, 0, rng.integers(0, 256, lengths.size))
    total = lengths.cumsum()
    kept = int(np.searchsorted(total, n)) + 1
    return np.repeat(values[:kept], lengths[:kept])[:n].astype("u1").tobytes()


def periodic(rng, before, n):
    """Earlier bytes repeated, with a few mistakes."""
    period = int(rng.choice(DISTANCES)) + int(rng.integers(-1, 2))
    block = before[-period:] if 0 < period <= len(before) else rng.bytes(max(period, 1))
    copy = np.frombuffer((block * (n // len(block) + 1))[:n], "u1").copy()
    mistakes = int(rng.integers(0, 4))
    copy[rng.integers(0, n, mistakes)] = rng.integers(0, 256, mistakes)
    return copy.tobytes()


def phrases(rng, before, n):
    """Short copies from anywhere, with literals between them."""
    out = bytearray(before[-70_000:] or rng.bytes(4))
    start = len(out)
    while len(out) < start + n:
        if rng.random() < 0.3:
            out += rng.bytes(int(rng.integers(1, 9)))
        at = int(rng.integers(0, len(out)))
        out += out[at : at + int(rng.geometric(1 / 12))]
    return bytes(out[start : start + n])


def text(rng, _, n):
    words = [bytes(rng.choice(list(b"etaoinshrdlu"), rng.integers(1, 9)).tolist()) for _ in range(rng.integers(3, 200))]
    return b" ".join(words[k] for k in rng.integers(0, len(words), n // 2 + 1))[:n].ljust(n, b".")


def fibonacci(rng, _, n):
    """Counts that grow so that codes exceed 15 bits and have to be shortened."""
    values, a, b = [], 1, 1
    while sum(map(len, values)) < min(n, 16000):
        values.append(bytes([len(values)]) * a)
        a, b = b, a + b
    mixed = np.frombuffer(b"".join(values)[:n], "u1").copy()
    rng.shuffle(mixed)
    return np.resize(mixed, n).tobytes()


def ramp(rng, _, n):
    return (np.arange(n) // rng.integers(1, 300)).astype("u1").tobytes()


def planes(rng, _, n):
    """Byte planes of floats, as in GZIP_2."""
    dtype = rng.choice([">f4", ">f8", ">i4", ">i2"])
    width = np.dtype(dtype).itemsize
    values = rng.normal(1000, 10.0 ** rng.integers(0, 4), n // width + 1).astype(dtype)
    return values.view("u1").reshape(-1, width).T.tobytes()[:n]


PIECES = (noise, few_symbols, skewed, long_runs, periodic, phrases, text, fibonacci, ramp, planes)


def mixture(rng, n):
    """`n` bytes of a few consecutive pieces."""
    out = bytearray()
    while len(out) < n:
        piece = PIECES[rng.integers(len(PIECES))]
        out += piece(rng, bytes(out), int(rng.integers(1, n - len(out) + 1)))
    return bytes(out)


def length_of(rng, most):
    """Mostly short; lengths where zlib's window moves on or a block is full are more frequent than by chance."""
    kind = rng.integers(12)
    if kind < 6:
        return int(rng.integers(0, 800))
    if kind < 8:
        return int(rng.integers(0, min(most, 6000)))
    if kind == 8:
        return int(rng.choice([16383, 16384, 32506, 32768, 65274, 65536, 98042])) + int(rng.integers(-300, 300))
    return int(rng.integers(0, most))
