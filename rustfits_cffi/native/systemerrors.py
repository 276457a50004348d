"""The operating system's error for a refused read or write, which C leaves in errno."""

from __future__ import annotations

import os

from rustfits_cffi.errors import FITSError
from rustfits_cffi.native._lib import ffi, lib


def raise_for_system(status: int, path: str) -> None:
    """Raise `FITSError` with the file's name and the system's message if the status of the last call is RF_EIO."""
    if status == lib.RF_EIO:
        number = ffi.errno
        raise FITSError(number, os.strerror(number), path)


def refused_write(path: str) -> FITSError:
    """The error of a write into `path` that the system has just refused in C, with cfitsio's status for it."""
    number = ffi.errno
    error = FITSError(number, os.strerror(number), path)
    error.status = lib.WRITE_ERROR
    return error
