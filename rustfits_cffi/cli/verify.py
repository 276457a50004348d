"""``rustfits-cffi verify``: does packing the original give the packed file?"""

from __future__ import annotations

import argparse

from rustfits_cffi.cli import streams
from rustfits_cffi.cli.streams import Quit
from rustfits_cffi.cli.tables import table
from rustfits_cffi.packing.restoring import RestoredImage
from rustfits_cffi.packing.verification import verify

HEADER = ("HDU", "name", "codec", "largest error", "largest step", "pixels")


def main(arguments: list[str]) -> int:
    """Run the command; return 0 if the packed file is the same, 1 if not."""
    parser = argparse.ArgumentParser(
        prog="rustfits-cffi verify",
        description="Pack ORIGINAL again with the parameters found in PACKED, and report whether the result is "
        "identical (apart from time stamps of checksums), where it differs, and the largest pixel errors. "
        "The exit code is 0 if it is identical, 1 if not.",
    )
    parser.add_argument("original", help="the file before it was packed")
    parser.add_argument("packed", help="its packed form, made by fpack or rustfits-cffi pack")
    options = parser.parse_args(arguments)
    return streams.run(lambda _: _verify(options.original, options.packed), [])


def _verify(original: str, packed: str) -> None:
    with streams.input_file(original) as first, streams.input_file(packed) as second:
        found = verify(first, second)
    codecs = {number: options.codec for number, options in found.options.items()}
    shift = found.comparison.count_a - len(codecs)
    if found.images:
        rows = [_row(image, codecs.get(image.number - shift, "")) for image in found.images]
        print(table(HEADER, rows, left=(1, 2, 5)), end="\n\n")
    if found.identical:
        bare = "" if found.images else f" (but there is no compressed image in {packed})"
        print(f"identical: {original} packed again gives {packed}{bare}")
        raise Quit(0)
    print(f"NOT identical: {original} packed again (b) differs from {packed} (a)\n\n{found.comparison}")
    raise Quit(1)


def _row(image: RestoredImage, codec: str) -> tuple[str, ...]:
    step = "" if image.largest_step is None else f"{image.largest_step:.6g}"
    state = "exact" if image.largest_error == 0 else "within a step" if image.is_right else "WRONG"
    return str(image.number), image.name, codec, f"{image.largest_error:.6g}", step, state
