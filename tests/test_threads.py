"""How many threads a call may use: the setting, the environment, and sharing among callers."""

import _thread
import itertools
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import rustfits_cffi as rf
from rustfits_cffi import polycomp, threads
from rustfits_cffi.hdu.tiles import encoder as tile_encoder
from rustfits_cffi.native.tile_codec import TileCodec
from tests.conftest import at_work, holds_soon


@pytest.fixture(autouse=True)
def nothing_chosen():
    rf.set_num_threads(None)
    yield
    rf.set_num_threads(None)


def test_the_environment_decides_unless_a_number_is_set(monkeypatch):
    monkeypatch.setenv("RUSTFITS_NUM_THREADS", "3")
    assert rf.get_num_threads() == 3
    rf.set_num_threads(5)
    assert rf.get_num_threads() == 5
    rf.set_num_threads(None)
    assert rf.get_num_threads() == 3
    monkeypatch.setenv("RUSTFITS_NUM_THREADS", "many")
    with pytest.raises(ValueError, match="RUSTFITS_NUM_THREADS"):
        rf.get_num_threads()


@pytest.mark.parametrize("count", [0, -1, 5000])
def test_invalid_numbers_of_threads_are_refused(count):
    with pytest.raises(ValueError, match="threads"):
        rf.set_num_threads(count)


def test_callers_at_the_same_time_share_the_threads():
    rf.set_num_threads(4)
    with threads.lend() as first, threads.lend() as second, threads.lend() as third:
        assert (first, second, third) == (4, 1, 1)
    with threads.lend() as again:
        assert again == 4


def test_a_failing_caller_returns_its_threads():
    rf.set_num_threads(2)
    with pytest.raises(KeyError), threads.lend():
        raise KeyError
    with threads.lend() as count:
        assert count == 2


def test_many_threads_read_and_write_files_of_their_own(tmp_path):
    rf.set_num_threads(2)
    images = [np.random.default_rng(i).normal(100, 5, (300, 400)).astype("f4") for i in range(6)]
    results = [None] * len(images)

    def work(i):
        path = tmp_path / f"{i}.fits"
        with rf.FITS(path, "w+") as fits:
            fits.write_image(images[i], compress=rf.Rice1(), quantize=rf.Quantize(level=-0.5, method="no_dither"))
        results[i] = rf.read(path)

    with at_work(work, range(len(images))):
        pass
    for image, result in zip(images, results, strict=True):
        assert np.abs(result - image).max() <= 0.2501


@pytest.mark.parametrize(
    ("owner", "name"), [(tile_encoder, "any_nonfinite"), (TileCodec, "encode")], ids=["looking for NaN", "encoding"]
)
def test_writers_at_the_same_time_share_in_each_step(tmp_path, monkeypatch, owner, name):
    allowed, nwriters = 4, 8
    rf.set_num_threads(allowed)
    image = np.random.default_rng(1).normal(100, 5, (300, 400)).astype("f4")
    together = threading.Barrier(nwriters, timeout=60)
    used = []
    step = getattr(owner, name)

    def watched(*arguments, **keywords):
        used.append(keywords["nthreads"] if "nthreads" in keywords else arguments[1])
        together.wait()  # now all are in this step, with all the threads they may use
        return step(*arguments, **keywords)

    def write(number):
        with rf.FITS(tmp_path / f"{number}.fits", "w+") as fits:
            fits.write_image(image, compress=rf.Rice1(), quantize=rf.Quantize(level=4))

    monkeypatch.setattr(owner, name, watched)
    with at_work(write, range(nwriters)):
        pass
    assert len(used) == nwriters and sum(used) <= allowed + nwriters - 1


def test_series_are_coded_by_the_remaining_threads(monkeypatch):
    used = []
    codecs = polycomp.streams.codecs.CODECS
    real = codecs["rle"]

    def spy(function):
        def call(*arguments, nthreads, **keywords):
            used.append(nthreads)
            return function(*arguments, nthreads=nthreads, **keywords)

        return call

    monkeypatch.setitem(codecs, "rle", real._replace(encode=spy(real.encode), decode=spy(real.decode)))
    rf.set_num_threads(4)
    with threads.lend():
        polycomp.decode(polycomp.encode(np.arange(9), "rle"))
    polycomp.decode(polycomp.encode(np.arange(9), "rle"))
    assert used == [1, 1, 4, 4]


def counted(done, nitems=1000):
    """Small arrays, one after the other; each item and the end are recorded in `done`."""
    try:
        for i in range(nitems):
            done.append(i)
            yield np.full(3, i)
    finally:
        done.append("closed")


@pytest.mark.parametrize("can_start", [True, False], ids=["in a thread", "where no thread can be started"])
def test_work_ahead_keeps_the_order_and_closes(monkeypatch, can_start):
    def refuse(*_):
        raise RuntimeError("can't start new thread")

    if not can_start:
        monkeypatch.setattr(_thread, "start_new_thread", refuse)
    done = []
    assert [item[0] for item in threads.ahead(counted(done, 20))] == [*range(20)]
    assert done == [*range(20), "closed"]
    done = []
    items = threads.ahead(counted(done))
    assert [item[0] for item in itertools.islice(items, 3)] == [0, 1, 2] and len(done) <= 4
    items.close()
    assert done[-1] == "closed"


def test_work_ahead_that_fails_does_so_when_its_item_is_due():
    def fail_late():
        yield 1
        raise FileNotFoundError("gone")

    items = threads.ahead(fail_late())
    assert next(items) == 1
    with pytest.raises(FileNotFoundError, match="gone"):
        next(items)


def test_an_interrupt_at_any_moment_ends_work_ahead(rng, interrupt_after):
    """A lock that stayed locked would block the test; an item still being produced could not be closed."""
    nthreads = _thread._count()
    for delay in rng.uniform(0, 0.002, 500):
        done = []
        with pytest.raises(KeyboardInterrupt), interrupt_after(delay):
            for _ in threads.ahead(counted(done, 1_000_000)):
                pass
        assert not done or done[-1] == "closed"
    assert holds_soon(lambda: _thread._count() == nthreads)


@pytest.mark.parametrize("can_start", [True, False], ids=["in threads", "where no thread can be started"])
@pytest.mark.parametrize("nitems", [0, 1, 2, 50])
def test_spread_work_keeps_the_order(monkeypatch, rng, can_start, nitems):
    def refuse(*_):
        raise RuntimeError("can't start new thread")

    if not can_start:
        monkeypatch.setattr(_thread, "start_new_thread", refuse)
    nthreads = _thread._count()
    delays = rng.uniform(0, 1e-3, nitems)

    def work(number):
        time.sleep(delays[number])
        return number, _thread.get_ident()

    results = [*threads.spread(work, range(nitems), 3)]
    assert [number for number, _ in results] == [*range(nitems)]
    if can_start and nitems == 50:
        assert len({ident for _, ident in results}) == 3
    assert holds_soon(lambda: _thread._count() == nthreads)


@pytest.mark.parametrize("first", [3, 4])
def test_spread_work_fails_when_the_first_item_that_failed_is_due_and_begins_no_more(first):
    begun = []

    def work(number):
        begun.append(number)
        time.sleep(0.02 if number == first else 0.001)
        if number in (first, 5):
            raise ValueError(f"item {number}")
        return number

    got = []
    with pytest.raises(ValueError, match=f"item {first}"):
        for number in threads.spread(work, range(1000), 2):
            got.append(number)
    assert got == [*range(first)] and len(begun) < 1000
    ended = len(begun)
    time.sleep(0.01)
    assert len(begun) == ended


@pytest.mark.parametrize("way", ["closed", "failed"])
def test_no_thread_is_running_when_spread_work_ends(way):
    begun, ended = threading.Event(), []

    def work(number):
        if number == 0:
            begun.wait(10)
            if way == "failed":
                raise ValueError
            return
        begun.set()
        time.sleep(0.05)
        ended.append(number)

    items = threads.spread(work, [0, 1], 2)
    if way == "closed":
        next(items)
        items.close()
    else:
        with pytest.raises(ValueError):
            next(items)
    assert ended == [1]


def test_an_interrupt_is_not_delayed_where_no_thread_can_be_started(monkeypatch):
    def refuse(*_):
        raise RuntimeError("can't start new thread")

    def work(number):
        begun.append(number)
        if number == 2:
            raise KeyboardInterrupt

    begun = []
    monkeypatch.setattr(_thread, "start_new_thread", refuse)
    with pytest.raises(KeyboardInterrupt):
        list(threads.spread(work, range(9), 1))
    assert begun == [0, 1, 2]
    assert list(threads.spread(abs, [-1, 2], 0)) == [1, 2]


def test_an_interrupt_at_any_moment_ends_spread_work(rng, interrupt_after):
    nthreads = _thread._count()
    for delay in rng.uniform(0, 0.002, 500):
        with pytest.raises(KeyboardInterrupt), interrupt_after(delay):
            while True:
                assert [*threads.spread(abs, range(-9, 0), 2)] == [*range(9, 0, -1)]
    assert holds_soon(lambda: _thread._count() == nthreads)


@pytest.mark.parametrize("delay", [1e-5, 1e-4])
def test_an_interrupt_keeps_no_threads_lent(interrupt_after, delay):
    rf.set_num_threads(4)
    for _ in range(200):
        with pytest.raises(KeyboardInterrupt), interrupt_after(delay):
            while True:
                with threads.lend():
                    pass
    with threads.lend() as count:
        assert count == 4


def lend_again_and_again(until):
    while not until.is_set():
        with threads.lend():
            pass


@pytest.fixture
def others_at_work():
    """Three more threads that borrow and return threads."""
    until = threading.Event()
    with at_work(lend_again_and_again, 3 * [until]):
        yield
        until.set()


def test_an_interrupt_while_others_borrow_keeps_no_threads_lent(rng, interrupt_after, request):
    rf.set_num_threads(4)
    request.getfixturevalue("others_at_work")
    for delay in rng.uniform(0, 2e-3, 300):
        with pytest.raises(KeyboardInterrupt), interrupt_after(delay):
            while True:
                with threads.lend():
                    pass
    assert sum([*threads._loans.values()]) <= 6  # those of the three other threads


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_has_all_threads_whatever_the_parent_is_doing(others_at_work):
    def lent_in_a_child():
        with threads.lend():
            child = os.fork()
            if child == 0:
                try:
                    with threads.lend() as count:
                        os._exit(count)
                finally:
                    os._exit(99)
        if not holds_soon(lambda: os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None):
            os.kill(child, signal.SIGKILL)  # it would hang for ever
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    rf.set_num_threads(4)
    assert [lent_in_a_child() for _ in range(30)] == 30 * [4]


AT_EXIT = """
import atexit, sys
import numpy as np
import rustfits_cffi as rf
from rustfits_cffi.packing import PackOptions, pack

def save(path):
    with rf.FITS(path, "w+") as fits:
        fits.write_image(np.arange(3_000_000, dtype="f8"))
    pack(path, path + ".fz", PackOptions(codec="GZIP_2", quantize_level=0))

rf.set_num_threads(2)
if sys.argv[2] == "used before":
    save(sys.argv[1] + ".before")
atexit.register(save, sys.argv[1])
"""


@pytest.mark.parametrize("executor", ["used before", "never used"])
def test_a_function_that_runs_when_the_interpreter_ends_writes_and_packs_large_images(tmp_path, executor):
    """At that time no thread can be started."""
    path = tmp_path / "a.fits"
    run = subprocess.run([sys.executable, "-c", AT_EXIT, str(path), executor], capture_output=True, timeout=120)
    assert (run.returncode, run.stderr) == (0, b"")
    for name in (path, tmp_path / "a.fits.fz"):
        assert np.array_equal(rf.read(name), np.arange(3_000_000, dtype="f8"))
