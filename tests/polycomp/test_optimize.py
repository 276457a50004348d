"""The search for the smallest polynomial stream: the grid, the local walk, and the sets of a configuration."""

import _thread

import numpy as np
import pytest

from rustfits_cffi import polycomp
from rustfits_cffi.threads import lend, set_num_threads
from tests.conftest import holds_soon

WAVE = np.sin(np.arange(3000) / 90) + 1e-6 * np.random.default_rng(2).normal(size=3000)
RANGES = {"num_of_coefficients": "3-7", "samples_per_chunk": "20:20:120,131", "max_error": 3e-6}


@pytest.fixture(params=[1, 2])
def nthreads(request):
    set_num_threads(request.param)
    yield request.param
    set_num_threads(None)


def size(p, n):
    return polycomp.encode(
        WAVE, "polynomial", num_of_coefficients=p, samples_per_chunk=n, max_error=RANGES["max_error"]
    ).nbytes


def test_the_grid_finds_the_first_of_the_smallest(nthreads):
    found = polycomp.optimize(WAVE, **RANGES)
    pairs = [(p, n) for p in (3, 4, 5, 6, 7) for n in (20, 40, 60, 80, 100, 120, 131)]
    assert [point[:2] for point in found.points] == pairs
    sizes = [size(*pair) for pair in pairs]
    assert [point.nbytes for point in found.points] == sizes
    assert (found.num_of_coefficients, found.samples_per_chunk) == pairs[int(np.argmin(sizes))]
    assert found.encoded.nbytes == min(sizes)
    assert np.abs(polycomp.decode(found.encoded) - WAVE).max() <= RANGES["max_error"]


def test_of_streams_of_one_size_the_first_is_taken(nthreads):
    noise = np.random.default_rng(1).normal(size=600)
    for search in ("grid", "local"):
        found = polycomp.optimize(
            noise, num_of_coefficients=[4, 2, 3], samples_per_chunk=60, max_error=0.0, search=search
        )
        assert len({point.nbytes for point in found.points}) == 1  # all chunks are raw
        assert found.num_of_coefficients == found.points[0].num_of_coefficients


def test_the_survey_has_every_point():
    found = polycomp.optimize(WAVE, **RANGES)
    survey = found.survey()
    fields = ("num_of_coefficients", "samples_per_chunk", "nbytes", "ratio", "chunks", "compressed_chunks",
              "chebyshev_coefficients", "seconds")  # fmt: skip
    for image, field in zip(survey.values(), fields, strict=True):
        assert image.ravel().tolist() == [getattr(point, field) for point in found.points]
    assert set(survey) == {"NUMCOEFS", "SMPPERCK", "COMPRSIZ", "CR", "NUMCK", "NUMCRCK", "NCHEBYC", "TIME"}
    assert all(image.shape == (5, 7) for image in survey.values())
    assert survey["COMPRSIZ"][4, 2] == size(7, 60) and survey["NUMCK"][0, 0] == 150


@pytest.mark.parametrize("delta", [1, 3])
def test_the_local_search_stays_inside_never_repeats_and_never_loses(nthreads, delta):
    found = polycomp.optimize(WAVE, **RANGES, search="local", delta_samples=delta, delta_coeffs=delta)
    tried = [point[:2] for point in found.points]
    assert len(set(tried)) == len(tried)
    assert all(3 <= p <= 7 and n in (20, 40, 60, 80, 100, 120, 131) for p, n in tried)
    assert tried[0] == (5, 80) and found.encoded.nbytes <= size(5, 80)
    assert found.encoded.nbytes == min(point.nbytes for point in found.points)


@pytest.mark.parametrize("deltas", [(1, 1), (2, 3), (5, 40)])
def test_the_local_search_goes_on_until_no_neighbour_is_better(deltas):
    lengths, coefficients = [*range(4, 45)], [2, 3, 4, 5, 6, 7]
    samples = 1e3 * np.exp(-np.arange(6000) / 900)
    found = polycomp.optimize(
        samples, num_of_coefficients=coefficients, samples_per_chunk=lengths, max_error=1e-4, search="local",
        delta_coeffs=deltas[0], delta_samples=deltas[1],
    )  # fmt: skip
    row, column = coefficients.index(found.num_of_coefficients), lengths.index(found.samples_per_chunk)
    assert abs(column - 20) > 5  # several steps from the middle, where the search started
    for p in coefficients[max(0, row - 1) : row + 2]:
        for n in lengths[max(0, column - 1) : column + 2]:
            coded = polycomp.encode(samples, "polynomial", num_of_coefficients=p, samples_per_chunk=n, max_error=1e-4)
            assert coded.nbytes >= found.encoded.nbytes
    if deltas == (5, 40):  # every initial step leaves the grid: only halved steps lead anywhere
        assert len(found.points) > 1


def test_one_step_of_the_local_search():
    found = polycomp.optimize(WAVE, **RANGES, search="local", max_iterations=1)
    assert len(found.points) == 9


def test_parameters_of_the_compression_are_passed_on():
    found = polycomp.optimize(WAVE, num_of_coefficients=[5], samples_per_chunk=50, max_error=1e-5, use_chebyshev=False)
    assert found.encoded.parameters["use_chebyshev"] is False


@pytest.mark.parametrize("text, numbers", [
    ("10, 11, 14-16, 7, 5:2:15", [5, 7, 9, 10, 11, 13, 14, 15, 16]),
    ("3", [3]), ("3:5", [3, 4, 5]), ("4-4", [4]), ("1:10:5", [1]), ("1:3:8", [1, 4, 7]), ("2,2", [2]),
    ("", None), ("1,,2", None), ("-3", None), ("+3", None), ("3.5", None), ("5-3", None), ("1:0:5", None),
    ("1-2-3", None), ("1:2:3:4", None), ("a", None), ("²", None), ("1:99999999999", None), ("1 2", None),
])  # fmt: skip
def test_sets_of_numbers(text, numbers):
    if numbers is None:
        with pytest.raises(ValueError):
            polycomp.parse_numbers(text)
    else:
        assert polycomp.parse_numbers(text) == numbers


@pytest.mark.parametrize("change", [
    {"num_of_coefficients": []}, {"num_of_coefficients": "0"}, {"samples_per_chunk": 65536}, {"search": "simplex"},
    {"max_error": -1},
])  # fmt: skip
def test_wrong_arguments(change):
    with pytest.raises(ValueError):
        polycomp.optimize(WAVE, **{**RANGES, **change})


def test_entropy():
    assert polycomp.entropy(np.arange(256.0), 8) == pytest.approx(8, abs=0.01)
    assert polycomp.entropy(np.ones(9), 8) == 0 and polycomp.entropy([], 8) == 0
    assert polycomp.entropy(np.arange(9.0), 40) is None
    assert polycomp.entropy([0.0, 0.5, 1.0], 1) == pytest.approx(np.log2(3))  # the largest sample is a step of its own
    for wrong in (-3, 0, 65, 2.5):
        with pytest.raises((TypeError, ValueError), match="bits_per_sample must be"):
            polycomp.entropy(np.arange(9.0), wrong)
    for wrong in (np.nan, np.inf):
        with pytest.raises(ValueError, match="have no entropy"):
            polycomp.entropy([1.0, wrong], 8)


def test_an_interrupt_at_any_moment_ends_the_search(rng, interrupt_after, two_threads):
    nthreads = _thread._count()
    for delay in rng.uniform(0, 0.01, 100):
        with pytest.raises(KeyboardInterrupt), interrupt_after(delay):
            while True:
                polycomp.optimize(WAVE, **RANGES)
    assert holds_soon(lambda: _thread._count() == nthreads)
    with lend() as count:
        assert count == 2
