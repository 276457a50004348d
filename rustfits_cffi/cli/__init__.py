"""The command line: parsing and printing only; each command is a file, the work is done by the library."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from typing import Any

from rustfits_cffi.native.library import versions

# numpy brings a library whose idle threads spin for a tenth of a second after its import. No command ever calls it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

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
    if command == "unpack":
        _postpone("numpy")  # which takes twice as long as all else: unpacked pixels pass through C alone
    return import_module(f"rustfits_cffi.cli.{COMMANDS[command][0]}").main(arguments)


def _postpone(name: str) -> None:
    """Have a module imported when something of it is first used, not by the import statements of others.

    ``importlib.util.LazyLoader`` would import it at once: an import statement looks at the module's ``__spec__``, which
    is an attribute like any other to that class (up to Python 3.13 at least).
    """
    spec = None if name in sys.modules else find_spec(name)
    if spec is None or spec.loader is None:
        return
    module, loader = module_from_spec(spec), spec.loader

    def run_first(attribute: str) -> Any:
        """Something that the module does not have yet: it becomes an ordinary one."""
        del module.__dict__["__getattr__"]  # before it gets the one of its own that it may have
        loader.exec_module(module)
        return getattr(module, attribute)

    module.__dict__["__getattr__"] = run_first
    sys.modules[name] = module


def _usage() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {text}" for name, (_, text) in COMMANDS.items()]
    end = "rustfits-cffi COMMAND --help tells the options of one command."
    return "\n".join(["usage: rustfits-cffi COMMAND [options] FILE...", "", *lines, "", end])
