"""`python -m benchmarks.floors`: the time that the machine itself takes, for rows in which little else is left to save.

For six rows of the table, part of the work is also done by the shortest calls of the operating system and of numpy,
without FITS, byte order or checks, and with as many threads as ours if it can be shared:

- U1: the file is read by ``os.preadv``, into a new array and into one that was written before; it stays big-endian;
- U2: each row of a stamp is read into a new array by ``pread``; a stamp is one call of a C function compiled for this;
- U3: the finished bytes of the file are written by ``os.pwrite``;
- U4: each chunk is read like this, into a new array and into one that was written before; and by our own C call alone,
  which also swaps the bytes, into such memory;
- R8: the tiles are decoded in one read, and each chunk is copied out of the result by numpy;
- R2: in two parts: our own C call decodes into memory that was written before, so that only the codec is measured; and
  memory of the size of the result is written for the first time, one byte per page.

These, ours and the peer `rustfits` take turns, round after round: the median of each is printed, and the peer over it.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import cffi
import numpy as np

import rustfits_cffi as rf
from benchmarks.bare_memory import in_threads, touch_fresh_memory
from benchmarks.companion import seconds_of
from benchmarks.data import MAKERS
from benchmarks.peers import MissingPeer, Rustfits, RustfitsCffi
from rustfits_cffi.native._lib import ffi, lib
from rustfits_cffi.native.source import file_source
from rustfits_cffi.native.tile_sections import TileSections

ROUNDS = 21
THREADS = (1, 2)
CHUNK, NCHUNKS = 1000, 8000
TILE = 1 << 20
PIECE_NBYTES = 4 << 20
HEADER_NBYTES = 2880


class Floor(NamedTuple):
    """A part of the work of a row; `run` is called with a number of threads, one of `threads`."""

    name: str
    run: Callable[[int], object]
    threads: tuple[int, ...] = (1,)


class Row(NamedTuple):
    """Floors, and what ours and the peer do, a function of the side."""

    floors: list[Floor]
    action: Callable[[Rustfits], object]


def main() -> None:
    """Time each row beside its floors and print them."""
    numbers = "".join(f"{n:>9}" for n in THREADS)
    print(f"{'':30}{'milliseconds':>18}{'rustfits over it':>20}\n{'threads':30}{numbers}  {numbers}")
    with tempfile.TemporaryDirectory() as name:
        for title, make_row in ROWS.items():
            medians = in_turn(sides(make_row(Path(name))))
            peer = medians.get((Rustfits.name, 1))
            print(title)
            for side in dict.fromkeys(side for side, _ in medians):
                times = [medians.get((side, n)) for n in THREADS]
                print((f"   {side:27}" + "".join(" " * 9 if t is None else f"{1e3 * t:9.1f}" for t in times) + "  "
                       + "".join(" " * 9 if None in (t, peer) else f"{peer / t:9.2f}" for t in times)).rstrip())


def plain_read(folder: Path) -> Row:
    """Row U1: 64 MB from a file."""
    path = folder / "read.fits"
    with rf.FITS(path, "w+") as fits:
        fits.write_image(MAKERS["sky"]((4000, 4000), "f4", 1))

    def read_into(pixels: np.ndarray, nthreads: int) -> np.ndarray:
        fd = os.open(path, os.O_RDONLY)
        raw, begin = pixels.reshape(-1).view(np.uint8), pixels.ctypes.data
        in_threads(raw, nthreads, lambda part: os.preadv(fd, [part], HEADER_NBYTES + part.ctypes.data - begin))
        os.close(fd)
        return pixels

    def into_new(nthreads: int) -> np.ndarray:
        return read_into(np.empty((4000, 4000), "f4"), nthreads)

    kept = np.ones((4000, 4000), "f4")
    return Row(
        [
            Floor("preadv, into a new array", into_new, THREADS),
            Floor("preadv, into kept memory", lambda nthreads: read_into(kept, nthreads), THREADS),
        ],
        lambda who: who.read_whole(path, 0),
    )


def plain_stamps(folder: Path) -> Row:
    """Row U2: 1,000 squares of 32 x 32 anywhere in the file."""
    path = folder / "stamps.fits"
    with rf.FITS(path, "w+") as fits:
        fits.write_image(MAKERS["sky"]((4000, 4000), "f4", 1))
    corners = np.random.default_rng(2).integers(0, 3968, (1000, 2)).tolist()
    sections = [np.s_[y : y + 32, x : x + 32] for y, x in corners]
    offsets = [
        np.array([HEADER_NBYTES + 4 * (4000 * (y + row) + x) for row in range(32)], np.int64) for y, x in corners
    ]
    read_rows = compiled_reader(folder)

    def floor(_: int) -> list[np.ndarray]:
        fd, results = os.open(path, os.O_RDONLY), []
        for rows in offsets:
            pixels = np.empty((32, 32), "f4")
            read_rows(fd, rows, pixels)
            results.append(pixels)
        os.close(fd)
        return results

    return Row([Floor("32 pread in C a stamp", floor)], lambda who: who.read_sections(path, 0, sections, None))


def compiled_reader(folder: Path) -> Callable[[int, np.ndarray, np.ndarray], None]:
    """A function that reads the rows of an array from as many offsets in a file, by nothing but ``pread``."""
    builder = cffi.FFI()
    builder.cdef("void read_rows(int fd, const int64_t *offset, size_t count, char *dst, size_t nbytes);")
    builder.set_source(
        "bare_reads",
        """
        #include <unistd.h>
        static void read_rows(int fd, const int64_t *offset, size_t count, char *dst, size_t nbytes)
        {
            for (size_t i = 0; i < count; i++) if (pread(fd, dst + i * nbytes, nbytes, offset[i]) < 0) return;
        }
        """,
    )
    spec = spec_from_file_location("bare_reads", builder.compile(tmpdir=str(folder)))
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    read, from_buffer = module.lib.read_rows, module.ffi.from_buffer

    def read_rows(fd: int, offsets: np.ndarray, pixels: np.ndarray) -> None:
        read(fd, from_buffer("int64_t[]", offsets), len(offsets), from_buffer(pixels), pixels[0].nbytes)

    return read_rows


def plain_write(folder: Path) -> Row:
    """Row U3: 64 MB into a new file."""
    image = MAKERS["sky"]((4000, 4000), "f4", 1)
    ready = memoryview(image.astype(">f4").tobytes())
    path = folder / "written.fits"

    def floor(_: int) -> None:
        path.unlink(missing_ok=True)
        fd = os.open(path, os.O_RDWR | os.O_CREAT)
        for begin in range(0, len(ready), PIECE_NBYTES):
            os.pwrite(fd, ready[begin : begin + PIECE_NBYTES], HEADER_NBYTES + begin)
        os.close(fd)

    def action(who: Rustfits) -> None:
        path.unlink(missing_ok=True)
        who.write(path, image, None, None)

    return Row([Floor("pwrite", floor)], action)


def plain_chunks(folder: Path) -> Row:
    """Row U4: the file in chunks, in order."""
    path = folder / "plain.fits"
    with rf.FITS(path, "w+") as fits:
        fits.write_image(MAKERS["sparse"]((CHUNK * NCHUNKS,), "f8", 1))
    sections = chunks()

    def into_new(_: int) -> list[np.ndarray]:
        fd, results = os.open(path, os.O_RDONLY), []
        for (section,) in sections:
            pixels = np.empty(CHUNK)
            os.preadv(fd, [pixels], HEADER_NBYTES + 8 * section.start)
            results.append(pixels)
        os.close(fd)
        return results

    kept = np.ones(CHUNK)

    def into_kept(_: int) -> None:
        fd = os.open(path, os.O_RDONLY)
        for (section,) in sections:
            os.preadv(fd, [kept], HEADER_NBYTES + 8 * section.start)
        os.close(fd)

    shape, buffer, read = ffi.new("size_t[]", [CHUNK * NCHUNKS]), ffi.from_buffer(kept), lib.rf_plain_read_line
    image = ffi.new("rf_plain *", (HEADER_NBYTES, 1, shape, -64, lib.RF_OUT_STORED, 1.0, 0.0))

    def our_call(_: int) -> None:
        source = file_source(os.open(path, os.O_RDONLY))
        for (section,) in sections:
            read(source, image, section.start, CHUNK, buffer)
        lib.rf_source_close(source)

    floors = [
        Floor("preadv, into new arrays", into_new),
        Floor("preadv, into kept memory", into_kept),
        Floor("our C call, kept memory", our_call),
    ]
    return Row(floors, lambda who: who.read_sections(path, 0, sections, None))


def tiled_chunks(folder: Path) -> Row:
    """Row R8: the compressed file in chunks, in order."""
    path = folder / "tiled.fits"
    with rf.FITS(path, "w+") as fits:
        fits.write_image(MAKERS["sparse"]((8 * TILE,), "f8", 1), compress=rf.Gzip2(tile_shape=(TILE,), level=1))
    sections = chunks()

    def floor(nthreads: int) -> list[np.ndarray]:
        rf.set_num_threads(nthreads)
        pixels = rf.read(path)
        return [pixels[section].copy() for (section,) in sections]

    return Row([Floor("one read, copies", floor, THREADS)], lambda who: who.read_sections(path, 1, sections, None))


def tiled_read(folder: Path) -> Row:
    """Row R2: whole numbers by RICE_1, in its two parts."""
    path = folder / "rice.fits"
    with rf.FITS(path, "w+") as fits:
        fits.write_image(MAKERS["counts"]((4000, 4000), "i4", 1), compress=rf.Rice1(tile_shape=(100, 100)))
    fits = rf.FITS(path)
    with mock.patch.object(TileSections, "read", autospec=True, side_effect=TileSections.read) as spy:
        kept = fits[1].read()
    *arguments, _ = spy.call_args.args  # of our single C call: all but the number of threads

    def codec(nthreads: int) -> object:
        TileSections.read(*arguments, nthreads)
        return fits  # stays open

    return Row(
        [
            Floor("codec, into kept memory", codec, THREADS),
            Floor("fresh memory", lambda nthreads: touch_fresh_memory(kept.nbytes, nthreads), THREADS),
        ],
        lambda who: who.read_whole(path, 1),
    )


def chunks() -> list[tuple[slice]]:
    """Consecutive sections."""
    return [(slice(index * CHUNK, (index + 1) * CHUNK),) for index in range(NCHUNKS)]


def sides(row: Row) -> dict[tuple[str, int], Callable[[], object]]:
    """What is timed, by name and number of threads: the floors, ours, and the peer if it is installed."""

    def ours(nthreads: int) -> Callable[[], object]:
        who = RustfitsCffi(nthreads)

        def run() -> object:
            who.use()
            return row.action(who)

        return run

    found: dict[tuple[str, int], Callable[[], Any]] = {}
    for floor in row.floors:
        found |= {(floor.name, n): lambda floor=floor, n=n: floor.run(n) for n in floor.threads}
    found |= {("ours", n): ours(n) for n in THREADS}
    try:
        peer = Rustfits()
    except MissingPeer:
        return found
    return found | {(peer.name, 1): lambda: row.action(peer)}


def in_turn(work: dict[Any, Callable[[], object]]) -> dict[Any, float]:
    """Median seconds of each; every round runs all of them once."""
    times = defaultdict(list)
    for _ in range(ROUNDS):
        for side, run in work.items():
            times[side].append(seconds_of(run))
    return {side: statistics.median(seconds) for side, seconds in times.items()}


ROWS = {
    "U1 plain read": plain_read,
    "U2 plain stamps": plain_stamps,
    "U3 plain write": plain_write,
    "U4 plain chunks": plain_chunks,
    "R8 tiled chunks": tiled_chunks,
    "R2 tiled read": tiled_read,
}

if __name__ == "__main__":
    main()
