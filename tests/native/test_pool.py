"""The memory pool of large results: the memory of freed arrays goes to the next ones and nowhere else."""

import gc
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

import rustfits_cffi as rf
from rustfits_cffi.native import pool
from rustfits_cffi.native._lib import lib
from tests.conftest import at_work

try:
    from numpy._core.multiarray import get_handler_name
except ImportError:
    from numpy.core.multiarray import get_handler_name

LEAST = lib.RF_POOL_LEAST_NBYTES
BYTE = np.dtype("u1")


@pytest.fixture(autouse=True)
def empty_pool():
    gc.collect()
    rf.set_memory_pool_size(0)
    rf.set_memory_pool_size(pool.DEFAULT_NBYTES)
    yield
    rf.set_memory_pool_size(0)
    rf.set_memory_pool_size(pool.DEFAULT_NBYTES)


def kept():
    return lib.rf_pool_nbytes(pool._pool)


def address(array):
    return array.__array_interface__["data"][0]


@pytest.mark.parametrize("dtype", ["u1", "f4", "f8"])
@pytest.mark.parametrize("shape", [(0,), (7,), (3, 5), (1023, 2050), (LEAST,), (4001, 700)])
def test_an_array_has_shape_and_type_and_can_be_written(shape, dtype):
    array = pool.new_array(shape, np.dtype(dtype))
    array[...] = 1
    assert array.shape == shape and array.dtype == dtype and array.flags.c_contiguous
    assert array.sum(dtype="f8") == np.prod(shape)


@pytest.mark.skipif(sys.platform != "linux", reason="huge pages are asked for on Linux")
def test_large_arrays_lie_in_huge_pages():
    arrays = [pool.new_array((LEAST + n,), BYTE) for n in (0, 1_000_001, 30_000_000)]
    assert all(address(array) % (2 << 20) < 4096 for array in arrays)


def test_a_large_array_is_like_any_other():
    array = pool.new_array((3, LEAST), np.dtype("i2"))
    array[:] = 5
    assert array.flags.owndata and array.flags.writeable and array.flags.c_contiguous and address(array) % 64 == 0
    assert np.array_equal(pickle.loads(pickle.dumps(array)), array) and (array.copy() + array == 10).all()
    array.resize((6, LEAST // 2), refcheck=False)
    assert (array == 5).all()
    array.resize(9 * LEAST, refcheck=False)  # NumPy fills the rest with zeros
    assert (array[: 3 * LEAST] == 5).all() and not array[3 * LEAST :].any()
    array.resize(7, refcheck=False)
    assert array.tolist() == [5] * 7


@pytest.mark.parametrize("limit", [0, 3 * LEAST, 100 * LEAST])
def test_arrays_can_be_resized(limit):
    rf.set_memory_pool_size(limit)
    array = pool.new_array((8 * LEAST,), BYTE)
    used = np.arange(LEAST + 9) % 251
    array[: used.size] = used
    array.resize(used.size, refcheck=False)
    assert np.array_equal(array, used) and array.flags.owndata
    assert kept() == (8 * LEAST if limit > 8 * LEAST else 0)
    array.resize(3 * LEAST, refcheck=False)
    assert np.array_equal(array[: used.size], used) and not array[used.size :].any()


def test_small_arrays_are_left_to_numpy():
    assert get_handler_name(pool.new_array((LEAST - 1,), BYTE)) == "default_allocator"
    assert get_handler_name(pool.new_array((LEAST,), BYTE)) == "rustfits_cffi"


def test_numpys_own_allocator_is_back_afterwards():
    with pytest.raises(MemoryError):
        pool.new_array((sys.maxsize // 2,), BYTE)
    pool.new_array((LEAST,), BYTE)
    assert get_handler_name() == "default_allocator" == get_handler_name(np.empty(LEAST))


def test_an_interrupt_leaves_numpys_allocator_as_it_was(interrupt_after, rng):
    for delay in rng.uniform(0, 5e-4, 200):
        with pytest.raises(KeyboardInterrupt), interrupt_after(delay):
            while True:
                pool.new_array((LEAST,), BYTE)
        assert get_handler_name() == "default_allocator"


def test_memory_is_reused_for_arrays_of_about_the_same_size():
    array = pool.new_array((2 * LEAST,), BYTE)
    previous, view = address(array), array[5:9]
    del array
    assert kept() == 0  # a view still needs the memory
    del view
    assert kept() == 2 * LEAST
    small = pool.new_array((LEAST,), BYTE)
    assert address(small) != previous and kept() == 2 * LEAST
    large = pool.new_array((LEAST - 10, 2), BYTE)
    assert address(large) == previous and kept() == 0


def test_no_more_is_kept_than_the_limit():
    rf.set_memory_pool_size(3 * LEAST)
    arrays = [pool.new_array((LEAST + i,), BYTE) for i in range(10)] + [pool.new_array((4 * LEAST,), BYTE)]
    while arrays:
        arrays.pop()
        assert kept() <= 3 * LEAST
    assert kept() > LEAST
    rf.set_memory_pool_size(LEAST + 5)
    assert kept() <= LEAST + 5
    rf.set_memory_pool_size(0)
    assert kept() == 0
    pool.new_array((LEAST,), BYTE)
    assert kept() == 0


@pytest.mark.parametrize("wrong", [-1, 1 << 63, 2.5, True, "9"])
def test_invalid_sizes_are_refused(wrong):
    with pytest.raises((TypeError, ValueError), match=r"memory pool|integer"):
        rf.set_memory_pool_size(wrong)


@pytest.mark.parametrize("text, limit", [("0", 0), (" 5000000 ", 5_000_000), ("", pool.DEFAULT_NBYTES)])
def test_the_initial_limit_comes_from_the_environment(text, limit):
    code = f"""
import numpy as np
from rustfits_cffi.native import pool
for nbytes in (4_000_000, 6_000_000):
    pool.new_array((nbytes,), np.dtype("u1"))
    print(int(pool.lib.rf_pool_nbytes(pool._pool) == (nbytes if nbytes <= {limit} else 0)))
    pool.set_memory_pool_size(0)
    pool.set_memory_pool_size({limit})
"""
    environment = os.environ | {pool.ENVIRONMENT_NAME: text}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=environment)
    assert (run.stdout, run.stderr) == ("1\n1\n", "")


@pytest.mark.parametrize("text", ["much", "-1", "1e6", "9" * 30])
def test_an_invalid_limit_in_the_environment_is_reported(text):
    environment = os.environ | {pool.ENVIRONMENT_NAME: text}
    code = "import rustfits_cffi; rustfits_cffi.read"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=environment)
    assert run.returncode and f"{pool.ENVIRONMENT_NAME} must be a number of bytes, got {text!r}" in run.stderr


def test_arrays_that_come_and_go_in_any_order_never_share_memory(rng):
    rf.set_memory_pool_size(20 * LEAST)
    live = []
    for number in range(400):
        if live and rng.random() < 0.5:
            array, value = live.pop(rng.integers(len(live)))
            assert array[0] == value and array[-1] == value and array[array.size // 2] == value
        else:
            array = pool.new_array((int(rng.integers(LEAST // 8, LEAST // 2)),), np.dtype("f8"))
            array[[0, array.size // 2, -1]] = number
            live.append((array, number))
        if live and rng.random() < 0.1:
            array, value = live[rng.integers(len(live))]
            array.resize(int(rng.integers(LEAST // 8, LEAST // 2)), refcheck=False)
            array[[array.size // 2, -1]] = value
    assert all(array[0] == value for array, value in live)


def test_threads_may_make_and_free_arrays_at_the_same_time():
    rf.set_memory_pool_size(4 * LEAST)

    def work(number):
        for _ in range(200):
            array = pool.new_array((LEAST + number % 3,), BYTE)
            array[::4096] = number
            assert (array[::4096] == number).all()

    with at_work(work, range(8)):
        pass
    assert kept() <= 4 * LEAST


def test_images_read_one_after_the_other_share_memory_and_not_pixels(tmp_path, rng):
    images = [rng.integers(0, 2000, (1100, 1000)).astype("i4") for _ in range(3)]
    for number, image in enumerate(images):
        with rf.FITS(tmp_path / f"{number}.fits", "w+") as fits:
            fits.write_image(image)
            fits.write_image(image, compress=rf.Rice1())
    for ext in (0, 1):
        addresses = set()
        for number, image in enumerate(images):
            pixels = rf.read(tmp_path / f"{number}.fits", ext=ext)
            assert np.array_equal(pixels, image) and pixels.flags.owndata
            addresses.add(address(pixels))
            del pixels
        assert len(addresses) == 1
        held = [rf.read(tmp_path / f"{number}.fits", ext=ext) for number in range(3)]
        assert all(np.array_equal(*pair) for pair in zip(held, images, strict=True))


TAKEN_BACK = """
import numpy as np
from rustfits_cffi.native.pool import new_array

def lazily_free():
    with open("/proc/self/smaps", encoding="utf-8") as lines:
        return sum(int(line.split()[1]) << 10 for line in lines if line.startswith("LazyFree:"))

for value in range(1, 4):
    array = new_array((64_000_000,), np.dtype("u1"))
    array[:] = value
    assert (array == value).all() and lazily_free() < 1_000_000
    del array
    assert lazily_free() > 58_000_000
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/smaps"), reason="a file of Linux")
def test_the_system_may_take_back_what_is_kept():
    run = subprocess.run([sys.executable, "-c", TAKEN_BACK], capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stderr) == (0, "")


def test_without_numpys_function_arrays_use_numpys_memory(monkeypatch):
    monkeypatch.setattr(pool, "_allocating_context", lambda: None)
    assert get_handler_name(pool.new_array((LEAST,), BYTE)) == "default_allocator"


AT_EXIT = """
import atexit, sys
import numpy as np
from rustfits_cffi.native.pool import new_array

class Holder:
    def __init__(self):
        self.array = new_array((30_000_000,), np.dtype("u1"))
        self.array[:] = 7
    def __del__(self):
        assert self.array[0] == 7
        self.array = None
        sys.stdout.write("gone\\n")

forever = np.frombuffer(Holder().array, "u1")  # garbage at once
sys.modules["holder"] = Holder()               # freed with the modules
atexit.register(lambda: new_array((30_000_000,), np.dtype("u1")).fill(1))
"""


def test_arrays_may_outlive_the_interpreter():
    run = subprocess.run([sys.executable, "-c", AT_EXIT], capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stderr) == (0, "") and run.stdout == "gone\ngone\n"
