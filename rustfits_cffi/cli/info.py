"""``rustfits-cffi info``: what is in a file."""

from __future__ import annotations

import argparse
import math

from rustfits_cffi.cli import streams
from rustfits_cffi.cli.tables import nbytes_text, table
from rustfits_cffi.fits import FITS
from rustfits_cffi.format.dtypes import scaling
from rustfits_cffi.native.cfitsio import inspection
from rustfits_cffi.native.cfitsio.handle import CfitsioFile
from rustfits_cffi.packing.files import plain_file

HEADER = ("HDU", "type", "name", "shape", "dtype", "codec", "tiles", "size", "ratio")


def main(arguments: list[str]) -> int:
    """Run the command and return the exit code."""
    parser = argparse.ArgumentParser(prog="rustfits-cffi info", description="List the HDUs of FITS files.")
    parser.add_argument("file", nargs="+", help="FITS file, plain, packed or gzipped; - is stdin")
    names = parser.parse_args(arguments).file
    return streams.run(_print_files, names)


def _print_files(names: list[str]) -> None:
    for i, name in enumerate(names):
        with streams.input_file(name) as given, plain_file(given) as path:
            FITS(path, lenient=True, trust_sizes=True).close()  # explains better than cfitsio why a file is not FITS
            handle = CfitsioFile(path, "r")
            try:
                rows = [_row(handle, number) for number in inspection.hdu_numbers(handle)]
                size = handle.size()
            finally:
                handle.close()
        print(f"{chr(10) if i else ''}{name}: {nbytes_text(size)}\n")
        print(table(HEADER, rows, left=(1, 2, 3, 4, 5)))


def _row(handle: CfitsioFile, number: int) -> tuple[str, ...]:
    facts = inspection.hdu_facts(handle, number)
    name = inspection.read_value(handle, number, "EXTNAME") or ""
    size = facts.data_end - facts.header_start
    shape, dtype, codec, tiles, ratio = "", "", "", "", ""
    kind = facts.kind
    if kind in ("image", "compressed image"):
        shape, dtype = " x ".join(map(str, facts.shape)), _dtype(handle, number, facts.bitpix) if facts.shape else ""
        kind = kind if facts.shape else "empty"
    else:
        rows, columns = (inspection.read_value(handle, number, key) or "?" for key in ("NAXIS2", "TFIELDS"))
        shape = f"{rows} rows, {columns} columns"
    if kind == "compressed image":
        image = inspection.read_compressed_image(handle, number)
        codec = inspection.read_value(handle, number, "ZCMPTYPE") or "?"
        tiles = f"{inspection.read_value(handle, number, 'NAXIS2')} of {' x '.join(map(str, image.tile_shape))}"
        nbytes = math.prod(image.shape) * abs(image.bitpix) // 8
        ratio = f"{nbytes / max(1, facts.data_end - facts.data_start):.2f}"
    elif kind == "table" and inspection.read_value(handle, number, "ZTABLE") == "T":
        kind = "compressed table"
        nrows = int(inspection.read_value(handle, number, "ZNAXIS2") or 0)
        shape = f"{nrows} rows, {inspection.read_value(handle, number, 'TFIELDS')} columns"
        ntiles, length = (inspection.read_value(handle, number, key) for key in ("NAXIS2", "ZTILELEN"))
        tiles = f"{ntiles} of {length} rows"
        nbytes = nrows * int(inspection.read_value(handle, number, "ZNAXIS1") or 0)
        ratio = f"{nbytes / max(1, facts.data_end - facts.data_start):.2f}"
    return str(number - 1), kind, name, shape, dtype, codec, tiles, nbytes_text(size), ratio


def _dtype(handle: CfitsioFile, number: int, bitpix: int) -> str:
    """The type of the pixels after scaling."""
    kind = scaling(bitpix, *(inspection.read_number(handle, number, key) for key in ("BSCALE", "BZERO")))
    return f"{kind.stored} scaled" if kind.kind == "general" else str(kind.scaled)
