"""A part of a file that nobody sees yet, written from its start."""

from __future__ import annotations

from typing import Any, Protocol

from rustfits_cffi.format.structure import pad_to_block

__all__ = ["FIRST_NBYTES", "Region", "Writable"]

FIRST_NBYTES = 8  # of an HDU, written last: without them it is nothing that a reader looks at
_PIECE_NBYTES = 4 << 20


class Writable(Protocol):
    """What bytes can be written into: a region, a handle or a storage."""

    def write(self, offset: int, data: Any) -> None: ...


class File(Writable, Protocol):
    """What a region lies in: a handle or a storage."""

    def read_into(self, offset: int, buffer: Any) -> None: ...
    def truncate(self, nbytes: int) -> None: ...


class Region:
    """Bytes of a file from `start` on; offsets count from there.

    Parameters
    ----------
    file : FileHandle or Storage
    start : int
        Byte of the file.
    hidden : bool
        Keep the first eight bytes back until `publish`.
    """

    def __init__(self, file: File, start: int, *, hidden: bool = False) -> None:
        self._file = file
        self._start = start
        self._first: bytes | None = b"" if hidden else None
        self.nbytes = 0

    def write(self, offset: int, data: Any) -> None:
        """Write `data` from byte `offset` on."""
        if self._first is not None and offset == 0:
            self._first = bytes(memoryview(data).cast("B")[:FIRST_NBYTES])
            offset, data = FIRST_NBYTES, memoryview(data).cast("B")[FIRST_NBYTES:]
        nbytes = memoryview(data).nbytes
        if nbytes:
            self._file.write(self._start + offset, data)
        self.nbytes = max(self.nbytes, offset + nbytes)

    def extend(self, nbytes: int) -> None:
        """Make the region `nbytes` long, with zeros."""
        if nbytes > self.nbytes:
            self._file.truncate(self._start + nbytes)
            self.nbytes = nbytes

    def move(self, offset: int, nbytes: int, distance: int) -> None:
        """Move bytes back by `distance`, the last ones first."""
        for end in range(offset + nbytes, offset, -_PIECE_NBYTES):
            begin = max(offset, end - _PIECE_NBYTES)
            piece = bytearray(end - begin)
            self._file.read_into(self._start + begin, piece)
            self.write(begin + distance, piece)

    def pad(self, fill: bytes = b"\0") -> None:
        """Fill the last block up."""
        missing = pad_to_block(self.nbytes) - self.nbytes
        if missing:
            self.write(self.nbytes, fill * missing)

    def publish(self) -> None:
        """Write the eight bytes that were kept back: the switch."""
        if self._first:
            self._file.write(self._start, self._first)

