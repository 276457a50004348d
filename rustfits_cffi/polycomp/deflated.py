"""zlib and bzip2: the samples' little-endian bytes in one stream."""

from __future__ import annotations

import bisect
import bz2
import math
import sys
import warnings
import zlib
from typing import Any

import numpy as np

from rustfits_cffi.native.deflate import zlib_encode
from rustfits_cffi.polycomp.encoded import Coded
from rustfits_cffi.polycomp.errors import PolycompError, PolycompWarning
from rustfits_cffi.polycomp.samples import bytes_of, check_kind, shape_of, whole_number

__all__ = ["decode", "encode"]

_FAILURES = (zlib.error, OSError, EOFError, ValueError)


def encode(samples: Any, *, method: str, nthreads: int, compression_level: int = 9) -> Coded:
    """One stream of the samples; rows may hold several values."""
    array = np.asarray(samples)
    if array.ndim == 0:
        raise ValueError(f"{method} takes a series, not a single value")
    check_kind(array.dtype, method, "biufSU")
    level = whole_number(compression_level, "compression_level", 0 if method == "zlib" else 1, 9)
    array = np.ascontiguousarray(array, array.dtype.newbyteorder("="))
    plain = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
    coded = zlib_encode(plain, level) if method == "zlib" else np.frombuffer(bz2.compress(plain, level), np.uint8)
    parameters: dict[str, Any] = {"compression_level": level}
    if array.ndim > 1:
        parameters["item_shape"] = array.shape[1:]
    return array, coded, parameters, {}


def decode(
    payload: Any, *, method: str, dtype: np.dtype, count: int, start: int, stop: int, nthreads: int,
    compression_level: int | None = None, item_shape: tuple[int, ...] = (),
) -> np.ndarray:  # fmt: skip
    """Samples start..stop-1; a stream never inflates beyond what the samples take."""
    shape = shape_of(stop - start, item_shape, dtype, method)
    row_nbytes = dtype.itemsize * math.prod(shape[1:])
    whole = stop == count
    need = stop * row_nbytes
    plain = _inflate(bytes_of(payload, method).tobytes(), need, method, whole)
    if dtype == np.bool_:  # any byte may be there, only two are logicals
        plain = np.frombuffer(plain, np.uint8) != 0
    samples = np.frombuffer(plain, dtype.newbyteorder("<"), math.prod(shape), start * row_nbytes)
    samples = samples.astype(dtype, copy=sys.byteorder == "big")
    return samples.reshape(shape)


def _inflate(coded: bytes, need: int, method: str, whole: bool) -> bytearray:
    """The first `need` bytes of a stream; if these are all, the stream must end with them."""
    room = min(max(1, need + whole), sys.maxsize)  # one byte more than may be there tells that there are more
    try:
        plain, coder = _run(coded, room, method)
    except _FAILURES as error:
        offset = _where(coded, room, need, method)
        raise PolycompError(f"not a {method} stream: {error}", method=method, offset=offset) from None
    if len(plain) > need and whole:
        reason = f"the stream holds more than the {need} bytes of the samples"
        offset = _where(coded, room, need, method)
        raise PolycompError(reason, method=method, offset=offset)
    if len(plain) < need:
        reason = f"the stream gives {len(plain)} bytes instead of {need}"
        raise PolycompError(reason, method=method, offset=len(coded))
    if whole and not coder.eof:
        raise PolycompError("the stream is cut before its end", method=method, offset=len(coded))
    if coder.eof and coder.unused_data:
        warnings.warn(f"{len(coder.unused_data)} bytes follow the {method} stream", PolycompWarning, stacklevel=5)
    return plain


def _run(coded: bytes, room: int, method: str) -> tuple[bytearray, Any]:
    """Up to `room` bytes of a stream, and the state of the decompressor after them."""
    coder: Any = zlib.decompressobj() if method == "zlib" else bz2.BZ2Decompressor()
    plain = bytearray(coder.decompress(coded, room))
    while len(plain) < room and not coder.eof:
        more = coder.decompress(coder.unconsumed_tail if method == "zlib" else b"", room - len(plain))
        if not more:
            break
        plain += more
    return plain, coder


def _where(coded: bytes, room: int, need: int, method: str) -> int:
    """The byte at which a bad stream turns bad; the decompressors do not tell, so it is found by halving."""

    def is_bad(length: int) -> bool:
        try:
            return len(_run(coded[:length], room, method)[0]) > need
        except _FAILURES:
            return True

    return max(0, bisect.bisect_left(range(len(coded) + 1), True, key=is_bad) - 1)
