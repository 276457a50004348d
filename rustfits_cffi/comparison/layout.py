"""The HDUs of a file: offsets, sizes and cards; only the cards if a header is not understood."""

from __future__ import annotations

from rustfits_cffi.errors import FITSFormatError
from rustfits_cffi.format.columns import Column, parse_columns
from rustfits_cffi.format.structure import BLOCK_NBYTES, HDUStructure, find_end, parse_structure
from rustfits_cffi.storage.handle import FileHandle
from rustfits_cffi.storage.names import open_storage

_LONGEST_HEADER = 64 << 20


class HDULayout:
    """One HDU: its cards and the position of its data.

    Attributes
    ----------
    number : int
        0-based.
    cards : list of str
        All 80 characters of each, without END.
    header_tail : bytes
        The bytes after END in the header.
    structure : HDUStructure or None
        None if the header cannot be understood; its data then count as trailing bytes of the file.
    data_offset, data_nbytes : int
        The part of the data unit, including padding, that the file contains.
    missing : int
        Number of bytes missing at the end of the file.
    """

    def __init__(self, number: int, header: bytes, offset: int, size: int) -> None:
        self.number = number
        self.cards, self.header_tail = _split_cards(header)
        self.header_nbytes = len(header)
        self.data_offset = offset + len(header)
        self.structure = _structure(header, number)
        padded = self.structure.padded_data_nbytes if self.structure else 0
        self.data_nbytes = min(padded, max(size - self.data_offset, 0))
        self.missing = padded - self.data_nbytes

    @property
    def kind(self) -> str:
        """Kind of HDU that the header describes."""
        return self.structure.kind if self.structure else "unknown"

    @property
    def has_pixels(self) -> bool:
        """Whether it is an image that is not empty."""
        return self.structure is not None and self.structure.is_image and self.structure.has_data

    @property
    def columns(self) -> list[Column]:
        """Columns of a table; empty if the header does not describe one."""
        try:
            return parse_columns(self.structure.value) if self.structure else []
        except FITSFormatError:
            return []

    def integer(self, name: str, default: int = 0) -> int:
        """Value of an integer keyword; `default` if it is missing or not an integer."""
        value = self.structure.value(name) if self.structure else None
        return value if isinstance(value, int) and not isinstance(value, bool) else default


class FITSFile:
    """One file and its HDUs.

    Attributes
    ----------
    handle : FileHandle
    size : int
    hdus : list of HDULayout
    end : int
        End of the last HDU; whatever follows counts as trailing bytes.
    """

    def __init__(self, path: str) -> None:
        self.handle = FileHandle(open_storage(path, "r"), "r")
        self.size = self.handle.size()
        self.hdus: list[HDULayout] = []
        self.end = 0
        try:
            self._scan()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self.handle.close()

    def _scan(self) -> None:
        while (header := self._header(self.end)) is not None:
            hdu = HDULayout(len(self.hdus), header, self.end, self.size)
            self.hdus.append(hdu)
            self.end = hdu.data_offset + hdu.data_nbytes
        if not self.hdus:
            raise FITSFormatError(f"{self.handle.path}: not a FITS file")

    def _header(self, offset: int) -> bytes | None:
        """All blocks up to the one with END; None if no header begins at `offset`."""
        header = b""
        start = b"XTENSION" if self.hdus else b"SIMPLE  "
        while len(header) < _LONGEST_HEADER and offset + len(header) + BLOCK_NBYTES <= self.size:
            block = bytes(self.handle.read(offset + len(header), BLOCK_NBYTES))
            if not header and not block.startswith(start):
                return None
            header += block
            if find_end(block) >= 0:
                return header
        return None


def _structure(header: bytes, number: int) -> HDUStructure | None:
    """What the header declares; None if it is invalid."""
    try:
        return parse_structure(header, is_primary=number == 0, lenient=True)
    except FITSFormatError:
        return None


def _split_cards(header: bytes) -> tuple[list[str], bytes]:
    """The cards before END, and the bytes after it."""
    end = find_end(header)
    cards = [header[start : start + 80].decode("latin-1") for start in range(0, end, 80)]
    return cards, header[end + 80 :]
