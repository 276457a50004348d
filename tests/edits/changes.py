"""Files, and changes of them: what all tests of this folder run through."""

import warnings
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import rustfits_cffi as rf

PIXELS = np.arange(120, dtype="i4").reshape(10, 12)
ROWS = rf.Rice1(tile_shape=(5, 12))
MANY = {f"NEW{i}": i for i in range(40)}  # more cards than one block has


def not_quantizable():
    """Floats of which the second tile cannot be quantized."""
    pixels = np.random.default_rng(1).normal(100, 3, (4, 200)).astype("f4")
    pixels[1, ::2] = 1e30
    pixels[1, 1::2] *= 1e-20
    return pixels


def _three(path):
    with rf.FITS(path, "w+") as fits:
        fits.write_image(PIXELS.astype("i2"), extname="first")
        fits.write_image(PIXELS * 3, extname="packed", extver=2, compress=ROWS)
        fits.write_image(PIXELS + 7, extname="last", extver=3)


def _long(path):
    """Headers of four blocks, so that a change of them takes several writes."""
    with rf.FITS(path, "w+") as fits:
        for number in range(3):
            cards = {f"KEY{i}": i + 1000 * number for i in range(110)}
            fits.write_image(PIXELS + number, header={"FIRST": 1, **cards})


def _unpadded(path):
    _three(path)
    path.write_bytes(path.read_bytes()[: -(2880 - PIXELS.nbytes)])


def _trailing(path):
    _three(path)
    path.write_bytes(path.read_bytes() + bytes(range(256)) * 20)


def _packed_last(path):
    with rf.FITS(path, "w+") as fits:
        fits.write_image(PIXELS, extname="first", compress=ROWS)
        fits.write_image(PIXELS * 3, extname="packed", extver=2, compress=ROWS)


FILES = {
    "empty": lambda path: path.write_bytes(b""),
    "three": _three,
    "long": _long,
    "unpadded": _unpadded,
    "trailing": _trailing,
    "packed": _packed_last,
}


def _atomic(fits):
    with fits.atomic():
        fits[0].header["A"] = 1
        fits["packed"].write(PIXELS * 5)
        fits[0].header.update(MANY)
        fits.write_image(PIXELS + 9)
        del fits["last"]


def _copy_from(file):
    def copy(fits):
        with TemporaryDirectory() as folder:
            other = Path(folder) / "other.fits"
            other.write_bytes(made(file))
            with rf.FITS(other) as source:
                fits.copy_hdu(source[0])
                fits.copy_hdu(source[1])

    return copy


def _each(name, file, *changes):
    return {f"{name}, HDU {i}": (file, change) for i, change in enumerate(changes)}


# name -> (file, change of the open file)
CHANGES = {
    "plain image in an empty file": ("empty", lambda fits: fits.write_image(PIXELS)),
    "compressed image in an empty file": ("empty", lambda fits: fits.write_image(PIXELS, compress=ROWS)),
    "copy into an empty file": ("empty", _copy_from("three")),
    "plain image": ("three", lambda fits: fits.write_image(PIXELS + 1, extname="new")),
    "large image": ("three", lambda fits: fits.write_image(np.arange(5000.0))),
    "compressed image": ("three", lambda fits: fits.write_image(PIXELS + 1, compress=ROWS)),
    "quantized image with a fallback column": (
        "three",
        lambda fits: fits.write_image(
            not_quantizable(), compress=rf.Rice1(tile_shape=(1, 200)), quantize=rf.Quantize(level=4)
        ),
    ),
    "plain image behind a cut block": ("unpadded", lambda fits: fits.write_image(PIXELS + 1)),
    "compressed image before trailing bytes": ("trailing", lambda fits: fits.write_image(PIXELS + 1, compress=ROWS)),
    "image of zeros": ("three", lambda fits: fits.create_image_hdu("f8", (30, 40))),
    **_each("card changed", "three", *(lambda fits, i=i: fits[i].header.update({"EXTNAME": "x"}) for i in range(3))),
    **_each("card added", "three", *(lambda fits, i=i: fits[i].header.update({"A": 1}) for i in range(3))),
    **_each("card removed", "three", *(lambda fits, i=i: fits[i].header.__delitem__("EXTNAME") for i in range(3))),
    **_each("longer header", "three", *(lambda fits, i=i: fits[i].header.update(MANY) for i in range(3))),
    **_each(
        "first of many cards removed", "long",
        *(lambda fits, i=i: fits[i].header.__delitem__("FIRST") for i in range(3)),
    ),
    **_each(
        "many cards changed", "long",
        *(lambda fits, i=i: fits[i].header.update({f"KEY{k}": -k for k in range(0, 110, 3)}) for i in range(3)),
    ),
    "longer header before a cut block": ("unpadded", lambda fits: fits[0].header.update(MANY)),
    "longer header before trailing bytes": ("trailing", lambda fits: fits["packed"].header.update(MANY)),
    "longer last header before a cut block": ("unpadded", lambda fits: fits["last"].header.update(MANY)),
    "compressed image rewritten": ("three", lambda fits: fits["packed"].write(PIXELS[::-1] * 999_983)),
    "last compressed image rewritten": ("packed", lambda fits: fits["packed"].write(PIXELS[::-1] * 999_983)),
    **_each("deleted", "three", *(lambda fits, i=i: fits.__delitem__(i) for i in range(3))),
    "last deleted with a cut block": ("unpadded", lambda fits: fits.__delitem__(-1)),
    "first deleted before trailing bytes": ("trailing", lambda fits: fits.__delitem__(0)),
    "moved back": ("three", lambda fits: fits.move_hdu(1, 2)),
    "moved forward with a cut block": ("unpadded", lambda fits: fits.move_hdu("last", 1)),
    "moved back with a cut block": ("unpadded", lambda fits: fits.move_hdu("packed", 2)),
    "copy of its own": ("three", lambda fits: fits.copy_hdu(fits["packed"])),
    "copy of its first": ("unpadded", lambda fits: fits.copy_hdu(fits[0])),
    "copies of another file's": ("three", _copy_from("three")),
    "copies of compressed ones": ("trailing", _copy_from("packed")),
    "atomic": ("three", _atomic),
}  # fmt: skip


@cache
def made(file):
    """The bytes of a file before changes."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.fits"
        FILES[file](path)
        return path.read_bytes()


@cache
def contents(name):
    """The bytes of a file before and after a change."""
    file, change = CHANGES[name]
    before = made(file)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.fits"
        path.write_bytes(before)
        with opened(path) as fits:
            change(fits)
        return before, path.read_bytes()


def opened(path, **options):
    """An open file; an empty one is opened as a new one."""
    return rf.FITS(path, "r+" if path.stat().st_size else "w+", **options)


@cache
def hdus(content):
    """Header and pixels of each HDU of a file, as we read them."""
    if not content:
        return []
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("error")
        path = Path(folder) / "a.fits"
        path.write_bytes(content)
        with rf.FITS(path) as fits:
            return [(hdu.header.cards, hdu.read() if hdu.has_data else None) for hdu in fits]
