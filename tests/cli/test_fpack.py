"""The command lines of fpack and funpack: same files, same messages, same exit codes as the programs themselves."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rustfits_cffi.cli import fpack, funpack
from tests.packing.conftest import image_hdu, noise, table_hdu

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAMS = {"fpack": fpack.main, "funpack": funpack.main}


def fill(folder):
    """Make the files that the command lines below name."""
    integers, floats = noise((40, 60), "i2"), noise((40, 60))
    (folder / "i.fits").write_bytes(image_hdu(integers, primary=True))
    (folder / "f.fits").write_bytes(image_hdu(floats, primary=True))
    (folder / "m.fits").write_bytes(
        image_hdu(None, primary=True)
        + image_hdu(floats, [("EXTNAME", "SCI")], primary=False)
        + table_hdu(900)
        + image_hdu(integers, [("EXTNAME", "DQ")], primary=False)
    )
    (folder / "long.fits").write_bytes(image_hdu(noise((40, 60), "i8"), primary=True))
    (folder / "scaled.fits").write_bytes(image_hdu(floats, [("BSCALE", 2.0)], primary=True))
    (folder / "notes.txt").write_bytes(b"not a FITS file at all")
    (folder / "done.fits").write_bytes(image_hdu(integers, primary=True))
    (folder / "done.fits.fz").write_bytes(b"in the way")
    subprocess.run(["gzip", "-k", "-n", folder / "i.fits"], check=True)
    os.rename(folder / "i.fits.gz", folder / "z.fits.gz")


@pytest.fixture
def both(tools, tmp_path, monkeypatch, capfdbinary):
    """A function that runs a command line with the original program and with ours, in equal folders."""
    folders = tmp_path / "theirs", tmp_path / "ours"
    for folder in folders:
        folder.mkdir()
    fill(folders[0])
    shutil.copytree(folders[0], folders[1], dirs_exist_ok=True)

    def run(program, *arguments, answer=""):
        result = subprocess.run(
            [tools / program, *arguments],
            cwd=folders[0],
            capture_output=True,
            timeout=60,
            input=answer.encode(),
            check=False,
        )
        monkeypatch.chdir(folders[1])
        (tmp_path / "answer").write_text(answer)
        capfdbinary.readouterr()
        with open(tmp_path / "answer") as stream:
            monkeypatch.setattr(sys, "stdin", stream)
            code = PROGRAMS[program](list(arguments))
        sys.stdout.flush()
        out, _ = capfdbinary.readouterr()
        return (result.returncode, result.stdout, contents(folders[0])), (code & 255, out, contents(folders[1]))

    return run


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


SAME = """
-C i.fits
-C -v i.fits
-C -g i.fits
-C -g1 i.fits
-C -g2 i.fits
-C -h i.fits
-C -h -s 2 i.fits
-C -d i.fits
-C -p i.fits
-C -w i.fits
-C -t 20,10 i.fits
-C -t 20 i.fits
-C -t 0,0 -h i.fits
-C -q7 4 f.fits
-C -q0 4 f.fits
-C -qt 4 f.fits
-C -qz7 4 f.fits
-C -qzt 4 f.fits
-C -qz0 4 f.fits
-C -q7 4 -q 2 f.fits
-C -g2 -q 0 f.fits
-C -q7 -1.5e0xyz f.fits
-C -q7 4 -i2f i.fits
-C -q7 4 -i2f -n3ratio 1 -n3min 2 i.fits
-C -q7 4 -i2f -n3ratio 100 i.fits
-C -n 2 i.fits
-C -q7 4 m.fits
-C -q7 4 -table m.fits
-C -q7 4 -tableonly m.fits
-C -v -q7 4 i.fits f.fits m.fits
-C -O out.fz i.fits
-C z.fits
-C z.fits.gz
-C -F i.fits
-C -F -Y -q7 4 f.fits
-C -D i.fits
-C -D -Y -q7 4 f.fits
-C -S i.fits
-L i.fits m.fits
-L missing.fits
-C long.fits
-C scaled.fits
-C notes.txt
-C i.fits long.fits f.fits
i.fits missing.fits
missing.fits
done.fits
done.fits.fz
i.fits[1]
-x i.fits
-xyz i.fits
i.fits -C
-r -g i.fits
-t 10 -w i.fits
-w -w i.fits
-t 1x i.fits
-t 1,2,3,4,5,6,7 i.fits
-s 2 i.fits
-q 0 i.fits
-q 0 -g -i2f i.fits
-q99999 4 f.fits
-q
-O
-t
-O a -S i.fits
-O a i.fits f.fits
-O i.fits f.fits
-R a i.fits
-O a -R b i.fits
-C
""".strip().split("\n")


@pytest.mark.parametrize("line", ["", *SAME])
def test_fpack_has_the_same_files_messages_and_exit_codes(both, line):
    theirs, ours = both("fpack", *line.split())
    assert ours == theirs


QUESTIONS = ["-C -F -q7 4 f.fits", "-C -D -q7 4 f.fits"]


@pytest.mark.parametrize("answer", ["Y\n", "y\n", "n\n", "\n", ""])
@pytest.mark.parametrize("line", QUESTIONS)
def test_fpack_asks_before_a_lossy_file_replaces_its_original(both, line, answer):
    theirs, ours = both("fpack", *line.split(), answer=answer)
    assert ours[::2] == theirs[::2]
    assert ours[1].split() == theirs[1].split()


UNPACK = """
-C i.fits.fz
-C i.fits
-C -v m.fits.fz
-C f.fits.fz m.fits.fz
-C -P new_ m.fits.fz
-C -O out.fits m.fits.fz
-C -E 1 m.fits.fz
-C -E SCI m.fits.fz
-C -E 3,SCI m.fits.fz
-C -E 2 m.fits.fz
-C -E NONE m.fits.fz
-C -E 9 m.fits.fz
-C -S i.fits.fz
-C -F i.fits.fz
-C -D i.fits.fz
-C -F table.fits
-C -L i.fits.fz m.fits.fz
-L i.fits.fz m.fits.fz
-C plain.fits
-C missing
-C both.fits
-C taken.fits.fz
-C -O a -P b i.fits.fz
-C -S -O a i.fits.fz
-C -E 1 -D i.fits.fz
-C -O a i.fits.fz f.fits.fz
-x i.fits.fz
-P
-C
i.fits.fz[1]
""".strip().split("\n")


@pytest.mark.parametrize("line", ["", *UNPACK])
def test_funpack_has_the_same_files_messages_and_exit_codes(both, tools, tmp_path, line):
    for folder in (tmp_path / "theirs", tmp_path / "ours"):
        for name in ("i", "f", "m"):
            subprocess.run([tools / "fpack", "-C", "-q7", "4", f"{name}.fits"], cwd=folder, check=True)
        shutil.copy(folder / "i.fits.fz", folder / "taken.fits.fz")
        shutil.copy(folder / "i.fits", folder / "taken.fits")
        shutil.copy(folder / "m.fits.fz", folder / "table.fits")
        shutil.copy(folder / "i.fits", folder / "plain.fits")
        for name in ("both.fits", "both.fits.fz"):
            shutil.copy(folder / "i.fits.fz", folder / name)
        for name in ("i.fits", "f.fits", "m.fits"):
            (folder / name).unlink()
    theirs, ours = both("funpack", *line.split())
    assert ours == theirs


def test_funpack_gzips_what_it_writes(both, tools, tmp_path):
    for folder in (tmp_path / "theirs", tmp_path / "ours"):
        subprocess.run([tools / "fpack", "-C", "i.fits"], cwd=folder, check=True)
        (folder / "i.fits").unlink()
    theirs, ours = both("funpack", "-C", "-Z", "-v", "i.fits.fz")
    assert ours[:2] == theirs[:2]
    assert sorted(ours[2]) == sorted(theirs[2]) and "i.fits.gz" in ours[2] and "i.fits" not in ours[2]


# -- only in ours ----------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path, monkeypatch):
    fill(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


# A shell that runs the tests in the background makes its children ignore these signals; let them end a program again.
AS_IN_THE_FOREGROUND = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "signal.signal(signal.SIGHUP, signal.SIG_DFL); "
)


def program(name, *arguments):
    """Start our program in a separate process."""
    code = f"import sys; from rustfits_cffi.cli import {name}; sys.exit({name}.main(sys.argv[1:]))"
    return subprocess.Popen(
        [sys.executable, "-c", AS_IN_THE_FOREGROUND + code, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_a_pipe_through_both_programs_gives_the_input_back(folder):
    original = (folder / "i.fits").read_bytes()
    packing = program("fpack", "-C", "-S", "-")
    packed, _ = packing.communicate(original, timeout=60)
    unpacking = program("funpack", "-C", "-S", "-")
    restored, messages = unpacking.communicate(packed, timeout=60)
    assert (packing.returncode, unpacking.returncode, messages) == (0, 0, b"")
    assert restored == original and packed != original


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_an_interrupted_run_leaves_no_half_file(folder, number):
    big = b"".join(image_hdu(noise((700, 900), seed=i), primary=i == 0) for i in range(15))
    (folder / "big.fits").write_bytes(big)
    before = contents(folder)
    process = program("fpack", "-F", "-g2", "-q", "0", "big.fits")
    deadline = time.monotonic() + 30
    while not list(folder.glob(".big*")) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == 255
    assert contents(folder) == before


def test_an_input_whose_packed_form_is_wrong_is_kept(folder, monkeypatch, capsys):
    from rustfits_cffi.packing.encoding import ImageEncoder

    encode = ImageEncoder.encode
    monkeypatch.setattr(ImageEncoder, "encode", lambda self, batch, box: encode(self, batch, box + 1))
    before = contents(folder)
    for option in ("-D", "-F"):
        assert fpack.main([option, "i.fits"]) == 255
        assert contents(folder) == before
    assert "did not come out right" in capsys.readouterr().err


@pytest.mark.parametrize("options", [[], ["-q7", "4"], ["-q", "0", "-g2"], ["-i2f"], ["-n", "2"], ["-h", "-s", "2"],
                                     ["-table"], ["-tableonly"]], ids=" ".join)  # fmt: skip
def test_inputs_go_when_their_packed_form_is_right(folder, options):
    image = (noise((60, 80), "i2"), [("BSCALE", 0.5), ("BZERO", 3.0)])
    parts = [image_hdu(None, primary=True), image_hdu(*image, primary=False), table_hdu(900),
             image_hdu(noise((60, 80)), primary=False)]  # fmt: skip
    (folder / "all.fits").write_bytes(b"".join(parts))
    assert fpack.main(["-D", "-Y", *options, "all.fits"]) == 0
    assert not (folder / "all.fits").exists()
    assert funpack.main(["-D", "all.fits.fz"]) == 0
    assert (folder / "all.fits").exists() and not (folder / "all.fits.fz").exists()


def test_the_comparison_of_codecs_writes_nothing_but_its_report(folder, capsys):
    before = contents(folder)
    assert fpack.main(["-T", "-R", "report.txt", "i.fits", "f.fits"]) == 0
    text = capsys.readouterr().out
    assert all(codec in text for codec in ("RICE_1", "HCOMPRESS_1", "GZIP_1"))
    assert (folder / "report.txt").read_text().split() == text.split()
    (folder / "report.txt").unlink()
    assert contents(folder) == before


@pytest.mark.parametrize("name", PROGRAMS)
def test_help_and_version_are_printed(name, capsys):
    assert PROGRAMS[name](["-H"]) == 0
    assert f"usage: {name}" in capsys.readouterr().out
    assert PROGRAMS[name](["-V"]) == 0
    assert "CFITSIO version 4.6" in capsys.readouterr().out
