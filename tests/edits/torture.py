"""The long form of the tests of this folder: `make torture`, about five minutes.

    python -m tests.edits.torture [TIMES] [NAME ...]

1. A child makes a change and is killed (SIGKILL) at a random moment, TIMES times each (200). Afterwards each HDU is the
   old or the new one, for us, for cfitsio and for astropy, and one more change can be made.
2. Every change with every limit on the length of files, in steps of 24 bytes.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import rustfits_cffi as rf
from tests.edits import full_disk
from tests.edits.changes import CHANGES, PIXELS, contents, opened
from tests.edits.reading import complaint

LIMIT_STEP = 24


def seconds_of(path, name):
    """How long a change takes."""
    path.write_bytes(contents(name)[0])
    with opened(path) as fits:
        begin = time.perf_counter()
        CHANGES[name][1](fits)
        return time.perf_counter() - begin


def kill_once(path, name, delay):
    """Begin a change in a child, and kill it after `delay` seconds."""
    ready, go = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            with opened(path) as fits:
                os.write(go, b"x")
                CHANGES[name][1](fits)
        finally:
            os._exit(0)
    os.read(ready, 1)
    time.sleep(delay)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(ready)
    os.close(go)


def kill(folder, times, names):
    """Kill each change many times; the number of complaints."""
    rng, ncomplaints = random.Random(time.time_ns()), 0
    for name in names:
        path, counts = folder / "a.fits", {"old": 0, "new": 0, "between": 0}
        before, after = contents(name)
        seconds = min(seconds_of(path, name) for _ in range(5))
        for _ in range(times):
            path.write_bytes(before)
            kill_once(path, name, rng.uniform(0, 1.6 * seconds))
            content = path.read_bytes()
            counts["old" if content == before else "new" if content == after else "between"] += 1
            problem = complaint(path, before, after)
            if problem is None and content[:1] == b"S":
                with opened(path) as fits:
                    number = len(fits)
                    fits.write_image(PIXELS)
                    if not (fits[number].read() == PIXELS).all():
                        problem = "no further HDU can be added"
            if problem is not None:
                ncomplaints += 1
                print(f"{name}: {problem}", flush=True)
            for file in folder.iterdir():  # a process that is killed leaves its temporary file
                file.unlink()
        print(f"{name}: {counts}", flush=True)
    return ncomplaints


def main(times=200, *names):
    rf.set_num_threads(1)  # a child has no other threads
    with TemporaryDirectory() as folder:
        ncomplaints = kill(Path(folder), int(times), names or CHANGES)
        if not names:
            ncomplaints += full_disk.main("limits", folder, LIMIT_STEP, LIMIT_STEP)
    sys.exit(f"{ncomplaints} complaints" if ncomplaints else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
