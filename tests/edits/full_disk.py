"""Makes changes where files cannot grow or the disk is full, and prints what went wrong. Run in a process of its own.

    python -m tests.edits.full_disk limits FOLDER STEP FIRST
    python -m tests.edits.full_disk disk FOLDER STEP FIRST

`limits` runs every change with every limit on the length of files, from byte FIRST in steps of STEP. `disk` takes a
FOLDER on a small file system and leaves FIRST, FIRST + STEP and so on bytes free on it.
"""

import errno
import os
import resource
import signal
import sys
import warnings
from pathlib import Path

from tests.edits.changes import CHANGES, contents, opened
from tests.edits.reading import complaint

EXPECTED = {"limits": (errno.EFBIG,), "disk": (errno.ENOSPC,)}


def attempt(path, name, kind, where):
    """What went wrong in one change, and whether it succeeded."""
    before, after = contents(name)
    path.write_bytes(before)
    fits = opened(path)
    problems, error = [], None
    try:
        with where, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            CHANGES[name][1](fits)
    except OSError as caught:
        error = caught
    # trailing bytes cannot be put back where the file was longer than the limit
    is_tainted = fits._handle._tainted and name.endswith("trailing bytes") and kind == "limits"
    fits.close()
    content = path.read_bytes()
    if error is None and content != after:
        problems.append("success, with other bytes than expected")
    if error is not None and error.errno not in EXPECTED[kind]:
        problems.append(f"an error of another kind: {error!r}")
    is_part = (is_tainted or name.startswith("cop")) and complaint(path, before, after, others=False) is None
    if error is not None and content != before and not is_part:
        problems.append(f"the file has changed: {error!r}")
    if os.listdir(path.parent) != [path.name]:
        problems.append(f"files are left: {os.listdir(path.parent)}")
    return problems, error is None


class Limit:
    """Context in which no file may grow beyond a number of bytes."""

    def __init__(self, nbytes):
        self.nbytes = nbytes

    def __enter__(self):
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.nbytes, resource.RLIM_INFINITY))

    def __exit__(self, *exception):
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)


class Filled:
    """Context in which a file system has only some bytes left."""

    def __init__(self, folder, nbytes):
        self.path, self.nbytes = Path(folder) / "filler", nbytes

    def __enter__(self):
        system = os.statvfs(self.path.parent)
        with open(self.path, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(1, system.f_bavail * system.f_bsize - self.nbytes))

    def __exit__(self, *exception):
        self.path.unlink()


def main(kind, folder, step, first):
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    inner = Path(folder) / "inner"
    inner.mkdir()
    path, counts, ncomplaints = inner / "a.fits", {True: 0, False: 0}, 0
    for name in CHANGES:
        before, after = contents(name)
        most = len(before) + len(after) if kind == "disk" else max(len(before), len(after))
        for nbytes in range(first, most + 2 * step, step):
            where = Limit(nbytes) if kind == "limits" else Filled(folder, nbytes)
            problems, succeeded = attempt(path, name, kind, where)
            counts[succeeded] += 1
            for problem in problems:
                print(f"{name}, {nbytes} bytes: {problem}", flush=True)
            ncomplaints += len(problems)
    print(f"done: {counts[True]} succeeded, {counts[False]} failed")
    return ncomplaints


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
