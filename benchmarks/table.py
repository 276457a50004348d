"""The rows as one text table with notes below, and as JSON."""

from __future__ import annotations

import statistics
from typing import Any

from benchmarks.cases import LIBRARIES, TOOLS, Case
from benchmarks.measure import RowResult, SideResult, is_ours, side_name
from benchmarks.memory import limit

PEER_COLUMNS = (*LIBRARIES, *TOOLS)


def render(rows: list[RowResult], threads: tuple[int, ...]) -> str:
    """The table: a line per row, times as medians, ratios as best peer over ours; then the notes."""
    sides = [*map(side_name, threads), *PEER_COLUMNS]
    head = ["row", "workload", *sides, *(f"x {n}t" for n in threads), "arith.", "target", ""]
    lines = [[row.case.name, row.case.title, *(_cell(row, side) for side in sides),
              *(_ratio(row.ratio(n)) for n in threads), _ratio(row.arithmetic_gain), _target(row.case),
              verdict(row, threads)] for row in rows]
    parts = [_align([head, *lines])]
    if any(result.peak_nbytes is not None for row in rows for result in row.sides):
        parts.append(_memory(rows, sides))
    notes = _notes(rows)
    if notes:
        parts.append("\n".join(notes))
    return "\n\n".join(parts)


def brief(row: RowResult) -> str:
    """One line to show progress."""
    cells = (f"{result.side} {_cell(row, result.side)}" for result in row.sides)
    return f"{row.case.name} {row.case.title}: {', '.join(cells)}"


def verdict(row: RowResult, threads: tuple[int, ...]) -> str:
    """`ok`, `UNDER` the target (with the numbers of threads), or `?` if there is nothing to compare.

    Quick rows do not measure speed, so they have no verdict.
    """
    if row.case.is_quick:
        return ""
    wanted = [(n, target) for n, target in ((1, row.case.target_1t), (2, row.case.target)) if n in threads and target]
    ratios = [(n, target, row.ratio(n)) for n, target in wanted]
    if not ratios or any(ratio is None for _, _, ratio in ratios):
        return "?"
    under = [f"{n}t" for n, target, ratio in ratios if ratio < target]
    return f"UNDER {' '.join(under)}" if under else "ok"


def to_json(rows: list[RowResult], threads: tuple[int, ...]) -> list[dict[str, Any]]:
    """Everything measured, one object per row."""
    return [{
        "row": row.case.name, "workload": row.case.title, "shape": list(row.case.shape), "dtype": row.case.dtype,
        "nbytes": row.nbytes, "target_2t": row.case.target, "target_1t": row.case.target_1t,
        "sides": {result.side: _side_json(result) for result in row.sides},
        "best_peer": row.best_peer.side if row.best_peer else None,
        "ratio": {str(n): row.ratio(n) for n in threads}, "arithmetic_gain": row.arithmetic_gain,
        "verdict": verdict(row, threads),
        "left_out": row.case.left_out, "notes": row.notes, "memory_limit": limit(row),
    } for row in rows]


def _side_json(result: SideResult) -> dict[str, Any]:
    """Seconds as minimum, median and maximum, or the reason why there are none."""
    answer: dict[str, Any] = {"result_nbytes": result.result_nbytes, "peak_nbytes": result.peak_nbytes}
    if not result.seconds:
        return answer | {"failure": result.failure, "missing": result.is_missing}
    return answer | {"min": min(result.seconds), "median": statistics.median(result.seconds),
                     "max": max(result.seconds), "trials": len(result.seconds)}


def _cell(row: RowResult, side: str) -> str:
    result = next((result for result in row.sides if result.side == side), None)
    if result is None:
        return "left out" if side in row.case.left_out else "-"
    if result.median is None:
        return "missing" if result.is_missing else "failed"
    return _time(result.median) + ("*" if len(result.seconds) == 1 else "")


def _time(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1e3:.3g} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.3g} us"


def _ratio(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.2g}"


def _target(case: Case) -> str:
    return "-" if case.target is None else f"{case.target:.1f}" + (f" ({case.target_1t:.1f})" if case.target_1t else "")


def _align(lines: list[list[str]]) -> str:
    """Pads columns to their widest cell; words are left-aligned, figures right-aligned."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    is_word = [i < 2 or i == len(widths) - 1 for i in range(len(widths))]
    return "\n".join("  ".join(cell.ljust(width) if left else cell.rjust(width)
                               for cell, width, left in zip(line, widths, is_word, strict=True)).rstrip()
                     for line in lines)


def _memory(rows: list[RowResult], sides: list[str]) -> str:
    """Peak memory of each side, and whether ours stays within the result and 128 MB."""
    lines = [["row", "peak MB", *sides, "limit", ""]]
    for row in rows:
        peaks = {result.side: result.peak_nbytes for result in row.sides if result.peak_nbytes is not None}
        ours = [peak for side, peak in peaks.items() if is_ours(side)]
        kept = "?" if not ours else "ok" if max(ours) <= limit(row) else "OVER"
        cells = [f"{peaks[side] / 1e6:.0f}" if side in peaks else "-" for side in sides]
        lines.append([row.case.name, "", *cells, f"{limit(row) / 1e6:.0f}", kept])
    return _align(lines)


def _notes(rows: list[RowResult]) -> list[str]:
    """Reasons for the cells without a time; a reason that many rows share is given once."""
    reasons: dict[str, list[str]] = {}
    for row in rows:
        for result in row.sides:
            if result.failure:
                kind = "missing" if result.is_missing else "failed"
                reasons.setdefault(f"{result.side} {kind}: {result.failure}", []).append(row.case.name)
        for name, why in row.case.left_out.items():
            reasons.setdefault(f"{name} left out: {why}", []).append(row.case.name)
        for note in row.notes:
            reasons.setdefault(note, []).append(row.case.name)
    notes = [f"{_these(names, rows)}: {why}" for why, names in reasons.items()]
    if any(len(result.seconds) == 1 for row in rows for result in row.sides):
        notes.append("* timed once")
    return notes


def _these(names: list[str], rows: list[RowResult]) -> str:
    """Names of rows, abbreviated if they are all of several rows."""
    return "all rows" if len(names) == len(rows) > 1 else " ".join(names)
