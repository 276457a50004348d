"""Cards: the meaning of texts, the index, and keys; then writing, and that written cards read back."""

import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rustfits_cffi.format.card_writing import commentary_cards, format_cards, format_float, set_card_comment
from rustfits_cffi.format.cards import (
    CardIndex,
    check_value,
    is_protected_key,
    lookup_key,
    normalize_key,
    parse_card,
    parse_value,
    read_chain,
    split_value,
)


def read(*cards):
    return read_chain([card.ljust(80) for card in cards], 0)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("T", True),
        ("F", False),
        ("42", 42),
        ("+7", 7),
        ("007", 7),
        ("-0", 0),
        ("9223372036854775808", 1 << 63),
        ("1.5", 1.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e5", 1e5),
        ("1E5", 1e5),
        ("1.5E+300", 1.5e300),
        ("1.5D3", 1500.0),
        ("1.d-3", 0.001),
        ("INF", math.inf),
        ("-Inf", -math.inf),
        ("(1.0, 2.0)", 1 + 2j),
        ("(1,2)", 1 + 2j),
        ("(1.5D2, -3)", 150 - 3j),
        ("'abc   '", "abc"),
        ("'  lead '", "  lead"),
        ("'it''s'", "it's"),
        ("''", ""),
        ("'   '", ""),
        ("''''", "'"),
        ("'1.0'", "1.0"),
        ("' 1.0'", " 1.0"),
        ("", None),
        ("'unterminated", "'unterminated"),
        ("TRUE", "TRUE"),
        ("0x10", "0x10"),
        ("1 2", "1 2"),
        ("1_000", "1_000"),
        ("(bad)", "(bad)"),
        ("(1,2", "(1,2"),
        ("1.5abc", "1.5abc"),
    ],
)
def test_texts_parse_to_values(text, value):
    parsed = parse_value(text)
    assert parsed == value and type(parsed) is type(value)


def test_nan_is_accepted_in_upper_and_lower_case():
    assert all(math.isnan(parse_value(text)) for text in ("NaN", "nan", "NAN", "+nan"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("   5 / c / d ", ("5", "c / d")),
        ("5/nospace", ("5", "nospace")),
        ("'a/b''/c' / d", ("'a/b''/c'", "d")),
        ("'a'junk / d", ("'a'", "d")),
        ("'open / d", ("'open / d", "")),
        ("/ only", ("", "only")),
        ("   ", ("", "")),
    ],
)
def test_value_and_comment_are_split_at_the_slash_outside_quotes(text, expected):
    assert split_value(text) == expected


@pytest.mark.parametrize(
    ("card", "name", "has_value"),
    [
        ("KEY     = 5", "KEY", True),
        ("KEY     =", "KEY", True),
        ("KEY     =5", "KEY", False),
        ("KEY      = 5", "KEY", False),
        ("BAR@    = 5", "BAR@", True),
        ("lower   = 5", "lower", True),
        (" LEAD   = 5", "LEAD", True),
        ("X Y     = 5", "X Y", True),
        ("ENDIAN  = 'little'", "ENDIAN", True),
        ("END     = 3", "END", False),
        ("CONTINUE= 4", "CONTINUE", False),
        ("COMMENT = 'x'", "COMMENT", False),
        ("        = 5", "", False),
        ("HIERARCH  Eso  X.Y@z   = 5", "Eso X.Y@z", True),
        ("HIERARCH a='x=y'", "a", True),
        ("HIERARCH noval", "HIERARCH", False),
        ("HIERARCH= 5", "HIERARCH", False),
        ("HIERARCH  = 5", "HIERARCH", False),
        ("", "", False),
    ],
)
def test_cards_give_their_name_and_whether_they_have_a_value(card, name, has_value):
    for text in (card, card.ljust(80)):
        parsed = parse_card(text)
        assert (parsed.name, parsed.has_value) == (name, has_value)


def test_continue_cards_extend_only_strings_that_end_with_an_ampersand():
    assert read("A       = 'abc&'", "CONTINUE  'd''f&'", "CONTINUE  '' / c") == ("abcd'f", "c", 3)
    assert read("A       = 'abc &' / one", "CONTINUE  ' d  ' / two", "B = 1") == ("abc  d", "one two", 2)
    assert read("A       = 'end&'", "B       = 1") == ("end&", "", 1)
    assert read("A       = 'abc&'", "CONTINUE  'def&'") == ("abcdef&", "", 2)
    assert read("A       = 'abc&'", "CONTINUE 'def'") == ("abcdef", "", 2)
    assert read("A       = 'abc&'", "CONTINUE  def") == ("abc&", "", 1)
    assert read("A       = 'abc'", "CONTINUE  'def'") == ("abc", "", 1)
    assert read("A       = abc&", "CONTINUE  'def'") == ("abc&", "", 1)
    assert read("HIERARCH L S = 'abc&'", "CONTINUE  'def' / cc") == ("abcdef", "cc", 2)


CARDS = [
    "SIMPLE  =                    T",
    "NAXIS1  = 3",
    "NAXIS   = 1",
    "A       = 'x&'",
    "CONTINUE  'y'",
    "COMMENT one",
    "A       = 2",
    "HIERARCH Eso  Ins = 5",
    "",
    "        text",
    "COMMENT two",
    "CONTINUE  'orphan'",
    "low     = 1",
    "END     = 3",
    "12345678= 1",
]


@pytest.mark.parametrize("width", [0, 80])
def test_index_finds_the_positions_of_keys_in_any_spelling(width):
    index = CardIndex([card.ljust(width) for card in CARDS])
    assert index.names() == ["SIMPLE", "NAXIS1", "NAXIS", "A", "COMMENT", "Eso Ins", "", "low", "12345678"]
    assert index.find("NAXIS") == 2 and index.find(" naxis1 ") == 1
    assert index.find_all("A") == [3, 6] and index.find_all("COMMENT") == [5, 10]
    assert index.find("eso   ins") == index.find("HIERARCH ESO INS") == 7
    assert index.find_all("  ") == [9] and index.find("LOW") == 12
    assert [index.find(key) for key in ("END", "CONTINUE", "HIERARCH", "NAXIS2", "")] == [None, None, None, None, 9]
    with pytest.raises(TypeError):
        index.find(3)


PROTECTED = "SIMPLE naxis NAXIS12 TFORM1 ZTILE2 zval1 ZNAXIS CHECKSUM ZBLANK THEAP END PZERO1 TBCOL3 ZHECKSUM ZQUANTIZ"
FREE = "EXTNAME BSCALE BZERO BLANK TUNIT1 NAXISA TFORM1A TFORM ZNAXISX COMMENT ZTABLE ZFORM1 ZCTYP1 TDISP1 EXTVER"


def test_structural_keys_are_protected_and_others_are_not():
    assert all(is_protected_key(key) for key in [*PROTECTED.split(), " bitpix "])
    assert not any(is_protected_key(key) for key in [*FREE.split(), "", "NAXIS1x", "NAXIS\u0661"])


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("exptime", ("EXPTIME", False)),
        (" a-b_9 ", ("A-B_9", False)),
        ("LongKeyword", ("LongKeyword", True)),
        ("Eso  det.x", ("Eso det.x", True)),
        ("a b", ("a b", True)),
        ("HIERARCH ESO X", ("ESO X", True)),
        ("hierarch x", ("x", True)),
    ],
)
def test_new_keys_are_normalized(key, expected):
    assert normalize_key(key) == expected
    assert lookup_key(key) == expected[0].upper()


@pytest.mark.parametrize(
    "key",
    [
        *("", "  ", "a*b", "#", "A/B", "A=B", "it's", "A\tB", "é", "a.b", "a+b", "HIERARCH", "hierarch", "HIERARCH "),
        *("END", "CONTINUE", "COMMENT", "history", "longkeyword=", "long key\n", "NAXIS\n"),
    ],
)
def test_invalid_new_keys_are_refused(key):
    with pytest.raises(ValueError):
        normalize_key(key)


def test_keys_that_are_not_str_are_refused():
    for function in (normalize_key, lookup_key):
        with pytest.raises(TypeError, match="str"):
            function(5)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, True),
        (np.bool_(True), True),
        (np.int8(3), 3),
        (np.array(3), 3),
        (2**63, 2**63),
        (np.float32(0.5), 0.5),
        (Decimal("1.5"), 1.5),
        (np.complex64(1 + 2j), 1 + 2j),
        (np.str_("x"), "x"),
        (None, None),
    ],
)
def test_values_become_plain_python_values(value, expected):
    plain, comment = check_value(value)
    assert plain == expected and type(plain) is type(expected) and comment is None
    assert check_value((value, "c ")) == (expected, "c")


@pytest.mark.parametrize(
    "value",
    [b"x", [1], [1, "c"], {}, np.zeros(1), np.zeros(2, int), object(), (1,), (1, "c", 2), (1, None), ((1, "c"), "c")],
)
def test_values_without_a_fits_notation_are_refused(value):
    with pytest.raises(ValueError):
        check_value(value)


@pytest.mark.parametrize("text", ["é", "a\nb", "\t", "\x7f"])
def test_unprintable_text_is_refused_everywhere(text):
    for call in (
        lambda: check_value(text),
        lambda: check_value((1, text)),
        lambda: format_cards("A", text),
        lambda: format_cards("A", 1, text),
        lambda: commentary_cards("COMMENT", text),
        lambda: set_card_comment(["A       = 1"], 0, text),
    ):
        with pytest.raises(ValueError, match="printable"):
            call()


@pytest.mark.parametrize(
    ("arguments", "card"),
    [
        (("A", True), "A       =                    T"),
        (("A", 5, "c"), "A       =                    5 / c"),
        (("A", 10**25, "big"), "A       = 10000000000000000000000000 / big"),
        (("A", 1.5), "A       =                  1.5"),
        (("A", 1e-300), "A       =             1.0E-300"),
        (("A", 1 + 2j, "c"), "A       = (1.0, 2.0) / c"),
        (("A", None, "c"), "A       =                      / c"),
        (("A", "abc"), "A       = 'abc     '"),
        (("A", ""), "A       = '        '"),
        (("A", "it's ", "c"), "A       = 'it''s   '           / c"),
        (("A", "x" * 30, "c"), f"A       = '{'x' * 30}' / c"),
        (("A", "x" * 68), f"A       = '{'x' * 68}'"),
        (("A", 5, "c" * 47), "A       =                    5 / " + "c" * 47),
        (("A", 5, "c" * 60), "A       =                    5 / " + "c" * 47),
        (("A", "abc", "c" * 48), "A       = 'abc     ' / " + "c" * 48),
    ],
)
def test_values_are_written_in_fixed_format(arguments, card):
    assert format_cards(*arguments) == [card.ljust(80)]


@pytest.mark.parametrize(
    ("arguments", "card"),
    [
        (("ESO foo", 5, "c"), "HIERARCH ESO foo = 5 / c"),
        (("ESO foo", "ab"), "HIERARCH ESO foo = 'ab      '"),
        (("k" * 60, "abcd"), f"HIERARCH {'k' * 60} = 'abcd'"),
    ],
)
def test_hierarch_cards_are_written_in_free_format(arguments, card):
    assert format_cards(*arguments, is_hierarch=True) == [card.ljust(80)]


def test_hierarch_cards_that_do_not_fit_are_refused():
    for name, value, comment in (("k" * 70, 5, ""), ("ESO foo", 5, "c" * 60), ("ESO foo", 1 + 2j, "c" * 70)):
        with pytest.raises(ValueError, match="too long"):
            format_cards(name, value, comment, is_hierarch=True)
    assert len(format_cards("k" * 64, "bbbbb", is_hierarch=True)) == 2
    with pytest.raises(ValueError, match="too long"):
        format_cards("k" * 65, "b" * 20, is_hierarch=True)


def test_long_strings_are_chained_and_long_comments_refused():
    cards = format_cards("A", "x" * 69)
    assert [card.rstrip() for card in cards] == [f"A       = '{'x' * 67}&'", "CONTINUE  'xx'"]
    assert read(*format_cards("A", "x" * 68, "c" * 64)) == ("x" * 68, "c" * 64, 2)
    for cards in (("A", "x" * 69, "c" * 65), ("A", "x" * 30, "c" * 65)):
        with pytest.raises(ValueError, match="at most 64"):
            format_cards(*cards)


printable = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=250)
quotes = st.text("'& x", max_size=200)
comments = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=64).map(str.strip)
names = st.sampled_from([("A", False), ("KEYWORD8", False), ("ESO det x", True), ("k" * 64, True)])


@settings(max_examples=400, deadline=None)
@given(printable | quotes, comments, names)
def test_strings_read_back(text, comment, name):
    cards = format_cards(name[0], text, comment, is_hierarch=name[1])
    assert all(len(card) == 80 for card in cards)
    assert parse_card(cards[0])[:3] == (name[0], True, name[1])
    assert read(*cards, "B       = 1") == (text.rstrip(" "), comment, len(cards))
    changed = set_card_comment(cards, 0, "new")
    assert read(*changed) == (text.rstrip(" "), "new", len(changed))


@settings(max_examples=300, deadline=None)
@given(
    st.floats(allow_nan=False)
    | st.integers(1 - 10**64, 10**65 - 1)  # the range that fits a card
    | st.booleans()
    | st.complex_numbers(allow_nan=False)
)
def test_numbers_read_back(number):
    value, comment, _ = read(*format_cards("A", number, "c"))
    assert value == number and type(value) is type(number)
    assert comment in ("c", "")


def test_floats_are_written_with_a_point_or_an_exponent():
    assert [format_float(x) for x in (1.0, 1e22, 1e-5, -1.5e-7, 1e16, 0.1)] == [
        *("1.0", "1.0E+22", "1.0E-05", "-1.5E-07", "1.0E+16", "0.1")
    ]
    assert [format_float(x) for x in (math.nan, math.inf, -math.inf)] == ["NaN", "inf", "-inf"]


def test_changing_a_comment_keeps_the_digits_of_the_value():
    (card,) = set_card_comment(["A       = 1.50000D3 / old".ljust(80)], 0, "new")
    assert card.rstrip() == "A       = 1.50000D3            / new"
    assert read(card) == (1500.0, "new", 1)
    (card,) = set_card_comment(["HIERARCH ESO x = 1.50 / old"], 0, "")
    assert card.rstrip() == "HIERARCH ESO x = 1.50"
    with pytest.raises(ValueError, match="too long"):
        set_card_comment(["HIERARCH ESO x = 1.50 / old"], 0, "c" * 70)
    for card in ("A       =", "COMMENT x", "A         5"):
        with pytest.raises(ValueError, match="no value"):
            set_card_comment([card], 0, "c")


def test_commentary_is_split_into_cards_of_72_characters():
    assert commentary_cards("COMMENT", "x" * 72) == ["COMMENT " + "x" * 72]
    assert commentary_cards("HISTORY", "") == ["HISTORY".ljust(80)]
    assert [card.rstrip() for card in commentary_cards("", "y" * 73)] == [" " * 8 + "y" * 72, " " * 8 + "y"]
    with pytest.raises(TypeError):
        commentary_cards("COMMENT", 5)
