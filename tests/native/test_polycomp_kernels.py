"""Polycomp in C against plain numpy: transforms, fits, evaluation, run lengths, bit packing; any number of threads.

Matrix: chunk lengths short (matrix), long (fast transform), odd, even, power of two; 1 and 2 threads.
"""

import numpy as np
import pytest

from rustfits_cffi.native import polycomp as native

EPS = 2.0**-52


def cosine_sum(values, weights_at_ends):
    """Sum over j of w_j values_j cos(pi i j / (n - 1)) in extended precision, w = 1 inside."""
    n = values.size
    weighted = values.astype(np.longdouble)
    weighted[[0, -1]] *= weights_at_ends
    number = np.arange(n)
    pi = 4 * np.arctan(np.longdouble(1))
    table = np.cos(np.arange(2 * (n - 1)).astype(np.longdouble) / (n - 1) * pi)
    return np.array([(weighted * table[i * number % (2 * (n - 1))]).sum() for i in range(n)], np.float64)


@pytest.mark.parametrize("n", [2, 3, 4, 5, 16, 79, 80, 256, 257, 258, 300, 513, 1000])
def test_transforms_agree_with_the_sums_that_define_them(n):
    values = np.random.default_rng(n).normal(size=n)
    inverse = native.poly_transform(values, inverse=True)
    forward = native.poly_transform(values, inverse=False)
    if n > 2:
        expected = cosine_sum(values, 0.5)
    else:
        expected = np.array([(values[0] + values[1]) / 2, (values[0] - values[1]) / 2])
    tolerance = 4 * EPS * (np.abs(expected).max() + np.abs(values).sum() / 2)
    assert np.abs(inverse - expected).max() <= tolerance
    assert np.abs(forward - 2 / (n - 1) * expected).max() <= 2 / (n - 1) * tolerance


@pytest.mark.parametrize("n", [5, 80, 81, 257, 1000, 4097])
@pytest.mark.parametrize("kept", [1, 2, 5, 30, 80, 400])
def test_some_coefficients_give_the_sum_that_defines_them(n, kept):
    """With each of the methods: matrix, table, and fast transform."""
    rng = np.random.default_rng(n + kept)
    number = np.sort(rng.permutation(n)[:kept])
    values, mask = np.zeros(n), np.zeros(n, np.uint8)
    mask[number] = 1
    values[number] = rng.normal(size=number.size)
    stream = b"".join([
        (1).to_bytes(8, "little"), b"\1", n.to_bytes(2, "little"), b"\0", number.size.to_bytes(2, "little"),
        np.packbits(mask, bitorder="little").tobytes(), values[number].tobytes(),
    ])  # fmt: skip
    stream = np.frombuffer(stream, np.uint8)
    chunks, _, _ = native.poly_scan(stream)
    decoded = native.poly_decode(stream, chunks, np.dtype("f8"), period=0.0, period_offset=0.0, nthreads=1)
    expected = cosine_sum(values, 0.5)
    assert np.abs(decoded - expected).max() <= 4 * EPS * (np.abs(expected).max() + np.abs(values).sum() / 2)


@pytest.mark.parametrize("n", [2, 3, 80, 81, 255, 256, 257, 1024, 4097, 65535])
def test_inverse_undoes_forward(n):
    values = np.random.default_rng(n).normal(size=n)
    back = native.poly_transform(native.poly_transform(values, inverse=False), inverse=True)
    assert np.abs(back - values).max() < 1e-13


def singular_value_fit(samples, p):
    """Least squares by the singular values above a unit in the last place of the largest, as in the reference."""
    powers = np.arange(1, samples.size + 1.0)[:, None] ** np.arange(p)
    scale = np.abs(powers).max(0)
    return np.linalg.lstsq(powers / scale, samples, rcond=EPS)[0] / scale


def largest_residual(samples, coefficients):
    return np.abs(samples - horner(coefficients, samples.size)).max()


@pytest.mark.parametrize("n, p", [(9, 3), (80, 8), (81, 8), (100, 12), (300, 16), (300, 21), (5000, 10), (65535, 6)])
def test_fit_is_as_good_as_a_singular_value_solution(n, p):
    x = np.arange(1, n + 1.0)
    samples = 1e3 * np.sin(3 * x / n + 0.3) + np.random.default_rng(n).normal(scale=1e-3, size=n)
    ours = largest_residual(samples, native.poly_fit(samples, p))
    assert ours <= largest_residual(samples, singular_value_fit(samples, p)) * (1 + (1e-6 if p < 20 else 1e-3)) + 1e-12


@pytest.mark.parametrize("n, p", [(23, 22), (100, 30), (101, 30), (300, 25), (300, 60), (1000, 40), (1000, 100)])
@pytest.mark.parametrize("turns", [1, 3, 6])
def test_fit_with_more_coefficients_than_doubles_distinguish_is_as_good(n, p, turns):
    samples = np.sin(2 * np.pi * turns * np.arange(n) / n + 0.3)
    coefficients = native.poly_fit(samples, p)
    ours = largest_residual(samples, coefficients)
    assert ours <= largest_residual(samples, singular_value_fit(samples, p)) * 1.2 + 1e-13
    if n > 23:
        assert ours < largest_residual(samples, native.poly_fit(samples, 21)) / 2 + 1e-13
        assert np.count_nonzero(coefficients) > 21


@pytest.mark.parametrize("n", [5000, 32769, 65535])
@pytest.mark.parametrize("turns", [3, 6, 10])
def test_fit_of_long_chunks_keeps_no_directions_caused_by_rounding(n, turns):
    samples = np.sin(2 * np.pi * turns * np.arange(n) / n + 0.3)
    ours, theirs = (samples - horner(fit(samples, 60), n) for fit in (native.poly_fit, singular_value_fit))
    assert np.std(ours) <= np.std(theirs) * 1.05


@pytest.mark.parametrize("n, p", [(256, 255), (300, 255), (65535, 70)])
def test_powers_beyond_the_range_of_doubles_are_not_used(n, p):
    samples = np.sin(np.arange(n) / n)
    coefficients = native.poly_fit(samples, p)
    highest = int(np.flatnonzero(coefficients)[-1])
    assert 300 - np.log10(n) < highest * np.log10(n) < 302
    assert largest_residual(samples, coefficients) < 1e-12


def horner(coefficients, n):
    """Values at 1..n, with a multiplication and an addition per step, each rounded."""
    x = np.arange(1, n + 1.0)
    result = np.zeros(n)
    if len(coefficients):
        result += coefficients[-1]
    for c in coefficients[-2::-1]:
        result = result * x + c
    return result


@pytest.mark.parametrize("n, p", [(1, 1), (15, 4), (16, 8), (80, 13), (1001, 20), (65535, 3), (300, 255), (7, 0)])
def test_evaluation_is_horner_without_contraction_bit_for_bit(n, p):
    coefficients = np.random.default_rng(p).normal(size=p) * 10.0 ** -(3.0 * np.arange(p))
    stream = b"".join(
        [(1).to_bytes(8, "little"), b"\1", n.to_bytes(2, "little"), bytes([p]), coefficients.tobytes(), b"\0\0"]
    )
    stream = np.frombuffer(stream, np.uint8)
    chunks, count, used = native.poly_scan(stream)
    assert (count, used) == (n, stream.size)
    values = native.poly_decode(stream, chunks, np.dtype("f8"), period=0.0, period_offset=0.0, nthreads=1)
    assert np.array_equal(values.view(np.uint64), horner(coefficients, n).view(np.uint64))


def test_straightening_removes_each_jump():
    saw = np.array([0.0, 1.5, 3.0, 4.6, 0.0, -1.6])
    assert native.poly_straighten(saw, 3.0).tolist() == [0.0, 1.5, 3.0, 4.6 - 3.0, 0.0, -1.6 + 3.0]


def runs_of(samples, diff, most):
    """Run length stream, one sample at a time."""
    if samples.size == 0:
        return samples
    bits = np.dtype(f"u{samples.itemsize}")
    raw = samples.view(bits)
    values = np.diff(raw) if diff else raw
    stream = [raw[0]] if diff else []
    at = 0
    while at < values.size:
        length = 1
        while at + length < values.size and values[at + length] == values[at]:
            length += 1
        for part in [most] * ((length - 1) // most) + [(length - 1) % most + 1]:
            stream += [bits.type(part), values[at]]
        at += length
    return np.array(stream, bits).view(samples.dtype)


@pytest.mark.parametrize("diff", [False, True])
@pytest.mark.parametrize("dtype", [f"{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8)])
def test_run_lengths_agree_with_a_loop(dtype, diff):
    rng = np.random.default_rng(7)
    lengths = rng.integers(1, 700, 40)
    samples = np.repeat(rng.integers(0, 120, 40), lengths) + np.repeat(rng.integers(0, 3, 40), lengths) * np.arange(
        lengths.sum()
    )
    samples = samples.astype(dtype)
    for most in (1, 5, 127):
        stream = native.run_encode(samples, diff=diff, max_count=most)
        assert np.array_equal(stream, runs_of(samples, diff, most))
        for start, stop in ((0, samples.size), (0, 1), (1, 2), (37, 4000), (5000, 5000), (7000, samples.size)):
            part = native.run_decode(stream, native.Wanted(samples.dtype, samples.size, start, stop), diff=diff)
            assert np.array_equal(part, samples[start:stop])


@pytest.mark.parametrize("bits", range(1, 65))
@pytest.mark.parametrize("lsb", [False, True])
def test_levels_of_any_width_are_unpacked(bits, lsb):
    rng = np.random.default_rng(bits)
    count = 77
    levels = [int.from_bytes(rng.bytes(8), "little") >> (64 - bits) for _ in range(count)]
    text = "".join(format(level, f"0{bits}b")[:: -1 if lsb else 1] for level in levels)
    whole = int(text + "0" * (-len(text) % 8), 2).to_bytes((len(text) + 7) // 8, "big")
    if lsb and len(text) % 8:
        whole = whole[:-1] + bytes([whole[-1] >> (-len(text) % 8)])
    coded = np.frombuffer(whole, np.uint8)
    for start, stop in ((0, count), (3, 70), (64, 77), (76, 77)):
        wanted = native.Wanted(np.dtype("f8"), count, start, stop)
        samples = native.quant_decode(coded, wanted, native.Levels(bits, lsb, 3.0, -0.25), nthreads=1)
        assert samples.tolist() == [float(level) / 3.0 - 0.25 for level in levels[start:stop]]
    if bits <= 50:
        again, _ = native.quant_encode(np.array(levels, np.float64), native.Levels(bits, lsb, 1.0, 0.0), nthreads=1)
        assert again.tobytes() == whole


@pytest.mark.parametrize("chunk", [1, 7, 80, 1000, 65535])
def test_the_same_bytes_and_samples_with_any_number_of_threads(chunk):
    rng = np.random.default_rng(3)
    samples = np.sin(np.arange(150_000) / 500) + rng.normal(scale=1e-6, size=150_000)
    settings = native.ChunkSettings(spc=chunk, npoly=6, max_error=2e-6, chebyshev=True, narrow=False)
    streams = [native.poly_encode(samples, settings, nthreads=n) for n in (1, 2, 16)]
    assert all(np.array_equal(one[0], streams[0][0]) and one[1] == streams[0][1] for one in streams)
    stream, found = streams[0]
    chunks, _, _ = native.poly_scan(stream)
    plain = dict(period=0.0, period_offset=0.0)
    decoded = [native.poly_decode(stream, chunks, np.dtype("f8"), nthreads=n, **plain) for n in (1, 2, 16)]
    assert np.array_equal(decoded[0], decoded[1]) and np.array_equal(decoded[0], decoded[2])
    assert np.abs(decoded[0] - samples).max() == found["largest_error"] <= 2e-6

    def all_of(count):
        return native.Wanted(np.dtype("f8"), count, 0, count)

    for n in (1, 2, 16):
        whole, used = native.poly_decode_whole(stream, all_of(samples.size), nthreads=n, **plain)
        assert np.array_equal(whole, decoded[0]) and used == stream.size
        for count in (0, samples.size - 1, samples.size + 1):
            assert native.poly_decode_whole(stream, all_of(count), nthreads=n, **plain) is None
        for cut in (0, 7, 8, stream.size // 2, stream.size - 1):
            assert native.poly_decode_whole(stream[:cut], all_of(1000), nthreads=n, **plain) is None


def test_quantization_is_the_same_with_any_number_of_threads():
    samples = np.random.default_rng(4).normal(size=100_003).astype(np.float32)
    low, high, finite = native.quant_range(samples, nthreads=5)
    assert (low, high, finite) == (samples.min(), samples.max(), True)
    levels = native.Levels(bits=13, lsb=True, normalization=8191 / (high - low), offset=low)
    coded = [native.quant_encode(samples, levels, nthreads=n) for n in (1, 5)]
    assert np.array_equal(coded[0][0], coded[1][0]) and coded[0][1] == coded[1][1]
    wanted = native.Wanted(np.dtype("f4"), samples.size, 0, samples.size)
    decoded = [native.quant_decode(coded[0][0], wanted, levels, nthreads=n) for n in (1, 5)]
    assert np.array_equal(*decoded)
    assert np.abs(decoded[0].astype(float) - samples).max() == coded[0][1]


@pytest.mark.parametrize("where", [0, 63, 64, 40_000, 100_002])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_range_finds_what_is_not_finite(where, value):
    samples = np.ones(100_003)
    samples[where] = value
    assert not native.quant_range(samples, nthreads=2)[2]
