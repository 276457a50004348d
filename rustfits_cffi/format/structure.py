"""Parses the raw header of one HDU: the bytes that follow it, and which headers are accepted.

FITS Standard 4.0: blocks and END section 4.1.1, mandatory keywords section 4.4.1, size of the data equation 2 (groups:
equation 4, section 6.1.1), extensions section 7, compressed images and tables section 10.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Literal

from rustfits_cffi.errors import FITSFormatError, TruncatedError
from rustfits_cffi.format.cards import CardIndex, Value, read_chain
from rustfits_cffi.format.dtypes import BITPIX_DTYPES
from rustfits_cffi.format.keywords import as_integer

__all__ = ["BLOCK_NBYTES", "HDUStructure", "Kind", "find_end", "header_cards", "pad_to_block", "parse_structure"]

BLOCK_NBYTES = 2880
_CARD_NBYTES = 80
_END_CARD = b"END".ljust(_CARD_NBYTES)
_MOST_AXES = 999
_PRINTABLE = bytes(range(0x20, 0x7F))
_LENIENT = bytes(byte if 0x20 <= byte < 0x7F else ord("_") for byte in range(256))

Kind = Literal["image", "compressed image", "table", "compressed table", "ascii table", "unknown"]


@dataclass(frozen=True)
class HDUStructure:
    """One HDU as its header declares it.

    Attributes
    ----------
    kind : {"image", "compressed image", "table", "compressed table", "ascii table", "unknown"}
    is_primary : bool
    xtension : str or None
        Value of XTENSION; None in a primary header.
    cards : tuple of str
        Right-stripped, in order, the last one ``END``.
    bitpix : int
        BITPIX of the bytes in the file: 8 for every table, including compressed images.
    shape : tuple of int
        NAXISn in numpy order: the last is NAXIS1. Tables also have one.
    pcount, gcount : int
    header_nbytes : int
        Up to the data, in whole blocks.
    data_nbytes : int
        Declared size of the data, without padding to a block; 0 if `problem` makes it unknowable.
    problem : str or None
        Why the data cannot be read although the header is accepted: an invalid BITPIX or axis. Code that is asked for
        the data must raise `ValueError` with it.
    """

    kind: Kind
    is_primary: bool
    xtension: str | None
    cards: tuple[str, ...]
    bitpix: int
    shape: tuple[int, ...]
    pcount: int
    gcount: int
    header_nbytes: int
    data_nbytes: int
    problem: str | None = None

    @cached_property
    def index(self) -> CardIndex:
        """Position of each keyword in `cards`."""
        return CardIndex(self.cards)

    def value(self, key: str) -> Value:
        """Value of the first card of a keyword, None if it is absent or undefined."""
        return _value(self.index, key)

    @property
    def padded_data_nbytes(self) -> int:
        """Bytes from the start of the data to the next HDU."""
        return pad_to_block(self.data_nbytes)

    @property
    def extname(self) -> str | None:
        """EXTNAME, None if absent or not a string."""
        name = self.value("EXTNAME")
        return name if isinstance(name, str) else None

    @property
    def extver(self) -> int:
        """EXTVER, 1 if absent or not an integer."""
        version = self.value("EXTVER")
        return version if isinstance(version, int) and not isinstance(version, bool) else 1

    @property
    def has_data(self) -> bool:
        """Whether there is at least one axis and none is empty."""
        return bool(self.shape) and all(length > 0 for length in self.shape)

    @property
    def is_image(self) -> bool:
        """Whether the HDU is shown as an image, compressed or not."""
        return self.kind in ("image", "compressed image")

    @property
    def is_compressed(self) -> bool:
        """Whether the HDU is a compressed image or table."""
        return self.kind in ("compressed image", "compressed table")


def pad_to_block(nbytes: int) -> int:
    """`nbytes` rounded up to a whole number of 2880-byte blocks."""
    return -(-nbytes // BLOCK_NBYTES) * BLOCK_NBYTES


def find_end(header: bytes, start: int = 0) -> int:
    """Offset of the END card in the raw bytes of a header.

    Parameters
    ----------
    header : bytes
        From the start of an HDU; may end before or after the header does.
    start : int
        Where to begin looking, a multiple of 80.

    Returns
    -------
    int
        -1 if these bytes have no END card, which is END and 77 blanks: ``END     = 3`` is not one.
    """
    at = header.find(_END_CARD, start)
    # The 80 characters may also be part of two adjacent cards.
    while at >= 0 and at % _CARD_NBYTES:
        at = header.find(_END_CARD, at + 1)
    return at


def header_cards(header: bytes, *, lenient: bool = False) -> tuple[str, ...]:
    """The cards of a raw header, right-stripped, END included; bytes after END are ignored.

    Parameters
    ----------
    header : bytes
        From the start of an HDU to its END card or beyond.
    lenient : bool
        Whether a byte that is not allowed in headers becomes ``_`` instead of an error.

    Raises
    ------
    TruncatedError
        If there is no END card (an `OSError`).
    ValueError
        For a byte outside 0x20 to 0x7E (FITS Standard 4.0, section 4.1.2).
    """
    end = find_end(header)
    if end < 0:
        raise TruncatedError("the header is truncated: no END card before the end of the file")
    raw = header[: end + _CARD_NBYTES]
    # Deleting the good bytes takes 9 us for 298 cards; a regular expression for a bad one took 105.
    bad = raw.translate(None, _PRINTABLE)
    if bad:
        if not lenient:
            offset = raw.index(bad[:1])
            raise FITSFormatError(
                f"non-printable byte 0x{raw[offset]:02x} in column {offset % _CARD_NBYTES + 1} of header card "
                f"{offset // _CARD_NBYTES + 1}; open with lenient=True to read it as '_'"
            )
        raw = raw.translate(_LENIENT)
    text = raw.decode("ascii")
    return tuple([text[at : at + _CARD_NBYTES].rstrip() for at in range(0, len(text), _CARD_NBYTES)])


def parse_structure(header: bytes, *, is_primary: bool, lenient: bool = False) -> HDUStructure:
    """Parse the raw header of one HDU.

    Parameters
    ----------
    header : bytes
        From the start of the HDU to its END card or beyond.
    is_primary : bool
        Whether it is the first HDU of the file.
    lenient : bool
        As for `header_cards`.

    Returns
    -------
    HDUStructure

    Raises
    ------
    OSError
        If there is no END card.
    ValueError
        If it does not begin with SIMPLE (primary) or XTENSION (any other), if BITPIX, NAXIS or a NAXISn is missing or
        not an integer, if NAXIS is not 0 to 999, and for a byte that is not printable. Invalid values of BITPIX and
        NAXISn are accepted and reported in `HDUStructure.problem`.
    """
    cards = header_cards(header, lenient=lenient)
    index = CardIndex(cards)
    xtension = _first_keyword(cards, is_primary)
    bitpix = _integer(index, "BITPIX")
    naxis = _integer(index, "NAXIS")
    if not 0 <= naxis <= _MOST_AXES:
        raise FITSFormatError(f"NAXIS = {naxis} is outside 0 to {_MOST_AXES}")
    shape = tuple(_integer(index, f"NAXIS{number}") for number in range(naxis, 0, -1))
    pcount = _integer(index, "PCOUNT", 0)
    gcount = _integer(index, "GCOUNT", 1)
    # Random groups: a first axis of 0 is ignored (equation 4).
    has_groups = is_primary and shape[-1:] == (0,) and _value(index, "GROUPS") is True
    axes = shape[:-1] if has_groups else shape
    nelem = prod(axes) if shape else 0
    problem = _problem(bitpix, shape, pcount, gcount, nelem)
    structure = HDUStructure(
        kind=_kind(xtension, index),
        is_primary=is_primary,
        xtension=xtension,
        cards=cards,
        bitpix=bitpix,
        shape=shape,
        pcount=pcount,
        gcount=gcount,
        header_nbytes=pad_to_block(len(cards) * _CARD_NBYTES),
        data_nbytes=0 if problem else abs(bitpix) // 8 * gcount * (pcount + nelem),
        problem=problem,
    )
    structure.__dict__["index"] = index  # fills the cached property: the index already exists
    return structure


def _first_keyword(cards: tuple[str, ...], is_primary: bool) -> str | None:
    """Value of XTENSION, after a check that the header begins as it must."""
    wanted = "SIMPLE" if is_primary else "XTENSION"
    name = cards[0][:8].rstrip()
    if name != wanted or cards[0][8:9] != "=":
        what = "the primary header" if is_primary else "an extension header"
        raise FITSFormatError(f"{what} must begin with {wanted}, not {name!r}")
    if is_primary:
        return None
    value, _, _ = read_chain(cards, 0)
    return value.strip() if isinstance(value, str) else ""


def _kind(xtension: str | None, index: CardIndex) -> Kind:
    """The kind of HDU that the header describes."""
    if xtension in (None, "IMAGE"):
        return "image"
    if xtension == "TABLE":
        return "ascii table"
    if xtension != "BINTABLE":
        return "unknown"
    if _value(index, "ZIMAGE") is True:
        return "compressed image"
    return "compressed table" if _value(index, "ZTABLE") is True else "table"


def _value(index: CardIndex, key: str) -> Value:
    """Value of the first card of a keyword, None if there is none."""
    position = index.find(key)
    return None if position is None else read_chain(index.cards, position)[0]


def _integer(index: CardIndex, key: str, default: int | None = None) -> int:
    """An integer keyword; it is mandatory if `default` is None."""
    if index.find(key) is None:
        if default is not None:
            return default
        raise FITSFormatError(f"the header has no {key}")
    return as_integer(_value(index, key), key)


def _problem(bitpix: int, shape: tuple[int, ...], pcount: int, gcount: int, nelem: int) -> str | None:
    """Why the declared data cannot exist, None if they can."""
    if bitpix not in BITPIX_DTYPES:
        return f"BITPIX = {bitpix} is not a FITS pixel type (8, 16, 32, 64, -32, -64)"
    for number, length in enumerate(reversed(shape), 1):
        if length < 0:
            return f"NAXIS{number} = {length} is negative"
    if pcount < 0 or gcount < 0:
        return f"PCOUNT = {pcount} and GCOUNT = {gcount} must not be negative"
    nbytes = abs(bitpix) // 8 * gcount * (pcount + nelem)
    # More than the largest file offset; smaller sizes are checked against the file when it is read.
    return f"the declared {nbytes} bytes of data cannot exist" if nbytes >= 1 << 63 else None
