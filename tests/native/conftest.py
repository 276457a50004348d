"""Shared by the tests of coders: streams that no encoder made, and buffers that catch any access outside of them.

Such a buffer ends at an inaccessible page.
"""

import ctypes
import mmap

import pytest

from rustfits_cffi.native._lib import ffi

CANARY = 0xA5


class Arena:
    """Memory before an inaccessible page; buffers end at that page, so one byte too far crashes the process."""

    def __init__(self, nbytes):
        libc = ctypes.CDLL(None, use_errno=True)
        libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
        self.size = -(-nbytes // mmap.PAGESIZE) * mmap.PAGESIZE
        self._map = mmap.mmap(-1, self.size + mmap.PAGESIZE)
        self._address = ctypes.addressof(ctypes.c_char.from_buffer(self._map))
        if libc.mprotect(self._address + self.size, mmap.PAGESIZE, 0):
            raise OSError(ctypes.get_errno(), "mprotect")

    def fill(self, data):
        """Pointer to a copy of `data` that ends right before the guard page."""
        start = self.size - len(data)
        self._map[start : self.size] = data
        return ffi.cast("uint8_t *", self._address + start)

    def room(self, nbytes):
        """Pointer to a buffer of `nbytes` right before the guard page; the bytes before it become canaries."""
        start = self.size - nbytes
        self._map[max(0, start - 64) : self.size] = bytes([CANARY]) * (self.size - max(0, start - 64))
        return ffi.cast("uint8_t *", self._address + start)

    def taken(self, nbytes):
        """The last `nbytes` bytes, after a check that those before them are still canaries."""
        start = self.size - nbytes
        front = self._map[max(0, start - 64) : start]
        assert front == bytes([CANARY]) * len(front), "bytes before the buffer were written"
        return self._map[start : self.size]


@pytest.fixture(scope="session")
def arenas():
    """Two arenas of 1 MiB: for the input and for the output of a coder."""
    return Arena(1 << 20), Arena(1 << 20)


def _flip(rng, stream):
    bit = int(rng.integers(8 * len(stream)))
    stream[bit >> 3] ^= 1 << (bit & 7)


def _overwrite(rng, stream):
    at = int(rng.integers(len(stream)))
    stream[at : at + int(rng.integers(1, 5))] = rng.bytes(int(rng.integers(1, 5)))


def _repeat(rng, stream):
    start, to = map(int, rng.integers(len(stream), size=2))
    stream[to:to] = stream[start : start + int(rng.integers(1, 40))]


def _cut(rng, stream):
    del stream[int(rng.integers(len(stream) + 1)) :]


def _scramble(rng, stream):
    start = int(rng.integers(len(stream)))
    stream[start:] = rng.bytes(len(stream) - start)


FAULTS = (_flip, _flip, _flip, _overwrite, _repeat, _cut, _scramble)


@pytest.fixture
def damaged(rng):
    """A function that copies a stream with one to three faults after its first `front` bytes.

    Every other copy has extra bytes at the end, so that the decoder can continue where a fault made it longer.
    """

    def damage(stream, front=0):
        broken = bytearray(stream[front:])
        for _ in range(rng.integers(1, 4)):
            if broken:
                FAULTS[rng.integers(len(FAULTS))](rng, broken)
        return stream[:front] + bytes(broken) + rng.bytes(int(rng.choice([0, rng.integers(1, 2000)])))

    return damage
