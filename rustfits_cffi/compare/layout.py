"""Where the HDUs of a file lie, read from its headers with no more trust than needed to find the next one."""

from __future__ import annotations

from math import prod

from rustfits_cffi.errors import FITSFormatError
from rustfits_cffi.native.handle import FileHandle

BLOCK = 2880
_LONGEST_HEADER = 64 << 20


class HDULayout:
    """Where one HDU lies and what its header says."""

    def __init__(self, number: int, header: bytes, offset: int, size: int) -> None:
        self.number = number
        self.cards, self.header_tail = _split_cards(header)
        self.header_nbytes = len(header)
        self.data_offset = offset + len(header)
        self._values = {card[:8].rstrip(): card for card in reversed(self.cards) if card[8:10] == "= "}
        padded = -(-self._data_nbytes() // BLOCK) * BLOCK
        self.data_nbytes = min(padded, max(size - self.data_offset, 0))  # what there is of it
        self.missing = padded - self.data_nbytes
        self.kind = self._kind()

    def integer(self, name: str, default: int = 0) -> int:
        """Value of an integer keyword, `default` if it is not there."""
        try:
            return int(value_field(self._values[name]))
        except (KeyError, ValueError):
            return default

    def string(self, name: str) -> str:
        """Value of a string keyword, empty if it is not there."""
        card = self._values.get(name, "")
        text = card[10:].lstrip()
        return text[1:].split("'", 1)[0].rstrip() if text.startswith("'") else ""

    def logical(self, name: str) -> bool:
        """Whether a logical keyword is there and true."""
        return name in self._values and value_field(self._values[name]) == "T"

    @property
    def is_image(self) -> bool:
        """Whether it has pixels."""
        return self.kind == "compressed image" or (self.kind == "image" and self.integer("NAXIS") > 0)

    def _kind(self) -> str:
        if self.number == 0 or self.string("XTENSION") in ("IMAGE", "IUEIMAGE"):
            return "other" if self.logical("GROUPS") else "image"
        if self.string("XTENSION") not in ("BINTABLE", "A3DTABLE"):
            return "other"
        if self.logical("ZIMAGE"):
            return "compressed image"
        return "compressed table" if self.logical("ZTABLE") else "table"

    def _data_nbytes(self) -> int:
        """FITS Standard 4.0, equations 1, 2 and 4."""
        axes = [self.integer(f"NAXIS{axis + 1}") for axis in range(self.integer("NAXIS"))]
        if self.logical("GROUPS") and axes and axes[0] == 0:
            axes[0] = 1
        npix = prod(axes) if axes else 0
        nbytes = abs(self.integer("BITPIX")) // 8 * self.integer("GCOUNT", 1) * (self.integer("PCOUNT") + npix)
        return max(nbytes, 0)


class FITSFile:
    """One file and its HDUs."""

    def __init__(self, path: str) -> None:
        self.handle = FileHandle(path, "r")
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
        """Find the HDUs; what no longer looks like one counts as trailing bytes."""
        while self.end < self.size:
            header = self._header(self.end)
            if header is None:
                break
            hdu = HDULayout(len(self.hdus), header, self.end, self.size)
            self.hdus.append(hdu)
            self.end = hdu.data_offset + hdu.data_nbytes
        if not self.hdus:
            raise FITSFormatError(f"{self.handle.path}: not a FITS file")

    def _header(self, offset: int) -> bytes | None:
        """All blocks up to the one with END; None if there is no header here."""
        header = b""
        start = b"XTENSION" if self.hdus else b"SIMPLE  "
        while len(header) < _LONGEST_HEADER and offset + len(header) + BLOCK <= self.size:
            block = bytes(self.handle.read(offset + len(header), BLOCK))
            if not header and not block.startswith(start):
                return None
            header += block
            if any(block[place : place + 80].rstrip() == b"END" for place in range(0, BLOCK, 80)):
                return header
        return None


def _split_cards(header: bytes) -> tuple[list[str], bytes]:
    """The cards before END, and the bytes behind it."""
    cards = [header[place : place + 80] for place in range(0, len(header), 80)]
    end = next(place for place, card in enumerate(cards) if card.rstrip() == b"END")
    return [card.decode("latin-1") for card in cards[:end]], header[80 * (end + 1) :]


def value_field(card: str) -> str:
    """The value field of a card that is no string."""
    return card[10:].split("/", 1)[0].strip()
