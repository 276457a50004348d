"""Whole files packed and unpacked, with the bytes of fpack and funpack."""

from importlib import import_module
from typing import Any

from rustfits_cffi.packing.options import PackOptions, UnpackOptions
from rustfits_cffi.packing.packer import pack
from rustfits_cffi.packing.report import FileReport, HDUReport
from rustfits_cffi.packing.unpacker import unpack

__all__ = ["FileReport", "HDUReport", "PackOptions", "UnpackOptions", "Verification", "pack", "unpack", "verify"]


def __getattr__(name: str) -> Any:
    if name in ("Verification", "verify"):  # on first use: it brings the whole comparison with it
        return getattr(import_module("rustfits_cffi.packing.verification"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
