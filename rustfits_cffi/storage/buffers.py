"""Bytes in memory that are only read: they are used where they are."""

from __future__ import annotations

from typing import Any

from rustfits_cffi.native._lib import CData
from rustfits_cffi.native.source import MemorySource
from rustfits_cffi.storage.storage import Storage

__all__ = ["BufferStorage"]


class BufferStorage(Storage):
    """Immutable bytes.

    Parameters
    ----------
    path : str
        How messages name them.
    data : bytes
    """

    can_change = False

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self._data = memoryview(data)
        self._memory = MemorySource([(0, data)], path)

    def source(self) -> CData:
        return self._memory.held()

    def size(self) -> int:
        return len(self._data)

    def read_into(self, offset: int, buffer: Any) -> None:
        view = memoryview(buffer).cast("B")
        piece = self._data[offset : offset + len(view)]
        if len(piece) < len(view):
            raise self.ends_early(offset, len(view), len(self._data))
        view[:] = piece

    def close(self) -> None:
        pass
