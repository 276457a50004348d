"""Changes a list of cards: each function first checks everything, then returns a new list; the old one is unchanged.

A list holds right-stripped cards and ends with ``END``. Where several cards share a key the first one is meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rustfits_cffi.format.card_writing import commentary_cards, format_cards, set_card_comment
from rustfits_cffi.format.cards import (
    COMMENTARY,
    CardIndex,
    check_printable,
    check_value,
    is_protected_key,
    lookup_key,
    normalize_key,
    parse_card,
    read_chain,
)

__all__ = ["add_commentary", "carried_over", "change_comment", "delete_key", "set_key", "set_many", "use_filler"]

# In the header of an HDU with new pixels, these would describe other pixels or a table.
_NOT_WITH_PIXELS = frozenset(("BSCALE", "BZERO", "BLANK", "DATAMIN", "DATAMAX", "ZTABLE", "ZTILELEN"))
_NOT_WITH_PIXELS_INDEXED = frozenset(("TUNIT", "TDISP", "ZFORM", "ZCTYP"))


def set_key(index: CardIndex, key: str, value: Any) -> list[str]:
    """The cards after ``header[key] = value``.

    Parameters
    ----------
    index : CardIndex
        Index of the cards before the change.
    key : str
    value : object
        As `cards.check_value` takes it. Without a comment an existing card keeps its own; ``(value, "")`` clears it.

    Returns
    -------
    list of str
        An existing key is replaced at its position, in its spelling; a new one is added right before END.

    Raises
    ------
    TypeError, ValueError
        For an invalid, protected or commentary key, and for a value or comment that no card can hold.
    """
    name = _editable(key, "set")
    position = index.find(name)
    if position is None:
        position, kept, ncards = len(index.cards) - 1, "", 0
        written, is_hierarch = normalize_key(key)
    else:
        _, kept, ncards = read_chain(index.cards, position)
        written, _, is_hierarch, _ = parse_card(index.cards[position])
    with _naming(name):
        plain, comment = check_value(value)
        cards = format_cards(written, plain, kept if comment is None else comment, is_hierarch=is_hierarch)
    return _replaced(index.cards, position, ncards, cards)


def delete_key(index: CardIndex, key: str) -> list[str]:
    """The cards after ``del header[key]``: without the key's chain, or without all cards of a commentary keyword.

    Raises
    ------
    KeyError
        If the key is absent.
    ValueError
        If it is protected.
    """
    name = lookup_key(key)
    _refuse_protected(name, "deleted")
    positions = index.find_all(name)
    if not positions:
        raise KeyError(f"{key!r} not in header")
    if name in COMMENTARY:
        gone = set(positions)
        return [card for position, card in enumerate(index.cards) if position not in gone]
    return _replaced(index.cards, positions[0], read_chain(index.cards, positions[0])[2], [])


def change_comment(index: CardIndex, key: str, comment: str) -> list[str]:
    """The cards with another comment on a key, whose value stays as written; an empty comment removes it.

    Raises
    ------
    KeyError
        If the key is absent.
    TypeError
        If the comment is not a str.
    ValueError
        For protected and commentary keys, cards without a value, and comments that do not fit.
    """
    if not isinstance(comment, str):
        raise TypeError(f"a header comment is a str, not {type(comment).__name__}")
    name = _editable(key, "given a comment")
    position = index.find(name)
    if position is None:
        raise KeyError(f"{key!r} not in header")
    with _naming(name):
        cards = set_card_comment(index.cards, position, check_printable(str(comment), "the comment").strip(" "))
    return _replaced(index.cards, position, read_chain(index.cards, position)[2], cards)


def add_commentary(index: CardIndex, name: str, text: str) -> list[str]:
    """The cards with a COMMENT, HISTORY or blank text (`name` empty) after the last of its kind, else before END.

    Raises
    ------
    TypeError, ValueError
        As `card_writing.commentary_cards`.
    """
    cards = commentary_cards(name, text)
    positions = index.find_all(name)
    return _replaced(index.cards, positions[-1] + 1 if positions else len(index.cards) - 1, 0, cards)


def set_many(cards: Sequence[str], items: Iterable[tuple[str, Any]]) -> list[str]:
    """The cards with several keys set, each as by `set_key`: all of them or, if one is refused, none."""
    for key, value in items:
        cards = set_key(CardIndex(cards), key, value)
    return list(cards)


def carried_over(index: CardIndex, *, with_pixels: bool = False) -> list[tuple[str, Any]]:
    """What may be copied from one header to another: ``(key, (value, comment))``, structural keywords left out.

    With `with_pixels`, keywords that would change the meaning of newly written pixels and keywords of tables are also
    left out. If several cards share a key, the last one counts.
    """
    items = []
    for key in index.names():
        upper = key.upper()
        if upper in COMMENTARY or is_protected_key(key):
            continue
        if with_pixels and (upper in _NOT_WITH_PIXELS or upper.rstrip("0123456789") in _NOT_WITH_PIXELS_INDEXED):
            continue
        positions = index.find_all(key)
        value, comment, _ = read_chain(index.cards, positions[-1])
        name = f"HIERARCH {key}" if parse_card(index.cards[positions[0]]).is_hierarch else key
        items.append((name, (value, comment)))
    return items


def use_filler(old: Sequence[str], new: list[str], capacity: int) -> list[str]:
    """New cards that fit the existing blocks, if leaving out blank cards makes them fit.

    Parameters
    ----------
    old, new : sequence of str
        The cards before and after a change.
    capacity : int
        Number of cards that fit the blocks of the header.

    Returns
    -------
    list of str
        `new` without excess blank cards, which are taken from those before the old END. END stays in the last block of
        a header, so blank cards replace deleted ones; without this, each deletion would cost space for ever.
    """
    filler = 0
    while filler < len(old) - 1 and not old[-2 - filler]:
        filler += 1
    too_many = min(len(new) - capacity, filler)
    if too_many <= 0:
        return new
    blank = [position for position, card in enumerate(new) if not card]
    dropped = set(blank[-too_many:])
    return [card for position, card in enumerate(new) if position not in dropped]


def _editable(key: str, what: str) -> str:
    """The lookup form of a key whose card may be changed by subscript."""
    name = lookup_key(key)
    if name in COMMENTARY:
        raise ValueError(
            f"the commentary keyword {name or '(blank)'} cannot be {what}: use add_comment(), add_history() or "
            "add_blank()"
        )
    _refuse_protected(name, what)
    return name


def _refuse_protected(name: str, what: str) -> None:
    """Refuse a key that describes the structure of the HDU."""
    if is_protected_key(name):
        raise ValueError(f"{name} is a protected keyword and cannot be {what}: it describes the bytes of the HDU")


@contextmanager
def _naming(key: str) -> Iterator[None]:
    """Put the key in front of an error about its value or comment, so that a caller who sets many knows which."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from None


def _replaced(cards: Sequence[str], position: int, ncards: int, new: list[str]) -> list[str]:
    """A new list with `ncards` cards at `position` exchanged for others."""
    return [*cards[:position], *(card.rstrip() for card in new), *cards[position + ncards :]]
