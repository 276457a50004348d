"""Noise, quantizing and dequantizing, against cfitsio's own functions and the formulas of the standard."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rustfits_cffi.native._lib import ffi, lib
from rustfits_cffi.native.randoms import RANDOMS as C_RANDOMS

RANDOMS = np.frombuffer(ffi.buffer(C_RANDOMS), "f4")
FNULL = float(np.float32(-9.11912e-36))
CFITSIO_METHOD = {0: -1, 1: 1, 2: 2}


def randoms():
    return C_RANDOMS


def cfitsios(pixels, nx, ny, nullcheck, null, level, method, irow):
    """Scale, zero and integers from cfitsio, or None if it gives up."""
    out = np.zeros(nx * ny, "i4")
    scale, zero, low, high = ffi.new("double *"), ffi.new("double *"), ffi.new("int *"), ffi.new("int *")
    copy = pixels.copy()
    is_float = pixels.dtype == "f4"
    function = lib.fits_quantize_float if is_float else lib.fits_quantize_double
    done = function(irow if method else 0, ffi.from_buffer("float[]" if is_float else "double[]", copy), nx, ny,
                    nullcheck, null, level, CFITSIO_METHOD[method], ffi.from_buffer("int[]", out), scale, zero, low,
                    high)  # fmt: skip
    return (scale[0], zero[0], out) if done else None


def ours(pixels, nx, ny, nullcheck, null, level, method, irow):
    """The same from our quantizer, or its status if it refuses."""
    out = np.zeros(nx * ny, "i4")
    done, width = ffi.new("int *"), pixels.dtype.itemsize
    scratch = np.full(lib.rf_quantize_scratch_nbytes(nx, ny, width), 0x5A, "u1")
    integers = ffi.from_buffer("int32_t[]", out)
    tile = ffi.new("rf_float_tile *", (ffi.from_buffer(pixels), width, nx, ny, nullcheck, null))
    scaling = ffi.new("rf_scaling *", {"method": method, "irow": irow, "randoms": randoms()})
    status = lib.rf_quantize(tile, level, scaling, integers, done, ffi.from_buffer(scratch))
    if status:
        return status
    return (scaling.scale, scaling.zero, out) if done[0] else None


def same(a, b):
    if a is None or b is None:
        return a is b
    numbers = np.array(a[:2]), np.array(b[:2])
    return np.array_equal(*numbers, equal_nan=True) and np.array_equal(a[2], b[2])


CONTENTS = {
    "noise": lambda rng, n: rng.normal(10, 3, n),
    "whole numbers": lambda rng, n: np.round(rng.normal(0, 2, n)),
    "mostly zero": lambda rng, n: rng.normal(0, 1, n) * (rng.random(n) < 0.3),
    "constant": lambda rng, n: np.full(n, 3.25),
    "scaled": lambda rng, n: rng.normal(0, 1, n) * 10.0 ** rng.integers(-30, 30),
    "every magnitude": lambda rng, n: rng.normal(0, 1, n) * 10.0 ** rng.integers(-38, 38, n).astype("f8"),
    "largest": lambda rng, n: rng.choice([-1, 1], n) * 10.0 ** rng.uniform(30, 38.5, n),
    "runs": lambda rng, n: np.repeat(rng.normal(0, 5, n), rng.integers(1, 6))[:n],
    "saturated": lambda rng, n: np.minimum(np.round(rng.normal(0, 3, n)), 1),
    "curve": lambda rng, n: np.arange(n) ** 2 * rng.choice([1.0, -1.0]),
    "few values": lambda rng, n: rng.choice([0.0, 1.0, 7.5], n),
}


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("content", CONTENTS)
def test_random_tiles_quantize_as_in_cfitsio(rng, content, dtype):
    quantized = 0
    for _ in range(220):
        nx, ny = int(rng.integers(1, rng.choice([4, 12, 30, 200]))), int(rng.integers(1, rng.choice([3, 12, 40])))
        n = nx * ny
        pixels = np.clip(CONTENTS[content](rng, n), -3.4e38, 3.4e38).astype(dtype)
        if rng.random() < 0.3:  # a run of equal pixels somewhere
            at = rng.integers(0, n)
            pixels[at : at + int(rng.integers(1, 50))] = pixels[at]
        nullcheck, null = int(rng.random() < 0.4), float(rng.choice([np.inf, FNULL]))
        if nullcheck and rng.random() < 0.8:
            pixels[rng.random(n) < rng.choice([0.01, 0.3, 0.9, 1.0])] = null
        level = float(rng.choice([4, 16, 0, 1, -0.5, -1e-9, -3]))
        arguments = (nx, ny, nullcheck, null, level, int(rng.integers(0, 3)), int(rng.integers(1, 20001)))
        got = ours(pixels, *arguments)
        if got == lib.RF_ERANGE:  # where cfitsio's zero point overflows silently
            assert np.abs(pixels[np.isfinite(pixels)]).max() > 1e18 * abs(level)
            continue
        expected = cfitsios(pixels, *arguments)
        assert same(got, expected), (arguments, got, expected)
        quantized += got is not None
    assert quantized or content == "constant"


def test_left_over_differences_take_part_in_the_median():
    """cfitsio takes the second order median over more elements than the row filled."""
    rows = [[0, 0, 0, 0, 0, 0, 0, 0, 1, -1, 0, -1, -2, -3], [0, -1, -1, -1, 1, 1, 1, 1, 4, 0, 0, -3, -2, 3],
            [3, 1, 0, 1, -2, -1, 0, 2, -1, 0, 1, 1, -1, -1]]  # fmt: skip
    scale, _, _ = ours(np.array(rows, "f4").ravel(), 14, 3, 0, 0.0, 4.0, 0, 0)
    assert scale == pytest.approx(0.262089475, rel=1e-12)


@pytest.mark.parametrize("masked", [0.02, 0.5])
def test_rows_of_equal_pixels_among_others_quantize_as_in_cfitsio(rng, masked):
    """Rows with runs of equal pixels between rows without: only then do left-overs of earlier rows matter."""
    for _ in range(40):
        pixels = rng.normal(0, 1, (30, 120)).astype("f4")
        for row in np.flatnonzero(rng.random(30) < masked):
            at = int(rng.integers(0, 100))
            pixels[row, at : at + int(rng.integers(3, 60))] = 0
        flat = pixels.ravel()
        assert same(ours(flat, 120, 30, 0, 0.0, 4.0, 1, 7), cfitsios(flat, 120, 30, 0, 0.0, 4.0, 1, 7))


stretches = st.lists(
    st.tuples(st.sampled_from(["noise", "constant", "null", "steps"]), st.integers(1, 400)), min_size=1, max_size=30
)


def row_of(parts, seed, sigma, null):
    """A row of stretches, each with a kind and a length."""
    rng = np.random.default_rng(seed)
    make = {
        "noise": lambda n: rng.normal(100, sigma, n),
        "constant": lambda n: np.full(n, np.round(rng.normal(100, sigma))),
        "null": lambda n: np.full(n, null),
        "steps": lambda n: np.round(rng.normal(0, 1, n)) * sigma,
    }
    return np.concatenate([make[kind](length) for kind, length in parts])


@given(
    parts=stretches,
    seed=st.integers(0, 2**32),
    sigma=st.sampled_from([1e-3, 1.0, 300.0]),
    dtype=st.sampled_from(["f4", "f8"]),
    null=st.sampled_from([np.inf, FNULL]),
    method=st.integers(0, 2),
    nullcheck=st.booleans(),
)
@settings(max_examples=400, deadline=None)
def test_one_long_row_of_constant_stretches_and_nulls_quantizes_as_in_cfitsio(
    parts, seed, sigma, dtype, null, method, nullcheck
):
    """A single row has one array for all differences: left-overs in it take part in the medians."""
    if not nullcheck:
        parts = [(kind, length) for kind, length in parts if kind != "null"] or [("noise", 20)]
    pixels = row_of(parts, seed, sigma, null).astype(dtype)
    arguments = (pixels.size, 1, int(nullcheck), null, 4.0, method, 1 + seed % 9999)
    assert same(ours(pixels, *arguments), cfitsios(pixels, *arguments))


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_unflagged_nan_ranks_as_in_cfitsio(rng, dtype):
    for _ in range(60):
        pixels = rng.normal(0, 1, 300).astype(dtype)
        pixels[rng.integers(0, 300, 5)] = np.nan
        assert same(ours(pixels, 30, 10, 0, 0.0, 4.0, 0, 0), cfitsios(pixels, 30, 10, 0, 0.0, 4.0, 0, 0))


@pytest.mark.parametrize("content", ["noise", "whole numbers", "saturated", "huge"])
def test_integer_noise_equals_cfitsios(rng, content):
    for _ in range(150):
        nx, ny = int(rng.integers(1, 120)), int(rng.integers(1, 30))
        if content == "huge":
            pixels = rng.integers(-(2**31), 2**31, nx * ny).astype("i4")
        else:
            pixels = np.round(CONTENTS[content](rng, nx * ny)).astype("i4")
        nullcheck, null = int(rng.random() < 0.5), int(rng.choice([0, -2147483647, 1]))
        expected = [ffi.new("double *") for _ in range(3)]
        status = ffi.new("int *")
        lib.fits_img_stats_int(ffi.from_buffer("int[]", pixels), nx, ny, nullcheck, null, ffi.NULL, ffi.NULL, ffi.NULL,
                               ffi.NULL, ffi.NULL, ffi.NULL, *expected, status)  # fmt: skip
        noise = ffi.new("rf_noise *")
        scratch = np.zeros(lib.rf_noise_scratch_nbytes(nx, ny, 8), "u1")
        values = ffi.from_buffer("int32_t[]", pixels)
        lib.rf_noise_int(values, nx, ny, nullcheck, null, noise, ffi.from_buffer(scratch))
        assert [noise.n2, noise.n3, noise.n5] == [e[0] for e in expected]


def test_dithered_values_equal_those_computed_by_hand():
    """Squares of 0 to 19: values computed by hand from the sequence."""
    squares = (np.arange(20) ** 2).astype("f4")
    scale, zero, values = ours(squares, 10, 2, 0, 0.0, 4.0, 1, 1)
    assert scale == pytest.approx(1.2105394) and zero == 0
    assert values.tolist() == [0, 0, 4, 7, 13, 20, 29, 41, 53, 67, 82, 100, 119, 139, 161, 186, 212, 238, 268, 298]
    _, zero, values = ours(squares, 10, 2, 0, 0.0, 4.0, 2, 9999)
    assert zero == pytest.approx(2599613553.443798)
    assert values[:3].tolist() == [-2147483646, -2147483636, -2147483633]


def test_dither_sequence_is_cfitsios():
    theirs = np.frombuffer(ffi.buffer(lib.fits_rand_value, 4 * len(RANDOMS)), "f4")
    assert np.array_equal(RANDOMS, theirs)


def dither_of(irow, count):
    """The random number of each pixel, according to the text of the standard."""
    numbers, seed = np.empty(count, "f4"), (irow - 1) % 10000
    at = int(RANDOMS[seed] * 500)
    for i in range(count):
        numbers[i] = RANDOMS[at]
        at += 1
        if at == 10000:
            seed = (seed + 1) % 10000
            at = int(RANDOMS[seed] * 500)
    return numbers


def dequantize(values, first, scale, zero, method, irow, blank, dtype):
    out = np.full(len(values), 77, dtype)
    integers = ffi.from_buffer("int32_t[]", values)
    scaling, dither = ffi.new("rf_scaling *", (scale, zero, method, irow, randoms())), ffi.new("rf_dither *")
    lib.rf_dither_start(dither, randoms(), irow)
    lib.rf_unscale(integers, first, len(values), scaling, dither, blank is not None, blank or 0, out.itemsize,
                   ffi.from_buffer(out))  # fmt: skip
    return out


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("method", [0, 1, 2])
@pytest.mark.parametrize("blank", [None, -2147483647, 5])
def test_dequantizing_is_the_formula(rng, dtype, method, blank):
    for irow in (1, 9999, 10000, 10001, int(rng.integers(10000)), int(rng.integers(2**31))):
        values = rng.integers(-50, 50, 25000).astype("i4")
        values[rng.integers(0, 25000, 900)] = -2147483647
        values[rng.integers(0, 25000, 900)] = -2147483646
        scale, zero = rng.normal(), rng.normal() * 1e3
        if method:
            expected = ((values.astype("f8") - dither_of(irow, 25000).astype("f8") + 0.5) * scale + zero).astype(dtype)
            if method == 2:
                expected[values == -2147483646] = 0
        else:
            expected = (values.astype("f8") * scale + zero).astype(dtype)
        if blank is not None:
            expected[values == blank] = np.nan
        assert np.array_equal(dequantize(values, 0, scale, zero, method, irow, blank, dtype), expected, equal_nan=True)
        first, stop = sorted(map(int, rng.integers(0, 25001, 2)))
        part = dequantize(values[first:stop], first, scale, zero, method, irow, blank, dtype)
        assert np.array_equal(part, expected[first:stop], equal_nan=True)


def requantize(pixels, scale, zero, method, irow, null=np.inf):
    out, bad = np.zeros(len(pixels), "i4"), ffi.new("size_t *", 123456)
    tile = ffi.new("rf_float_tile *", (ffi.from_buffer(pixels), pixels.itemsize, len(pixels), 1, 1, null))
    scaling = ffi.new("rf_scaling *", (scale, zero, method, irow, randoms()))
    status = lib.rf_requantize(tile, scaling, ffi.from_buffer("int32_t[]", out), bad)
    return (status, bad[0]) if status else out


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("method", [0, 1, 2])
def test_requantizing_keeps_every_integer(rng, dtype, method):
    scale, irow = 10.0 ** rng.uniform(-3, 3), int(rng.integers(1, 20000))
    zero = rng.normal(0, 1e3) * scale
    values = rng.integers(-(2**20), 2**20, 30000).astype("i4")
    values[::500] = -2147483647
    if method == 2:
        values[1::500] = -2147483646
    decoded = dequantize(values, 0, scale, zero, method, irow, -2147483647, dtype)
    decoded[np.isnan(decoded)] = np.inf
    assert np.array_equal(requantize(decoded, scale, zero, method, irow), values)


@pytest.mark.parametrize("method", [0, 1, 2])
def test_requantizing_refuses_what_the_integers_cannot_hold(method):
    limits = {"highest": 2147483647.0, "lowest": -2147483638.0}
    for name, limit in limits.items():
        outside = limit + (2 if name == "highest" else -2)
        pixels = np.full(20000, 1.0)
        pixels[15000] = outside
        assert requantize(pixels, 1.0, 0.0, method, 3) == (lib.RF_ERANGE, 15000)
        pixels[15000] = limit - np.sign(limit)
        assert isinstance(requantize(pixels, 1.0, 0.0, method, 3), np.ndarray)
    pixels[:3] = [np.inf, np.nan, 1]
    assert requantize(pixels, 1.0, 0.0, method, 3) == (lib.RF_ERANGE, 1)


def test_nothing_is_quantized_that_is_too_short_or_flat():
    for pixels, nx, ny in (([1.0], 1, 1), ([5.0] * 30, 10, 3), ([1.0, 2.0, 3.0], 3, 1)):
        assert ours(np.array(pixels, "f4"), nx, ny, 0, 0.0, 4.0, 1, 1) is None
