"""Many Python threads use one file, or one file each: their results are right, and none waits for the others.

How many threads a single call starts is tested in tests/test_threads.py.
"""

import itertools
import threading
import time
import zlib

import numpy as np
import pytest

import rustfits_cffi as rf
from rustfits_cffi.threads import usable_cores
from tests.conftest import at_work


def noise(shape, dtype="f4", seed=1):
    pixels = np.random.default_rng(seed).normal(100, 5, shape)
    return (np.rint(pixels) if np.dtype(dtype).kind in "iu" else pixels).astype(dtype)


@pytest.fixture
def large(path):
    pixels = noise((600, 700))
    with rf.FITS(path, "w+") as fits:
        fits.write_image(noise((600, 700), "i2"), compress=rf.Rice1(tile_shape=(32, 64)))
        fits.write_image(pixels, compress=rf.Gzip2(tile_shape=(50, 60)))
        fits.write_image(pixels, extname="plain")
    return path


@pytest.fixture(autouse=True)
def threads_as_before():
    yield
    rf.set_num_threads(None)


def test_number_of_threads_changes_nothing(tmp_path):
    pixels = noise((300, 400))
    pixels[5, 5] = np.nan
    raw, read = [], []
    for count in (1, 2, 8):
        rf.set_num_threads(count)
        with rf.FITS(tmp_path / f"{count}.fits", "w+") as fits:
            for config in (rf.Rice1(), rf.Gzip2(tile_shape=(30, 30)), rf.Hcompress1()):
                fits.write_image(pixels, compress=config, quantize=rf.Quantize())
            fits.write_image(pixels)
            read.append([fits[number].read().tobytes() for number in (1, 2, 3, 4)])
        raw.append((tmp_path / f"{count}.fits").read_bytes())
    assert raw[0] == raw[1] == raw[2] and read[0] == read[1] == read[2]


def test_many_threads_read_one_file(large):
    with rf.FITS(large) as fits:
        expected = [hdu.read() for hdu in (fits[1], fits[2], fits["plain"])]

        def work(seed):
            rng = np.random.default_rng(seed)
            for _ in range(15):
                number = int(rng.integers(3))
                y, x = rng.integers(0, 500, 2)
                key = (slice(y, y + int(rng.integers(1, 90)), int(rng.integers(1, 4))), slice(x, x + 80))
                assert np.array_equal(fits[number + 1][key], expected[number][key])

        with at_work(work, range(8)):
            pass


def test_threads_read_while_another_writes(large):
    with rf.FITS(large, "r+") as fits:
        expected = fits[2].read()
        done = threading.Event()

        def work(_):
            while not done.is_set():
                assert np.array_equal(fits[2][100:200, 100:200], expected[100:200, 100:200])

        with at_work(work, range(3)):
            try:
                for number in range(40):
                    fits[1].header[f"KEY{number}"] = number  # the header grows, and all that follows moves
                    fits["plain"][number] = float(number)
                fits[1].write(noise((600, 700), "i2", seed=5))
            finally:
                done.set()
        assert np.array_equal(fits[1].read(), noise((600, 700), "i2", seed=5)) and fits["plain"][39, 0] == 39


@pytest.mark.parametrize("action", ["read", "write"])
def test_python_goes_on_while_tiles_are_coded(path, action):
    """A thread that only counts must run many times during one call; with the GIL held it does not run at all."""
    pixels = noise((3000, 2000), "i4")
    rf.set_num_threads(1)
    with rf.FITS(path, "w+") as fits:
        fits.write_image(pixels, compress=rf.Gzip1(tile_shape=(100, 100)))
        turns, stop = [], threading.Event()

        def count():
            while not stop.is_set():
                turns.append(time.perf_counter())
                time.sleep(0.001)

        counter = threading.Thread(target=count)
        counter.start()
        begin = time.perf_counter()
        if action == "read":
            fits[1].read()
        else:
            fits.write_image(pixels, compress=rf.Gzip1(tile_shape=(100, 100)))
        end = time.perf_counter()
        stop.set()
        counter.join()
    inside = [begin, *(turn for turn in turns if begin < turn < end), end]
    longest = max(b - a for a, b in itertools.pairwise(inside))
    assert longest < 0.5 * (end - begin), f"silent for {longest:.3f} of {end - begin:.3f} s"


def cores_used(work, arguments):
    """Number of cores that threads keep busy, one per argument, all of which do the same work."""
    workers = [threading.Thread(target=work, args=(argument,)) for argument in arguments]
    used, begin = time.process_time(), time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return (time.process_time() - used) / (time.perf_counter() - begin)


@pytest.mark.skipif(usable_cores() < 2, reason="needs two cores")
@pytest.mark.parametrize("shared", [True, False], ids=["one file", "a file each"])
def test_readers_work_at_the_same_time(tmp_path, shared):
    """Two readers, with one thread per call, use two cores whenever threads that only add bytes can."""
    paths = [tmp_path / "0.fits"] * 2 if shared else [tmp_path / "0.fits", tmp_path / "1.fits"]
    for path in dict.fromkeys(paths):
        with rf.FITS(path, "w+") as fits:
            fits.write_image(noise((1000, 1000), "i4"), compress=rf.Rice1(tile_shape=(100, 100)))
    rf.set_num_threads(1)

    def read(image):
        for _ in range(10):
            image.read()

    with rf.FITS(paths[0]) as first, rf.FITS(paths[1]) as second:
        images = [first[1], (first if shared else second)[1]]
        for image in images:
            image.set_tile_cache_size(0)
        two_were_free = False
        for _ in range(50):
            if cores_used(zlib.crc32, [bytes(50 << 20)] * 2) > 1.7:
                if cores_used(read, images) > 1.4:
                    return
                two_were_free = True
    assert not two_were_free, "one thread waits for the other"
    pytest.skip("other programs keep the cores busy")


def test_threads_that_change_one_header_lose_nothing(large):
    with rf.FITS(large, "r+") as fits:
        header = fits[2].header

        def work(name):
            for number in range(15):
                header[f"{name}{number}"] = number
                assert header["ZNAXIS"] == 2 and header[f"{name}{number}"] == number

        with at_work(work, "ABCD"):
            pass
        assert all(header[f"{name}{number}"] == number for name in "ABCD" for number in range(15))


def test_threads_that_ask_first_get_the_same_objects(path):
    with rf.FITS(path, "w+") as fits:
        for number in range(50):
            fits.create_image_hdu("u1", (2,), extname=f"E{number}")
    for _ in range(5):
        with rf.FITS(path) as fits:
            found = []
            with at_work(lambda found: found.append(fits.hdus), [found] * 6):
                pass
            assert len(found) == 6
            assert all(hdus == found[0] and [hdu.index for hdu in hdus] == list(range(50)) for hdus in found)
