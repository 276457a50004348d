"""The names of outputs by the rules of fpack and funpack, all checked before the first file is touched."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

STDIO = "-"
MAX_NAME_LENGTH = 509  # 513 bytes with the closing zero, minus space for a suffix


class NameProblem(ValueError):
    """A file name that fpack or funpack refuses; the text is theirs."""


class Job(NamedTuple):
    """One file to convert. `name` is what the user gave; ``"-"`` as source or target is stdin or stdout."""

    name: str
    source: str
    target: str

    @property
    def in_place(self) -> bool:
        """Whether the output replaces the input."""
        return self.name == self.target != STDIO


def plan_packing(
    names: Sequence[str],
    *,
    output: str | None = None,
    clobber: bool = False,
    to_stdout: bool = False,
    testing: bool = False,
) -> list[Job]:
    """The jobs of ``fpack`` for the file names of a command line.

    Parameters
    ----------
    names : sequence of str
        Files as given; ``"-"`` is stdin. If a file is missing, its name with ``.gz`` is tried.
    output : str, optional
        Full name of the output, for a single file.
    clobber : bool
        Overwrite the input: no suffix is added.
    to_stdout, testing : bool
        Nothing is written under a name.

    Raises
    ------
    NameProblem
        If a name is not allowed, an input is missing, or an output exists.
    """
    jobs: list[Job] = []
    for name in names:
        _check_input_name(name)
        source = name if name == STDIO else _existing(name, ".gz")
        if source.endswith(".fz"):
            raise NameProblem(f"Error: fpack input file already has '.fz' suffix\n{source}")
        target = _target(jobs, name, output, to_stdout or testing, partial(packed_name, name, clobber=clobber))
        jobs.append(Job(name, source, target))
    return jobs


def plan_unpacking(
    names: Sequence[str],
    *,
    output: str | None = None,
    prefix: str = "",
    clobber: bool = False,
    to_stdout: bool = False,
    gzipped: bool = False,
) -> list[Job]:
    """The jobs of ``funpack`` for the file names of a command line.

    Parameters
    ----------
    names : sequence of str
        Files as given; ``"-"`` is stdin. If a file is missing, its name with ``.fz`` is tried.
    output : str, optional
        Full name of the output, for a single file.
    prefix : str
        Put in front of the whole output name, including folders.
    clobber : bool
        The input need not end in ``.fz``, and may be overwritten.
    to_stdout : bool
        Nothing is written under a name.
    gzipped : bool
        The output will be gzipped: its name with ``.gz`` must also be free.

    Raises
    ------
    NameProblem
        If a name is not allowed, ambiguous or missing, or an output exists.
    """
    jobs: list[Job] = []
    for name in names:
        _check_input_name(name)
        source = name
        if name != STDIO:
            source = _existing(name, ".fz")
            if source == name and os.path.exists(name + ".fz"):
                raise NameProblem(
                    f"Error: ambiguous input file name.  Which file should be unpacked?:\n  {name}\n  {name}.fz"
                )
        target = _target(
            jobs,
            source,
            output,
            to_stdout,
            partial(unpacked_name, source, prefix=prefix, suffix_needed=not clobber),
        )
        if gzipped and not to_stdout and output is None:
            _require_free(target + ".gz")
        jobs.append(Job(source, source, target))
    return jobs


def packed_name(name: str, *, clobber: bool = False) -> str:
    """Name of the packed form of the file `name`."""
    target = _without_gzip_suffix("input.fits" if name == STDIO else name)
    if target.endswith(".imh"):
        target = target[:-4] + ".fits"
    return target if clobber else target + ".fz"


def unpacked_name(source: str, *, prefix: str = "", suffix_needed: bool = True) -> str:
    """Name of the unpacked form of the file `source`; `NameProblem` if a required suffix is missing."""
    target = _without_gzip_suffix(prefix + ("output.fits" if source == STDIO else source))
    if source == STDIO:
        return target
    if target.endswith(".fz"):
        return target[:-3]
    if suffix_needed:
        raise NameProblem(f"Error: input compressed file {source}\n does not have the default .fz suffix.")
    return target


def _target(jobs: list[Job], source: str, output: str | None, is_nameless: bool, build: Callable[[], str]) -> str:
    """Name of an output, which must be free."""
    if is_nameless:
        return STDIO
    if output is not None:
        if jobs:
            raise NameProblem(f"Error: cannot use same output file name for multiple files:\n   {output}")
        _require_free(output)
        return output
    target = build()
    if target != source:
        _require_free(target)
    return target


def _check_input_name(name: str) -> None:
    if len(os.fsencode(name)) > MAX_NAME_LENGTH:
        raise NameProblem(f"Error: input file name\n   {name}\n   is too long")
    if name.startswith("-") and name != STDIO:
        raise NameProblem(f"Error: invalid input file name\n   {name}")
    if "[" in name or "]" in name:
        raise NameProblem(f"Error: section/extension notation not supported: {name}")


def _existing(name: str, suffix: str) -> str:
    """The name, or the name with the suffix, whichever can be read."""
    for candidate in (name, name + suffix):
        if os.access(candidate, os.R_OK):
            return candidate
    raise NameProblem(f"Error: can't find or read input file {name}")


def _require_free(name: str) -> None:
    if os.path.lexists(name):
        raise NameProblem(f"Error: output file already exists:\n {name}\n ")  # the blank goes before their next line


def _without_gzip_suffix(name: str) -> str:
    for suffix in (".gz", ".bz2"):
        if name.endswith(suffix):
            return name[: -len(suffix)]
    return name
