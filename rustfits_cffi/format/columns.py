"""The columns of a binary table, compressed or not.

FITS Standard 4.0, section 7.3. Every number comes from a file, so every number is checked; errors name the keyword.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rustfits_cffi.errors import FITSFormatError
from rustfits_cffi.format.keywords import Getter, integer_keyword, keyword_getter

__all__ = [
    "ELEMENT_NBYTES",
    "Column",
    "find_column",
    "parse_columns",
    "parse_tform",
]

_MOST_COLUMNS = 999  # FITS Standard 4.0, section 7.3.1

# Bytes per element for each TFORM letter, FITS Standard 4.0, table 18; X counts bits and is handled separately.
ELEMENT_NBYTES = {"L": 1, "X": 1, "B": 1, "I": 2, "J": 4, "K": 8, "A": 1, "E": 4, "D": 8, "C": 8, "M": 16}
_DESCRIPTOR_NBYTES = {"P": 8, "Q": 16}
_TFORM = re.compile(r"([0-9]*)([LXBIJKAEDCM])")
_VARIABLE_TFORM = re.compile(r"([01]?)([PQ])([LXBIJKAEDCM])(?:\(([0-9]*)\))?")


@dataclass(frozen=True)
class Column:
    """One column of a binary table: what is needed to find its bytes.

    Attributes
    ----------
    number : int
        1-based, as in FITS: the n of TTYPEn.
    name : str
    offset, nbytes : int
        Its offset and width in a row.
    descriptor : str
        ``"P"`` or ``"Q"`` for variable-length arrays, else empty.
    letter : str
        Type of an element: one of ``LXBIJKAEDCM``.
    repeat : int
        Elements per row (bits for X); for a variable-length column, 0 or 1 descriptors.
    """

    number: int
    name: str
    offset: int
    nbytes: int
    descriptor: str
    letter: str
    repeat: int

    @property
    def element_nbytes(self) -> int:
        """Bytes of one element."""
        return ELEMENT_NBYTES[self.letter]


def parse_tform(tform: Any, keyword: str = "TFORM") -> tuple[str, str, int, int]:
    """Parse the TFORM of a binary table's column.

    Parameters
    ----------
    tform : str
        Such as ``1D``, ``16X`` or ``1PB(345)``.
    keyword : str
        Name of the keyword, for the error.

    Returns
    -------
    descriptor : str
        ``"P"``, ``"Q"`` or empty.
    letter : str
        Type of an element.
    repeat : int
    nbytes : int
        Width in the row.

    Raises
    ------
    ValueError
        If it is not a valid TFORM.

    Notes
    -----
    FITS Standard 4.0, sections 7.3.1 and 7.3.5. Text after the letter is allowed for fixed columns and ignored.
    """
    text = tform.strip().upper() if isinstance(tform, str) else ""
    variable = _VARIABLE_TFORM.match(text)
    if variable:
        repeat, descriptor, letter, _ = variable.groups()
        number = int(repeat or 1)
        return descriptor, letter, number, number * _DESCRIPTOR_NBYTES[descriptor]
    fixed = _TFORM.match(text)
    if fixed is None or len(fixed[1]) > 19:
        raise FITSFormatError(f"{keyword} = {tform!r} is not the format of a binary table column")
    repeat_count = int(fixed[1] or 1)
    letter = fixed[2]
    nbytes = (repeat_count + 7) // 8 if letter == "X" else repeat_count * ELEMENT_NBYTES[letter]
    return "", letter, repeat_count, nbytes


def parse_columns(get: Getter | Mapping[str, Any]) -> list[Column]:
    """All columns of a binary table, with their offsets in a row.

    Raises
    ------
    ValueError
        If TFIELDS or a TFORMn is missing or invalid, or if the widths do not add up to NAXIS1.
    """
    get = keyword_getter(get)
    columns = []
    offset = 0
    for number in range(1, integer_keyword(get, "TFIELDS", low=0, high=_MOST_COLUMNS) + 1):
        descriptor, letter, repeat, nbytes = parse_tform(get(f"TFORM{number}"), f"TFORM{number}")
        name = get(f"TTYPE{number}")
        columns.append(
            Column(number, name.strip() if isinstance(name, str) else "", offset, nbytes, descriptor, letter, repeat)
        )
        offset += nbytes
    width = integer_keyword(get, "NAXIS1", low=0)
    if width != offset:
        raise FITSFormatError(f"NAXIS1 = {width}, but the columns are {offset} bytes wide")
    return columns


def find_column(columns: list[Column], name: str) -> Column | None:
    """The first column with a name, in either case."""
    return next((column for column in columns if column.name.upper() == name), None)
