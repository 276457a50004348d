"""Seeded pixels that look real, and a plain FITS writer that is independent of all sides."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

BLOCK = 2880
NOISE = 20.0  # sigma of the sky, in the unit of the image
BITPIX = {"u1": 8, "i2": 16, "i4": 32, "i8": 64, "f4": -32, "f8": -64}


def sky(shape: tuple[int, ...], dtype: str, seed: int) -> np.ndarray:
    """Sky of Gaussian noise with a star for each 100 x 100 pixels; every pixel differs, none is 0."""
    rng = np.random.default_rng(seed)
    image = rng.standard_normal(shape, dtype="f4")
    image *= NOISE
    image += 1000.0
    _add_stars(image, rng, math.prod(shape) // 10_000 + 1)
    return image.astype(dtype, copy=False)


def counts(shape: tuple[int, ...], dtype: str, seed: int) -> np.ndarray:
    """The sky in whole numbers."""
    return np.rint(sky(shape, "f4", seed)).astype(dtype)


def mask(shape: tuple[int, ...], dtype: str, seed: int) -> np.ndarray:
    """Bad-pixel mask: flagged columns, specks, and round blots; most of it 0.

    A flagged column every few hundred pixels also keeps runs of zeros shorter than 4095: longer ones do not survive
    PLIO_1 as cfitsio writes it.
    """
    rng = np.random.default_rng(seed)
    rows, columns = shape
    image = np.zeros(shape, dtype)
    image[:, rng.integers(0, columns, columns // 300 + 2)] = 1
    image[:, :: max(2, columns // 8)] |= 1
    image[rng.integers(0, rows, rows), rng.integers(0, columns, rows)] |= 4
    for y, x in zip(rng.integers(0, rows, 200), rng.integers(0, columns, 200), strict=True):
        radius = int(rng.integers(2, 30))
        box, dy, dx = _box(shape, int(y), int(x), radius)
        image[box] |= np.where((dy - y) ** 2 + (dx - x) ** 2 <= radius**2, 8, 0).astype(dtype)
    return image


def sparse(shape: tuple[int, ...], dtype: str, seed: int) -> np.ndarray:
    """Sky map seen in strips: long runs of one value, two in three of them 0."""
    rng = np.random.default_rng(seed)
    (npix,) = shape
    lengths = rng.geometric(1 / 2000, npix // 1000 + 10)
    values = np.where(rng.random(lengths.size) < 2 / 3, 0.0, rng.standard_normal(lengths.size))
    return np.repeat(values, lengths)[:npix].astype(dtype, copy=False)


def random(shape: tuple[int, ...], dtype: str, seed: int) -> np.ndarray:
    """Uniform values from 0 to 1: deflate can do no more than Huffman-code the high bytes."""
    return np.random.default_rng(seed).random(shape, dtype)


def tiny(shape: tuple[int, ...], dtype: str, seed: int) -> np.ndarray:
    """A few pixels, for files of many HDUs."""
    return (np.arange(math.prod(shape)).reshape(shape) + seed).astype(dtype)


MAKERS: dict[str, Callable[[tuple[int, ...], str, int], np.ndarray]] = {
    maker.__name__: maker for maker in (sky, counts, mask, sparse, random, tiny)}


def _add_stars(image: np.ndarray, rng: np.random.Generator, nstars: int) -> None:
    """Gaussian stars of 2 pixels sigma, few bright and many faint."""
    rows, columns = image.shape
    for y, x, flux in zip(rng.uniform(0, rows, nstars), rng.uniform(0, columns, nstars),
                          100.0 * (1 + rng.pareto(1.5, nstars)), strict=True):
        box, dy, dx = _box(image.shape, int(y), int(x), 8)
        image[box] += np.minimum(flux, 6e4) * np.exp(-((dy - y) ** 2 + (dx - x) ** 2) / 8.0)


def _box(shape: tuple[int, ...], y: int, x: int, radius: int) -> tuple[tuple[slice, slice], np.ndarray, np.ndarray]:
    """The square around a pixel that lies in the image, and its rows and columns as open grids."""
    box = (slice(max(0, y - radius), min(shape[0], y + radius + 1)),
           slice(max(0, x - radius), min(shape[1], x + radius + 1)))
    return box, *np.ogrid[box]


def write_plain(path: Path, arrays: Iterator[np.ndarray] | list[np.ndarray], *, in_extensions: bool,
                scaling: tuple[float, float] | None = None) -> None:
    """Write uncompressed images: one in the primary HDU, or each in an extension named HDU_<index>.

    `scaling` becomes BSCALE and BZERO.
    """
    with open(path, "wb") as stream:
        if in_extensions:
            stream.write(_header(["SIMPLE  =                    T", "BITPIX  =                    8",
                                  "NAXIS   =                    0", "EXTEND  =                    T"]))
        for index, array in enumerate(arrays, start=1):
            stream.write(_image_header(array, f"HDU_{index}" if in_extensions else None, scaling))
            data = array.astype(array.dtype.newbyteorder(">"), copy=False)
            stream.write(memoryview(np.ascontiguousarray(data)).cast("B"))
            stream.write(bytes(-data.nbytes % BLOCK))


def _image_header(array: np.ndarray, name: str | None, scaling: tuple[float, float] | None) -> bytes:
    """Header of one image HDU; without a name it is the primary one."""
    first = "SIMPLE  =                    T" if name is None else "XTENSION= 'IMAGE   '"
    cards = [first, f"BITPIX  = {BITPIX[array.dtype.str[1:]]:20d}", f"NAXIS   = {array.ndim:20d}"]
    cards += [f"NAXIS{axis:<3d}= {length:20d}" for axis, length in enumerate(reversed(array.shape), start=1)]
    if name is not None:
        cards += ["PCOUNT  =                    0", "GCOUNT  =                    1", f"EXTNAME = '{name:<8s}'"]
    if scaling is not None:
        cards += [f"{keyword:<8s}= {value:20.6f}" for keyword, value in zip(("BSCALE", "BZERO"), scaling, strict=True)]
    return _header(cards)


def _header(cards: list[str]) -> bytes:
    text = "".join(f"{card:<80s}" for card in [*cards, "END"])
    return (text + " " * (-len(text) % BLOCK)).encode("ascii")
