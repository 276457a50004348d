"""A polynomial stream split into one record per chunk, as the debug form of a file stores it, and joined again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rustfits_cffi.polycomp.streams.encoded import Encoded, Statistics, ratio
from rustfits_cffi.polycomp.streams.errors import PolycompError
from rustfits_cffi.polycomp.streams.polynomial import (
    MAX_COEFFICIENTS,
    MAX_SAMPLES_PER_CHUNK,
    branch_of,
    check_type,
    scan,
)
from rustfits_cffi.polycomp.streams.samples import sample_type, whole_number

__all__ = ["Chunk", "chunks", "join"]

_HEAD, _RAW_HEAD = 4, 3  # bytes before the coefficients, and before raw samples


_NO_DOUBLES, _NO_BYTES = np.empty(0), np.empty(0, np.uint8)
_NO_DOUBLES.flags.writeable = _NO_BYTES.flags.writeable = False


@dataclass(frozen=True, eq=False)
class Chunk:
    """One chunk of a polynomial stream.

    Attributes
    ----------
    samples : int
        Number of samples (``CKLEN``).
    compressed : bool
        Whether the chunk is stored as coefficients (``ISCOMPR``).
    uncompressed : ndarray of float64
        The samples of a raw chunk (``UNCOMPR``).
    poly : ndarray of float64
        Polynomial coefficients, constant first (``POLY``); the first sample is at x = 1.
    mask : ndarray of uint8
        Which Chebyshev coefficients are kept: bit j % 8 of byte j // 8 (``CHMASK``); empty if there are none.
    cheby : ndarray of float64
        The Chebyshev coefficients kept, in ascending order (``CHEBY``).
    """

    samples: int
    compressed: bool
    uncompressed: np.ndarray = field(default_factory=lambda: _NO_DOUBLES)
    poly: np.ndarray = field(default_factory=lambda: _NO_DOUBLES)
    mask: np.ndarray = field(default_factory=lambda: _NO_BYTES)
    cheby: np.ndarray = field(default_factory=lambda: _NO_DOUBLES)

    @property
    def nbytes(self) -> int:
        """Size of this chunk in a compact stream, in bytes."""
        if not self.compressed:
            return _RAW_HEAD + 8 * np.size(self.uncompressed)
        return _HEAD + 8 * np.size(self.poly) + 2 + np.size(self.mask) + 8 * np.size(self.cheby)


def chunks(encoded: Encoded | Any) -> list[Chunk]:
    """Split a polynomial stream into its chunks.

    Parameters
    ----------
    encoded : Encoded, ndarray or bytes
        A coded series, or the bytes of a compact stream.

    Returns
    -------
    list of Chunk
        In the order of the stream; every length and mask is checked.

    Raises
    ------
    PolycompError
        If this is not a polynomial stream, or a damaged one.
    """
    if isinstance(encoded, Encoded):
        if encoded.method != "polynomial":
            raise PolycompError(f"only polynomial streams have chunks, not {encoded.method}")
        encoded = encoded.payload
    stream, index, *_ = scan(encoded)
    return [_read(stream, *record) for record in index.tolist()]


def _read(
    stream: np.ndarray, offset: int, first: int, nsamples: int, ncheby: int, npoly: int, compressed: int
) -> Chunk:
    """One chunk, from its record in the scan."""

    def doubles(at: int, count: int) -> np.ndarray:
        return np.frombuffer(stream[at : at + 8 * count].tobytes(), "<f8").astype(np.float64)

    if not compressed:
        return Chunk(nsamples, False, uncompressed=doubles(offset + _RAW_HEAD, nsamples))
    mask_at = offset + _HEAD + 8 * npoly + 2
    nmask = (nsamples + 7) // 8 if ncheby else 0
    return Chunk(
        nsamples, True, poly=doubles(offset + _HEAD, npoly), mask=stream[mask_at : mask_at + nmask].copy(),
        cheby=doubles(mask_at + nmask, ncheby),
    )  # fmt: skip


def join(chunks: Iterable[Chunk], *, dtype: Any = np.float64, **parameters: Any) -> Encoded:
    """Join chunks to a compact stream.

    Parameters
    ----------
    chunks : iterable of Chunk
        As returned by `chunks`, or filled from the columns of a debug table. There, a length above 32767 is a negative
        `numpy.int16`, which is interpreted modulo 65536. The arrays may be any one-dimensional sequences of numbers.
    dtype : dtype, default float64
        Type of the samples: float32 or float64.
    **parameters
        Parameters of `decode`: `period`, `straighten`, `period_offset`.

    Returns
    -------
    Encoded
        Its payload is the stream; the largest error in its statistics is NaN. Joining the result of `chunks` restores
        the same bytes, except that the flag of every compressed chunk becomes 1 (readers accept any value but 0) and
        nothing follows the last chunk.

    Raises
    ------
    PolycompError
        If a chunk contradicts itself or does not fit in a stream; the exception has its number.
    """
    dtype = sample_type(dtype)
    check_type(dtype)
    branch_of(**parameters)
    pieces, count, compressed, cheby = [b""], 0, 0, 0
    for number, record in enumerate(chunks):
        try:
            chunk = _checked(record)
        except (TypeError, ValueError) as error:
            raise PolycompError(str(error), method="polynomial", chunk=number) from None
        pieces.append(_write(chunk))
        count += chunk.samples
        compressed += chunk.compressed
        cheby += chunk.cheby.size
    nchunks = len(pieces) - 1
    pieces[0] = nchunks.to_bytes(8, "little")
    payload = np.frombuffer(b"".join(pieces), np.uint8)
    statistics = Statistics(ratio(count * dtype.itemsize, payload.nbytes), nchunks, compressed, cheby, float("nan"))
    return Encoded(payload, "polynomial", dtype, count, parameters, statistics)


def _checked(record: Chunk) -> Chunk:
    """The same chunk with int, bool and arrays of the stored types; raises unless its parts are consistent."""
    if not isinstance(record, Chunk):
        raise TypeError(f"not a Chunk, but a {type(record).__name__}")
    samples = _length(record.samples)
    is_flag = isinstance(record.compressed, bool | np.bool_ | int | np.integer)
    if not is_flag or record.compressed not in (0, 1):
        raise TypeError(f"compressed must be True or False, not {record.compressed!r}")
    raw, poly, cheby = (_doubles(getattr(record, name), name) for name in ("uncompressed", "poly", "cheby"))
    chunk = Chunk(samples, bool(record.compressed), raw, poly, _bytes(record.mask), cheby)
    if chunk.compressed:
        _check_coefficients(chunk)
    elif poly.size or chunk.mask.size or cheby.size:
        raise ValueError("a raw chunk with coefficients")
    elif raw.size != samples:
        raise ValueError(f"{raw.size} raw samples in a chunk of {samples}")
    return chunk


def _check_coefficients(chunk: Chunk) -> None:
    """Raise if a compressed chunk contradicts itself."""
    samples, mask, cheby = chunk.samples, chunk.mask, chunk.cheby
    if samples == 0:
        raise ValueError("a compressed chunk without samples")
    if chunk.uncompressed.size:
        raise ValueError("a compressed chunk with raw samples")
    if chunk.poly.size > MAX_COEFFICIENTS:
        raise ValueError(f"{chunk.poly.size} polynomial coefficients, more than {MAX_COEFFICIENTS}")
    if mask.size == 0 and cheby.size == 0:
        return
    if samples < 2:
        raise ValueError("Chebyshev coefficients for a single sample")
    if mask.size != (samples + 7) // 8:
        raise ValueError(f"a mask of {mask.size} bytes for {samples} samples")
    bits = np.unpackbits(mask, bitorder="little")[:samples].sum()
    if bits != cheby.size:
        raise ValueError(f"{bits} bits in the mask, {cheby.size} Chebyshev coefficients")
    if bits == 0:
        raise ValueError("a mask without Chebyshev coefficients")


def _length(samples: Any) -> int:
    """The number of samples; negative values from a 16-bit column are taken modulo 65536."""
    if isinstance(samples, np.int16) and samples < 0:
        return int(samples) + 65536
    return whole_number(samples, "samples", 0, MAX_SAMPLES_PER_CHUNK)


def _doubles(values: Any, name: str) -> np.ndarray:
    """`values` as a one-dimensional array of float64."""
    array = np.asarray(values)
    if array.ndim != 1 or not np.can_cast(array.dtype, np.float64):
        raise TypeError(f"{name} must be a row of numbers, not {array.dtype} of shape {array.shape}")
    return np.ascontiguousarray(array, np.float64)


def _bytes(mask: Any) -> np.ndarray:
    """`mask` as a one-dimensional array of uint8."""
    array = np.asarray(mask)
    if array.size == 0:
        return _NO_BYTES
    if array.ndim != 1 or array.dtype.kind not in "iu" or array.min() < 0 or array.max() > 255:
        raise TypeError(f"mask must be a row of bytes, not {array.dtype} of shape {array.shape}")
    return np.ascontiguousarray(array, np.uint8)


def _write(chunk: Chunk) -> bytes:
    """The bytes of one chunk, which has been checked, in a compact stream."""

    def doubles(values: np.ndarray) -> bytes:
        return values.astype("<f8", copy=False).tobytes()

    samples = chunk.samples.to_bytes(2, "little")
    if not chunk.compressed:
        return b"\0" + samples + doubles(chunk.uncompressed)
    head = b"\1" + samples + bytes([chunk.poly.size]) + doubles(chunk.poly)
    return head + chunk.cheby.size.to_bytes(2, "little") + chunk.mask.tobytes() + doubles(chunk.cheby)
