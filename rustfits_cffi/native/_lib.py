"""The one import of the compiled module, and the start of the libraries in it."""

from typing import Any

from rustfits_cffi._cfitsio import ffi, lib

__all__ = ["CData", "ffi", "lib"]

CData = Any  # an object of C: only the compiler knows its type

# Both must have run before a second thread exists: cfitsio fills its lock and its dither table lazily, and publishes
# the table before it is complete.
if lib.fits_init_cfitsio() or lib.fits_init_randoms():
    raise ImportError("cfitsio could not be initialised")
