"""`python -m benchmarks [ROW …]`: time rows side by side and print the table."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.cases import Case, quick, select
from benchmarks.machine import machine, versions
from benchmarks.measure import RowResult, SideResult, is_ours, make_sides, run_row
from benchmarks.memory import measure_peak
from benchmarks.table import brief, render, to_json


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit status is 1 if one of our sides failed."""
    options = _parse(arguments)
    print(_announcement(options), file=sys.stderr, flush=True)
    rows: list[RowResult] = []
    with tempfile.TemporaryDirectory(prefix="benchmarks-", dir=options.folder) as name:
        try:
            for case in options.cases:
                rows.append(_run(case, Path(name).resolve(), options))
                print(brief(rows[-1]), file=sys.stderr, flush=True)
                _write_json(rows, options)
        except KeyboardInterrupt:
            print("interrupted; the rows so far:", file=sys.stderr)
    print(_heading())
    print(render(rows, options.threads))
    return int(any(result.failure for row in rows for result in row.sides if is_ours(result.side)))


def _announcement(options: argparse.Namespace) -> str:
    """What will happen and how long it takes, as measured with two cores, all rows and peak memory."""
    count = len(options.cases)
    rows = "1 row" if count == 1 else f"{count} rows"
    pace = "a moment each" if options.quick else f"half a minute each, {max(1, round(count / 2))} min in all"
    return f"Timing {rows} with every library, about {pace}; a line is printed after each."


def _write_json(rows: list[RowResult], options: argparse.Namespace) -> None:
    """Written after each row, so that an interrupted run keeps what it measured."""
    if options.json:
        content = {"machine": machine(), "versions": versions(), "rows": to_json(rows, options.threads)}
        options.json.write_text(json.dumps(content, indent=1))


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help="rows to run, such as R1 S2; all of them without any")
    parser.add_argument("--threads", default="1,2", help="numbers of threads to run ours with (default 1,2)")
    parser.add_argument("--repeat", type=int, default=5, help="trials of each side (default 5)")
    parser.add_argument("--json", type=Path, help="write everything measured to this file")
    parser.add_argument("--memory", action="store_true", help="also measure peak memory, a process for each side")
    parser.add_argument("--folder", type=Path, help="where the temporary files go (up to 2 GB)")
    parser.add_argument("--quick", action="store_true", help="tiny arrays, one trial, one process: checks, no figures")
    options = parser.parse_args(arguments)
    try:
        options.cases = [quick(case) if options.quick else case for case in select(options.rows)]
        options.threads = tuple(int(n) for n in options.threads.split(","))
    except ValueError as error:
        parser.error(str(error))
    if options.repeat < 1 or min(options.threads) < 1:
        parser.error("--repeat and --threads take numbers above 0")
    return options


def _run(case: Case, folder: Path, options: argparse.Namespace) -> RowResult:
    """One row, in a process of its own, so that rows share neither heap nor crashes."""
    repeats = 1 if options.quick else options.repeat
    call = _call_here if options.quick else _call_in_process
    try:
        row = call(run_row, case, folder, options.threads, repeats)
    except Exception as error:
        row = RowResult(case, sides=make_sides(case, options.threads)[1])
        for result in row.sides:
            result.failure = result.failure or f"the process of the row died: {error}"
    if options.memory:
        for result in row.sides:
            _add_peak(row, result, folder, options)
    return row


def _add_peak(row: RowResult, result: SideResult, folder: Path, options: argparse.Namespace) -> None:
    """Peak memory of one side that succeeded, measured in a fresh process."""
    if result.failure:
        return
    nbytes, failure = _call_in_process(measure_peak, row.case, folder, options.threads, result.side)
    if failure:
        row.notes.append(f"no peak memory for {result.side}: {failure}")
    else:
        result.peak_nbytes = nbytes


def _call_here(function: Callable[..., Any], *arguments: Any) -> Any:
    return function(*arguments)


def _call_in_process(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function in a new interpreter."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def _heading() -> str:
    here = machine()
    words = ", ".join(f"{name} {version}" for name, version in versions().items())
    return (f"{here['cpu']}, {here['cores']} cores, {here['system']}, load {here['load']:.1f}\n{words}\n"
            "Medians; x: time of the best peer over ours, above 1 we are faster; target for 2 threads (for 1);\n"
            "arith.: the gain of two threads in pure arithmetic, which shows how much of two cores there was.\n")


if __name__ == "__main__":
    sys.exit(main())
