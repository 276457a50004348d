"""Files opened for one operation, and their removal if it fails."""

from __future__ import annotations

import os

from rustfits_cffi.native.cfitsio.handle import CfitsioFile


class Opened:
    """A handle that is closed at the end of the block."""

    def __init__(self, path: str | os.PathLike[str], mode: str) -> None:
        self.handle = CfitsioFile(os.fspath(path), mode)

    def __enter__(self) -> CfitsioFile:
        return self.handle

    def __exit__(self, *_: object) -> None:
        self.handle.close()


class Created:
    """A handle on a new file, which is removed if the block fails."""

    def __init__(self, path: str | os.PathLike[str], source: str | os.PathLike[str], overwrite: bool) -> None:
        self.path = os.fspath(path)
        if os.path.exists(self.path):
            if not overwrite:
                raise FileExistsError(f"{self.path} exists")
            if os.path.samefile(self.path, source):
                raise ValueError(f"{self.path}: input and output are the same file")
        self.handle = CfitsioFile(self.path, "w+")

    def __enter__(self) -> CfitsioFile:
        return self.handle

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.handle.close()
        else:
            abandon(self.handle, self.path)


def abandon(handle: CfitsioFile, path: str | None) -> None:
    """Close a file after a failure, whatever its state, and remove it if `path` is given."""
    try:
        handle.close()
    except OSError:
        pass  # the first error is the one to report
    if path is not None and os.path.exists(path):
        os.unlink(path)
