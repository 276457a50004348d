"""The command line: parsing and printing only; each command is a file, the work is done by the library."""

from __future__ import annotations

import sys

from rustfits_cffi.cli import compare, demo, fpack, funpack, info, verify
from rustfits_cffi.native.library import versions

COMMANDS = {
    "pack": (fpack.main, "compress files as fpack does, with its options"),
    "unpack": (funpack.main, "restore files as funpack does, with its options"),
    "info": (info.main, "list the HDUs of a file: type, name, shape, codec, tiles, ratio"),
    "compare": (compare.main, "tell in what two files differ"),
    "verify": (verify.main, "compress an original again and compare with its packed form"),
    "demo": (demo.main, "pack a simulated exposure or a file of yours and show what comes out"),
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
    return COMMANDS[arguments[0]][0](arguments[1:])


def fpack_main() -> int:
    """Run ``rustfits-fpack``."""
    return fpack.main(sys.argv[1:])


def funpack_main() -> int:
    """Run ``rustfits-funpack``."""
    return funpack.main(sys.argv[1:])


def _usage() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {text}" for name, (_, text) in COMMANDS.items()]
    return "\n".join(["usage: rustfits-cffi COMMAND [options] FILE...", "", *lines])
