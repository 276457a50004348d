"""What every storage can do.

A storage answers for all its writes: one that returns has written every byte, one that raises has said why, with the
`errno` of the operating system. `FileHandle` puts a lock and the rules of changing in front of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from rustfits_cffi.errors import TruncatedError
from rustfits_cffi.native._lib import CData

__all__ = ["Storage"]


class Storage(ABC):
    """The bytes of one file.

    Attributes
    ----------
    path : str
        How messages name it.
    can_change : bool
        Whether it can be written.
    is_torn : bool
        Whether a new content was put in its place only in part, and the old one could not be put back.
    """

    path: str
    can_change: bool
    is_torn: bool = False

    @abstractmethod
    def source(self) -> CData:
        """The ``rf_source`` that kernels read from; it stays open while it is referenced, also after `close`."""

    @abstractmethod
    def size(self) -> int:
        """Bytes in the file now."""

    @abstractmethod
    def read_into(self, offset: int, buffer: Any) -> None:
        """Fill `buffer` (writable, contiguous) from byte `offset` on.

        Raises
        ------
        TruncatedError
            If the file ends first.
        """

    def write(self, offset: int, data: Any) -> None:
        """Write all of `data` (contiguous) from byte `offset` on; `OSError` if that cannot be done."""
        raise self.refusal()

    def truncate(self, nbytes: int) -> None:
        """Make the file `nbytes` long; bytes that are added are zero."""
        raise self.refusal()

    def reserve(self, start: int, nbytes: int) -> None:
        """Make the file at least `nbytes` long, with space on its disk from byte `start` on.

        Bytes that are added are zero, others stay as they are.

        Raises
        ------
        OSError
            If there is not enough space; the file is then as long as before.
        """
        size = self.size()
        try:
            for begin in range(size, nbytes, _PIECE_NBYTES):
                self.write(begin, bytes(min(_PIECE_NBYTES, nbytes - begin)))
        except BaseException:
            self.truncate(size)
            raise

    def copy_to(self, other: Storage, offset: int, nbytes: int, to: int) -> None:
        """Copy bytes into another storage, in bounded memory."""
        for done in range(0, nbytes, _PIECE_NBYTES):
            piece = bytearray(min(_PIECE_NBYTES, nbytes - done))
            self.read_into(offset + done, piece)
            other.write(to + done, piece)

    def settle(self) -> None:
        """Have what was written so far on the disk before anything that is written later."""

    def sync(self) -> None:
        """Have everything where it belongs, and on its disk."""

    def taint(self) -> None:
        """A change failed midway and could not be undone: what is written back elsewhere must not be."""

    def require_there(self, action: str) -> None:
        """Raise `OSError` if the file can no longer be reached by its name, so that a change would be lost."""

    def replacement(self) -> Storage | None:
        """A new, empty storage that can take the place of this one; None if there can be none.

        `close` of it drops it, unless it has taken that place.
        """
        return None

    def put_in_place(self, new: Storage, *, durable: bool) -> None:
        """Let the replacement take the place of this storage, in one step where there is one.

        Raises
        ------
        OSError
            If that cannot be done, or if the name leads to another file now.
        """
        raise self.refusal()

    def is_in_place(self, new: Storage) -> bool:
        """Whether that step has been made: it may have been interrupted."""
        return False

    def successor(self, new: Storage) -> Storage:
        """What to use instead of this storage once the replacement is in its place."""
        return new

    @abstractmethod
    def close(self) -> None:
        """Give it up; what must be written back is written back first."""

    def refusal(self) -> OSError:
        """What to raise where it cannot be changed."""
        return PermissionError(f"{self.path}: it can only be read")

    def ends_early(self, offset: int, nbytes: int, end: int) -> TruncatedError:
        """What to raise where the file ends before the bytes that are wanted."""
        wanted = f"bytes {offset} to {offset + nbytes} wanted"
        return TruncatedError(f"{self.path}: truncated: {wanted}, the file ends at {end}")


_PIECE_NBYTES = 8 << 20
