"""What the header of a tile-compressed image says: codec, tiles, columns, quantization.

FITS Standard 4.0, section 10.1 (keywords and columns), 10.2 (quantization), 10.4 (codec parameters); binary tables are
section 7.3. Every number comes from a file, so every number is checked, and an error names its keyword.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rustfits_cffi.config import CODECS, Codec, Hcompress1, Quantize, Rice1
from rustfits_cffi.errors import FITSFormatError
from rustfits_cffi.format.cards import CardIndex, read_chain
from rustfits_cffi.format.columns import Column, Getter, find_column, integer_keyword, keyword_getter, parse_columns
from rustfits_cffi.format.dtypes import BITPIX_DTYPES, Scaling, scaling
from rustfits_cffi.format.tiles import TileGrid

__all__ = [
    "CompressedLayout",
    "cfitsio_hazard",
    "codec_of",
    "config_of",
    "image_geometry",
    "is_plausible",
    "parse_layout",
    "quantize_of",
]

_MOST_AXES = 64  # numpy's own limit
_CFITSIO_MOST_AXES = 6
_BLOCKSIZE_DEFAULT = 32  # FITS Standard 4.0, table 37
_BYTEPIX_DEFAULT = 4

# Values of ZQUANTIZ, FITS Standard 4.0 section 10.2, and what Quantize calls them.
_QUANTIZE_METHODS = {"NO_DITHER": "no_dither", "SUBTRACTIVE_DITHER_1": "dither1", "SUBTRACTIVE_DITHER_2": "dither2"}

# What a lying header may make us allocate: so much for nothing, and so much for each coded byte that is really there.
# PLIO at its best makes 8192 bytes of one, GZIP 1032, RICE about 205.
PLAUSIBLE_BASE_NBYTES = 256 * 2**20
PLAUSIBLE_EXPANSION = 16384


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
        COMPRESSED_DATA (always there), UNCOMPRESSED_DATA and GZIP_COMPRESSED_DATA, the fallbacks in this order.
    zscale, zzero, zblank : Column, int, float or None
        A column, or the keyword's value, or None.
    rice_blocksize, rice_bytepix : int
        Of RICE_1 only meaningful.
    hcompress_scale : float
        As written: a negative one is a fixed step, a positive one was relative to the noise. Decoders need neither.
    hcompress_smooth : bool
    quantize_method : str or None
        ``"no_dither"``, ``"dither1"``, ``"dither2"``, or None if the pixels were not quantized.
    seed : int
        ZDITHER0, 1 if absent.
    scale : Scaling
        BSCALE and BZERO. With quantized floats they apply after ZSCALE and ZZERO.
    blank : int or None
        Of integers: ZBLANK, else BLANK.
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
    rice_blocksize: int
    rice_bytepix: int
    hcompress_scale: float
    hcompress_smooth: bool
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
        """Whether the tiles hold integers that stand for floats."""
        return self.quantize_method is not None


def image_geometry(get: Getter | Mapping[str, Any]) -> tuple[int, tuple[int, ...]]:
    """ZBITPIX and the shape, numpy order, and nothing else: for properties that must work on a damaged table too.

    Raises
    ------
    ValueError
        If ZBITPIX, ZNAXIS or a ZNAXISn is absent or impossible.
    """
    get = keyword_getter(get)
    zbitpix = integer_keyword(get, "ZBITPIX")
    if zbitpix not in BITPIX_DTYPES:
        raise FITSFormatError(f"ZBITPIX = {zbitpix} is not a FITS pixel type (8, 16, 32, 64, -32, -64)")
    naxis = integer_keyword(get, "ZNAXIS", low=1, high=_MOST_AXES)
    return zbitpix, tuple(integer_keyword(get, f"ZNAXIS{axis}", low=0) for axis in range(naxis, 0, -1))


def parse_layout(get: Getter | Mapping[str, Any]) -> CompressedLayout:
    """Read the header of a compressed image.

    Parameters
    ----------
    get : callable or mapping
        Gives the value of a keyword (upper case), None if it is absent.

    Returns
    -------
    CompressedLayout

    Raises
    ------
    ValueError
        If a keyword is missing, impossible, or contradicts another; the message names it.
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
    parameters = _parameters(get)
    zscale, zzero = (_scaling_source(get, columns, name) for name in ("ZSCALE", "ZZERO"))
    blank = _optional_integer(get, "ZBLANK")
    blank = _optional_integer(get, "BLANK") if blank is None else blank
    return CompressedLayout(
        zcmptype=zcmptype,
        codec=codec,
        zbitpix=zbitpix,
        grid=grid,
        row_nbytes=row_nbytes,
        nrows=nrows,
        heap_start=heap_start,
        heap_nbytes=heap_nbytes,
        compressed=_tile_column(columns, "COMPRESSED_DATA"),
        uncompressed=_tile_column(columns, "UNCOMPRESSED_DATA", optional=True),
        gzip=_tile_column(columns, "GZIP_COMPRESSED_DATA", optional=True),
        zscale=zscale,
        zzero=zzero,
        zblank=_number_column(columns, "ZBLANK", "BIJK") or blank,
        **_rice_parameters(parameters, codec),
        **_hcompress_parameters(parameters, codec),
        quantize_method=_quantize_method(get, zbitpix, zscale, zzero),
        seed=integer_keyword(get, "ZDITHER0", 1, low=-(2**31), high=2**31 - 1),
        scale=scaling(zbitpix, get("BSCALE"), get("BZERO")),
        blank=blank if zbitpix > 0 else None,
    )


def cfitsio_hazard(index: CardIndex) -> str | None:
    """What about the header of an extension cfitsio would not survive or would misplace, None if nothing.

    Notes
    -----
    cfitsio imcomp_get_compressed_image_par divides by ``(ZNAXISn - 1) / ZTILEn + 1`` before it checks anything. It may
    find another card than the first of a name, so all of them count. A heap that does not follow its table at once is
    counted twice: the next HDU is expected where THEAP + PCOUNT ends, instead of NAXIS1 * NAXIS2 + PCOUNT.
    """
    for position in index.find_all("THEAP"):
        places = (index.find(key) for key in ("NAXIS1", "NAXIS2"))
        width, nrows = (read_chain(index.cards, place)[0] if place else 0 for place in places)
        value = read_chain(index.cards, position)[0]
        if not (isinstance(width, int) and isinstance(nrows, int)) or value != width * nrows:
            return f"THEAP = {value!r}: a heap with a gap before it cannot be changed"
    if index.find("ZIMAGE") is None:
        return None
    for axis in range(1, _CFITSIO_MOST_AXES + 1):
        for key in (f"ZNAXIS{axis}", f"ZTILE{axis}"):
            for position in index.find_all(key):
                value = read_chain(index.cards, position)[0]
                if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                    return f"{key} = {value!r} is not a length of 1 or more"
    return None


def codec_of(zcmptype: str | None) -> str | None:
    """The codec's own name for a value of ZCMPTYPE, which may be a synonym; None if it is unknown."""
    name = (zcmptype or "").strip().upper()
    if name == "NOCOMPRESS":
        return name
    codec = CODECS.get(name)
    return codec.zcmptype if codec else None


def config_of(layout: CompressedLayout) -> Codec | str | None:
    """The config object that describes how an image was compressed.

    Returns
    -------
    Codec, str or None
        The raw ZCMPTYPE if no config class stands for it; None if there is no ZCMPTYPE. The tile shape is that of the
        file; HCOMPRESS tiles of images with more axes are told by their two long axes. The deflate level is not stored
        in files and is None.
    """
    codec = layout.codec
    if codec is None or codec == "NOCOMPRESS":
        return layout.zcmptype
    common = {"tile_shape": layout.tile_shape, "heap_format": layout.compressed.descriptor}
    kind = CODECS[codec]
    if kind is Rice1:
        return Rice1(blocksize=layout.rice_blocksize, **common)
    if kind is Hcompress1:
        if len(layout.tile_shape) != 2:
            longer = [length for length in layout.tile_shape if length > 1]
            common["tile_shape"] = tuple(longer) if len(longer) == 2 else None
        return Hcompress1(scale=abs(layout.hcompress_scale), smooth=layout.hcompress_smooth, **common)
    return kind(**common)


def quantize_of(layout: CompressedLayout) -> Quantize | None:
    """How an image was quantized, as far as its file tells: method and seed; None if it was not.

    Notes
    -----
    The level is not stored in files; 4, the default, is what a rewrite uses.
    """
    if layout.quantize_method is None:
        return None
    return Quantize(method=layout.quantize_method, seed=layout.seed)


def is_plausible(declared_nbytes: int, coded_nbytes: int) -> bool:
    """Whether a declared size of decoded data can be believed, given the coded bytes that are really there.

    Parameters
    ----------
    declared_nbytes : int
        Of the decoded array.
    coded_nbytes : int
        In the file.

    Returns
    -------
    bool
        False beyond 256 MiB plus 16384 times the coded bytes. HCOMPRESS stores a constant tile of any size in about 30
        bytes, so for it False means only that tiles should be decoded before the result is allocated.
    """
    return declared_nbytes <= PLAUSIBLE_BASE_NBYTES + PLAUSIBLE_EXPANSION * max(coded_nbytes, 0)


def _optional_integer(get: Getter, key: str) -> int | None:
    """An integer keyword, None if it is absent or no 64-bit integer: a strange blank masks nothing."""
    value = get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63 else None


def _tile_shape(get: Getter, shape: tuple[int, ...]) -> tuple[int, ...]:
    """ZTILEn in numpy order; absent ones are a row: the whole first axis, 1 of the others."""
    defaults = (*(1,) * (len(shape) - 1), max(shape[-1], 1))
    return tuple(
        integer_keyword(get, f"ZTILE{len(shape) - axis}", default, low=1) for axis, default in enumerate(defaults)
    )


def _heap(get: Getter, table_nbytes: int) -> tuple[int, int]:
    """Start and length of the heap; the start counts from the start of the data."""
    end = table_nbytes + integer_keyword(get, "PCOUNT", 0, low=0)
    start = integer_keyword(get, "THEAP", table_nbytes, low=0)
    if not table_nbytes <= start <= end:
        raise FITSFormatError(f"THEAP = {start} is outside the {table_nbytes} to {end} bytes that a heap may begin at")
    return start, end - start


def _tile_column(columns: list[Column], name: str, *, optional: bool = False) -> Column | None:
    """A column of coded tiles, which must be one variable-length array."""
    column = find_column(columns, name)
    if column is None:
        if optional:
            return None
        raise FITSFormatError(f"no column {name} (TTYPEn) in a compressed image")
    if not column.descriptor or column.repeat != 1:
        raise FITSFormatError(f"TFORM{column.number} of {name} must be a variable-length array (1P or 1Q)")
    return column


def _number_column(columns: list[Column], name: str, letters: str) -> Column | None:
    """A column of one number a row, None if there is none."""
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
    """How floats became integers; without any scale they never did, whatever ZQUANTIZ says."""
    if zbitpix > 0 or (zscale is None and zzero is None):
        return None
    value = get("ZQUANTIZ")
    name = "NO_DITHER" if value is None else str(value).strip().upper()
    if name == "NONE":
        return None
    if name not in _QUANTIZE_METHODS:
        raise FITSFormatError(f"ZQUANTIZ = {value!r} is not a known method; known are {', '.join(_QUANTIZE_METHODS)}")
    return _QUANTIZE_METHODS[name]


def _parameters(get: Getter) -> dict[str, tuple[str, Any]]:
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


def _rice_parameters(parameters: dict[str, tuple[str, Any]], codec: str | None) -> dict[str, int]:
    """Block size and bytes a pixel of RICE_1; the defaults for any other codec."""
    if codec != "RICE_1":
        return {"rice_blocksize": _BLOCKSIZE_DEFAULT, "rice_bytepix": _BYTEPIX_DEFAULT}
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
    return {"rice_blocksize": int(blocksize), "rice_bytepix": int(bytepix)}


def _hcompress_parameters(parameters: dict[str, tuple[str, Any]], codec: str | None) -> dict[str, Any]:
    """Scale and smoothing of HCOMPRESS_1; the defaults for any other codec."""
    if codec != "HCOMPRESS_1":
        return {"hcompress_scale": 0.0, "hcompress_smooth": False}
    _, scale = _parameter(parameters, "SCALE", 1, 0)
    _, smooth = _parameter(parameters, "SMOOTH", 2, 0)
    return {"hcompress_scale": float(scale), "hcompress_smooth": smooth != 0}
