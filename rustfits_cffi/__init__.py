"""Compressed FITS files from Python, byte for byte what cfitsio's fpack and funpack write.

>>> import rustfits_cffi as rustfits
>>> with rustfits.FITS("image.fits.fz", "w+") as fits:
...     hdu = fits.write_image(pixels, compress=rustfits.Rice1())
>>> pixels = rustfits.read("image.fits.fz")
"""

from typing import Any

from rustfits_cffi.config import Gzip1, Gzip2, Hcompress1, Plio1, Quantize, Rice1
from rustfits_cffi.errors import FITSError, TileError
from rustfits_cffi.fits import FITS, read, read_header, write
from rustfits_cffi.format.cards import is_protected_key
from rustfits_cffi.hdu import HDU, CompressedImageHDU, ImageHDU
from rustfits_cffi.header import FITSHeader
from rustfits_cffi.native.library import versions
from rustfits_cffi.threads import get_num_threads, set_num_threads

__all__ = [
    "FITS",
    "HDU",
    "CompressedImageHDU",
    "FITSError",
    "FITSHeader",
    "Gzip1",
    "Gzip2",
    "Hcompress1",
    "ImageHDU",
    "Plio1",
    "Quantize",
    "Rice1",
    "TileError",
    "get_num_threads",
    "is_protected_key",
    "read",
    "read_header",
    "set_num_threads",
    "versions",
    "write",
]

# Looked up on first use: they cost more to import than all the rest, and most programs never ask.
_LAZY = {"pack": "packing", "unpack": "packing", "compare": "comparison"}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("rustfits_cffi")
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(f"rustfits_cffi.{_LAZY[name]}"), name)
    raise AttributeError(f"module 'rustfits_cffi' has no attribute {name!r}")
