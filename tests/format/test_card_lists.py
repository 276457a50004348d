"""Changes to lists of cards: where new cards go, what is kept, what is refused."""

import pytest

from rustfits_cffi.format.card_lists import (
    add_commentary,
    carried_over,
    change_comment,
    delete_key,
    set_key,
    set_many,
)
from rustfits_cffi.format.cards import CardIndex, read_chain

CARDS = (
    "SIMPLE  =                    T",
    "A       = 1 / one",
    "A       = 2 / two",
    "COMMENT x",
    "",
    "B       = 'abc&' / b1",
    "CONTINUE  'd' / b2",
    "HIERARCH Eso det = 5 / c",
    "BAR@    = 1.50 / odd",
    "U       =",
    "        text",
    "",
    "END",
)
INDEX = CardIndex(CARDS)


def value(cards, key):
    return read_chain(cards, CardIndex(cards).find(key))[:2]


def test_setting_a_key_keeps_its_position_spelling_and_comment():
    cards = set_key(INDEX, "a", 3)
    assert cards[1] == "A       =                    3 / one" and cards[2:] == list(CARDS[2:])
    assert set_key(INDEX, "A", (3, ""))[1] == "A       =                    3"
    assert set_key(INDEX, "A", (3, "new"))[1].endswith("/ new")
    assert set_key(INDEX, "BAR@", 2)[8] == "BAR@    =                    2 / odd"
    assert set_key(INDEX, "ESO  DET", "x")[7] == "HIERARCH Eso det = 'x       ' / c"


def test_long_strings_become_chains_and_short_values_remove_them():
    cards = set_key(INDEX, "B", 5)
    assert cards[5] == "B       =                    5 / b1 b2" and len(cards) == len(CARDS) - 1
    cards = set_key(INDEX, "A", ("x" * 100, "c"))
    assert value(cards, "A") == ("x" * 100, "c") and len(cards) == len(CARDS) + 1
    assert delete_key(INDEX, "b") == [*CARDS[:5], *CARDS[7:]]


def test_new_keys_are_added_before_end():
    assert set_key(INDEX, "new", True)[-2:] == ["NEW     =                    T", "END"]
    assert set_key(INDEX, "Long  new key", 1)[-2:] == ["HIERARCH Long new key = 1", "END"]
    assert set_key(INDEX, "N", None)[-2:] == ["N       =", "END"]


def test_deleting_a_key_removes_its_cards_and_absent_keys_raise():
    assert delete_key(INDEX, "A") == [CARDS[0], *CARDS[2:]]
    assert delete_key(INDEX, "COMMENT") == [*CARDS[:3], *CARDS[4:]]
    assert delete_key(INDEX, " ") == [*CARDS[:10], *CARDS[11:]]
    for key in ("NOPE", "HISTORY", "CONTINUE", "HIERARCH"):
        with pytest.raises(KeyError, match="not in header"):
            delete_key(INDEX, key)


def test_changing_a_comment_keeps_the_value_as_written():
    assert change_comment(INDEX, "BAR@", "new")[8] == "BAR@    = 1.50                 / new"
    assert value(change_comment(INDEX, "B", "new"), "B") == ("abcd", "new")
    assert change_comment(INDEX, "eso det", "")[7] == "HIERARCH Eso det = 5"
    for key, error in (("NOPE", KeyError), ("COMMENT", ValueError), ("SIMPLE", ValueError), ("U", ValueError)):
        with pytest.raises(error):
            change_comment(INDEX, key, "c")
    with pytest.raises(TypeError, match="str"):
        change_comment(INDEX, "A", 5)


def test_commentary_follows_its_kind_else_precedes_end():
    assert add_commentary(INDEX, "COMMENT", "y")[3:5] == ["COMMENT x", "COMMENT y"]
    assert add_commentary(INDEX, "", "y" * 73)[10:13] == ["        text", " " * 8 + "y" * 72, "        y"]
    assert add_commentary(INDEX, "HISTORY", "y")[-2:] == ["HISTORY y", "END"]


@pytest.mark.parametrize("key", ["NAXIS", "naxis1", "SIMPLE", "TFORM3", "ZIMAGE"])
def test_protected_keys_cannot_be_set_or_deleted(key):
    for call in (lambda: set_key(INDEX, key, 1), lambda: delete_key(INDEX, key)):
        with pytest.raises(ValueError, match="protected"):
            call()


@pytest.mark.parametrize("key", ["COMMENT", "history", "", " "])
def test_commentary_cannot_be_set_by_key(key):
    with pytest.raises(ValueError, match="commentary"):
        set_key(INDEX, key, "x")


@pytest.mark.parametrize(("key", "new"), [("A", b"x"), ("A", (1, 2)), ("a*b", 1), ("CONTINUE", 1), ("A", "é")])
def test_invalid_keys_and_values_are_refused(key, new):
    with pytest.raises(ValueError):
        set_key(INDEX, key, new)


def test_many_keys_are_set_together_or_not_at_all():
    assert value(set_many(CARDS, [("A", 7), ("Z", 8)]), "Z")[0] == 8
    with pytest.raises(ValueError, match="protected"):
        set_many(CARDS, [("A", 7), ("NAXIS", 8)])


def test_copying_to_another_header_omits_structure_and_optionally_scaling():
    index = CardIndex([*CARDS[:-1], "BSCALE  = 2", "TUNIT1  = 'm'", "END"])
    items = dict(carried_over(index))
    assert items["A"] == (2, "two") and items["HIERARCH Eso det"] == (5, "c") and items["BSCALE"] == (2, "")
    assert "SIMPLE" not in items and "COMMENT" not in items
    assert not {"BSCALE", "TUNIT1"} & dict(carried_over(index, with_pixels=True)).keys()
