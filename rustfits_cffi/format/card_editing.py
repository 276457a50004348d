"""Changes of a header as pure functions: a list of cards and a change give a new list of cards.

The lists hold right-stripped cards without END. Where a new card goes and what it keeps of an old one follows what users
of FITS libraries know: a value that exists keeps its place, its spelling and its comment; a new one goes to the end.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rustfits_cffi.format.card_writing import commentary_cards, format_cards, set_card_comment
from rustfits_cffi.format.cards import (
    COMMENTARY,
    CardIndex,
    check_value,
    is_protected_key,
    lookup_key,
    normalize_key,
    parse_card,
    read_chain,
)

# In a header that goes with new pixels these would change what the pixels mean, or belong to another kind of HDU.
_NOT_CARRIED_OVER = frozenset(("BSCALE", "BZERO", "BLANK", "DATAMIN", "DATAMAX", "ZTABLE", "ZTILELEN"))
_NOT_CARRIED_OVER_INDEXED = ("TUNIT", "TDISP", "ZFORM", "ZCTYP")


def set_value(cards: list[str], key: str, value: Any) -> list[str]:
    """Set a keyword to a value or to ``(value, comment)``.

    Raises
    ------
    ValueError
        For a protected or commentary keyword, a name or value that no card can hold.
    TypeError
        If `key` is not a str.
    """
    _refuse_protected(key)
    plain, comment = check_value(value)
    position = CardIndex(cards).find(key)
    if position is None or lookup_key(key) in COMMENTARY:
        name, is_hierarch = normalize_key(key)
        return cards + format_cards(name, plain, comment or "", is_hierarch=is_hierarch)
    old = parse_card(cards[position])
    _, old_comment, ncards = read_chain(cards, position)
    new = format_cards(old.name, plain, old_comment if comment is None else comment, is_hierarch=old.is_hierarch)
    return cards[:position] + new + cards[position + ncards :]


def delete_key(cards: list[str], key: str) -> list[str]:
    """Remove a keyword with its CONTINUE cards; a commentary keyword with all its cards.

    Raises
    ------
    KeyError
        If it is not there.
    ValueError
        If it is protected.
    """
    _refuse_protected(key)
    places = CardIndex(cards).find_all(key)
    if not places:
        raise KeyError(key)
    if lookup_key(key) in COMMENTARY:
        gone = set(places)
    else:
        gone = set(range(places[0], places[0] + read_chain(cards, places[0])[2]))
    return [card for position, card in enumerate(cards) if position not in gone]


def set_comment(cards: list[str], key: str, comment: str) -> list[str]:
    """Give a keyword another comment; its value stays as it is written.

    Raises
    ------
    KeyError
        If the keyword is not there.
    TypeError
        If the comment is not a str.
    ValueError
        For protected and commentary keywords, keywords without a value, and comments that do not fit.
    """
    if not isinstance(comment, str):
        raise TypeError(f"a header comment is a str, not {type(comment).__name__}")
    _refuse_protected(key)
    if lookup_key(key) in COMMENTARY:
        raise ValueError(f"{key!r} is a commentary keyword: it has no comment")
    position = CardIndex(cards).find(key)
    if position is None:
        raise KeyError(key)
    ncards = read_chain(cards, position)[2]
    return cards[:position] + set_card_comment(cards, position, comment) + cards[position + ncards :]


def add_commentary(cards: list[str], name: str, text: str) -> list[str]:
    """Add COMMENT, HISTORY or blank cards behind the last of their kind."""
    new = commentary_cards(name, text)
    places = CardIndex(cards).find_all(name)
    position = places[-1] + 1 if places else len(cards)
    return cards[:position] + new + cards[position:]


def set_many(cards: list[str], items: Iterable[tuple[str, Any]]) -> list[str]:
    """Set several keywords, all or none."""
    for key, value in items:
        cards = set_value(cards, key, value)
    return cards


def carried_over(cards: list[str], *, with_pixels: bool = False) -> list[tuple[str, Any]]:
    """The keywords of another header that may be copied: ``(key, (value, comment))``, structural ones left out.

    With `with_pixels` those that would change the meaning of newly written pixels are left out as well.
    """
    items = []
    index = CardIndex(cards)
    for key in index.names():
        upper = key.upper()
        if upper in COMMENTARY or is_protected_key(key):
            continue
        if with_pixels and (upper in _NOT_CARRIED_OVER or upper.rstrip("0123456789") in _NOT_CARRIED_OVER_INDEXED):
            continue
        value, comment, _ = read_chain(cards, index.find_all(key)[-1])
        items.append((_spelled(cards[index.find(key)], key), (value, comment)))
    return items


def _spelled(card: str, key: str) -> str:
    """The key so that writing it again gives a HIERARCH card if it was one."""
    return f"HIERARCH {key}" if parse_card(card).is_hierarch else key


def _refuse_protected(key: str) -> None:
    if isinstance(key, str) and is_protected_key(key):
        raise ValueError(f"{key.strip().upper()} is protected: it describes the structure of the HDU")
