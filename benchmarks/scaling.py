"""`python -m benchmarks.scaling`: how reading and writing scale with threads, measured to the cores there are.

Beyond them it is modelled. A call has a serial part (Python, headers, cfitsio, memory that one thread takes) and a part
inside our C batch call that is shared among threads. With n threads

    T(n) = serial + max(shared / n, bytes / bandwidth(n))

The serial part is the time outside the batch call, measured with one thread. `bandwidth` is that of fresh memory being
written for the first time, which every result has to be: measured with one thread and with all cores, and taken not to
grow further.
"""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import numpy as np

import rustfits_cffi as rf
from benchmarks.data import MAKERS
from rustfits_cffi.native.codecs import TileCodec
from rustfits_cffi.native.sections import TileSections
from rustfits_cffi.threads import usable_cores

SHAPE = (4000, 4000)
MODELLED = (1, 2, 4, 8, 16)
REPEATS = 7


def main() -> None:
    """Measure, model, print."""
    cores = usable_cores()
    bandwidth = {n: fresh_memory_bandwidth(n) for n in (1, cores)}
    print(f"{cores} cores; fresh memory is written at {bandwidth[1]:.1f} GB/s by one thread, "
          f"{bandwidth[cores]:.1f} GB/s by {cores}\n")
    columns = "".join(f"{f'T({n})':>10}" for n in MODELLED)
    print(f"workload                   serial  shared   {columns}   measured")
    with tempfile.TemporaryDirectory() as name:
        for title, action, nbytes in workloads(Path(name)):
            serial, shared = split_time(action)
            model = [serial + max(shared / n, nbytes / 1e9 / bandwidth[cores if n >= cores else 1]) for n in MODELLED]
            measured = [median_time(action, n) for n in range(1, cores + 1)]
            print(f"{title:<26}{serial * 1e3:6.1f}  {shared * 1e3:6.1f}   " + "".join(f"{t * 1e3:10.1f}" for t in model)
                  + "   " + "  ".join(f"{t * 1e3:.1f}" for t in measured))
    print("\nmilliseconds; measured: with 1 thread and so on to all cores. Where T stops falling the serial part or "
          "the memory is reached.")


def workloads(folder: Path) -> list[tuple[str, Callable[[], object], int]]:
    """Title, action and bytes of fresh memory of each."""
    sky, counts = MAKERS["sky"](SHAPE, "f4", 1), MAKERS["counts"](SHAPE, "i4", 1)
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
        rows.append((f"read {title}", lambda path=path: rf.read(path), sky.nbytes))
        rows.append((f"write {title}", write, 0))
    return rows


def split_time(action: Callable[[], object]) -> tuple[float, float]:
    """Seconds outside and inside the batch calls, with one thread."""
    with counted_batches() as inside:
        rf.set_num_threads(1)
        action()
        outside, within = [], []
        for _ in range(REPEATS):
            inside.clear()
            start = time.perf_counter()
            action()
            total = time.perf_counter() - start
            within.append(sum(inside))
            outside.append(total - sum(inside))
    return statistics.median(outside), statistics.median(within)


def median_time(action: Callable[[], object], nthreads: int) -> float:
    """Seconds of the whole action."""
    rf.set_num_threads(nthreads)
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


@contextmanager
def counted_batches():
    """Seconds of each batch call, in a list, while the block runs."""
    inside: list[float] = []
    originals = [(owner, name, getattr(owner, name)) for owner, name in ((TileSections, "read"), (TileCodec, "encode"))]

    def timed(function):
        def call(*arguments, **keywords):
            start = time.perf_counter()
            try:
                return function(*arguments, **keywords)
            finally:
                inside.append(time.perf_counter() - start)

        return call

    for owner, name, function in originals:
        setattr(owner, name, timed(function))
    try:
        yield inside
    finally:
        for owner, name, function in originals:
            setattr(owner, name, function)


def fresh_memory_bandwidth(nthreads: int, nbytes: int = 128 << 20) -> float:
    """GB/s at which threads write memory that nobody has touched yet."""
    best = 0.0
    for _ in range(5):
        part = nbytes // nthreads
        start = time.perf_counter()
        workers = [threading.Thread(target=lambda n=part: np.empty(n, np.uint8).fill(1)) for _ in range(nthreads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        best = max(best, nbytes / 1e9 / (time.perf_counter() - start))
    return best


if __name__ == "__main__":
    main()
