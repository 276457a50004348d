"""How a user asks for compression: a frozen, keyword-only class for each codec, and one for quantizing floats.

A codec's parameters are those of FITS Standard 4.0, section 10.4; quantization is section 10.2. The classes check
themselves; `parse_compress` reads the `compress=` argument, and `check_combination` says which codec takes which
pixels.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

__all__ = [
    "CODECS",
    "Codec",
    "Gzip1",
    "Gzip2",
    "Hcompress1",
    "Plio1",
    "Quantize",
    "Rice1",
    "check_combination",
    "parse_compress",
]

_UINT32_MAX = 2**32 - 1


@dataclass(frozen=True, kw_only=True, repr=False)
class Codec:
    """The parameters of all codecs; not for direct use.

    Parameters
    ----------
    tile_shape : sequence of int, optional
        Size of a tile in numpy axis order. None: the codec's own default (one row; HCOMPRESS about 16 rows).
    heap_format : {"P", "Q"}
        Width of the tile descriptors: 32 bits each, or 64 for a heap beyond 4 GiB. In either case.
    """

    tile_shape: Sequence[int] | None = None
    heap_format: str = "P"

    # Properties of every object of a class: FITS Standard 4.0, section 10.4.
    zcmptype: ClassVar[str] = ""
    holds_floats: ClassVar[bool] = False  # as they are, without quantization
    most_bits: ClassVar[int] = 32  # of integers
    takes_quantized: ClassVar[bool] = True  # floats, as scaled integers
    takes_offsets: ClassVar[bool] = True  # integers stored with an offset: i1, u2, u4, u8
    axes: ClassVar[int | None] = None  # number of axes of an image; None: any number
    shortest_axis: ClassVar[int] = 1  # of a tile, in pixels
    dithers: ClassVar[tuple[str, ...]] = ("no_dither", "dither1", "dither2")
    element: ClassVar[str] = "B"  # of the coded stream, as TFORM has it
    __hash__ = None  # type: ignore[assignment]  # the checker does not let a class declare that it has none

    def __post_init__(self) -> None:
        # The one change made here: arguments may be given in several forms and are kept in one, so that == compares
        # field by field.
        object.__setattr__(self, "tile_shape", _tile_shape(self.tile_shape))
        object.__setattr__(self, "heap_format", _heap_format(self.heap_format))

    def coder_parameters(self) -> dict[str, Any]:
        """What the tile engine needs to encode, under its names: `Coder` of ``native.tile_coding``."""
        return {}

    def default_rows(self, length: int) -> int:
        """Rows of a tile where no shape was asked for, on an axis of `length` rows."""
        return 1

    def refusal(self, pixels: np.ndarray) -> str | None:
        """Why a tile of these pixels cannot be stored; None if the codec has no objection."""
        return None

    @classmethod
    def of_file(cls, tile_shape: tuple[int, ...], heap_format: str, parameters: dict[str, Any]) -> Codec:
        """The config of an image in a file, from the codec's parameters under the names of the tile engine."""
        return cls(tile_shape=tile_shape, heap_format=heap_format)

    def __repr__(self) -> str:
        fields = dict(vars(self))
        if self.tile_shape is not None:
            fields["tile_shape"] = list(self.tile_shape)
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in fields.items())})"


@dataclass(frozen=True, kw_only=True, repr=False)
class _Gzip(Codec):
    """What the two GZIP codecs share."""

    level: int | None = None

    holds_floats: ClassVar[bool] = True
    most_bits: ClassVar[int] = 64
    __hash__ = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.level is None:
            return
        level = operator.index(self.level)
        if level < 0:
            raise OverflowError(f"level must be in 0..=9, got {level}")
        if level > 9:
            raise ValueError(
                f"level must be in 0..=9 (0 stores, 9 is smallest), or None for cfitsio's own; got {level}"
            )
        object.__setattr__(self, "level", level)

    @property
    def deflate_level(self) -> int:
        """The deflate level: the chosen one, else cfitsio's, which is 1."""
        return 1 if self.level is None else self.level

    def coder_parameters(self) -> dict[str, Any]:
        return {"gzip_level": self.deflate_level}


@dataclass(frozen=True, kw_only=True, repr=False)
class Gzip1(_Gzip):
    """GZIP_1: gzip of the big-endian pixels.

    Parameters
    ----------
    tile_shape, heap_format
        See `Codec`.
    level : int, optional
        Deflate level, 0 to 9. None means cfitsio's level, 1, which also gives cfitsio's bytes. The level is not stored
        in the file.

    Notes
    -----
    FITS Standard 4.0, section 10.4.2.
    """

    zcmptype: ClassVar[str] = "GZIP_1"
    __hash__ = None


@dataclass(frozen=True, kw_only=True, repr=False)
class Gzip2(_Gzip):
    """GZIP_2: gzip of the pixels' bytes sorted by significance; usually smaller than `Gzip1`.

    Parameters
    ----------
    tile_shape, heap_format
        See `Codec`.
    level : int, optional
        As for `Gzip1`.

    Notes
    -----
    FITS Standard 4.0, section 10.4.2.
    """

    zcmptype: ClassVar[str] = "GZIP_2"
    __hash__ = None


@dataclass(frozen=True, kw_only=True, repr=False)
class Rice1(Codec):
    """RICE_1: fast and good for integers of up to 32 bits, or quantized floats.

    Parameters
    ----------
    tile_shape, heap_format
        See `Codec`.
    blocksize : int
        Pixels per block, which share one code; positive.

    Notes
    -----
    FITS Standard 4.0, section 10.4.1.
    """

    blocksize: int = 32

    zcmptype: ClassVar[str] = "RICE_1"
    __hash__ = None

    def __post_init__(self) -> None:
        super().__post_init__()
        blocksize = operator.index(self.blocksize)
        if not 0 < blocksize <= _UINT32_MAX:
            raise ValueError(f"blocksize must be > 0 and fit 32 bits, got {blocksize}")
        object.__setattr__(self, "blocksize", blocksize)

    def coder_parameters(self) -> dict[str, Any]:
        return {"rice_block": self.blocksize}

    @classmethod
    def of_file(cls, tile_shape: tuple[int, ...], heap_format: str, parameters: dict[str, Any]) -> Codec:
        return cls(tile_shape=tile_shape, heap_format=heap_format, blocksize=parameters["rice_block"])


@dataclass(frozen=True, kw_only=True, repr=False)
class Hcompress1(Codec):
    """HCOMPRESS_1: a wavelet transform for two-dimensional images.

    Parameters
    ----------
    tile_shape, heap_format
        See `Codec`; a tile has two axes, of 4 pixels or more each.
    scale : int
        Digitization step. 0 and 1 are lossless; larger steps lose detail.
    smooth : bool
        Whether a reader smooths the blocks of a lossy image. Does not change the coded bytes.

    Notes
    -----
    FITS Standard 4.0, section 10.4.4.
    """

    scale: int | float = 0
    smooth: bool = False

    zcmptype: ClassVar[str] = "HCOMPRESS_1"
    axes: ClassVar[int | None] = 2
    shortest_axis: ClassVar[int] = 4  # cfitsio imcomp_init_table
    dithers: ClassVar[tuple[str, ...]] = ("no_dither", "dither1")  # as in cfitsio
    __hash__ = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tile_shape is not None and len(self.tile_shape) != 2:
            raise ValueError(
                f"Hcompress1 takes 2-D tiles only, got tile_shape with {len(self.tile_shape)} dimension(s)"
            )
        scale = _plain_number(self.scale, "scale")
        if not (math.isfinite(scale) and scale >= 0):
            raise ValueError(f"scale must be >= 0, got {scale}")
        object.__setattr__(self, "scale", scale)
        if not isinstance(self.smooth, bool | np.bool_):
            raise TypeError(f"smooth must be a bool, not {type(self.smooth).__name__}")
        object.__setattr__(self, "smooth", bool(self.smooth))

    def coder_parameters(self) -> dict[str, Any]:
        # for cfitsio and the engine, a negative scale is the step itself
        return {"hcompress_scale": 0.0 - self.scale, "hcompress_smooth": int(self.smooth)}

    def default_rows(self, length: int) -> int:
        """Rows of a tile where no shape was asked for, on an axis of `length` rows.

        Notes
        -----
        cfitsio's rule (imcomp_init_table): all rows if there are at most 30, else the first of nine heights with which
        the last tile has at least 4 rows.
        """
        if length <= 30:
            return length
        heights = (t for t in _HCOMPRESS_ROWS if length % t == 0 or length % t >= self.shortest_axis)
        return next(heights, _HCOMPRESS_LAST_RESORT)

    @classmethod
    def of_file(cls, tile_shape: tuple[int, ...], heap_format: str, parameters: dict[str, Any]) -> Codec:
        return cls(
            tile_shape=_two_axes(tile_shape),
            heap_format=heap_format,
            scale=abs(parameters["hcompress_scale"]),
            smooth=bool(parameters["hcompress_smooth"]),
        )


@dataclass(frozen=True, kw_only=True, repr=False)
class Plio1(Codec):
    """PLIO_1: run lengths of non-negative integers, for masks.

    Parameters
    ----------
    tile_shape, heap_format
        See `Codec`.

    Notes
    -----
    FITS Standard 4.0, section 10.4.3.
    """

    zcmptype: ClassVar[str] = "PLIO_1"
    takes_quantized: ClassVar[bool] = False
    takes_offsets: ClassVar[bool] = False
    element: ClassVar[str] = "I"
    __hash__ = None

    def refusal(self, pixels: np.ndarray) -> str | None:
        if pixels.min() < 0:
            return f"PLIO_1 cannot store the negative pixel {pixels.min()}; use Rice1 or Gzip2"
        if pixels.max() >= 1 << 24:
            return f"the pixel {pixels.max()} exceeds 16777215, the largest that PLIO_1 stores; use Rice1 or Gzip2"
        return None


@dataclass(frozen=True, kw_only=True, repr=False)
class Quantize:
    """How floating-point pixels become integers before they are coded; lossy.

    Parameters
    ----------
    level : float
        Quanta per sigma of the background noise of each tile; 0 means a step of a quarter of sigma, as in cfitsio; a
        negative level is minus the step itself, in the pixel unit.
    method : {"dither1", "dither2", "no_dither"}
        Subtractive dither; the same with exact zeros kept; no dither. FITS names are accepted, in either case.
    seed : int
        Start of the dither sequence (ZDITHER0); 0 is stored as 1, so that equal input gives equal files.

    Notes
    -----
    FITS Standard 4.0, section 10.2.
    """

    level: int | float = 4.0
    method: str = "dither1"
    seed: int = 0

    __hash__ = None  # type: ignore[assignment]  # the checker does not let a class declare that it has none

    def __post_init__(self) -> None:
        level = _plain_number(self.level, "level")
        if not math.isfinite(level):
            raise ValueError(f"Quantize: level must be finite, got {level}")
        object.__setattr__(self, "level", level)
        if not isinstance(self.method, str):
            raise TypeError(f"method must be a str, not {type(self.method).__name__}")
        method = _METHODS.get(self.method.strip().upper())
        if method is None:
            raise ValueError(
                f"Quantize: unknown method {self.method!r}; known are 'no_dither', 'dither1', 'dither2'. "
                "To store floats without loss, leave quantize= out."
            )
        object.__setattr__(self, "method", method)
        object.__setattr__(self, "seed", operator.index(self.seed))

    def __repr__(self) -> str:
        return f"Quantize(level={self.level!r}, method={self.method!r}, seed={self.seed!r})"

    @property
    def zquantiz(self) -> str:
        """Value of the keyword ZQUANTIZ."""
        return _ZQUANTIZ[self.method]


_ZQUANTIZ = {"no_dither": "NO_DITHER", "dither1": "SUBTRACTIVE_DITHER_1", "dither2": "SUBTRACTIVE_DITHER_2"}
_METHODS = {name.upper(): name for name in _ZQUANTIZ} | {zquantiz: name for name, zquantiz in _ZQUANTIZ.items()}

# Names of algorithms (FITS Standard 4.0, table 36, and the synonyms that cfitsio reads or accepts) and their classes.
CODECS: dict[str, type[Codec]] = {
    "GZIP": Gzip1,
    "GZIP_1": Gzip1,
    "GZIP_2": Gzip2,
    "RICE": Rice1,
    "RICE_1": Rice1,
    "RICE_ONE": Rice1,
    "HCOMPRESS": Hcompress1,
    "HCOMPRESS_1": Hcompress1,
    "PLIO": Plio1,
    "PLIO_1": Plio1,
}


def parse_compress(compress: Any) -> Codec | None:
    """The codec that a `compress=` argument of an image means.

    Parameters
    ----------
    compress : Codec, str or None
        A config object; the name of an algorithm, in either case; or None for a plain image.

    Raises
    ------
    TypeError
        If it is anything else, such as a bool, a dict or a class.
    ValueError
        If the name is unknown.
    """
    if compress is None or isinstance(compress, Codec):
        return compress
    if not isinstance(compress, str):
        raise TypeError(
            "compress= must be a config object such as Rice1() or Gzip2(), or the name of an algorithm such as "
            f"'RICE_1', not {compress!r}"
        )
    codec = CODECS.get(compress.strip().upper())
    if codec is None:
        raise ValueError(f"unknown compression algorithm {str(compress)!r}; known are {', '.join(CODECS)}")
    return codec()


def check_combination(dtype: Any, codec: Codec | None, quantize: Quantize | None = None) -> None:
    """Refuse pixels that a codec does not support.

    Parameters
    ----------
    dtype : dtype-like
        Type of the pixels as the user has them: an unsigned 16-bit image is ``u2``.
    codec : Codec or None
        None for a plain image.
    quantize : Quantize or None

    Raises
    ------
    TypeError
        If `quantize` is neither None nor a `Quantize`.
    ValueError
        For `quantize` without a codec or with integers, and for unquantized floats with RICE or HCOMPRESS, whose
        streams hold integers only.
    NotImplementedError
        For 64-bit integers with any codec but GZIP, and for PLIO with floats or with the types that are stored with an
        offset (i1, u2, u4, u8).

    Notes
    -----
    The types that a codec holds: FITS Standard 4.0, section 10.4. `format.dtypes` checks the dtype itself.
    """
    if quantize is not None and not isinstance(quantize, Quantize):
        raise TypeError(f"quantize= must be a Quantize or None, not {quantize!r}")
    if codec is None:
        if quantize is not None:
            raise ValueError("quantize= is for compressed images of floats; without compress= leave quantize= out")
        return
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        _check_float(dtype, codec, quantize)
        return
    if quantize is not None:
        raise ValueError(f"quantize= is for float images (f4, f8), not {dtype}; leave it out for integers")
    name = codec.zcmptype
    if dtype.itemsize * 8 > codec.most_bits:
        raise NotImplementedError(f"{name} does not store 64-bit pixels ({dtype}); use Gzip2 for them")
    if not codec.takes_offsets and dtype.str[1:] in ("i1", "u2", "u4"):
        raise NotImplementedError(
            f"{name} stores non-negative integers only, and {dtype} is stored with an offset that makes some negative; "
            "use u1, i2 or i4"
        )


def _check_float(dtype: np.dtype[Any], codec: Codec, quantize: Quantize | None) -> None:
    """Refuse floats that a codec cannot hold."""
    if not codec.holds_floats and not codec.takes_quantized:
        raise NotImplementedError(
            f"{codec.zcmptype} does not store float pixels ({dtype}); it is for masks. Use Gzip2 or Rice1"
        )
    if quantize is None and not codec.holds_floats:
        raise ValueError(
            f"{codec.zcmptype} holds integers: unquantized float pixels ({dtype}) need compress=Gzip1() or Gzip2(), or "
            "quantize=Quantize() to make them integers (lossy)"
        )


# Heights of an HCOMPRESS tile in the order in which cfitsio tries them, and its fallback.
_HCOMPRESS_ROWS = (16, 24, 20, 30, 28, 26, 22, 18, 14)
_HCOMPRESS_LAST_RESORT = 17


def _two_axes(tile_shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """A tile shape reduced to two axes, for `Hcompress1`; None unless exactly two axes are longer than 1."""
    if len(tile_shape) == 2:
        return tile_shape
    longer = tuple(length for length in tile_shape if length > 1)
    return longer if len(longer) == 2 else None


def _tile_shape(value: Any) -> tuple[int, ...] | None:
    """A tile shape as a tuple of positive Python ints."""
    if value is None:
        return None
    if isinstance(value, str | bytes) or not isinstance(value, Sequence | np.ndarray):
        raise TypeError(f"tile_shape must be a sequence of ints, not {value!r}")
    shape = tuple(operator.index(length) for length in value)
    if not shape:
        raise ValueError("tile_shape must name at least one axis, got an empty sequence")
    for axis, length in enumerate(shape):
        if length <= 0:
            raise ValueError(f"tile_shape[{axis}] must be positive, got {length}")
    return shape


def _heap_format(value: Any) -> str:
    """'P' or 'Q'."""
    if not isinstance(value, str):
        raise TypeError(f"heap_format must be a str, not {type(value).__name__}")
    if value.upper() not in ("P", "Q"):
        raise ValueError(f"heap_format must be 'P' or 'Q', got {value!r}")
    return value.upper()


def _plain_number(value: Any, name: str) -> int | float:
    """A real number as a Python number; whole ones as int, so that 4 and 4.0 are shown alike."""
    if isinstance(value, str | bytes):
        raise TypeError(f"{name} must be a real number, not {type(value).__name__}")
    try:
        number = float(value)
    except TypeError:
        raise TypeError(f"{name} must be a real number, not {type(value).__name__}") from None
    return int(number) if number.is_integer() else number
