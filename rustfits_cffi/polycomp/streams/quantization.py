"""quantization: floats as levels of a few bits."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np

from rustfits_cffi.native.polycomp import Levels, Wanted, quant_decode, quant_encode, quant_nbytes, quant_range
from rustfits_cffi.polycomp.streams.encoded import Coded
from rustfits_cffi.polycomp.streams.errors import PolycompError, warn
from rustfits_cffi.polycomp.streams.samples import bytes_of, native_samples, real_number, whole_number

__all__ = ["decode", "encode", "entropy"]

MAX_WRITE_BITS = 50  # above this, the rounding of a level is no longer exact
MAX_READ_BITS = 64
_ORDERS = ("msb", "lsb")


def encode(samples: Any, *, method: str, nthreads: int, bits_per_sample: int, bit_order: str = "msb") -> Coded:
    """Levels floor((x - offset) * normalization + 0.5), packed without gaps."""
    array = native_samples(samples, method, "f")
    bits = whole_number(bits_per_sample, "bits_per_sample", 1, MAX_WRITE_BITS)
    _check_order(bit_order)
    normalization, offset = scale(array, bits, nthreads)
    levels = Levels(bits, bit_order == "lsb", normalization, offset)
    payload, worst = quant_encode(array, levels, nthreads=nthreads)
    parameters = {
        "bits_per_sample": bits, "bit_order": bit_order, "normalization": normalization, "offset": offset,
    }  # fmt: skip
    return array, payload, parameters, {"largest_error": worst}


def scale(array: np.ndarray, bits: int, nthreads: int) -> tuple[float, float]:
    """Normalization and offset that map the range of contiguous samples to 0 .. 2^bits - 1."""
    if array.size == 0:
        return 1.0, 0.0
    low, high, finite = quant_range(array, nthreads=nthreads)
    if not finite:
        raise ValueError("quantization cannot keep samples that are NaN or infinite")
    if low == high:
        return 1.0, low  # all levels are 0 with any normalization; infinity cannot be written in a header
    span = high - low
    if math.isinf(span):
        raise ValueError(f"the range of the samples, {low} to {high}, is too large to quantize")
    levels = float(2**bits - 1)
    return (levels / span if levels < span * sys.float_info.max else sys.float_info.max), low


def decode(
    payload: Any, wanted: Wanted, /, *, method: str, nthreads: int, bits_per_sample: int, normalization: float,
    offset: float, bit_order: str = "msb",
) -> np.ndarray:  # fmt: skip
    """The samples wanted: level / normalization + offset."""
    if wanted.dtype.kind != "f":
        raise PolycompError(f"quantized samples are float32 or float64, not {wanted.dtype}", method=method)
    _check_order(bit_order)
    try:
        bits = whole_number(bits_per_sample, "bits_per_sample", 1, MAX_READ_BITS)
    except ValueError as error:
        raise PolycompError(str(error), method=method) from None
    normalization, offset = real_number(normalization, "normalization"), real_number(offset, "offset")
    if math.isnan(normalization) or normalization == 0 or not math.isfinite(offset):
        raise PolycompError(f"normalization {normalization}, offset {offset} are not a valid scale", method=method)
    stream, need = bytes_of(payload, method), quant_nbytes(wanted.nsamples, bits)
    if stream.size < need:
        reason = f"{stream.size} bytes, but {wanted.nsamples} samples of {bits} bits take {need}"
        raise PolycompError(reason, method=method, offset=stream.size)
    if stream.size > need:
        warn(f"{stream.size - need} bytes follow the quantized samples")
    levels = Levels(bits, bit_order == "lsb", normalization, offset)
    return quant_decode(stream, wanted, levels, nthreads=nthreads)


def entropy(samples: Any, bits_per_sample: int) -> float | None:
    """Shannon entropy of the samples in bits, as files state it.

    Parameters
    ----------
    samples : array_like of float
        The series.
    bits_per_sample : int
        The range of the series is divided into 2^bits_per_sample steps, truncating.

    Returns
    -------
    float or None
        None above 24 bits, where hardly any two samples share a step and the figure is meaningless.

    Raises
    ------
    TypeError, ValueError
        If `bits_per_sample` is not an integer from 1 to 64, or a sample is NaN or infinite.
    """
    array = np.asarray(samples, np.float64).reshape(-1)
    if whole_number(bits_per_sample, "bits_per_sample", 1, MAX_READ_BITS) > 24:
        return None
    if not np.isfinite(array).all():
        raise ValueError("samples that are NaN or infinite have no entropy")
    low, high = (array.min(), array.max()) if array.size else (0.0, 0.0)
    if low == high:
        return 0.0
    _, counts = np.unique(np.trunc((array - low) / (high - low) * 2.0**bits_per_sample), return_counts=True)
    share = counts / array.size
    return float(-(share * np.log2(share)).sum())


def _check_order(bit_order: str) -> None:
    """Raise if the order of bits does not exist."""
    if bit_order not in _ORDERS:
        raise ValueError(f"bit_order must be 'msb' or 'lsb', not {bit_order!r}")
