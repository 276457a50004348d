"""Timing of one row: every side checked, then all of them in turn, round after round."""

from __future__ import annotations

import gc
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.arithmetic import Arithmetic
from benchmarks.cases import Case
from benchmarks.peers import PEERS, MissingPeer, RustfitsCffi
from benchmarks.rows import WORKLOADS
from benchmarks.workload import Workload

SLOW, VERY_SLOW, FAST = 2.0, 10.0, 0.05  # seconds of one trial
BEST_OF_FEW, BEST_OF_MANY = 3, 15
LONGEST_ARITHMETIC = 0.2  # seconds


@dataclass
class SideResult:
    """Result of one side in one row; if there are no `seconds`, `failure` says why."""

    side: str
    seconds: list[float] = field(default_factory=list)
    failure: str | None = None
    is_missing: bool = False
    result_nbytes: int = 0
    peak_nbytes: int | None = None

    @property
    def median(self) -> float | None:
        return statistics.median(self.seconds) if self.seconds else None


@dataclass
class RowResult:
    """One row: all sides in the order of the table."""

    case: Case
    nbytes: int = 0
    output_nbytes: int = 0
    sides: list[SideResult] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    arithmetic: list[tuple[float, float]] = field(default_factory=list)  # seconds by one thread and by two, per round

    @property
    def arithmetic_gain(self) -> float | None:
        """The gain of two threads in pure arithmetic, in the same rounds."""
        if not self.arithmetic:
            return None
        by_one, by_two = map(statistics.median, zip(*self.arithmetic, strict=True))
        return by_one / by_two

    def median(self, side: str) -> float | None:
        return next((result.median for result in self.sides if result.side == side), None)

    @property
    def best_peer(self) -> SideResult | None:
        """The fastest of the others."""
        timed = [result for result in self.sides if result.seconds and not is_ours(result.side)]
        return min(timed, key=lambda result: result.median, default=None)

    def ratio(self, threads: int) -> float | None:
        """Time of the best peer over ours: above 1 we are faster."""
        ours, best = self.median(side_name(threads)), self.best_peer
        return best.median / ours if ours and best else None


def side_name(threads: int) -> str:
    """Name of our side with a number of threads."""
    return f"ours {threads}t"


def is_ours(side: str) -> bool:
    return side.startswith("ours ")


def run_row(case: Case, folder: Path, threads: tuple[int, ...], repeats: int) -> RowResult:
    """Check and time all sides of a row.

    Parameters
    ----------
    case : Case
        The row.
    folder : Path
        Where its files are, or are made.
    threads : tuple of int
        Numbers of threads to run ours with, each a side of its own.
    repeats : int
        Trials of each side: at most three if one takes over two seconds, more if one takes milliseconds. A side that
        takes over ten seconds is timed in the run that checks it.

    Returns
    -------
    RowResult
        A side that is missing, fails or answers wrongly is in it with the reason, and is not timed.
    """
    row = RowResult(case)
    workload = WORKLOADS[case.action](case, folder)
    peers, row.sides = make_sides(case, threads)
    try:
        workload.prepare()
    except Exception as error:
        for result in row.sides:
            result.failure = result.failure or f"no input: {describe(error)}"
        return row
    row.nbytes, row.output_nbytes = workload.nbytes, workload.output_nbytes
    first = {result.side: _check(workload, peers[result.side], result) for result in row.sides if not result.failure}
    _time_in_turn(workload, peers, row, first, repeats)
    row.notes = list(dict.fromkeys(workload.notes))
    return row


def make_sides(case: Case, threads: tuple[int, ...]) -> tuple[dict[str, Any], list[SideResult]]:
    """The peers by name of side, and an empty result for each side, including missing ones."""
    makers = {side_name(n): (lambda n=n: RustfitsCffi(n)) for n in threads} | {name: PEERS[name] for name in case.peers}
    peers, results = {}, []
    for name, make in makers.items():
        result = SideResult(name)
        try:
            peers[name] = make()
        except MissingPeer as error:
            result.failure, result.is_missing = str(error), True
        except Exception as error:
            result.failure = describe(error)
        results.append(result)
    return peers, results


def one_trial(workload: Workload, peer: Any) -> tuple[float, Any]:
    """Seconds and result of one action, timed with the garbage collector off."""
    if isinstance(peer, RustfitsCffi):
        peer.use()
    with workload.trial(peer) as action:
        gc.collect()
        gc.disable()
        try:
            start = time.perf_counter()
            result = action()
            return time.perf_counter() - start, result
        finally:
            gc.enable()


def describe(error: BaseException) -> str:
    """One line for the notes."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]


def _check(workload: Workload, peer: Any, into: SideResult) -> float:
    """Seconds of a first trial, whose answer must be right; this also warms the page cache."""
    try:
        seconds, result = one_trial(workload, peer)
        into.result_nbytes = workload.result_nbytes(result)
        workload.verify(peer, result)
        return seconds
    except Exception as error:
        into.failure = describe(error)
        return 0.0


def _time_in_turn(workload: Workload, peers: dict[str, Any], row: RowResult, first: dict[str, float],
                  repeats: int) -> None:
    """One trial of each side in each round, and arithmetic as long as one of ours, until every side has its number."""
    wanted = {}
    for result in row.sides:
        if result.failure:
            continue
        seconds = first[result.side]
        wanted[result.side] = _trials(seconds, repeats)
        if seconds > VERY_SLOW:
            wanted[result.side], result.seconds = 0, [seconds]
    ours = [seconds for side, seconds in first.items() if is_ours(side) and seconds]
    arithmetic = Arithmetic(min(*ours, LONGEST_ARITHMETIC)) if ours else None
    for turn in range(max(wanted.values(), default=0)):
        for result in row.sides:
            if turn < wanted.get(result.side, 0):
                result.seconds.append(one_trial(workload, peers[result.side])[0])
        if arithmetic:
            row.arithmetic.append((arithmetic.by_one(), arithmetic.by_two()))


def _trials(seconds: float, repeats: int) -> int:
    """Number of trials for a side, from the seconds of its first one."""
    if repeats == 1:
        return 1
    if seconds > SLOW:
        return min(repeats, BEST_OF_FEW)
    return max(repeats, BEST_OF_MANY) if seconds < FAST else repeats
