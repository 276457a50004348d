"""The other readers and writers, each behind the same two functions."""

import subprocess
from importlib.metadata import version

import numpy as np
import pytest

import rustfits_cffi as rf
from rustfits_cffi import reference

ASTROPY_METHODS = {"no_dither": -1, "dither1": 1, "dither2": 2}
SHORT = {"RICE_1": "RICE", "GZIP_1": "GZIP", "GZIP_2": "GZIP_2", "PLIO_1": "PLIO", "HCOMPRESS_1": "HCOMPRESS"}


def same(ours, theirs):
    """Whether type, shape and every value are equal, including NaN and the sign of zeros."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    theirs = theirs.astype(theirs.dtype.newbyteorder("="))
    if ours.shape != theirs.shape or ours.dtype != theirs.dtype:
        return False
    if ours.dtype.kind != "f":
        return np.array_equal(ours, theirs)
    return np.array_equal(ours, theirs, equal_nan=True) and np.array_equal(
        np.signbit(ours[~np.isnan(ours)]), np.signbit(theirs[~np.isnan(theirs)])
    )


@pytest.fixture(name="same")
def same_fixture():
    return same


class Fitsio:
    name = "fitsio"

    def __init__(self, _):
        self.module = pytest.importorskip("fitsio", reason="fitsio is not installed")

    def read(self, path, number):
        return self.module.read(str(path), ext=number)

    def write(self, path, pixels, codec, tiles, quantize):
        options = {"compress": SHORT[codec], "tile_dims": tiles}
        if pixels.dtype.kind == "f":
            options["qlevel"] = quantize.level if quantize else 0
            if quantize:
                options["qmethod"] = ASTROPY_METHODS[quantize.method]
                options["dither_seed"] = quantize.seed or 1
        with self.module.FITS(str(path), "rw", clobber=True) as fits:
            fits.write(pixels, **options)


class Astropy:
    name = "astropy"

    def __init__(self, _):
        self.module = pytest.importorskip("astropy.io.fits", reason="astropy is not installed")

    def read(self, path, number):
        with self.module.open(path, memmap=False) as fits:
            bzero, pixels = fits[number].header.get("BZERO"), fits[number].data
            # before version 7, compressed int8 is returned as floats
            return pixels.astype("i1") if bzero == -128 and pixels.dtype.kind == "f" else pixels

    def write(self, path, pixels, codec, tiles, quantize):
        options = {"compression_type": codec, "tile_shape": tiles, "quantize_level": 0.0}
        if pixels.dtype == "i1" and codec == "HCOMPRESS_1" and int(version("astropy").split(".")[0]) < 7:
            pytest.skip("before version 7, astropy stores int8 differently")
        if quantize:
            options |= {
                "quantize_level": quantize.level,
                "quantize_method": ASTROPY_METHODS[quantize.method],
                "dither_seed": quantize.seed or 1,
            }
        hdu = self.module.CompImageHDU(pixels, **options)
        self.module.HDUList([self.module.PrimaryHDU(), hdu]).writeto(path)


class Rustfits:
    name = "rustfits"

    def __init__(self, _):
        self.module = pytest.importorskip("rustfits", reason="rustfits is not installed")

    def read(self, path, number):
        with self.module.FITS(str(path)) as fits:
            return fits[number].read()

    def write(self, path, pixels, codec, tiles, quantize):
        configs = {
            "RICE_1": "Rice1",
            "GZIP_1": "Gzip1",
            "GZIP_2": "Gzip2",
            "PLIO_1": "Plio1",
            "HCOMPRESS_1": "Hcompress1",
        }
        config = getattr(self.module, configs[codec])(tile_shape=tiles)
        if quantize:
            quantize = self.module.Quantize(level=quantize.level, method=quantize.method, seed=quantize.seed)
        with self.module.FITS(str(path), "w+") as fits:
            fits.write_image(pixels, compress=config, quantize=quantize)


class Funpack:
    """funpack, and the plain image read from its output. It cannot write."""

    name = "funpack"

    def __init__(self, tools):
        self.tools = tools

    def read(self, path, number):
        out = path.with_name("unpacked.fits")
        out.unlink(missing_ok=True)
        subprocess.run([self.tools / "funpack", "-O", out, path], check=True, capture_output=True, timeout=60)
        with rf.FITS(out) as fits:
            # an image in the first extension after an empty primary became the primary
            return fits[number if len(fits) > number else number - 1].read()


class Cfitsio:
    """The vendored cfitsio through its ordinary calls."""

    name = "cfitsio"

    def __init__(self, _):
        pass

    def read(self, path, number):
        return reference.read_image(path, number)

    def write(self, path, pixels, codec, tiles, quantize):
        classes = {
            "RICE_1": rf.Rice1,
            "GZIP_1": rf.Gzip1,
            "GZIP_2": rf.Gzip2,
            "PLIO_1": rf.Plio1,
            "HCOMPRESS_1": rf.Hcompress1,
        }
        reference.write_image(path, pixels, compress=classes[codec](tile_shape=tiles), quantize=quantize)


@pytest.fixture(params=[Fitsio, Astropy, Rustfits, Funpack, Cfitsio], ids=lambda peer: peer.name)
def reader(request):
    peer = request.param
    return peer(request.getfixturevalue("tools") if peer is Funpack else None)


@pytest.fixture(params=[Fitsio, Astropy, Rustfits, Cfitsio], ids=lambda peer: peer.name)
def writer(request):
    return request.param(None)


@pytest.fixture
def judges():
    """cfitsio and astropy, which decide what a file contains."""
    return [Cfitsio(None), Astropy(None), Fitsio(None)]
