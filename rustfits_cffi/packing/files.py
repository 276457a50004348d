"""Outputs that appear complete or not at all, and inputs that may be gzipped."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any, BinaryIO

from rustfits_cffi.directory import Directory
from rustfits_cffi.errors import BAD_NAXIS, BAD_PCOUNT, DATA_DECOMPRESSION_ERR, FITSError, FITSFormatError, TileError
from rustfits_cffi.format.compression import parse_layout
from rustfits_cffi.format.plausibility import axes_hazard
from rustfits_cffi.format.structure import BLOCK_NBYTES
from rustfits_cffi.header import FITSHeader
from rustfits_cffi.native.cfitsio.handle import CfitsioFile
from rustfits_cffi.packing.report import FileReport, HDUReport
from rustfits_cffi.storage.safe_files import finished_file

_LOOKED_AT_NBYTES = 4 * BLOCK_NBYTES  # of a broken header: more than a hundred cards
_COPIED_NBYTES = 1 << 20
_COMPRESSORS = {b"\x1f\x8b": "gzip", b"BZ": "bz2"}


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
        with naming({plain: source, temporary: target}):
            hdus = work(plain, temporary)
            if verify is not None:
                verify(plain, temporary)
        sizes = os.path.getsize(source), os.path.getsize(temporary)
    return FileReport(source, target, *sizes, hdus)


@contextmanager
def naming(names: Mapping[str, str]) -> Iterator[None]:
    """Errors name files as the user does, not by the names of temporary ones."""
    try:
        yield
    except OSError as error:
        error.args = tuple(_renamed(part, names) for part in error.args)
        if error.filename is not None:
            error.filename = _renamed(error.filename, names)
        if isinstance(error, TileError):
            error.file = _renamed(error.file, names)
        raise


def _renamed(text: Any, names: Mapping[str, str]) -> Any:
    for temporary, name in names.items() if isinstance(text, str) else ():
        text = text.replace(temporary, name)
    return text


@contextmanager
def opened_pair(source: str, target: str) -> Iterator[tuple[CfitsioFile, CfitsioFile]]:
    """Input and output of a conversion. If it fails, a further error from closing the partial output is dropped."""
    inp = CfitsioFile(source, "r")
    try:
        out = CfitsioFile(target, "w+")
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
    handle = CfitsioFile(path, "r")
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
    import tempfile  # slow to import, and few files need it

    with tempfile.TemporaryDirectory(prefix="rustfits-") as folder:
        plain = os.path.join(folder, "plain.fits")
        with import_module(compressor).open(path, "rb") as source, open(plain, "wb") as target:
            _copy(source, target, path)
        require_sound(plain)
        yield plain


def _copy(source: BinaryIO, target: BinaryIO, path: str) -> None:
    """Copy all of a compressed stream; runs of zeros become holes, so that a small file does not fill the disk."""
    zeros = bytes(_COPIED_NBYTES)
    try:
        while piece := source.read(_COPIED_NBYTES):
            if piece == zeros[: len(piece)]:
                target.seek(len(piece), os.SEEK_CUR)
            else:
                target.write(piece)
    except (EOFError, OSError, zlib.error) as error:
        if getattr(error, "errno", None) is not None:
            raise  # the system's own
        raise FITSError(f"{path}: damaged or truncated: {error}") from None
    target.truncate()
