"""The compressions by name, and the two functions that all go through.

Adding a compression is one module with `encode` and `decode`, and one row of `CODECS`.
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
        Whether the stream tells its number of samples: then `wanted` may be a `WantedUncounted`.
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
        quantization and polynomial. none, zlib and bzip2 take these, logicals and text, and rows of several values.
    method : str
        ``none``, ``rle``, ``diffrle``, ``quantization``, ``polynomial``, ``zlib`` or ``bzip2``.
    max_count : int, optional
        rle, diffrle: longer runs are split. Default: the largest count that every reader understands.
    bits_per_sample : int
        quantization: 1 to 50.
    bit_order : {"msb", "lsb"}, default "msb"
        quantization: ``lsb`` gives the reference program's exact bytes, which its own decoder misreads.
    num_of_coefficients, samples_per_chunk : int
        polynomial: 1 to 255 polynomial coefficients, chunks of 1 to 65535 samples.
    max_error : float
        polynomial: no sample decodes with a larger absolute error; 0 keeps the value of every sample (of straightened
        angles: modulo `period`), if not the sign of a zero.
    use_chebyshev : bool, default True
        polynomial: add Chebyshev coefficients where the polynomial alone is not enough.
    period : float, optional
        polynomial: of angles. No effect without `straighten`, as in the reference program.
    straighten : bool, default False
        polynomial: unwrap the angles of each chunk before fitting, and measure errors modulo `period`.
    period_offset : float, optional
        polynomial: chunks that could be compressed decode into [period_offset, period_offset + period); the others
        give their samples back as they came. Default: 0, or minus half a period, or the smallest sample, the first
        of these that suits the samples.
    compression_level : int, default 9
        zlib (0 to 9), bzip2 (1 to 9).

    Returns
    -------
    Encoded
        Payload and all that decoding needs.

    Raises
    ------
    TypeError, ValueError
        If `method` does not exist, a parameter is missing, unknown or out of range, or it cannot code such samples.
    """
    with lend() as nthreads:
        return encode_with(nthreads, samples, method, parameters)


def encode_with(nthreads: int, samples: Any, method: str, parameters: dict[str, Any]) -> Encoded:
    """`encode`, for a caller that has been lent so many threads."""
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
        What `encode` gave, or a payload as stored.
    method, dtype, count
        With a payload: its compression, the type and the number of its samples. A polynomial stream and `none` tell
        their number themselves; given, it is checked.
    start, stop : int, optional
        Samples wanted, as in a slice. Only the chunks that hold them are decoded.
    out : ndarray, optional
        Takes the samples: of their shape and type, contiguous. Who decodes again and again into one array spares the
        system the clearing of fresh memory, half of the time of long series. Parts of polynomial streams, and what
        none, zlib and bzip2 give, are decoded first and copied. After an error its contents are undefined.
    **parameters
        With a payload, what this compression needs; with an `Encoded` they replace its own. quantization:
        `bits_per_sample`, `normalization`, `offset`, and `bit_order` unless it is ``msb``: streams of the original
        program are ``lsb``. polynomial, of straightened angles: `period` and `period_offset`. none, zlib and bzip2, of
        rows with several values: `item_shape`, the shape of one row.

    Returns
    -------
    ndarray
        Samples of type `dtype`; `out` where it was given.

    Raises
    ------
    PolycompError
        If the stream is damaged, or does not hold what is said; names the byte, the chunk and the reason. Also if
        there is no memory for as many samples as are said to be there.
    TypeError, ValueError
        If the arguments are wrong.
    """
    if isinstance(encoded, Encoded):
        if method is not None or dtype is not None or count is not None:
            raise TypeError("an Encoded knows its method, dtype and count")
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
        raise PolycompError(f"there is no memory for {number} samples", method=method) from None
    return samples if out is None or samples is out else _copied(samples, out)


def _copied(samples: np.ndarray, out: np.ndarray) -> np.ndarray:
    """`out` with the samples in it."""
    require_result(out, samples.shape, samples.dtype)
    out[...] = samples
    return out


def _refuse_our_own(parameters: dict[str, Any], method: str) -> None:
    """Refuse what is no parameter of a compression, but of the functions behind it."""
    for name in ("method", "nthreads"):
        if name in parameters:
            raise TypeError(f"{method}: got an unexpected parameter '{name}'")


def _report_arguments(
    error: TypeError, method: str, signature: inspect.Signature, positional: tuple[Any, ...], named: dict[str, Any]
) -> None:
    """Raise `error` in terms of the compression if the arguments do not fit its function; else it arose inside.

    Binding takes several microseconds, so it is left to the calls that have failed.
    """
    try:
        signature.bind(*positional, **named)
    except TypeError:
        text = str(error)
        for name in ("encode()", "decode()"):
            text = text.replace(f"{name} ", f"{method}: ")
        text = text.replace("keyword-only argument", "parameter").replace("keyword argument", "parameter")
        raise TypeError(text) from None
