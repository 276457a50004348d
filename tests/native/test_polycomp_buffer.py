"""Streams longer or shorter than expected: the bytes are the same, wherever the buffer for them ends.

Matrix: run lengths, plain and of differences, and chunks x a buffer for nothing, a part, all but a value, all and more
x 1 and 2 threads; series in which the examined positions are not typical of the rest.
"""

import subprocess
import sys

import numpy as np
import pytest

from rustfits_cffi.native import polycomp as native
from rustfits_cffi.native._lib import ffi, lib

SETTINGS = native.ChunkSettings(spc=40, npoly=4, max_error=1e-5, chebyshev=True, narrow=False)
CHANGING = np.repeat(np.random.default_rng(1).integers(0, 9, 300_000), 4).astype("u2")
WAVE = np.sin(np.arange(200_000) / 300) + 1e-4 * np.random.default_rng(1).normal(size=200_000)


def chunks(buffer, nthreads):
    settings, stats = ffi.new("rf_polysettings *", SETTINGS._asdict()), ffi.new("rf_polystats *")
    samples = ffi.cast("double *", ffi.from_buffer(WAVE))
    return lib.rf_polycomp_encode(samples, WAVE.size, settings, nthreads, buffer, stats)


def runs(diff, max_count):
    def encode(buffer, nthreads):
        return lib.rf_polyrle_encode(ffi.from_buffer(CHANGING), CHANGING.size, 2, diff, max_count, nthreads, buffer)

    return encode


def stream_in_buffer_of(nbytes, encode, nthreads):
    """The stream, and whether it went beyond the buffer; nothing after the buffer is touched."""
    guard = 64
    memory = np.full(nbytes + guard, 0xAB, np.uint8)
    buffer = ffi.new("rf_polybuffer *", {"dst": ffi.cast("uint8_t *", ffi.from_buffer(memory)), "nbytes": nbytes})
    assert encode(buffer, nthreads) == 0
    assert (memory[nbytes:] == 0xAB).all()
    if not buffer.rest:
        return memory[: buffer.used].tobytes(), False
    rest = ffi.buffer(buffer.rest + buffer.split, buffer.used - buffer.split)
    stream = memory[: buffer.split].tobytes() + bytes(rest)
    lib.rf_polybuffer_close(buffer)
    lib.rf_polybuffer_close(buffer)
    assert not buffer.rest
    return stream, True


@pytest.mark.parametrize("encode", [chunks, runs(False, 65535), runs(True, 65535), runs(False, 3)])
@pytest.mark.parametrize("nthreads", [1, 2])
def test_a_stream_continues_where_the_buffer_ends(encode, nthreads):
    expected, is_beyond = stream_in_buffer_of(10 * max(WAVE.nbytes, CHANGING.nbytes), encode, 1)
    assert not is_beyond
    size = len(expected)
    for nbytes in [0, 2, 6, 8, 10, size // 3 // 2 * 2, size // 2 // 2 * 2, size - 2]:
        assert stream_in_buffer_of(nbytes, encode, nthreads) == (expected, True)
    for nbytes in [size, size + 2]:
        assert stream_in_buffer_of(nbytes, encode, nthreads) == (expected, False)


def examined(nsamples, positions, length):
    """Mask of the samples that `rf_polyrle_guess` and `_poly_guess` examine, or of more than these."""
    mask = np.zeros(nsamples, bool)
    for position in positions:
        mask[position : position + length] = True
    return mask


@pytest.mark.parametrize("is_rich", [False, True])
@pytest.mark.parametrize("nthreads", [1, 2])
def test_misleading_runs_are_coded_all_the_same(is_rich, nthreads):
    nsamples = 1 << 20
    seen = examined(nsamples, range(0, nsamples, nsamples // 16), 100)
    samples = np.where(seen == is_rich, np.arange(nsamples) % 251, 7).astype("u1")
    guess = lib.rf_polyrle_guess(ffi.from_buffer(samples), nsamples, 1, False, 255)
    stream = native.run_encode(samples, diff=False, max_count=255, nthreads=nthreads)
    assert guess > 10 * stream.size if is_rich else stream.size > 10 * guess
    assert stream.flags.owndata and stream.flags.writeable
    decoded = native.run_decode(stream, native.Wanted(samples.dtype, nsamples, 0, nsamples), diff=False)
    assert np.array_equal(decoded, samples)


@pytest.mark.parametrize("is_rich", [False, True])
@pytest.mark.parametrize("nthreads", [1, 2])
def test_misleading_chunks_are_coded_all_the_same(is_rich, nthreads):
    nchunks, spc = 40_000, 10
    seen = examined(nchunks, range(0, nchunks, nchunks // 64), 1)
    samples = np.random.default_rng(2).normal(size=(nchunks, spc))
    samples[seen != is_rich] = 0.5
    samples = samples.reshape(-1)
    settings = SETTINGS._replace(spc=spc)
    guess = native._poly_guess(samples, ffi.new("rf_polysettings *", settings._asdict()))
    stream, made = native.poly_encode(samples, settings, nthreads=nthreads)
    assert guess > 1.5 * stream.size if is_rich else stream.size > 1.5 * guess
    assert stream.flags.owndata and stream.flags.writeable and made["chunks"] == nchunks
    found, _, used = native.poly_scan(stream)
    decoded = native.poly_decode(stream, found, np.dtype("f8"), period=0.0, period_offset=0.0, nthreads=1)
    assert used == stream.size and np.abs(decoded - samples).max() <= SETTINGS.max_error


@pytest.mark.parametrize("length, max_count", [(1, 255), (3, 255), (40, 255), (2000, 255), (2000, 100)])
@pytest.mark.parametrize("diff", [False, True])
def test_the_guess_of_run_lengths_is_near(length, max_count, diff):
    rng = np.random.default_rng(length)
    samples = np.repeat(rng.integers(0, 256, (1 << 21) // length), length).astype("u1")
    if diff:
        samples = np.cumsum(samples, dtype="u1")
    size = native.run_encode(samples, diff=diff, max_count=max_count).size
    guess = lib.rf_polyrle_guess(ffi.from_buffer(samples), samples.size, 1, diff, max_count)
    assert guess == pytest.approx(size, rel=0.15 if length < 10 else 0.9)


@pytest.mark.parametrize("nsamples", [0, 1, 1055, 1056])
def test_a_guess_reads_nothing_after_a_short_series(nsamples):
    samples = np.zeros(nsamples, "u1")  # the sanitizer checks its end
    guess = lib.rf_polyrle_guess(ffi.from_buffer(samples), nsamples, 1, True, 255)
    assert guess == (2 * nsamples if nsamples < 1056 else 2 * (nsamples // 255))


LITTLE_MEMORY = """
import resource, sys
import numpy as np
from rustfits_cffi import polycomp

if sys.argv[1] == "polynomial":
    samples = np.random.default_rng(2).normal(size=(160_000, 50))
    samples[:: samples.shape[0] // 64] = 0  # which the guess examines
    samples = samples.reshape(-1)
    parameters = {"num_of_coefficients": 3, "samples_per_chunk": 50, "max_error": 1e-9}
else:
    samples = np.random.default_rng(2).integers(0, 3, (16, 2_000_000), np.uint8)
    samples[:, :200] = 0
    samples, parameters = samples.reshape(-1), {}
in_use = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (in_use + (40 << 20), resource.RLIM_INFINITY))
try:
    polycomp.encode(samples, sys.argv[1], **parameters)
except MemoryError as error:
    print("no memory:", error)
resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)
print(np.array_equal(polycomp.decode(polycomp.encode(samples, sys.argv[1], **parameters)), samples))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limit of addresses is one of Linux")
@pytest.mark.parametrize("method, what", [
    ("polynomial", "polynomial compression"), ("rle", "run length encoding"), ("diffrle", "run length encoding"),
])  # fmt: skip
def test_lack_of_memory_for_the_rest_is_an_exception(method, what):
    done = subprocess.run([sys.executable, "-c", LITTLE_MEMORY, method], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"no memory: {what}") and done.stdout.endswith("True\n")
