"""The exception for Polycomp streams, and the warning."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rustfits_cffi.errors import FITSFormatError
from rustfits_cffi.native.polycomp import StreamFault

__all__ = ["PolycompError", "PolycompWarning", "stream_errors", "warn"]


class PolycompError(FITSFormatError):
    """A Polycomp stream is damaged or does not match its description; also a `ValueError`.

    Parameters
    ----------
    reason : str
        What is wrong.
    method : str, optional
        Compression of the stream.
    offset : int, optional
        Byte of the stream at which the fault was found.
    chunk : int, optional
        Number of the chunk (polynomial) or run (run lengths), from 0.
    hdu : int, optional
        0-based number of the HDU that the stream comes from.

    Attributes
    ----------
    reason, method, offset, chunk, hdu
        The arguments.
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
    """A Polycomp stream can be decoded, but something about it is unusual."""


def warn(text: str) -> None:
    """Issue a `PolycompWarning` for the line of the program that called into this package."""
    package, level, frame = __name__.partition(".")[0], 1, sys._getframe()
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).partition(".")[0] == package:
        frame, level = frame.f_back, level + 1
    warnings.warn(text, PolycompWarning, stacklevel=level)


@contextmanager
def stream_errors(method: str, locate: Callable[[int], int] = int) -> Iterator[None]:
    """Turn a fault that C reports into a `PolycompError`; `locate` converts its offset to one in the payload."""
    try:
        yield
    except StreamFault as error:
        fault = error.fault
        raise PolycompError(fault.reason, method=method, offset=locate(fault.offset), chunk=fault.item) from None
