"""The declarations of cfitsio that Python uses, against cfitsio's own headers.

cffi compares constants and struct fields with the compiler, but trusts argument and result types. So each declared
function is assigned to a pointer of the declared type, and the compiler refuses mismatches.
"""

import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
CDEF = ROOT / "rustfits_cffi" / "native" / "cdef"

FUNCTION = re.compile(r"^(?P<result>[\w ]+?[ *]+)(?P<name>\w+)\((?P<arguments>[^;{}]*)\);", re.MULTILINE)


def declared():
    for path in sorted(CDEF.glob("*.h")):
        text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        text = re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)
        text = re.sub(r"\n\s+", " ", text)
        for match in FUNCTION.finditer(text):
            if not match["result"].strip().startswith("typedef"):
                yield match["result"].strip(), match["name"], match["arguments"]


def test_every_declaration_fits_the_headers(tmp_path):
    sys.path.insert(0, str(ROOT))
    build = pytest.importorskip("build_cfitsio", reason="needs setuptools")
    functions = list(declared())
    assert len(functions) > 40
    # A name that the headers define as a macro with arguments has no address of its own; there are none so far.
    pointers = [f"{result} (*p{i})({arguments}) = {name};" for i, (result, name, arguments) in enumerate(functions)]
    source = tmp_path / "declarations.c"
    source.write_text(build.preamble() + "\n".join(pointers) + "\n")
    compiler = (sysconfig.get_config_var("CC") or "cc").split()
    refused = ["-Werror=incompatible-pointer-types", "-Werror=implicit-function-declaration"]
    command = [*compiler, "-fsyntax-only", *refused, "-Wno-unused", *build.include_flags(), str(source)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_a_wrong_declaration_is_noticed(tmp_path):
    sys.path.insert(0, str(ROOT))
    build = pytest.importorskip("build_cfitsio", reason="needs setuptools")
    source = tmp_path / "wrong.c"
    source.write_text(build.preamble() + "int (*p)(fitsfile *, int, short *) = ffthdu;\n")
    compiler = (sysconfig.get_config_var("CC") or "cc").split()
    command = [*compiler, "-fsyntax-only", "-Werror=incompatible-pointer-types", *build.include_flags(), str(source)]
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0
