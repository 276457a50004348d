"""What a user names, and the storage of it: the only place that picks the class."""

from __future__ import annotations

import os
import re
from typing import Any

from rustfits_cffi.storage.buffers import BufferStorage
from rustfits_cffi.storage.descriptor import NamelessFile, open_named
from rustfits_cffi.storage.inflating import GZIP_MAGIC
from rustfits_cffi.storage.storage import Storage
from rustfits_cffi.storage.written_back import open_gzipped, open_object

__all__ = ["MODES", "open_bytes", "open_storage", "path_text"]

MODES = ("r", "r+", "w+")
_IN_MEMORY = ("mem://", "memkeep://")
_FAR = re.compile(r"(https?|ftps?)://", re.IGNORECASE)
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


def open_storage(filename: Any, mode: str) -> Storage:
    """Open what a user names.

    Parameters
    ----------
    filename : str, path of str, or file object
        A local path, taken literally; a ``file://`` URL; ``mem://`` or ``memkeep://``; an object with ``read``, or one
        with ``open`` such as those of pathlib. Gzipped content is known by its first bytes.
    mode : {"r", "r+", "w+"}

    Raises
    ------
    TypeError
        If `filename` is nothing of these, or `mode` is not a string.
    ValueError
        For a ``file://`` URL of another host, or of no path.
    OSError
        If it cannot be opened in that mode.
    NotImplementedError
        For other URLs.
    """
    if not isinstance(mode, str):
        raise TypeError(f"mode must be str, not {type(mode).__name__}")
    if mode not in MODES:
        raise OSError(f"mode {mode!r} is not supported: use one of 'r', 'r+', 'w+'")
    if not isinstance(filename, str | os.PathLike) and not isinstance(filename, bytes):
        if hasattr(filename, "read"):
            return open_object(filename, mode)
        if hasattr(filename, "open"):
            return open_object(filename.open({"r": "rb", "r+": "r+b", "w+": "w+b"}[mode]), mode)
    path = path_text(filename)
    if path in _IN_MEMORY:
        return NamelessFile(path)
    if _FAR.match(path):
        if mode != "r":
            raise OSError(f"{path}: URLs are read-only")
        raise NotImplementedError(f"{path}: only local files can be opened yet")
    if path[:7].lower() == "file://":
        path = local_path(path)
    return _open_local(path, mode)


def open_bytes(data: Any, mode: str) -> Storage:
    """Bytes in memory: immutable ones that are only read are used where they are, others copied.

    Raises
    ------
    TypeError
        If it has no bytes.
    """
    if mode == "r" and isinstance(data, bytes):
        return BufferStorage("mem://", data)
    copy = NamelessFile("mem://", expected_nbytes=memoryview(data).nbytes)
    if memoryview(data).nbytes:
        copy.write(0, memoryview(data).cast("B"))
    return copy


def path_text(path: Any) -> str:
    """The text of a file name; `TypeError` if it is not one, or one of bytes."""
    text = os.fspath(path) if isinstance(path, str | os.PathLike) else None
    if not isinstance(text, str):
        raise TypeError(f"filename must be str or a path of str, not {type(path).__name__}")
    return text


def local_path(url: str) -> str:
    """The path that a ``file://`` URL means.

    Raises
    ------
    ValueError
        For another host, no path, or a percent-escape that is not one of UTF-8.
    """
    host, slash, rest = url[7:].partition("/")
    if host.lower() not in ("", "localhost"):
        raise ValueError(f"{url}: a file:// URL names a file of this machine, not of the host {host!r}")
    if not slash or not rest:
        raise ValueError(f"{url}: a file:// URL with no path")
    if _BAD_ESCAPE.search(rest):
        raise ValueError(f"{url}: a percent-escape has two hexadecimal digits")
    raw = re.sub(rb"%([0-9A-Fa-f]{2})", lambda match: bytes([int(match[1], 16)]), rest.encode())
    try:
        return "/" + raw.decode()
    except UnicodeDecodeError:
        raise ValueError(f"{url}: a percent-escape does not give UTF-8 text") from None


def _open_local(path: str, mode: str) -> Storage:
    if path.lower().endswith(".gz"):
        return open_gzipped(path, mode)
    file = open_named(path, mode)
    if mode != "w+" and file.size() >= 2:
        start = bytearray(2)
        file.read_into(0, start)
        if start == GZIP_MAGIC:
            return open_gzipped(path, mode)
    return file
