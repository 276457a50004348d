"""`python -m benchmarks.floors`: what the machine itself takes for the rows where little else is left to save.

Beside five rows of the table stands the least that any reader or writer of their files has to do, by the shortest
calls of the operating system and of numpy, without any FITS, byte order or checks:

- U1: the file is read into a new array by ``os.preadv``, and stays big-endian;
- U2: each row of a stamp is read into a new array by ``pread``; a stamp is one call of a C function, compiled for this;
- U3: the bytes of the file, ready, are written by ``os.pwrite``;
- U4: so is each chunk;
- R8: the tiles are decoded in one read, and each chunk is copied out of the result by numpy.

All sides take turns, round after round; the median of each is printed.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import cffi
import numpy as np

import rustfits_cffi as rf
from benchmarks.data import MAKERS

ROUNDS = 21
CHUNK, NCHUNKS = 1000, 8000
TILE = 1 << 20
PIECE_NBYTES = 4 << 20
HEADER_NBYTES = 2880

Sides = dict[str, Callable[[], object]]


def main() -> None:
    """Time each row beside its floor and print both."""
    print("milliseconds             floor   ours 1t   ours 2t")
    with tempfile.TemporaryDirectory() as name:
        for title, make_sides in ROWS.items():
            times = in_turn(make_sides(Path(name)))
            print(f"{title:<20}" + "".join(f"{1e3 * statistics.median(times[side]):10.1f}" for side in times))


def plain_read(folder: Path) -> Sides:
    """Row U1: 64 MB out of a file."""
    path = folder / "read.fits"
    with rf.FITS(path, "w+") as fits:
        fits.write_image(MAKERS["sky"]((4000, 4000), "f4", 1))

    def floor() -> np.ndarray:
        fd = os.open(path, os.O_RDONLY)
        pixels = np.empty((4000, 4000), "f4")
        os.preadv(fd, [pixels], HEADER_NBYTES)
        os.close(fd)
        return pixels

    return sides(floor, lambda: rf.read(path))


def plain_stamps(folder: Path) -> Sides:
    """Row U2: 1,000 squares of 32 x 32 anywhere in the file."""
    path = folder / "stamps.fits"
    with rf.FITS(path, "w+") as fits:
        fits.write_image(MAKERS["sky"]((4000, 4000), "f4", 1))
    corners = np.random.default_rng(2).integers(0, 3968, (1000, 2)).tolist()

    offsets = [
        np.array([HEADER_NBYTES + 4 * (4000 * (y + row) + x) for row in range(32)], np.int64) for y, x in corners
    ]
    read_rows = compiled_reader(folder)

    def floor() -> list[np.ndarray]:
        fd, results = os.open(path, os.O_RDONLY), []
        for rows in offsets:
            pixels = np.empty((32, 32), "f4")
            read_rows(fd, rows, pixels)
            results.append(pixels)
        os.close(fd)
        return results

    def ours() -> list[np.ndarray]:
        with rf.FITS(path) as fits:
            hdu = fits[0]
            return [hdu[y : y + 32, x : x + 32] for y, x in corners]

    return sides(floor, ours)


def compiled_reader(folder: Path) -> Callable[[int, np.ndarray, np.ndarray], None]:
    """A function that reads the rows of an array from as many places of a file, by nothing but ``pread``."""
    ffi = cffi.FFI()
    ffi.cdef("void read_rows(int fd, const int64_t *offset, size_t count, char *dst, size_t nbytes);")
    ffi.set_source(
        "bare_reads",
        """
        #include <unistd.h>
        static void read_rows(int fd, const int64_t *offset, size_t count, char *dst, size_t nbytes)
        {
            for (size_t i = 0; i < count; i++) if (pread(fd, dst + i * nbytes, nbytes, offset[i]) < 0) return;
        }
        """,
    )
    spec = spec_from_file_location("bare_reads", ffi.compile(tmpdir=str(folder)))
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    read, from_buffer = module.lib.read_rows, module.ffi.from_buffer

    def read_rows(fd: int, offsets: np.ndarray, pixels: np.ndarray) -> None:
        read(fd, from_buffer("int64_t[]", offsets), len(offsets), from_buffer(pixels), pixels[0].nbytes)

    return read_rows


def plain_write(folder: Path) -> Sides:
    """Row U3: 64 MB into a new file."""
    image = MAKERS["sky"]((4000, 4000), "f4", 1)
    ready = memoryview(image.astype(">f4").tobytes())
    path = folder / "written.fits"

    def floor() -> None:
        path.unlink(missing_ok=True)
        fd = os.open(path, os.O_RDWR | os.O_CREAT)
        for begin in range(0, len(ready), PIECE_NBYTES):
            os.pwrite(fd, ready[begin : begin + PIECE_NBYTES], HEADER_NBYTES + begin)
        os.close(fd)

    def ours() -> None:
        path.unlink(missing_ok=True)
        with rf.FITS(path, "w+") as fits:
            fits.write_image(image)

    return sides(floor, ours)


def plain_chunks(folder: Path) -> Sides:
    """Row U4: the file in chunks, in order."""
    path = folder / "plain.fits"
    with rf.FITS(path, "w+") as fits:
        fits.write_image(MAKERS["sparse"]((CHUNK * NCHUNKS,), "f8", 1))
    sections = chunks()

    def floor() -> list[np.ndarray]:
        fd, results = os.open(path, os.O_RDONLY), []
        for section in sections:
            pixels = np.empty(CHUNK)
            os.preadv(fd, [pixels], HEADER_NBYTES + 8 * section.start)
            results.append(pixels)
        os.close(fd)
        return results

    return sides(floor, lambda: read_chunks(path, 0, sections))


def tiled_chunks(folder: Path) -> Sides:
    """Row R8: the compressed file in chunks, in order."""
    path = folder / "tiled.fits"
    with rf.FITS(path, "w+") as fits:
        fits.write_image(MAKERS["sparse"]((8 * TILE,), "f8", 1), compress=rf.Gzip2(tile_shape=(TILE,), level=1))
    sections = chunks()

    def floor() -> list[np.ndarray]:
        with rf.FITS(path) as fits:
            pixels = fits[1].read()
        return [pixels[section].copy() for section in sections]

    return sides(floor, lambda: read_chunks(path, 1, sections))


def chunks() -> list[slice]:
    """Sections that follow each other."""
    return [slice(index * CHUNK, (index + 1) * CHUNK) for index in range(NCHUNKS)]


def read_chunks(path: Path, ext: int, sections: list[slice]) -> list[np.ndarray]:
    """What a user writes."""
    with rf.FITS(path) as fits:
        hdu = fits[ext]
        return [hdu[section] for section in sections]


def sides(floor: Callable[[], object], ours: Callable[[], object]) -> Sides:
    """The floor with all cores, and ours with one thread and two."""

    def with_threads(count: int, work: Callable[[], object]) -> Callable[[], object]:
        def run() -> object:
            rf.set_num_threads(count)
            return work()

        return run

    return {"floor": with_threads(2, floor), "ours 1t": with_threads(1, ours), "ours 2t": with_threads(2, ours)}


def in_turn(work: Sides) -> dict[str, list[float]]:
    """Seconds of each side in each round."""
    times: dict[str, list[float]] = {side: [] for side in work}
    for _ in range(ROUNDS):
        for side, run in work.items():
            start = time.perf_counter()
            run()
            times[side].append(time.perf_counter() - start)
    return times


ROWS = {
    "U1 plain read": plain_read,
    "U2 plain stamps": plain_stamps,
    "U3 plain write": plain_write,
    "U4 plain chunks": plain_chunks,
    "R8 tiled chunks": tiled_chunks,
}

if __name__ == "__main__":
    main()
