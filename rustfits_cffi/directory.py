"""Where the HDUs of an open file are: its table of contents, kept true while HDUs grow, come and go.

HDU objects hold an `HDUNumber` and ask the `Directory`, so they stay valid when an HDU before them grows or goes.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

from rustfits_cffi.errors import DeletedError, FITSError, FITSFormatError, TruncatedError
from rustfits_cffi.format.cards import CardIndex
from rustfits_cffi.format.names import HDUNames
from rustfits_cffi.format.plausibility import axes_hazard
from rustfits_cffi.format.structure import BLOCK_NBYTES, HDUStructure, find_end, pad_to_block, parse_structure
from rustfits_cffi.native.hdu_table import HDURecord, HDUTable

_FIRST_READ = 4 * BLOCK_NBYTES  # most headers end within it
_MOST_AT_ONCE = 1 << 20  # bytes looked through at a time while HDUs are short
_CARD_NBYTES = 80
_KEYWORD = re.compile(rb"[A-Z0-9_-]{1,8} *", re.IGNORECASE)
_COMPRESSED_AS_A_WHOLE = (b"\x1f\x8b", b"BZh", b"\x1f\x9d", b"\xfd7zXZ", b"PK\x03\x04")  # gzip, bzip2, Z, xz, zip
_MAX_HEADER_NBYTES = 64 << 20  # a "header" without END must not be read to the end of a huge file


class File(Protocol):
    """An open file as the directory reads it."""

    path: str
    mode: str
    writable: bool
    lock: Any

    def size(self) -> int: ...
    def read(self, offset: int, nbytes: int) -> bytearray: ...
    def read_into(self, offset: int, buffer: Any) -> None: ...


class HDUNumber:
    """The number of an HDU, which follows it when HDUs before it come or go.

    Attributes
    ----------
    value : int or None
        0-based; None once the HDU has been deleted.
    """

    __slots__ = ("value",)

    def __init__(self, value: int) -> None:
        self.value: int | None = value


Snapshot: TypeAlias = "tuple[dict[HDUNumber, int | None], dict[int, object]]"  # numbers and configs of HDUs


class Entry:
    """One HDU as last read from the file.

    Attributes
    ----------
    header_start : int
        Byte position in the file.
    kind : str
        As in `HDUStructure`.
    known : object
        What the HDU's object has derived from this header; discarded when the header changes.
    """

    __slots__ = ("_header", "_structure", "header_nbytes", "header_start", "is_primary", "known")

    def __init__(self, header_start: int, header: bytes, is_primary: bool, structure: HDUStructure | None = None):
        self.header_start = header_start
        self.header_nbytes = pad_to_block(len(header))
        self.is_primary = is_primary
        self._header = header
        self._structure = structure
        self.known: Any = None

    @property
    def structure(self) -> HDUStructure:
        """What the header declares; parsed when first asked for."""
        if self._structure is None:
            self._structure = parse_structure(self._header, is_primary=self.is_primary)
        return self._structure

    @property
    def data_start(self) -> int:
        """Byte of the file where the data begin."""
        return self.header_start + self.header_nbytes

    @property
    def index(self) -> CardIndex:
        """Which card holds which keyword."""
        return self.structure.index

    def move(self, shift: int) -> None:
        """The HDU lies `shift` bytes further back now; what was derived may refer to its old position."""
        self.header_start += shift
        self.known = None


class Directory:
    """The HDUs of one file.

    Parameters
    ----------
    handle : FileHandle
        Or another open file that can be read.
    lenient : bool
        Replace non-printable header bytes by ``_`` instead of refusing the file.
    trust_sizes : bool
        Believe any image size a header declares.
    partial : bool
        Raise nothing, whatever is wrong, and do not warn of a broken HDU; `broken` has the error.

    Attributes
    ----------
    broken : FITSError or None
        What is wrong with the HDU behind the last one that could be taken in.
    revision : int
        Grows with every change of a header or of the number of HDUs.
    """

    def __init__(
        self, handle: Any, *, lenient: bool = False, trust_sizes: bool = False, partial: bool = False
    ):
        self.handle = handle
        self.lenient = lenient
        self.trust_sizes = trust_sizes
        self.revision = 0
        self._table = HDUTable()
        self._names = HDUNames()
        self._entries: dict[int, Entry] = {}
        self._configs: dict[int, object] = {}
        self._axes_hazards: dict[int, str] = {}
        self._numbers: dict[int, HDUNumber] = {}
        self.broken: FITSError | None = None
        try:
            self.scan()
        except FITSError as error:
            if not partial:
                raise
            self.broken = error
        if self.broken is not None and not partial:
            warnings.warn(f"{self.broken}; the {len(self)} HDUs before it can be used", stacklevel=3)

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, index: int) -> Entry:
        entry = self._entries.get(index)
        if entry is None:
            with self.handle.lock:  # or the HDU could move before the entry is where `refresh` sees it
                entry = self._entries.get(index)
                if entry is None:
                    entry = self._entries[index] = Entry(*self._table.header(index), is_primary=index == 0)
        return entry

    def entry(self, number: HDUNumber) -> Entry:
        """The HDU with that number, which another thread may change at any time; `DeletedError` if it is gone."""
        if not self.handle.writable:
            return self[self.position(number)]
        with self.handle.lock:
            return self[self.position(number)]

    def position(self, number: HDUNumber) -> int:
        """0-based position of an HDU; `DeletedError` if it is gone."""
        if number.value is None:
            raise DeletedError(f"{self.handle.path}: this HDU has been deleted")
        return number.value

    def kind(self, index: int) -> str:
        """What kind of HDU it is, as in `HDUStructure`, without parsing its header."""
        return self._table.kind(index)

    def has_data(self, index: int) -> bool:
        """Whether it has an axis and none of length 0, without parsing its header."""
        return self._table.has_data(index)

    def axes_hazard(self, index: int) -> str | None:
        """Why cfitsio would not survive the axes of an HDU, None if it would."""
        return self._axes_hazards.get(index)

    @property
    def end(self) -> int:
        """First byte of the file behind the last HDU."""
        return self._table.end()

    def extname(self, index: int) -> str | None:
        """EXTNAME, None if there is none, without parsing the header."""
        return self._names.names[index]

    def extver(self, index: int) -> int:
        """EXTVER, 1 if absent, without parsing the header."""
        return self._names.versions[index]

    def number(self, index: int) -> HDUNumber:
        """The number of an HDU as an object that follows it."""
        return self._numbers.setdefault(index, HDUNumber(index))

    def span(self, index: int) -> tuple[int, int]:
        """First byte of an HDU, and first byte behind its padding."""
        behind = self._table.header_start(index + 1) if index + 1 < len(self) else self.end
        return self._table.header_start(index), behind

    def padding(self, index: int) -> bytes:
        """What fills up the last block of an HDU."""
        return b" " if self.kind(index) == "ascii table" else b"\0"

    def header(self, index: int) -> bytes:
        """The header of an HDU as it is in the file, whole blocks."""
        entry = self[index]
        return bytes(self.handle.read(entry.header_start, entry.header_nbytes))

    def find(self, name: str, extver: int | None = None) -> int | None:
        """Number of the first HDU of that EXTNAME (and EXTVER), None if there is none."""
        return self._names.find(name, extver)

    def refresh(self, index: int) -> None:
        """Read one HDU's header again after a change; HDUs behind it move with its end."""
        start = self._table.header_start(index)
        entry, record = self._read(start, index)
        shift = self._table.replace(index, record)
        self._names.replace(index, entry.structure.extname, entry.structure.extver)
        self._entries[index] = entry
        self.revision += 1
        for number, other in self._entries.items() if shift else ():
            if number > index:
                other.move(shift)

    def keep_config(self, index: int, config: object) -> None:
        """Keep, while the file is open, the config an HDU was created with: its header does not say all of it."""
        self._configs[index] = config

    def config(self, index: int) -> Any:
        """The config that was kept, or None."""
        return self._configs.get(index)

    def snapshot(self) -> Snapshot:
        """What `restore` needs to follow the HDUs through a change of the whole file, or back."""
        return {number: number.value for number in self._numbers.values()}, dict(self._configs)

    def restore(self, snapshot: Snapshot, renumber: Callable[[int], int | None] = lambda number: number) -> None:
        """Read all headers again, of a file that was rewritten; may be repeated if it was interrupted.

        Parameters
        ----------
        snapshot : Snapshot
            From before the change.
        renumber : callable
            The number that each HDU of that time has now; None for one that is gone.
        """
        fresh = Directory(self.handle, lenient=self.lenient, trust_sizes=self.trust_sizes, partial=True)
        old_numbers, old_configs = snapshot
        numbers = {number: None if old is None else renumber(old) for number, old in old_numbers.items()}
        configs = {renumber(old): config for old, config in old_configs.items()}
        numbers = {**dict.fromkeys(self._numbers.values()), **numbers}
        self._table, self._names, self._entries = fresh._table, fresh._names, fresh._entries
        self._axes_hazards, self.broken = fresh._axes_hazards, fresh.broken
        for number, value in numbers.items():
            number.value = value
        self._numbers = {number.value: number for number in numbers if number.value is not None}
        self._configs = {number: config for number, config in configs.items() if number is not None}
        self.revision += 1

    def forget(self, known: int) -> None:
        """Forget all HDUs from number `known` on, however far taking them in has got."""
        self._table.truncate(known)
        self._names.truncate(known)
        for index in [index for index in self._entries if index >= known]:
            del self._entries[index]
        self._configs = {index: config for index, config in self._configs.items() if index < known}
        self._axes_hazards = {index: reason for index, reason in self._axes_hazards.items() if index < known}
        self.revision += 1

    def scan(self) -> None:
        """Describe the HDUs behind those that are known: the ordinary ones many at a time, others one by one."""
        self.revision += 1
        self.broken = None
        size = self.handle.size()
        if not len(self._table) and self.handle.mode != "w+":
            self._require_a_block(size)
        position, at_once = self._table.end(), _FIRST_READ
        chunk = bytearray(min(size, _MOST_AT_ONCE))
        while position + BLOCK_NBYTES <= size:
            nbytes = min(at_once, size - position)
            self.handle.read_into(position, memoryview(chunk)[:nbytes])
            if len(self._table) and not _is_header(bytes(chunk[:10])):
                break
            names, versions = self._table.scan(chunk, nbytes, position)
            if not names:
                found = self._take_in(position)
                if found is None:
                    break
                names, versions = [found.extname], [found.extver]
            self._names.extend(names, versions)
            # short HDUs often follow one another, so read more at once; the data of long ones need not be read
            at_once = min(2 * at_once, _MOST_AT_ONCE) if len(names) > 1 else _FIRST_READ
            position = self._table.end()

    def _take_in(self, position: int) -> HDUStructure | None:
        """Take in one HDU by all the rules; None if it is broken, which is no reason to shut those before it."""
        index = len(self._table)
        try:
            entry, record = self._read(position, index)
        except FITSError as error:
            if not index or bytes(self.handle.read(position, 6)) == b"SIMPLE":
                raise
            self.broken = error
            return None
        self._table.append(record)
        self._entries[index] = entry
        return entry.structure

    def _require_a_block(self, size: int) -> None:
        if size == 0:
            raise FITSFormatError(f"{self.handle.path}: the file is empty")
        begin = bytes(self.handle.read(0, min(size, 9)))
        if begin.startswith(_COMPRESSED_AS_A_WHOLE):
            raise FITSFormatError(f"{self.handle.path}: not a FITS file: compressed as a whole; uncompress it first")
        if size < BLOCK_NBYTES:
            raise FITSFormatError(f"{self.handle.path}: not a FITS file: {size} bytes, a header has at least 2880")
        if begin[:6] != b"SIMPLE":
            text = begin.decode("ascii", "replace")
            raise FITSFormatError(
                f"{self.handle.path}: not a FITS file: it must begin with SIMPLE, it begins with {text!r}"
            )

    def _read(self, position: int, index: int) -> tuple[Entry, HDURecord]:
        """One HDU by all the rules: its entry, and its line in the table. All that are not ordinary come here."""
        header = self._read_header(position, index)
        hazard = axes_hazard(header)
        if hazard:
            self._axes_hazards[index] = hazard
        try:
            structure = parse_structure(header, is_primary=index == 0, lenient=self.lenient)
        except FITSFormatError as error:
            raise FITSFormatError(f"{self.handle.path}, HDU {index}: {error}") from None
        record = HDURecord(
            header_start=position,
            header=header.ljust(structure.header_nbytes),
            data_nbytes=structure.data_nbytes,
            kind=structure.kind,
            has_data=structure.has_data,
        )
        return Entry(position, record.header, index == 0, structure), record

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
