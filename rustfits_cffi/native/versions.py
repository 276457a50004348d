"""Versions of the libraries within, and cfitsio's own words for its statuses."""

from __future__ import annotations

from rustfits_cffi.native._lib import ffi, lib

CFITSIO_VERSION = f"{lib.CFITSIO_MAJOR}.{lib.CFITSIO_MINOR}.{lib.CFITSIO_MICRO}"


def status_text(status: int) -> str:
    """cfitsio's short text for one of its statuses."""
    text = ffi.new("char[31]")
    lib.fits_get_errstatus(status, text)
    return ffi.string(text).decode("ascii", "replace")
