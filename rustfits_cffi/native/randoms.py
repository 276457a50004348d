"""The random numbers of subtractive dithering (FITS Standard 4.0, Appendix I), made once: kernels are handed them."""

from rustfits_cffi.native._lib import ffi, lib

RANDOMS = ffi.new("float[]", lib.RF_NRANDOM)
if lib.rf_randoms_fill(RANDOMS):
    raise ImportError("this machine's arithmetic does not make the dither sequence of the FITS standard")
