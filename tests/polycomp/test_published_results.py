"""End to end: the published results of the method, on simulated data of the same kind."""

import numpy as np
import pytest

from rustfits_cffi.polycomp import simulate


@pytest.fixture(scope="module")
def telemetry():
    return {row.series: row for row in simulate.compress_telemetry(simulate.telemetry(nsamples=60_000))}


def test_an_ephemeris_is_compressed_fourteen_to_thirtyfold_within_a_metre():
    rows = simulate.compress_ephemeris(simulate.ephemeris())
    assert len(rows) == 9
    for row in rows:
        assert 14 <= row.ratio <= 30, row
        assert 0 < row.largest_error < 1, row


def test_all_columns_of_a_spinning_satellite_are_compressed_about_ninefold(telemetry):
    assert 8 <= telemetry["all columns"].ratio <= 11


def test_pointing_is_within_an_arc_second(telemetry):
    for name in ("THETA", "PHI", "PSI"):
        assert telemetry[name].largest_error <= telemetry[name].bound == 4.8e-6
        assert telemetry[name].ratio > 7


def test_clock_and_flags_are_exact_and_science_is_within_half_a_step(telemetry):
    assert telemetry["OBT"].largest_error == telemetry["FLAG"].largest_error == 0
    assert telemetry["OBT"].ratio > 50 and telemetry["FLAG"].ratio > 20
    assert telemetry["DIFF"].largest_error <= telemetry["DIFF"].bound
    assert telemetry["DIFF"].ratio == pytest.approx(3.2, rel=1e-3)


def test_the_simulation_depends_on_its_seed_alone():
    first, second, other = (simulate.telemetry(nsamples=3000, seed=seed) for seed in (4, 4, 5))
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert not np.array_equal(first["DIFF"], other["DIFF"])
