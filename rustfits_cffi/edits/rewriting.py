"""A stretch of a file replaced by another one: in a new file beside the old one, which is renamed over it."""

from __future__ import annotations

import errno
import warnings
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, TypeAlias

from rustfits_cffi.directory import Directory
from rustfits_cffi.errors import FITSError
from rustfits_cffi.storage.handle import FileHandle
from rustfits_cffi.storage.storage import Storage

__all__ = ["Content", "Copied", "Made", "splice"]

_PIECE_NBYTES = 4 << 20
_NO_OTHER_FILE = (errno.ENOSPC, errno.EDQUOT, errno.EBUSY, errno.EXDEV)  # no space; a file that is a mount point


class Copied(NamedTuple):
    """A stretch of the old file."""

    start: int
    nbytes: int


class Made(Protocol):
    """Bytes that are written by themselves."""

    @property
    def nbytes(self) -> int:
        """How many."""

    def write_to(self, file: Storage | FileHandle, offset: int) -> None:
        """Write them all from byte `offset` on."""


Content: TypeAlias = "Sequence[bytes | Copied | Made]"


def splice(
    directory: Directory,
    start: int,
    stop: int,
    content: Content,
    *,
    action: str,
    renumber: Callable[[int], int | None] = lambda number: number,
) -> None:
    """Replace the bytes from `start` to `stop` of a file; all of it or nothing.

    Parameters
    ----------
    content : sequence of bytes, Copied or Made
        What stands there afterwards.
    renumber : callable
        The new number of each HDU; None for one that is gone.

    Raises
    ------
    OSError
        If the file cannot be changed. It is then as it was.

    Warns
    -----
    UserWarning
        If no file can be made beside the old one, so that what follows is moved in place.
    """
    handle = directory.handle
    end, known, old_source = directory.end, directory.snapshot(), handle.held()
    fill = directory.padding(len(directory) - 1)
    tail = Copied(stop, end - stop)
    in_place = _InPlace(handle, start, content, tail, fill)

    def write_anew(old: Storage, new: Storage) -> None:
        at = 0
        for part in (Copied(0, start), *content, tail):
            at = _write(part, old, new, at, fill)

    def is_done() -> bool:
        return in_place.is_done or handle.held() is not old_source

    def work() -> None:
        reason = None
        try:
            if handle.replace(write_anew):
                return
        except OSError as error:
            if error.errno not in _NO_OTHER_FILE or is_done() or handle.is_tainted:
                raise
            reason = error
        in_place.run(action, reason)

    def follow() -> None:
        directory.restore(known, renumber)

    def unfollow() -> None:
        if is_done():  # the switch was made, and only what came afterwards failed
            follow()
        else:
            directory.restore(known)

    handle.change(work, action=action, undo=in_place.undo, follow=follow, unfollow=unfollow)


def _write(part: bytes | Copied | Made, old: Storage, new: Storage, at: int, fill: bytes) -> int:
    """Write one part from byte `at` on; where it ends. Padding that the old file lacks is made up."""
    if isinstance(part, bytes):
        if part:
            new.write(at, part)
        return at + len(part)
    if isinstance(part, Copied):
        there = max(0, min(part.nbytes, old.size() - part.start))
        old.copy_to(new, part.start, there, at)
        if there < part.nbytes:
            new.write(at + there, fill * (part.nbytes - there))
    else:
        part.write_to(new, at)
    return at + part.nbytes


class _InPlace:
    """The same where there can be no other file: what follows is moved, last block first."""

    def __init__(self, handle: FileHandle, start: int, content: Content, tail: Copied, fill: bytes) -> None:
        self._handle, self._start, self._content, self._tail, self._fill = handle, start, content, tail, fill
        nbytes = sum(len(part) if isinstance(part, bytes) else part.nbytes for part in content)
        self._shift = start + nbytes - tail.start
        self._old_size = handle.size()
        self._is_reserved = self._is_begun = self.is_done = False

    def run(self, action: str, reason: OSError | None) -> None:
        """Move the tail, and write the content."""
        handle, tail, shift = self._handle, self._tail, self._shift
        if any(isinstance(part, Copied) for part in self._content):
            raise reason or FITSError(f"{handle.path}: cannot {action}: no file can be made beside it")
        end = tail.start + tail.nbytes
        self._is_reserved = True
        handle.reserve(self._start, max(end, end + shift))
        warnings.warn(
            f"{handle.path}: no file can be made beside it, so that {tail.nbytes} bytes are moved in place: if the "
            f"program ends while it is to {action}, the file is damaged",
            stacklevel=7,
        )
        self._is_begun = True
        if end > self._old_size:
            handle.write(self._old_size, self._fill * (end - self._old_size))
        if shift > 0:
            _move(handle, tail.start, tail.nbytes, shift)
        at = self._start
        for part in self._content:
            if isinstance(part, bytes):
                handle.write(at, part)
                at += len(part)
            elif not isinstance(part, Copied):
                part.write_to(handle, at)
                at += part.nbytes
        if shift < 0:
            _move(handle, tail.start, tail.nbytes, shift)
        handle.truncate(end + shift)
        self.is_done = True

    def undo(self) -> None:
        """What was begun in place cannot be taken back."""
        if self._is_begun and not self.is_done:
            raise OSError("it was moved in place")
        if self._is_reserved and not self._is_begun and self._handle.size() != self._old_size:
            self._handle.truncate(self._old_size)


def _move(handle: FileHandle, start: int, nbytes: int, distance: int) -> None:
    """Move bytes within a file, in the order that loses none."""
    begins = range(start, start + nbytes, _PIECE_NBYTES)
    for begin in reversed(begins) if distance > 0 else begins:
        piece = handle.read(begin, min(_PIECE_NBYTES, start + nbytes - begin))
        handle.write(begin + distance, piece)
