"""zlib and bzip2: the little-endian bytes of the samples in one stream."""

from __future__ import annotations

import bz2
import math
import sys
import zlib
from typing import Any, NamedTuple

import numpy as np

from rustfits_cffi.native.deflate import zlib_encode
from rustfits_cffi.native.polycomp import Wanted
from rustfits_cffi.polycomp.streams.encoded import Coded
from rustfits_cffi.polycomp.streams.errors import PolycompError, warn
from rustfits_cffi.polycomp.streams.samples import bytes_of, check_kind, samples_of, shape_of, whole_number

__all__ = ["decode", "encode"]

_FAILURES = (zlib.error, OSError, EOFError, ValueError)
_PIECE = 1 << 16  # bytes of a stream that are inflated at a time


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
    payload: Any, wanted: Wanted, /, *, method: str, nthreads: int, compression_level: int | None = None,
    item_shape: tuple[int, ...] = (),
) -> np.ndarray:  # fmt: skip
    """The samples wanted; a stream is never inflated beyond the bytes of its samples."""
    dtype, count, start, stop, _ = wanted
    shape = shape_of(stop - start, item_shape, dtype, method)
    row_nbytes = dtype.itemsize * math.prod(shape[1:])
    whole = stop == count
    need = stop * row_nbytes
    plain = _inflate(bytes_of(payload, method).data, need, method, whole)
    stored = np.frombuffer(plain, np.uint8, row_nbytes * (stop - start), start * row_nbytes)
    return samples_of(stored, dtype, method).reshape(shape)


class _Inflated(NamedTuple):
    """The result of inflating a stream, to its end or in part."""

    plain: bytearray
    is_ended: bool  # whether the end of the stream was reached
    used: int  # bytes of the stream that were used
    error: Exception | None  # raised by the decompressor for the piece before byte `used`


def _inflate(coded: memoryview, need: int, method: str, whole: bool) -> bytearray:
    """The first `need` bytes of a stream, which must end there if it is wanted whole."""
    cap = min(max(1, need + whole), sys.maxsize)  # one byte more, which shows whether the stream is too long
    found = _run(coded, cap, method)
    if found.error:
        offset = _where(coded, found.used, sys.maxsize, method)
        raise PolycompError(f"not a {method} stream: {found.error}", method=method, offset=offset)
    if len(found.plain) > need and whole:
        offset = _where(coded, found.used, need, method)
        reason = f"the stream holds more than the {need} bytes of the samples"
        raise PolycompError(reason, method=method, offset=offset)
    if len(found.plain) < need:
        reason = f"the stream gives {len(found.plain)} bytes instead of {need}"
        raise PolycompError(reason, method=method, offset=len(coded))
    if whole and not found.is_ended:
        raise PolycompError("the stream is truncated before its end", method=method, offset=len(coded))
    if found.is_ended and found.used < len(coded):
        warn(f"{len(coded) - found.used} bytes follow the {method} stream")
    return found.plain


def _decompressor(method: str) -> Any:
    return zlib.decompressobj() if method == "zlib" else bz2.BZ2Decompressor()


def _run(coded: memoryview, cap: int, method: str) -> _Inflated:
    """Up to `cap` bytes of a stream, piece by piece, because a decompressor does not say where it has failed."""
    coder, plain, used = _decompressor(method), bytearray(), 0
    while used < len(coded) and len(plain) < cap and not coder.eof:
        piece = coded[used : used + _PIECE]
        used += len(piece)
        try:
            plain += _feed(coder, piece, cap - len(plain), method)
        except _FAILURES as error:
            return _Inflated(plain, False, used, error)
    return _Inflated(plain, coder.eof, used - len(coder.unused_data), None)


def _feed(coder: Any, piece: memoryview, cap: int, method: str) -> bytearray:
    """The bytes, at most `cap`, that the next piece of a stream inflates to."""
    plain = bytearray(coder.decompress(piece, cap))
    while len(plain) < cap and not coder.eof:
        more = coder.decompress(coder.unconsumed_tail if method == "zlib" else b"", cap - len(plain))
        if not more:
            break
        plain += more
    return plain


def _where(coded: memoryview, used: int, most: int, method: str) -> int:
    """The byte at which a stream proves bad or exceeds `most` bytes, in the last piece of its first `used` bytes."""
    begin = max(0, used - 1) // _PIECE * _PIECE
    coder, nplain = _decompressor(method), 0
    for at in (*range(0, begin, _PIECE), *range(begin, used)):
        piece = coded[at : at + (_PIECE if at < begin else 1)]
        try:
            nplain += len(_feed(coder, piece, sys.maxsize, method))
        except _FAILURES:
            return at
        if nplain > most:
            return at
    return used
