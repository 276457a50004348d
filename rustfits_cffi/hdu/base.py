"""The base class of all HDUs: position in the file, header, and name."""

from __future__ import annotations

from rustfits_cffi.directory import Directory, Entry, HDUNumber
from rustfits_cffi.header import FITSHeader


class HDU:
    """A header and data unit of an open file. Obtained from `FITS`, never constructed.

    The header, and properties that depend on it, can be read after the file is closed; data cannot.
    """

    __slots__ = ("__weakref__", "_directory", "_number")

    _type_name = "UNKNOWN"
    _listed_as = "UNKNOWN"  # in the repr of the file

    def __init__(self, directory: Directory, number: HDUNumber):
        self._directory = directory
        self._number = number

    def __getstate__(self) -> object:
        return self._directory.handle.__getstate__()  # raises, and says why it cannot be pickled

    @property
    def index(self) -> int:
        """0-based position in the file."""
        return self._index

    @property
    def _index(self) -> int:
        return self._directory.position(self._number)

    @property
    def header(self) -> FITSHeader:
        """A live view of the header; all views of one HDU share its state."""
        return FITSHeader(self._directory, self._number)

    @property
    def extname(self) -> str | None:
        """EXTNAME, or None."""
        return self._directory.extname(self._index)

    @property
    def extver(self) -> int:
        """EXTVER, 1 if absent."""
        return self._directory.extver(self._index)

    @property
    def has_data(self) -> bool:
        """Whether the HDU has a data unit: at least one axis and none of length 0."""
        return self._entry.structure.has_data

    @property
    def _entry(self) -> Entry:
        return self._directory.entry(self._number)

    @property
    def _where(self) -> str:
        """The name of this HDU in messages."""
        return f"{self._directory.handle.path}, HDU {self._index}"

    def _force_taint(self) -> None:
        self._directory.handle.taint()

    def __repr__(self) -> str:
        lines = [f"file: {self._directory.handle.path}", f"extension: {self._index}", f"type: {self._type_name}"]
        if self.extname is not None:
            lines.append(f"extname: {self.extname}")
        return "\n  ".join(["", *lines, *self._describe()])[1:] + "\n"

    def _describe(self) -> list[str]:
        """Additional lines of the repr."""
        return []
