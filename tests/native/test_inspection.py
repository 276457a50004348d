"""Header values as the steps of fpack and funpack read them."""

import pytest

from rustfits_cffi.native.cfitsio import inspection
from rustfits_cffi.native.cfitsio.handle import CfitsioFile


@pytest.mark.parametrize(
    "card, value",
    [
        ("'it''s'", "it's"),
        ("'a quote at the end'''", "a quote at the end'"),
        ("''''''  / two quotes", "''"),
        ("' lead  '", " lead"),
        ("''", ""),
        ("  42 / a number", "42"),
        ("T", "T"),
    ],
)
def test_values_of_cards_are_read_without_quotes_and_comments(tmp_path, card, value):
    path = tmp_path / "a.fits"
    cards = ["SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   =                    0"]
    path.write_text("".join(f"{text:<80}" for text in [*cards, f"WORD    = {card}", "END"]).ljust(2880))
    handle = CfitsioFile(str(path), "r")
    assert inspection.read_value(handle, 1, "WORD") == value
    assert inspection.read_value(handle, 1, "NONE") is None
    handle.close()
