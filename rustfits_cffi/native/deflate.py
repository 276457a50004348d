"""Deflate with zlib's bytes, whichever zlib this Python has."""

from __future__ import annotations

import numpy as np

from rustfits_cffi.errors import raise_for_status
from rustfits_cffi.native._lib import ffi, lib

__all__ = ["zlib_encode"]


def zlib_encode(data: bytes, level: int) -> np.ndarray:
    """One zlib stream of `data` at a level from 0 to 9; other threads run meanwhile."""
    room = np.empty(lib.rf_gzip_bound(len(data)), np.uint8)
    used = ffi.new("size_t *")
    status = lib.rf_zlib_encode(data, len(data), level, ffi.from_buffer("uint8_t[]", room), room.size, used)
    raise_for_status(status, "zlib encoding")
    return room[: used[0]].copy()  # the copy lets go of room for the worst case
