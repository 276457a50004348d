"""Outputs that appear complete or not at all, and inputs that may be gzipped."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module

from rustfits_cffi.directory import Directory
from rustfits_cffi.errors import BAD_NAXIS, BAD_PCOUNT, DATA_DECOMPRESSION_ERR, FITSFormatError
from rustfits_cffi.format.compression import parse_layout
from rustfits_cffi.format.plausibility import axes_hazard
from rustfits_cffi.format.structure import BLOCK_NBYTES
from rustfits_cffi.header import FITSHeader
from rustfits_cffi.native.cfitsio.handle import FileHandle
from rustfits_cffi.packing.report import FileReport, HDUReport

_LOOKED_AT_NBYTES = 4 * BLOCK_NBYTES  # of a broken header: more than a hundred cards
_COMPRESSORS = {b"\x1f\x8b": "gzip", b"BZ": "bz2"}


@contextmanager
def temporary_file(beside: str) -> Iterator[str]:
    """Path of a new empty file in the folder of `beside`; removed at the end if it still exists."""
    folder, base = os.path.split(os.path.realpath(beside))
    path = os.path.join(folder, f".{base[:200]}.{os.urandom(8).hex()}.tmp")
    try:  # includes the creation: a signal may arrive right after it
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        except OSError as error:
            raise OSError(error.errno, error.strerror, beside) from None  # the name that the user knows
        yield path
    finally:
        try:
            _remove(path)
        except KeyboardInterrupt:  # it arrived during the removal: still remove the file
            _remove(path)
            raise


@contextmanager
def finished_file(target: str, *, replace: bool, durable: bool = False) -> Iterator[str]:
    """Path of a new empty file that is renamed to `target` if the block succeeds, and removed if it fails.

    Without `replace`, an existing file of that name is kept and `FileExistsError` is raised. With `durable`, the bytes
    are on disk before the file is renamed: for an output whose input will be removed.
    """
    with temporary_file(target) as path:
        yield path
        if durable:
            _sync(path)
        _rename(path, target, replace=replace)


def convert(
    source: str,
    target: str,
    work: Callable[[str, str], tuple[HDUReport, ...]],
    verify: Callable[[str, str], None] | None,
    *,
    overwrite: bool,
) -> FileReport:
    """Convert a file into another, which gets its name when it is complete, and report on each HDU.

    `work` and `verify` are called with the paths of a plain input and of the output. With `verify`, the output is on
    disk before it is renamed, because the input may be removed afterwards.
    """
    if not overwrite and os.path.lexists(target):
        raise FileExistsError(f"{target}: the output file already exists")
    durable = verify is not None
    with plain_file(source) as plain, finished_file(target, replace=overwrite, durable=durable) as temporary:
        hdus = work(plain, temporary)
        if verify is not None:
            verify(plain, temporary)
        sizes = os.path.getsize(source), os.path.getsize(temporary)
    return FileReport(source, target, *sizes, hdus)


@contextmanager
def opened_pair(source: str, target: str) -> Iterator[tuple[FileHandle, FileHandle]]:
    """Input and output of a conversion. If it fails, a further error from closing the partial output is dropped."""
    inp = FileHandle(source, "r")
    try:
        out = FileHandle(target, "w+")
        try:
            yield inp, out
        except BaseException:
            with suppress(OSError):
                out.close()
            raise
        out.close()
    finally:
        inp.close()


def require_sound(path: str) -> None:
    """Raise `FITSFormatError` for more axes than cfitsio supports, and for contradictory headers of compressed images.

    cfitsio divides by, and loops over, values of such headers, so they must not reach it. All other faults are left to
    cfitsio, which reports them by its own status.
    """
    handle = FileHandle(path, "r")
    try:
        directory = Directory(handle, lenient=True, trust_sizes=True, partial=True)
        rest = max(0, handle.size() - directory.end)  # what follows: a broken header, or no header
        broken = bytes(handle.read(directory.end, min(rest, _LOOKED_AT_NBYTES))) if rest else b""
    finally:
        handle.close()
    for index in range(len(directory)):
        _refuse(path, index, directory.axes_hazard(index), BAD_NAXIS)
        if directory.kind(index) == "unknown":  # with a negative size cfitsio would look for the next HDU before it
            _refuse(path, index, directory[index].structure.problem, BAD_PCOUNT)
        if directory.kind(index) == "compressed image":
            _refuse(path, index, _contradiction(directory, index), DATA_DECOMPRESSION_ERR)
    _refuse(path, len(directory), axes_hazard(broken), BAD_NAXIS)


def _contradiction(directory: Directory, index: int) -> str | None:
    """Why the header of a compressed image is contradictory; None if it is not."""
    try:
        parse_layout(FITSHeader(directory, index).get)
    except FITSFormatError as error:
        return str(error)
    return None


def _refuse(path: str, index: int, reason: str | None, status: int) -> None:
    """Raise `FITSFormatError` with cfitsio's `status` if there is a `reason` to refuse an HDU."""
    if reason is not None:
        error = FITSFormatError(f"{path}: HDU {index}: {reason}")
        error.status, error.hdu = status, index
        raise error


@contextmanager
def plain_file(path: str) -> Iterator[str]:
    """Path of a plain FITS file: `path`, or a temporary file if `path` is gzipped or bzipped as a whole.

    The file has passed `require_sound`.
    """
    with open(path, "rb") as stream:
        compressor = _COMPRESSORS.get(stream.read(2))
    if compressor is None:
        require_sound(path)
        yield path
        return
    import shutil  # slow to import, and few files need them
    import tempfile

    with tempfile.TemporaryDirectory(prefix="rustfits-") as folder:
        plain = os.path.join(folder, "plain.fits")
        with import_module(compressor).open(path, "rb") as source, open(plain, "wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
        require_sound(plain)
        yield plain


def _remove(path: str) -> None:
    """Remove a file if it exists."""
    if os.path.lexists(path):
        os.unlink(path)


def _sync(path: str) -> None:
    """Wait until the bytes of a file are on disk."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _rename(source: str, target: str, *, replace: bool) -> None:
    if replace:
        os.replace(source, os.path.realpath(target))
        return
    try:
        os.link(source, target)  # unlike a rename, this never overwrites
    except FileExistsError:
        raise FileExistsError(f"{target}: the output file already exists") from None
    except OSError:  # a file system without hard links
        if os.path.lexists(target):
            raise FileExistsError(f"{target}: the output file already exists") from None
        os.rename(source, target)
