"""The one import of the compiled module, and the initialization of its libraries."""

from typing import Any

from rustfits_cffi._cfitsio import ffi, lib

__all__ = ["CData", "ffi", "lib"]

CData = Any  # a C object, whose type only the compiler knows

# Both must run before a second thread exists: cfitsio fills its lock and its dither table lazily, and publishes
# the table before it is complete.
if lib.fits_init_cfitsio() or lib.fits_init_randoms():
    raise ImportError("cfitsio could not be initialised")
