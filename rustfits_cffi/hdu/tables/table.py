"""What exists of tables so far: HDU classes with headers, whose data cannot be read or written."""

from __future__ import annotations

from typing import Any

from rustfits_cffi.hdu.base import HDU


class _HeaderOnly(HDU):
    """The base class of all tables."""

    __slots__ = ()

    def read(self, *arguments: Any, **options: Any) -> Any:
        """Not implemented yet: raises `NotImplementedError`, as does everything else that needs a table's data."""
        raise NotImplementedError(f"{self._where}: tables cannot be read or written yet, only their headers")

    read_column = write = append = extend = __getitem__ = __setitem__ = read


class TableHDU(_HeaderOnly):
    """A binary table."""

    __slots__ = ()

    _type_name = _listed_as = "BINARY_TBL"


class CompressedTableHDU(TableHDU):
    """A tile-compressed binary table."""

    __slots__ = ()

    _type_name = "BINARY_TBL (compressed)"


class AsciiTableHDU(_HeaderOnly):
    """An ASCII table."""

    __slots__ = ()

    _type_name = _listed_as = "ASCII_TBL"
