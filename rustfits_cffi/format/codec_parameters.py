"""The parameters of a codec in ZNAMEn and ZVALn: FITS Standard 4.0, section 10.4."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from rustfits_cffi.errors import FITSFormatError
from rustfits_cffi.format.keywords import Getter

Parameters: TypeAlias = "dict[str, tuple[str, Any]]"

_BLOCKSIZE_DEFAULT = 32  # FITS Standard 4.0, table 37
_BYTEPIX_DEFAULT = 4


def _named_parameters(get: Getter) -> Parameters:
    """The codec's parameters: name -> (keyword, value). In old files they have numbers but no names."""
    parameters: Parameters = {}
    for number in range(1, 100):
        name, value = get(f"ZNAME{number}"), get(f"ZVAL{number}")
        if name is None and value is None:
            break
        key = name.strip().upper() if isinstance(name, str) else f"#{number}"
        parameters.setdefault(key, (f"ZVAL{number}", value))
    return parameters


def _parameter(parameters: Parameters, name: str, position: int, default: int) -> tuple[str, int | float]:
    """Keyword and value of a parameter: by name, else by position if that one has no name."""
    keyword, value = parameters.get(name) or parameters.get(f"#{position}") or (f"ZVAL{position}", None)
    if value is None:
        return keyword, default
    if isinstance(value, bool):
        value = int(value)  # SMOOTH = T
    if not isinstance(value, int | float) or value != value or abs(value) > 2**53:
        raise FITSFormatError(f"{keyword} = {value!r} is not a value of {name}")
    return keyword, value


def coder_parameters(get: Getter, codec: str | None) -> dict[str, int | float]:
    """A codec's parameters for decoders and config objects, under the names of the tile engine."""
    parse = _ROWS.get(codec or "")
    return {} if parse is None else parse(_named_parameters(get))


def _rice(parameters: Parameters) -> dict[str, int | float]:
    """Block size and bytes per pixel of RICE_1."""
    block_key, blocksize = _parameter(parameters, "BLOCKSIZE", 1, _BLOCKSIZE_DEFAULT)
    byte_key, bytepix = _parameter(parameters, "BYTEPIX", 2, _BYTEPIX_DEFAULT)
    if blocksize < 16 and bytepix > 8:
        # The earliest files have the two swapped (cfitsio imcomp_get_compressed_image_par).
        block_key, byte_key, blocksize, bytepix = byte_key, block_key, bytepix, blocksize
    if bytepix in (-4, -8):
        bytepix = 4  # one writer derives it from the ZBITPIX, -32 or -64, of quantized floats
    if blocksize < 1 or blocksize > 2**31 - 1 or blocksize != int(blocksize):
        raise FITSFormatError(f"{block_key} = {blocksize} is not a RICE block size (BLOCKSIZE)")
    if bytepix not in (1, 2, 4):
        raise FITSFormatError(f"{byte_key} = {bytepix} is not a RICE pixel width of 1, 2 or 4 (BYTEPIX)")
    return {"rice_block": int(blocksize), "rice_bytepix": int(bytepix)}


def _hcompress(parameters: Parameters) -> dict[str, int | float]:
    """Scale of HCOMPRESS_1 (negative: a fixed step; positive: relative to the noise) and smoothing."""
    _, scale = _parameter(parameters, "SCALE", 1, 0)
    _, smooth = _parameter(parameters, "SMOOTH", 2, 0)
    return {"hcompress_scale": float(scale), "hcompress_smooth": int(smooth != 0)}


# One row per codec with parameters.
_ROWS: dict[str, Callable[[Parameters], dict[str, int | float]]] = {"RICE_1": _rice, "HCOMPRESS_1": _hcompress}
