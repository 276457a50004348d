"""A file that cfitsio reads or makes: the input and the output of `pack` and `unpack`, and the files of `reference`.

The file of a user that is to be changed never comes here (see `storage/` and `edits/`): an output is a new file, which
gets its name when it is whole. cfitsio is asked through `CfitsioFile.call`, which holds the file's lock, moves to the
HDU and turns a status into an exception.

Kernels read and write beside cfitsio, with positioned reads and writes of `held()`, after its buffers are flushed.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from rustfits_cffi.errors import (
    ClosedError,
    FITSError,
    FITSReadOnlyError,
    TaintedError,
    TruncatedError,
    error_of_status,
    raise_for_status,
)
from rustfits_cffi.native._lib import CData, ffi, lib
from rustfits_cffi.native.source import file_source

Result = TypeVar("Result")

READONLY, READWRITE = 0, 1
_PROBE_NBYTES = 1 << 20
MODES = ("r", "r+", "w+")


class CfitsioFile:
    """An open local file.

    Parameters
    ----------
    path : str
        File to open.
    mode : {"r", "r+", "w+"}
        Read; read and change; create or truncate.

    Raises
    ------
    OSError
        If the file cannot be opened in that mode, or `mode` is another string.

    Notes
    -----
    The handle may be used from several threads: `lock` is held during each change and each look at where HDUs are.
    """

    def __init__(self, path: str, mode: str):
        if mode not in MODES:
            raise OSError(f"mode {mode!r} is not supported: use one of 'r', 'r+', 'w+'")
        self.path = path
        # cfitsio opens the file later, from another folder perhaps, and takes "~" for a home
        self._absolute = os.path.realpath(path)
        self.mode = mode
        self.writable = mode != "r"
        self.lock = threading.RLock()
        # Where cfitsio puts its handle: not even an interrupt right after the call can lose what stands here.
        self._place = ffi.gc(ffi.new("fitsfile **"), lib.rf_handle_abandon)
        self._tainted = False
        self._file = self._open(truncate=mode == "w+")
        # Scratch of the threads that decode its tiles; C guards it.
        self.workspace = ffi.gc(lib.rf_workspace_new(), lib.rf_workspace_free)

    # -- life ---------------------------------------------------------------------------------------------------------

    def __getstate__(self) -> object:
        """Refuse to be pickled or copied, and with it everything that belongs to an open file."""
        raise TypeError(f"{self.path}: an open file can neither be pickled nor copied; open it again by its name")

    @property
    def closed(self) -> bool:
        """Whether `close` has been called."""
        return self._file is None

    def taint(self) -> None:
        """Refuse all further work on this handle: a change failed midway, so file and memory may disagree."""
        self._tainted = True

    def close(self) -> None:
        """Flush and close; a second call does nothing."""
        with self.lock:
            if self.closed:
                return
            file, self._file = self._file, None  # closed when the last reader lets it go
            lib.rf_workspace_clear(self.workspace)
            nbytes = self._place[0].Fptr.logfilesize if self._place[0] and self.writable else 0
            self._close_fitsfile()
            if os.fstat(file.fd).st_size < nbytes:  # cfitsio ignores what the last flush of its buffers reports
                self._raise_for_system(file.fd)
                raise error_of_status(lib.WRITE_ERROR, f"{self.path}: cannot write all of it")

    def sync(self) -> None:
        """Ask the operating system to put the file on its disk."""
        with self.lock:
            if not self.closed:
                os.fsync(self._file.fd)

    def size(self) -> int:
        """Bytes in the file now."""
        self._require_open()
        return os.fstat(self._file.fd).st_size

    # -- reading ------------------------------------------------------------------------------------------------------

    def held(self) -> CData:
        """The open file as kernels read it, closed only with its last reference; ``held().fd`` is its descriptor.

        It is for positioned reads, and for writes into a data unit whose buffers cfitsio has dropped. A reader of a
        file that may change also holds its `lock`, so that the bytes are not moved in the meantime; readers of a file
        that cannot change do not exclude each other.
        """
        file = self._file
        if file is None or self._tainted:
            self.require_usable()
        return file

    def read(self, offset: int, nbytes: int) -> bytearray:
        """`nbytes` bytes of the file from byte `offset` on; `FITSError` if the file ends before them."""
        end = self.size()
        if offset + nbytes > end:
            raise self._ends_early(offset, nbytes, end)
        buffer = bytearray(nbytes)
        self.read_into(offset, buffer)
        return buffer

    def read_into(self, offset: int, buffer: Any) -> None:
        """Fill `buffer` (writable, contiguous) with the bytes from `offset` on."""
        self.require_usable()
        view = memoryview(buffer).cast("B")
        position, wanted = 0, len(view)
        while position < wanted:
            got = os.preadv(self._file.fd, [view[position:]], offset + position)
            if got == 0:
                raise self._ends_early(offset, wanted, offset + position)
            position += got

    def _ends_early(self, offset: int, nbytes: int, end: int) -> TruncatedError:
        wanted = f"bytes {offset} to {offset + nbytes} wanted"
        return TruncatedError(f"{self.path}: truncated: {wanted}, the file ends at {end}")

    # -- changing -----------------------------------------------------------------------------------------------------

    @contextmanager
    def call(
        self, number: int | None = None, *, action: str = "change the file", changes: bool = True
    ) -> Iterator[tuple[CData, CData]]:
        """The door to cfitsio: hold the lock, move to HDU `number` (1-based), check the status on leaving.

        Yields ``(fptr, status)``. cfitsio calls do nothing once status is set, so several may share one block.
        With ``changes=False`` the block only reads, which a file opened with mode "r" allows too.

        Raises
        ------
        OSError
            If the file is closed or was opened for reading.
        FITSError
            If a call in the block set a status.
        """
        with self.lock:
            if changes:
                self.require_writable(action)
            self.require_usable()
            status = ffi.new("int *")
            fptr = self._open_fitsfile(action)
            if number is not None:
                lib.fits_movabs_hdu(fptr, number, ffi.NULL, status)
                self._check(status, action)
            yield fptr, status
            self._check(status, action)

    def append(self, work: Callable[[], Result], *, action: str) -> Result:
        """Do some calls that only add at the end of the file, flush, and return what `work` returns.

        If anything fails the file gets its old end back.
        """
        # It calls what it does, rather than being a context manager: an interrupt between two steps of a `with`
        # statement would leave the file neither finished nor restored.
        with self.lock:
            self.require_writable(action)
            end = self.size()
            try:
                result = work()
                self.flush()
                return result
            except BaseException:
                self._restore_end(end)
                raise

    def flush(self) -> None:
        """Let cfitsio finish the current HDU (counts, padding) and hand all its buffers to the operating system."""
        if self._place[0] and self.writable:
            status = ffi.new("int *")
            lib.fits_flush_file(self._place[0], status)
            self._check(status, "write")

    def require_writable(self, action: str) -> None:
        """Raise `OSError` unless the file may be changed, before anything is touched."""
        self.require_usable()
        if not self.writable:
            raise FITSReadOnlyError(f"{self.path}: opened read-only (mode 'r'): cannot {action}")

    # -- inside -------------------------------------------------------------------------------------------------------

    def _require_open(self) -> None:
        if self._file is None:
            raise ClosedError(f"{self.path}: the file is closed")

    def require_usable(self) -> None:
        """Raise `OSError` if the file is closed, or a change of it failed midway."""
        self._require_open()
        self.require_untainted()

    def require_untainted(self) -> None:
        """Raise `TaintedError` if a change failed midway; a closed file passes."""
        if self._tainted:
            raise TaintedError(f"{self.path}: a change failed midway, the file is in an indeterminate state: reopen it")

    def _open(self, *, truncate: bool) -> CData:
        flags = os.O_RDONLY if self.mode == "r" else os.O_RDWR
        if truncate:
            flags |= os.O_CREAT | os.O_TRUNC
        # Without O_NONBLOCK a pipe by that name would wait for its other end.
        fd = os.open(self.path, flags | os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0), 0o666)
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise OSError(f"{self.path}: not a regular file")
        return file_source(fd)

    def _open_fitsfile(self, action: str) -> CData:
        """cfitsio's handle, opened at the first call: most files are only read, and need none."""
        if not self._place[0]:
            status = ffi.new("int *")
            if self.size() == 0:
                if not self.writable:
                    raise error_of_status(lib.END_OF_FILE, f"{self.path}: the file is empty")
                self._create_fitsfile(status)
            else:
                mode = READWRITE if self.writable else READONLY
                self._require_same_file(action)
                lib.fits_open_diskfile(self._place, os.fsencode(self._absolute), mode, status)
            self._check(status, "open it with cfitsio")
        return self._place[0]

    def _require_same_file(self, action: str) -> None:
        """Raise `FITSError` if the file was moved or replaced since it was opened: cfitsio opens it by its name."""
        try:
            same = os.path.samestat(os.stat(self._absolute), os.fstat(self._file.fd))
        except FileNotFoundError:
            same = False
        if not same:
            raise FITSError(f"{self.path}: cannot {action}: the file was moved or replaced after it was opened")

    def _create_fitsfile(self, status: CData) -> None:
        """Let cfitsio create the file. It refuses a name that exists, so the empty one makes place for its twin."""
        mode = stat.S_IMODE(os.fstat(self._file.fd).st_mode)
        target = self._absolute
        self._require_same_file("create it")
        os.unlink(target)
        lib.fits_create_diskfile(self._place, os.fsencode(target), status)
        self._file = file_source(os.open(target, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), mode))
        os.chmod(target, mode)

    def _close_fitsfile(self) -> None:
        status = ffi.new("int *")
        lib.rf_handle_close(self._place, status)
        self._check(status, "close")

    def _restore_end(self, end: int) -> None:
        """Take back what was added after byte `end`. Nothing before it was touched, so the file is as it was."""
        try:
            self._close_fitsfile()
        except OSError:
            pass  # it complains of the half-made HDU that goes away in the next line
        try:
            os.ftruncate(self._file.fd, end)
        except OSError:
            self.taint()

    def _raise_for_system(self, fd: int) -> None:
        """Raise what the system says to another write at the end of the file: cfitsio keeps no errno."""
        size = os.fstat(fd).st_size
        try:
            os.pwrite(fd, bytes(_PROBE_NBYTES), size)
        except OSError as error:
            failed = FITSError(error.errno, error.strerror, self.path)
            failed.status = lib.WRITE_ERROR
            raise failed from None
        finally:
            os.ftruncate(fd, size)

    def _check(self, status: CData, action: str) -> None:
        if status[0] == lib.WRITE_ERROR and self._file is not None and self.writable:
            error_messages()
            self._raise_for_system(self._file.fd)
        if status[0] > 0:
            raise_for_status(status[0], f"{self.path}: cannot {action}", error_messages())


def error_messages() -> list[str]:
    """Take cfitsio's pending messages off its stack (one per process, so they only add to what the status says)."""
    buffer, messages = ffi.new("char[81]"), []
    while lib.fits_read_errmsg(buffer):
        messages.append(ffi.string(buffer).decode("ascii", "replace"))
    return messages
