"""``rustfits-funpack`` and ``rustfits-cffi unpack``: the options, messages and exit codes of funpack."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial

from rustfits_cffi.cli import listing, streams
from rustfits_cffi.cli.settings import Settings, run_jobs
from rustfits_cffi.cli.streams import Quit
from rustfits_cffi.packing.names import Job, plan_unpacking
from rustfits_cffi.packing.options import UnpackOptions
from rustfits_cffi.packing.report import Progress
from rustfits_cffi.packing.unpacker import unpack
from rustfits_cffi.storage.safe_files import finished_file

USAGE = """\
usage: funpack [-E <HDUlist>] [-P <pre>] [-O <name>] [-Z] -v <FITS>
more:   [-F] [-D] [-S] [-L] [-C] [-H] [-V] """
HINT = "      `funpack -H' for help"

HELP = f"""\
Restores the images and tables of packed FITS files, as funpack does.
{USAGE}

Options come before the file names, each on its own.

  -E <HDUlist>  only these images: numbers (the primary is 0) or names, separated by commas
  -P <pre>      put <pre> in front of the output names
  -O <name>     name of the output, for one input
  -S            output to stdout
  -Z            gzip the output
  -F            overwrite the input with the output
  -D            delete the input when its output is complete and verified
  -C            leave CHECKSUM and DATASUM as they are
  -v            name each file
  -L            list the HDUs; nothing is written
  -H, -V        this help, the version

`-' as a file name is stdin."""

_SWITCHES = {"F": "clobber", "D": "delete", "S": "to_stdout", "L": "list_only", "Z": "gzipped", "v": "verbose"}
_VALUES = {"P": "prefix", "E": "hdus", "O": "output"}


@dataclass
class UnpackSettings(Settings):
    """A parsed command line of funpack."""

    prefix: str = ""
    hdus: str = ""
    checksums: bool = True
    gzipped: bool = False


def main(arguments: list[str]) -> int:
    """Run funpack and return the exit code."""
    return streams.run(_main, arguments)


def _main(arguments: list[str]) -> None:
    if not arguments:
        raise Quit(255, USAGE, HINT)
    settings = _read(arguments)
    if settings.list_only:
        listing.print_listings(settings.names)
        return
    hdus = tuple(int(part) if part.isdigit() else part for part in settings.hdus.split(",") if part) or None
    options = UnpackOptions(hdus=hdus, checksums=settings.checksums)
    jobs = plan_unpacking(
        settings.names,
        output=settings.output,
        prefix=settings.prefix,
        clobber=settings.clobber,
        to_stdout=settings.to_stdout,
        gzipped=settings.gzipped,
    )
    run_jobs(jobs, settings, partial(_unpack, options, settings))


def _unpack(options: UnpackOptions, settings: UnpackSettings, job: Job, progress: Progress | None) -> str:
    """Unpack one file and return the name of the output."""
    with (
        streams.input_file(job.source) as source,
        streams.output_file(job, lambda: True) as target,
        streams.reporting(job.source),
    ):
        done = unpack(
            source,
            target,
            options,
            overwrite=target != job.target,
            progress=progress,
            verified=settings.clobber or settings.delete,
        )
    if settings.to_stdout:
        return job.target
    if (settings.clobber or settings.delete) and not job.in_place:
        streams.delete_input(job, done, no_prompt=True)
    return _gzip(job.target) if settings.gzipped else job.target


def _gzip(name: str) -> str:
    """Replace a file by its gzipped form and return the new name."""
    import gzip  # slow to import, and few outputs are gzipped

    target = name + ".gz"
    with (
        finished_file(target, replace=False) as path,
        open(name, "rb") as source,
        gzip.open(path, "wb", compresslevel=1) as stream,
    ):
        streams.copy(source, stream)
    os.remove(name)
    return target


def _read(arguments: list[str]) -> UnpackSettings:
    """Read options up to the first argument that is not one; the rest are file names."""
    settings, position = UnpackSettings(), 0
    while position < len(arguments) and arguments[position].startswith("-") and len(arguments[position]) == 2:
        letter = arguments[position][1]
        position += 1
        if letter in _VALUES:
            if position >= len(arguments):
                raise Quit(255, USAGE, HINT)
            setattr(settings, _VALUES[letter], arguments[position])
            position += 1
        elif letter in _SWITCHES:
            setattr(settings, _SWITCHES[letter], True)
        elif letter == "C":
            settings.checksums = False
        elif letter == "H":
            raise Quit(0, HELP)
        elif letter == "V":
            raise Quit(0, streams.version("funpack"))
        else:
            raise Quit(255, f"Error: unknown command line flag `-{letter}'", USAGE, HINT)
    settings.names = arguments[position:]
    _check(settings)
    return settings


def _check(settings: UnpackSettings) -> None:
    """Refuse the combinations of valid options that funpack refuses, in its order."""
    if settings.hdus and (settings.clobber or settings.delete):
        raise Quit(255, "Error: -E option may not be used with -F or -D", USAGE)
    if settings.to_stdout and (settings.output or settings.prefix):
        raise Quit(255, "Error: -S option may not be used with -P or -O", USAGE)
    if settings.output and settings.prefix:
        raise Quit(255, "Error: -P and -O options may not be used together", USAGE)
    if not settings.names:
        raise Quit(255, "Error: no FITS files to uncompress", USAGE)
