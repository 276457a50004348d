"""What ZNAMEn and ZVALn say about a codec: FITS Standard 4.0, section 10.4."""

from __future__ import annotations

from typing import Any

from rustfits_cffi.errors import FITSFormatError
from rustfits_cffi.format.keywords import Getter

_BLOCKSIZE_DEFAULT = 32  # FITS Standard 4.0, table 37
_BYTEPIX_DEFAULT = 4


def codec_parameters(get: Getter) -> dict[str, tuple[str, Any]]:
    """The codec's parameters: name -> (keyword, value). Old files number them without names."""
    parameters: dict[str, tuple[str, Any]] = {}
    for number in range(1, 100):
        name, value = get(f"ZNAME{number}"), get(f"ZVAL{number}")
        if name is None and value is None:
            break
        key = name.strip().upper() if isinstance(name, str) else f"#{number}"
        parameters.setdefault(key, (f"ZVAL{number}", value))
    return parameters


def _parameter(parameters: dict[str, tuple[str, Any]], name: str, place: int, default: int) -> tuple[str, int | float]:
    """Keyword and value of a parameter, by name, else by place where that has no name."""
    keyword, value = parameters.get(name) or parameters.get(f"#{place}") or (f"ZVAL{place}", None)
    if value is None:
        return keyword, default
    if isinstance(value, bool):
        value = int(value)  # SMOOTH = T
    if not isinstance(value, int | float) or value != value or abs(value) > 2**53:
        raise FITSFormatError(f"{keyword} = {value!r} is not a value of {name}")
    return keyword, value


def rice_parameters(parameters: dict[str, tuple[str, Any]], codec: str | None) -> tuple[int, int]:
    """Block size and bytes a pixel of RICE_1; the defaults for any other codec."""
    if codec != "RICE_1":
        return _BLOCKSIZE_DEFAULT, _BYTEPIX_DEFAULT
    block_key, blocksize = _parameter(parameters, "BLOCKSIZE", 1, _BLOCKSIZE_DEFAULT)
    byte_key, bytepix = _parameter(parameters, "BYTEPIX", 2, _BYTEPIX_DEFAULT)
    if blocksize < 16 and bytepix > 8:
        # Files of the first years have the two the other way round (cfitsio imcomp_get_compressed_image_par).
        block_key, byte_key, blocksize, bytepix = byte_key, block_key, bytepix, blocksize
    if bytepix in (-4, -8):
        bytepix = 4  # one writer derives it from ZBITPIX = -32 or -64 of quantized floats
    if blocksize < 1 or blocksize > 2**31 - 1 or blocksize != int(blocksize):
        raise FITSFormatError(f"{block_key} = {blocksize} is not a RICE block size (BLOCKSIZE)")
    if bytepix not in (1, 2, 4):
        raise FITSFormatError(f"{byte_key} = {bytepix} is not a RICE pixel width of 1, 2 or 4 (BYTEPIX)")
    return int(blocksize), int(bytepix)


def hcompress_parameters(parameters: dict[str, tuple[str, Any]], codec: str | None) -> tuple[float, bool]:
    """Scale and smoothing of HCOMPRESS_1; the defaults for any other codec."""
    if codec != "HCOMPRESS_1":
        return 0.0, False
    _, scale = _parameter(parameters, "SCALE", 1, 0)
    _, smooth = _parameter(parameters, "SMOOTH", 2, 0)
    return float(scale), smooth != 0
