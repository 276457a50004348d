"""Reads header cards: names, values, comments, chains of CONTINUE cards, and the position of each keyword.

Cards are `str` of up to 80 characters, right-stripped or not; nothing here changes one (see `card_writing`). The rules
are FITS Standard 4.0, section 4; CONTINUE is section 4.2.1.2, HIERARCH the ESO convention of the FITS registry.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np

__all__ = [
    "COMMENTARY",
    "CardIndex",
    "ParsedCard",
    "Value",
    "check_printable",
    "check_value",
    "is_protected_key",
    "lookup_key",
    "normalize_key",
    "parse_card",
    "parse_value",
    "read_chain",
    "split_value",
]

Value = bool | int | float | complex | str | None

COMMENTARY = frozenset(("COMMENT", "HISTORY", ""))

# Words that are never a key, whatever follows them.
_NEVER_KEYS = frozenset(("END", "CONTINUE", "HIERARCH"))

_STRING = re.compile(r"'([^']*(?:''[^']*)*)'")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_REAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[EeDd][+-]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_D_TO_E = str.maketrans("Dd", "EE")
_RUN_OF_BLANKS = re.compile(" {2,}")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")


class ParsedCard(NamedTuple):
    """The parts of one card."""

    name: str  # as on the card; for HIERARCH, the words after it, separated by single blanks
    has_value: bool  # whether there is a value indicator; commentary cards and CONTINUE have none
    is_hierarch: bool
    text: str  # value and comment as written, or the text of a commentary card


def parse_card(card: str) -> ParsedCard:
    """Split a card into its parts, without parsing its value."""
    name = card[:8].strip()
    if name == "HIERARCH":
        words, equals, text = card[8:].partition("=")
        if equals and words.strip() and words[0] == " ":
            return ParsedCard(_single_blanks(words), True, True, text)
        return ParsedCard(name, False, True, card[8:].rstrip())
    upper = name.upper()
    # A card stripped of its padding may end with the "=" of an undefined value.
    if (card[8:10] == "= " or card[8:] == "=") and upper not in COMMENTARY and upper not in _NEVER_KEYS:
        return ParsedCard(name, True, False, card[10:])
    return ParsedCard(name, False, False, card[8:].rstrip())


def split_value(text: str) -> tuple[str, str]:
    """Split the text after ``= `` into the value as written and the comment, both trimmed.

    A slash within quotes is part of the string; text between a closing quote and the slash is ignored, as in cfitsio.
    """
    text = text.strip()
    if text.startswith("'"):
        quoted = _STRING.match(text)
        if quoted is None:
            return text, ""
        return quoted.group(), text[quoted.end() :].partition("/")[2].strip()
    value, _, comment = text.partition("/")
    return value.rstrip(), comment.strip()


def parse_value(text: str) -> Value:
    """The Python value of a card's value as written (without its comment).

    Returns
    -------
    bool, int, float, complex, str or None
        None if nothing is written. Integers of any size are exact. Text that is not a FITS value is returned as it is.

    Notes
    -----
    FITS Standard 4.0, sections 4.2.1 to 4.2.6.
    """
    if text[:1] == "'":
        quoted = _STRING.fullmatch(text)
        # A string without closing quote is kept whole: guessing its end would hide the defect.
        return quoted.group(1).replace("''", "'").rstrip() if quoted else text
    if text in ("T", "F"):
        return text == "T"
    if _INTEGER.fullmatch(text):
        return int(text)
    number = _real(text)
    if number is not None:
        return number
    if not text:
        return None
    if text[0] == "(" and text[-1] == ")":
        parts = [_real(part.strip()) for part in text[1:-1].split(",")]
        if len(parts) == 2 and parts[0] is not None and parts[1] is not None:
            return complex(parts[0], parts[1])
    return text


def read_chain(cards: Sequence[str], position: int) -> tuple[Value, str, int]:
    """Value and comment of the card at `position`, with those of the CONTINUE cards that belong to it.

    Parameters
    ----------
    cards : sequence of str
    position : int
        Of a card that has a value.

    Returns
    -------
    value : bool, int, float, complex, str or None
    comment : str
        The comments of all its cards, joined by single blanks.
    ncards : int
        Number of cards in the chain, at least 1.
    """
    text, comment = split_value(parse_card(cards[position]).text)
    value = parse_value(text)
    ncards = 1
    if not (isinstance(value, str) and value.endswith("&") and text[:1] == "'"):
        return value, comment, ncards
    comments = [comment]
    chunks = []
    while value.endswith("&") and position + ncards < len(cards):
        more = _continuation(cards[position + ncards])
        if more is None:
            break
        chunks.append(value[:-1])
        value, comment = more
        comments.append(comment)
        ncards += 1
    chunks.append(value)
    return "".join(chunks).rstrip(), " ".join(filter(None, comments)), ncards


def _continuation(card: str) -> tuple[str, str] | None:
    """String and comment of a CONTINUE card; None for any other card or for one without a string."""
    if card[:8] != "CONTINUE":
        return None
    text, comment = split_value(card[8:])
    quoted = _STRING.fullmatch(text)
    return (quoted.group(1).replace("''", "'").rstrip(), comment) if quoted else None


def _real(text: str) -> float | None:
    """A number as in FITS Standard 4.0, section 4.2.4 (D means E), or a word for NaN or infinity; else None."""
    if _REAL.fullmatch(text):
        return float(text.translate(_D_TO_E))
    return float(text) if _NOT_FINITE.fullmatch(text) else None


class CardIndex:
    """Which cards of a header hold which keyword; built on first use.

    Parameters
    ----------
    cards : sequence of str
        Not copied; if they change, a new index is needed.
    """

    __slots__ = ("_names", "_positions", "cards")

    def __init__(self, cards: Sequence[str]) -> None:
        self.cards = cards
        self._positions: dict[str, list[int]] | None = None
        self._names: list[str] = []

    def find(self, key: str) -> int | None:
        """Position of the first card of `key`, None if there is none."""
        found = self.find_all(key)
        return found[0] if found else None

    def find_all(self, key: str) -> list[int]:
        """Positions of all cards of `key`, ascending; not to be changed."""
        positions = self._built()
        # Most callers ask for plain names; only other keys need normalizing.
        found = positions.get(key)
        return found if found is not None else positions.get(lookup_key(key), [])

    def value(self, key: str) -> Value:
        """Value of the first card of `key`; None if there is none."""
        position = self.find(key)
        return None if position is None else read_chain(self.cards, position)[0]

    def names(self) -> list[str]:
        """Every key once, as written on its first card, in order; not to be changed."""
        self._built()
        return self._names

    def _built(self) -> dict[str, list[int]]:
        """Upper-case name -> positions."""
        if self._positions is None:
            self._positions = self._build()
        return self._positions

    def _build(self) -> dict[str, list[int]]:
        """One pass over the cards. Inlines the common case of `parse_card`, as some headers have thousands of cards."""
        positions: dict[str, list[int]] = {}
        names = self._names
        for position, card in enumerate(self.cards):
            name = card[:8]
            if card[8:10] == "= " and name.isupper():
                name = name.strip() if name[0] == " " else name.rstrip()
                key = name
                if key in _NEVER_KEYS:
                    continue
            else:
                parsed = parse_card(card)
                name, key = parsed.name, parsed.name.upper()
                if not parsed.has_value and (key not in COMMENTARY or (not key and not parsed.text.strip())):
                    continue
            found = positions.get(key)
            if found is None:
                positions[key] = [position]
                names.append(name)
            else:
                found.append(position)
        return positions


# Keywords that describe the bytes of an HDU: only the library itself may change them.
_STRUCTURE = """
    SIMPLE XTENSION EXTEND BITPIX NAXIS PCOUNT GCOUNT END TFIELDS THEAP GROUPS
    ZIMAGE ZCMPTYPE ZBITPIX ZNAXIS ZSIMPLE ZEXTEND ZBLOCKED ZPCOUNT ZGCOUNT ZHECKSUM ZDATASUM ZTENSION
    ZQUANTIZ ZDITHER0 ZMASKCMP ZBLANK CHECKSUM DATASUM
"""
_PROTECTED = frozenset(_STRUCTURE.split())
_PROTECTED_INDEXED = re.compile(
    "(?:NAXIS|TFORM|TDIM|TTYPE|TSCAL|TZERO|TNULL|TBCOL|PTYPE|PSCAL|PZERO|ZNAXIS|ZTILE|ZNAME|ZVAL)[0-9]+"
)


def is_protected_key(key: str) -> bool:
    """Whether a keyword describes the structure of an HDU, so that only the library may write it.

    Parameters
    ----------
    key : str
        In either case; surrounding blanks are ignored.

    Returns
    -------
    bool

    Raises
    ------
    TypeError
        If it is not a str.
    """
    name = _require_text(key).strip().upper()
    return name in _PROTECTED or _PROTECTED_INDEXED.fullmatch(name) is not None


def lookup_key(key: str) -> str:
    """The form of a key that `CardIndex` uses: trimmed, single blanks, upper case, without leading HIERARCH.

    Raises
    ------
    TypeError
        If it is not a str.
    """
    name = _single_blanks(_require_text(key)).upper()
    return name[9:] if name.startswith("HIERARCH ") else name


def _require_text(key: str) -> str:
    """The key; `TypeError` if it is not a str."""
    if not isinstance(key, str):
        raise TypeError(f"header keys are str, not {type(key).__name__}")
    return key


_STANDARD_KEY = re.compile("[A-Za-z0-9_-]{1,8}")
_HIERARCH_KEY = re.compile("[A-Za-z0-9_.+-]+(?: [A-Za-z0-9_.+-]+)*")


def normalize_key(key: str) -> tuple[str, bool]:
    """The name under which a new key is written, and whether it needs a HIERARCH card.

    Parameters
    ----------
    key : str

    Returns
    -------
    name : str
        Up to 8 characters without a blank: in upper case. Other names: as given, with single blanks.
    is_hierarch : bool

    Raises
    ------
    TypeError
        If it is not a str.
    ValueError
        If it is empty, has a character that is not allowed in keys, or is a reserved word: HIERARCH, CONTINUE, END,
        COMMENT, HISTORY.

    Notes
    -----
    FITS Standard 4.0, section 4.1.2.1; HIERARCH names may also hold ``.`` and ``+``.
    """
    if not isinstance(key, str):
        raise TypeError(f"header keys are str, not {type(key).__name__}")
    name = _single_blanks(key)
    hierarch = name.upper().startswith("HIERARCH ")
    name = name[9:] if hierarch else name
    if not name:
        raise ValueError("an empty keyword is a blank commentary card; use add_blank()")
    upper = name.upper()
    if upper in COMMENTARY:
        raise ValueError(f"{upper} is a commentary keyword; use add_comment() or add_history()")
    if upper in _NEVER_KEYS:
        raise ValueError(f"{upper} is a reserved word of FITS headers and cannot be a key")
    if not hierarch and len(name) <= 8 and " " not in name:
        if not _STANDARD_KEY.fullmatch(name):
            raise ValueError(f"bad character in keyword {name!r}: only letters, digits, '-' and '_' are allowed")
        return upper, False
    if not _HIERARCH_KEY.fullmatch(name):
        raise ValueError(
            f"bad character in keyword {name!r}: a HIERARCH name takes letters, digits, blanks, '-', '_', '.' and '+'"
        )
    return name, True


def _single_blanks(name: str) -> str:
    """The name trimmed, with each run of blanks replaced by one blank."""
    name = name.strip(" ")
    return _RUN_OF_BLANKS.sub(" ", name) if "  " in name else name


def check_printable(text: str, what: str) -> str:
    """`text`, if a header may hold it.

    Raises
    ------
    ValueError
        If a character is outside 0x20 to 0x7E (FITS Standard 4.0, section 4.1.2.3), such as a newline or an umlaut.
    """
    bad = _UNPRINTABLE.search(text)
    if bad:
        raise ValueError(f"{what} holds {bad.group()!r}: a FITS header takes printable ASCII only (0x20 to 0x7E)")
    return text


def check_value(value: Any) -> tuple[Value, str | None]:
    """Convert what was assigned to a key to a plain Python value and a comment.

    Parameters
    ----------
    value : bool, int, float, complex, str, None, their numpy equivalents, or a tuple (value, comment)

    Returns
    -------
    value : bool, int, float, complex, str or None
    comment : str or None
        None if no comment was given, which keeps the old one.

    Raises
    ------
    ValueError
        For any other type, a tuple of another length, a comment that is not a str, and text that is not printable
        ASCII.
    """
    comment = None
    if isinstance(value, tuple):
        if len(value) != 2:
            raise ValueError(f"a header value is a value or a tuple (value, comment), not a tuple of {len(value)}")
        value, comment = value
        if not isinstance(comment, str):
            raise ValueError(f"a header comment is a str, not {type(comment).__name__}")
        comment = check_printable(str(comment), "the comment").rstrip(" ")
    return _plain_value(value), comment


def _plain_value(value: Any) -> Value:
    """One value as a Python type that has a FITS notation."""
    if value is None:
        return None
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, str):
        return check_printable(str(value), "the value")
    if isinstance(value, complex | np.complexfloating):
        return complex(value)
    # An array of one element would pass as a number below; bytes and sequences have no FITS notation.
    if not isinstance(value, np.ndarray | bytes | bytearray | list | tuple | dict):
        with suppress(TypeError):
            return operator.index(value)
        if hasattr(type(value), "__float__"):
            with suppress(TypeError):  # a numpy date has the method, but it raises
                return float(value)
    raise ValueError(f"unsupported value type {type(value).__name__}: a header holds bool, int, float, complex and str")
