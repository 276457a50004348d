"""The random numbers of subtractive dithering (FITS Standard 4.0, Appendix I), made once and passed to kernels."""

from rustfits_cffi.native._lib import ffi, lib

RANDOMS = ffi.new("float[]", lib.RF_NRANDOM)
if lib.rf_randoms_fill(RANDOMS):
    raise ImportError("this machine's arithmetic does not give the dither sequence of the FITS standard")
