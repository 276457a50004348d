"""The one exception of Polycomp streams, and the one warning."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rustfits_cffi.errors import FITSFormatError
from rustfits_cffi.native.polycomp import StreamFault

__all__ = ["PolycompError", "PolycompWarning", "stream_errors", "warn"]


class PolycompError(FITSFormatError):
    """A Polycomp stream, or what is said about it, is wrong: a `ValueError`.

    Parameters
    ----------
    reason : str
        What is wrong.
    method : str, optional
        Compression of the stream.
    offset : int, optional
        Byte of the stream at which it was seen.
    chunk : int, optional
        Number of the chunk (polynomial) or run (run lengths), from 0.
    hdu : int, optional
        0-based number of the HDU that the stream comes from.

    Attributes
    ----------
    reason, method, offset, chunk, hdu
        As given.
    """

    def __init__(
        self,
        reason: str,
        *,
        method: str | None = None,
        offset: int | None = None,
        chunk: int | None = None,
        hdu: int | None = None,
    ):
        self.reason, self.method, self.offset, self.chunk, self.hdu = reason, method, offset, chunk, hdu
        where = [] if hdu is None else [f"HDU {hdu}"]
        where += [] if method is None else [f"{method} stream"]
        where += [] if chunk is None else [f"{'run' if method in ('rle', 'diffrle') else 'chunk'} {chunk}"]
        where += [] if offset is None else [f"byte {offset}"]
        super().__init__(f"{', '.join(where)}: {reason}" if where else reason)


class PolycompWarning(UserWarning):
    """A Polycomp stream decodes, but there is something odd about it."""


def warn(text: str) -> None:
    """A `PolycompWarning` about the line of the program that called into this package."""
    package, level, frame = __name__.partition(".")[0], 1, sys._getframe()
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).partition(".")[0] == package:
        frame, level = frame.f_back, level + 1
    warnings.warn(text, PolycompWarning, stacklevel=level)


@contextmanager
def stream_errors(method: str, place: Callable[[int], int] = int) -> Iterator[None]:
    """Turn what C says about a stream of `method` into a `PolycompError`; `place` tells its bytes in the payload."""
    try:
        yield
    except StreamFault as error:
        fault = error.fault
        raise PolycompError(fault.reason, method=method, offset=place(fault.offset), chunk=fault.item) from None
