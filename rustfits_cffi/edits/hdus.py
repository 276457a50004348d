"""HDUs added behind the last one; removed, copied and moved."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import TypeVar

from rustfits_cffi.directory import Directory
from rustfits_cffi.edits.regions import Region
from rustfits_cffi.edits.rewriting import Copied, splice
from rustfits_cffi.errors import FITSFormatError

Result = TypeVar("Result")

_KEPT_IN_MEMORY = 16 << 20
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

        try:
            return handle.change(
                work, action=action, undo=undo, follow=directory.scan, unfollow=lambda: directory.forget(known)
            )
        finally:
            trailing.close()


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


def copy_hdu(directory: Directory, source: Directory, index: int) -> int:
    """Append an HDU of this or another file, byte for byte but for what its place decides; its number."""
    start, end = source.span(index)
    head = _as_extension(source.header(index)) if index == 0 else source.header(index)
    if len(directory) == 0 and source.kind(index) == "image":
        head = _as_primary(source.header(index)) if index else source.header(index)
    old_head = len(source.header(index))

    def make(region: Region) -> int:
        at = 0
        if len(directory) == 0 and not head.startswith(b"SIMPLE"):
            region.write(0, NULL_PRIMARY)
            at = len(NULL_PRIMARY)
        region.write(at, head)
        at += len(head)
        for begin in range(start + old_head, end, _PIECE_NBYTES):
            piece = _read_padded(source, index, begin, min(_PIECE_NBYTES, end - begin))
            region.write(at, piece)
            at += len(piece)
        return len(directory) + (1 if at and not head.startswith(b"SIMPLE") and len(directory) == 0 else 0)

    return append_hdus(directory, make, action="copy an HDU")


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
        last, size = len(directory) - 1, handle.size()
        end = directory[last].data_start + directory[last].structure.data_nbytes
        if end > size:
            raise FITSFormatError(
                f"{handle.path}: cannot {action}: HDU {last}: truncated: the data end at byte {end}, the file at {size}"
            )


class _Kept:
    """Bytes behind the last HDU: they are dropped if a change succeeds, and put back if it fails."""

    def __init__(self, directory: Directory, start: int, end: int) -> None:
        self._handle, self._start = directory.handle, start
        self._file = None
        if end > start:
            self._file = tempfile.SpooledTemporaryFile(max_size=_KEPT_IN_MEMORY)  # noqa: SIM115  (close below)
            for begin in range(start, end, _PIECE_NBYTES):
                self._file.write(self._handle.read(begin, min(_PIECE_NBYTES, end - begin)))

    def put_back(self) -> None:
        if self._file is not None:
            self._file.seek(0)
            at = self._start
            while piece := self._file.read(_PIECE_NBYTES):
                self._handle.write(at, piece)
                at += len(piece)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


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

_MANDATORY_IMAGE = (b"PCOUNT  ", b"GCOUNT  ")


def _as_extension(header: bytes) -> bytes:
    """The header of a primary HDU as that of an image extension: XTENSION for SIMPLE, PCOUNT and GCOUNT."""
    cards = _cards(header)
    kept = [card for card in cards[1:] if card[:8] not in (b"EXTEND  ", *_MANDATORY_IMAGE)]
    naxis = next(i for i, card in enumerate(kept) if card[:8] == b"NAXIS   ")
    last = naxis
    while last + 1 < len(kept) and kept[last + 1].startswith(b"NAXIS"):
        last += 1
    added = [
        _card("PCOUNT  =                    0 / required keyword; must = 0"),
        _card("GCOUNT  =                    1 / required keyword; must = 1"),
    ]
    first = _card("XTENSION= 'IMAGE   '           / IMAGE extension")
    return _whole([first, *kept[: last + 1], *added, *kept[last + 1 :]])


def _as_primary(header: bytes) -> bytes:
    """The header of an image extension as that of a primary HDU."""
    kept = [card for card in _cards(header)[1:] if card[:8] not in _MANDATORY_IMAGE]
    naxis = max(i for i, card in enumerate(kept) if card.startswith(b"NAXIS"))
    extend = _card("EXTEND  =                    T / FITS dataset may contain extensions")
    first = _card("SIMPLE  =                    T / file does conform to FITS standard")
    return _whole([first, *kept[: naxis + 1], extend, *kept[naxis + 1 :]])


def _cards(header: bytes) -> list[bytes]:
    """All cards before END."""
    cards = [header[at : at + 80] for at in range(0, len(header), 80)]
    end = next(i for i, card in enumerate(cards) if card[:8] == b"END     ")
    return cards[:end]


def _whole(cards: list[bytes]) -> bytes:
    header = b"".join(cards) + _card("END")
    return header.ljust(-(-len(header) // 2880) * 2880)


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
