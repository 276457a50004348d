"""The libraries compiled into this package."""

from __future__ import annotations

from rustfits_cffi.native._lib import ffi, lib


def versions() -> dict[str, str | bool]:
    """Versions of the package and of the C libraries compiled into it.

    Returns
    -------
    dict
        ``rustfits_cffi``, ``cfitsio``, ``zlib``, ``libdeflate`` (str), and ``reentrant`` (bool): whether cfitsio was
        built to be called from several threads.
    """
    return {
        "rustfits_cffi": _package_version(),
        "cfitsio": f"{lib.CFITSIO_MAJOR}.{lib.CFITSIO_MINOR}.{lib.CFITSIO_MICRO}",
        "zlib": ffi.string(lib.zlibVersion()).decode("ascii"),
        "libdeflate": ffi.string(lib.LIBDEFLATE_VERSION_STRING).decode("ascii"),
        "reentrant": bool(lib.fits_is_reentrant()),
    }


def _package_version() -> str:
    """Version of the installed package; a source tree that was never installed says so."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("rustfits_cffi")
    except PackageNotFoundError:
        return "(not installed)"
