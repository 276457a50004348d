"""Two headers: cards that only one of them has, that differ, or that were moved."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter

from rustfits_cffi.comparison.records import CardDifference

# Cards whose value or comment contains a time or depends on one: they differ when the same work is done twice.
_STAMPED = ("CHECKSUM", "DATASUM")


def card_differences(a: list[str], b: list[str]) -> tuple[CardDifference, ...]:
    """Cards paired by name (those without a value by their text) and occurrence, in the order of `a`, then of `b`."""
    positions_a, positions_b = _positions(a), _positions(b)
    moved = _moved([positions_b[key] for key in positions_a if key in positions_b])
    found = []
    for key, position in positions_a.items():
        other = positions_b.get(key)
        if other is None:
            found.append(_card("only in a", a[position], None, position, None))
        elif a[position] != b[other]:
            found.append(_card("different", a[position], b[other], position, other))
        elif other in moved:
            found.append(_card("moved", a[position], b[other], position, other))
    for key, position in positions_b.items():
        if key not in positions_a:
            found.append(_card("only in b", None, b[position], None, position))
    return tuple(found)


def _positions(cards: list[str]) -> dict[tuple[str, int], int]:
    """Identity of each card -> its position. An added commentary card must not make all later ones differ."""
    seen: Counter[str] = Counter()
    positions = {}
    for position, card in enumerate(cards):
        name = card[:8].rstrip() if card[8:10] == "= " else card
        positions[name, seen[name]] = position
        seen[name] += 1
    return positions


def _moved(order: list[int]) -> set[int]:
    """The numbers outside a longest increasing subsequence: the fewest that must have moved."""
    tails: list[int] = []
    length = []
    for number in order:
        position = bisect_left(tails, number)
        tails[position : position + 1] = [number]
        length.append(position)
    moved, wanted = set(), len(tails) - 1
    for number, position in zip(reversed(order), reversed(length), strict=True):
        if position == wanted:
            wanted -= 1
        else:
            moved.add(number)
    return moved


def _card(kind: str, a: str | None, b: str | None, position_a: int | None, position_b: int | None) -> CardDifference:
    """The record of a difference, marked as a time stamp if nothing else differs."""
    card = a if a is not None else b or ""
    name = card[:8].rstrip()
    stamp = False
    if kind == "different" and name in _STAMPED and a is not None and b is not None:
        stamp = name != "DATASUM" or a[:30] == b[:30]
    text_a, text_b = (None if text is None else text.rstrip() for text in (a, b))
    return CardDifference(name, kind, text_a, text_b, position_a, position_b, stamp)
