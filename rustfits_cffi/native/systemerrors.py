"""What the operating system said when it refused a read: C leaves it in errno."""

from __future__ import annotations

import os

from rustfits_cffi.errors import FITSError
from rustfits_cffi.native._lib import ffi, lib


def raise_for_system(status: int, path: str) -> None:
    """Raise `FITSError` in the system's words, with the file's name, if the status of the call just made is RF_EIO."""
    if status == lib.RF_EIO:
        number = ffi.errno
        raise FITSError(number, os.strerror(number), path)
