"""Polycomp streams in C: one call per stream, with arrays and numbers as arguments and results."""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

import numpy as np

from rustfits_cffi.errors import raise_for_status
from rustfits_cffi.native._lib import ffi, lib
from rustfits_cffi.native.pool import new_array

__all__ = [
    "CHUNK_DTYPE",
    "FAULT_TEXTS",
    "ChunkSettings",
    "Fault",
    "Levels",
    "StreamFault",
    "Wanted",
    "poly_decode",
    "poly_decode_whole",
    "poly_encode",
    "poly_fit",
    "poly_scan",
    "poly_straighten",
    "poly_transform",
    "quant_decode",
    "quant_encode",
    "quant_nbytes",
    "quant_range",
    "run_decode",
    "run_encode",
]

_BYTE = np.dtype(np.uint8)

# rf_polychunk, field by field.
CHUNK_DTYPE = np.dtype(
    [("offset", "u8"), ("first", "u8"), ("nsamples", "u4"), ("ncheby", "u2"), ("npoly", "u1"), ("compressed", "u1")]
)
if CHUNK_DTYPE.itemsize != ffi.sizeof("rf_polychunk"):
    raise ImportError("rf_polychunk is laid out differently from CHUNK_DTYPE")

_COUNT_NBYTES, _RAW_NBYTES = 8, 3  # size of a stream's head, and of the shortest chunk

# Chunks coded to estimate the length of a stream: few enough to take no noticeable time, enough for a tenth.
_CHUNKS_FOR_ONE_TRIED, _LEAST_TRIED, _MOST_TRIED = 512, 32, 64

# rf_polyreason in words; {found} is the value that the stream has there.
FAULT_TEXTS = {
    lib.RF_POLY_NO_COUNT: "the stream has {found} bytes, but its number of chunks alone takes 8",
    lib.RF_POLY_TOO_MANY: "the stream announces {found} chunks, more than its bytes can hold",
    lib.RF_POLY_CUT_HEAD: "the stream ends inside the chunk's head",
    lib.RF_POLY_CUT_BODY: "the stream ends inside the chunk, which takes at least {found} bytes",
    lib.RF_POLY_EMPTY_CHUNK: "a compressed chunk without samples",
    lib.RF_POLY_SHORT_CHUNK: "{found} Chebyshev coefficients for a single sample",
    lib.RF_POLY_MASK: "the mask has {found} bits set, which is not the number of Chebyshev coefficients",
    lib.RF_POLY_ODD_LENGTH: "a stream of {found} values does not consist of whole pairs",
    lib.RF_POLY_NEGATIVE_RUN: "a negative run length",
    lib.RF_POLY_TOTAL: "the runs do not add up to the number of samples (here {found})",
}


class Fault(NamedTuple):
    """A fault in a stream: the reason, the byte, and the number of the chunk or run."""

    reason: str
    offset: int
    item: int


class StreamFault(Exception):
    """C refused a stream, as `fault` describes. Internal: polycomp/ turns it into its own exception."""

    def __init__(self, fault: Any):
        self.fault = Fault(FAULT_TEXTS[fault.reason].format(found=fault.found), fault.offset, fault.item)
        super().__init__(self.fault.reason)


def _check(status: int, what: str, fault: Any = None) -> None:
    """Raise if a call failed; a damaged stream raises `StreamFault`."""
    if status == lib.RF_EBADDATA and fault is not None:
        raise StreamFault(fault)
    raise_for_status(status, what)


def _read(array: np.ndarray, ctype: str = "void *") -> Any:
    """Pointer to the elements of a contiguous array; `array` must outlive it."""
    return ffi.from_buffer(array) if ctype == "void *" else ffi.cast(ctype, ffi.from_buffer(array))


def _write(array: np.ndarray, ctype: str = "void *") -> Any:
    """Pointer to the elements of a contiguous array that C fills."""
    pointer = ffi.from_buffer(array, require_writable=True)
    return pointer if ctype == "void *" else ffi.cast(ctype, pointer)


def _new_samples(count: int, dtype: np.dtype) -> np.ndarray:
    """Memory for `count` samples, or MemoryError, also beyond the address space, where NumPy raises ValueError."""
    if count * dtype.itemsize > sys.maxsize:
        raise MemoryError(f"{count} samples of {dtype} are more than a machine can address")
    return new_array((count,), dtype)


class Wanted(NamedTuple):
    """The samples that a decoder is to give: start..stop-1 of `nsamples`, of type `dtype`, in `out` if given."""

    dtype: np.dtype
    nsamples: int
    start: int
    stop: int
    out: np.ndarray | None = None

    def memory(self) -> np.ndarray:
        """The array that receives the samples."""
        return _new_samples(self.stop - self.start, self.dtype) if self.out is None else self.out


class _NewStream:
    """A stream of unknown length that C writes: `buffer` for C, and then what it wrote.

    A buffer of about the right size can be used again for the next stream, and need not be copied. If it was too
    small, C has written the rest to memory of its own.
    """

    def __init__(self, expected: int, most: int, dtype: np.dtype):
        size = min(most, expected + expected // 8 + 512)
        self.array = new_array((size,), dtype)
        self.buffer = ffi.new("rf_polybuffer *")
        if size < most:  # otherwise C never allocates
            self.buffer = ffi.gc(self.buffer, lib.rf_polybuffer_close)
        self.buffer.dst, self.buffer.nbytes = _write(self.array, "uint8_t *"), self.array.nbytes

    def written(self) -> np.ndarray:
        """What C wrote, in an array that has no other owner yet."""
        array, buffer = self.array, self.buffer
        used = buffer.used // array.itemsize
        if not buffer.rest:
            array.resize(used, refcheck=False)
            return array
        split = buffer.split // array.itemsize
        whole = new_array((used,), array.dtype)
        whole[:split] = array[:split]
        whole[split:] = np.frombuffer(ffi.buffer(buffer.rest + buffer.split, buffer.used - buffer.split), array.dtype)
        return whole


# -- run lengths ------------------------------------------------------------------------------------------------------


def run_encode(samples: np.ndarray, *, diff: bool, max_count: int, nthreads: int = 1) -> np.ndarray:
    """Run length stream of contiguous integers, of their own type."""
    guess = lib.rf_polyrle_guess(_read(samples), samples.size, samples.itemsize, diff, max_count)
    new = _NewStream(guess, 2 * samples.size, samples.dtype)
    status = lib.rf_polyrle_encode(
        _read(samples), samples.size, samples.itemsize, diff, max_count, nthreads, new.buffer
    )
    _check(status, "run length encoding")
    return new.written()


def run_decode(stream: np.ndarray, wanted: Wanted, *, diff: bool, nthreads: int = 1) -> np.ndarray:
    """Samples of a run length stream, whose type is theirs and which must give exactly `wanted.nsamples`."""
    marks = ffi.new("rf_polyrle_mark[]", lib.rf_polyrle_nmarks(stream.size))
    fault = ffi.new("rf_polyfault *")
    status = lib.rf_polyrle_scan(
        _read(stream), stream.size, stream.itemsize, stream.dtype.kind == "i", diff, wanted.nsamples, nthreads, marks,
        fault,
    )  # fmt: skip
    _check(status, "run length decoding", fault)
    samples = wanted.memory()
    status = lib.rf_polyrle_decode(
        _read(stream), stream.size, stream.itemsize, diff, marks, wanted.start, wanted.stop, nthreads, _write(samples)
    )
    _check(status, "run length decoding")
    return samples


# -- quantization -----------------------------------------------------------------------------------------------------


class Levels(NamedTuple):
    """How a sample becomes a level: floor((x - offset) * normalization + 0.5), stored in `bits` bits.

    With `lsb`, the least significant bit of a level comes first.
    """

    bits: int
    lsb: bool
    normalization: float
    offset: float

    def series(self, nsamples: int, dtype: np.dtype) -> list[tuple[int | bool | float, ...]]:
        """What cffi converts to an rf_polyquant during a call; for short series, `ffi.new` costs noticeably more."""
        return [(nsamples, dtype.itemsize, *self)]


def quant_range(samples: np.ndarray, *, nthreads: int) -> tuple[float, float, bool]:
    """Smallest and largest of contiguous floats, and whether all are finite."""
    low, high, finite = ffi.new("double *"), ffi.new("double *"), ffi.new("int *")
    status = lib.rf_polyquant_range(_read(samples), samples.size, samples.itemsize, nthreads, low, high, finite)
    _check(status, "finding the range of the samples")
    return low[0], high[0], bool(finite[0])


def quant_nbytes(count: int, bits: int) -> int:
    """Number of bytes that `count` samples of `bits` bits take."""
    return (count * bits + 7) // 8


def quant_encode(samples: np.ndarray, levels: Levels, *, nthreads: int) -> tuple[np.ndarray, float]:
    """Quantized bytes of contiguous floats, and the largest error of the decoded samples."""
    coded = new_array((quant_nbytes(samples.size, levels.bits),), _BYTE)
    worst = ffi.new("double *")
    status = lib.rf_polyquant_encode(
        _read(samples), levels.series(samples.size, samples.dtype), nthreads, _write(coded, "uint8_t *"), worst
    )
    _check(status, "quantization")
    return coded, worst[0]


def quant_decode(coded: np.ndarray, wanted: Wanted, levels: Levels, *, nthreads: int) -> np.ndarray:
    """Samples of a quantized stream."""
    samples = wanted.memory()
    status = lib.rf_polyquant_decode(
        _read(coded, "uint8_t *"), coded.size, levels.series(wanted.nsamples, wanted.dtype), wanted.start, wanted.stop,
        nthreads, _write(samples),
    )  # fmt: skip
    _check(status, "decoding quantized samples")
    return samples


# -- polynomial streams -----------------------------------------------------------------------------------------------


class ChunkSettings(NamedTuple):
    """rf_polysettings, field by field."""

    spc: int
    npoly: int
    max_error: float
    chebyshev: bool
    narrow: bool
    period: float = 0.0
    period_offset: float = 0.0


def poly_encode(
    samples: np.ndarray, settings: ChunkSettings, *, nthreads: int
) -> tuple[np.ndarray, dict[str, int | float]]:
    """Polynomial stream of contiguous doubles, and its statistics."""
    c_settings = ffi.new("rf_polysettings *", settings._asdict())
    stream, stats = _poly_encode(samples, c_settings, nthreads, _poly_guess(samples, c_settings))
    return stream, {
        "chunks": stats.nchunks, "compressed_chunks": stats.ncompressed,
        "chebyshev_coefficients": stats.ncheby, "largest_error": stats.largest_error,
    }  # fmt: skip


def _poly_encode(samples: np.ndarray, settings: Any, nthreads: int, expected: int) -> tuple[np.ndarray, Any]:
    """The stream, for which a buffer of about `expected` bytes is allocated, and its `rf_polystats`."""
    new = _NewStream(expected, lib.rf_polycomp_bound(samples.size, settings.spc), _BYTE)
    stats = ffi.new("rf_polystats *")
    status = lib.rf_polycomp_encode(
        _read(samples, "double *"), samples.size, settings, nthreads, new.buffer, stats
    )
    _check(status, "polynomial compression")
    return new.written(), stats


def _poly_guess(samples: np.ndarray, settings: Any) -> int:
    """Estimated size of the stream, from some of its chunks; the most it can take if it has few."""
    nchunks = samples.size // settings.spc
    ntried = min(_MOST_TRIED, nchunks // _CHUNKS_FOR_ONE_TRIED)
    if ntried < _LEAST_TRIED:
        return lib.rf_polycomp_bound(samples.size, settings.spc)
    tried = samples[: nchunks * settings.spc].reshape(nchunks, settings.spc)[:: nchunks // ntried].ravel()
    stream, _ = _poly_encode(tried, settings, 1, lib.rf_polycomp_bound(tried.size, settings.spc))
    return stream.size * samples.size // tried.size


def poly_scan(stream: np.ndarray) -> tuple[np.ndarray, int, int]:
    """The chunks of a polynomial stream as `CHUNK_DTYPE`, and the numbers of its samples and bytes."""
    announced = int.from_bytes(stream[:_COUNT_NBYTES].tobytes(), "little")
    cap = min(announced, max(0, stream.size - _COUNT_NBYTES) // _RAW_NBYTES)
    chunks = np.empty(cap, CHUNK_DTYPE)
    found, nsamples = ffi.new("size_t *"), ffi.new("uint64_t *")
    used, fault = ffi.new("size_t *"), ffi.new("rf_polyfault *")
    status = lib.rf_polycomp_scan(
        _read(stream, "uint8_t *"), stream.size, _write(chunks, "rf_polychunk *"), cap, found, nsamples, used, fault
    )
    _check(status, "reading the chunks of a polynomial stream", fault)
    return chunks[: found[0]], nsamples[0], used[0]


def poly_decode(
    stream: np.ndarray, chunks: np.ndarray, dtype: np.dtype, *, period: float, period_offset: float, nthreads: int
) -> np.ndarray:
    """Samples of successive chunks, as `poly_scan` found them in the same stream."""
    count = int(chunks[-1]["first"] + chunks[-1]["nsamples"] - chunks[0]["first"]) if chunks.size else 0
    samples = _new_samples(count, dtype)
    status = lib.rf_polycomp_decode(
        _read(stream, "uint8_t *"), _read(chunks, "rf_polychunk *"), chunks.size, samples.itemsize, period,
        period_offset, nthreads, _write(samples),
    )  # fmt: skip
    _check(status, "decoding a polynomial stream")
    return samples


def poly_decode_whole(
    stream: np.ndarray, wanted: Wanted, *, period: float, period_offset: float, nthreads: int
) -> tuple[np.ndarray, int] | None:
    """All samples of a stream, which `wanted` must cover, and its number of bytes; None if it is not such a stream.

    Without `wanted.out`, memory for the samples is allocated before the stream has been checked.
    """
    samples, used = wanted.memory(), ffi.new("size_t *")
    status = lib.rf_polycomp_decode_whole(
        _read(stream, "uint8_t *"), stream.size, wanted.nsamples, samples.itemsize, period, period_offset, nthreads,
        _write(samples), used,
    )  # fmt: skip
    if status == lib.RF_EBADDATA:
        return None
    _check(status, "decoding a polynomial stream")
    return samples, used[0]


def poly_straighten(samples: np.ndarray, period: float) -> np.ndarray:
    """Angles unwrapped: without jumps of a period."""
    out = np.empty_like(samples)
    lib.rf_polycomp_straighten(_read(samples, "double *"), samples.size, period, _write(out, "double *"))
    return out


def poly_fit(samples: np.ndarray, npoly: int) -> np.ndarray:
    """Least squares polynomial in x = 1, 2, ... through contiguous doubles, constant first."""
    coefficients = np.empty(npoly)
    status = lib.rf_polycomp_fit(
        _read(samples, "double *"), samples.size, npoly, _write(coefficients, "double *")
    )
    _check(status, "fitting a polynomial")
    return coefficients


def poly_transform(values: np.ndarray, *, inverse: bool) -> np.ndarray:
    """Chebyshev transform of contiguous doubles."""
    out = np.empty(values.size)
    status = lib.rf_polycomp_transform(_read(values, "double *"), values.size, inverse, _write(out, "double *"))
    _check(status, "Chebyshev transform")
    return out
