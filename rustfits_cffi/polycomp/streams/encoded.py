"""What passes between `encode`, `decode` and the compressions: coded series, and the samples wanted of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Coded", "Encoded", "Statistics", "WantedUncounted"]

#: Result of a codec: the samples as an array, the payload, the parameters for decoding, and the fields of `Statistics`.
Coded = tuple[np.ndarray, np.ndarray, dict[str, Any], dict[str, Any]]


class WantedUncounted(NamedTuple):
    """`Wanted` for a stream that contains its number of samples; `start` and `stop` are as in a slice."""

    dtype: np.dtype
    start: int | None
    stop: int | None


@dataclass(frozen=True)
class Statistics:
    """Size and accuracy of a coded series.

    Attributes
    ----------
    ratio : float
        Bytes of the samples divided by bytes of the payload; 1 if the payload is empty.
    chunks, compressed_chunks, chebyshev_coefficients : int
        Their numbers in a polynomial stream; 0 otherwise.
    largest_error : float
        Largest absolute difference between a sample and its decoded value (for straightened angles, modulo their
        period); 0 for exact compressions, NaN for chunks that were joined.
    """

    ratio: float
    chunks: int = 0
    compressed_chunks: int = 0
    chebyshev_coefficients: int = 0
    largest_error: float = 0.0


@dataclass(frozen=True, eq=False)
class Encoded:
    """A coded series.

    Attributes
    ----------
    payload : ndarray
        The array as stored in a table column, one element per row: of the type of the samples for none, rle and
        diffrle, otherwise uint8. Read-only.
    method : str
        ``none``, ``rle``, ``diffrle``, ``quantization``, ``polynomial``, ``zlib`` or ``bzip2``.
    dtype : numpy.dtype
        Type of one sample, in the machine's byte order.
    count : int
        Number of samples (rows, where a row holds several values).
    parameters : dict
        Keyword arguments for `decode`, and those with which the stream was encoded.
    statistics : Statistics
        Compression ratio, error, and the like.
    """

    payload: np.ndarray
    method: str
    dtype: np.dtype
    count: int
    parameters: Mapping[str, Any] = field(default_factory=dict)
    statistics: Statistics = field(default_factory=lambda: Statistics(1.0))

    @property
    def nbytes(self) -> int:
        """Size of the payload in bytes."""
        return self.payload.nbytes

    @property
    def uncompressed_nbytes(self) -> int:
        """Size of the samples in bytes."""
        return self.count * int(np.prod(self.parameters.get("item_shape", ()), dtype=int)) * self.dtype.itemsize

    def __repr__(self) -> str:
        return (
            f"<Encoded: {self.method}, {self.count} samples of {self.dtype}, {self.nbytes} bytes, "
            f"ratio {self.statistics.ratio:.2f}>"
        )


def ratio(uncompressed_nbytes: int, nbytes: int) -> float:
    """Compression ratio; 1 for an empty payload."""
    return uncompressed_nbytes / nbytes if nbytes else 1.0
