"""Files of the operating system: those with a name, and those without one."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Callable
from typing import Any

from rustfits_cffi.errors import FITSError
from rustfits_cffi.native._lib import CData
from rustfits_cffi.native.source import file_source, nameless_source, opened_source
from rustfits_cffi.native.temporary import TemporaryName
from rustfits_cffi.storage.storage import Storage

__all__ = ["DescriptorStorage", "LentFile", "NamedFile", "NamelessFile", "Replacement", "open_named"]

_AT_ONCE = 1 << 30  # what the system takes in one call, and copies in one
_CANNOT_RESERVE = (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)  # file systems without it
_MODES = {"r": os.O_RDONLY, "r+": os.O_RDWR, "w+": os.O_RDWR | os.O_CREAT}


class DescriptorStorage(Storage):
    """An open file descriptor, which is closed with the last reference to its source.

    Parameters
    ----------
    path : str
        How messages name it.
    source : cdata
        The ``rf_source`` that owns the descriptor.
    can_change : bool
    """

    def __init__(self, path: str, source: CData, *, can_change: bool) -> None:
        self.path = path
        self.can_change = can_change
        self._source = source

    def source(self) -> CData:
        return self._source

    def size(self) -> int:
        return os.fstat(self._source.fd).st_size

    def read_into(self, offset: int, buffer: Any) -> None:
        view = memoryview(buffer).cast("B")
        done, wanted = 0, len(view)
        while done < wanted:
            got = os.preadv(self._source.fd, [view[done:]], offset + done)
            if got == 0:
                raise self.ends_early(offset, wanted, offset + done)
            done += got

    def write(self, offset: int, data: Any) -> None:
        view = memoryview(data).cast("B")
        done = 0
        while done < len(view):
            try:
                done += os.pwrite(self._source.fd, view[done : done + _AT_ONCE], offset + done)
            except OSError as error:
                raise FITSError(error.errno, error.strerror, self.path) from None

    def truncate(self, nbytes: int) -> None:
        try:
            os.ftruncate(self._source.fd, nbytes)
        except OSError as error:
            raise FITSError(error.errno, error.strerror, self.path) from None

    def reserve(self, start: int, nbytes: int) -> None:
        size = self.size()
        try:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(self._source.fd, start, nbytes - start)  # also in holes of the file
        except OSError as error:
            self.truncate(size)
            if error.errno not in _CANNOT_RESERVE:
                raise FITSError(error.errno, error.strerror, self.path) from None
        super().reserve(start, nbytes)  # by hand, where the system cannot

    def copy_to(self, other: Storage, offset: int, nbytes: int, to: int) -> None:
        done = 0
        if isinstance(other, DescriptorStorage) and hasattr(os, "copy_file_range"):
            # file systems that share blocks copy nothing
            done = _copy_range(self._source.fd, other._source.fd, offset, nbytes, to)
        super().copy_to(other, offset + done, nbytes - done, to + done)

    def is_at(self, name: str) -> bool:
        """Whether a name leads to this file."""
        try:
            return os.path.samestat(os.stat(name), os.fstat(self._source.fd))
        except FileNotFoundError:
            return False

    def settle(self) -> None:
        self._put_on_disk(getattr(os, "fdatasync", os.fsync))

    def sync(self) -> None:
        self._put_on_disk(os.fsync)

    def _put_on_disk(self, how: Callable[[int], None]) -> None:
        try:
            how(self._source.fd)
        except OSError as error:
            raise FITSError(error.errno, error.strerror, self.path) from None

    def close(self) -> None:
        pass  # with the last reference to the source


class NamedFile(DescriptorStorage):
    """A local file with a name.

    Parameters
    ----------
    path : str
        As the user gave it.
    source : cdata
    can_change : bool
    absolute : str, optional
        Its absolute name, of which no part is a link.
    """

    def __init__(self, path: str, source: CData, *, can_change: bool, absolute: str | None = None) -> None:
        super().__init__(path, source, can_change=can_change)
        self._absolute = absolute or os.path.realpath(path)  # the current folder may change, and links stay links

    def require_there(self, action: str) -> None:
        if not self.is_at(self._absolute):
            raise FITSError(
                f"{self.path}: cannot {action}: the file was moved, removed or replaced since it was opened; reopen it"
            )

    def replacement(self) -> Storage | None:
        """A new file in the same folder, with the mode and, where the system lets us, the owner of this one."""
        status = os.fstat(self._source.fd)
        if status.st_nlink > 1:
            return None  # its other names would keep the old content
        new = Replacement(self.path, self._absolute)
        try:
            new.open()
            new.take_owner_and_mode(status)
        except OSError:
            new.close()
            return None  # a folder that may not be written, or a file of another owner, which must stay
        return new

    def put_in_place(self, new: Storage, *, durable: bool) -> None:
        assert isinstance(new, Replacement)
        if durable:
            new.sync()
        self.require_there("change it")  # filling the new file took a while
        os.replace(new.name, self._absolute)
        if durable:
            _sync_folder(os.path.dirname(self._absolute))

    def is_in_place(self, new: Storage) -> bool:
        return isinstance(new, DescriptorStorage) and new.is_at(self._absolute)

    def successor(self, new: Storage) -> Storage:
        return NamedFile(self.path, new.source(), can_change=True, absolute=self._absolute)


class Replacement(NamedFile):
    """A new file beside another one, under a temporary name. The name goes with this object, unless it was used.

    Parameters
    ----------
    path : str
        How messages name it.
    beside : str
        Absolute name of the other file.
    """

    def __init__(self, path: str, beside: str) -> None:
        self._temporary = TemporaryName(beside)
        super().__init__(path, file_source(-1), can_change=True, absolute=self.name)

    @property
    def name(self) -> str:
        """The temporary name."""
        return self._temporary.name

    def open(self) -> None:
        """Create the file."""
        self._source = opened_source(self.name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)

    def take_owner_and_mode(self, status: os.stat_result) -> None:
        """Give it the owner and the mode of the other file."""
        mine = os.fstat(self._source.fd)
        if (mine.st_uid, mine.st_gid) != (status.st_uid, status.st_gid):
            os.fchown(self._source.fd, status.st_uid, status.st_gid)
        os.fchmod(self._source.fd, stat.S_IMODE(status.st_mode))

    def successor(self, new: Storage) -> Storage:
        """A replacement of this replacement has its name now."""
        assert isinstance(new, Replacement)
        new._temporary.take_over(self._temporary)
        new._absolute = new.name
        return new

    def close(self) -> None:
        self._temporary.remove()


class NamelessFile(DescriptorStorage):
    """A file that no name leads to: what was made in memory, inflated or downloaded.

    Parameters
    ----------
    path : str
        How messages name it.
    expected_nbytes : int
        Small ones are in memory, others in a temporary file.
    """

    def __init__(self, path: str, *, expected_nbytes: int = 0, can_change: bool = True) -> None:
        self._is_in_memory = expected_nbytes <= _MOST_IN_MEMORY
        folder = None if self._is_in_memory else tempfile.gettempdir()
        super().__init__(path, nameless_source(folder), can_change=can_change)

    def leave_memory(self) -> bool:
        """Move to a temporary file if it is in memory and holds much; whether it moved. No reader may hold its source.

        Holes stay holes.
        """
        old = self._source.fd
        if not self._is_in_memory or os.fstat(old).st_blocks * _STAT_BLOCK_NBYTES <= _MOST_IN_MEMORY:
            return False
        new, size = DescriptorStorage(self.path, nameless_source(tempfile.gettempdir()), can_change=True), self.size()
        new.truncate(size)
        begin = 0
        while begin < size:
            try:
                begin = os.lseek(old, begin, os.SEEK_DATA)
            except OSError as error:
                if error.errno != errno.ENXIO:
                    raise
                break  # only a hole follows
            end = os.lseek(old, begin, os.SEEK_HOLE)
            self.copy_to(new, begin, end - begin, begin)
            begin = end
        self._source, self._is_in_memory = new.source(), False
        return True

    def replacement(self) -> Storage | None:
        return NamelessFile(self.path, expected_nbytes=self.size())

    def put_in_place(self, new: Storage, *, durable: bool) -> None:
        pass  # nobody else sees the old one


class LentFile(DescriptorStorage):
    """The regular file of a Python file object, whose name, if it has one, is not ours to give to another file.

    A new content is therefore written over the old one. What fails on the way is taken back; a program that is killed
    then leaves a mix of both.

    Parameters
    ----------
    path : str
        How messages name it.
    descriptor : int
        Of the file object; it is duplicated.
    can_change : bool
    """

    def __init__(self, path: str, descriptor: int, *, can_change: bool) -> None:
        super().__init__(path, file_source(os.dup(descriptor)), can_change=can_change)

    def replacement(self) -> Storage | None:
        return NamelessFile(self.path, expected_nbytes=self.size())

    def put_in_place(self, new: Storage, *, durable: bool) -> None:
        size = self.size()
        old = NamelessFile(self.path, expected_nbytes=size)
        self.copy_to(old, 0, size, 0)
        self.reserve(0, max(size, new.size()))
        try:
            new.copy_to(self, 0, new.size(), 0)
            self.truncate(new.size())
        except BaseException:
            self._restore(old)
            raise
        if durable:
            self.sync()

    def _restore(self, old: Storage) -> None:
        self.is_torn = True
        old.copy_to(self, 0, old.size(), 0)
        self.truncate(old.size())
        self.is_torn = False

    def successor(self, new: Storage) -> Storage:
        return LentFile(self.path, self._source.fd, can_change=True)


def open_named(path: str, mode: str) -> NamedFile:
    """Open a local file.

    Raises
    ------
    OSError
        If it cannot be opened in that mode, or is not a regular file.
    """
    # Without O_NONBLOCK a pipe by that name would wait for its other end. A file is emptied once it is known to be one.
    source = opened_source(path, _MODES[mode] | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(source.fd).st_mode):
        raise OSError(f"{path}: not a regular file")
    if mode == "w+":
        os.ftruncate(source.fd, 0)
    return NamedFile(path, source, can_change=mode != "r")


_MOST_IN_MEMORY = 256 << 20
_STAT_BLOCK_NBYTES = 512


def _copy_range(source: int, target: int, offset: int, nbytes: int, to: int) -> int:
    """Bytes that the system copied by itself; fewer than asked where it cannot."""
    done = 0
    try:
        while done < nbytes:
            got = os.copy_file_range(source, target, min(nbytes - done, _AT_ONCE), offset + done, to + done)
            if got == 0:
                break
            done += got
    except OSError:
        pass  # another file system, or a full disk: the copy by hand will tell
    return done


def _sync_folder(folder: str) -> None:
    """Have the names in a folder on the disk."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
