"""The command line: parsing and printing only; each command is a file, the work is done by the library."""

from __future__ import annotations

import sys
from importlib import import_module

from rustfits_cffi.native.library import versions

# Each command's module is imported when it is asked for: a pack of a small file takes less than importing them all.
COMMANDS = {
    "pack": ("fpack", "compress files as fpack does, with its options"),
    "unpack": ("funpack", "restore files as funpack does, with its options"),
    "info": ("info", "list the HDUs of a file: type, name, shape, codec, tiles, ratio"),
    "compare": ("compare", "tell in what two files differ"),
    "verify": ("verify", "compress an original again and compare with its packed form"),
    "demo": ("demo", "pack a simulated exposure or a file of yours and show what comes out"),
}


def main(arguments: list[str] | None = None) -> int:
    """Run ``rustfits-cffi COMMAND ...``; the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_usage())
        return 0 if arguments else 2
    if arguments[0] in ("-V", "--version"):
        print(f"rustfits-cffi {versions()['rustfits_cffi']}")
        return 0
    if arguments[0] not in COMMANDS:
        print(f"rustfits-cffi: there is no command {arguments[0]!r}\n\n{_usage()}", file=sys.stderr)
        return 2
    return _run(arguments[0], arguments[1:])


def fpack_main() -> int:
    """Run ``rustfits-fpack``."""
    return _run("pack", sys.argv[1:])


def funpack_main() -> int:
    """Run ``rustfits-funpack``."""
    return _run("unpack", sys.argv[1:])


def _run(command: str, arguments: list[str]) -> int:
    if arguments == ["--help"] and command in ("pack", "unpack"):
        arguments = ["-H"]  # fpack's own letter for it; -h is a codec there
    return import_module(f"rustfits_cffi.cli.{COMMANDS[command][0]}").main(arguments)


def _usage() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {text}" for name, (_, text) in COMMANDS.items()]
    end = "rustfits-cffi COMMAND --help tells the options of one command."
    return "\n".join(["usage: rustfits-cffi COMMAND [options] FILE...", "", *lines, "", end])
