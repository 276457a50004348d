"""Polycomp decoders touch nothing but their streams and the memory for the samples, whatever the stream contains.

Matrix: run lengths of every width, plain and of differences; chunks scanned before or while they are decoded;
quantized parts of 1 to 64 bits; intact and damaged streams, and false numbers of samples; 1 and 2 threads. Streams
and samples end at guard pages.
"""

import numpy as np
import pytest

from rustfits_cffi import polycomp
from rustfits_cffi.native._lib import ffi, lib

NTIMES = 300


def number_near(rng, count):
    """A number of samples: usually the right one, sometimes a wrong one."""
    return int(rng.choice([count, count, max(0, count - rng.integers(0, 9)), count + rng.integers(0, 9)]))


@pytest.mark.parametrize("width", [1, 2, 4, 8])
@pytest.mark.parametrize("diff", [False, True])
def test_run_lengths(arenas, damaged, rng, width, diff):
    source, result = arenas
    samples = np.repeat(rng.integers(0, 5, 90), rng.integers(1, 60, 90)).astype(f"u{width}")
    coded = polycomp.encode(samples, "diffrle" if diff else "rle").payload.tobytes()
    outcomes = set()
    for time in range(NTIMES):
        stream = damaged(coded) if time % 3 else coded
        stream = stream[: len(stream) // width * width]
        count, nthreads = number_near(rng, samples.size), 1 + time % 2
        src, length = source.fill(stream), len(stream) // width
        marks, fault = ffi.new("rf_polyrle_mark[]", lib.rf_polyrle_nmarks(length)), ffi.new("rf_polyfault *")
        status = lib.rf_polyrle_scan(src, length, width, time % 5 > 2, diff, count, nthreads, marks, fault)
        outcomes.add(status)
        if status != lib.RF_OK:
            assert status == lib.RF_EBADDATA and fault.offset <= len(stream)
            continue
        start, stop = sorted(map(int, rng.integers(0, count + 1, 2))) if time % 2 else (0, count)
        nbytes = (stop - start) * width
        assert lib.rf_polyrle_decode(src, length, width, diff, marks, start, stop, nthreads, result.room(nbytes)) == 0
        part = np.frombuffer(result.taken(nbytes), f"u{width}")
        if stream == coded:
            assert np.array_equal(part, samples[start:stop])
    assert outcomes == {lib.RF_OK, lib.RF_EBADDATA}


@pytest.mark.parametrize("width", [4, 8])
def test_chunks(arenas, damaged, rng, width):
    source, result = arenas
    samples = np.sin(np.arange(4000) / 70).astype(f"f{width}") + rng.choice([0, 1e-6], 4000)
    coded = polycomp.encode(samples, "polynomial", num_of_coefficients=4, samples_per_chunk=60, max_error=1e-5)
    coded, outcomes = coded.payload.tobytes(), set()
    for time in range(NTIMES):
        stream = damaged(coded, 8) if time % 3 else coded
        count, nthreads = number_near(rng, samples.size), 1 + time % 2
        src, dst, used = source.fill(stream), result.room(count * width), ffi.new("size_t *")
        status = lib.rf_polycomp_decode_whole(src, len(stream), count, width, 0.0, 0.0, nthreads, dst, used)
        result.taken(count * width)
        outcomes.add(status)
        chunks, found = ffi.new("rf_polychunk[]", len(stream) // 3), ffi.new("size_t *")
        nsamples, fault = ffi.new("uint64_t *"), ffi.new("rf_polyfault *")
        scanned = lib.rf_polycomp_scan(src, len(stream), chunks, len(chunks), found, nsamples, used, fault)
        assert (status == lib.RF_OK) == (scanned == lib.RF_OK and nsamples[0] == count)
        if scanned != lib.RF_OK or nsamples[0] * width > result.size:
            continue
        nbytes = nsamples[0] * width
        whole = result.taken(nbytes) if status == lib.RF_OK else None
        dst = result.room(nbytes)
        assert lib.rf_polycomp_decode(src, chunks, found[0], width, 0.0, 0.0, nthreads, dst) == lib.RF_OK
        assert whole is None or result.taken(nbytes) == whole
    assert outcomes == {lib.RF_OK, lib.RF_EBADDATA}


@pytest.mark.parametrize("width", [4, 8])
@pytest.mark.parametrize("lsb", [False, True])
def test_quantized_samples(arenas, rng, width, lsb):
    source, result = arenas
    for bits in range(1, 65):
        count = int(rng.integers(1, 3000))
        stream = rng.bytes(lib.rf_polyquant_nbytes(count, bits))
        src, series = source.fill(stream), ffi.new("rf_polyquant *", (count, width, bits, lsb, 3.0, 0.5))
        whole = None
        for start, stop in [(0, count), *(sorted(map(int, rng.integers(0, count + 1, 2))) for _ in range(3))]:
            nbytes = (stop - start) * width
            dst, nthreads = result.room(nbytes), 1 + bits % 2
            status = lib.rf_polyquant_decode(src, len(stream), series, start, stop, nthreads, dst)
            assert status == lib.RF_OK
            part = result.taken(nbytes)
            whole = part if whole is None else whole
            assert part == whole[start * width : stop * width]
        series.n += 8
        status = lib.rf_polyquant_decode(src, len(stream), series, 0, 1, 1, result.room(width))
        assert status == lib.RF_ETRUNCATED
