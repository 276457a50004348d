"""Finds HDUs by name: EXTNAME and EXTVER of all HDUs of a file (FITS Standard 4.0, section 4.4.2.6)."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from rustfits_cffi import threads

__all__ = ["HDUNames"]


class HDUNames:
    """EXTNAME and EXTVER of the HDUs of a file, in file order.

    Case and surrounding blanks do not matter in comparisons. A file may have ten thousand HDUs, and finding the first
    one by name must not require a walk over all of them, so the index by name grows as HDUs are added.

    Attributes
    ----------
    names : list of str or None
        As in the headers; None where there is no EXTNAME.
    versions : list of int
        EXTVER, 1 where it is absent.
    """

    def __init__(self) -> None:
        self.names: list[str | None] = []
        self.versions: list[int] = []
        self._lock = threading.Lock()  # held while an index is built or dropped, not while one is used
        self._first: dict[str, int] | None = {}  # number by name; None: must be rebuilt
        self._first_version: dict[tuple[str, int], int] | None = None  # by name and version; built on first use
        threads.survives_fork(self)

    def renew_in_child(self) -> None:
        """Build the indexes anew: another thread may have been building them."""
        self._lock = threading.Lock()
        self._first = self._first_version = None

    def __len__(self) -> int:
        return len(self.versions)

    def extend(self, names: Sequence[str | None], versions: Sequence[int]) -> None:
        """Add HDUs at the end."""
        with self._lock:
            if self._first is not None:
                _enter(self._first, names, len(self))
            self._first_version = None
            self.names.extend(names)
            self.versions.extend(versions)

    def truncate(self, count: int) -> None:
        """Drop all HDUs except the first `count`."""
        with self._lock:
            self._first = self._first_version = None
            del self.names[count:], self.versions[count:]

    def replace(self, number: int, name: str | None, version: int) -> None:
        """Set the name and version of an HDU."""
        if (self.names[number], self.versions[number]) != (name, version):
            with self._lock:
                self.names[number], self.versions[number] = name, version
                self._first = self._first_version = None

    def find(self, name: str, version: int | None = None) -> int | None:
        """Number of the first HDU with that name and, unless it is None, that version; None if there is none."""
        if version is not None:
            return self._by_version().get((_key(name), version))
        first = self._first
        if first is None:
            with self._lock:
                first = self._first = _enter({}, self.names, 0)
        number = first.get(name)  # most callers spell the name as it is kept
        return first.get(_key(name)) if number is None else number

    def _by_version(self) -> dict[tuple[str, int], int]:
        """Number of the first HDU with each name and version."""
        with self._lock:
            if self._first_version is None:
                self._first_version = {}
                for number, (name, version) in enumerate(zip(self.names, self.versions, strict=True)):
                    if name is not None:
                        self._first_version.setdefault((_key(name), version), number)
            return self._first_version


def _enter(index: dict[str, int], names: Sequence[str | None], begin: int) -> dict[str, int]:
    """Add names to an index that has those of the HDUs before number `begin`; returns it."""
    for number, name in enumerate(names, begin):
        if name is not None:
            index.setdefault(_key(name), number)
    return index


def _key(name: str) -> str:
    """The form in which names are compared."""
    return name.strip().upper()
