"""`python -m tests.edits.short_of_memory library`: all changes, reads, packing; each allocation of our C failing once.

The library, made of `failing_allocations.c`, must be preloaded. Prints a line for each thing that is wrong, and at the
end the number of allocations that failed.
"""

import ctypes
import os
import sys
import tempfile
from itertools import count
from pathlib import Path

import numpy as np

import rustfits_cffi as rf
import rustfits_cffi.packing
from tests.edits.changes import CHANGES, PIXELS, contents, opened

OURS = b"_cfitsio"


def main():
    rf.set_num_threads(1)  # allocations come in one order
    shim, total = ctypes.CDLL(sys.argv[1]), 0
    with tempfile.TemporaryDirectory() as folder:
        for name in CHANGES:
            number = 0
            while attempt(shim, Path(folder) / "a.fits", name, number):
                number += 1
            total += number
        for convert in read, pack, unpack:
            total += each_failing(shim, Path(folder), convert)
    print(total, "allocations failed")


def each_failing(shim, folder, convert):
    """Have each allocation fail while one file is made of another; the number of them."""
    source, target = folder / "in.fits", folder / "out.fits"
    source.write_bytes(contents("compressed image")[1])
    wanted = convert(source, target)
    target.unlink(missing_ok=True)
    for number in count():
        found = None
        shim.fail_at(OURS, ctypes.c_long(number))
        try:
            found = convert(source, target)
        except (MemoryError, OSError):
            pass
        except Exception as caught:
            print(f"{convert.__name__}: allocation {number}: {caught!r}")
        has_failed = bool(shim.has_failed())
        shim.fail_at(OURS, ctypes.c_long(-1))
        if found is None and sorted(os.listdir(folder)) != ["a.fits", "in.fits"]:
            print(f"{convert.__name__}: allocation {number}: files remain: {os.listdir(folder)}")
        if found is not None and found != wanted:
            print(f"{convert.__name__}: allocation {number}: another result")
        target.unlink(missing_ok=True)
        if not has_failed:
            return number


def read(source, _):
    with rf.FITS(source) as fits:
        return [hdu.read().tobytes() for hdu in fits if hdu.has_data]


def pack(source, target):
    rf.packing.pack(source, target, rf.packing.PackOptions(checksums=False))
    return target.read_bytes()


def unpack(source, target):
    rf.packing.unpack(source, target, rf.packing.UnpackOptions(checksums=False))
    return target.read_bytes()


def attempt(shim, path, name, number):
    """Make a change with one allocation failing; whether there was such an allocation."""
    before, after = contents(name)
    path.write_bytes(before)
    error = fits = None
    shim.fail_at(OURS, ctypes.c_long(number))
    try:
        fits = opened(path)
        CHANGES[name][1](fits)
    except (MemoryError, OSError) as caught:
        error = caught
    except Exception as caught:
        print(f"{name}: allocation {number}: {caught!r}")
        error = caught
    has_failed = bool(shim.has_failed())
    shim.fail_at(OURS, ctypes.c_long(-1))
    content = path.read_bytes()
    is_half = name.startswith("cop") and content == after[: len(content)]  # the second copy failed
    if content != (after if error is None else before) and not is_half:
        print(f"{name}: allocation {number}: the file is neither the old nor the new one, error {error!r}")
    if fits is not None:
        try:
            fits.write_image(PIXELS - 5)
            if not np.array_equal(fits[-1].read(), PIXELS - 5):
                print(f"{name}: allocation {number}: the next image is not the one that was written")
            fits.close()
        except Exception as caught:
            print(f"{name}: allocation {number}: afterwards {caught!r}; before it {error!r}")
    return has_failed


if __name__ == "__main__":
    main()
