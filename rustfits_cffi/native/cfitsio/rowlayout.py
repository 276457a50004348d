"""The columns of a binary table that cfitsio has open, and where they stand in a row."""

from __future__ import annotations

from typing import NamedTuple

from rustfits_cffi.native._lib import CData, ffi, lib

_ELEMENT_NBYTES = {"L": 1, "X": 1, "B": 1, "A": 1, "I": 2, "J": 4, "E": 4, "K": 8, "D": 8}
_NBYTES = {"B": 1, "I": 2, "J": 4, "E": 4, "K": 8, "D": 8, "P": 8, "Q": 16}


class RowColumn(NamedTuple):
    """One column: name, first byte in the row, how many of which type; of variable-length ones the bytes an element."""

    name: str
    at: int
    repeat: int
    letter: str
    element_nbytes: int

    @property
    def is_descriptor(self) -> bool:
        """Whether the row only says where in the heap the values are."""
        return self.letter in ("P", "Q")

    @property
    def is_number(self) -> bool:
        """Whether every row has one number in it."""
        return not self.is_descriptor and self.repeat == 1

    @property
    def nbytes(self) -> int:
        """Bytes of the column in each row."""
        return self.repeat * _NBYTES[self.letter]


def row_columns(fptr: CData, status: CData) -> list[RowColumn]:
    """All columns in order; `KeyError` or `ValueError` for a type that no compressed image has."""
    columns, at = [], 0
    for n in range(1, int(_value(fptr, "TFIELDS", status) or 0) + 1):
        name, tform = _value(fptr, f"TTYPE{n}", status), _value(fptr, f"TFORM{n}", status)
        digits = len(tform) - len(tform.lstrip("0123456789"))
        repeat, letter = int(tform[:digits] or 1), tform[digits : digits + 1]
        is_descriptor = letter in ("P", "Q")
        if is_descriptor:
            repeat = 1
        element_nbytes = _ELEMENT_NBYTES[tform[digits + 1]] if is_descriptor else 0
        columns.append(RowColumn(name.upper(), at, repeat, letter, element_nbytes))
        at += columns[-1].nbytes
    return columns


def _value(fptr: CData, keyword: str, status: CData) -> str:
    """Value of a structural card as bare text; empty if a status is set."""
    card = ffi.new("char[81]")
    lib.fits_read_card(fptr, keyword.encode(), card, status)
    text = ffi.string(card).decode("ascii", "replace")[10:]
    return text.split("'")[1].strip() if "'" in text else text.split("/")[0].strip()
