"""cfitsio's own serial compression: the reference for the files of this package.

`write_image` writes what a program gets from cfitsio by ``fits_create_img`` and one write of all pixels. `pack` and
`unpack` convert HDU by HDU as the programs fpack and funpack do. `compare` shows where two files differ.

All pixels pass through the vendored cfitsio on one thread, with three changes. The coders of HCOMPRESS and PLIO get a
buffer that is large enough, because cfitsio's overflows on noise (the bytes are the same). Images with six axes are
written and read in pieces, because cfitsio copies only part of them between image and tiles. `unpack` refuses the
compressed tables on which ``fits_uncompress_table`` writes outside its memory. cfitsio's decoders trust their input:
give `read_image` and `unpack` only files from a source you trust.
"""

from rustfits_cffi.comparison import Comparison, compare
from rustfits_cffi.reference.files import PackOptions, pack, unpack
from rustfits_cffi.reference.images import read_image, write_image

__all__ = ["Comparison", "PackOptions", "compare", "pack", "read_image", "unpack", "write_image"]
