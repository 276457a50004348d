"""The examples in README.md, docs/ and the docstrings are run, and the things that they name exist."""

import doctest
import importlib
import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import rustfits_cffi as rf
from rustfits_cffi.cli import COMMANDS, main

ROOT = Path(__file__).resolve().parent.parent
PAGES = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in ROOT.glob("docs/*.md")}
PAGES |= {name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "CHANGELOG.md")}
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
CLAIM = re.compile(r"^(\S[^#\n]*?)\s+# (\d+\.?\d*)\b", re.MULTILINE)  # an expression and the number it gives
EXAMPLES = (
    "rustfits_cffi",
    "rustfits_cffi.fits",
    "rustfits_cffi.hdu.images.image",
    "rustfits_cffi.header",
    "rustfits_cffi.polycomp",
)


def blocks(page, language):
    return [text for name, text in BLOCK.findall(PAGES[page]) if name == language]


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")])
def test_python_runs_and_gives_the_numbers_beside_it(tmp_path, monkeypatch, page):
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in blocks(page, "python"):
        exec(block, names)
        for expression, number in CLAIM.findall(block):
            digits = len(number.partition(".")[2])
            assert round(eval(expression, names), digits) == float(number), expression


def test_commands_of_the_readme_run_one_after_the_other(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rf.write("image.fits", np.random.default_rng(1).normal(100, 5, (60, 80)).astype("f4"))
    text = "".join(blocks("README.md", ""))
    lines = [line.partition("#")[0].split() for line in text.splitlines() if line.startswith("rustfits-cffi")]
    assert {command for _, command, *_ in lines} == set(COMMANDS)
    for _, command, *arguments in lines:
        assert main([command, *arguments]) == (command == "compare"), command  # quantized pixels differ


@pytest.mark.parametrize("module", EXAMPLES)
def test_examples_of_docstrings_run(tmp_path, monkeypatch, module):
    monkeypatch.chdir(tmp_path)
    pixels = np.zeros((240, 300), "i2")
    with rf.FITS("image.fits.fz", "w+") as fits:
        header = fits.write_image(pixels, extname="SCI", header={"EXPTIME": 30.0}, compress=rf.Rice1()).header
        angles = np.sin(np.arange(4000) / 300)
        names = {"FITS": rf.FITS, "fits": fits, "header": header, "pixels": pixels, "angles": angles}
        tests = doctest.DocTestFinder().find(importlib.import_module(module), extraglobs=names)
        assert any(test.examples for test in tests)
        for test in tests:
            assert doctest.DocTestRunner().run(test).failed == 0


@pytest.mark.parametrize("page", PAGES)
def test_everything_named_exists(page):
    folder = (ROOT / page).parent
    for link in re.findall(r"\]\(([^)#:]+)[^):]*\)", PAGES[page]):
        assert (folder / link).exists(), link
    targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)[1].split()
    for target in re.findall(r"`make ([a-z]+)", PAGES[page]):
        assert target in targets, target
    for module in re.findall(r"python -m (benchmarks[.\w]*)", PAGES[page]):
        assert find_spec(module.rstrip(".")), module


def test_every_command_has_its_row():
    assert set(re.findall(r"^\| `rustfits-cffi (\w+)", PAGES["docs/command-line.md"], re.MULTILINE)) == set(COMMANDS)


def test_no_docstring_has_an_example_that_is_not_run():
    with_examples = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in (ROOT / "rustfits_cffi").rglob("*.py")
        if ">>> " in path.read_text(encoding="utf-8")
    }
    assert with_examples == set(EXAMPLES)
