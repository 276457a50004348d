"""The number of threads that one call into our kernels may use, and helpers for work in other threads."""

from __future__ import annotations

import _thread
import operator
import os
import threading
import weakref
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import Any, Protocol, TypeVar

__all__ = ["ENVIRONMENT_NAME", "ahead", "get_num_threads", "lend", "set_num_threads", "spread"]

Given = TypeVar("Given")
Item = TypeVar("Item")

ENVIRONMENT_NAME = "RUSTFITS_NUM_THREADS"

# More than any machine has: a larger number is a mistake, and each thread needs a stack.
_MOST = 4096

_chosen: int | None = None
_loans: dict[object, int] = {}  # number of threads, by loan
_lending = threading.Lock()


def set_num_threads(count: int | None) -> None:
    """Set the number of threads that one read or write may use, for the whole process.

    Parameters
    ----------
    count : int or None
        1 to 4096. None restores the default: the environment variable `RUSTFITS_NUM_THREADS` or, if that is not set,
        all cores that this process may run on.

    Raises
    ------
    TypeError, ValueError
        If `count` is not an integer, or is outside the range.
    """
    global _chosen
    if count is not None:
        if isinstance(count, bool):
            raise TypeError("the number of threads must be an int, not a bool")
        count = _checked(operator.index(count), "the number of threads")
    _chosen = count


def get_num_threads() -> int:
    """Return the number of threads that the next read or write may use.

    Returns
    -------
    int
        The number set by `set_num_threads`; otherwise that of the environment variable `RUSTFITS_NUM_THREADS`;
        otherwise the number of cores in the CPU affinity of this process.

    Raises
    ------
    ValueError
        If the environment variable is not a number from 1 to 4096.
    """
    if _chosen is not None:
        return _chosen
    text = os.environ.get(ENVIRONMENT_NAME, "").strip()
    if not text:
        return usable_cores()
    try:
        count = int(text)
    except ValueError:
        raise ValueError(f"{ENVIRONMENT_NAME} must be a number of threads, got {text!r}") from None
    return _checked(count, ENVIRONMENT_NAME)


@contextmanager
def lend() -> Iterator[int]:
    """Context in which the caller may use the number of threads that it receives, including its own.

    Callers share what `get_num_threads` allows: one that comes while others are running gets what is left, at least
    one. So a program that reads with many threads of its own does not start many times that number: together, `n`
    running callers have at most ``get_num_threads() + n - 1`` threads, including their own.
    """
    loan, allowed = object(), get_num_threads()
    try:  # begins here, so that an interrupt does not leave the loan open
        with _lending:
            count = max(1, allowed - sum([*_loans.values()]))
            _loans[loan] = count
        yield count
    finally:
        _loans.pop(loan, None)  # without the lock: an interrupt while waiting for it would leave the loan open


class Forkable(Protocol):
    """What has a lock of its own."""

    def renew_in_child(self) -> None:
        """Make a new lock, and drop what another thread may have left half done."""


# A weakref.WeakSet would run Python code whenever an object dies, and Ctrl-C is ignored there.
_forkables: list[weakref.ref[Forkable]] = []
_nforkables_to_tidy = 64
_registering = threading.Lock()


def survives_fork(owner: Forkable) -> None:
    """Have the lock of an object renewed in every child process: a thread that held it does not exist there."""
    global _nforkables_to_tidy
    with _registering:
        _forkables.append(weakref.ref(owner))
        if len(_forkables) > _nforkables_to_tidy:
            _forkables[:] = [known for known in _forkables if known() is not None]
            _nforkables_to_tidy = 64 + 2 * len(_forkables)


def _begin_child() -> None:
    """Renew locks and discard the loans in a child process, which has none of the threads of its parent."""
    global _lending, _registering
    _lending, _registering = threading.Lock(), threading.Lock()
    _loans.clear()
    for owner in [known() for known in _forkables]:
        if owner is not None:
            owner.renew_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_child)


def ahead(items: Generator[Item, None, None]) -> Generator[Item, None, None]:
    """The same items; while the caller works on one, a thread computes the next. Two of them exist at a time.

    When this generator ends or is closed, no thread uses `items` any more, and `items` is closed. If no thread can be
    started, as in some functions that run at interpreter shutdown, the items are computed in the caller's thread.
    """
    # An interrupt (Ctrl-C) may come between any two steps of the caller. Therefore each thread computes one item and
    # ends without waiting for anything, and threads synchronize through a lock and a queue implemented in C: those of
    # `threading` and `concurrent.futures` that are written in Python can stay locked for ever after an interrupt.
    end: Any = object()
    turn = threading.Lock()
    results: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()
    is_over = False

    def get() -> None:
        with turn:
            if not is_over:
                try:
                    results.put((next(items, end), None))
                except BaseException as error:
                    results.put((end, error))

    try:
        _run_aside(get)
        while True:
            item, error = results.get()
            if error is not None:
                raise error
            if item is end:
                return
            _run_aside(get)
            yield item
    finally:
        error = None  # its traceback refers to this frame
        is_over = True
        with turn:
            items.close()


def spread(function: Callable[[Given], Item], items: Iterable[Given], nthreads: int) -> Generator[Item, None, None]:
    """`function` of each item, in the order of the items, computed by `nthreads` threads that may run ahead.

    When this generator ends or is closed, no thread is running any more. The error of an item is raised at its turn.
    """
    tasks: SimpleQueue[tuple[int, Given]] = SimpleQueue()
    done: SimpleQueue[tuple[int, Any, BaseException | None]] = SimpleQueue()
    early: dict[int, tuple[Any, BaseException | None]] = {}
    for task in enumerate(items):
        tasks.put(task)
    nitems = tasks.qsize()
    running = [threading.Lock() for _ in range(min(max(1, nthreads), nitems))]  # each held by one thread

    def work(own: threading.Lock) -> None:  # as in `ahead`, locks and queues are those implemented in C
        with own, suppress(Empty):
            while True:
                number, item = tasks.get_nowait()
                try:
                    done.put((number, function(item), None))
                except BaseException as error:
                    done.put((number, None, error))
                    if not isinstance(error, Exception):  # an interrupt, if this is the caller's own thread
                        return

    try:
        for own in running:
            _run_aside(work, own)
        for due in range(nitems):
            while due not in early:
                number, result, error = done.get()
                early[number] = result, error
            result, error = early.pop(due)
            if error is not None:
                raise error
            yield result
    finally:
        error = None  # its traceback refers to this frame
        with suppress(Empty):
            while True:
                tasks.get_nowait()
        for own in running:
            with own:
                pass


def _run_aside(function: Callable[..., None], *arguments: Any) -> None:
    """Run a function in a new thread, or in this one if none can be started."""
    try:
        _thread.start_new_thread(function, arguments)
    except RuntimeError:
        function(*arguments)


def usable_cores() -> int:
    """Number of cores that this process may run on, at least 1."""
    # Determined on every call (under a microsecond), because jobs change their affinity after the import.
    try:
        return max(1, len(os.sched_getaffinity(0)))
    except (AttributeError, OSError):  # not available on macOS
        return os.cpu_count() or 1


def _checked(count: int, name: str) -> int:
    """`count`, if it is a valid number of threads."""
    if not 1 <= count <= _MOST:
        raise ValueError(f"{name} must be 1 to {_MOST}, got {count}")
    return count
