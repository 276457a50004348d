"""Changes at each limit on the length of files, and on a disk that is nearly full: done, or the file as it was."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import rustfits_cffi as rf

PACKAGE = Path(rf.__file__).parent.parent
ROOT = Path(__file__).resolve().parents[2]


def run(*arguments):
    """The last line of full_disk.py, which prints nothing else if all is well."""
    child = subprocess.run(
        [sys.executable, "-m", "tests.edits.full_disk", *map(str, arguments)],
        capture_output=True, text=True, timeout=120, cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(PACKAGE), str(ROOT)])},
    )  # fmt: skip
    assert child.returncode == 0, child.stderr[-2000:]
    *complaints, last = child.stdout.splitlines()
    assert not complaints, "\n".join(complaints[:20])
    succeeded, failed = (int(word) for word in last.split() if word.isdigit())
    assert succeeded > 40 and failed > 40


def test_a_limit_on_the_length_of_files(tmp_path, fuzz_round):
    step = 2880 - 240  # over the rounds, and in `make torture`, all multiples of 240
    run("limits", tmp_path, step, 240 + 240 * (fuzz_round % (step // 240)))


def test_a_disk_that_is_nearly_full(tmp_path):
    mounted = tmp_path / "small"
    mounted.mkdir()
    mounting = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(mounted)], capture_output=True, text=True
    )
    if mounting.returncode:
        pytest.skip(f"a file system can only be mounted by root: {mounting.stderr.strip()}")
    try:
        run("disk", mounted, 4096, 0)
    finally:
        subprocess.run(["umount", "--lazy", str(mounted)], check=True)
