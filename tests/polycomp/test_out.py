"""`out=` receives the samples of every compression, whole or in part, and is refused if they do not fit.

Matrix: 7 compressions x whole, part, empty part; number of samples known and not; wrong type, byte order, shape,
stride, alignment, read-only, overlapping.
"""

import numpy as np
import pytest

from rustfits_cffi import polycomp
from rustfits_cffi.native import polycomp as native

WAVE = np.sin(np.arange(3000) / 70)
STREAMS = {
    "none": (WAVE, {}),
    "zlib": (WAVE, {}),
    "bzip2": (WAVE, {}),
    "rle": (np.arange(3000, dtype=np.int16) // 40, {}),
    "diffrle": (np.arange(3000, dtype=np.int32) * 7, {}),
    "quantization": (WAVE.astype(np.float32), {"bits_per_sample": 12}),
    "polynomial": (WAVE, {"num_of_coefficients": 5, "samples_per_chunk": 70, "max_error": 1e-5}),
}


@pytest.fixture(params=STREAMS)
def coded(request):
    samples, parameters = STREAMS[request.param]
    return polycomp.encode(samples, request.param, **parameters)


@pytest.mark.parametrize("part", [{}, {"start": 65, "stop": 2000}, {"start": 9, "stop": 9}])
def test_out_receives_the_samples_and_is_returned(coded, part):
    expected = polycomp.decode(coded, **part)
    out = np.full(expected.shape, 99, coded.dtype)
    assert polycomp.decode(coded, out=out, **part) is out
    assert out.tobytes() == expected.tobytes()


@pytest.mark.parametrize("method", ["rle", "diffrle", "quantization", "polynomial", "line"])
def test_whole_series_are_decoded_directly_into_out(method, monkeypatch):
    if method == "line":  # 100 times smaller than its samples
        samples, (method, parameters) = np.arange(6000.0), ("polynomial", STREAMS["polynomial"][1])
        parameters = {**parameters, "num_of_coefficients": 2, "samples_per_chunk": 500}
    else:
        samples, parameters = STREAMS[method]
    coded = polycomp.encode(samples, method, **parameters)
    expected = polycomp.decode(coded)
    monkeypatch.setattr(native, "_new_samples", lambda *_: pytest.fail("memory for samples was allocated"))
    assert np.array_equal(polycomp.decode(coded, out=np.empty_like(expected)), expected)


def test_out_for_a_polynomial_stream_of_unstated_length():
    coded = polycomp.encode(WAVE, "polynomial", **STREAMS["polynomial"][1])
    out = np.empty(WAVE.size)
    assert polycomp.decode(coded.payload, "polynomial", out=out) is out
    assert np.array_equal(out, polycomp.decode(coded))
    with pytest.raises(ValueError, match="shape"):
        polycomp.decode(coded.payload, "polynomial", out=np.empty(WAVE.size + 1))


@pytest.mark.parametrize("method", ["none", "zlib", "bzip2"])
def test_out_for_rows_of_several_values(method):
    rows = np.arange(24.0).reshape(6, 4)
    coded, out = polycomp.encode(rows, method), np.empty((6, 4))
    assert polycomp.decode(coded, out=out) is out and np.array_equal(out, rows)
    with pytest.raises(ValueError, match="shape"):
        polycomp.decode(coded, out=np.empty(24))


def test_out_that_does_not_fit_is_refused_and_left_alone(coded):
    count = coded.count
    swapped = np.empty(count, coded.dtype.newbyteorder())
    readonly = np.zeros(count, coded.dtype)
    readonly.flags.writeable = False
    odd = np.zeros(count * coded.dtype.itemsize + 1, np.uint8)[1:].view(coded.dtype)
    wrong = [np.zeros(count + 1, coded.dtype), np.zeros((count, 1), coded.dtype), np.zeros(count, "u8"), swapped,
             np.zeros(2 * count, coded.dtype)[::2], readonly, odd]  # fmt: skip
    for out in wrong:
        before = out.tobytes()
        with pytest.raises(ValueError, match="out "):
            polycomp.decode(coded, out=out)
        assert out.tobytes() == before
    with pytest.raises(TypeError, match="out must be an array"):
        polycomp.decode(coded, out=[0] * count)


def test_out_over_the_stream_is_refused():
    coded = polycomp.encode(np.arange(0, 800, 2), "diffrle")
    memory = np.zeros(400, np.int64)
    memory[: coded.payload.size] = coded.payload
    with pytest.raises(ValueError, match="memory of the stream"):
        polycomp.decode(memory[: coded.payload.size], "diffrle", dtype="i8", count=400, out=memory)


def test_a_damaged_stream_raises_the_same_with_and_without_out():
    coded = polycomp.encode(WAVE, "polynomial", **STREAMS["polynomial"][1])
    payload = coded.payload[:-5]
    with pytest.raises(polycomp.PolycompError, match="ends inside the chunk"):
        polycomp.decode(payload, "polynomial", dtype="f8", count=WAVE.size, out=np.empty(WAVE.size))
