"""Two headers: cards that only one has, that differ, or that stand elsewhere."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter

from rustfits_cffi.comparison.records import CardDifference

# Cards whose value or comment is a time, or depends on one: what differs when the same work is done twice.
_STAMPED = ("CHECKSUM", "DATASUM")


def card_differences(a: list[str], b: list[str]) -> tuple[CardDifference, ...]:
    """Cards paired by name (those without a value by their text) and occurrence, in the order of `a`, then of `b`."""
    places_a, places_b = _places(a), _places(b)
    moved = _moved([places_b[key] for key in places_a if key in places_b])
    found = []
    for key, place in places_a.items():
        other = places_b.get(key)
        if other is None:
            found.append(_card("only in a", a[place], None, place, None))
        elif a[place] != b[other]:
            found.append(_card("different", a[place], b[other], place, other))
        elif other in moved:
            found.append(_card("moved", a[place], b[other], place, other))
    found += [_card("only in b", None, b[place], None, place) for key, place in places_b.items() if key not in places_a]
    return tuple(found)


def _places(cards: list[str]) -> dict[tuple[str, int], int]:
    """What a card is known by -> where it is. One card more among commentary must not shift all that follow."""
    seen: Counter[str] = Counter()
    places = {}
    for place, card in enumerate(cards):
        name = card[:8].rstrip() if card[8:10] == "= " else card
        places[name, seen[name]] = place
        seen[name] += 1
    return places


def _moved(order: list[int]) -> set[int]:
    """Those numbers that a longest increasing subsequence leaves out: the fewest that must have moved."""
    tails: list[int] = []
    length = []
    for number in order:
        place = bisect_left(tails, number)
        tails[place : place + 1] = [number]
        length.append(place)
    moved, wanted = set(), len(tails) - 1
    for number, place in zip(reversed(order), reversed(length), strict=True):
        if place == wanted:
            wanted -= 1
        else:
            moved.add(number)
    return moved


def _card(kind: str, a: str | None, b: str | None, position_a: int | None, position_b: int | None) -> CardDifference:
    """The record, with its name; a time stamp if that is all that differs."""
    card = a if a is not None else b or ""
    name = card[:8].rstrip()
    stamp = False
    if kind == "different" and name in _STAMPED and a is not None and b is not None:
        stamp = name != "DATASUM" or a[:30] == b[:30]
    text_a, text_b = (None if text is None else text.rstrip() for text in (a, b))
    return CardDifference(name, kind, text_a, text_b, position_a, position_b, stamp)
