"""Whole files packed and unpacked, with the bytes of fpack and funpack."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rustfits_cffi.packing.options import PackOptions, UnpackOptions
    from rustfits_cffi.packing.packer import pack
    from rustfits_cffi.packing.report import FileReport, HDUReport
    from rustfits_cffi.packing.unpacker import unpack
    from rustfits_cffi.packing.verification import Verification, verify

__all__ = ["FileReport", "HDUReport", "PackOptions", "UnpackOptions", "Verification", "pack", "unpack", "verify"]

# Imported on first use: unpacking does not need the packer, and `verify` imports the whole comparison.
_HOME_OF = {
    "FileReport": "report",
    "HDUReport": "report",
    "PackOptions": "options",
    "UnpackOptions": "options",
    "Verification": "verification",
    "pack": "packer",
    "unpack": "unpacker",
    "verify": "verification",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
