"""HDUs added behind the last one; removed, copied and moved."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from rustfits_cffi.directory import Directory, HDUNumber
from rustfits_cffi.edits.regions import Region
from rustfits_cffi.edits.rewriting import Copied, splice
from rustfits_cffi.errors import FITSFormatError
from rustfits_cffi.format.structure import HDUStructure, find_end, pad_to_block
from rustfits_cffi.native.cfitsio.memory import with_end
from rustfits_cffi.storage.descriptor import NamelessFile

Result = TypeVar("Result")

_PIECE_NBYTES = 4 << 20


def append_hdus(directory: Directory, make: Callable[[Region], Result], *, action: str) -> Result:
    """Add HDUs behind the last one: all that `make` writes, or nothing.

    Parameters
    ----------
    directory : Directory
    make : callable
        Writes one or more whole HDUs into the region that it is given; what it returns is returned.
    action : str
        What is being done, for messages.

    Raises
    ------
    OSError
        If the file cannot be changed. It is then as it was.
    FITSFormatError
        If the file lacks data of its last HDU, or something broken follows it.
    """
    handle = directory.handle
    with handle.lock:
        handle.require_writable(action)
        require_whole(directory, action)
        old_size, end, known = handle.size(), directory.end, len(directory)
        trailing = _Kept(directory, end, old_size)

        def work() -> Result:
            if old_size < end:
                handle.write(old_size, directory.padding(known - 1) * (end - old_size))
            elif old_size > end:
                handle.truncate(end)
            region = Region(handle, end, hidden=True)
            result = make(region)
            region.pad()
            handle.settle()
            region.publish()
            return result

        def undo() -> None:
            handle.truncate(min(old_size, end))
            trailing.put_back()

        return handle.change(
            work, action=action, undo=undo, follow=directory.scan, unfollow=lambda: directory.forget(known)
        )


def delete_hdu(directory: Directory, index: int) -> None:
    """Remove an HDU; a null primary takes the place of the first one, unless it is the only one."""
    action = "delete an HDU"
    handle = directory.handle
    with handle.lock:
        handle.require_writable(action)
        require_whole(directory, action)
        start, end = directory.span(index)
        content = [NULL_PRIMARY] if index == 0 else []
        splice(directory, start, end, content, action=action, renumber=lambda n: _after_deletion(n, index))


def copy_hdu(directory: Directory, source: Directory, number: HDUNumber) -> int:
    """Append an HDU of this or another file, byte for byte except for what its position decides; its position."""
    action = "copy an HDU"
    handles = sorted({directory.handle, source.handle}, key=id)  # in one order, whoever copies from whom
    with handles[0].lock, handles[-1].lock:
        index, is_first = source.position(number), len(directory) == 0
        _require_data(source, index, action)
        start, end = source.span(index)
        old_head, structure = source.header(index), source[index].structure
        head, needs_primary = old_head, False
        if is_first and index:
            needs_primary = source.kind(index) != "image"
            head = old_head if needs_primary else _as_primary(old_head, structure)
        elif index == 0 and not is_first:
            if structure.value("GROUPS") is True and structure.shape[-1:] == (0,):
                raise NotImplementedError(f"{source.handle.path}, HDU 0: random groups can only be the first HDU")
            head = _as_extension(old_head, structure)

        def make(region: Region) -> int:
            if needs_primary:
                region.write(0, NULL_PRIMARY)
            region.write(region.nbytes, head)
            for begin in range(start + len(old_head), end, _PIECE_NBYTES):
                piece = _read_padded(source, index, begin, min(_PIECE_NBYTES, end - begin))
                region.write(region.nbytes, piece)
            return len(directory) + needs_primary

        return append_hdus(directory, make, action=action)


def _read_padded(directory: Directory, index: int, offset: int, nbytes: int) -> bytes:
    """Bytes of an HDU; padding that is missing at the end of the file is made up."""
    there = max(0, min(nbytes, directory.handle.size() - offset))
    return bytes(directory.handle.read(offset, there)) + directory.padding(index) * (nbytes - there)


def move_hdu(directory: Directory, index: int, to: int) -> None:
    """Move an HDU to another place among the others; the first HDU stays where it is."""
    action = "move an HDU"
    handle = directory.handle
    with handle.lock:
        handle.require_writable(action)
        require_whole(directory, action)
        if index == to:
            return
        start, end = directory.span(index)
        first, last = min(index, to), max(index, to)
        begin, stop = directory.span(first)[0], directory.span(last)[1]
        others = (end, stop - end) if to > index else (begin, start - begin)
        moved = [Copied(*others), Copied(start, end - start)]
        content = moved if to > index else moved[::-1]
        splice(directory, begin, stop, content, action=action, renumber=lambda n: _after_move(n, index, to))


def require_whole(directory: Directory, action: str) -> None:
    """Refuse to change a file of which something is missing or broken; padding that is missing is not."""
    handle = directory.handle
    if directory.broken is not None:
        raise FITSFormatError(f"{handle.path}: cannot {action}: {directory.broken}")
    if len(directory):
        _require_data(directory, len(directory) - 1, action)


def _require_data(directory: Directory, index: int, action: str) -> None:
    """Refuse an HDU of which the file lacks data."""
    handle, entry = directory.handle, directory[index]
    end, size = entry.data_start + entry.structure.data_nbytes, handle.size()
    if end > size:
        raise FITSFormatError(
            f"{handle.path}: cannot {action}: HDU {index}: truncated: the data end at byte {end}, the file at {size}"
        )


class _Kept:
    """Bytes behind the last HDU: they are dropped if a change succeeds, and put back if it fails."""

    def __init__(self, directory: Directory, start: int, end: int) -> None:
        self._handle, self._start, self._nbytes = directory.handle, start, max(0, end - start)
        if self._nbytes:
            self._file = NamelessFile(self._handle.path, expected_nbytes=self._nbytes)
            for at, nbytes in self._pieces():
                self._file.write(at, self._handle.read(start + at, nbytes))

    def put_back(self) -> None:
        for at, nbytes in self._pieces():
            piece = bytearray(nbytes)
            self._file.read_into(at, piece)
            self._handle.write(self._start + at, piece)

    def _pieces(self) -> Iterator[tuple[int, int]]:
        return ((at, min(_PIECE_NBYTES, self._nbytes - at)) for at in range(0, self._nbytes, _PIECE_NBYTES))


def _card(text: str) -> bytes:
    return f"{text:<80}".encode("ascii")


NULL_PRIMARY = b"".join(
    _card(text)
    for text in (
        "SIMPLE  =                    T / file does conform to FITS standard",
        "BITPIX  =                    8 / number of bits per data pixel",
        "NAXIS   =                    0 / number of data axes",
        "EXTEND  =                    T / FITS dataset may contain extensions",
        "END",
    )
).ljust(2880)


def _as_extension(header: bytes, structure: HDUStructure) -> bytes:
    """The header of a primary HDU as that of an image extension: XTENSION for SIMPLE, PCOUNT and GCOUNT."""
    first = _card("XTENSION= 'IMAGE   '           / IMAGE extension")
    axes, rest = _apart(header, structure, dropped=(b"EXTEND  ",))
    counts = [
        _taken(rest, b"PCOUNT  ") or _card("PCOUNT  =                    0 / required keyword; must = 0"),
        _taken(rest, b"GCOUNT  ") or _card("GCOUNT  =                    1 / required keyword; must = 1"),
    ]
    return _whole([first, *axes, *counts, *rest])


def _as_primary(header: bytes, structure: HDUStructure) -> bytes:
    """The header of an image extension as that of a primary HDU."""
    first = _card("SIMPLE  =                    T / file does conform to FITS standard")
    extend = _card("EXTEND  =                    T / FITS dataset may contain extensions")
    needless = (b"PCOUNT  ", b"GCOUNT  ") if (structure.pcount, structure.gcount) == (0, 1) else ()
    axes, rest = _apart(header, structure, dropped=(b"EXTEND  ", *needless))
    return _whole([first, *axes, extend, *rest])


def _apart(header: bytes, structure: HDUStructure, dropped: tuple[bytes, ...]) -> tuple[list[bytes], list[bytes]]:
    """The cards of BITPIX and the axes in their order, and those of other keywords; without the first card."""
    rest = [card for card in _cards(header)[1:] if card[:8] not in dropped]
    names = ["BITPIX", "NAXIS", *(f"NAXIS{axis}" for axis in range(1, len(structure.shape) + 1))]
    axes = [_taken(rest, f"{name:<8}".encode("ascii")) for name in names]
    return [card for card in axes if card is not None], rest


def _taken(cards: list[bytes], name: bytes) -> bytes | None:
    """The first card of a keyword, removed from the list."""
    at = next((i for i, card in enumerate(cards) if card[:8] == name), None)
    return None if at is None else cards.pop(at)


def _cards(header: bytes) -> list[bytes]:
    """All cards before END."""
    return [header[at : at + 80] for at in range(0, find_end(header), 80)]


def _whole(cards: list[bytes]) -> bytes:
    joined = b"".join(cards)
    return with_end(joined, pad_to_block(len(joined) + 80))


def _after_deletion(number: int, index: int) -> int | None:
    if number == index:
        return None
    return number - 1 if number > index and index else number


def _after_move(number: int, index: int, to: int) -> int:
    if number == index:
        return to
    if index < number <= to:
        return number - 1
    return number + 1 if to <= number < index else number
