"""Deflate to the same bytes as zlib, independent of the zlib of this Python."""

from __future__ import annotations

import numpy as np

from rustfits_cffi.errors import raise_for_status
from rustfits_cffi.native._lib import ffi, lib

__all__ = ["zlib_encode"]


def zlib_encode(data: bytes, level: int) -> np.ndarray:
    """One zlib stream of `data` at a level from 0 to 9; other threads can run during the call."""
    buffer = np.empty(lib.rf_gzip_bound(len(data)), np.uint8)
    used = ffi.new("size_t *")
    status = lib.rf_zlib_encode(data, len(data), level, ffi.from_buffer("uint8_t[]", buffer), buffer.size, used)
    raise_for_status(status, "zlib encoding")
    return buffer[: used[0]].copy()  # a copy, so that the buffer for the worst case is freed
