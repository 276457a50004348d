"""Any bytes and any arguments: one exception type, no crash, and no memory out of proportion to the stream.

Matrix: cuts at every byte, 2,000 seeded mutations over all methods, lies about count, type and scale, wrong arguments.
"""

import _thread
import bz2
import functools
import pickle
import threading
import tracemalloc
import warnings
import zlib

import numpy as np
import pytest

from rustfits_cffi import polycomp
from rustfits_cffi.polycomp import PolycompError, PolycompWarning
from rustfits_cffi.polycomp.streams import deflated, runlength
from rustfits_cffi.threads import set_num_threads
from tests.conftest import holds_soon


def streams():
    """A small stream of each method."""
    rng = np.random.default_rng(1)
    wave = np.sin(np.arange(500) / 40) + 1e-4 * rng.normal(size=500)
    flags = np.repeat(rng.integers(0, 4, 60), rng.integers(1, 30, 60))
    return {
        "rle": polycomp.encode(flags.astype(np.int16), "rle"),
        "diffrle": polycomp.encode(np.arange(300, dtype=np.int32) * 7, "diffrle"),
        "quantization": polycomp.encode(wave, "quantization", bits_per_sample=11),
        "polynomial": polycomp.encode(
            wave, "polynomial", num_of_coefficients=4, samples_per_chunk=33, max_error=1e-4
        ),
        "long": polycomp.encode(wave, "polynomial", num_of_coefficients=4, samples_per_chunk=400, max_error=1e-4),
        "zlib": polycomp.encode(flags, "zlib"),
        "bzip2": polycomp.encode(flags, "bzip2"),
    }


def decode(payload, coded, **changes):
    """Decode the bytes of a stream with the other facts of `coded`."""
    facts = {"dtype": coded.dtype, "count": coded.count, **coded.parameters, **changes}
    return polycomp.decode(payload, coded.method, **facts)


def survives(payload, coded, **changes):
    """Whether the stream decodes; anything but samples of the right number or a PolycompError fails the test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PolycompWarning)
        try:
            decoded = decode(payload, coded, **changes)
        except PolycompError as error:
            assert str(error)
            return False
    if "count" not in changes:
        assert decoded.size == coded.count
    return True


@pytest.mark.parametrize("name", streams())
def test_2000_mutations(name, rng):
    coded = streams()[name]
    original = coded.payload.tobytes()
    outcomes = []
    for _ in range(2000 // len(streams()) + 1):
        stream = bytearray(original)
        kind = rng.integers(0, 5)
        at = int(rng.integers(0, len(stream)))
        if kind == 0:
            stream[at] ^= 1 << int(rng.integers(0, 8))
        elif kind == 1:
            stream[at : at + int(rng.integers(1, 9))] = rng.bytes(int(rng.integers(1, 9)))
        elif kind == 2:
            del stream[at : at + int(rng.integers(1, 30))]
        elif kind == 3:
            stream[at:at] = rng.bytes(int(rng.integers(1, 30)))
        else:
            stream[min(at, 16) : min(at, 16) + 8] = rng.choice([b"\xff" * 8, b"\0" * 8, b"\x7f" + b"\xff" * 7])
        outcomes.append(survives(bytes(stream), coded))
        survives(bytes(stream), coded, count=None if coded.method == "polynomial" else coded.count + 1)
    assert not all(outcomes)


@pytest.mark.parametrize("name", streams())
def test_a_stream_truncated_anywhere_is_refused(name):
    coded = streams()[name]
    stream = coded.payload.tobytes()
    for length in range(0, len(stream), 1 if len(stream) < 900 else 7):
        with pytest.raises(PolycompError):
            decode(stream[:length], coded)


@pytest.mark.parametrize("name", streams())
def test_garbage_truncation_and_lies_name_byte_and_reason(name):
    coded = streams()[name]
    stream = coded.payload.tobytes()
    rng = np.random.default_rng(7)
    bad = [stream[: len(stream) // 2], stream[:-1], b"", b"\x9b" * 30, *(rng.bytes(40) for _ in range(5))]
    for payload in bad:
        with pytest.raises(PolycompError) as caught:
            decode(payload, coded)
        error = caught.value
        assert isinstance(error, ValueError) and error.method == coded.method and error.reason in str(error)
        assert 0 <= error.offset <= len(payload) and f"byte {error.offset}" in str(error)
        if coded.method == "polynomial":
            assert f"chunk {error.chunk}" in str(error)


@pytest.mark.parametrize("method, squeeze", [("zlib", zlib.compress), ("bzip2", bz2.compress)])
def test_the_byte_at_which_a_deflated_stream_turns_bad_is_found(method, squeeze):
    data = np.random.default_rng(3).integers(0, 50, 4000, np.uint8)
    stream = bytearray(squeeze(data.tobytes()))
    stream[-3] ^= 0x55  # within the checksum of the contents
    with pytest.raises(PolycompError) as caught:
        polycomp.decode(bytes(stream), method, dtype="u1", count=data.size)
    assert len(stream) - 8 <= caught.value.offset < len(stream)


def first_bad(stream, method, most):
    """The byte at which a stream proves bad or exceeds `most` bytes, found by feeding it byte by byte."""
    coder, plain = (zlib.decompressobj() if method == "zlib" else bz2.BZ2Decompressor()), 0
    for at in range(len(stream)):
        try:
            plain += len(coder.decompress(stream[at : at + 1]))
            while not coder.eof and (more := coder.decompress(b"")):  # a block may come in several parts
                plain += len(more)
        except (zlib.error, OSError):
            return at
        if plain > most:
            return at
    return None


@pytest.mark.parametrize("method, squeeze", [("zlib", zlib.compress), ("bzip2", bz2.compress)])
def test_the_bad_byte_of_a_deflated_stream_of_many_pieces_is_found(method, squeeze):
    data = np.random.default_rng(3).integers(0, 200, 300_000, np.uint8).tobytes()
    good = squeeze(data)
    assert len(good) > 3 * deflated._PIECE
    for at in (0, 20, deflated._PIECE - 1, deflated._PIECE, 2 * deflated._PIECE + 7, len(good) - 6):
        stream = bytearray(good)
        stream[at] ^= 0x55
        error = error_of(bytes(stream), method, dtype="u1", count=len(data))
        assert error.offset == first_bad(bytes(stream), method, len(data))
    for most in (0, 1, 100_000, 299_999):
        error = error_of(good, method, dtype="u1", count=most)
        assert error.offset == first_bad(good, method, most)
    part = polycomp.decode(good, method, dtype="u1", count=len(data), start=200_000, stop=200_009)
    assert part.tobytes() == data[200_000:200_009]


@pytest.mark.parametrize("method", ["zlib", "bzip2"])
def test_a_damaged_stream_is_inflated_at_most_twice(method, monkeypatch):
    data = np.random.default_rng(3).integers(0, 200, 500_000, np.uint8)
    stream = polycomp.encode(data, method).payload.copy()
    stream[-3] ^= 0x55
    fed = []
    real = deflated._feed
    monkeypatch.setattr(deflated, "_feed", lambda coder, piece, *a: fed.append(len(piece)) or real(coder, piece, *a))
    error_of(stream, method, dtype="u1", count=data.size)
    assert sum(fed) <= 2 * stream.size


@pytest.mark.parametrize("name", [name for name in streams() if name not in ("rle", "diffrle")])
def test_bytes_after_the_stream_warn(name):
    coded = streams()[name]
    facts = {"dtype": coded.dtype, "count": coded.count, **coded.parameters}
    with pytest.warns(PolycompWarning, match="7 bytes follow") as caught:
        decoded = polycomp.decode(coded.payload.tobytes() + b"extra..", coded.method, **facts)
    assert np.array_equal(decoded, polycomp.decode(coded))
    assert caught[0].filename == __file__  # the line of the caller, not one of ours


def test_a_warning_without_a_calling_program():
    """A thread that starts in our function has no line of a program below it."""
    coded, heard, done = streams()["polynomial"], [], threading.Event()
    decode = functools.partial(polycomp.decode, coded.payload.tobytes() + b"extra", "polynomial")

    def hear(message, *_, **__):
        heard.append(str(message))

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = hear
        _thread.start_new_thread(lambda: (decode(), done.set()), ())
        assert done.wait(10)
        nthreads = _thread._count()
        _thread.start_new_thread(decode, ())
        assert holds_soon(lambda: _thread._count() <= nthreads and len(heard) == 2)
    assert heard == 2 * ["5 bytes follow the last chunk of a polynomial stream"]


@pytest.mark.parametrize("name", streams())
def test_a_lie_about_the_number_of_samples_is_found(name):
    coded = streams()[name]
    for count in (0, coded.count - 1, coded.count + 1, 2**40, 2**62):
        if coded.method == "quantization" and count < coded.count:
            continue  # the bytes left over only cause a warning
        if coded.method == "quantization" and count * 11 <= 8 * coded.nbytes:
            continue
        with pytest.raises(PolycompError):
            decode(coded.payload, coded, count=count)


def test_memory_is_not_allocated_for_what_a_stream_cannot_hold():
    """A series is decoded while its stream is scanned only if its memory is in proportion to the stream."""
    coded = streams()["polynomial"]
    tracemalloc.start()
    with pytest.raises(PolycompError, match="the chunks hold 500 samples instead of 100000000"):
        decode(coded.payload, coded, count=10**8)
    assert tracemalloc.get_traced_memory()[1] < 10**6
    tracemalloc.stop()


def test_a_damaged_long_stream_is_reported_like_a_short_one():
    """Threads find damage in any order, but the first in the stream is reported, with any number of threads."""
    coded = polycomp.encode(
        np.sin(np.arange(200_000) / 300), "polynomial", num_of_coefficients=8, samples_per_chunk=80, max_error=1e-6
    )
    payload = np.array(coded.payload)
    for number in (1100, 2000):
        at = 8 + sum(chunk.nbytes for chunk in polycomp.chunks(coded)[:number])
        payload[at + 1 : at + 3] = 0
    messages = set()
    try:
        for nthreads in (1, 2, 16):
            set_num_threads(nthreads)
            with pytest.raises(PolycompError) as caught:
                decode(payload, coded)
            messages.add(str(caught.value))
    finally:
        set_num_threads(None)
    assert len(messages) == 1 and "chunk 1100, byte" in messages.pop()


def test_what_a_damaged_polynomial_stream_says():
    coded = streams()["polynomial"]
    second = 8 + polycomp.chunks(coded)[0].nbytes
    cut = coded.payload[: second + 40]
    with pytest.raises(PolycompError, match=rf"chunk 1, byte {second}: the stream ends inside the chunk") as caught:
        polycomp.decode(cut, "polynomial")
    assert (caught.value.chunk, caught.value.offset, caught.value.method) == (1, second, "polynomial")
    assert isinstance(caught.value, ValueError)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def chunk(nsamples, npoly, ncheby, mask=b"", flag=1, count=1):
    head = count.to_bytes(8, "little") + bytes([flag]) + nsamples.to_bytes(2, "little") + bytes([npoly])
    return head + b"\0" * 8 * npoly + ncheby.to_bytes(2, "little") + mask + b"\0" * 8 * ncheby


@pytest.mark.parametrize(
    "stream, words",
    [
        (b"", "0 bytes"),
        (b"\1" * 7, "7 bytes"),
        (chunk(4, 1, 0, count=2**40), "announces 1099511627776 chunks"),
        (chunk(0, 1, 0), "without samples"),
        (chunk(1, 1, 1, b"\1"), "single sample"),
        (chunk(8, 1, 1, b"\7"), "3 bits set"),
        (chunk(8, 1, 2, b"\1"), "1 bits set"),
        (chunk(4, 1, 1, b"\xf0"), "0 bits set"),
        (chunk(4, 1, 9, b"\x0f"), "4 bits set"),
        (chunk(65535, 255, 65535), "ends inside"),
    ],
)
def test_lies_within_a_chunk(stream, words):
    with pytest.raises(PolycompError, match=words):
        polycomp.decode(stream, "polynomial")
    with pytest.raises(PolycompError, match=words):
        polycomp.chunks(stream)


@pytest.mark.parametrize(
    "stream, count, words",
    [
        ([3], 3, "whole pairs"),
        ([3, 1, 2], 5, "whole pairs"),
        ([-1, 5], 1, "run 0, byte 0: a negative run length"),
        ([100, 5], 3, "run 0, byte 0: the runs do not add up"),
        ([2, 5], 3, "do not add up"),
        ([127, 1] * 5, 2**62, "do not add up"),
        ([2, 5, 3, 1], 4, "run 1, byte 2"),
    ],
)
def test_lies_in_run_lengths(stream, count, words):
    with pytest.raises(PolycompError, match=words):
        polycomp.decode(np.array(stream, np.int8), "rle", dtype="int8", count=count)


def test_runs_that_overflow_every_counter():
    stream = np.array([2**64 - 1, 1, 2**64 - 1, 1, 4, 1], np.uint64)
    with pytest.raises(PolycompError):
        polycomp.decode(stream, "rle", dtype="uint64", count=2)


def test_counts_truncated_to_eight_bits_by_the_reference_are_noticed():
    column = np.array([128, 7, 128, 7, 128, 0], np.uint8)  # 640 samples of int16, counts modulo 256
    with pytest.raises(PolycompError, match="do not add up"):
        polycomp.decode(column, "rle", dtype="int16", count=640)


def error_of(payload, method, **facts):
    """The error of decoding a payload."""
    with pytest.raises(PolycompError) as caught:
        polycomp.decode(payload, method, **facts)
    return caught.value


def test_another_number_of_samples_in_chunks_names_the_chunk_that_is_too_many():
    coded = streams()["polynomial"]
    records = polycomp.chunks(coded)
    offsets = 8 + np.cumsum([0] + [chunk.nbytes for chunk in records])
    for count, number in ((499, 15), (495, 15), (494, 14), (33, 1), (0, 0)):
        error = error_of(coded.payload, "polynomial", count=count)
        assert (error.chunk, error.offset) == (number, offsets[number])
    error = error_of(coded.payload, "polynomial", count=501)
    assert (error.chunk, error.offset) == (len(records), coded.nbytes)  # the chunk that is missing
    line = polycomp.encode(np.arange(800.0), "polynomial", num_of_coefficients=3, samples_per_chunk=80, max_error=1e-6)
    payload = line.payload.copy()
    payload[9] = 90  # samples of the first chunk
    error = error_of(payload, "polynomial", count=800)
    assert (error.chunk, error.offset) == (9, 8 + 9 * polycomp.chunks(line)[0].nbytes)
    assert str(error).endswith("the chunks hold 810 samples instead of 800")


def test_the_byte_is_one_of_the_payload_as_it_was_given():
    for stored, width in (("u1", 1), ("i2", 2), ("i4", 4), ("f8", 8)):
        column = np.array([128, 7, 128, 7, 128, 0], np.uint8).astype(stored)
        error = error_of(column, "rle", dtype="int16", count=640)
        assert error.offset == 6 * width == column.nbytes
        error = error_of(column, "rle", dtype="int16", count=200)
        assert (error.chunk, error.offset) == (1, 2 * width)


@pytest.mark.parametrize("method, nbytes, run", [("rle", 13, 1), ("diffrle", 13, 1), ("diffrle", 3, 0), ("rle", 1, 0)])
def test_bytes_that_are_not_whole_values_name_their_run(method, nbytes, run):
    error = error_of(bytes(nbytes), method, dtype="i4", count=9)
    assert (error.chunk, error.offset) == (run, nbytes // 4 * 4) and "not whole elements" in error.reason
    error = error_of(np.array([1.0, 7.0, 1.0, 7.5]), "rle", dtype="i4", count=2)
    assert (error.chunk, error.offset) == (1, 24)


@pytest.mark.parametrize("wrong", [b"\0\0\x11\0", b"\xff\xff\xff\xff"])
def test_characters_that_do_not_exist_are_refused(wrong):
    stored = "abcdef".encode("utf-32-le") + wrong + "h".encode("utf-32-le")
    for method, payload in (("none", stored), ("none", np.frombuffer(stored, "U2")), ("zlib", zlib.compress(stored))):
        assert "sample 3 is not valid text" in error_of(payload, method, dtype="U2", count=4).reason
    highest = chr(0x10FFFF).encode("utf-32-le")
    assert polycomp.decode(highest, "none", dtype="U1", count=1).tolist() == [chr(0x10FFFF)]


@pytest.mark.parametrize("method", ["none", "zlib", "bzip2"])
def test_any_byte_but_0_is_a_logical_that_is_true(method):
    stored = bytes([2, 0, 255, 1])
    payload = {"none": stored, "zlib": zlib.compress(stored), "bzip2": bz2.compress(stored)}[method]
    decoded = polycomp.decode(payload, method, dtype="?", count=4)
    assert decoded.tobytes() == bytes([1, 0, 1, 1])


@pytest.mark.parametrize("values, dtype, offset", [
    ([1.0, 2.0, 2.5, 7.5], "i4", 16),
    ([1.0, np.nan], "i4", 8),
    ([1.0, 2.0**63], "i8", 8),
    (np.array([3, -1], "i1"), "u4", 1),
    (np.array([3, 2**64 - 1], "u8"), "i4", 8),
    (np.array([3, 300], "i2"), "u1", 2),
    (np.array(["abc", "abcd"]), "U3", 16),
    (np.array(["abc", "ab\u00e9"]), "S3", 12),
    (np.array([b"abc", b"\xff"]), "U3", 3),
    (np.array([b"ab", b"abc"]), "U2", 3),
])  # fmt: skip
def test_elements_that_are_not_values_of_the_type_are_refused(values, dtype, offset):
    values = np.array(values)
    error = error_of(values, "none", dtype=dtype, count=values.size)
    assert "not all values of" in error.reason and error.offset == offset


def test_text_that_fits_a_shorter_type_is_taken():
    stored = np.array([b"ab", b"", b"abc"], "S6")
    for dtype in ("S3", "U3", "U9"):
        assert polycomp.decode(stored, "none", dtype=dtype, count=3).tolist() == stored.astype(dtype).tolist()


@pytest.mark.parametrize("payload, facts, offset", [
    (np.arange(5.0), {"count": 4}, 32),
    (np.arange(5.0), {"count": 6}, 40),
    (np.arange(5, dtype="i2"), {"count": 4}, 8),
    (np.arange(5.0), {"count": 2, "item_shape": (2,)}, 32),
    (np.arange(5.0), {"item_shape": (2,)}, 32),
    (np.arange(6.0).reshape(3, 2), {"count": 2, "item_shape": (2,)}, 32),
    (np.arange(6.0).reshape(3, 2), {"count": 3, "item_shape": (3,)}, 48),
    (bytes(37), {"count": 5}, 32),
])  # fmt: skip
def test_another_number_of_plain_samples_names_the_byte(payload, facts, offset):
    assert error_of(payload, "none", dtype="f8", **facts).offset == offset


@pytest.mark.parametrize("method", ["none", "zlib"])
@pytest.mark.parametrize("shape", [(-2,), (2, -2), (2**62, 2**62), (2**62, 0), (1,) * 40])
def test_rows_of_an_impossible_shape(method, shape):
    payload = np.arange(4.0) if method == "none" else zlib.compress(bytes(32))
    error_of(payload, method, dtype="f8", count=2, item_shape=shape)
    for wrong in (2, (2.5,), "2"):
        with pytest.raises(TypeError, match="item_shape must be"):
            polycomp.decode(payload, method, dtype="f8", count=2, item_shape=wrong)


@pytest.mark.parametrize("runs, count", [([2**62, 1], 2**62), ([2**60, 1], 2**60), ([2**45, 1], 2**45)])
def test_samples_that_do_not_fit_in_memory_are_refused(runs, count):
    for method, stream in (("rle", runs), ("diffrle", [5, *runs])):
        number = count + (method == "diffrle")
        if number > 2**62:
            continue
        error = error_of(np.array(stream), method, dtype="i8", count=number)
        assert f"not enough memory for {number} samples" in str(error)
        part = polycomp.decode(np.array(stream), method, dtype="i8", count=number, start=7, stop=9)
        assert part.tolist() == ([1, 1] if method == "rle" else [12, 13])


@pytest.mark.parametrize("settings", [
    {"period": 0.0}, {"period": None}, {"period": -1.0}, {"period": np.inf}, {"period": np.nan},
    {"period_offset": np.nan}, {"period_offset": -np.inf},
])  # fmt: skip
def test_lies_about_the_period_of_angles(settings):
    payload, branch = streams()["polynomial"].payload, {"period": 1.0, "period_offset": 0.0, "straighten": True}
    error_of(payload, "polynomial", **{**branch, **settings})
    with pytest.raises(PolycompError):
        polycomp.join(polycomp.chunks(payload), **{**branch, **settings})


@pytest.mark.parametrize("period", [-1, np.nan, np.inf, "x", "1", True])
@pytest.mark.parametrize("straighten", [True, False])
def test_an_invalid_period_is_refused_whether_it_is_used_or_not(period, straighten):
    with pytest.raises((TypeError, ValueError), match="period must be"):
        polycomp.encode(
            np.zeros(9), "polynomial", num_of_coefficients=2, samples_per_chunk=9, max_error=1.0, period=period,
            straighten=straighten,
        )  # fmt: skip


def test_scales_that_are_not_numbers():
    coded = streams()["quantization"]
    for name in ("normalization", "offset"):
        with pytest.raises(TypeError, match=f"{name} must be a number"):
            decode(coded.payload, coded, **{name: "1"})


@pytest.mark.parametrize("method, squeeze", [("zlib", zlib.compress), ("bzip2", bz2.compress)])
def test_a_stream_that_inflates_without_end_is_stopped(method, squeeze):
    with pytest.raises(PolycompError, match="more than the 80 bytes"):
        polycomp.decode(squeeze(bytes(10**7)), method, dtype="f8", count=10)


@pytest.mark.parametrize("settings", [
    {"bits_per_sample": 0}, {"bits_per_sample": 65}, {"normalization": 0.0}, {"normalization": np.nan},
    {"offset": np.inf}, {"offset": np.nan}, {"dtype": "int32"},
])  # fmt: skip
def test_lies_about_quantization(settings):
    with pytest.raises(PolycompError):
        decode(streams()["quantization"].payload, streams()["quantization"], **settings)


@pytest.mark.parametrize("name", [
    "object", "O", "V8", "complex128", "float16", "<M8[s]", "f8,f8", "nonsense", "U0", 5, None,
])  # fmt: skip
def test_types_that_are_not_samples(name):
    with pytest.raises(PolycompError):
        polycomp.sample_type(name)
    with pytest.raises(PolycompError if name is not None else TypeError):
        polycomp.decode(b"", "none", dtype=name, count=0)


@pytest.mark.parametrize("name", ["int8", "uint64", "float32", "bool", "<U6", "S4", ">i2"])
def test_types_that_are_samples(name):
    assert polycomp.sample_type(name).isnative


@pytest.mark.parametrize("samples, method, settings, error", [
    ([1.0], "rle", {}, TypeError),
    ([1], "quantization", {"bits_per_sample": 3}, TypeError),
    ([1], "polynomial", {"num_of_coefficients": 1, "samples_per_chunk": 1, "max_error": 1}, TypeError),
    ([1 + 2j], "zlib", {}, TypeError),
    ([None], "none", {}, TypeError),
    ([True], "diffrle", {}, TypeError),
    ([[1]], "rle", {}, ValueError),
    (1, "zlib", {}, ValueError),
    ([1], "lzma", {}, ValueError),
    ([1], "rle", {"max_count": 0}, ValueError),
    ([1], "rle", {"max_count": 2**63}, ValueError),
    ([1], "rle", {"max_count": 2.5}, TypeError),
    ([1], "rle", {"maximum": 2}, TypeError),
    ([1.0], "quantization", {}, TypeError),
    ([1.0], "quantization", {"bits_per_sample": 0}, ValueError),
    ([1.0], "quantization", {"bits_per_sample": 51}, ValueError),
    ([1.0], "quantization", {"bits_per_sample": True}, TypeError),
    ([1.0], "quantization", {"bits_per_sample": 8, "bit_order": "big"}, ValueError),
    ([1.0, np.nan], "quantization", {"bits_per_sample": 8}, ValueError),
    ([1.0, -np.inf], "quantization", {"bits_per_sample": 8}, ValueError),
    ([1e308, -1e308], "quantization", {"bits_per_sample": 8}, ValueError),
    ([1.0], "zlib", {"compression_level": 10}, ValueError),
    ([1.0], "bzip2", {"compression_level": 0}, ValueError),
    (np.ma.masked_array([1], [True]), "rle", {}, TypeError),
])  # fmt: skip
def test_wrong_arguments(samples, method, settings, error):
    with pytest.raises(error) as caught:
        polycomp.encode(samples, method, **settings)
    assert "encode()" not in str(caught.value)


@pytest.mark.parametrize("change", [
    {"num_of_coefficients": 0}, {"num_of_coefficients": 256}, {"samples_per_chunk": 0}, {"samples_per_chunk": 65536},
    {"max_error": -1e-9}, {"max_error": float("nan")},
])  # fmt: skip
def test_polynomial_parameters_out_of_range(change):
    settings = {"num_of_coefficients": 2, "samples_per_chunk": 9, "max_error": 1.0, **change}
    with pytest.raises(ValueError, match=next(iter(change))):
        polycomp.encode(np.zeros(5), "polynomial", **settings)


def test_decoding_needs_to_know_what_it_decodes():
    for facts in ({"method": "rle", "count": 3}, {"method": "rle", "dtype": "i2"}, {"method": "zlib", "dtype": "f8"}):
        with pytest.raises(TypeError):
            polycomp.decode(b"", **facts)
    with pytest.raises(PolycompError):
        polycomp.decode(b"", "lzma", dtype="f8", count=0)
    with pytest.raises(TypeError):
        polycomp.decode(streams()["rle"], "rle")
    with pytest.raises(TypeError, match="parameter"):
        polycomp.decode(streams()["rle"], bits_per_sample=3)
    with pytest.raises(PolycompError, match="only polynomial"):
        polycomp.chunks(streams()["rle"])


@pytest.mark.parametrize("name", ["use_chebyshev", "straighten"])
def test_words_are_not_flags(name):
    for wrong in ("no", "False", 2, None, 0.5):
        with pytest.raises(TypeError, match=f"{name} must be True or False"):
            encode_wave(period=1.0, **{name: wrong})
    for right in (np.True_, 1, False):
        encode_wave(period=1.0, **{name: right})


@pytest.mark.parametrize("settings, message", [
    ({"period_offset": np.nan}, "period_offset must be a finite number"),
    ({"period_offset": "x"}, "period_offset must be a number"),
    ({"nthreads": 2}, "polynomial: got an unexpected parameter 'nthreads'"),
    ({"colour": 2}, "polynomial: got an unexpected parameter 'colour'"),
])  # fmt: skip
def test_parameters_that_do_not_exist_are_refused(settings, message):
    with pytest.raises((TypeError, ValueError), match=message):
        encode_wave(**settings)
    with pytest.raises((TypeError, ValueError), match=message):
        polycomp.optimize(np.zeros(9), num_of_coefficients=2, samples_per_chunk=9, max_error=1.0, **settings)


def test_a_type_error_from_inside_a_compression_surfaces_as_itself(monkeypatch):
    mistake = TypeError("encode() missing 1 required keyword-only argument: 'samples'")

    def fail(*_, **__):
        raise mistake

    coded = streams()["rle"]
    for name in ("run_encode", "run_decode"):
        monkeypatch.setattr(runlength, name, fail)
    for call in (lambda: polycomp.encode(np.arange(9), "rle"), lambda: polycomp.decode(coded)):
        with pytest.raises(TypeError) as caught:
            call()
        assert caught.value is mistake


def encode_wave(**settings):
    return polycomp.encode(
        np.sin(np.arange(90.0)), "polynomial", num_of_coefficients=2, samples_per_chunk=9, max_error=1.0, **settings
    )


@pytest.mark.parametrize("method", [[], None, 5, "lzw"])
def test_a_compression_that_does_not_exist(method):
    with pytest.raises(ValueError, match="there is no compression"):
        polycomp.encode(np.zeros(9), method)


@pytest.mark.parametrize("dtype", ["S65537", "U65537"])
def test_text_too_long_for_any_stream_is_not_coded(dtype):
    for method in ("none", "zlib"):
        with pytest.raises(TypeError, match="takes text of 1 to 65536 characters"):
            polycomp.encode(np.zeros(1, dtype), method)
    longest = np.array(["x"], dtype.replace("7", "6"))
    assert polycomp.decode(polycomp.encode(longest, "none")).tolist() == ["x"] or dtype[0] == "S"


def test_masked_samples_are_refused_everywhere():
    masked = np.ma.masked_array(np.arange(10.0), np.arange(10) == 3)
    for method in polycomp.streams.codecs.CODECS:
        with pytest.raises(TypeError, match="masked samples"):
            polycomp.encode(masked, method)
    with pytest.raises(TypeError, match="masked samples"):
        polycomp.optimize(masked, num_of_coefficients=2, samples_per_chunk=5, max_error=1.0)


def test_a_payload_may_be_any_bytes():
    coded = streams()["polynomial"]
    expected, wide = polycomp.decode(coded), np.zeros(2 * coded.nbytes, np.uint8)
    wide[::2] = coded.payload
    views = [memoryview(coded.payload), memoryview(wide)[::2]]
    for payload in [coded.payload.tobytes(), bytearray(coded.payload), *views]:
        assert np.array_equal(polycomp.decode(payload, "polynomial"), expected)
