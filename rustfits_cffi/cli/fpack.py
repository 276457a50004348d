"""``rustfits-fpack`` and ``rustfits-cffi pack``: the options, messages and exit codes of fpack."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from rustfits_cffi.cli import listing, report, streams
from rustfits_cffi.cli.settings import Settings, run_jobs
from rustfits_cffi.cli.streams import Quit
from rustfits_cffi.native.cfitsio.requests import LARGEST_SEED, MAX_DIMENSIONS
from rustfits_cffi.packing.names import Job, plan_packing
from rustfits_cffi.packing.options import PackOptions
from rustfits_cffi.packing.packer import pack
from rustfits_cffi.packing.report import Progress

USAGE = """\
usage: fpack [-r|-h|-g|-p] [-w|-t <axes>] [-q <level>] [-s <scale>] [-n <noise>] -v <FITS>
more:   [-T] [-R] [-F] [-D] [-Y] [-O <file>] [-S] [-L] [-C] [-H] [-V] [-i2f]"""
HINT = "      `fpack -H' for help"

HELP = f"""\
Compresses the images of FITS files, byte for byte as fpack does.
{USAGE}

Options come before the file names, each on its own.

  codec (one of)
    -r           RICE_1 (default)
    -h           HCOMPRESS_1
    -g, -g1      GZIP_1
    -g2          GZIP_2: gzip on shuffled bytes
    -p           PLIO_1, for masks: integers from 0 to 2**24 - 1
    -d           tiles without compression

  tiles
    -t <axes>    lengths along each axis, for example 100,100 (default: rows)
    -w           the whole image is one tile

  floating-point images
    -q <level>   quantization steps per sigma of the noise (default 4); a negative
                 value is minus the step; 0 is lossless, with -g or -g2
    -q0          no dithering             -qt   seed from the first tile's bytes
    -qN          seed N, 1 to 10000       -qz   zeros stay zeros; also -qz0 -qzt -qzN

  integer images
    -i2f         quantize like floats where the noise is large enough:
    -n3ratio <x>   at least x times the level (default 2)
    -n3min <x>     and at least x (default 6)
    -s <scale>   scale of HCOMPRESS_1 in units of the noise; negative: absolute (default 0, lossless)
    -n <noise>   divide scaled images so that their noise becomes this

  tables
    -table       also compress binary tables
    -tableonly   compress binary tables only

  files
    -O <file>    name of the output, for one input
    -S           output to stdout
    -F           overwrite the input with the output
    -D           delete the input when its output is complete and verified
    -Y           do not ask before -F or -D after lossy compression
    -C           write no CHECKSUM and DATASUM

  other
    -v           name each file
    -L           list the HDUs; nothing is written
    -T           compare the codecs; nothing is written
    -R <file>    write the comparison to a file
    -H, -V       this help, the version

Cards in the header of an HDU (FZALGOR, FZTILE, FZQVALUE, FZQMETHD, FZDTHRSD, FZI2F,
FZHSCALE) override the options for that HDU. `-' as a file name is stdin."""

TABLE_NOTE = """\
Note: The table compression method used by fpack has been
 officially approved as part of FITS format standard since 2016.
 However users should be aware that the compressed table files may
 only be readable by a limited number of applications (including fpack)."""

_LONG_PREFIXES = ("-q", "-g1", "-g2", "-i2f", "-n3ratio", "-n3min", "-tableonly", "-table")
_CODECS = {"r": "RICE_1", "p": "PLIO_1", "h": "HCOMPRESS_1", "d": "NOCOMPRESS"}
_SWITCHES = {
    "v": "verbose",
    "F": "clobber",
    "D": "delete",
    "Y": "no_prompt",
    "S": "to_stdout",
    "L": "list_only",
    "T": "testing",
}


@dataclass
class PackSettings(Settings):
    """A parsed command line of fpack."""

    pack: dict = field(default_factory=dict)
    report: str | None = None
    tile: str | None = None
    whole_tile: bool = False
    no_prompt: bool = False
    testing: bool = False


def main(arguments: list[str]) -> int:
    """Run fpack and return the exit code."""
    return streams.run(_main, arguments)


def _main(arguments: list[str]) -> None:
    if not arguments:
        raise Quit(255, USAGE, HINT)
    settings = _read(arguments)
    if settings.list_only:
        listing.print_listings(settings.names)
        return
    options = _options(settings)
    jobs = plan_packing(
        settings.names,
        output=settings.output,
        clobber=settings.clobber,
        to_stdout=settings.to_stdout,
        testing=settings.testing,
    )
    if settings.testing:
        report.print_report([job.source for job in jobs], options, settings.report)
        return
    run_jobs(jobs, settings, partial(_pack, options, settings))


def _pack(options: PackOptions, settings: PackSettings, job: Job, progress: Progress | None) -> str:
    """Pack one file and return the name of the output."""
    done = None
    removes_input = (settings.clobber or settings.delete) and not settings.to_stdout
    with (
        streams.input_file(job.source) as source,
        streams.output_file(job, lambda: streams.may_overwrite(job.name, done, no_prompt=settings.no_prompt)) as target,
        streams.reporting(job.name),
    ):
        done = pack(source, target, options, overwrite=target != job.target, verified=removes_input, progress=progress)
        for hdu in done.hdus:
            if hdu.note:
                print(f"    {hdu.note}", file=sys.stderr if settings.to_stdout else sys.stdout)
    if removes_input and not job.in_place:
        streams.delete_input(job, done, no_prompt=settings.no_prompt)
    return job.target


# -- the command line -------------------------------------------------------------------------------------------------


def _read(arguments: list[str]) -> PackSettings:
    """Read options up to the first argument that is not one; the rest are file names."""
    settings, position = PackSettings(), 0
    while position < len(arguments) and _is_option(arguments[position]):
        option = arguments[position]
        position += 1
        if _takes_value(option):
            if position >= len(arguments):
                raise Quit(255, USAGE, HINT) if option[1] in "RO" else Quit(255, USAGE)
            _set_value(settings, option, arguments[position])
            position += 1
        else:
            _set_switch(settings, option)
    settings.names = arguments[position:]
    _check(settings)
    return settings


def _is_option(argument: str) -> bool:
    return (argument.startswith("-") and len(argument) == 2) or argument.startswith(_LONG_PREFIXES)


def _takes_value(option: str) -> bool:
    if option in ("-table", "-tableonly"):
        return False
    return option[1] in "qnstRO"


def _set_switch(settings: PackSettings, option: str) -> None:
    letter = option[1]
    if letter in _CODECS or letter == "g":
        if "codec" in settings.pack:
            raise Quit(255, "Error: multiple compression flags", USAGE)
        settings.pack["codec"] = _CODECS.get(letter) or ("GZIP_2" if option[2:3] == "2" else "GZIP_1")
    elif option == "-i2f":
        settings.pack["lossy_int"] = True
    elif option in ("-table", "-tableonly"):
        settings.pack["tables"] = True
        settings.pack["images"] = settings.pack.get("images", True) and option == "-table"
        print(TABLE_NOTE, file=sys.stderr)
    elif letter == "w":
        if settings.whole_tile or settings.tile is not None:
            raise Quit(255, "Error: multiple tile specifications", USAGE)
        settings.whole_tile = True
    elif letter == "C":
        settings.pack["checksums"] = False
    elif letter in _SWITCHES:
        setattr(settings, _SWITCHES[letter], True)
    elif letter == "H":
        raise Quit(0, HELP)
    elif letter == "V":
        raise Quit(0, streams.version("fpack"))
    else:
        raise Quit(255, f"Error: unknown command line flag `{option}'", USAGE, HINT)


def _set_value(settings: PackSettings, option: str, value: str) -> None:
    letter = option[1]
    if letter == "q":
        _set_quantization(settings, option)
        settings.pack["quantize_level"] = _number(value)
    elif option in ("-n3ratio", "-n3min"):
        settings.pack["lossy_int_ratio" if option == "-n3ratio" else "lossy_int_min"] = _number(value)
    elif letter == "n":
        settings.pack["rescale_noise"] = _number(value)
    elif letter == "s":
        settings.pack["hcomp_scale"] = _number(value)
    elif letter == "t":
        if settings.whole_tile or settings.tile is not None:
            raise Quit(255, "Error: multiple tile specifications", USAGE)
        settings.tile = value
    elif letter == "R":
        if settings.output is not None:
            raise Quit(255, "Error: -R option is not allowed with -O")
        settings.report = value
    elif settings.report is not None:
        raise Quit(255, "Error: -O option is not allowed with -R")
    else:
        settings.output = value


def _set_quantization(settings: PackSettings, option: str) -> None:
    """Set method and seed from the suffix of ``-q``: z, then t or a number."""
    suffix = option[2:]
    if suffix.startswith("z"):
        settings.pack.setdefault("dither", "dither2")
        if settings.pack["dither"] != "no_dither":
            settings.pack["dither"] = "dither2"
        suffix = suffix[1:]
    if suffix.startswith("t"):
        settings.pack["seed"] = "checksum"
    elif digits := re.match(r"\d+", suffix):
        seed = int(digits.group())
        if seed > LARGEST_SEED:
            raise Quit(255, "Error: invalid q suffix", USAGE)
        if seed:
            settings.pack["seed"] = seed
        else:
            settings.pack["dither"] = "no_dither"


def _number(text: str) -> float:
    """A number as C's atof reads it, as a 32-bit float: trailing text is ignored, and text without a number is 0."""
    match = re.match(r"\s*[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?)", text)
    return float(np.float32(float(match.group()))) if match else 0.0


def _check(settings: PackSettings) -> None:
    """Refuse the combinations of valid options that fpack refuses, in its order."""
    pack, codec = settings.pack, settings.pack.get("codec", "RICE_1")
    if settings.report is not None and not settings.testing:
        raise Quit(255, "Error: -R option may only be used with -T")
    if settings.output is not None and (settings.testing or settings.to_stdout):
        raise Quit(255, "Error: -O option may not be used with -S or -T")
    if pack.get("hcomp_scale", 0) != 0 and codec != "HCOMPRESS_1" and not settings.testing:
        raise Quit(255, "Error: `-s' requires `-h or -T'")
    if pack.get("quantize_level", 4) == 0:
        if codec not in ("GZIP_1", "GZIP_2"):
            raise Quit(255, "Error: `-q 0' only allowed with GZIP")
        if pack.get("lossy_int"):
            raise Quit(255, "Error: `-q 0' not allowed with -i2f")
    if settings.whole_tile:
        pack["tile"] = "whole"
    elif settings.tile is not None:
        pack["tile"] = _tile(settings.tile)
    if not settings.names:
        raise Quit(255, "Error: no FITS files to compress", USAGE)


def _tile(text: str) -> tuple[int, ...] | str:
    """Tile lengths with axis 1 first, as a shape in numpy order."""
    if not re.fullmatch(r"[\d,]*", text):
        raise Quit(255, "Error: `-t' requires comma separated tile dims, e.g., `-t 100,100'")
    lengths = [int(part) for part in text.split(",") if part]
    if len(lengths) > MAX_DIMENSIONS:
        raise Quit(255, f"Error: too many dimensions for `-t', max={MAX_DIMENSIONS}")
    return tuple(reversed(lengths)) or "row"


def _options(settings: PackSettings) -> PackOptions:
    if settings.testing and settings.pack.get("hcomp_scale"):
        settings.pack["codec"] = "HCOMPRESS_1"  # the only codec that takes a scale; the report tries all
    return PackOptions(**settings.pack)
