"""`python -m benchmarks.readers`: the gain of several Python threads that read parts of compressed images.

Squares of several sizes are read from the image of row R1, each once, with one thread in each call and without a tile
cache: by one Python thread, by two and by four, which share one open file or have one each.

They are compared with what the interpreter allows: the same loop with a C call that reads nothing, but sums bytes of
its own for as long as reading takes one thread. Each call has to get the lock of the interpreter back; a thread that
finds it taken is put to sleep, and waking up takes longer than a small square. All sides take turns, round after
round; the lower quartile of each is used.
"""

from __future__ import annotations

import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

import rustfits_cffi as rf
from benchmarks.companion import lower_quartile
from benchmarks.data import MAKERS
from rustfits_cffi.native import tile_sections
from rustfits_cffi.native._lib import lib

SHAPE, TILE_SHAPE = (4000, 4000), (100, 100)
SIZES = (32, 100, 300, 1000)
NTHREADS = (1, 2, 4)
NPIX = 10_000_000  # that all squares of a size have together, at most
MOST = 2000  # most squares of a size
ROUNDS = 21


class Share(NamedTuple):
    """Seconds that one thread spends on one square: in Python, and in the call of C."""

    python: float
    c: float


def main() -> None:
    """Measure and print."""
    rf.set_num_threads(1)
    print("                us a square       one file         a file each      the interpreter's limit\n"
          "size           Python      C     2 threads  4     2 threads  4     2 threads  4")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        files = [stack.enter_context(rf.FITS(path)) for path in make_files(Path(folder), max(NTHREADS))]
        images = [fits[1] for fits in files]
        for image in images:
            image.set_tile_cache_size(0)
        for size in SIZES:
            share, gains = measure(images, size)
            print(f"{f'{size} x {size}':<14}{share.python * 1e6:7.1f} {share.c * 1e6:6.0f}"
                  + "".join(f"{two:14.2f}{four:6.2f}" for two, four in gains))


def make_files(folder: Path, count: int) -> list[Path]:
    """The same image several times."""
    pixels = MAKERS["sky"](SHAPE, "f4", 1)
    codec = rf.Rice1(tile_shape=TILE_SHAPE)
    paths = [folder / f"{number}.fits" for number in range(count)]
    for path in paths:
        with rf.FITS(path, "w+") as fits:
            fits.write_image(pixels, compress=codec, quantize=rf.Quantize(level=16, method="dither2"))
    return paths


def measure(images: list[rf.CompressedImageHDU], size: int) -> tuple[Share, list[list[float]]]:
    """The times for a square, and the gains of 2 and 4 threads: one file, a file each, and the interpreter."""
    keys = squares(size)
    share = share_of(images[0], keys)
    nothing = adding(share.c)
    sides = [(images[:1] * len(images), lib.rf_tiles_read), (images, lib.rf_tiles_read), (images, nothing)]
    times: dict[tuple[int, int], list[float]] = {}
    for _ in range(ROUNDS):
        for number, (chosen, call) in enumerate(sides):
            with calling(call):
                for nthreads in NTHREADS:
                    times.setdefault((number, nthreads), []).append(at_once(chosen, keys, nthreads))
    usual = {which: lower_quartile(seconds) for which, seconds in times.items()}
    return share, [[usual[number, 1] / usual[number, n] for n in NTHREADS[1:]] for number in range(len(sides))]


def squares(size: int) -> list[tuple[slice, ...]]:
    """Squares anywhere in the image."""
    count = min(MOST, NPIX // size**2)
    corners = np.random.default_rng(size).integers(0, SHAPE[0] - size + 1, (count, 2)).tolist()
    return [tuple(slice(first, first + size) for first in corner) for corner in corners]


def read(image: rf.CompressedImageHDU, keys: list[tuple[slice, ...]]) -> None:
    """Read squares one after the other, and keep none."""
    for key in keys:
        image[key]


def at_once(images: list[rf.CompressedImageHDU], keys: list[tuple[slice, ...]], nthreads: int) -> float:
    """Seconds until threads have read all squares, each thread its share from its image."""
    threads = [threading.Thread(target=read, args=(images[n], keys[n::nthreads])) for n in range(nthreads)]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - begin


def share_of(image: rf.CompressedImageHDU, keys: list[tuple[slice, ...]]) -> Share:
    """Time in Python and in C, by one thread."""
    outside, inside, calls = [], [], []

    def timed(*arguments: object) -> int:
        begin = time.perf_counter()
        status = lib.rf_tiles_read(*arguments)
        calls.append(time.perf_counter() - begin)
        return status

    for _ in range(ROUNDS):
        calls.clear()
        with calling(timed):
            seconds = at_once([image], keys, 1)
        inside.append(sum(calls) / len(keys))
        outside.append(seconds / len(keys) - inside[-1])
    return Share(lower_quartile(outside), lower_quartile(inside))


def adding(seconds: float) -> Callable[..., int]:
    """A function that takes a given time without the lock of the interpreter, and uses memory of its own."""
    text, times = bytes(8 << 20), []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        zlib.crc32(text)
        times.append(time.perf_counter() - begin)
    wanted = bytes(round(len(text) * seconds / lower_quartile(times)))

    def add(*_: object) -> int:
        zlib.crc32(wanted)
        return 0

    return add


@contextmanager
def calling(function: Callable[..., int]) -> Iterator[None]:
    """Context in which `function` is called to read sections."""
    tile_sections.lib = SimpleNamespace(rf_tiles_read=function)
    try:
        yield
    finally:
        tile_sections.lib = lib


if __name__ == "__main__":
    main()
