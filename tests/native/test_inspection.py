"""What a header says of a card, as cfitsio reads it."""

import pytest

from rustfits_cffi.native.cfitsio import inspection
from rustfits_cffi.native.cfitsio.handle import FileHandle


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
def test_a_value_is_its_bare_text(tmp_path, card, value):
    path = tmp_path / "a.fits"
    cards = ["SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   =                    0"]
    path.write_text("".join(f"{text:<80}" for text in [*cards, f"WORD    = {card}", "END"]).ljust(2880))
    handle = FileHandle(str(path), "r")
    assert inspection.read_value(handle, 1, "WORD") == value
    assert inspection.read_value(handle, 1, "NONE") is None
    handle.close()
