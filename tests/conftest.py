"""Shared by the tests: random numbers, fpack and funpack from the vendored sources, and real files if available.

The suite uses the same random numbers every time. ``pytest --fuzz-round N`` runs only the tests that use random
numbers, with those of round N; ``make fuzz`` runs one round after the other.
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
    parser.addoption("--fuzz-round", type=int, metavar="N", help="run only tests with random numbers, those of round N")


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
    """Number of the round of random numbers; 0 in the normal suite."""
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
    """Folder with real telescope files: `RUSTFITS_CFFI_DATA`, or next to the repository."""
    folder = Path(os.environ.get("RUSTFITS_CFFI_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("real files and reference streams are not on this machine; RUSTFITS_CFFI_DATA says where to look")
    return folder


@contextmanager
def at_work(work, arguments):
    """Context in which threads run `work`, one per argument: all must end with it, and none may fail."""
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
    assert not any(worker.is_alive() for worker in workers), "a thread did not end"
    if failures:
        raise failures[0]


def holds_soon(condition) -> bool:
    """Whether `condition()` becomes true within ten seconds: for threads that are about to end."""
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.001)
    return condition()


@pytest.fixture
def two_threads():
    """Allow calls to use two threads, whatever the number of cores."""
    rustfits_cffi.set_num_threads(2)
    yield
    rustfits_cffi.set_num_threads(None)


@pytest.fixture
def interrupt_after():
    """Context that is interrupted `delay` seconds after its start, as by Ctrl-C, unless it ends before."""

    @contextmanager
    def block(delay):
        # Again after seconds: Python ignores an interrupt that comes while it collects garbage.
        signal.setitimer(signal.ITIMER_REAL, max(delay, 1e-6), 5)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    previous = signal.signal(signal.SIGALRM, signal.default_int_handler)
    yield block
    signal.signal(signal.SIGALRM, previous)
