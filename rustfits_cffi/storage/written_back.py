"""Files that are worked on in a copy without a name, and put back whole: gzipped ones, and file objects.

A copy is put back by `sync` and `close`, if it was changed and no change of it failed midway. One that was never closed
is put back when it is collected.
"""

from __future__ import annotations

import io
import os
import stat
import warnings
import weakref
from collections.abc import Callable
from typing import Any

from rustfits_cffi.errors import FITSError, TaintedError
from rustfits_cffi.storage.descriptor import LentFile, NamedFile, NamelessFile, open_named
from rustfits_cffi.storage.inflating import GZIP_MAGIC, deflate, inflate
from rustfits_cffi.storage.storage import Storage

__all__ = ["CopiedFile", "open_gzipped", "open_object"]

_PIECE_NBYTES = 4 << 20

PutBack = Callable[[Storage, bool], None]


class CopiedFile(NamelessFile):
    """A copy that is put back.

    Parameters
    ----------
    path : str
        How messages name it.
    put_back : callable or None
        ``put_back(copy, durable)`` writes the whole content to where it came from, or raises with the old content
        untouched where that is possible. None: it is only read.
    """

    def __init__(self, path: str, put_back: PutBack | None) -> None:
        super().__init__(path, can_change=put_back is not None)
        self._state = _State(put_back)
        self._is_filling = True  # nobody reads it yet
        self._finalize()

    def _finalize(self) -> None:
        """Have this content put back at the end."""
        self._finalizer = weakref.finalize(self, _put_back_late, self.path, self._source, self._state)

    def write(self, offset: int, data: Any) -> None:
        self._state.is_changed = True
        if self._is_filling and self.leave_memory():
            self._finalizer.detach()
            self._finalize()
        super().write(offset, data)

    def truncate(self, nbytes: int) -> None:
        self._state.is_changed = True
        super().truncate(nbytes)

    def filled(self) -> CopiedFile:
        """The same; what was written so far is its first content."""
        self._state.is_changed = self._is_filling = False
        return self

    def changed(self) -> CopiedFile:
        """The same, to be put back even if nothing else is written."""
        self._state.is_changed, self._is_filling = True, False
        return self

    def successor(self, new: Storage) -> Storage:
        """The new content has the same place to go to."""
        assert isinstance(new, NamelessFile)
        copy = CopiedFile(self.path, self._state.put_back)
        copy._source = new.source()
        copy._finalizer.detach()
        copy._finalize()
        self._finalizer.detach()
        return copy.changed()

    def taint(self) -> None:
        self._state.is_tainted = True

    def sync(self) -> None:
        self._put_back(durable=True)

    def close(self) -> None:
        self._finalizer.detach()
        self._put_back(durable=False)

    def _put_back(self, *, durable: bool) -> None:
        state = self._state
        if state.put_back is None or not state.is_changed:
            return
        if state.is_tainted:
            raise TaintedError(f"{self.path}: a change failed midway, so that it is not written back")
        state.put_back(self, durable)
        state.is_changed = False


class _State:
    """What is known of a copy."""

    def __init__(self, put_back: PutBack | None) -> None:
        self.put_back = put_back
        self.is_changed = self.is_tainted = False


def _put_back_late(path: str, source: Any, state: _State) -> None:
    """Put back a copy that nobody closed."""
    if state.put_back is not None and state.is_changed and not state.is_tainted:
        warnings.warn(f"{path}: it was changed and never closed; it is written back now", ResourceWarning, stacklevel=2)
        copy = NamelessFile(path)
        copy._source = source
        state.put_back(copy, False)


# -- gzipped files ----------------------------------------------------------------------------------------------------


def open_gzipped(path: str, mode: str) -> Storage:
    """A gzipped local file, inflated.

    Raises
    ------
    OSError
        If it cannot be opened in that mode, or is not gzipped, or damaged.
    """
    file = open_named(path, mode)  # "w+" creates or empties it now, so that errors show at once
    if mode == "r":
        return _inflated(file, None).filled()

    def put_back(copy: Storage, durable: bool) -> None:
        nonlocal file
        file.require_there("write it back")
        new = file.replacement()
        if new is None:
            raise FITSError(f"{path}: cannot write it back: no file can be made beside it")
        try:
            deflate(copy, _Appending(new).write)
            file.put_in_place(new, durable=durable)
            successor = file.successor(new)
            assert isinstance(successor, NamedFile)
            file = successor
        finally:
            if not file.is_in_place(new):
                new.close()

    if mode == "w+":
        return CopiedFile(path, put_back).changed()
    return _inflated(file, put_back).filled()


def _inflated(file: Storage, put_back: PutBack | None) -> CopiedFile:
    """The content of a gzipped file."""
    copy = CopiedFile(file.path, put_back)
    position, size = 0, file.size()

    def read(nbytes: int) -> bytes:
        nonlocal position
        piece = bytearray(min(nbytes, size - position))
        file.read_into(position, piece)
        position += len(piece)
        return bytes(piece)

    start = bytearray(min(2, size))
    file.read_into(0, start)
    if start != GZIP_MAGIC:
        raise FITSError(f"{file.path}: not a gzipped file, though it is called .gz")
    inflate(read, copy, file.path)
    return copy


class _Appending:
    """Writes that follow each other."""

    def __init__(self, storage: Storage) -> None:
        self._storage, self._position = storage, 0

    def write(self, data: bytes) -> None:
        self._storage.write(self._position, data)
        self._position += len(data)


# -- file objects -----------------------------------------------------------------------------------------------------


def open_object(file: Any, mode: str) -> Storage:
    """A Python file object: a regular file is used by its descriptor, any other object is read through once.

    Raises
    ------
    OSError
        If it cannot be read, or, unless `mode` is "r", neither sought nor written.
    """
    path = _name_of(file)
    if isinstance(file, io.TextIOBase):
        raise TypeError(f"{path}: the object must be opened in binary mode")
    descriptor = _regular_descriptor(file)
    if descriptor is not None:
        return _of_descriptor(file, descriptor, path, mode)
    if mode == "r":
        return _read_through(file, path, None).filled()
    if not (_can(file, "seekable") and _can(file, "writable")):
        raise OSError(f"{path}: this object cannot be changed: it is not seekable and writable")

    def put_back(copy: Storage, durable: bool) -> None:
        file.seek(0)
        if is_gzipped:
            deflate(copy, file.write)
        else:
            for offset in range(0, copy.size(), _PIECE_NBYTES):
                piece = bytearray(min(_PIECE_NBYTES, copy.size() - offset))
                copy.read_into(offset, piece)
                file.write(bytes(piece))
        file.truncate()
        getattr(file, "flush", lambda: None)()

    is_gzipped = False
    if mode == "w+":
        return CopiedFile(path, put_back).changed()
    file.seek(0)
    is_gzipped = file.read(2) == GZIP_MAGIC
    file.seek(0)
    return _read_through(file, path, put_back).filled()


def _of_descriptor(file: Any, descriptor: int, path: str, mode: str) -> Storage:
    """The regular file that an object has open; the object stays open, and the file has no other name to us."""
    from_flags = os.O_RDONLY if mode == "r" else os.O_RDWR
    getattr(file, "flush", lambda: None)()
    storage = LentFile(path, descriptor, can_change=mode != "r")
    if mode != "r" and not _is_open_for(descriptor, from_flags):
        raise PermissionError(f"{path}: the object was opened for reading only")
    if mode == "w+":
        storage.truncate(0)
    return storage


def _is_open_for(descriptor: int, flags: int) -> bool:
    import fcntl  # not on every system

    return (fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE) == flags


def _regular_descriptor(file: Any) -> int | None:
    """Descriptor of the regular file that an object has open; None if it has none, or one of gzipped content."""
    try:
        descriptor = file.fileno()
        if not stat.S_ISREG(os.fstat(descriptor).st_mode) or "b" not in str(getattr(file, "mode", "rb")):
            return None
        return None if os.pread(descriptor, 2, 0) == GZIP_MAGIC else descriptor
    except (AttributeError, OSError, TypeError, ValueError):
        return None


def _read_through(file: Any, path: str, put_back: PutBack | None) -> CopiedFile:
    """The content of an object from where it stands; from its start if it can be sought."""
    if _can(file, "seekable"):
        file.seek(0)
    copy = CopiedFile(path, put_back)
    start = _read_some(file, 2, path)
    while start and len(start) < 2 and (more := _read_some(file, 2 - len(start), path)):
        start += more
    if start == GZIP_MAGIC:
        pending = [start]
        inflate(lambda nbytes: pending.pop() if pending else _read_some(file, nbytes, path), copy, path)
        return copy
    out = _Appending(copy)
    while start:
        out.write(start)
        start = _read_some(file, _PIECE_NBYTES, path)
    return copy


def _read_some(file: Any, nbytes: int, path: str) -> bytes:
    data = file.read(nbytes)
    if not isinstance(data, bytes | bytearray | memoryview):
        raise TypeError(f"{path}: the object must be opened in binary mode: it gave {type(data).__name__}")
    return bytes(data)


def _can(file: Any, what: str) -> bool:
    """Whether an object says that it is seekable, or writable; one that does not say has the method."""
    ask = getattr(file, what, None)
    return bool(ask()) if ask is not None else hasattr(file, {"seekable": "seek", "writable": "write"}[what])


def _name_of(file: Any) -> str:
    name = getattr(file, "name", None)
    return name if isinstance(name, str) else f"<{type(file).__name__}>"
