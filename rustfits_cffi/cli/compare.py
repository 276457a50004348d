"""``rustfits-cffi compare``: where two files differ."""

from __future__ import annotations

import argparse

from rustfits_cffi import comparison as comparing
from rustfits_cffi.cli import streams
from rustfits_cffi.cli.streams import Quit


def main(arguments: list[str]) -> int:
    """Run the command; return 0 if the files are the same, 1 if not."""
    parser = argparse.ArgumentParser(
        prog="rustfits-cffi compare",
        description="Show where two FITS files differ: cards, tile descriptors, coded bytes, pixels. "
        "The exit code is 0 if they are the same, 1 if not.",
    )
    parser.add_argument("a", help="one file, plain or gzipped; - is stdin")
    parser.add_argument("b", help="the other file")
    parser.add_argument(
        "--strict", action="store_true", help="also count the time stamps of checksum cards as differences"
    )
    options = parser.parse_args(arguments)
    return streams.run(lambda _: _compare(options.a, options.b, strict=options.strict), [])


def _compare(a: str, b: str, *, strict: bool) -> None:
    with streams.input_file(a) as first, streams.input_file(b) as second:
        found = comparing.compare(first, second)
    print(found)
    same = found.identical if strict else found.identical_but_for_time_stamps
    raise Quit(0 if same else 1)
