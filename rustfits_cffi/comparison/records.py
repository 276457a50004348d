"""Results of a comparison, and their text form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Maximum number of entries of one kind in the text form.
_SHOWN = 10
_SHOWN_CARDS = 40


@dataclass(frozen=True)
class CardDifference:
    """One header card that differs between the files.

    Attributes
    ----------
    name : str
        Keyword; empty for a card without one.
    kind : {"only in a", "only in b", "different", "moved"}
    a, b : str or None
        The cards, 80 characters without trailing blanks.
    position_a, position_b : int or None
        0-based positions in the headers.
    is_time_stamp : bool
        Whether it is CHECKSUM, or the comment of DATASUM.
    """

    name: str
    kind: str
    a: str | None
    b: str | None
    position_a: int | None
    position_b: int | None
    is_time_stamp: bool = False

    def __str__(self) -> str:
        stamp = " (time stamp)" if self.is_time_stamp else ""
        if self.kind == "moved":
            return f"card {self.position_a} -> {self.position_b} moved: {self.a}"
        if self.kind == "different":
            return f"card {self.position_a} {self.name or 'blank'} differs{stamp}:\n  a: {self.a}\n  b: {self.b}"
        card, position = (self.a, self.position_a) if self.b is None else (self.b, self.position_b)
        return f"card {position} {self.kind}{stamp}: {card}"


@dataclass(frozen=True)
class RowDifference:
    """One cell of a compressed image's table: a descriptor, or a scale, zero point or blank.

    Attributes
    ----------
    column : str
    tile : int
        0-based row.
    a, b : tuple
        A descriptor as (elements, offset in the heap); otherwise the values.
    """

    column: str
    tile: int
    a: tuple[float, ...]
    b: tuple[float, ...]

    def __str__(self) -> str:
        return f"tile {self.tile} {self.column}: {self._words(self.a)} in a, {self._words(self.b)} in b"

    def _words(self, cell: tuple[float, ...]) -> str:
        if self.column.endswith("_DATA") and len(cell) == 2:
            return f"{cell[0]} elements at {cell[1]} of the heap"
        return ", ".join(map(str, cell))


@dataclass(frozen=True)
class TileDifference:
    """Coded bytes of one tile that differ.

    Attributes
    ----------
    column : str
    tile : int
        0-based row.
    nbytes_a, nbytes_b : int
    first_byte : int
        Offset of the first byte that differs; the shorter length if one is the beginning of the other.
    """

    column: str
    tile: int
    nbytes_a: int
    nbytes_b: int
    first_byte: int

    def __str__(self) -> str:
        return (
            f"tile {self.tile} {self.column}: {self.nbytes_a} bytes in a, {self.nbytes_b} in b, "
            f"the first difference at byte {self.first_byte}"
        )


@dataclass(frozen=True)
class PixelDifference:
    """Pixels that differ after decoding and scaling; NaN equals NaN.

    Attributes
    ----------
    count : int
    largest : float
        Largest absolute difference; NaN if all differing pairs contain a NaN.
    first : tuple of int
        Index of the first differing pixel, in numpy axis order.
    """

    count: int
    largest: float
    first: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.count} pixels differ, by {self.largest:g} at most, the first at {list(self.first)}"


@dataclass(frozen=True)
class DataDifference:
    """Differing bytes of two data units, including padding.

    Attributes
    ----------
    nbytes_a, nbytes_b : int
        Lengths.
    count : int
        Number of differing bytes, over the length of the shorter one.
    first : int
        Offset of the first differing byte in the data unit; the shorter length if there is none.
    """

    nbytes_a: int
    nbytes_b: int
    count: int
    first: int

    def __str__(self) -> str:
        return (
            f"data unit: {self.nbytes_a} bytes in a, {self.nbytes_b} in b; {self.count} bytes differ, "
            f"the first at {self.first}"
        )


@dataclass(frozen=True)
class HDUComparison:
    """The comparison of one HDU of each file.

    Attributes
    ----------
    number : int
        0-based.
    kind_a, kind_b : str
        ``"image"``, ``"compressed image"``, ``"table"``, ``"compressed table"``,
        ``"ascii table"`` or ``"unknown"``.
    cards : tuple of CardDifference
    header_nbytes_a, header_nbytes_b : int
    filling_equal : bool
        Whether the bytes after END are the same.
    rows, tiles : tuple
        For two compressed images: the first `RowDifference` and `TileDifference` objects.
    row_count, tile_count : int
        Total numbers of differences.
    pixels : PixelDifference or None
        For two images of the same shape.
    data : DataDifference or None
    notes : tuple of str
        Missing bytes, and what could not be compared and why.
    """

    number: int
    kind_a: str
    kind_b: str
    cards: tuple[CardDifference, ...]
    header_nbytes_a: int
    header_nbytes_b: int
    filling_equal: bool = True
    rows: tuple[RowDifference, ...] = ()
    row_count: int = 0
    tiles: tuple[TileDifference, ...] = ()
    tile_count: int = 0
    pixels: PixelDifference | None = None
    data: DataDifference | None = None
    notes: tuple[str, ...] = ()

    @property
    def identical(self) -> bool:
        """Whether header and data unit are the same bytes."""
        return self.identical_but_for_time_stamps and not self.cards

    @property
    def identical_but_for_time_stamps(self) -> bool:
        """Whether nothing differs except CHECKSUM and the comment of DATASUM."""
        return (
            all(card.is_time_stamp for card in self.cards)
            and self.header_nbytes_a == self.header_nbytes_b
            and self.filling_equal
            and self.data is None
        )

    def __str__(self) -> str:
        kind = self.kind_a if self.kind_a == self.kind_b else f"{self.kind_a} in a, {self.kind_b} in b"
        if self.identical:
            return f"HDU {self.number} ({kind}): identical"
        lines = [f"HDU {self.number} ({kind}):"]
        if self.header_nbytes_a != self.header_nbytes_b:
            lines.append(f"header: {self.header_nbytes_a} bytes in a, {self.header_nbytes_b} in b")
        if not self.filling_equal:
            lines.append("the headers differ after their END cards")
        lines += _listed(self.cards, len(self.cards), _SHOWN_CARDS)
        lines += _listed(self.rows, self.row_count)
        lines += _listed(self.tiles, self.tile_count)
        lines += [str(part) for part in (self.pixels, self.data) if part is not None]
        lines += self.notes
        return "\n".join(lines).replace("\n", "\n  ")


@dataclass(frozen=True)
class Comparison:
    """What `compare` found.

    Attributes
    ----------
    path_a, path_b : str
    count_a, count_b : int
        Number of HDUs.
    hdus : tuple of HDUComparison
        One for each HDU that both files have, in order.
    trailing_a, trailing_b : int
        Bytes after the last HDU.
    trailing_equal : bool
        Whether they are the same.
    """

    path_a: str
    path_b: str
    count_a: int
    count_b: int
    hdus: tuple[HDUComparison, ...]
    trailing_a: int
    trailing_b: int
    trailing_equal: bool

    @property
    def identical(self) -> bool:
        """Whether the files are the same, byte for byte."""
        return self._same_frame and all(hdu.identical for hdu in self.hdus)

    @property
    def identical_but_for_time_stamps(self) -> bool:
        """Whether nothing differs except CHECKSUM cards and the comments of DATASUM cards."""
        return self._same_frame and all(hdu.identical_but_for_time_stamps for hdu in self.hdus)

    @property
    def _same_frame(self) -> bool:
        return self.count_a == self.count_b and self.trailing_equal

    def __bool__(self) -> bool:
        """True if the files are identical."""
        return self.identical

    def __str__(self) -> str:
        lines = [f"a: {self.path_a}", f"b: {self.path_b}"]
        if self.identical:
            return "\n".join([*lines, f"identical ({self.count_a} HDUs)"])
        if self.identical_but_for_time_stamps:
            lines.append("identical but for time stamps")
        if self.count_a != self.count_b:
            lines.append(f"{self.count_a} HDUs in a, {self.count_b} in b")
        lines += [str(hdu) for hdu in self.hdus]
        if not self.trailing_equal:
            lines.append(f"after the last HDU: {self.trailing_a} bytes in a, {self.trailing_b} in b")
        return "\n".join(lines)


def _listed(differences: Sequence[object], count: int, most: int = _SHOWN) -> list[str]:
    """The first few as text, and the number of further ones."""
    lines = [str(difference) for difference in differences[:most]]
    return [*lines, f"... and {count - len(lines)} more"] if count > len(lines) else lines
