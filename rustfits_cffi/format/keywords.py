"""Keywords whose values must be numbers. Every number comes from a file, so every number is checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from rustfits_cffi.errors import FITSFormatError

Getter = Callable[[str], Any]
"""Returns the value of a keyword (upper case), or None if it is absent."""

INT64_MAX = 2**63 - 1
_BEFORE_A_COMMENT = re.compile("[+-]?[0-9]{1,19}(?= )")


def keyword_getter(get: Getter | Mapping[str, Any]) -> Getter:
    """The function that looks up a keyword."""
    return get.get if isinstance(get, Mapping) else get


def integer_keyword(
    get: Getter, key: str, default: int | None = None, *, low: int = -INT64_MAX, high: int = INT64_MAX
) -> int:
    """An integer keyword within limits; it is mandatory if `default` is None."""
    value = get(key)
    if value is None:
        if default is None:
            raise FITSFormatError(f"{key} is missing from the header")
        return default
    value = as_integer(value, key)
    if not low <= value <= high:
        raise FITSFormatError(f"{key} = {value} is outside {low} to {high}")
    return value


def as_integer(value: Any, key: str) -> int:
    """A keyword's value, which must be an integer; 100.0 is accepted, and a comment without a slash, as in cfitsio."""
    if isinstance(value, str) and (match := _BEFORE_A_COMMENT.match(value)):
        value = int(match[0])
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise FITSFormatError(f"{key} = {value!r} is not an integer")
    return value
