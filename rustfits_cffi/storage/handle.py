"""One open file: positioned reads for everybody, and the door that every change goes through.

Whatever changes a file does it in `FileHandle.change`, by `write`, `truncate` and `replace`. A change has a step, the
switch, that makes it visible. What fails before the switch is undone, and the handle goes on; only what fails in
undoing taints the handle, which then refuses all further work. The rules are on the first page of `edits`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from rustfits_cffi import threads
from rustfits_cffi.errors import ClosedError, FITSError, FITSReadOnlyError, TaintedError
from rustfits_cffi.native._lib import CData
from rustfits_cffi.native.source import new_workspace, release_workspace
from rustfits_cffi.storage.storage import Storage

Result = TypeVar("Result")


class FileHandle:
    """An open file.

    Parameters
    ----------
    storage : Storage
        Where its bytes are.
    mode : {"r", "r+", "w+"}
        Read; read and change; new.
    durable : bool
        What a switch makes visible is put on the disk before the switch.

    Attributes
    ----------
    path : str
        Its name, for messages.
    writable : bool
        Whether it may be changed.
    lock : RLock
        Held during each change, and during each read of a file that may change.
    workspace : cdata
        Scratch of the threads that decode its tiles; C guards it.
    """

    def __init__(self, storage: Storage, mode: str, *, durable: bool = False) -> None:
        self.path = storage.path
        self.mode = mode
        self.writable = storage.can_change and mode != "r"
        self.lock = threading.RLock()
        self.workspace = new_workspace()
        self._storage: Storage | None = storage
        self._durable = durable
        self._tainted = False
        self._original: Storage | None = None  # while an atomic change goes to a copy of it
        self._seen_size = storage.size()
        self._is_changing = False
        threads.survives_fork(self)

    def renew_in_child(self) -> None:
        """Free the lock; a handle that another thread was just changing refuses further work in the child."""
        self.lock = threading.RLock()
        self._tainted = self._tainted or self._is_changing

    # -- life ---------------------------------------------------------------------------------------------------------

    def __getstate__(self) -> object:
        """Refuse to be pickled or copied, and with it everything that belongs to an open file."""
        raise TypeError(f"{self.path}: an open file can neither be pickled nor copied; open it again by its name")

    @property
    def closed(self) -> bool:
        """Whether `close` has been called."""
        return self._storage is None

    def close(self) -> None:
        """Close; a second call does nothing. Readers at work finish first."""
        with self.lock:
            storage = self._storage
            if storage is not None:
                self._storage = self._original = None
                release_workspace(self.workspace)
                storage.close()

    def sync(self) -> None:
        """Have the file on its disk."""
        with self.lock:
            if self._storage is not None:
                self._storage.sync()

    def taint(self) -> None:
        """Refuse all further work on this handle: file and memory may disagree."""
        self._tainted = True
        if self._storage is not None:
            self._storage.taint()

    @property
    def is_tainted(self) -> bool:
        """Whether a change could not be undone."""
        return self._tainted

    # -- reading ------------------------------------------------------------------------------------------------------

    def held(self) -> CData:
        """The ``rf_source``, which stays open while the result is referenced; ``held().fd`` is its descriptor."""
        storage = self._storage
        if storage is None or self._tainted:
            self.require_usable()
        return storage.source()  # type: ignore[union-attr]  # None was refused in the line above

    def size(self) -> int:
        """Bytes in the file now."""
        return self._open().size()

    def read(self, offset: int, nbytes: int) -> bytearray:
        """`nbytes` bytes from byte `offset` on; `TruncatedError` if the file ends before them."""
        storage = self._open()
        end = storage.size()
        if offset + nbytes > end:
            raise storage.ends_early(offset, nbytes, end)
        buffer = bytearray(nbytes)
        storage.read_into(offset, buffer)
        return buffer

    def read_into(self, offset: int, buffer: Any) -> None:
        """Fill `buffer` (writable, contiguous) with the bytes from `offset` on."""
        self.require_usable()
        self._open().read_into(offset, buffer)

    # -- changing -----------------------------------------------------------------------------------------------------

    # The work is a function, not the body of a `with`: an interrupt between two steps of a `with` statement would leave
    # a change neither finished nor taken back.

    def change(
        self,
        work: Callable[[], Result],
        *,
        action: str,
        undo: Callable[[], object],
        follow: Callable[[], object] = lambda: None,
        unfollow: Callable[[], object] = lambda: None,
    ) -> Result:
        """Change the file by `work`, then bring memory up to date by `follow`; all of it or nothing.

        Parameters
        ----------
        work : callable
            Writes; what it returns is returned.
        action : str
            What is being done, for messages.
        undo : callable
            Puts the file back as it was, wherever `work` or `follow` stopped; where the switch was made and cannot be
            taken back, does nothing.
        follow, unfollow : callable
            Bring memory up to date after `work`; and after `undo`. The handle is tainted if `undo` or `unfollow` fails.

        Raises
        ------
        OSError
            If the file may not or can no longer be changed; nothing has been done then. Or whatever `work` raises.
        """
        with self.lock:
            self.require_writable(action)
            self._require_unchanged(action)
            self._open().require_there(action)
            try:
                self._is_changing = True
                result = work()
                follow()
                self._seen_size = self.size()
                return result
            except BaseException:
                self._take_back(undo, unfollow)
                raise
            finally:
                self._is_changing = False

    def _take_back(self, undo: Callable[[], object], unfollow: Callable[[], object]) -> None:
        try:
            undo()
            self._seen_size = self.size()
            unfollow()
        except BaseException:
            self.taint()  # the first error is the one to tell

    def write(self, offset: int, data: Any) -> None:
        """Write all of `data` from byte `offset` on."""
        self._open().write(offset, data)

    def truncate(self, nbytes: int) -> None:
        """Make the file `nbytes` long."""
        self._open().truncate(nbytes)

    def reserve(self, start: int, nbytes: int) -> None:
        """Make the file at least `nbytes` long, with space on its disk from `start` on; or raise, as long as it was."""
        self._open().reserve(start, nbytes)

    def settle(self) -> None:
        """Before a switch: have what it will make visible on the disk, if the handle is durable."""
        if self._durable:
            self._open().settle()

    def replace(self, fill: Callable[[Storage, Storage], object]) -> bool:
        """Put a new content in the place of the old one, in one step.

        Parameters
        ----------
        fill : callable
            ``fill(old, new)`` writes the whole new content.

        Returns
        -------
        bool
            False if the storage cannot be replaced; nothing has been done then.
        """
        old = self._open()
        new = old.replacement()
        if new is None:
            return False
        try:
            fill(old, new)
            old.put_in_place(new, durable=self._durable)
            self._storage = old.successor(new)
        except BaseException:
            if not old.is_in_place(new):
                new.close()
            elif self._storage is old:
                self._storage = old.successor(new)
            if old.is_torn:
                self.taint()
            raise
        return True

    def begin_atomic(self, action: str) -> None:
        """Let all changes go to a copy of the file, until `end_atomic` or `drop_atomic`.

        Raises
        ------
        OSError
            If no file can be made beside this one.
        """
        self.require_writable(action)
        self._require_unchanged(action)
        old = self._open()
        old.require_there(action)
        new = old.replacement()
        if new is None:
            raise FITSError(f"{self.path}: cannot {action}: no file can be made beside it")
        try:
            old.copy_to(new, 0, old.size(), 0)
            self._original, self._storage = old, new
        except BaseException:
            self._original, self._storage = None, old
            new.close()
            raise

    def end_atomic(self) -> None:
        """Put the copy in the place of the file.

        Raises
        ------
        OSError
            If that cannot be done, or a change of the copy failed midway; `drop_atomic` must follow.
        """
        self.require_usable()
        old, new = self._original, self._open()
        assert old is not None
        try:
            old.put_in_place(new, durable=self._durable)
            self._end_atomic(old.successor(new))
        except BaseException:
            if old.is_in_place(new):
                self._end_atomic(old.successor(new))
            raise

    def drop_atomic(self) -> bool:
        """Go back to the file as it was at `begin_atomic`; False if there is nothing to go back to."""
        old, new = self._original, self._storage
        if old is None or new is None:
            return False
        self._tainted = old.is_torn
        self._end_atomic(old)
        new.close()
        return True

    def _end_atomic(self, storage: Storage) -> None:
        self._storage, self._original = storage, None
        self._seen_size = storage.size()

    @property
    def is_atomic(self) -> bool:
        """Whether changes go to a copy of the file."""
        return self._original is not None

    def require_writable(self, action: str) -> None:
        """Raise `OSError` unless the file may be changed, before anything is touched."""
        self.require_usable()
        if not self.writable:
            raise FITSReadOnlyError(f"{self.path}: opened read-only (mode 'r'): cannot {action}")

    def require_usable(self) -> None:
        """Raise `OSError` if the file is closed, or a change of it failed midway."""
        self._open()
        self.require_untainted()

    def require_untainted(self) -> None:
        """Raise `TaintedError` if a change could not be undone; a closed file passes."""
        if self._tainted:
            raise TaintedError(f"{self.path}: a change failed midway, the file is in an indeterminate state: reopen it")

    # -- inside -------------------------------------------------------------------------------------------------------

    def _open(self) -> Storage:
        storage = self._storage
        if storage is None:
            raise ClosedError(f"{self.path}: the file is closed")
        return storage

    def _require_unchanged(self, action: str) -> None:
        """Refuse to change a file that another handle or program has made longer or shorter: its end is not known."""
        size = self.size()
        if size != self._seen_size:
            raise FITSError(
                f"{self.path}: cannot {action}: the file has {size} bytes now and had {self._seen_size} when it was "
                "last used here: something else has changed it; open it again"
            )
