"""Whole files packed and unpacked, with the bytes of fpack and funpack."""

from rustfits_cffi.packing.options import PackOptions, UnpackOptions
from rustfits_cffi.packing.packer import pack
from rustfits_cffi.packing.report import FileReport, HDUReport
from rustfits_cffi.packing.unpacker import unpack
from rustfits_cffi.packing.verification import Verification, verify

__all__ = ["FileReport", "HDUReport", "PackOptions", "UnpackOptions", "Verification", "pack", "unpack", "verify"]
