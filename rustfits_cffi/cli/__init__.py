"""The command line: it parses and prints; each command has a module, and the library does the work."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from typing import Any

from rustfits_cffi.native.library import versions

# numpy comes with a library whose idle threads spin for a tenth of a second after the import. No command uses it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# A command's module is imported when the command is run: packing a small file takes less time than importing them all.
COMMANDS = {
    "pack": ("fpack", "compress files as fpack does, with its options"),
    "unpack": ("funpack", "restore files as funpack does, with its options"),
    "info": ("info", "list the HDUs of a file: type, name, shape, codec, tiles, ratio"),
    "compare": ("compare", "show where two files differ"),
    "verify": ("verify", "pack an original again and compare the result with its packed form"),
    "demo": ("demo", "pack a simulated exposure, or your own file, and show the results"),
}


def main(arguments: list[str] | None = None) -> int:
    """Run ``rustfits-cffi COMMAND ...`` and return the exit code."""
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
    if command == "unpack":
        _postpone("numpy")  # importing it takes twice as long as everything else; unpacked pixels pass through C only
    return import_module(f"rustfits_cffi.cli.{COMMANDS[command][0]}").main(arguments)


def _postpone(name: str) -> None:
    """Let import statements return a module without running it; its first attribute access runs it.

    ``importlib.util.LazyLoader`` does not work here: an import statement reads the ``__spec__`` of the module, and
    LazyLoader runs the module on that access too (Python 3.11 to 3.13).
    """
    spec = None if name in sys.modules else find_spec(name)
    if spec is None or spec.loader is None:
        return
    module, loader = module_from_spec(spec), spec.loader

    def run_first(attribute: str) -> Any:
        """Run the module, which makes it an ordinary one, and return one of its attributes."""
        del module.__dict__["__getattr__"]  # first, because the module may define its own
        loader.exec_module(module)
        return getattr(module, attribute)

    module.__dict__["__getattr__"] = run_first
    sys.modules[name] = module


def _usage() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {text}" for name, (_, text) in COMMANDS.items()]
    end = "rustfits-cffi COMMAND --help lists the options of one command."
    return "\n".join(["usage: rustfits-cffi COMMAND [options] FILE...", "", *lines, "", end])
