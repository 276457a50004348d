"""``rustfits-cffi demo``: packs an exposure in three ways, and series, and checks every claim as it goes."""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from dataclasses import dataclass

import numpy as np

from rustfits_cffi import comparison as comparing
from rustfits_cffi import reference
from rustfits_cffi.cli import streams
from rustfits_cffi.cli.simulate import exposure
from rustfits_cffi.cli.tables import nbytes_text, table
from rustfits_cffi.fits import FITS
from rustfits_cffi.hdu import ImageHDU
from rustfits_cffi.native.cfitsio import inspection
from rustfits_cffi.native.cfitsio.handle import CfitsioFile
from rustfits_cffi.native.library import versions
from rustfits_cffi.packing.files import plain_file
from rustfits_cffi.packing.options import PackOptions
from rustfits_cffi.packing.packer import pack
from rustfits_cffi.packing.pixels import ImagePixels
from rustfits_cffi.packing.restoring import restored_images
from rustfits_cffi.packing.unpacker import unpack
from rustfits_cffi.polycomp import simulate
from rustfits_cffi.threads import get_num_threads

HEADER = ("setting", "size", "ratio", "pack", "MB/s", "cfitsio", "faster", "unpack", "MB/s", "as cfitsio", "max error")

SERIES_HEADER = ("series", "method", "size", "packed", "ratio", "encode MB/s", "decode MB/s", "max error", "bound")


@dataclass(frozen=True)
class Setting:
    """One way to pack, as options of this package and of the reference."""

    name: str
    options: PackOptions
    reference: reference.PackOptions


SETTINGS = (
    Setting("RICE_1, 4 steps per sigma", PackOptions(seed=1), reference.PackOptions(seed=1)),
    Setting(
        "RICE_1, 16 steps, zeros kept",
        PackOptions(quantize_level=16, dither="dither2", seed=1),
        reference.PackOptions(level=16, method="dither2", seed=1),
    ),
    Setting(
        "GZIP_2, lossless",
        PackOptions(codec="GZIP_2", quantize_level=0),
        reference.PackOptions(codec="GZIP_2", level=0),
    ),
)


def main(arguments: list[str]) -> int:
    """Run the command and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="rustfits-cffi demo",
        description="Pack a simulated exposure, or FILE, with three settings; compare the files with those of cfitsio "
        "byte by byte and the pixels with the original, and print a table; without FILE, also a table of simulated "
        "series compressed by Polycomp. All files are removed afterwards.",
    )
    parser.add_argument("file", nargs="?", help="a FITS file; default: a simulated exposure")
    options = parser.parse_args(arguments)
    return streams.run(lambda _: _demo(options.file), [])


def _demo(name: str | None) -> None:
    used = versions()
    print(f"rustfits_cffi {used['rustfits_cffi']} with cfitsio {used['cfitsio']}, {get_num_threads()} threads\n")
    with tempfile.TemporaryDirectory(prefix="rustfits-demo-") as folder:
        if name is None:
            plain = os.path.join(folder, "exposure.fits")
            _simulate(plain)
            _show(plain, folder)
            _show_series()
        else:
            with plain_file(name) as plain:
                _show(plain, folder)


def _simulate(path: str) -> None:
    _say("simulating an exposure: two detectors of 2048 x 4096 pixels, each with image, mask and weights")
    images = exposure()
    start = time.perf_counter()
    with FITS(path, "w+") as fits:
        for name, pixels in images.items():
            fits.write_image(pixels, extname=name)
    print(f"  written: {nbytes_text(os.path.getsize(path))} in {time.perf_counter() - start:.2f} s")


def _show(plain: str, folder: str) -> None:
    sigmas = _noises(plain)
    rows = [_row(plain, folder, setting, sigmas) for setting in SETTINGS]
    print(f"\n{nbytes_text(os.path.getsize(plain))}, packed by rustfits_cffi and by cfitsio's own code\n")
    print(table(HEADER, rows, left=(0, 9)))
    print(
        "\nas cfitsio: the file equals that of cfitsio byte for byte, time stamps of checksums aside"
        "\nmax error:  largest pixel difference after unpacking, in sigma of the noise of its image"
    )
    with FITS(plain, lenient=True, trust_sizes=True) as fits:
        if not any(type(hdu) is ImageHDU and hdu.has_data for hdu in fits):
            print("\nThis file has no plain image: tables, and images that are already packed, were copied unchanged.")


def _show_series() -> None:
    """The published experiments of Polycomp, repeated."""
    print()
    _say("Polycomp: three minor planets within a metre, an hour of a spinning satellite within an arc second")
    print()
    print(table(SERIES_HEADER, [_series_row(row) for row in simulate.rows()], left=(0, 1)))
    print(
        "\npolynomial p/n: p coefficients for n samples, the best of a grid of pairs"
        "\nmax error:      largest sample difference after decoding"
    )


def _series_row(row: simulate.Row) -> tuple[str, ...]:
    megabytes = row.nbytes / 1e6
    error, bound = (f"{value:.2g} {row.unit}" for value in (row.largest_error, row.bound))
    if row.largest_error > row.bound:
        error += " ABOVE"
    exact = "" if row.series == "all columns" else "none"
    return (
        row.series,
        row.method,
        nbytes_text(row.nbytes),
        nbytes_text(row.coded_nbytes),
        f"{row.ratio:.1f}",
        f"{megabytes / row.encode_seconds:.0f}",
        f"{megabytes / row.decode_seconds:.0f}",
        error if row.largest_error else exact,
        bound if row.bound else "",
    )


def _row(plain: str, folder: str, setting: Setting, sigmas: dict[int, float]) -> tuple[str, ...]:
    ours, theirs, restored = (os.path.join(folder, name) for name in ("ours.fz", "theirs.fz", "restored.fits"))
    size = os.path.getsize(plain) / 1e6
    _say(f"{setting.name}: packing, ours and cfitsio's")
    start = time.perf_counter()
    pack(plain, ours, setting.options, overwrite=True)
    packing = time.perf_counter() - start
    start = time.perf_counter()
    reference.pack(plain, theirs, setting.reference, overwrite=True)
    serial = time.perf_counter() - start
    _say(f"{setting.name}: comparing the two files, unpacking, comparing pixels")
    same = comparing.compare(ours, theirs).identical_but_for_time_stamps
    start = time.perf_counter()
    unpack(ours, restored, overwrite=True)
    unpacking = time.perf_counter() - start
    packed_size = os.path.getsize(ours)
    return (
        setting.name,
        nbytes_text(packed_size),
        f"{size * 1e6 / packed_size:.2f}",
        f"{packing:.2f} s",
        f"{size / packing:.0f}",
        f"{serial:.2f} s",
        f"{serial / packing:.1f} x",
        f"{unpacking:.2f} s",
        f"{size / unpacking:.0f}",
        "identical" if same else "DIFFERENT",
        _error_text(plain, ours, sigmas),
    )


def _error_text(plain: str, packed: str, sigmas: dict[int, float]) -> str:
    """Largest error over all images, each in sigma of its own noise."""
    first, second = CfitsioFile(plain, "r"), CfitsioFile(packed, "r")
    try:
        shift = len(list(inspection.hdu_numbers(second))) - len(list(inspection.hdu_numbers(first)))
        errors = [
            image.largest_error / sigmas.get(image.number - shift, 1.0)
            for image in restored_images(first, second)
            if image.largest_error
        ]
    finally:
        first.close()
        second.close()
    return f"{max(errors):.3f}" if errors else "none"


def _noises(plain: str) -> dict[int, float]:
    """Noise of each float image by its 0-based number, from differences of neighbouring pixels at its centre."""
    handle, sigmas = CfitsioFile(plain, "r"), {}
    try:
        for number in inspection.hdu_numbers(handle):
            facts = inspection.hdu_facts(handle, number)
            if facts.kind == "image" and facts.shape and 0 not in facts.shape and facts.bitpix < 0:
                pixels = ImagePixels(handle, facts.data_start, facts.bitpix, facts.shape)
                sigmas[number - 1] = _noise(pixels) or 1.0
    finally:
        handle.close()
    return sigmas


def _noise(pixels: ImagePixels, side: int = 512) -> float:
    start = [max(0, (n - side) // 2) for n in pixels.shape]
    box = pixels.read(start, [min(n - s, side) for n, s in zip(pixels.shape, start, strict=True)])
    with np.errstate(invalid="ignore"):
        steps = np.abs(np.diff(box.astype(np.float64), axis=-1))
    return float(np.nanmedian(steps)) * 1.4826 / 2**0.5 if steps.size and not np.isnan(steps).all() else 0.0


def _say(text: str) -> None:
    print(f"  {text} ...", flush=True)
