"""Small runs of the benchmarks: every row runs, and no library with wrong results is timed. Figures are ignored."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT))  # last, so that installed packages take precedence over `benchmarks`

import rustfits_cffi  # noqa: E402
from benchmarks import floors, polycomp, polycomp_scaling, readers, scaling  # noqa: E402
from benchmarks.__main__ import main  # noqa: E402
from benchmarks.cases import CASES, Case, quick, select  # noqa: E402
from benchmarks.files import mask_stamps  # noqa: E402
from benchmarks.measure import RowResult, SideResult, is_ours, run_row  # noqa: E402
from benchmarks.peers import Fpack, MissingPeer, RustfitsCffi  # noqa: E402
from benchmarks.table import render, verdict  # noqa: E402
from benchmarks.workload import Disagreement, demand_equal  # noqa: E402
from rustfits_cffi.native.pool import DEFAULT_NBYTES  # noqa: E402


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One folder for all rows, as they share files."""
    return tmp_path_factory.mktemp("benchmarks")


@pytest.fixture(autouse=True)
def _process_as_before():
    """Restore the process-wide number of threads and size of the memory pool, which the rows set."""
    yield
    rustfits_cffi.set_num_threads(None)
    rustfits_cffi.set_memory_pool_size(DEFAULT_NBYTES)


def _row(case: Case, seconds: dict[str, float]) -> RowResult:
    return RowResult(case, sides=[SideResult(side, [value]) for side, value in seconds.items()])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_row_runs_and_sides_agree(case, folder):
    """Ours gives the right result, and so does another library, unless there is no other one."""
    if case.action in ("pack", "unpack"):
        try:
            Fpack()
        except MissingPeer as error:
            pytest.skip(str(error))
    row = run_row(quick(case), folder, (1,), 1)
    ours = [result for result in row.sides if is_ours(result.side)]
    peers = [result for result in row.sides if not is_ours(result.side) and not result.is_missing]
    assert [result.failure for result in ours] == [None]
    assert not peers or any(result.seconds for result in peers), [result.failure for result in peers]
    if not peers:
        pytest.skip("no other library is installed: ours agrees only with itself")


def test_rows_of_polycomp_run():
    rows = polycomp.run(30_000, 1)
    assert len(rows) == 11 and all(row.ours > 0 and row.ratio == row.ours / row.reference for row in rows)
    assert polycomp.Row("", 2.0, 1.0, 2.0, 2.0).reached and not polycomp.Row("", 1.9, 1.0, 1.9, 2.0).reached


def test_gains_of_two_threads_in_polycomp_are_printed(capsys):
    polycomp.main(["--only", "threads", "--samples", "20000", "--quick"])
    lines = capsys.readouterr().out.splitlines()
    assert len([line for line in lines if "code" in line]) == 18
    line = polycomp_scaling.Gain("", one=2.0, two=1.0, programs=2.1, beside=1.0, arithmetic_by_one=2.0,
                                 arithmetic_by_two=1.0, processor_by_one=2.0, processor_by_two=2.0)  # fmt: skip
    assert (line.ratio, line.steady, line.at_work, line.slower) == (2, 4, 1, 1)
    told = [polycomp_scaling.render([line._replace(two=two)]).splitlines()[1] for two in (1.11, 1.112, 1.2)]
    assert [text.partition("below")[1:] for text in told] == [
        ("", ""), ("below", ", so are two programs"), ("below", ""),
    ]  # fmt: skip


def test_command_prints_a_table_and_writes_json(tmp_path, capsys):
    path = tmp_path / "figures.json"
    assert main(["--quick", "--threads", "1,2", "--json", str(path), "U1", "o2"]) == 0
    printed = capsys.readouterr().out
    assert "ours 2t" in printed and "read plain f4" in printed
    rows = json.loads(path.read_text())["rows"]
    assert [row["row"] for row in rows] == ["U1", "O2"]
    assert {"min", "median", "max"} <= set(rows[0]["sides"]["ours 1t"])


def test_scaling_prints_a_line_per_workload(monkeypatch, capsys):
    monkeypatch.setattr(scaling, "SHAPE", (200, 200))
    monkeypatch.setattr(scaling, "ROUNDS", 2)
    scaling.main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines if line.startswith(("read", "write"))] == [
        [action, codec] for codec in ("RICE_1", "GZIP_2", "HCOMPRESS_1") for action in ("read", "write")
    ]


def test_floors_prints_ours_and_the_peer_below_each_row(monkeypatch, capsys):
    monkeypatch.setattr(floors, "ROUNDS", 1)
    floors.main()
    lines = capsys.readouterr().out.splitlines()[2:]
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == ["U1", "U2", "U3", "U4", "R8", "R2"]
    assert [len(line.split()) for line in lines if line.split()[0] == "ours"] == [5] * 6
    assert len([line for line in lines if line.split()[0] == "rustfits"]) == 6


def test_readers_prints_a_line_per_size(monkeypatch, capsys):
    monkeypatch.setattr(readers, "SHAPE", (400, 400))
    monkeypatch.setattr(readers, "ROUNDS", 2)
    monkeypatch.setattr(readers, "SIZES", (32, 100))
    readers.main()
    lines = [line.split() for line in capsys.readouterr().out.splitlines()[2:]]
    assert [line[:3] for line in lines] == [["32", "x", "32"], ["100", "x", "100"]]
    assert all(float(figure) > 0 for line in lines for figure in line[3:]) and {len(line) for line in lines} == {11}


def test_unknown_row_is_refused_by_name():
    with pytest.raises(ValueError, match="no row R99"):
        select(["R1", "R99"])


def test_wrong_answer_is_reported_and_not_timed(folder, monkeypatch):
    monkeypatch.setattr(RustfitsCffi, "read_whole", lambda self, path, ext: np.zeros((320, 320), "f4"))
    row = run_row(quick(select(["U1"])[0]), folder, (1,), 1)
    assert row.sides[0].seconds == []
    assert "values differ" in row.sides[0].failure
    assert "failed" in render([row], (1,))


def test_ratio_is_best_peer_over_ours():
    case = select(["R1"])[0]
    row = _row(case, {"ours 1t": 2.0, "ours 2t": 1.0, "rustfits": 4.0, "fitsio": 9.0})
    assert (row.ratio(1), row.ratio(2)) == (2.0, 4.0)
    assert verdict(row, (1, 2)) == "ok"


@pytest.mark.parametrize(("rustfits", "expected"), [(3.9, "UNDER 1t 2t"), (4.0, "ok")])
def test_row_under_its_target_is_marked(rustfits, expected):
    row = _row(select(["R1"])[0], {"ours 1t": 2.0, "ours 2t": 1.0, "rustfits": rustfits})
    assert verdict(row, (1, 2)) == expected


def test_row_without_a_peer_has_no_verdict():
    assert verdict(_row(select(["R1"])[0], {"ours 1t": 2.0, "ours 2t": 1.0}), (1, 2)) == "?"


def test_only_checksum_cards_are_masked():
    card = b"CHECKSUM= 'abc'   / HDU checksum updated 2020-01-01".ljust(80)
    other = b"DATASUM = '123'   / data unit checksum updated 2020-01-01".ljust(80)
    keep = b"OBJECT  = 'CHECKSUM= x'".ljust(80)
    assert mask_stamps(keep + card + other) == mask_stamps(keep + card.replace(b"2020", b"2021") + other)
    assert mask_stamps(keep) == keep


def test_values_of_another_kind_do_not_agree():
    with pytest.raises(Disagreement, match="dtype"):
        demand_equal(np.zeros(3, "f4"), np.zeros(3, "f8"))
    demand_equal(np.array([np.nan, 1], ">f4"), np.array([np.nan, 1], "f4"))
