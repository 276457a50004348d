"""Peak resident memory of one side in one row, in a process that does nothing else."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

from benchmarks.cases import Case
from benchmarks.measure import RowResult, describe, make_sides, one_trial
from benchmarks.rows import WORKLOADS

ALLOWANCE = 128 << 20
COMMANDS = ("pack", "unpack")  # actions that run in a process of their own
_KB = 1 if sys.platform == "darwin" else 1024


def measure_peak(case: Case, folder: Path, threads: tuple[int, ...], side: str) -> tuple[int, str | None]:
    """Bytes by which one action raises the peak of this process, result included; or of the command it starts.

    Linux can reset the peak before the action. Elsewhere the previous peak of the process is subtracted, which hides
    anything below it.
    """
    try:
        peers, _ = make_sides(case, threads)
        workload = WORKLOADS[case.action](case, folder)
        workload.prepare()
        before = _reset()
        one_trial(workload, peers[side])
        children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * _KB if case.action in COMMANDS else 0
        return max(_peak() - before, children), None
    except Exception as error:
        return 0, describe(error)


def limit(row: RowResult) -> int:
    """Limit for our side: the result and 128 MB."""
    return row.output_nbytes + ALLOWANCE


def _reset() -> int:
    """Resident bytes now, from which the peak is measured."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return _peak()
    return _status("VmRSS")


def _peak() -> int:
    return _status("VmHWM") if Path("/proc/self/status").exists() else resource.getrusage(
        resource.RUSAGE_SELF).ru_maxrss * _KB


def _status(key: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) * 1024
    raise OSError(f"no {key} in /proc/self/status")
