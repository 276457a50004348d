"""Phrases that readers do not understand stay out of docstrings, comments and documentation."""

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Folders and files that are not scanned.
EXCLUDED = ()

# phrase -> what to write instead
PHRASES = {
    "so many": "the number, or its name",
    "is told": "is reported, or is named",
    "are told": "are reported, or are named",
    "hang on": "depend on, or belong to",
    "hung on": "owned by, or belonging to",
    "besides": "in addition, or otherwise",
    "let go of": "release, free, or drop",
    "had better": "should",
    "lest": "so that ... not",
    "as far as": "where, or those that",
}

# A phrase may continue in the next line of a comment, after its "*" or "#".
BREAK = r"(?:[\s#]|\*(?!/))+"
PATTERN = re.compile(
    "|".join(rf"\b{BREAK.join(phrase.split())}\b" for phrase in sorted(PHRASES, key=len, reverse=True)), re.IGNORECASE
)


def python_texts(source):
    """``(line, text)`` of the docstrings and the runs of comments in Python code."""
    for node in ast.walk(ast.parse(source)):
        body = getattr(node, "body", None)
        if isinstance(body, list):  # attributes have docstrings as well
            yield from ((s.lineno, s.value.value) for s in body if is_text(s))
    last, begin, lines = -1, 0, []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        if token.start[0] != last + 1:
            yield begin, "\n".join(lines)
            begin, lines = token.start[0], []
        last = token.start[0]
        lines.append(token.string)
    yield begin, "\n".join(lines)


def is_text(statement):
    """Whether a statement is a docstring."""
    value = getattr(statement, "value", None)
    return isinstance(statement, ast.Expr) and isinstance(value, ast.Constant) and isinstance(value.value, str)


def c_texts(source):
    """``(line, text)`` of the comments in C code."""
    for found in re.finditer(r"/\*.*?\*/", source, re.DOTALL):
        yield source.count("\n", 0, found.start()) + 1, found[0]


def page_texts(source):
    """``(line, text)`` of a page without its blocks of code and output."""
    yield 1, re.sub(r"(?ms)^ *```.*?^ *```", lambda block: "\n" * block[0].count("\n"), source)


READERS = {".py": python_texts, ".c": c_texts, ".h": c_texts, ".md": page_texts}


def complaints(name, source):
    """One line per phrase: file, line, phrase and advice."""
    for line, text in READERS[Path(name).suffix](source):
        for found in PATTERN.finditer(text):
            phrase = " ".join(re.split(BREAK, found[0].lower()))
            yield f"{name}:{line + text.count(chr(10), 0, found.start())}: {phrase!r}: write {PHRASES[phrase]}"


def scanned():
    """The names of the files to scan, relative to the repository."""
    package = ROOT / "rustfits_cffi"
    paths = [*package.rglob("*.py"), *(package / "native/csrc").rglob("*.[ch]"), *(ROOT / "docs").glob("*.md")]
    names = sorted(path.relative_to(ROOT).as_posix() for path in paths)
    return [name for name in names if not any(f"{name}/".startswith(f"{folder}/") for folder in EXCLUDED)]


def test_unclear_phrases_stay_away():
    found = [line for name in scanned() for line in complaints(name, (ROOT / name).read_text(encoding="utf-8"))]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "name, source, line",
    [
        ("a.py", '"""Fine.\n\nThere are so\nmany.\n"""\n', 3),
        ("a.py", "def f():\n    x = 'besides'\n    # fine\n    # as far\n    # as that\n", 4),
        ("a.c", "int besides; /* fine */\n/*\n * What hangs, or is hung\n * on it.\n */\n", 3),
        ("a.h", "int lest; /* Lest it fails. */\n", 1),
        ("a.md", "Fine.\n```\nbesides\n```\nThe error is told.\n", 5),
    ],
)
def test_phrases_are_found_with_their_line(name, source, line):
    (complaint,) = complaints(name, source)
    assert complaint.startswith(f"{name}:{line}: ")


def test_excluded_folders_exist():
    assert [name for name in EXCLUDED if not (ROOT / name).exists()] == []
