"""The layers of docs/architecture.md, read from the imports: arrows only go one way."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "rustfits_cffi"

# room -> rooms it may import
FREE = {"errors", "threads"}
ALLOWED = {
    "errors": set(),
    "threads": set(),
    "config": FREE,
    "format": FREE | {"config"},
    "native": FREE,
    "directory": FREE | {"format", "native"},
    "header": FREE | {"format", "native", "directory"},
    "hdu": FREE | {"config", "format", "native", "directory", "header"},
    "fits": FREE | {"config", "format", "native", "directory", "header", "hdu"},
    "comparison": FREE | {"config", "format", "native", "directory", "header", "hdu", "fits"},
    "reference": FREE | {"config", "format", "native", "directory", "header", "hdu", "fits", "comparison"},
    "packing": FREE | {"config", "format", "native", "directory", "header", "hdu", "fits", "comparison"},
    "polycomp": FREE | {"native"},
}
ALLOWED["__main__"] = {"cli"}
ALLOWED["cli"] = ALLOWED["reference"] | {"reference", "packing", "polycomp"}
ALLOWED["__init__"] = set(ALLOWED)


def room_of(module):
    """The room of a dotted module name within the package."""
    return module.split(".")[1] if "." in module else "__init__"


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
    room = room_of(name)
    for target, line, _ in imports(name, path):
        other = room_of(target)
        if other == "_cfitsio":
            assert name == "rustfits_cffi.native._lib", f"{path}:{line}: only native/_lib.py imports the compiled code"
        elif other != room:
            assert other in ALLOWED[room], f"{path}:{line}: {room} must not import {other}"


@pytest.mark.parametrize("name, path", list(modules()))
def test_no_import_of_ours_hides_in_a_function(name, path):
    hidden = [f"{path}:{line}: {target}" for target, line, inside in imports(name, path) if inside]
    assert not hidden, hidden


def test_no_cycle():
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
