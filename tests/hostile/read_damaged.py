"""Run by test_damaged_files.py in its own process: reads and converts damaged files with limited memory and time.

Prints a line for each file that does anything except read or raise a proper exception. If the process dies, the last
line of `progress` names the file in progress.
"""

import faulthandler
import resource
import signal
import sys
import tempfile
import warnings
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import mutations

import rustfits_cffi as rf
from rustfits_cffi.packing import pack, unpack

MOST_NBYTES = 512 << 20
MOST_FILE_NBYTES = 16 << 20
SECONDS = 5
# after an error cfitsio may count to a number that was never set, which takes seconds with the sanitizer's numbers
SECONDS_TO_CONVERT = 20
EACH_CONVERTED = 5  # packing and unpacking take longer than reading: one file in this many
# about the whole file, before there is an HDU to name
NO_HDU = ("the file is empty", "not a FITS file")


class TooSlow(BaseException):
    pass


def too_slow(*_):
    raise TooSlow


def limit_memory():
    """Limit how much more address space than now the process may use."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MOST_NBYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_FILE_NBYTES, MOST_FILE_NBYTES))


def use(path, errors):
    """Everything a user would do with a file."""
    with rf.FITS(path) as fits:
        repr(fits)
        for hdu in fits:
            repr(hdu)
            attempt(
                lambda hdu=hdu: (hdu.header.keys(), hdu.header.values(), hdu.header.to_dict(), str(hdu.header)), errors
            )
            if isinstance(hdu, rf.ImageHDU) and hdu.shape:
                attempt(lambda hdu=hdu: hdu[(slice(0, 3, 2),) * hdu.ndim], errors)
                attempt(hdu.read, errors)
                attempt(lambda hdu=hdu: hdu.read(scale=False), errors)
                attempt(lambda hdu=hdu: (hdu.dtype, hdu.has_data, hdu.unit), errors)


def change(path, errors):
    """Make small changes, where they are allowed."""
    with rf.FITS(path, "r+") as fits:
        for hdu in fits.hdus[:2]:
            attempt(lambda hdu=hdu: hdu.header.__setitem__("TOUCHED", 1), errors)


def convert(path, errors):
    """Make a packed and an unpacked file from it."""
    target = path.with_name("converted.fits")
    for action in (pack, unpack):
        attempt(lambda action=action: action(path, target, overwrite=True), errors)


def attempt(action, errors):
    try:
        action()
    except (rf.FITSError, ValueError) as error:
        errors.append(error)


def judge(path, errors):
    """Complaints about the exceptions, if any."""
    for error in errors:
        text = str(error)
        if path.name not in text:
            yield f"the message does not name the file: {error!r}"
        elif "HDU" not in text and not any(words in text for words in NO_HDU):
            yield f"the message does not name the HDU: {error!r}"


def main(first, last, progress):
    faulthandler.enable()
    warnings.simplefilter("ignore")
    rf.set_num_threads(1)
    signal.signal(signal.SIGALRM, too_slow)
    counts = {"read": 0, "refused": 0}
    with tempfile.TemporaryDirectory() as folder:
        files = mutations.originals(Path(folder))
        path = Path(folder) / "damaged.fits"
        limit_memory()
        for seed in range(first, last):
            damage, raw = mutations.mutated(files, seed)
            progress.write_text(damage)
            path.write_bytes(raw)
            for work in (use, change, convert) if seed % EACH_CONVERTED == 0 else (use, change):
                errors = []
                signal.setitimer(signal.ITIMER_REAL, SECONDS_TO_CONVERT if work is convert else SECONDS)
                try:
                    attempt(partial(work, path, errors), errors)
                except (Exception, TooSlow) as error:
                    print(f"{damage}: {work.__name__}: {type(error).__name__}: {error}")
                finally:
                    signal.setitimer(signal.ITIMER_REAL, 0)
                if path.stat().st_size > len(raw) + 4 * 2880:
                    print(f"{damage}: {work.__name__}: the file grew from {len(raw)} to {path.stat().st_size} bytes")
                if work is use:
                    for complaint in judge(path, errors):
                        print(f"{damage}: {complaint}")
                    counts["refused" if errors else "read"] += 1
    print("done", counts)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
