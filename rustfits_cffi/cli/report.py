"""The comparison of codecs that ``fpack -T`` prints."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace

from rustfits_cffi.cli.tables import nbytes_text, table
from rustfits_cffi.errors import FITSError
from rustfits_cffi.packing.files import plain_file
from rustfits_cffi.packing.options import PackOptions
from rustfits_cffi.packing.packer import pack
from rustfits_cffi.packing.unpacker import unpack

HEADER = ("codec", "ratio", "size", "pack", "unpack", "MB/s", "lossless")


def print_report(names: Sequence[str], options: PackOptions, report_name: str | None) -> None:
    """Pack each file with each codec, print the results, and also write them to `report_name` if given."""
    texts = [_file_report(name, options) for name in names]
    if report_name:
        with open(report_name, "w", encoding="utf-8") as stream:
            stream.write("\n".join(texts) + "\n")


def _file_report(name: str, options: PackOptions) -> str:
    rows = []
    with plain_file(name) as plain, tempfile.TemporaryDirectory(prefix="rustfits-") as folder:
        for codec in _codecs(options):
            rows.append(_row(plain, folder, codec, _with_codec(options, codec)))
    text = f"\n File: {name} ({nbytes_text(os.path.getsize(name))})\n\n{table(HEADER, rows, left=(0, 6))}"
    print(text)
    return text


def _codecs(options: PackOptions) -> list[str]:
    """The codecs that fpack compares; only gzip stores floats without quantization."""
    gzip = "GZIP_2" if options.codec == "GZIP_2" else "GZIP_1"
    return [gzip] if options.quantize_level == 0 else ["RICE_1", "HCOMPRESS_1", gzip]


def _with_codec(options: PackOptions, codec: str) -> PackOptions:
    """The options with another codec; the scale only applies to HCOMPRESS_1."""
    return replace(options, codec=codec, hcomp_scale=options.hcomp_scale if codec == "HCOMPRESS_1" else 0.0)


def _row(plain: str, folder: str, codec: str, options: PackOptions) -> tuple[str, ...]:
    packed, restored = os.path.join(folder, "packed"), os.path.join(folder, "restored")
    start = time.perf_counter()
    try:
        done = pack(plain, packed, options, overwrite=True)
    except FITSError as error:
        return codec, "", "", "", "", "", f"not possible: {error}"
    middle = time.perf_counter()
    unpack(packed, restored, overwrite=True)
    end = time.perf_counter()
    speed = done.input_nbytes / 1e6 / max(middle - start, 1e-9)
    return (
        codec,
        f"{done.ratio:.2f}",
        nbytes_text(done.output_nbytes),
        f"{middle - start:.3f} s",
        f"{end - middle:.3f} s",
        f"{speed:.0f}",
        "yes" if done.is_lossless else "no",
    )
