"""``rustfits-cffi info``, ``compare``, ``verify`` and ``demo``."""

import gzip
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from rustfits_cffi.cli import demo, main, streams
from tests.packing.conftest import image_hdu, noise, table_hdu

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a file of every kind of HDU."""
    parts = [
        image_hdu(None, primary=True),
        image_hdu(noise((400, 300)), [("EXTNAME", "SCI")], primary=False),
        table_hdu(900),
        image_hdu(noise((40, 60), "i2"), [("BZERO", 32768), ("EXTNAME", "DQ")], primary=False),
    ]
    (tmp_path / "a.fits").write_bytes(b"".join(parts))
    monkeypatch.chdir(tmp_path)
    assert main(["pack", "-table", "-q7", "4", "a.fits"]) == 0
    return tmp_path


def test_info_lists_plain_and_packed_hdus(folder, capsys):
    assert main(["info", "a.fits", "a.fits.fz"]) == 0
    plain, packed = capsys.readouterr().out.split("a.fits.fz")
    assert "400 x 300" in plain and "float32" in plain and "uint16" in plain and "900 rows, 2 columns" in plain
    assert "compressed image" in packed and "RICE_1" in packed and "400 of 1 x 300" in packed
    assert "compressed table" in packed


@pytest.mark.parametrize("command", ["pack", "unpack", "info"])
@pytest.mark.parametrize("damage", ["cut", "changed"])
def test_a_damaged_gzipped_file_is_an_error_in_words(folder, capsys, command, damage):
    content = bytearray(gzip.compress((folder / "a.fits").read_bytes()))
    content[-1000:] = b"" if damage == "cut" else bytes(1000)
    (folder / "b.fits.gz").write_bytes(content)
    output = [] if command == "info" else ["-O", "out.fits"]
    capsys.readouterr()
    assert main([command, *output, "b.fits.gz"]) == 255
    error = capsys.readouterr().err
    assert error.startswith("Error: ") and "b.fits.gz: damaged or truncated" in error and len(error.splitlines()) == 1
    assert not (folder / "out.fits").exists()


def test_unpacking_does_not_wait_for_numpy(folder):
    code = """
        import sys
        from rustfits_cffi.cli import main
        assert main(["unpack", "-O", "out.fits", "a.fits.fz"]) == 0
        print(*(name for name in sys.modules if name.startswith("numpy.")))
        import numpy
        print(numpy.arange(3).sum())
    """
    child = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert child.returncode == 0, child.stderr
    assert child.stdout.splitlines() == ["", "3"]


def test_compare_answers_by_its_exit_code(folder, capsys):
    assert main(["compare", "a.fits.fz", "a.fits.fz"]) == 0
    assert main(["pack", "-q8", "4", "-O", "b.fz", "a.fits"]) == 0
    capsys.readouterr()
    assert main(["compare", "a.fits.fz", "b.fz"]) == 1
    assert "ZDITHER0" in capsys.readouterr().out
    assert main(["compare", "a.fits.fz", "missing"]) == 255


def test_verify_answers_by_its_exit_code(folder, capsys):
    assert main(["verify", "a.fits", "a.fits.fz"]) == 0
    text = capsys.readouterr().out
    assert "identical" in text and "NOT" not in text and "within a step" in text and "exact" in text
    data = bytearray((folder / "a.fits").read_bytes())
    data[-2880 * 2] ^= 1
    (folder / "b.fits").write_bytes(data)
    assert main(["verify", "b.fits", "a.fits.fz"]) == 1
    assert "NOT identical" in capsys.readouterr().out


def test_demo_on_a_file_leaves_nothing_behind(folder, capsys):
    before = sorted(os.listdir())
    assert main(["demo", "a.fits"]) == 0
    text = capsys.readouterr().out
    assert text.count(" identical") == 3 and "DIFFERENT" not in text and "none" in text
    assert "Polycomp" not in text
    assert sorted(os.listdir()) == before


def test_demo_without_a_file_shows_the_published_results_of_polycomp_too(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(demo, "exposure", lambda: {"SCI": noise((400, 300))})  # the images do not matter here
    assert main(["demo"]) == 0
    images, series = capsys.readouterr().out.split("Polycomp")
    assert images.count(" identical") == 3
    assert "ABOVE" not in series
    lines = [line.split() for line in series.splitlines()]
    planets = [line for line in lines if line[:1] in (["Ceres"], ["Pallas"], ["Vesta"])]
    assert len(planets) == 9
    for line in planets:
        assert 14 <= float(line[8]) <= 30 and float(line[-4]) < 1 and line[-3] == "m"
    assert 8 <= next(float(line[6]) for line in lines if line[:2] == ["all", "columns"]) <= 11
    assert sum("4.8e-06 rad" in line for line in series.splitlines()) == 3
    assert os.listdir() == []


@pytest.mark.parametrize("arguments, code", [([], 2), (["--help"], 0), (["nonsense"], 2), (["--version"], 0)])
def test_the_program_without_a_command_explains_itself(arguments, code, capsys):
    assert main(arguments) == code
    assert "rustfits-cffi" in "".join(capsys.readouterr())


class Bar:
    """Records the updates of a tqdm bar."""

    def __init__(self, total):
        self.total, self.n = total, 0

    def update(self, more):
        assert more >= 0
        self.n += more


def test_progress_adds_up_over_files():
    bar = Bar(300)
    counter = streams._Counter(bar)
    for done in (10, 100, 20, 200):  # a file of 100 bytes, then one of 200
        counter(done, 0)
    assert bar.n == 300


def test_no_progress_in_a_pipe():
    with streams.progress_bar(["a.fits"]) as progress:
        assert progress is None


@pytest.mark.parametrize("command, code", [("info", 255), ("pack", 107), ("verify", 107), ("compare", 255)])
def test_an_empty_file_is_refused_and_stays_empty(tmp_path, command, code):
    path = tmp_path / "empty.fits"
    path.touch()
    assert main([command, str(path), *[str(path)] * (command in ("verify", "compare"))]) == code
    assert path.stat().st_size == 0 and os.listdir(tmp_path) == ["empty.fits"]


def test_info_names_what_a_file_that_is_not_fits_begins_with(tmp_path, capsys):
    path = tmp_path / "notes.txt"
    path.write_text("Dear diary, " * 500)
    assert main(["info", str(path)]) != 0
    assert "not a FITS file: it must begin with SIMPLE, it begins with 'Dear diar'" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["pack", "unpack", "info", "compare", "verify", "demo"])
def test_every_command_explains_itself(capsys, command):
    try:
        code = main([command, "--help"])
    except SystemExit as end:
        code = end.code
    assert code == 0 and len(capsys.readouterr().out.splitlines()) > 5


def test_a_bad_number_of_threads_is_reported_in_one_line(folder, capsys, monkeypatch):
    monkeypatch.setenv("RUSTFITS_NUM_THREADS", "many")
    assert main(["pack", "-O", "c.fz", "a.fits"]) == 255
    assert capsys.readouterr().err == "Error: RUSTFITS_NUM_THREADS must be a number of threads, got 'many'\n"
    assert not os.path.exists("c.fz")
