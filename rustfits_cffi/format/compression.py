"""Reads the header of a tile-compressed image: codec, tiles, columns, quantization.

FITS Standard 4.0, sections 10.1 (keywords and columns), 10.2 (quantization), 10.4 (codec parameters); binary tables are
section 7.3. Every number comes from a file, so every number is checked; errors name the keyword.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rustfits_cffi.config import CODECS, Codec, Quantize
from rustfits_cffi.errors import FITSFormatError
from rustfits_cffi.format.codec_parameters import coder_parameters
from rustfits_cffi.format.columns import Column, find_column, parse_columns
from rustfits_cffi.format.dtypes import BITPIX_DTYPES, MOST_AXES, Scaling, scaling
from rustfits_cffi.format.keywords import Getter, integer_keyword, keyword_getter
from rustfits_cffi.format.tiles import TileGrid

__all__ = [
    "CompressedLayout",
    "codec_of",
    "config_of",
    "foreign_columns",
    "image_geometry",
    "parse_layout",
    "quantize_of",
]

_NOCOMPRESS = "NOCOMPRESS"  # tiles that are stored as they are; it has no config class

_TILE_COLUMNS = ("COMPRESSED_DATA", "UNCOMPRESSED_DATA", "GZIP_COMPRESSED_DATA", "ZSCALE", "ZZERO")

# Values of ZQUANTIZ, FITS Standard 4.0, section 10.2, and their names in Quantize.
_QUANTIZE_METHODS = {"NO_DITHER": "no_dither", "SUBTRACTIVE_DITHER_1": "dither1", "SUBTRACTIVE_DITHER_2": "dither2"}


@dataclass(frozen=True)
class CompressedLayout:
    """A compressed image as its header declares it, checked.

    Attributes
    ----------
    zcmptype : str or None
        As written.
    codec : str or None
        ``RICE_1``, ``GZIP_1``, ``GZIP_2``, ``PLIO_1``, ``HCOMPRESS_1`` or ``NOCOMPRESS``; None if it is unknown.
    zbitpix : int
    grid : TileGrid
        Shape and tile shape in numpy order.
    row_nbytes, nrows : int
        NAXIS1 and NAXIS2; the latter equals ``grid.ntiles``.
    heap_start : int
        Offset of the heap from the start of the data.
    heap_nbytes : int
        From there to the end of the declared data.
    compressed, uncompressed, gzip : Column or None
        COMPRESSED_DATA (never None), and the fallbacks UNCOMPRESSED_DATA and GZIP_COMPRESSED_DATA, in this order.
    zscale, zzero, zblank : Column, int, float or None
        A column, the keyword's value, or None.
    parameters : dict
        Parameters of the codec, under the names of the tile engine.
    quantize_method : str or None
        ``"no_dither"``, ``"dither1"``, ``"dither2"``, or None if the pixels were not quantized.
    seed : int
        ZDITHER0, 1 if absent.
    scale : Scaling
        BSCALE and BZERO. With quantized floats they apply after ZSCALE and ZZERO.
    blank : int or None
        For integers: ZBLANK, else BLANK.
    """

    zcmptype: str | None
    codec: str | None
    zbitpix: int
    grid: TileGrid
    row_nbytes: int
    nrows: int
    heap_start: int
    heap_nbytes: int
    compressed: Column
    uncompressed: Column | None
    gzip: Column | None
    zscale: Column | int | float | None
    zzero: Column | int | float | None
    zblank: Column | int | None
    parameters: dict[str, int | float]
    quantize_method: str | None
    seed: int
    scale: Scaling
    blank: int | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the image, numpy order."""
        return self.grid.shape

    @property
    def tile_shape(self) -> tuple[int, ...]:
        """Shape of a tile, numpy order."""
        return self.grid.tile_shape

    @property
    def is_quantized(self) -> bool:
        """Whether the tiles hold integers that represent floats."""
        return self.quantize_method is not None

    @property
    def holds_floats(self) -> bool:
        """Whether tiles of this codec can hold floats as they are."""
        return self.codec == _NOCOMPRESS or (self.codec is not None and CODECS[self.codec].holds_floats)


def image_geometry(get: Getter | Mapping[str, Any]) -> tuple[int, tuple[int, ...]]:
    """ZBITPIX and the shape, in numpy order, for properties that must work even if the table is damaged.

    Raises
    ------
    ValueError
        If ZBITPIX, ZNAXIS or a ZNAXISn is absent or invalid.
    """
    get = keyword_getter(get)
    zbitpix = integer_keyword(get, "ZBITPIX")
    if zbitpix not in BITPIX_DTYPES:
        raise FITSFormatError(f"ZBITPIX = {zbitpix} is not a FITS pixel type (8, 16, 32, 64, -32, -64)")
    naxis = integer_keyword(get, "ZNAXIS", low=1, high=MOST_AXES)
    return zbitpix, tuple(integer_keyword(get, f"ZNAXIS{axis}", low=0) for axis in range(naxis, 0, -1))


def parse_layout(get: Getter | Mapping[str, Any]) -> CompressedLayout:
    """Read the header of a compressed image.

    Parameters
    ----------
    get : callable or mapping
        Returns the value of a keyword (upper case), or None if it is absent.

    Returns
    -------
    CompressedLayout

    Raises
    ------
    ValueError
        If a keyword is missing, invalid, or contradicts another; the message names it.
    """
    get = keyword_getter(get)
    zbitpix, shape = image_geometry(get)
    grid = TileGrid(shape, _tile_shape(get, shape))
    nrows = integer_keyword(get, "NAXIS2", low=0)
    if nrows != grid.ntiles:
        raise FITSFormatError(
            f"NAXIS2 = {nrows} rows, but an image of {shape} in tiles of {grid.tile_shape} has {grid.ntiles} tiles"
        )
    columns = parse_columns(get)
    row_nbytes = integer_keyword(get, "NAXIS1", low=0)
    heap_start, heap_nbytes = _heap(get, row_nbytes * nrows)
    zcmptype = get("ZCMPTYPE")
    zcmptype = zcmptype if isinstance(zcmptype, str) else None
    codec = codec_of(zcmptype)
    zscale, zzero = (_scaling_source(get, columns, name) for name in ("ZSCALE", "ZZERO"))
    blank = _optional_integer(get, "ZBLANK")
    blank = _optional_integer(get, "BLANK") if blank is None else blank
    compressed = _tile_column(columns, "COMPRESSED_DATA")
    if compressed is None:
        raise FITSFormatError("no column COMPRESSED_DATA (TTYPEn) in a compressed image")
    return CompressedLayout(
        zcmptype=zcmptype,
        codec=codec,
        zbitpix=zbitpix,
        grid=grid,
        row_nbytes=row_nbytes,
        nrows=nrows,
        heap_start=heap_start,
        heap_nbytes=heap_nbytes,
        compressed=compressed,
        uncompressed=_tile_column(columns, "UNCOMPRESSED_DATA"),
        gzip=_tile_column(columns, "GZIP_COMPRESSED_DATA"),
        zscale=zscale,
        zzero=zzero,
        zblank=_number_column(columns, "ZBLANK", "BIJK") or blank,
        parameters=coder_parameters(get, codec),
        quantize_method=_quantize_method(get, zbitpix, zscale, zzero),
        seed=integer_keyword(get, "ZDITHER0", 1, low=-(2**31), high=2**31 - 1),
        scale=scaling(zbitpix, get("BSCALE"), get("BZERO")),
        blank=blank if zbitpix > 0 else None,
    )


def codec_of(zcmptype: str | None) -> str | None:
    """The codec for a value of ZCMPTYPE, which may be a synonym; None if it is unknown."""
    name = (zcmptype or "").strip().upper()
    if name == _NOCOMPRESS:
        return name
    codec = CODECS.get(name)
    return codec.zcmptype if codec else None


def config_of(layout: CompressedLayout) -> Codec | str | None:
    """The config object that describes how an image was compressed.

    Returns
    -------
    Codec, str or None
        The raw ZCMPTYPE if it has no config class; None if there is no ZCMPTYPE. The tile shape is that of the file;
        HCOMPRESS tiles of images with more axes are described by their two long axes. The deflate level is not stored
        in files and is None.
    """
    codec = layout.codec
    if codec is None or codec == _NOCOMPRESS:
        return layout.zcmptype
    return CODECS[codec].of_file(layout.tile_shape, layout.compressed.descriptor, layout.parameters)


def quantize_of(layout: CompressedLayout) -> Quantize | None:
    """How an image was quantized, from what its file states, the method and the seed; None if it was not.

    Notes
    -----
    The level is not stored in files; a rewrite uses 4, the default.
    """
    if layout.quantize_method is None:
        return None
    return Quantize(method=layout.quantize_method, seed=layout.seed)


def foreign_columns(get: Getter | Mapping[str, Any]) -> list[str]:
    """Names of the columns that writing tiles does not fill: a ZBLANK per tile, or columns that others have added."""
    return [column.name for column in parse_columns(get) if column.name.upper() not in _TILE_COLUMNS]


def _optional_integer(get: Getter, key: str) -> int | None:
    """An integer keyword, None if it is absent or not a 64-bit integer: an invalid blank masks nothing."""
    value = get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63 else None


def _tile_shape(get: Getter, shape: tuple[int, ...]) -> tuple[int, ...]:
    """ZTILEn in numpy order; by default a row: the whole first FITS axis, 1 on the others."""
    defaults = (*(1,) * (len(shape) - 1), max(shape[-1], 1))
    return tuple(
        integer_keyword(get, f"ZTILE{len(shape) - axis}", default, low=1) for axis, default in enumerate(defaults)
    )


def _heap(get: Getter, table_nbytes: int) -> tuple[int, int]:
    """Start and length of the heap, relative to the start of the data."""
    end = table_nbytes + integer_keyword(get, "PCOUNT", 0, low=0)
    start = integer_keyword(get, "THEAP", table_nbytes, low=0)
    if not table_nbytes <= start <= end:
        raise FITSFormatError(f"THEAP = {start} is outside the {table_nbytes} to {end} bytes that a heap may begin at")
    return start, end - start


def _tile_column(columns: list[Column], name: str) -> Column | None:
    """A column of coded tiles, which must be a variable-length array; None if there is none."""
    column = find_column(columns, name)
    if column is None:
        return None
    if not column.descriptor or column.repeat != 1:
        raise FITSFormatError(f"TFORM{column.number} of {name} must be a variable-length array (1P or 1Q)")
    return column


def _number_column(columns: list[Column], name: str, letters: str) -> Column | None:
    """A column of one number per row, None if there is none."""
    column = find_column(columns, name)
    if column is not None and (column.descriptor or column.repeat != 1 or column.letter not in letters):
        raise FITSFormatError(f"TFORM{column.number} of {name} must be one number of type {' or '.join(letters)}")
    return column


def _scaling_source(get: Getter, columns: list[Column], name: str) -> Column | int | float | None:
    """ZSCALE or ZZERO: the column, else the keyword, else None."""
    column = _number_column(columns, name, "DE")
    if column is not None:
        return column
    value = get(name)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise FITSFormatError(f"{name} = {value!r} is not a number")
    return value


def _quantize_method(get: Getter, zbitpix: int, zscale: Any, zzero: Any) -> str | None:
    """How floats became integers; without a scale they are not quantized, whatever ZQUANTIZ says."""
    if zbitpix > 0 or (zscale is None and zzero is None):
        return None
    value = get("ZQUANTIZ")
    name = "NO_DITHER" if value is None else str(value).strip().upper()
    if name == "NONE":
        return None
    if name not in _QUANTIZE_METHODS:
        raise FITSFormatError(f"ZQUANTIZ = {value!r} is not a known method; known are {', '.join(_QUANTIZE_METHODS)}")
    return _QUANTIZE_METHODS[name]
