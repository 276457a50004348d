"""Sources of bytes for kernels: an open file, or pieces of a file in memory."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, Protocol

from rustfits_cffi.errors import raise_for_status
from rustfits_cffi.native._lib import CData, ffi, lib

__all__ = [
    "MemorySource",
    "Source",
    "file_source",
    "nameless_source",
    "new_workspace",
    "opened_source",
    "release_workspace",
]


class Source(Protocol):
    """A source that kernels read from.

    Attributes
    ----------
    path : str
        Name of the file, for messages.
    workspace : cdata
        Scratch of the threads that decode its tiles; C makes it thread-safe.
    """

    path: str
    workspace: CData

    def held(self) -> CData:
        """The ``rf_source``, which stays open while the result is referenced; `OSError` if it is closed."""
        ...


def file_source(fd: int) -> CData:
    """An ``rf_source`` of an open file. It owns the descriptor, which is closed with its last reference."""
    return ffi.gc(ffi.new("rf_source *", {"fd": fd}), lib.rf_source_close)


def new_workspace() -> CData:
    """Scratch of threads that decode, kept from call to call; freed with its last reference."""
    return ffi.gc(lib.rf_workspace_new(), lib.rf_workspace_free)


def release_workspace(workspace: CData) -> None:
    """Free the scratch that a workspace keeps."""
    lib.rf_workspace_clear(workspace)


def opened_source(path: str, flags: int, mode: int = 0o666) -> CData:
    """An ``rf_source`` of a file that is opened here; `OSError` if it cannot be."""
    source = file_source(-1)
    if lib.rf_source_open(source, os.fsencode(path), flags | getattr(os, "O_CLOEXEC", 0), mode):
        number = ffi.errno
        raise OSError(number, os.strerror(number), path)
    return source


def nameless_source(folder: str | None) -> CData:
    """An ``rf_source`` of a new file without a name, in memory or in a folder; `OSError` if it cannot be made."""
    source = file_source(-1)
    status = lib.rf_source_nameless(source, ffi.NULL if folder is None else os.fsencode(folder))
    if status == lib.RF_EIO:
        number = ffi.errno
        raise OSError(number, os.strerror(number), folder)
    raise_for_status(status)
    return source


class MemorySource:
    """Pieces of a file in memory.

    Parameters
    ----------
    pieces : iterable of (int, bytes-like)
        Offset in the file, and the bytes from there on; ascending and disjoint. They are not copied.
    path : str
        Name of the file, for messages.

    Raises
    ------
    ValueError
        If the pieces are not ascending or not disjoint.
    """

    def __init__(self, pieces: Iterable[tuple[int, Any]], path: str = "memory") -> None:
        self.path = path
        self.workspace = new_workspace()
        offsets: list[int] = []
        buffers: list[CData] = []
        for offset, data in pieces:
            if offset < 0 or (offsets and offset < offsets[-1] + len(buffers[-1])):
                raise ValueError("the pieces of a file must be ascending and disjoint")
            buffer = ffi.from_buffer("uint8_t[]", data)
            if len(buffer):
                offsets.append(offset)
                buffers.append(buffer)
        self._kept = (
            ffi.new("int64_t[]", offsets),
            ffi.new("int64_t[]", [len(buffer) for buffer in buffers]),
            ffi.new("uint8_t *[]", buffers),
            buffers,
        )
        self._source = ffi.new("rf_source *", (-1, len(buffers), *self._kept[:3]))

    def held(self) -> CData:
        """The ``rf_source``; the pieces live as long as this object."""
        return self._source
