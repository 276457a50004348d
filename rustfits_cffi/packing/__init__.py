"""Whole files packed and unpacked, with the bytes of fpack and funpack."""

from rustfits_cffi.packing.options import PackOptions, UnpackOptions
from rustfits_cffi.packing.pack import pack
from rustfits_cffi.packing.report import FileReport, HDUReport
from rustfits_cffi.packing.unpack import unpack

__all__ = ["FileReport", "HDUReport", "PackOptions", "UnpackOptions", "pack", "unpack"]
