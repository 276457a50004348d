"""Polycomp: compression of one-dimensional series such as satellite telemetry.

>>> from rustfits_cffi import polycomp
>>> coded = polycomp.encode(angles, "polynomial", num_of_coefficients=8, samples_per_chunk=80, max_error=4.8e-6)
>>> angles = polycomp.decode(coded)
>>> some = polycomp.decode(coded, start=1000, stop=2000)
"""

from rustfits_cffi.polycomp.streams.chunks import Chunk, chunks, join
from rustfits_cffi.polycomp.streams.codecs import decode, encode
from rustfits_cffi.polycomp.streams.encoded import Encoded, Statistics
from rustfits_cffi.polycomp.streams.errors import PolycompError, PolycompWarning
from rustfits_cffi.polycomp.streams.optimize import Optimization, Point, optimize, parse_numbers
from rustfits_cffi.polycomp.streams.quantization import entropy
from rustfits_cffi.polycomp.streams.samples import sample_type

__all__ = [
    "Chunk",
    "Encoded",
    "Optimization",
    "Point",
    "PolycompError",
    "PolycompWarning",
    "Statistics",
    "chunks",
    "decode",
    "encode",
    "entropy",
    "join",
    "optimize",
    "parse_numbers",
    "sample_type",
]
