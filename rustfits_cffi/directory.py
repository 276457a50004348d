"""Where the HDUs of an open file are: its table of contents, kept true while HDUs grow and are added.

HDU objects hold a number and ask the `Directory`, so they stay valid when an HDU before them grows.
"""

from __future__ import annotations

from typing import Any

from rustfits_cffi.errors import FITSFormatError, TruncatedError
from rustfits_cffi.format.cards import CardIndex
from rustfits_cffi.format.structure import BLOCK_NBYTES, HDUStructure, find_end, looks_like_header, parse_structure
from rustfits_cffi.native.handle import FileHandle

_FIRST_READ = 4 * BLOCK_NBYTES  # most headers end within it
_MAX_HEADER_NBYTES = 64 << 20  # a "header" without END must not be read to the end of a huge file


class Entry:
    """One HDU as last read from the file.

    Attributes
    ----------
    header_start, data_start : int
        Byte positions in the file.
    header : bytes
        The header blocks as they are on disk (non-printable bytes replaced, if the file was opened leniently).
    structure : HDUStructure
    cache : dict
        What objects have worked out from this header; thrown away with the entry when the header changes.
    """

    __slots__ = ("_cards", "_index", "cache", "data_start", "header", "header_start", "structure")

    def __init__(self, header_start: int, header: bytes, structure: HDUStructure):
        self.header_start = header_start
        self.data_start = header_start + len(header)
        self.header = header
        self.structure = structure
        self.cache: dict[Any, Any] = {}
        self._cards: list[str] | None = None
        self._index: CardIndex | None = None

    @property
    def end(self) -> int:
        """First byte after the HDU with its padding: where the next one begins."""
        return self.data_start + -(-self.structure.data_nbytes // BLOCK_NBYTES) * BLOCK_NBYTES

    @property
    def cards(self) -> list[str]:
        """The cards before END, right-stripped."""
        if self._cards is None:
            self._cards = split_cards(self.header)
        return self._cards

    @property
    def index(self) -> CardIndex:
        """Which card holds which keyword."""
        if self._index is None:
            self._index = CardIndex(self.cards)
        return self._index


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
            self.revision += 1
            shift = new.end - old.end
            if shift:
                for entry in self._entries[index + 1 :]:
                    entry.header_start += shift
                    entry.data_start += shift

    def forget_data(self, index: int) -> None:
        """Drop what was derived from an HDU whose data changed but whose header did not."""
        self._entries[index].cache.clear()

    def append_new(self) -> None:
        """Take in the HDUs that were added at the end of the file."""
        with self.handle.lock:
            self._scan()

    def _scan(self) -> None:
        self.revision += 1
        position = self._entries[-1].end if self._entries else 0
        size = self.handle.size()
        if not self._entries and self.handle.mode != "w+":
            self._require_a_block(size)
        while position + BLOCK_NBYTES <= size:
            index = len(self._entries)
            if index and not looks_like_header(self.handle.read(position, BLOCK_NBYTES)):
                break  # special records, zeros or junk after the last HDU (FITS Standard 4.0, section 3.5)
            self._entries.append(self._read(position, index))
            position = self._entries[-1].end

    def _require_a_block(self, size: int) -> None:
        if size == 0:
            raise FITSFormatError(f"{self.handle.path}: the file is empty")
        if size < BLOCK_NBYTES:
            raise FITSFormatError(f"{self.handle.path}: not a FITS file: {size} bytes, a header has at least 2880")

    def _read(self, position: int, index: int) -> Entry:
        header = self._read_header(position, index)
        where = f"{self.handle.path}, HDU {index}"
        header, structure = parse_structure(header, index=index, lenient=self.lenient, where=where)
        return Entry(position, header, structure)

    def _read_header(self, position: int, index: int) -> bytes:
        """The header blocks from `position` on, up to the one with END."""
        size = self.handle.size()
        wanted = _FIRST_READ
        while True:
            available = min(wanted, (size - position) // BLOCK_NBYTES * BLOCK_NBYTES)
            block = bytes(self.handle.read(position, available))
            end = find_end(block)
            if end is not None:
                return block[: (end // BLOCK_NBYTES + 1) * BLOCK_NBYTES]
            if available < wanted or wanted > _MAX_HEADER_NBYTES:
                raise TruncatedError(f"{self.handle.path}, HDU {index}: truncated: the header has no END card")
            wanted *= 4
