"""Writes header cards: every function returns cards of exactly 80 characters.

FITS Standard 4.0, sections 4.1 and 4.2: fixed format wherever a value allows it; long strings continue on CONTINUE
cards (section 4.2.1.2).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from rustfits_cffi.format.cards import Value, check_printable, parse_card, parse_value, read_chain, split_value

__all__ = ["CARD_LENGTH", "COMMENTARY_LENGTH", "commentary_cards", "format_cards", "format_float", "set_card_comment"]

CARD_LENGTH = 80
COMMENTARY_LENGTH = 72  # columns 9 to 80 of a COMMENT, HISTORY or blank card

_FIXED = 20  # columns 11 to 30 hold fixed-format values
_CONTINUE = "CONTINUE  "
# The empty last chunk and its comment: CONTINUE, two blanks, '', blank, slash, blank leave 65; one is kept in reserve.
_CHAIN_COMMENT_LENGTH = 64


def format_cards(name: str, value: Value, comment: str = "", *, is_hierarch: bool = False) -> list[str]:
    """The cards of a keyword, its value and its comment.

    Parameters
    ----------
    name : str
        As it should appear on the card: from `normalize_key`, or from an existing card.
    value : bool, int, float, complex, str or None
        None writes an undefined value.
    comment : str
    is_hierarch : bool
        Whether to write a HIERARCH card.

    Returns
    -------
    list of str
        One card, or the chain of a long string.

    Raises
    ------
    ValueError
        If a HIERARCH card does not fit 80 characters, the comment of a chained string exceeds 64, or text is not
        printable ASCII. On other cards a comment that does not fit is cut off at column 80, as in cfitsio.
    """
    check_printable(comment, "the comment")
    head = f"HIERARCH {name} = " if is_hierarch else f"{name:<8}= "
    if isinstance(value, str):
        return _string_cards(head, check_printable(value, "the value"), comment, is_hierarch)
    text = _value_text(value)
    if is_hierarch:
        card = head + text + (f" / {comment}" if comment else "")
        if len(card) > CARD_LENGTH:
            raise ValueError(f"HIERARCH card too long ({len(card)} characters): shorten the key or the comment")
        return [card.ljust(CARD_LENGTH)]
    if not isinstance(value, complex):
        text = text.rjust(_FIXED)
    card = head + text + (f" / {comment}" if comment else "")
    return [card[:CARD_LENGTH].ljust(CARD_LENGTH)]


def format_float(value: float) -> str:
    """The shortest decimal text that reads back as exactly this number, with a point or an exponent."""
    if not math.isfinite(value):
        # Not FITS, but how such numbers are written in practice; our readers all understand it.
        return "NaN" if math.isnan(value) else "inf" if value > 0 else "-inf"
    mantissa, exponent, power = repr(value).partition("e")
    if not exponent:
        return mantissa
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}E{power}"


def commentary_cards(name: str, text: str) -> list[str]:
    """The COMMENT, HISTORY or blank cards of a text, 72 characters each; one card for an empty text.

    Raises
    ------
    TypeError
        If the text is not a str.
    ValueError
        If it is not printable ASCII.
    """
    if not isinstance(text, str):
        raise TypeError(f"commentary is a str, not {type(text).__name__}")
    check_printable(text, f"the {name or 'blank'} text")
    pieces = [text[at : at + COMMENTARY_LENGTH] for at in range(0, len(text), COMMENTARY_LENGTH)] or [""]
    return [f"{name:<8}{piece}".ljust(CARD_LENGTH) for piece in pieces]


def set_card_comment(cards: Sequence[str], position: int, comment: str) -> list[str]:
    """The cards of the keyword at `position` with another comment and the value as it was written.

    Parameters
    ----------
    cards : sequence of str
        A whole header, which has the chain at `position`.
    position : int
    comment : str
        An empty one removes the comment.

    Returns
    -------
    list of str
        The cards that replace the ``read_chain(cards, position)[2]`` cards there.

    Raises
    ------
    ValueError
        If the card has no value, and as `format_cards`.
    """
    check_printable(comment, "the comment")
    parsed = parse_card(cards[position])
    text, _ = split_value(parsed.text)
    if not parsed.has_value or not text:
        raise ValueError("the card has no value, so it takes no comment")
    value, _, ncards = read_chain(cards, position)
    if ncards > 1 or (isinstance(value, str) and text.startswith("'") and text.endswith("'")):
        return format_cards(parsed.name, value, comment, is_hierarch=parsed.is_hierarch)
    # A number keeps its digits: reading and rewriting it might spell it differently.
    card = cards[position]
    kept = card[: len(card) - len(parsed.text) + parsed.text.find(text) + len(text)]
    return _commented(kept, comment, parsed.is_hierarch)


def _commented(kept: str, comment: str, is_hierarch: bool) -> list[str]:
    """A card up to the end of its value, with a comment after it."""
    if comment and not is_hierarch and not isinstance(parse_value(kept[10:].strip()), complex):
        kept = kept.ljust(10 + _FIXED)
    card = f"{kept} / {comment}" if comment else kept
    if is_hierarch and len(card) > CARD_LENGTH:
        raise ValueError(f"HIERARCH card too long ({len(card)} characters): shorten the comment")
    return [card[:CARD_LENGTH].ljust(CARD_LENGTH)]


def _value_text(value: bool | int | float | complex | None) -> str:
    """The text of a value that is not a string."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "T" if value else "F"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return format_float(value)
    return f"({format_float(value.real)}, {format_float(value.imag)})"


def _string_cards(head: str, value: str, comment: str, is_hierarch: bool) -> list[str]:
    """The cards of a string: the widest layout that fits, or a chain if none does."""
    value = value.rstrip()
    escaped = value.replace("'", "''")
    quoted = f"'{escaped:<8}'"
    tail = f" / {comment}" if comment else ""
    layouts = [head + quoted + tail]
    if comment and not is_hierarch:
        layouts.insert(0, head + quoted.ljust(_FIXED) + tail)
    if is_hierarch:
        layouts.append(f"{head}'{escaped}'{tail}")
    for card in layouts:
        if len(card) <= CARD_LENGTH:
            return [card.ljust(CARD_LENGTH)]
    if len(comment) > _CHAIN_COMMENT_LENGTH:
        if not is_hierarch and len(quoted) <= _FIXED:
            # A short string would continue only for its comment: it is treated like a number.
            return [layouts[0][:CARD_LENGTH]]
        raise ValueError(
            f"the comment has {len(comment)} characters, but with a string that continues on several cards it may "
            f"have at most {_CHAIN_COMMENT_LENGTH}"
        )
    return _chain(head, value, comment)


def _chain(head: str, value: str, comment: str) -> list[str]:
    """A string on several cards, of which all but the last end in ``&``; the comment is on the last."""
    capacity = CARD_LENGTH - len(head) - 3  # two quotes and the &
    if capacity < 1:
        raise ValueError(
            f"HIERARCH key of {len(head) - 12} characters is too long for a string on several cards; at most 64"
        )
    chunk, value = _cut(value, capacity)
    cards = [f"{head}'{chunk}&'"]
    tail = f" / {comment}" if comment else ""
    last = CARD_LENGTH - len(_CONTINUE) - 2 - len(tail)
    while len(escaped := value.replace("'", "''")) > last:
        # As much as fits a card without the comment; an empty chunk may then carry only the comment.
        chunk, value = _cut(value, CARD_LENGTH - len(_CONTINUE) - 3)
        cards.append(f"{_CONTINUE}'{chunk}&'")
    cards.append(f"{_CONTINUE}'{escaped}'{tail}")
    return [card.ljust(CARD_LENGTH) for card in cards]


def _cut(value: str, capacity: int) -> tuple[str, str]:
    """The longest start of `value` whose quoted form takes at most `capacity` characters, quoted, and the rest."""
    taken = width = 0
    for character in value:
        width += 2 if character == "'" else 1
        if width > capacity:
            break
        taken += 1
    return value[:taken].replace("'", "''"), value[taken:]
