"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["finished_file", "temporary_file"]


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
