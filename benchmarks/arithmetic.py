"""Work that needs nothing but a core: two threads cannot be expected to gain more elsewhere than they gain in it.

Hashing a password repeatedly is arithmetic in registers, by the standard library and without the interpreter lock: no
memory accesses, no code of ours. If its gain is below two, the machine did not give the second thread a core of its
own, or not immediately: the system has to start the thread, and a host of virtual machines has to find a core.
"""

from __future__ import annotations

import _thread
import hashlib
import time

_LEAST_ROUNDS = 10  # rounds of hashing: fewer take less than a microsecond


class Arithmetic:
    """Arithmetic that takes one thread a given number of seconds."""

    def __init__(self, seconds: float):
        nrounds = 20_000
        self._nrounds = max(_LEAST_ROUNDS, round(nrounds * seconds / min(_hash(nrounds) for _ in range(5))))

    def by_one(self) -> float:
        """Seconds for one thread."""
        return _hash(self._nrounds)

    def by_two(self) -> float:
        """Seconds for two threads, one of which is started for it and ends with it, as in our calls."""
        half = self._nrounds // 2
        begin = time.perf_counter()
        at_work = _thread.allocate_lock()
        at_work.acquire()
        _thread.start_new_thread(_hash_and_release, (half, at_work))  # threading.Thread would wait for its start
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
