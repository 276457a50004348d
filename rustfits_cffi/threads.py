"""How many threads one call into our kernels may use, and work done in other threads."""

from __future__ import annotations

import _thread
import operator
import os
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

__all__ = ["ENVIRONMENT_NAME", "ahead", "get_num_threads", "lend", "set_num_threads", "spread"]

Given = TypeVar("Given")
Item = TypeVar("Item")

ENVIRONMENT_NAME = "RUSTFITS_NUM_THREADS"

# More than any machine has: an absurd number is a mistake, and each thread costs a stack.
_MOST = 4096

_chosen: int | None = None
_loans: dict[object, int] = {}  # threads lent, by loan
_lending = threading.Lock()


def set_num_threads(count: int | None) -> None:
    """Set how many threads one read or write may use, for the whole process.

    Parameters
    ----------
    count : int or None
        1 to 4096. None takes the choice back: the environment variable `RUSTFITS_NUM_THREADS` decides again, and
        without it all cores that this process may run on.

    Raises
    ------
    TypeError, ValueError
        If `count` is no integer, or is outside the range.
    """
    global _chosen
    if count is not None:
        if isinstance(count, bool):
            raise TypeError("the number of threads must be an int, not a bool")
        count = _checked(operator.index(count), "the number of threads")
    _chosen = count


def get_num_threads() -> int:
    """Number of threads that the next read or write may use.

    Returns
    -------
    int
        What `set_num_threads` was told; else the environment variable `RUSTFITS_NUM_THREADS`; else the number of
        cores in the CPU affinity of this process.

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
    """A block that may use so many threads, its own among them.

    Callers share what `get_num_threads` allows: who comes while others are at work gets what is left, at least one.
    So a program that reads with many threads of its own does not start many times as many: `n` callers at work have
    at most ``get_num_threads() + n - 1`` threads between them, themselves counted.
    """
    loan, allowed = object(), get_num_threads()
    try:  # from here on, lest an interrupt keep what was lent
        with _lending:
            count = max(1, allowed - sum([*_loans.values()]))
            _loans[loan] = count
        yield count
    finally:
        _loans.pop(loan, None)  # without the lock: an interrupt of waiting for it would keep the loan


def _forget_loans() -> None:
    """Of the threads of the parent process none is in a child."""
    global _lending
    _lending = threading.Lock()
    _loans.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_loans)


def ahead(items: Generator[Item, None, None]) -> Generator[Item, None, None]:
    """The same items; while the caller works on one, a thread gets the next: two of them are alive at a time.

    When this ends or is closed, no thread is at work on `items` any more, and they are closed. Where no thread can be
    started, as in some functions that run when the interpreter ends, the caller gets the items itself.
    """
    # An interrupt (Ctrl-C) may come between any two steps of the caller. So each thread gets one item, waits for nobody
    # and ends; and they meet in a lock and a queue that are written in C. An interrupt can leave those of `threading`
    # and `concurrent.futures` that are written in Python locked for ever.
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
        error = None  # which holds on to this frame
        is_over = True
        with turn:
            items.close()


def spread(function: Callable[[Given], Item], items: Iterable[Given], nthreads: int) -> Generator[Item, None, None]:
    """`function` of each item, in their order; so many threads are at work on them, and all items may be done at once.

    When this ends or is closed, no thread is at work any more. The error of an item is raised when it is due.
    """
    tasks: SimpleQueue[tuple[int, Given]] = SimpleQueue()
    done: SimpleQueue[tuple[int, Any, BaseException | None]] = SimpleQueue()
    early: dict[int, tuple[Any, BaseException | None]] = {}
    for task in enumerate(items):
        tasks.put(task)
    nitems = tasks.qsize()
    at_work = [threading.Lock() for _ in range(min(max(1, nthreads), nitems))]  # each held by one thread

    def work(own: threading.Lock) -> None:  # as in `ahead`, threads meet in locks and queues that are written in C
        with own, suppress(Empty):
            while True:
                number, item = tasks.get_nowait()
                try:
                    done.put((number, function(item), None))
                except BaseException as error:
                    done.put((number, None, error))
                    if not isinstance(error, Exception):  # an interrupt, where this is the caller's own thread
                        return

    try:
        for own in at_work:
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
        error = None  # which holds on to this frame
        with suppress(Empty):
            while True:
                tasks.get_nowait()
        for own in at_work:
            with own:
                pass


def _run_aside(function: Callable[..., None], *arguments: Any) -> None:
    """Run a function in a new thread, or in this one if there can be no other."""
    try:
        _thread.start_new_thread(function, arguments)
    except RuntimeError:
        function(*arguments)


def usable_cores() -> int:
    """Cores that this process may run on, at least 1."""
    # Asked each time (under a microsecond): jobs change their affinity after the import.
    try:
        return max(1, len(os.sched_getaffinity(0)))
    except (AttributeError, OSError):  # not on macOS
        return os.cpu_count() or 1


def _checked(count: int, name: str) -> int:
    """`count` if it is a sensible number of threads."""
    if not 1 <= count <= _MOST:
        raise ValueError(f"{name} must be 1 to {_MOST}, got {count}")
    return count
