"""Where the HDUs of an open file are: its table of contents, kept true while HDUs grow and are added.

HDU objects hold a number and ask the `Directory`, so they stay valid when an HDU before them grows.
"""

from __future__ import annotations

import re
from typing import Any

from rustfits_cffi.errors import FITSFormatError, TruncatedError
from rustfits_cffi.format.cards import CardIndex
from rustfits_cffi.format.compression import cfitsio_hazard
from rustfits_cffi.format.structure import BLOCK_NBYTES, HDUStructure, find_end, parse_structure
from rustfits_cffi.native.handle import FileHandle

_FIRST_READ = 4 * BLOCK_NBYTES  # most headers end within it
_CARD_NBYTES = 80
_KEYWORD = re.compile(rb"[A-Z0-9_-]{1,8} *", re.IGNORECASE)
_MAX_HEADER_NBYTES = 64 << 20  # a "header" without END must not be read to the end of a huge file


class Entry:
    """One HDU as last read from the file.

    Attributes
    ----------
    header_start, data_start : int
        Byte positions in the file.
    structure : HDUStructure
        What the header declares.
    hazard : str or None
        Why cfitsio must not read this header.
    cache : dict
        What objects have worked out from this header; thrown away when the header changes or the HDU moves.
    """

    __slots__ = ("cache", "data_start", "hazard", "header_start", "structure")

    def __init__(self, header_start: int, structure: HDUStructure):
        self.header_start = header_start
        self.data_start = header_start + structure.header_nbytes
        self.structure = structure
        self.hazard = cfitsio_hazard(structure.index) if structure.xtension is not None else None
        self.cache: dict[Any, Any] = {}

    def move(self, shift: int) -> None:
        """The HDU lies `shift` bytes further back now; what was worked out may hold its old place."""
        self.header_start += shift
        self.data_start += shift
        self.cache = {}

    @property
    def end(self) -> int:
        """First byte after the HDU with its padding: where the next one begins."""
        return self.data_start + self.structure.padded_data_nbytes

    @property
    def index(self) -> CardIndex:
        """Which card holds which keyword."""
        return self.structure.index


class Directory:
    """The HDUs of one file.

    Parameters
    ----------
    handle : FileHandle
    lenient : bool
        Replace non-printable header bytes by ``_`` instead of refusing the file.
    trust_sizes : bool
        Believe any image size a header declares.

    Attributes
    ----------
    revision : int
        Grows with every change of a header or of the number of HDUs.
    """

    def __init__(self, handle: FileHandle, *, lenient: bool = False, trust_sizes: bool = False):
        self.handle = handle
        self.lenient = lenient
        self.trust_sizes = trust_sizes
        self.revision = 0
        self._entries: list[Entry] = []
        self._remembered: dict[tuple[int, str], Any] = {}
        self._scan()

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, index: int) -> Entry:
        return self._entries[index]

    def refresh(self, index: int) -> None:
        """Read one HDU's header again after a change; HDUs behind it move with its end."""
        with self.handle.lock:
            old = self._entries[index]
            new = self._read(old.header_start, index)
            self._entries[index] = new
            self._changed()
            shift = new.end - old.end
            if shift:
                for entry in self._entries[index + 1 :]:
                    entry.move(shift)

    def remember(self, index: int, name: str, value: Any) -> None:
        """Keep something about an HDU that its header does not say, for as long as the file is open."""
        self._remembered[index, name] = value

    def recall(self, index: int, name: str) -> Any:
        """What was remembered, or None."""
        return self._remembered.get((index, name))

    def append_new(self) -> None:
        """Take in the HDUs that were added at the end of the file."""
        with self.handle.lock:
            self._scan()

    def _changed(self) -> None:
        """Count the change, and tell the handle whether cfitsio may be let near the file."""
        self.revision += 1
        hazards = ((number, entry.hazard) for number, entry in enumerate(self._entries))
        self.handle.hazard = next((f"HDU {number}: {reason}" for number, reason in hazards if reason), self._truncation())

    def _truncation(self) -> str | None:
        """What is missing at the end of the file, if anything: cfitsio would write zeros there, any number of them."""
        if not self._entries:
            return None
        last, size = self._entries[-1], self.handle.size()
        end = last.data_start + last.structure.data_nbytes
        if end <= size:
            return None
        return f"HDU {len(self) - 1}: truncated: the data end at byte {end}, the file at {size}"

    def _scan(self) -> None:
        position = self._entries[-1].end if self._entries else 0
        size = self.handle.size()
        if not self._entries and self.handle.mode != "w+":
            self._require_a_block(size)
        while position + BLOCK_NBYTES <= size:
            index = len(self._entries)
            if index and not _is_header(self.handle.read(position, 10)):
                break
            self._entries.append(self._read(position, index))
            position = self._entries[-1].end
        self._changed()

    def _require_a_block(self, size: int) -> None:
        if size == 0:
            raise FITSFormatError(f"{self.handle.path}: the file is empty")
        if size < BLOCK_NBYTES:
            raise FITSFormatError(f"{self.handle.path}: not a FITS file: {size} bytes, a header has at least 2880")

    def _read(self, position: int, index: int) -> Entry:
        header = self._read_header(position, index)
        try:
            structure = parse_structure(header, is_primary=index == 0, lenient=self.lenient)
        except FITSFormatError as error:
            raise FITSFormatError(f"{self.handle.path}, HDU {index}: {error}") from None
        return Entry(position, structure)

    def _read_header(self, position: int, index: int) -> bytes:
        """The header from `position` on, up to and including its END card."""
        size = self.handle.size()
        wanted = _FIRST_READ
        while True:
            available = min(wanted, size - position)
            block = bytes(self.handle.read(position, available))
            end = find_end(block)
            if end >= 0:
                return block[: end + _CARD_NBYTES]
            if available < wanted or wanted > _MAX_HEADER_NBYTES:
                raise TruncatedError(f"{self.handle.path}, HDU {index}: truncated: the header has no END card")
            wanted *= 4


def _is_header(block: bytes) -> bool:
    """Whether a block after the last HDU was meant as another header: its first card has a keyword and a value.

    Anything else there (zeros, blanks, junk, the special records of FITS Standard 4.0, section 3.5) is not looked at.
    """
    return block[8:10] == b"= " and _KEYWORD.fullmatch(block[:8]) is not None
