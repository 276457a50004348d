"""Compressed FITS files from Python, byte for byte what cfitsio's fpack and funpack write.

>>> import rustfits_cffi as rustfits
>>> with rustfits.FITS("image.fits.fz", "w+") as fits:
...     hdu = fits.write_image(pixels, compress=rustfits.Rice1())
>>> pixels = rustfits.read("image.fits.fz")
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rustfits_cffi.comparison import compare
    from rustfits_cffi.config import Gzip1, Gzip2, Hcompress1, Plio1, Quantize, Rice1
    from rustfits_cffi.errors import FITSError, TileError
    from rustfits_cffi.fits import FITS, read, read_header, write
    from rustfits_cffi.format.cards import is_protected_key
    from rustfits_cffi.hdu import (
        HDU,
        AsciiTableHDU,
        CompressedImageHDU,
        CompressedTableHDU,
        ImageHDU,
        TableHDU,
    )
    from rustfits_cffi.header import FITSHeader
    from rustfits_cffi.native.library import versions
    from rustfits_cffi.native.pool import set_memory_pool_size
    from rustfits_cffi.packing import pack, unpack
    from rustfits_cffi.threads import get_num_threads, set_num_threads

__all__ = [
    "FITS",
    "HDU",
    "AsciiTableHDU",
    "CompressedImageHDU",
    "CompressedTableHDU",
    "FITSError",
    "FITSHeader",
    "Gzip1",
    "Gzip2",
    "Hcompress1",
    "ImageHDU",
    "Plio1",
    "Quantize",
    "Rice1",
    "TableHDU",
    "TileError",
    "compare",
    "get_num_threads",
    "is_protected_key",
    "pack",
    "read",
    "read_header",
    "set_memory_pool_size",
    "set_num_threads",
    "unpack",
    "versions",
    "write",
]

# Each name is looked up on its first use: a command starts in half the time if it imports only what it runs.
_HOMES = {
    "comparison": ("compare",),
    "config": ("Gzip1", "Gzip2", "Hcompress1", "Plio1", "Quantize", "Rice1"),
    "errors": ("FITSError", "TileError"),
    "fits": ("FITS", "read", "read_header", "write"),
    "format.cards": ("is_protected_key",),
    "hdu": ("HDU", "AsciiTableHDU", "CompressedImageHDU", "CompressedTableHDU", "ImageHDU", "TableHDU"),
    "header": ("FITSHeader",),
    "native.library": ("versions",),
    "native.pool": ("set_memory_pool_size",),
    "packing": ("pack", "unpack"),
    "threads": ("get_num_threads", "set_num_threads"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}
_MODULES = ("comparison", "config", "errors", "header", "packing", "polycomp", "reference", "threads")


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        value = version("rustfits_cffi")
    elif name in _HOME_OF:
        value = getattr(import_module(f"rustfits_cffi.{_HOME_OF[name]}"), name)
    elif name in _MODULES:
        return import_module(f"rustfits_cffi.{name}")
    else:
        raise AttributeError(f"module 'rustfits_cffi' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES, "__version__"})
