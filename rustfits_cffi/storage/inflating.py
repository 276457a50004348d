"""Gzipped bytes to a file without a name, and back, in bounded memory."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

from rustfits_cffi.errors import FITSError
from rustfits_cffi.storage.storage import Storage

__all__ = ["GZIP_MAGIC", "deflate", "inflate"]

GZIP_MAGIC = b"\x1f\x8b"
_READ_NBYTES = 1 << 18
_MOST_AT_ONCE = 4 << 20  # of what comes out, whatever little goes in
_GZIP_WBITS = 31
_LEVEL = 6
_ZEROS = bytes(_MOST_AT_ONCE)


def inflate(read: Callable[[int], bytes], target: Storage, path: str) -> None:
    """Write all that a gzip stream of one or more members holds; runs of zeros become holes.

    Parameters
    ----------
    read : callable
        ``read(nbytes)``: the next bytes of the stream, at most that number; empty at its end.
    target : Storage
        Empty.
    path : str
        Name of the stream, for messages.

    Raises
    ------
    OSError
        If the stream is damaged or ends too early.
    """
    position, data, nmembers = 0, b"", 0
    while True:
        data = data or read(_READ_NBYTES)
        if nmembers and not data.strip(b"\0"):
            if not data:
                break
            data = b""  # zeros may follow the last member
            continue
        member = zlib.decompressobj(_GZIP_WBITS)
        while not member.eof:
            try:
                piece = member.decompress(data, _MOST_AT_ONCE)
            except zlib.error as error:
                raise FITSError(f"{path}: damaged gzip content: {error}") from None
            data = member.unconsumed_tail
            position = _put(target, position, piece)
            if not member.eof and not data and not piece:
                data = read(_READ_NBYTES)
                if not data:
                    raise FITSError(f"{path}: truncated: its gzip content ends too early")
        data = member.unused_data
        nmembers += 1
    target.truncate(position)


def _put(target: Storage, position: int, piece: bytes) -> int:
    """Write a piece, unless it is zeros; where it ends."""
    if piece and piece != _ZEROS[: len(piece)]:
        target.write(position, piece)
    return position + len(piece)


def deflate(source: Storage, write: Callable[[bytes], Any]) -> None:
    """Compress all of a storage into one gzip member."""
    coder = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_WBITS)
    size = source.size()
    for offset in range(0, size, _MOST_AT_ONCE):
        piece = bytearray(min(_MOST_AT_ONCE, size - offset))
        source.read_into(offset, piece)
        write(coder.compress(piece))
    write(coder.flush())
