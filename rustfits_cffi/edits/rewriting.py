"""A stretch of a file replaced by another one: in a new file beside the old one, which is renamed over it."""

from __future__ import annotations

import errno
import os
import warnings
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, TypeAlias

from rustfits_cffi.directory import Directory
from rustfits_cffi.storage.handle import FileHandle
from rustfits_cffi.storage.storage import Storage

__all__ = ["Content", "Copied", "Made", "splice"]

_PIECE_NBYTES = 4 << 20
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


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
    size, end = handle.size(), directory.end
    tail = Copied(stop, min(size, end) - stop)
    padding = b"" if size >= end else directory.padding(len(directory) - 1) * (end - size)
    in_place = _InPlace(handle, start, stop, content, tail)

    def fill(old: Storage, new: Storage) -> None:
        at = 0
        for part in (Copied(0, start), *content, tail, padding):
            at = _write(part, old, new, at)

    def work() -> None:
        try:
            replaced = handle.replace(fill)
        except OSError as error:
            if error.errno not in _NO_ROOM:
                raise
            replaced = False
        if not replaced:
            in_place.run(action)

    handle.change(
        work,
        action=action,
        undo=in_place.undo,
        follow=lambda: directory.reload(renumber),
        unfollow=lambda: directory.reload(lambda number: number),
    )


def _write(part: bytes | Copied | Made, old: Storage, new: Storage, at: int) -> int:
    """Write one part from byte `at` on; where it ends."""
    if isinstance(part, Copied):
        old.copy_to(new, part.start, part.nbytes, at)
        return at + part.nbytes
    if isinstance(part, bytes):
        if part:
            new.write(at, part)
        return at + len(part)
    part.write_to(new, at)
    return at + part.nbytes


class _InPlace:
    """The same where there can be no other file: what follows is moved, last block first."""

    def __init__(self, handle: FileHandle, start: int, stop: int, content: Content, tail: Copied) -> None:
        self._handle, self._start, self._tail, self._content = handle, start, tail, content
        self._nbytes = sum(part.nbytes if not isinstance(part, bytes) else len(part) for part in content)
        self._old_size = handle.size()
        self._shift = start + self._nbytes - stop
        self._begun = False

    def run(self, action: str) -> None:
        """Move the tail, and write the content."""
        handle, tail = self._handle, self._tail
        if any(isinstance(part, Copied) for part in self._content):
            raise OSError(f"{handle.path}: cannot {action}: no file can be made beside it")
        warnings.warn(
            f"{handle.path}: no file can be made beside it, so that {tail.nbytes} bytes are moved in place: if the "
            f"program ends while it is to {action}, the file is damaged",
            stacklevel=7,
        )
        if self._shift > 0:
            _reserve(handle, self._old_size, self._old_size + self._shift)
        self._begun = True
        if self._shift > 0:
            _move(handle, tail.start, tail.nbytes, self._shift)
        at = self._start
        for part in self._content:
            if isinstance(part, bytes):
                handle.write(at, part)
                at += len(part)
            elif not isinstance(part, Copied):
                part.write_to(handle, at)
                at += part.nbytes
        if self._shift < 0:
            _move(handle, tail.start, tail.nbytes, self._shift)
        handle.truncate(tail.start + tail.nbytes + self._shift)

    def undo(self) -> None:
        """What was begun in place cannot be taken back."""
        if self._begun:
            raise OSError("it was moved in place")


def _reserve(handle: FileHandle, start: int, end: int) -> None:
    """Make the file longer, with room on the disk; or raise, with its length as it was."""
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(handle.held().fd, start, end - start)
        else:
            handle.truncate(end)
    except OSError:
        handle.truncate(start)
        raise


def _move(handle: FileHandle, start: int, nbytes: int, distance: int) -> None:
    """Move bytes within a file, in the order that loses none."""
    begins = range(start, start + nbytes, _PIECE_NBYTES)
    for begin in reversed(begins) if distance > 0 else begins:
        piece = handle.read(begin, min(_PIECE_NBYTES, start + nbytes - begin))
        handle.write(begin + distance, piece)
