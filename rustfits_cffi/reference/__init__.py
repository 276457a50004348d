"""cfitsio's own serial compression, unhurried and exact: what this package's files are measured against.

`write_image` is what a program gets from cfitsio by ``fits_create_img`` and a write of all pixels. `pack` and `unpack`
do HDU by HDU what the programs fpack and funpack do. `compare` shows where two files differ.

All pixels pass through the vendored cfitsio on one thread. Some things are not left as cfitsio has them. The coders of
HCOMPRESS and PLIO get a buffer that is large enough: theirs overflows on noise (the bytes are the same). Of images with
six axes cfitsio copies only a part between image and tiles, so these are written and read in pieces. `unpack` refuses
the compressed tables on which ``fits_uncompress_table`` writes outside its memory. cfitsio's decoders trust what they
read: give `read_image` and `unpack` only files from a source you trust.
"""

from rustfits_cffi.comparison import Comparison, compare
from rustfits_cffi.reference.files import PackOptions, pack, unpack
from rustfits_cffi.reference.images import read_image, write_image

__all__ = ["Comparison", "PackOptions", "compare", "pack", "read_image", "unpack", "write_image"]
