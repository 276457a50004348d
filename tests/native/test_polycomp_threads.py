"""Run lengths and polynomial streams in many parts: the same bytes and samples with 1, 2 and 16 threads.

Matrix: widths x plain and differences x runs shorter than, as long as and far longer than a part x max_count.
"""

import numpy as np
import pytest

from rustfits_cffi.native import polycomp as native
from rustfits_cffi.polycomp.streams.errors import StreamFault

N = (2 << 20) + 5  # samples: enough to make four threads worth starting


def series(kind, dtype, n=N):
    rng = np.random.default_rng(3)
    if kind == "constant":
        return np.full(n, 5, dtype)
    if kind == "noise":
        return rng.integers(0, 3, n).astype(dtype)
    lengths = rng.choice([1, 2, 3, 100, 5000, 300_000], 3000)
    lengths = lengths[np.cumsum(lengths) < n]
    lengths = np.append(lengths, n - lengths.sum())
    return np.repeat(rng.integers(0, 100, lengths.size), lengths).astype(dtype)


def runs_of(samples, diff, max_count):
    """The same stream, computed by numpy."""
    terms = np.diff(samples) if diff else samples
    begin = np.flatnonzero(np.append(True, terms[1:] != terms[:-1]))
    length = np.diff(np.append(begin, terms.size))
    pieces = -(-length // max_count)
    counts = np.full(pieces.sum(), max_count, samples.dtype)
    counts[np.cumsum(pieces) - 1] = length - (pieces - 1) * max_count
    pairs = np.stack([counts, np.repeat(terms[begin], pieces)], 1).reshape(-1)
    return np.append(samples[:1], pairs) if diff else pairs


@pytest.mark.parametrize(
    "dtype, max_count", [("u1", 127), ("u1", 255), ("i2", 1000), ("i4", 2**31 - 1), ("i8", 99_999)]
)
@pytest.mark.parametrize("diff", [False, True])
@pytest.mark.parametrize("kind", ["constant", "noise", "mixed"])
def test_runs_across_parts_are_joined_and_split_as_one_thread_does(kind, diff, dtype, max_count):
    samples = series(kind, dtype)
    expected = runs_of(samples, diff, max_count)
    for nthreads in (1, 2, 16):
        stream = native.run_encode(samples, diff=diff, max_count=max_count, nthreads=nthreads)
        assert np.array_equal(stream, expected)
        for start, stop in ((0, N), (N // 3, N - 7)):
            part = native.run_decode(stream, native.Wanted(stream.dtype, N, start, stop), diff=diff, nthreads=nthreads)
            assert np.array_equal(part, samples[start:stop])


@pytest.mark.parametrize("npairs", [0, 1, 511, 512, 513, 1024, 1025])
@pytest.mark.parametrize("diff", [False, True])
def test_streams_that_end_at_a_mark(npairs, diff):
    values = np.arange(npairs, dtype=np.uint16)
    samples = np.cumsum(np.append(7, values)).astype("u2") if diff else values
    stream = native.run_encode(samples, diff=diff, max_count=9)
    assert stream.size == 2 * npairs + diff
    for start in range(0, samples.size, 100):
        part = native.run_decode(stream, native.Wanted(stream.dtype, samples.size, start, samples.size), diff=diff)
        assert np.array_equal(part, samples[start:])


@pytest.mark.parametrize("damage", ["negative", "short", "long", "odd", "huge"])
def test_a_damaged_stream_of_many_pairs_is_reported_as_by_one_thread(damage):
    count = 4 << 20
    stream = native.run_encode(np.arange(count) % 2, diff=False, max_count=9)
    number = stream.size // 2 // 2 * 2
    if damage == "odd":
        stream = stream[:-1].copy()
    else:
        stream[number] = {"negative": -3, "short": 0, "long": 2, "huge": 2**63 - 1}[damage]
    faults = set()
    for nthreads in (1, 2, 16):
        with pytest.raises(StreamFault) as caught:
            native.run_decode(stream, native.Wanted(stream.dtype, count, 0, count), diff=False, nthreads=nthreads)
        faults.add(caught.value.fault)
    assert len(faults) == 1
    fault = faults.pop()
    if damage in ("negative", "huge"):
        assert (fault.item, fault.offset) == (number // 2, 8 * number)


def test_counts_that_overflow_are_refused():
    stream = np.array([2**64 - 1, 1] * 600, np.uint64)
    with pytest.raises(StreamFault):
        native.run_decode(stream, native.Wanted(stream.dtype, 600, 0, 600), diff=False, nthreads=2)


@pytest.mark.parametrize("spc", [1, 7, 80, 4096, 5000, 65535])
def test_pieces_of_a_polynomial_stream_are_put_in_order(spc):
    """Alternating raw and compressed chunks: pieces of very different sizes wait for each other."""
    rng = np.random.default_rng(spc)
    x = np.sin(np.arange(400_003 if spc > 1 else 50_003) / 300)
    for begin in range(0, x.size, 60_000):
        x[begin : begin + 25_000] += rng.normal(size=x[begin : begin + 25_000].size)
    settings = native.ChunkSettings(spc=spc, npoly=5, max_error=1e-5, chebyshev=False, narrow=False)
    expected, made = native.poly_encode(x, settings, nthreads=1)
    for nthreads in (2, 3, 16):
        stream, found = native.poly_encode(x, settings, nthreads=nthreads)
        assert np.array_equal(stream, expected) and found == made
    chunks, nsamples, used = native.poly_scan(expected)
    assert (nsamples, used) == (x.size, expected.size) and made["chunks"] == len(chunks)
