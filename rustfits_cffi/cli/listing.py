"""The listing of ``fpack -L``: one line per HDU, with its checksums."""

from __future__ import annotations

import os
from collections.abc import Sequence

from rustfits_cffi.cli import streams
from rustfits_cffi.cli.streams import Quit
from rustfits_cffi.native.cfitsio import inspection
from rustfits_cffi.native.cfitsio.handle import CfitsioFile
from rustfits_cffi.packing.files import plain_file

_TILED = {
    "RICE_1": "tiled_rice",
    "GZIP_1": "tiled_gzip_1",
    "GZIP_2": "tiled_gzip_2",
    "PLIO_1": "tiled_plio",
    "HCOMPRESS_1": "tiled_hcompress",
}


def print_listings(names: Sequence[str]) -> None:
    """List the HDUs of each file in the format of fpack."""
    for name in names:
        _print_listing(name)


def _print_listing(name: str) -> None:
    if "[" in name or "]" in name:
        raise Quit(255, f"Error: section/extension notation not supported: {name}")
    if not os.access(name, os.R_OK):
        raise Quit(255, f"Error: can't find or read input file {name}", streams.UNCHANGED)
    with streams.reporting(name, has_output=False), plain_file(name) as path:
        handle = CfitsioFile(path, "r")
        try:
            numbers = list(inspection.hdu_numbers(handle))
            print(f"# {name} ({inspection.hdu_facts(handle, numbers[-1]).data_end} bytes)")
            for number in numbers:
                print(_line(handle, number))
        finally:
            handle.close()


def _line(handle: CfitsioFile, number: int) -> str:
    facts, (data_sum, hdu_sum) = inspection.hdu_facts(handle, number), inspection.checksums(handle, number)
    sums = f"SUMS={_complement(hdu_sum)}/{data_sum}"
    xtension = inspection.read_value(handle, number, "XTENSION")
    if facts.kind == "ascii table":
        return f"  {number} ASCII_TBL {sums}"
    if facts.kind == "table":
        return f"  {number} BINARY_TBL {sums}"
    if xtension is not None and not xtension.startswith(("IMAGE", "BINTABLE")):
        return f"  {number} OTHER {sums} '{xtension:<8}'"
    return f"  {number} IMAGE {sums} BITPIX={facts.bitpix} {_shape(facts.shape)} {_tiling(handle, number, facts.kind)}"


def _complement(total: int) -> int:
    """The complement of a 32-bit sum as fpack prints it: if its sign bit is set, it is extended to 64 bits."""
    complement = ~total & 0xFFFFFFFF
    return complement if complement < 2**31 else complement | 0xFFFFFFFF00000000


def _shape(shape: tuple[int, ...]) -> str:
    return f"[{'x'.join(map(str, reversed(shape)))}]" if shape else "[no_pixels]"


def _tiling(handle: CfitsioFile, number: int, kind: str) -> str:
    if kind != "compressed image":
        return "not_tiled"
    return _TILED.get(inspection.read_value(handle, number, "ZCMPTYPE") or "", "unknown")
