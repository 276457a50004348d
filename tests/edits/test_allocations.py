"""Memory that cannot be had: each allocation of our C and of cfitsio fails once, in every change of every file."""

import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="allocation is replaced by that of glibc")
def test_an_allocation_that_fails_leaves_the_old_file_or_the_whole_new_one(tmp_path):
    library = tmp_path / "failing.so"
    compiler = os.environ.get("CC", "cc").split()
    command = [*compiler, "-shared", "-fPIC", "-o", library, HERE / "failing_allocations.c", "-ldl"]
    subprocess.run(command, check=True)
    done = subprocess.run(
        [sys.executable, "-m", "tests.edits.short_of_memory", library],
        cwd=HERE.parent.parent,
        env=os.environ | {"LD_PRELOAD": str(library)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found = re.fullmatch(r"(\d+) allocations failed\n", done.stdout)
    assert found and int(found[1]) > 100, done.stdout
