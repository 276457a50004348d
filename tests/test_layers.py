"""The layers of docs/architecture.md, read from the imports of Python and the includes of C: arrows only go one way."""

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "rustfits_cffi"

CSRC = PACKAGE / "native" / "csrc"

# folder -> folders it may import
FREE = {"errors", "threads"}
ALLOWED = {
    "errors": set(),
    "threads": set(),
    "config": FREE,
    "format": FREE | {"config"},
    "native": FREE,
    "storage": FREE | {"native"},
    "directory": FREE | {"format", "native", "storage"},
    "edits": FREE | {"format", "native", "storage", "directory"},
    "header": FREE | {"format", "native", "storage", "directory", "edits"},
    "hdu": FREE | {"config", "format", "native", "storage", "directory", "edits", "header"},
    "fits": FREE | {"config", "format", "native", "storage", "directory", "edits", "header", "hdu"},
    "comparison": FREE | {"config", "format", "native", "storage", "directory", "header", "hdu", "fits"},
    "polycomp": FREE | {"native"},
}
ALLOWED["reference"] = ALLOWED["packing"] = ALLOWED["fits"] | {"fits", "comparison"}
ALLOWED["__main__"] = {"cli"}
ALLOWED["cli"] = ALLOWED["reference"] | {"reference", "packing", "polycomp"}
ALLOWED["__init__"] = set(ALLOWED)

# subfolder -> subfolders of the same folder that it may not import; "" is the modules of the folder itself
KEPT_APART = {
    ("native", ""): {"cfitsio"},  # kernels know nothing of cfitsio
    ("hdu", "tiles"): {"images", "tables"},
    ("hdu", "images"): {"tables"},
    ("hdu", "tables"): {"images"},
}

# folder of C -> folders whose headers it may include; every folder may include rf.h and its own headers
MAY_INCLUDE = {
    "base": set(),
    "source": {"base"},
    "deflate": {"base"},
    "rice": {"base"},
    "hcompress": {"base"},
    "plio": {"base"},
    "pixels": {"base", "source"},
    "codecs": {"base", "deflate", "rice", "hcompress", "plio", "pixels"},
    "tiles": {"base", "source", "pixels", "codecs"},
    "polycomp": {"base"},
}


def folder_of(module):
    """The folder of a dotted module name within the package."""
    return module.split(".")[1] if "." in module else "__init__"


def part_of(module):
    """The folder and subfolder of a module; the latter is "" for modules of the folder itself."""
    parts = module.split(".")[1:]
    inner = parts[1] if len(parts) > 1 and (PACKAGE / parts[0] / parts[1]).is_dir() else ""
    return parts[0] if parts else "__init__", inner


def modules():
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(("rustfits_cffi", *path.relative_to(PACKAGE).with_suffix("").parts))
        yield name.removesuffix(".__init__"), path


def imports(name, path):
    """``(imported module, line, is inside a function)`` for every import of ours."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {
        child for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for child in ast.walk(node)
    }  # fmt: skip
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parts, *filter(None, [node.module])])
            targets = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        for target in targets:
            if target.split(".")[0] == "rustfits_cffi":
                yield target, node.lineno, node in inside


@pytest.mark.parametrize("name, path", list(modules()))
def test_imports_follow_the_table(name, path):
    folder = folder_of(name)
    for target, line, _ in imports(name, path):
        other = folder_of(target)
        if other == "_cfitsio":
            assert name == "rustfits_cffi.native._lib", f"{path}:{line}: only native/_lib.py imports the compiled code"
        elif other != folder:
            assert other in ALLOWED[folder], f"{path}:{line}: {folder} must not import {other}"


@pytest.mark.parametrize("name, path", [pair for pair in modules() if part_of(pair[0]) in KEPT_APART])
def test_subfolders_are_kept_apart(name, path):
    folder, inner = part_of(name)
    for target, line, _ in imports(name, path):
        if path.name != "__init__.py" or inner:
            other = part_of(target)
            assert other[0] != folder or other[1] not in KEPT_APART[folder, inner], f"{path}:{line}: {target}"


def test_every_folder_of_c_has_a_row():
    assert {path.name for path in CSRC.iterdir() if path.is_dir()} == set(MAY_INCLUDE)


@pytest.mark.parametrize("path", sorted(CSRC.rglob("*.[ch]")), ids=lambda path: path.relative_to(CSRC).as_posix())
def test_includes_follow_the_table(path):
    """Our headers are included with their folder, from the folders in the table; lines end by column 120."""
    text = path.read_text(encoding="utf-8")
    assert max(map(len, text.splitlines())) <= 120
    folder = path.relative_to(CSRC).parts[0]
    for include in re.findall(r'^#include "(.*)"', text, re.MULTILINE):
        if include in ("rf.h", "fitsio.h", "fitsio2.h"):
            assert include == "rf.h" or path.stem == "rf_handle", f"{path}: only rf_handle includes cfitsio"
            continue
        other = include.split("/")[0]
        assert (CSRC / include).is_file(), f"{path}: {include}"
        assert other == folder or other in MAY_INCLUDE[folder], f"{path}: {folder} must not include {other}"


def test_headers_do_not_include_each_other_in_a_circle():
    graph = {
        path.relative_to(CSRC).as_posix(): re.findall(r'^#include "(\w+/\w+\.h)"', path.read_text(), re.MULTILINE)
        for path in CSRC.rglob("*.h")
    }
    while graph:
        leaves = [name for name, included in graph.items() if not set(included) & set(graph)]
        assert leaves, f"circle among {sorted(graph)}"
        for name in leaves:
            del graph[name]


CONTRACT = re.compile(r"^ \* (rf_\w+)(?:, rf_\w+)* - ", re.MULTILINE)


@pytest.mark.parametrize("path", sorted(CSRC.rglob("*.h")), ids=lambda path: path.name)
def test_contracts_have_their_four_lines(path):
    """The contract of every function has Memory, Sizes, Result and Threads, in this order."""
    text = path.read_text(encoding="utf-8")
    for comment in re.findall(r"^/\*\n.*?\*/", text, re.DOTALL | re.MULTILINE):
        if CONTRACT.search(comment) and ".h - " not in comment:
            found = re.findall(r"^ \* (Memory|Sizes|Result|Threads): ", comment, re.MULTILINE)
            assert found == ["Memory", "Sizes", "Result", "Threads"], f"{path}: {comment}"


@pytest.mark.parametrize("name, path", list(modules()))
def test_no_function_imports_our_modules(name, path):
    hidden = [f"{path}:{line}: {target}" for target, line, inside in imports(name, path) if inside]
    assert not hidden, hidden


def test_imports_have_no_cycle():
    names = {name for name, _ in modules()}
    graph = {}
    for name, path in modules():
        graph[name] = set()
        for target, _, _ in imports(name, path):
            found = target if target in names else target.rpartition(".")[0]
            if found in names and found != name and not name.startswith(found + "."):
                graph[name].add(found)
    done, under_way = set(), []

    def visit(node):
        assert node not in under_way, f"import cycle: {[*under_way[under_way.index(node):], node]}"
        if node not in done:
            under_way.append(node)
            for other in sorted(graph[node]):
                visit(other)
            under_way.pop()
            done.add(node)

    for name in sorted(graph):
        visit(name)
