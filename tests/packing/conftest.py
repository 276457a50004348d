"""FITS files built by hand, and the programs that their conversions are compared with."""

import re
import subprocess

import numpy as np
import pytest

BITPIX = {"u1": 8, "i2": 16, "i4": 32, "i8": 64, "f4": -32, "f8": -64}
BLOCK = 2880


def card(key, value):
    """One card in fixed format; if `value` is None, `key` is the whole text."""
    if value is None:
        return f"{key:<80}"
    text = {bool: lambda v: "T" if v else "F", str: lambda v: f"'{v:<8}'"}.get(type(value), str)(value)
    return f"{key:<8}= {text:>20}".ljust(80) if not isinstance(value, str) else f"{key:<8}= {text}".ljust(80)


def hdu_bytes(cards, data=b""):
    """An HDU: its header blocks and its padded data unit."""
    header = "".join(card(*one) for one in [*cards, ("END", None)])
    header = header.ljust(-(-len(header) // BLOCK) * BLOCK)
    return header.encode("ascii") + data + bytes(-len(data) % BLOCK)


def image_hdu(array, cards=(), *, primary):
    """An image HDU with the stored values in `array`; None gives an HDU without data."""
    first = ("SIMPLE", True) if primary else ("XTENSION", "IMAGE")
    if array is None:
        structure = [first, ("BITPIX", 8), ("NAXIS", 0)]
        data = b""
    else:
        axes = [(f"NAXIS{i + 1}", n) for i, n in enumerate(array.shape[::-1])]
        structure = [first, ("BITPIX", BITPIX[array.dtype.str[1:]]), ("NAXIS", array.ndim), *axes]
        data = array.astype(array.dtype.newbyteorder(">")).tobytes()
    extra = [("EXTEND", True)] if primary else [("PCOUNT", 0), ("GCOUNT", 1)]
    return hdu_bytes([*structure, *extra, *cards], data)


def table_hdu(nrows, seed=1):
    """A binary table with two columns."""
    rows = np.zeros(nrows, [("n", ">i4"), ("x", ">f8")])
    rows["n"], rows["x"] = np.arange(nrows), np.random.default_rng(seed).normal(size=nrows)
    cards = [
        ("XTENSION", "BINTABLE"),
        ("BITPIX", 8),
        ("NAXIS", 2),
        ("NAXIS1", 12),
        ("NAXIS2", nrows),
        ("PCOUNT", 0),
        ("GCOUNT", 1),
        ("TFIELDS", 2),
        ("TTYPE1", "n"),
        ("TFORM1", "1J"),
        ("TTYPE2", "x"),
        ("TFORM2", "1D"),
    ]
    return hdu_bytes(cards, rows.tobytes())


def noise(shape, dtype="f4", seed=1, level=1000, sigma=50):
    """A smooth image with noise."""
    random = np.random.default_rng(seed)
    return (random.normal(level, sigma, shape) + np.arange(shape[-1])).astype(dtype)


def without_stamps(path):
    """The bytes of a file, with CHECKSUM cards and comments of DATASUM cards masked."""
    data = re.sub(rb"CHECKSUM= .{70}", b"CHECKSUM" + b" " * 72, path.read_bytes())
    return re.sub(rb"DATASUM = '.{69}", lambda card: card[0][: card[0].index(b"'", 11)].ljust(80), data)


@pytest.fixture
def write_fits(tmp_path):
    """A function that writes a file of HDUs: arrays, (array, cards) pairs, None for one without data, or raw bytes."""

    def write(*hdus, name="in.fits"):
        parts = []
        for i, hdu in enumerate(hdus):
            if isinstance(hdu, bytes):
                parts.append(hdu)
            else:
                array, cards = hdu if isinstance(hdu, tuple) else (hdu, ())
                parts.append(image_hdu(array, cards, primary=i == 0))
        path = tmp_path / name
        path.write_bytes(b"".join(parts))
        return path

    return write


@pytest.fixture
def run_tool(tools):
    """A function that runs fpack or funpack and returns the completed process."""

    def run(name, *arguments):
        return subprocess.run([tools / name, *map(str, arguments)], capture_output=True, timeout=60, check=False)

    return run
