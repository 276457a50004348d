"""A polynomial stream taken apart: what the debug form of a file stores, one record a chunk, and back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rustfits_cffi.polycomp.encoded import Encoded, Statistics, ratio
from rustfits_cffi.polycomp.errors import PolycompError
from rustfits_cffi.polycomp.polynomial import MAX_COEFFICIENTS, MAX_SAMPLES_PER_CHUNK, scan
from rustfits_cffi.polycomp.samples import sample_type

__all__ = ["Chunk", "chunks", "join"]

_HEAD, _RAW_HEAD = 4, 3  # bytes in front of the coefficients, and of raw samples


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
        Whether it is stored as coefficients (``ISCOMPR``).
    uncompressed : ndarray of float64
        The samples of a chunk that is not (``UNCOMPR``).
    poly : ndarray of float64
        Polynomial coefficients, constant first (``POLY``); the first sample is at x = 1.
    mask : ndarray of uint8
        Which Chebyshev coefficients are kept, bit j % 8 of byte j // 8 (``CHMASK``); empty if none.
    cheby : ndarray of float64
        The coefficients kept, ascending (``CHEBY``).
    """

    samples: int
    compressed: bool
    uncompressed: np.ndarray = field(default_factory=lambda: _NO_DOUBLES)
    poly: np.ndarray = field(default_factory=lambda: _NO_DOUBLES)
    mask: np.ndarray = field(default_factory=lambda: _NO_BYTES)
    cheby: np.ndarray = field(default_factory=lambda: _NO_DOUBLES)

    @property
    def nbytes(self) -> int:
        """Bytes of this chunk in a compact stream."""
        if not self.compressed:
            return _RAW_HEAD + 8 * self.samples
        return _HEAD + 8 * self.poly.size + 2 + self.mask.size + 8 * self.cheby.size


def chunks(encoded: Encoded | Any) -> list[Chunk]:
    """The chunks of a polynomial stream.

    Parameters
    ----------
    encoded : Encoded, ndarray or bytes
        A coded series, or the bytes of a compact stream.

    Returns
    -------
    list of Chunk
        In order; every length and mask is checked.

    Raises
    ------
    PolycompError
        If it is no polynomial stream, or a damaged one.
    """
    if isinstance(encoded, Encoded):
        if encoded.method != "polynomial":
            raise PolycompError(f"only polynomial streams have chunks, not {encoded.method}")
        encoded = encoded.payload
    stream, index, _ = scan(encoded)
    return [_read(stream, *record) for record in index.tolist()]


def _read(
    stream: np.ndarray, offset: int, first: int, nsamples: int, ncheby: int, npoly: int, compressed: int
) -> Chunk:
    """One chunk, from its record of the scan."""

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
    """The compact stream of some chunks.

    Parameters
    ----------
    chunks : iterable of Chunk
        As `chunks` gives them, or filled from the columns of a debug table.
    dtype : dtype, default float64
        Type of the samples.
    **parameters
        Of `decode`: `period`, `straighten`, `period_offset`.

    Returns
    -------
    Encoded
        Its payload is the stream; joining what `chunks` gave restores the same bytes.

    Raises
    ------
    PolycompError
        If a chunk contradicts itself; names it.
    """
    pieces, count, compressed, cheby = [b""], 0, 0, 0
    for number, chunk in enumerate(chunks):
        try:
            pieces.append(_write(chunk))
        except ValueError as error:
            raise PolycompError(str(error), method="polynomial", chunk=number) from None
        count += chunk.samples
        compressed += bool(chunk.compressed)
        cheby += chunk.cheby.size if chunk.compressed else 0
    nchunks = len(pieces) - 1
    pieces[0] = nchunks.to_bytes(8, "little")
    payload = np.frombuffer(b"".join(pieces), np.uint8)
    dtype = sample_type(dtype)
    statistics = Statistics(ratio(count * dtype.itemsize, payload.nbytes), nchunks, compressed, cheby, float("nan"))
    return Encoded(payload, "polynomial", dtype, count, parameters, statistics)


def _write(chunk: Chunk) -> bytes:
    """One chunk of a compact stream."""

    def doubles(values: np.ndarray) -> bytes:
        return np.ascontiguousarray(values, "<f8").tobytes()

    samples = int(chunk.samples)
    if not 0 <= samples <= MAX_SAMPLES_PER_CHUNK:
        raise ValueError(f"a chunk has 0 to {MAX_SAMPLES_PER_CHUNK} samples, not {samples}")
    if not chunk.compressed:
        if len(chunk.uncompressed) != samples:
            raise ValueError(f"{len(chunk.uncompressed)} raw samples in a chunk of {samples}")
        return b"\0" + samples.to_bytes(2, "little") + doubles(chunk.uncompressed)
    poly, mask, cheby = np.asarray(chunk.poly), np.asarray(chunk.mask), np.asarray(chunk.cheby)
    if samples == 0:
        raise ValueError("a compressed chunk of no samples")
    if poly.size > MAX_COEFFICIENTS:
        raise ValueError(f"{poly.size} polynomial coefficients, more than {MAX_COEFFICIENTS}")
    head = b"\1" + samples.to_bytes(2, "little") + bytes([poly.size]) + doubles(poly)
    if cheby.size == 0 and mask.size == 0:
        return head + b"\0\0"
    if samples < 2:
        raise ValueError("Chebyshev coefficients for a single sample")
    if mask.size != (samples + 7) // 8:
        raise ValueError(f"a mask of {mask.size} bytes for {samples} samples")
    bits = np.unpackbits(np.ascontiguousarray(mask, np.uint8), bitorder="little")[:samples].sum()
    if bits != cheby.size:
        raise ValueError(f"{bits} bits in the mask, {cheby.size} Chebyshev coefficients")
    return head + cheby.size.to_bytes(2, "little") + mask.astype(np.uint8).tobytes() + doubles(cheby)
