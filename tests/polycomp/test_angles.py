"""The error bound of straightened angles is guaranteed: measured exactly, in fractions, modulo the period.

Matrix: float32 and float64 x periods x angles inside and outside the branch, turning, noisy, and so large that their
spacing exceeds the period x bounds from 0 (hypothesis); our decoder, and one that ignores periods.
"""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rustfits_cffi import polycomp

TWO_PI = 2 * np.pi


def code(samples, error, *, p=3, n=50, period=TWO_PI, **more):
    return polycomp.encode(
        samples, "polynomial", num_of_coefficients=p, samples_per_chunk=n, max_error=error, period=period,
        straighten=True, **more,
    )  # fmt: skip


def largest_error(samples, decoded, period):
    """Largest distance of finite samples from their decoded values, modulo the period, without any rounding."""
    period, largest = Fraction(period), Fraction(0)
    for x, y in zip(samples.tolist(), decoded.tolist(), strict=True):
        rest = (Fraction(x) - Fraction(y)) % period
        largest = max(largest, min(rest, period - rest))
    return largest


def raw_of(coded):
    """Which samples are in raw chunks."""
    return np.concatenate([np.full(chunk.samples, not chunk.compressed) for chunk in polycomp.chunks(coded)])


@pytest.mark.parametrize("samples, error, more", [
    (np.random.default_rng(0).normal(size=400) * 1e6, 1e-12, {}),
    (np.random.default_rng(0).normal(size=400) * 1e17, 1e-3, {}),
    (np.mod(np.arange(500) * 0.05, TWO_PI).astype("f4"), 0, {"period_offset": np.pi}),
])  # fmt: skip
def test_angles_in_raw_chunks_are_restored_bit_for_bit(samples, error, more):
    coded = code(samples, error, **more)
    assert coded.statistics.compressed_chunks == 0 and coded.statistics.largest_error == 0
    assert polycomp.decode(coded).tobytes() == samples.tobytes()


def test_an_offset_says_that_angles_were_straightened():
    samples = np.mod(np.arange(500) * 0.05, TWO_PI)
    coded = code(samples, 1e-6)
    expected = polycomp.decode(coded)
    branch = {"period": TWO_PI, "period_offset": 0.0}
    assert np.array_equal(polycomp.decode(coded.payload, "polynomial", **branch), expected)
    assert np.array_equal(polycomp.decode(polycomp.join(polycomp.chunks(coded), **branch)), expected)
    as_stored = polycomp.decode(coded.payload, "polynomial")
    assert not np.array_equal(as_stored, expected)
    for stated in ({"period": TWO_PI}, {**branch, "straighten": False}):
        assert np.array_equal(polycomp.decode(coded.payload, "polynomial", **stated), as_stored)


def angles(rng, kind, length, step, turns):
    """Angles of one kind."""
    ramp = step * np.arange(length) + turns
    if kind == "turning":
        return np.mod(ramp, TWO_PI)
    if kind == "unbounded":
        return ramp
    if kind == "noisy":
        return np.mod(ramp + 1e-7 * rng.normal(size=length), TWO_PI)
    return rng.normal(size=length) * rng.choice([1.0, 1e6, 1e17, 1e30, 1e300 if kind == "huge" else 1e35])


@settings(max_examples=200, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1), kind=st.sampled_from(["turning", "unbounded", "noisy", "far", "huge"]),
    dtype=st.sampled_from(["f4", "f8"]), length=st.integers(0, 300), step=st.floats(-4, 4),
    turns=st.sampled_from([0.0, -3.0, 50.0, 1e4, 1e9, 1e17]), n=st.integers(1, 90), p=st.integers(1, 9),
    error=st.sampled_from([0.0, 1e-16, 1e-15, 4e-15, 1e-12, 1e-7, 1e-3, 0.2]), chebyshev=st.booleans(),
    period=st.sampled_from([TWO_PI, 360.0, 1.0, 2 / 3]), offset=st.sampled_from([None, 0.0, -np.pi, 1e3, -1e12]),
)  # fmt: skip
def test_no_angle_decodes_with_a_larger_error_modulo_the_period(
    seed, kind, dtype, length, step, turns, n, p, error, chebyshev, period, offset
):
    with np.errstate(over="ignore"):
        samples = angles(np.random.default_rng(seed), kind, length, step, turns).astype(dtype)
    samples[~np.isfinite(samples)] = 0
    more = {} if offset is None else {"period_offset": offset}
    coded = code(samples, error, p=p, n=n, period=period, use_chebyshev=chebyshev, **more)
    decoded = polycomp.decode(coded)
    found = largest_error(samples, decoded, period)
    assert found <= error and float(found) == coded.statistics.largest_error
    raw = raw_of(coded) if length else np.zeros(0, bool)
    assert decoded[raw].tobytes() == samples[raw].tobytes()
    if dtype == "f8":
        low, high = coded.parameters["period_offset"], coded.parameters["period_offset"] + period
        assert ((decoded >= low) & ((decoded < high) | (low == high)))[~raw].all()
    unaware = polycomp.decode(coded.payload, "polynomial")
    assert largest_error(samples, unaware, period) <= error


def test_parts_of_straightened_angles_are_those_of_the_whole():
    samples = np.mod(np.arange(500) * 0.05, TWO_PI)
    samples[120:170] += np.random.default_rng(1).normal(size=50)  # two chunks become raw, even outside the branch
    coded = code(samples, 1e-6, period_offset=1.0)
    assert 0 < coded.statistics.compressed_chunks < 10
    whole = polycomp.decode(coded)
    for start in range(0, 500, 35):
        assert np.array_equal(polycomp.decode(coded, start=start, stop=start + 60), whole[start : start + 60])
