"""TFORM texts and the offsets of columns in a row."""

import pytest

from rustfits_cffi.format.columns import parse_columns, parse_tform


@pytest.mark.parametrize(
    ("tform", "expected"),
    [
        ("1D", ("", "D", 1, 8)),
        ("E", ("", "E", 1, 4)),
        ("17X", ("", "X", 17, 3)),
        ("0X", ("", "X", 0, 0)),
        ("3M", ("", "M", 3, 48)),
        ("20A10", ("", "A", 20, 20)),
        (" 4j ", ("", "J", 4, 16)),
        ("PB", ("P", "B", 1, 8)),
        ("1PB(345)", ("P", "B", 1, 8)),
        ("0QI", ("Q", "I", 0, 0)),
        ("1QD()", ("Q", "D", 1, 16)),
    ],
)
def test_tform_gives_descriptor_letter_repeat_and_width(tform, expected):
    assert parse_tform(tform) == expected


@pytest.mark.parametrize("tform", [None, 5, "", "2PB", "1PP", "P", "1Z", "9" * 30 + "J"])
def test_invalid_tforms_are_refused(tform):
    with pytest.raises(ValueError, match="TFORM7"):
        parse_tform(tform, "TFORM7")


def test_columns_have_names_and_consecutive_offsets():
    header = {"TFIELDS": 3, "NAXIS1": 17, "TFORM1": "1J", "TFORM2": "5A", "TTYPE2": "Name ", "TFORM3": "1PE"}
    assert [(c.number, c.name, c.offset, c.nbytes) for c in parse_columns(header)] == [
        (1, "", 0, 4),
        (2, "Name", 4, 5),
        (3, "", 9, 8),
    ]


def test_widths_must_add_up():
    with pytest.raises(ValueError, match="NAXIS1 = 5"):
        parse_columns({"TFIELDS": 1, "NAXIS1": 5, "TFORM1": "1J"})
