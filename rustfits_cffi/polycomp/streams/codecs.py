"""The compressions by name, and the two functions through which all of them are called.

A new compression takes one module with `encode` and `decode`, and one row in `CODECS`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from rustfits_cffi.errors import FITSMemoryError
from rustfits_cffi.native.polycomp import Wanted
from rustfits_cffi.polycomp.streams import deflated, plain, polynomial, quantization, runlength
from rustfits_cffi.polycomp.streams.encoded import Coded, Encoded, Statistics, WantedUncounted, ratio
from rustfits_cffi.polycomp.streams.errors import PolycompError
from rustfits_cffi.polycomp.streams.samples import refuse_masked, require_result, sample_type, whole_number
from rustfits_cffi.threads import lend

__all__ = ["CODECS", "decode", "encode", "encode_with"]

_MAX_COUNT = 2**62


class Codec(NamedTuple):
    """One compression.

    Attributes
    ----------
    encode : callable
        ``encode(samples, method=, nthreads=, **parameters)``.
    decode : callable
        ``decode(payload, wanted, method=, nthreads=, **parameters)``; `wanted` is a `Wanted`.
    fills : bool
        Whether `decode` may decode into `wanted.out` and return it.
    tells_count : bool
        Whether the stream contains its number of samples: then `wanted` may be a `WantedUncounted`.
    """

    encode: Callable[..., Coded]
    decode: Callable[..., np.ndarray]
    fills: bool = False
    tells_count: bool = False


CODECS = {
    "none": Codec(plain.encode, plain.decode, tells_count=True),
    "rle": Codec(runlength.encode, runlength.decode, fills=True),
    "diffrle": Codec(runlength.encode, runlength.decode, fills=True),
    "quantization": Codec(quantization.encode, quantization.decode, fills=True),
    "polynomial": Codec(polynomial.encode, polynomial.decode, fills=True, tells_count=True),
    "zlib": Codec(deflated.encode, deflated.decode),
    "bzip2": Codec(deflated.encode, deflated.decode),
}


def encode(samples: Any, method: str, **parameters: Any) -> Encoded:
    """Compress a series of samples.

    Parameters
    ----------
    samples : array_like
        One-dimensional; any byte order, any stride. Integers for rle and diffrle, float32 or float64 for
        quantization and polynomial. none, zlib and bzip2 also take logicals, text, and rows of several values.
    method : str
        ``none``, ``rle``, ``diffrle``, ``quantization``, ``polynomial``, ``zlib`` or ``bzip2``.
    max_count : int, optional
        rle, diffrle: longer runs are split. Default: the largest count that every reader understands.
    bits_per_sample : int
        quantization: 1 to 50.
    bit_order : {"msb", "lsb"}, default "msb"
        quantization: ``lsb`` gives exactly the bytes of the reference program, which its own decoder misreads.
    num_of_coefficients, samples_per_chunk : int
        polynomial: number of polynomial coefficients, 1 to 255, and of samples in a chunk, 1 to 65535.
    max_error : float
        polynomial: bound on the absolute error of every decoded sample. 0 preserves every value (of straightened
        angles: modulo `period`), but not the sign of a zero.
    use_chebyshev : bool, default True
        polynomial: add Chebyshev coefficients where the polynomial alone is not accurate enough.
    period : float, optional
        polynomial: period of angles. It has no effect without `straighten`, as in the reference program.
    straighten : bool, default False
        polynomial: unwrap the angles of each chunk before fitting, and measure errors modulo `period`.
    period_offset : float, optional
        polynomial: compressed chunks decode into [period_offset, period_offset + period); raw chunks return their
        samples unchanged. Default: the first of 0, minus half a period, and the smallest sample that suits the samples.
    compression_level : int, default 9
        zlib (0 to 9), bzip2 (1 to 9).

    Returns
    -------
    Encoded
        The payload and everything that decoding needs.

    Raises
    ------
    TypeError, ValueError
        If `method` does not exist or cannot code such samples, or if a parameter is missing, unknown or out of range.
    """
    with lend() as nthreads:
        return encode_with(nthreads, samples, method, parameters)


def encode_with(nthreads: int, samples: Any, method: str, parameters: dict[str, Any]) -> Encoded:
    """`encode`, for a caller that has been lent `nthreads` threads."""
    if not isinstance(method, str) or method not in CODECS:
        raise ValueError(f"there is no compression {method!r}; there are {', '.join(CODECS)}")
    refuse_masked(samples)
    _refuse_our_own(parameters, method)
    codec, given = CODECS[method], {"method": method, "nthreads": nthreads, **parameters}
    try:
        array, payload, used, found = codec.encode(samples, **given)
    except TypeError as error:
        _report_arguments(error, method, inspect.signature(codec.encode), (samples,), given)
        raise
    payload.flags.writeable = False
    statistics = Statistics(ratio=ratio(array.nbytes, payload.nbytes), **found)
    return Encoded(payload, method, array.dtype, len(array), used, statistics)


def decode(
    encoded: Encoded | Any, method: str | None = None, *, dtype: Any = None, count: int | None = None,
    start: int | None = None, stop: int | None = None, out: np.ndarray | None = None, **parameters: Any,
) -> np.ndarray:  # fmt: skip
    """Decompress a series, or a part of it.

    Parameters
    ----------
    encoded : Encoded, ndarray or bytes
        The result of `encode`, or a payload as stored.
    method, dtype, count
        With a payload: its compression, and the type and number of its samples. Payloads of polynomial and none
        contain their number of samples; if `count` is given, it is checked.
    start, stop : int, optional
        The part wanted, as in a slice. Only the chunks that contain it are decoded.
    out : ndarray, optional
        Contiguous array for the samples, of their shape and type. A program that decodes repeatedly into one array
        spares the system the clearing of fresh memory, which takes half of the time of long series. Parts of
        polynomial streams, and the samples of none, zlib and bzip2, are decoded first and then copied. After an
        error, the contents are undefined.
    **parameters
        With a payload, those that the compression needs; with an `Encoded`, they replace its own. quantization:
        `bits_per_sample`, `normalization`, `offset`, and `bit_order` unless it is ``msb`` (streams of the original
        program are ``lsb``). polynomial with straightened angles: `period` and `period_offset`. none, zlib and bzip2
        with rows of several values: `item_shape`, the shape of one row.

    Returns
    -------
    ndarray
        Samples of type `dtype`; `out` if it was given.

    Raises
    ------
    PolycompError
        If the stream is damaged or does not match the arguments; the message names the byte, the chunk and the
        reason. Also if there is not enough memory for the stated number of samples.
    TypeError, ValueError
        If the arguments are wrong.
    """
    if isinstance(encoded, Encoded):
        if method is not None or dtype is not None or count is not None:
            raise TypeError("an Encoded has its own method, dtype and count")
        payload, method, dtype, count = encoded.payload, encoded.method, encoded.dtype, encoded.count
        parameters = {**encoded.parameters, **parameters}
    else:
        payload = encoded
    if not isinstance(method, str) or method not in CODECS:
        raise PolycompError(f"there is no compression {method!r}; there are {', '.join(CODECS)}")
    _refuse_our_own(parameters, method)
    codec = CODECS[method]
    if dtype is None and method != "polynomial":
        raise TypeError(f"decoding {method} takes the type of the samples (`dtype`)")
    dtype = sample_type(np.float64 if dtype is None else dtype)
    wanted: Wanted | WantedUncounted
    if count is not None:
        count = whole_number(count, "count", 0, _MAX_COUNT)
        start, stop, _ = slice(start, stop).indices(count)
        wanted = Wanted(dtype, count, start, max(start, stop), out if codec.fills else None)
    elif codec.tells_count:
        wanted = WantedUncounted(dtype, start, stop)
    else:
        raise TypeError(f"decoding {method} takes the number of samples (`count`)")
    if out is not None:
        if isinstance(out, np.ndarray) and np.may_share_memory(out, np.asarray(payload)):
            raise ValueError("out must not be the memory of the stream")
        if isinstance(wanted, Wanted) and codec.fills:
            require_result(out, (wanted.stop - wanted.start,), dtype)
    given = {"method": method, **parameters}
    try:
        with lend() as nthreads:
            given["nthreads"] = nthreads
            samples = codec.decode(payload, wanted, **given)
    except TypeError as error:
        _report_arguments(error, method, inspect.signature(codec.decode), (payload, wanted), given)
        raise
    except FITSMemoryError:
        raise
    except MemoryError:
        number = wanted.stop - wanted.start if isinstance(wanted, Wanted) else "the"
        raise PolycompError(f"there is not enough memory for {number} samples", method=method) from None
    return samples if out is None or samples is out else _copied(samples, out)


def _copied(samples: np.ndarray, out: np.ndarray) -> np.ndarray:
    """`out`, filled with the samples."""
    require_result(out, samples.shape, samples.dtype)
    out[...] = samples
    return out


def _refuse_our_own(parameters: dict[str, Any], method: str) -> None:
    """Refuse names that are not parameters of a compression but of the functions that implement it."""
    for name in ("method", "nthreads"):
        if name in parameters:
            raise TypeError(f"{method}: got an unexpected parameter '{name}'")


def _report_arguments(
    error: TypeError, method: str, signature: inspect.Signature, positional: tuple[Any, ...], named: dict[str, Any]
) -> None:
    """Raise `error` in terms of the compression if its function does not accept the arguments.

    Otherwise the error was raised inside the function. Binding takes several microseconds, so only failed calls do it.
    """
    try:
        signature.bind(*positional, **named)
    except TypeError:
        text = str(error)
        for name in ("encode()", "decode()"):
            text = text.replace(f"{name} ", f"{method}: ")
        text = text.replace("keyword-only argument", "parameter").replace("keyword argument", "parameter")
        raise TypeError(text) from None
