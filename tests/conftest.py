"""What tests share: random numbers, the fpack and funpack of the vendored sources, real files where they are present.

The suite draws the same random numbers every time. ``pytest --fuzz-round N`` runs only the tests that draw any, with
those of round N; ``make fuzz`` runs round after round.
"""

import os
import signal
import threading
import time
import zlib
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import rustfits_cffi

try:
    import hypothesis
except ImportError:  # the tests that need it say so
    hypothesis = None

ROOT = Path(__file__).resolve().parent.parent


def pytest_addoption(parser):
    parser.addoption("--fuzz-round", type=int, metavar="N", help="run what draws random numbers, with others")


def pytest_configure(config):
    if hypothesis is not None:
        is_fixed = config.getoption("--fuzz-round") is None
        hypothesis.settings.register_profile("rustfits_cffi", derandomize=is_fixed, database=None, deadline=None)
        hypothesis.settings.load_profile("rustfits_cffi")


@pytest.hookimpl(trylast=True)  # after hypothesis has marked its tests
def pytest_collection_modifyitems(config, items):
    if config.getoption("--fuzz-round") is not None:
        varying = [item for item in items if item.get_closest_marker("hypothesis") or "fuzz_round" in item.fixturenames]
        config.hook.pytest_deselected(items=[item for item in items if item not in varying])
        items[:] = varying


@pytest.fixture(scope="session")
def fuzz_round(request) -> int:
    """Which random numbers to draw: 0 in the suite."""
    return request.config.getoption("--fuzz-round") or 0


@pytest.fixture
def rng(request, fuzz_round) -> np.random.Generator:
    """The random numbers of one test."""
    return np.random.default_rng([fuzz_round, zlib.crc32(request.node.name.encode())])


@pytest.fixture(scope="session")
def tools() -> Path:
    """Folder with fpack and funpack (``make tools``)."""
    folder = Path(os.environ.get("RUSTFITS_CFFI_TOOLS", ROOT / "build" / "tools"))
    if not (folder / "fpack").exists():
        pytest.skip("fpack and funpack are not built; run `make tools`")
    return folder


@pytest.fixture(scope="session")
def real_files() -> Path:
    """Folder with real telescope files, `RUSTFITS_CFFI_DATA` or beside the repository."""
    folder = Path(os.environ.get("RUSTFITS_CFFI_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("real files and reference streams are not on this machine; RUSTFITS_CFFI_DATA says where to look")
    return folder


@contextmanager
def at_work(work, arguments):
    """A block during which threads are at work, one for each argument: all must end with it, and none fail."""
    failures = []

    def try_to_work(argument):
        try:
            work(argument)
        except BaseException as error:
            failures.append(error)

    workers = [threading.Thread(target=try_to_work, args=(argument,), daemon=True) for argument in arguments]
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        for worker in workers:
            worker.join(60)
    assert not any(worker.is_alive() for worker in workers), "a thread does not end"
    if failures:
        raise failures[0]


def holds_soon(condition) -> bool:
    """Whether `condition()` becomes true, in ten seconds at most: for threads that are about to end."""
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.001)
    return condition()


@pytest.fixture
def two_threads():
    """Calls may use two threads, whatever the machine has."""
    rustfits_cffi.set_num_threads(2)
    yield
    rustfits_cffi.set_num_threads(None)


@pytest.fixture
def interrupt_after():
    """A block that is interrupted so many seconds after its start, as by Ctrl-C, unless it ends before."""

    @contextmanager
    def block(delay):
        signal.setitimer(signal.ITIMER_REAL, max(delay, 1e-6))
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    previous = signal.signal(signal.SIGALRM, signal.default_int_handler)
    yield block
    signal.signal(signal.SIGALRM, previous)
