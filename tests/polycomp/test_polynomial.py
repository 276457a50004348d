"""The polynomial compression: what is stored, what is guaranteed, and unusual values of its parameters."""

import logging
import struct

import numpy as np
import pytest

from rustfits_cffi import polycomp
from rustfits_cffi.native.polycomp import poly_transform
from rustfits_cffi.polycomp.streams import polynomial

TWO_PI = 2 * np.pi


def code(samples, p=8, n=80, error=1e-6, **settings):
    return polycomp.encode(
        samples, "polynomial", num_of_coefficients=p, samples_per_chunk=n, max_error=error, **settings
    )


def wave(length, noise=0.0, seed=0):
    return np.sin(np.arange(length) / 300) + noise * np.random.default_rng(seed).normal(size=length)


def test_a_stream_byte_by_byte():
    samples = np.array([5.0, 7.0, 9.0, 11.0, np.nan])
    expected = struct.pack("<QBHBddHBHd", 2, 1, 4, 2, 3.0, 2.0, 0, 0, 1, np.nan)
    coded = code(samples, p=2, n=4)
    fitted, rest = polycomp.chunks(coded)
    assert np.allclose(fitted.poly, [3, 2], rtol=1e-14)
    exact = polycomp.Chunk(4, True, poly=np.array([3.0, 2.0]))
    assert polycomp.join([exact, rest]).payload.tobytes() == expected
    assert np.array_equal(polycomp.decode(expected, "polynomial"), samples, equal_nan=True)
    assert (coded.statistics.chunks, coded.statistics.compressed_chunks) == (2, 1)


def test_chunk_records():
    coded = code(wave(200, noise=2e-6), n=64)
    records = polycomp.chunks(coded)
    assert [chunk.samples for chunk in records] == [64, 64, 64, 8]
    assert [chunk.compressed for chunk in records] == [True, True, True, False]
    for chunk in records[:3]:
        assert chunk.poly.size == 8 and chunk.uncompressed.size == 0
        assert np.unpackbits(chunk.mask, bitorder="little").sum() == chunk.cheby.size > 0
    assert np.array_equal(records[3].uncompressed, wave(200, noise=2e-6)[192:])
    assert sum(chunk.nbytes for chunk in records) + 8 == coded.nbytes
    statistics = polycomp.join(records).statistics
    assert statistics.chebyshev_coefficients == coded.statistics.chebyshev_coefficients


def test_coefficients_are_taken_by_magnitude_until_the_bound_holds():
    """With the smallest of the kept coefficients left out, the bound would not hold."""
    samples = wave(800, noise=3e-6)
    for number, chunk in enumerate(polycomp.chunks(code(samples))):
        part = samples[80 * number : 80 * (number + 1)]
        kept = np.flatnonzero(np.unpackbits(chunk.mask, bitorder="little"))
        assert chunk.cheby.size == kept.size > 0
        weakest = np.argmin(np.abs(chunk.cheby))
        mask = np.zeros(80, np.uint8)
        mask[np.delete(kept, weakest)] = 1
        fewer = polycomp.Chunk(
            80, True, poly=chunk.poly, mask=np.packbits(mask, bitorder="little"), cheby=np.delete(chunk.cheby, weakest)
        )
        assert np.abs(polycomp.decode(polycomp.join([fewer])) - part).max() > 1e-6


def count_one_by_one(residuals, bound):
    """Number of coefficients by the plain rule: in order of falling magnitude, checking the maximum after each."""
    c = poly_transform(residuals, inverse=False)
    left, i = residuals.copy(), np.arange(residuals.size)
    for k, j in enumerate(np.argsort(-np.abs(c), kind="stable")):
        half = 0.5 if j in (0, residuals.size - 1) else 1.0
        left -= half * c[j] * np.cos(np.pi * (i * j % (2 * residuals.size - 2)) / (residuals.size - 1))
        if np.abs(left).max() <= bound:
            return k + 1
    return None


@pytest.mark.parametrize("n", [20, 80, 257, 400])
@pytest.mark.parametrize("noise", [1.1e-6, 3e-6])
def test_steps_that_are_skipped_change_nothing(n, noise):
    samples = wave(5 * n, noise=noise, seed=n)
    for number, chunk in enumerate(polycomp.chunks(code(samples, n=n, p=4))):
        if not chunk.cheby.size:
            continue
        part = samples[n * number : n * (number + 1)]
        polynomial_only = polycomp.join([polycomp.Chunk(n, True, poly=chunk.poly)])
        residuals = part - polycomp.decode(polynomial_only)
        assert chunk.cheby.size == count_one_by_one(residuals, 1e-6)


@pytest.mark.parametrize("n", [80, 300])
def test_few_and_many_coefficients_of_long_and_short_chunks(n):
    for noise in (3e-7, 1e-6, 1e-5, 1e-3):
        samples = wave(6 * n, noise=noise)
        assert np.abs(polycomp.decode(code(samples, n=n)) - samples).max() <= 1e-6


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e308, -1e308])
@pytest.mark.parametrize("p", [1, 2, 8])
def test_a_chunk_with_something_not_finite_is_stored_exactly(value, p):
    samples = wave(240)
    samples[100] = value
    if abs(value) == 1e308:
        samples[101] = -value  # their difference overflows
    decoded = polycomp.decode(code(samples, p=p, error=1.0))
    assert np.array_equal(decoded[80:160], samples[80:160], equal_nan=True)
    assert np.abs(decoded[:80] - samples[:80]).max() <= 1.0


def test_payloads_of_nan_survive():
    samples = np.array([0x7FF8000000001234, 0xFFF0000000000001, 0x7FF4DEADBEEF0001], np.uint64).view(np.float64)
    assert np.array_equal(polycomp.decode(code(samples, p=1)).view(np.uint64), samples.view(np.uint64))


def test_bounds_of_zero_and_infinity():
    samples = np.concatenate([np.full(80, 4.5), 3.0 + 2 * np.arange(80), wave(80, noise=1)])
    exact = code(samples, p=2, error=0)
    assert np.array_equal(polycomp.decode(exact), samples)
    assert exact.statistics.compressed_chunks == 2
    free = code(wave(240, noise=1), error=np.inf)
    assert free.statistics.compressed_chunks == 3 and free.statistics.chebyshev_coefficients == 0


def test_without_chebyshev_chunks_are_polynomial_or_raw():
    samples = np.concatenate([wave(160), wave(80, noise=1e-4)])
    coded = code(samples, use_chebyshev=False)
    assert (coded.statistics.compressed_chunks, coded.statistics.chebyshev_coefficients) == (2, 0)


def test_a_chunk_never_takes_more_than_raw():
    """The reference counts coefficients, not bytes, and can store more bytes than it was given."""
    rng = np.random.default_rng(5)
    for n in (3, 10, 80, 300):
        samples = rng.normal(size=5 * n)
        for error in (1e-9, 1e-3, 0.1, 0.5):
            for chunk in polycomp.chunks(code(samples, p=2, n=n, error=error)):
                assert chunk.nbytes <= 3 + 8 * n


@pytest.mark.parametrize("p", [22, 64, 255])
def test_more_coefficients_than_doubles_can_carry(p):
    samples = wave(3000, noise=1e-9)
    decoded = polycomp.decode(code(samples, p=p, n=300))
    assert np.abs(decoded - samples).max() <= 1e-6
    chunk = polycomp.chunks(code(samples, p=p, n=300))[0]
    assert chunk.compressed and chunk.poly.size == p


@pytest.mark.parametrize(
    "p, n, turns, error", [(22, 250, 3, 1e-6), (25, 300, 3, 1e-6), (30, 300, 3, 1e-7), (60, 300, 4, 1e-6)]
)
@pytest.mark.parametrize("use_chebyshev", [False, True])
def test_many_coefficients_fit_what_twenty_one_do_not(p, n, turns, error, use_chebyshev):
    samples = np.sin(2 * np.pi * turns * np.arange(20 * n) / n + 0.3)
    coded = code(samples, p=p, n=n, error=error, use_chebyshev=use_chebyshev)
    assert coded.nbytes == 8 + 20 * (6 + 8 * p)  # no coefficients of the other kind, and no raw chunk
    assert np.abs(polycomp.decode(coded) - samples).max() <= error
    assert code(samples, p=21, n=n, error=error, use_chebyshev=use_chebyshev).nbytes > 2 * coded.nbytes


@pytest.mark.parametrize("n", [60, 300, 1000, 5000, 20_000])
@pytest.mark.parametrize("error", [1e-2, 1e-5, 1e-9])
def test_more_coefficients_cost_no_more_than_their_bytes(n, error):
    number = np.arange(max(20 * n, 40_000) if n < 5000 else 3 * n)
    samples = np.sin(number / 3000) + 0.1 * np.sin(number / 70) + 1e-4 * wave(number.size, noise=1.0)
    few = code(samples, p=21, n=n, error=error)
    for p in (22, 25, 40, 55):
        many = code(samples, p=p, n=n, error=error)
        assert many.nbytes <= few.nbytes + 8 * (p - 21) * few.statistics.chunks
        assert np.abs(polycomp.decode(many) - samples).max() <= error


def test_fits_are_refined():
    """The error of the first fit with many coefficients is a hundred times larger than its rounding requires."""
    samples = np.sin(2 * np.pi * np.arange(6000) / 300 + 0.3)
    assert code(samples, p=200, n=300, error=1e-13).statistics.chebyshev_coefficients == 0
    assert code(samples, p=200, n=300, error=1e-13).statistics.compressed_chunks == 20


def test_the_longest_chunk():
    samples = wave(65535 + 10, noise=2e-3)
    coded = code(samples, p=12, n=65535, error=4e-3)
    assert [chunk.samples for chunk in polycomp.chunks(coded)] == [65535, 10]
    assert coded.statistics.compressed_chunks == 1
    assert np.abs(polycomp.decode(coded) - samples).max() <= 4e-3


def test_a_part_decodes_only_its_chunks(monkeypatch):
    samples = wave(8000)
    coded = code(samples)
    seen = []
    monkeypatch.setattr(
        polynomial, "poly_decode", lambda *a, _real=polynomial.poly_decode, **k: seen.append(a[1]) or _real(*a, **k)
    )
    part = polycomp.decode(coded, start=1000, stop=2000)
    assert np.abs(part - samples[1000:2000]).max() <= 1e-6
    assert seen[0]["first"].tolist() == list(range(960, 2000, 80))


@pytest.mark.parametrize(
    "start, stop", [(None, None), (-5, None), (None, 3), (79, 81), (80, 160), (500, 20), (9, 9999)]
)
def test_parts_are_slices(start, stop):
    coded = code(wave(1000, noise=1e-6))
    whole = polycomp.decode(coded)
    assert np.array_equal(polycomp.decode(coded, start=start, stop=stop), whole[start:stop])
    assert np.array_equal(polycomp.decode(coded.payload, "polynomial", start=start, stop=stop), whole[start:stop])


def test_chunks_of_all_lengths_in_one_stream():
    rng = np.random.default_rng(8)
    pieces, samples = [], []
    for n in (1, 0, 2, 300, 7, 64, 65, 1000, 2, 300):
        values = rng.normal(size=n)
        if n > 2:
            coded = code(values, p=2, n=n, error=0.5)
            pieces += polycomp.chunks(coded)
            values = polycomp.decode(coded)
        else:
            pieces.append(polycomp.Chunk(n, False, uncompressed=values))
        samples.append(values)
    joined = polycomp.join(pieces)
    samples = np.concatenate(samples)
    assert np.array_equal(polycomp.decode(joined), samples)
    for start in range(0, samples.size, 97):
        assert np.array_equal(polycomp.decode(joined, start=start, stop=start + 150), samples[start : start + 150])


def test_float32_samples_are_checked_as_float32():
    samples = (1000 + wave(800)).astype(np.float32)
    coded = code(samples, error=4e-5)
    assert coded.dtype == np.float32 and polycomp.decode(coded).dtype == np.float32
    assert np.abs(polycomp.decode(coded).astype(float) - samples).max() <= 4e-5


class TestAngles:
    angles = np.mod(np.arange(2000) * 0.05, TWO_PI)

    def test_a_period_alone_changes_nothing_and_says_so_once(self, caplog):
        polynomial._say_that_period_does_nothing.cache_clear()
        with caplog.at_level(logging.WARNING, "rustfits_cffi.polycomp"):
            streams = [code(self.angles, p=3, period=period).payload for period in (None, TWO_PI, TWO_PI)]
        assert np.array_equal(streams[0], streams[1])
        assert len(caplog.records) == 1

    def test_straightened_angles_are_smaller_and_lie_in_their_branch(self):
        bent, straight = code(self.angles, p=3), code(self.angles, p=3, period=TWO_PI, straighten=True)
        assert straight.nbytes * 5 < bent.nbytes
        decoded = polycomp.decode(straight)
        assert decoded.min() >= 0 and decoded.max() < TWO_PI
        difference = np.abs(decoded - self.angles)
        assert np.minimum(difference, TWO_PI - difference).max() <= 1e-6

    def test_a_reader_that_knows_nothing_of_it_is_right_modulo_the_period(self):
        straight = code(self.angles, p=3, period=TWO_PI, straighten=True)
        difference = polycomp.decode(straight.payload, "polynomial") - self.angles
        assert np.abs(difference - TWO_PI * np.rint(difference / TWO_PI)).max() <= 1e-6

    @pytest.mark.parametrize("low, expected", [(0.0, 0.0), (-np.pi, -np.pi), (1.0, 1.0)])
    def test_the_branch_is_that_of_the_samples(self, low, expected):
        samples = np.mod(self.angles - low, TWO_PI) + low
        coded = code(samples, p=3, period=TWO_PI, straighten=True)
        assert coded.parameters["period_offset"] == pytest.approx(expected, abs=0.05)
        difference = np.abs(polycomp.decode(coded) - samples)
        assert np.minimum(difference, TWO_PI - difference).max() <= 1e-6

    def test_raw_chunks_of_straightened_angles_are_exact(self):
        samples = self.angles.copy()
        samples[10] = np.nan
        samples[11] = np.inf
        decoded = polycomp.decode(code(samples, p=3, period=TWO_PI, straighten=True))
        assert np.array_equal(decoded[:80], samples[:80], equal_nan=True)

    @pytest.mark.parametrize("period", [None, 0, -1, np.nan, np.inf])
    def test_straightening_needs_a_period(self, period):
        with pytest.raises(ValueError, match="period"):
            code(self.angles, period=period, straighten=True)
