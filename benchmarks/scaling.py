"""`python -m benchmarks.scaling`: how reading and writing scale with threads, measured up to the number of cores.

Beyond that, it is modelled. A call has a serial part (Python, headers, cfitsio, the writing of the file) and a part
inside our C calls that is shared among threads. With n threads

    T(n) = serial + max(slowing * shared / n, memory(n))

- serial is the time outside those calls and shared the time inside, both measured with one thread;
- slowing is how much the cores slow each other down: how many times longer the whole call takes, with one thread,
  while another program that shares nothing does the same. It is 1 for one thread, and is measured with two programs for
  all other numbers;
- memory(n) is the time that n threads need just to write the fresh memory and to read the memory of the call: a result
  is written for the first time, pixels to be coded are read. It is assumed not to fall beyond the number of cores. The
  memory pool is off, as if the program kept all results.

All of this, and the times with all cores, are measured in turn, round after round; the lower quartile of each is used.
The model is compared with the measurement for all cores; beyond, it is an extrapolation.

The model is for one caller. A file is locked while an image is added to it, including the coding, and while it is read
if it was opened for changes: callers in several threads take turns there, and k calls take k * T(n).
"""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import numpy as np

import rustfits_cffi as rf
from benchmarks.bare_memory import read_memory, write_fresh_memory
from benchmarks.companion import Companion, alone, lower_quartile
from benchmarks.data import MAKERS
from rustfits_cffi.hdu.tiles import encoder as tile_encoder
from rustfits_cffi.native.tile_codec import TileCodec
from rustfits_cffi.native.tile_sections import TileSections
from rustfits_cffi.threads import usable_cores

SHAPE = (4000, 4000)
MODELLED = (1, 2, 4, 8, 16)
ROUNDS = 15
MEMORY_NBYTES = 64 << 20
CODED_NBYTES = 16 << 20  # most memory that a write uses for coded tiles
SHARED = ((TileSections, "read"), (TileCodec, "encode"), (tile_encoder, "any_nonfinite"))


class Workload(NamedTuple):
    """A line of the table; `fresh` and `read` are the bytes of memory that are written for the first time, and read."""

    title: str
    call: Callable[[], Any]
    fresh: int
    read: int


class Bandwidth(NamedTuple):
    """Bytes per second of fresh memory, and of memory that is read, by a number of threads."""

    fresh: float
    read: float


class Times(NamedTuple):
    """Seconds of one workload.

    Attributes
    ----------
    serial, shared : float
        Outside and inside the calls that share their work, with one thread.
    beside : float
        With one thread, while another program does the same.
    cores : float
        With all cores.
    """

    serial: float
    shared: float
    beside: float
    cores: float

    @property
    def one(self) -> float:
        return self.serial + self.shared

    @property
    def slowing(self) -> float:
        return self.beside / self.one

    def model(self, nthreads: int, memory: float) -> float:
        """T(n)."""
        slowing = self.slowing if nthreads > 1 else 1.0
        return self.serial + max(slowing * self.shared / nthreads, memory)


def main() -> None:
    """Measure, model, print."""
    cores = usable_cores()
    with tempfile.TemporaryDirectory() as name:
        lines = workloads(Path(name) / "ours", SHAPE)
        times, bandwidths = measure(lines, Path(name) / "theirs", cores)
    for nthreads, bandwidth in bandwidths.items():
        print(f"memory, threads {nthreads}: {bandwidth.fresh / 1e9:.1f} GB/s written for the first time, "
              f"{bandwidth.read / 1e9:.1f} GB/s read")
    print(f"\n{'milliseconds':26}{'measured':^16}{'model':^50}   {cores} threads:")
    print(f"{'':26}{'T(1)':>8}{f'T({cores})':>8}  serial  slowing"
          + "".join(f"{f'T({n})':>7}" for n in MODELLED) + "   model's error")
    for line, its in zip(lines, times, strict=True):
        memory = {n: line.fresh / b.fresh + line.read / b.read for n, b in bandwidths.items()}
        model = "".join(f"{1e3 * its.model(n, memory[min(n, cores)]):7.1f}" for n in MODELLED)
        error = its.model(cores, memory[cores]) / its.cores - 1
        print(f"{line.title:26}{1e3 * its.one:8.1f}{1e3 * its.cores:8.1f}{1e3 * its.serial:8.1f}{its.slowing:9.2f}"
              f"{model}{error:+14.0%}")


def workloads(folder: Path, shape: tuple[int, int]) -> list[Workload]:
    """Reads and writes of files in a new folder."""
    folder.mkdir()
    rf.set_memory_pool_size(0)
    sky, counts = MAKERS["sky"](shape, "f4", 1), MAKERS["counts"](shape, "i4", 1)
    dithered, square = rf.Quantize(level=16, method="dither2"), (100, 100)
    kinds = {
        "RICE_1 dither2 f4": (sky, rf.Rice1(tile_shape=square), dithered),
        "GZIP_2 lossless f4": (sky, rf.Gzip2(tile_shape=square), None),
        "HCOMPRESS_1 i4": (counts, rf.Hcompress1(tile_shape=square), None),
    }
    rows = []
    for number, (title, (pixels, codec, quantize)) in enumerate(kinds.items()):
        path = folder / f"{number}.fits"

        def write(path=path, pixels=pixels, codec=codec, quantize=quantize):
            with rf.FITS(path, "w+") as fits:
                fits.write_image(pixels, compress=codec, quantize=quantize)

        write()
        coded = path.stat().st_size
        looks = 2 if quantize else 1  # pixels are searched for NaN before they are quantized
        rows.append(Workload(f"read {title}", lambda path=path: rf.read(path), pixels.nbytes, coded))
        rows.append(Workload(f"write {title}", write, min(coded, CODED_NBYTES), looks * pixels.nbytes))
    return rows


def calls(folder: Path, shape: tuple[int, int]) -> list[Callable[[], Any]]:
    """What the other program does at the same time."""
    return [line.call for line in workloads(folder, shape)]


def measure(lines: list[Workload], folder: Path, cores: int) -> tuple[list[Times], dict[int, Bandwidth]]:
    """Times of all workloads and of memory, by number of threads up to the number of cores, measured in turn."""
    seconds: dict[Any, list[float]] = defaultdict(list)
    counts = sorted({min(n, cores) for n in (*MODELLED, cores)})
    kept = np.ones(MEMORY_NBYTES, np.uint8)
    with Companion(calls, folder, SHAPE) as companion, shared_seconds() as inside:
        for _ in range(ROUNDS):
            for n in counts:
                seconds["fresh", n].append(alone(lambda n=n: write_fresh_memory(MEMORY_NBYTES, n)))
                seconds["read", n].append(alone(lambda n=n: read_memory(kept, n)))
            for number, line in enumerate(lines):
                rf.set_num_threads(1)
                seconds[number, "one"].append(alone(lambda line=line: (inside.clear(), line.call())))
                seconds[number, "shared"].append(sum(inside))
                seconds[number, "beside"].append(companion.at_once(number, line.call))
                rf.set_num_threads(cores)
                seconds[number, "cores"].append(alone(line.call))
    rf.set_num_threads(None)
    least = {what: lower_quartile(some) for what, some in seconds.items()}
    times = [
        Times(least[i, "one"] - least[i, "shared"], *(least[i, what] for what in ("shared", "beside", "cores")))
        for i in range(len(lines))
    ]
    return times, {n: Bandwidth(*(MEMORY_NBYTES / least[what, n] for what in ("fresh", "read"))) for n in counts}


@contextmanager
def shared_seconds() -> Iterator[list[float]]:
    """Context with a list to which the seconds of each of our C calls that share their work are appended."""
    inside: list[float] = []

    def timed(function):
        def call(*arguments, **keywords):
            start = time.perf_counter()
            try:
                return function(*arguments, **keywords)
            finally:
                inside.append(time.perf_counter() - start)

        return call

    with ExitStack() as stack:
        for owner, name in SHARED:
            stack.enter_context(mock.patch.object(owner, name, timed(getattr(owner, name))))
        yield inside


if __name__ == "__main__":
    main()
