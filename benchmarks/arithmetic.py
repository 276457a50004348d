"""Work that needs nothing but a core: what two threads gain in it, two threads cannot be expected to gain elsewhere.

Hashing a password again and again is arithmetic in registers, by the standard library and without the interpreter
lock: no memory, no code of ours. Where its gain is below two, the machine did not give the second thread a core of its
own, or not at once: the system starts the thread, and where cores are lent by a host, that has to find one.
"""

from __future__ import annotations

import _thread
import hashlib
import time

_LEAST_ROUNDS = 10  # of hashing: they would not take a microsecond


class Arithmetic:
    """Arithmetic that takes one thread so many seconds."""

    def __init__(self, seconds: float):
        nrounds = 20_000
        self._nrounds = max(_LEAST_ROUNDS, round(nrounds * seconds / min(_hash(nrounds) for _ in range(5))))

    def by_one(self) -> float:
        """Seconds that it takes one thread."""
        return _hash(self._nrounds)

    def by_two(self) -> float:
        """Seconds that it takes two, of which one is started for it and ends with it, as in our calls."""
        half = self._nrounds // 2
        begin = time.perf_counter()
        at_work = _thread.allocate_lock()
        at_work.acquire()
        _thread.start_new_thread(_hash_and_release, (half, at_work))  # threading.Thread would wait until it runs
        _hash(self._nrounds - half)
        at_work.acquire()
        return time.perf_counter() - begin


def _hash(nrounds: int) -> float:
    begin = time.perf_counter()
    hashlib.pbkdf2_hmac("sha256", b"a password", b"salt", nrounds)
    return time.perf_counter() - begin


def _hash_and_release(nrounds: int, at_work: _thread.LockType) -> None:
    _hash(nrounds)
    at_work.release()
