"""Every compression restores its samples: all types, byte orders, strides and lengths, and every part of a series.

Matrix: 7 compressions x the types that each accepts x lengths 0, 1, few, many (hypothesis) x whole and slices.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rustfits_cffi import polycomp
from tests.conftest import at_work

INTEGERS = [f"{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8)]
FLOATS = ["f4", "f8"]
OTHERS = ["?", "S3", "U2"]
EXACT = ["none", "zlib", "bzip2"]

quick = settings(max_examples=25, deadline=None)


def series(dtype):
    """Samples of a type, with runs, ramps, extremes and noise."""
    seeds = st.integers(0, 2**32 - 1)
    lengths = st.one_of(st.integers(0, 5), st.integers(6, 400))

    def build(seed, length, step):
        rng = np.random.default_rng(seed)
        dt = np.dtype(dtype)
        if dt.kind in "SU":
            return np.array([b"ab", b"", b"xyz"])[rng.integers(0, 3, length)].astype(dt)
        raw = rng.integers(0, 256, length * dt.itemsize, np.uint8).tobytes()
        if dt.kind == "b":
            return np.frombuffer(raw, np.uint8) > 99
        noise = np.frombuffer(raw, dt)
        if dt.kind == "f" or seed % 3 == 0:
            return noise
        with np.errstate(over="ignore"):
            return (np.repeat(noise, step)[:length] + np.arange(length) * (seed % 2)).astype(dt)

    return st.builds(build, seeds, lengths, st.integers(1, 60))


def assert_same(a, b):
    """Bit for bit, NaN included."""
    assert a.dtype == b.dtype and a.shape == b.shape
    assert a.tobytes() == np.ascontiguousarray(b).tobytes()


def check(samples, method, data, **parameters):
    coded = polycomp.encode(samples, method, **parameters)
    assert coded.count == len(samples)
    assert_same(polycomp.decode(coded), samples)
    start = data.draw(st.integers(0, len(samples)))
    stop = data.draw(st.integers(start, len(samples)))
    assert_same(polycomp.decode(coded, start=start, stop=stop), samples[start:stop])
    again = polycomp.decode(coded.payload, method, dtype=coded.dtype, count=coded.count, **coded.parameters)
    assert_same(again, samples)
    return coded


@pytest.mark.parametrize("method", ["rle", "diffrle"])
@pytest.mark.parametrize("dtype", INTEGERS)
@quick
@given(data=st.data())
def test_run_lengths(method, dtype, data):
    samples = data.draw(series(dtype))
    most = data.draw(st.sampled_from([None, 1, 3, 127]))
    coded = check(samples, method, data, max_count=most)
    assert coded.payload.dtype == samples.dtype


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("dtype", INTEGERS + FLOATS + OTHERS)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_exact_compressions(method, dtype, data):
    check(data.draw(series(dtype)), method, data)


@pytest.mark.parametrize("dtype", FLOATS)
@quick
@given(data=st.data())
def test_polynomial_streams_of_any_bits_within_zero_error(dtype, data):
    """With a bound of 0 every sample survives exactly, NaN payloads, infinities and denormals included."""
    samples = data.draw(series(dtype))
    if dtype == "f4":  # the stream holds doubles: conversion makes signalling NaNs quiet
        samples = np.where(np.isnan(samples), (samples.view("u4") | 0x400000).view("f4"), samples)
    check(
        samples, "polynomial", data, max_error=0.0, num_of_coefficients=data.draw(st.integers(1, 9)),
        samples_per_chunk=data.draw(st.integers(1, 70)),
    )  # fmt: skip


@pytest.mark.parametrize("dtype", FLOATS)
@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1), length=st.integers(0, 700), p=st.integers(1, 24), n=st.integers(1, 320),
    exponent=st.integers(-14, 2), chebyshev=st.booleans(),
)  # fmt: skip
def test_polynomial_streams_keep_their_bound(dtype, seed, length, p, n, exponent, chebyshev):
    rng = np.random.default_rng(seed)
    x = np.arange(length)
    samples = np.sin(x / rng.uniform(3, 200)) + rng.choice([0, 1e-9, 1e-5, 1e-2]) * rng.normal(size=length)
    samples = samples.astype(dtype)
    bound = 10.0**exponent
    coded = polycomp.encode(
        samples, "polynomial", num_of_coefficients=p, samples_per_chunk=n, max_error=bound, use_chebyshev=chebyshev
    )
    decoded = polycomp.decode(coded)
    assert decoded.dtype == samples.dtype
    largest = np.abs(decoded.astype(float) - samples).max(initial=0)
    assert largest <= bound and largest == coded.statistics.largest_error
    assert coded.nbytes <= 8 + 8 * length + 3 * -(-length // n)
    wide = polycomp.decode(coded.payload, "polynomial")  # what a reader that knows only doubles gets
    assert np.abs(wide - samples).max(initial=0) <= bound
    assert np.array_equal(polycomp.join(polycomp.chunks(coded)).payload, coded.payload)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("bit_order", ["msb", "lsb"])
@quick
@given(
    seed=st.integers(0, 2**32 - 1), length=st.integers(0, 300), bits=st.integers(1, 50), scale=st.floats(1e-20, 1e20)
)
def test_quantized_samples_are_within_half_a_step(dtype, bit_order, seed, length, bits, scale):
    samples = (np.random.default_rng(seed).normal(size=length) * scale).astype(dtype)
    coded = polycomp.encode(samples, "quantization", bits_per_sample=bits, bit_order=bit_order)
    assert coded.nbytes == (length * bits + 7) // 8
    decoded = polycomp.decode(coded)
    error = np.abs(decoded.astype(float) - samples).max(initial=0)
    rounding = 4 * np.finfo(dtype).eps * np.abs(samples).max(initial=0)
    assert error <= 0.5 / coded.parameters["normalization"] * (1 + 1e-9) + rounding
    assert error == coded.statistics.largest_error
    assert_same(polycomp.decode(coded, start=5, stop=100), decoded[5:100])


def test_what_an_encoded_series_says_of_itself():
    samples = np.arange(1000) / 7
    for method, stored, parameters in (
        ("none", "f8", {}), ("zlib", "u1", {"compression_level": 1}), ("bzip2", "u1", {}),
        ("quantization", "u1", {"bits_per_sample": 12}),
        ("polynomial", "u1", {"num_of_coefficients": 3, "samples_per_chunk": 90, "max_error": 1e-9}),
    ):  # fmt: skip
        coded = polycomp.encode(samples, method, **parameters)
        assert (coded.method, coded.dtype, coded.count, coded.payload.dtype) == (method, "f8", 1000, stored)
        assert coded.parameters.items() >= parameters.items()
        assert coded.statistics.ratio == pytest.approx(samples.nbytes / coded.payload.nbytes)
        error = np.abs(polycomp.decode(coded) - samples).max()
        assert error == coded.statistics.largest_error
        assert (coded.statistics.chunks > 0) == (method == "polynomial")


@pytest.mark.parametrize("method, dtype", [("rle", ">i4"), ("diffrle", ">u2"), ("zlib", ">f8"), ("none", ">i2")])
def test_byte_order_stride_and_alignment_do_not_matter(method, dtype):
    plain = np.arange(60).repeat(3)
    record = np.zeros(180, np.dtype([("pad", "u1"), ("value", dtype)]))
    record["value"] = plain
    coded = polycomp.encode(record["value"][::-2], method)
    assert coded.dtype.isnative
    assert np.array_equal(polycomp.decode(coded), plain[::-2])


@pytest.mark.parametrize("method", ["none", "rle", "diffrle", "zlib"])
def test_payloads_at_odd_addresses(method):
    samples = np.arange(60).repeat(3)
    stored = polycomp.encode(samples, method).payload
    unaligned = memoryview(b"x" + stored.tobytes())[1:]
    for payload in (unaligned, np.frombuffer(unaligned, stored.dtype)):
        assert np.array_equal(polycomp.decode(payload, method, dtype="i8", count=180), samples)


@pytest.mark.parametrize("method", EXACT)
def test_rows_of_several_values(method):
    samples = np.arange(24.0).reshape(6, 2, 2)
    coded = polycomp.encode(samples, method)
    assert (coded.count, coded.uncompressed_nbytes) == (6, 192)
    assert_same(polycomp.decode(coded), samples)
    assert_same(polycomp.decode(coded, start=-2), samples[-2:])


def test_plain_rows_need_no_count():
    samples = np.arange(24.0).reshape(6, 4)
    for payload in (samples, samples.reshape(-1), samples.tobytes(), memoryview(samples.tobytes())):
        assert_same(polycomp.decode(payload, "none", dtype="f8", item_shape=(4,)), samples)
        pairs = polycomp.decode(payload, "none", dtype="f8", item_shape=(2, 2), stop=3)
        assert_same(pairs, samples.reshape(6, 2, 2)[:3])


def test_unsigned_samples_from_a_signed_column():
    """Files store unsigned bits in signed columns; the type stated with them says how to read them."""
    samples = np.repeat(np.array([65535, 0, 40000], np.uint16), 5)
    for method in ("none", "rle", "diffrle"):
        coded = polycomp.encode(samples, method)
        column = coded.payload.view(np.int16).astype(">i2")
        assert np.array_equal(polycomp.decode(column, method, dtype="uint16", count=15), samples)


def test_integers_stored_as_doubles():
    """The reference program keeps the column type of its source, such as doubles for a clock."""
    samples = np.arange(10**14, 10**14 + 999, 3)
    column = polycomp.encode(samples, "diffrle").payload.astype(np.float64)
    assert np.array_equal(polycomp.decode(column, "diffrle", dtype="int64", count=samples.size), samples)
    with pytest.raises(polycomp.PolycompError, match="not all values of int64"):
        polycomp.decode(column + 0.5, "diffrle", dtype="int64", count=samples.size)


def test_default_runs_stay_below_the_signed_maximum():
    """The reference program takes larger counts for negative numbers, even of unsigned samples."""
    samples = np.zeros(300, np.uint8)
    assert polycomp.encode(samples, "rle").payload[::2].tolist() == [127, 127, 46]
    assert polycomp.encode(samples, "rle", max_count=255).payload[::2].tolist() == [255, 45]
    for most in (127, 255):
        stream = polycomp.encode(samples, "rle", max_count=most).payload
        assert np.array_equal(polycomp.decode(stream, "rle", dtype="uint8", count=300), samples)


def test_wrapping_differences():
    samples = np.array([-128, 127, -128, 0, 127], np.int8)
    coded = polycomp.encode(samples, "diffrle")
    assert coded.payload.tolist() == [-128, 1, -1, 1, 1, 1, -128, 1, 127]
    assert np.array_equal(polycomp.decode(coded), samples)


def test_an_empty_series_of_every_compression():
    for method in ("quantization", "polynomial", "rle", "diffrle", *EXACT):
        dtype = "i2" if "rle" in method else "f8"
        settings = {
            "quantization": {"bits_per_sample": 7},
            "polynomial": {"num_of_coefficients": 3, "samples_per_chunk": 9, "max_error": 1.0},
        }
        coded = polycomp.encode(np.empty(0, dtype), method, **settings.get(method, {}))
        assert coded.nbytes == {"polynomial": 8, "zlib": 8, "bzip2": 14}.get(method, 0)
        assert_same(polycomp.decode(coded), np.empty(0, dtype))


def test_omitted_parameters_have_their_defaults():
    samples = np.linspace(0, 10, 1000)
    coded = polycomp.encode(samples, "quantization", bits_per_sample=12)
    facts = {name: coded.parameters[name] for name in ("bits_per_sample", "normalization", "offset")}
    assert coded.parameters["bit_order"] == "msb"
    decoded = polycomp.decode(coded.payload, "quantization", dtype="f8", count=1000, **facts)
    assert np.abs(decoded - samples).max() <= coded.statistics.largest_error
    text = np.repeat(np.arange(5000, dtype="i4"), 3) // 7
    for method in ("zlib", "bzip2"):
        default, best = polycomp.encode(text, method), polycomp.encode(text, method, compression_level=9)
        assert default.payload.tobytes() == best.payload.tobytes() and default.parameters == best.parameters
    assert polycomp.encode(text, "zlib", compression_level=1).nbytes > polycomp.encode(text, "zlib").nbytes


@pytest.mark.parametrize("method", ["none", "rle", "diffrle", "quantization", "polynomial", "zlib", "bzip2"])
def test_payloads_are_not_for_writing(method):
    samples = np.arange(50, dtype="i4" if method.endswith("rle") else "f8")
    parameters = {"quantization": {"bits_per_sample": 5}, "polynomial": PARAMETERS}.get(method, {})
    with pytest.raises(ValueError, match="read-only"):
        polycomp.encode(samples, method, **parameters).payload[0] = 1


PARAMETERS = {"num_of_coefficients": 2, "samples_per_chunk": 20, "max_error": 1e-3}


@pytest.mark.parametrize("method", ["none", "rle", "zlib"])
def test_columns_of_tables_come_back_as_arrays(method):
    """Subclasses of arrays, such as those that other libraries return for columns."""

    class Column(np.ndarray):
        pass

    samples = np.arange(20, dtype="i4") // 7
    payload = polycomp.encode(samples, method).payload.view(Column)
    decoded = polycomp.decode(payload, method, dtype="i4", count=20)
    assert type(decoded) is np.ndarray and np.array_equal(decoded, samples)
    text = np.char.array(["ab", "c", "def"])
    assert polycomp.decode(text, "none", dtype="U3", count=3).tolist() == ["ab", "c", "def"]
    with pytest.raises(TypeError, match="masked stream"):
        polycomp.decode(np.ma.masked_array(payload), method, dtype="i4", count=20)


def test_callers_at_the_same_time_share_nothing(two_threads):
    wave = np.sin(np.arange(300_000) / 50) + 1e-6 * np.random.default_rng(1).normal(size=300_000)
    series = {
        "polynomial": (wave, {"num_of_coefficients": 6, "samples_per_chunk": 60, "max_error": 1e-6}),
        "quantization": (wave, {"bits_per_sample": 13}),
        "rle": (np.arange(1_500_000) // 3 % 5, {}),
        "diffrle": (np.arange(1_500_000) ** 2 // 7, {}),
    }
    alone = {method: polycomp.encode(samples, method, **given) for method, (samples, given) in series.items()}
    decoded = {method: polycomp.decode(coded).tobytes() for method, coded in alone.items()}

    def work(number):
        for method in np.roll(list(series), number).tolist():
            samples, given = series[method]
            coded = polycomp.encode(samples, method, **given)
            assert coded.payload.tobytes() == alone[method].payload.tobytes()
            assert polycomp.decode(coded).tobytes() == decoded[method]

    with at_work(work, range(6)):
        pass
