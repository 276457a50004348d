"""The sides of the comparison: one class per library, ours included, all with the same few methods."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cases import Compression

ROOT = Path(__file__).resolve().parent.parent
Section = tuple[slice, ...]


class MissingPeer(Exception):
    """The library or tool is missing; the text says what was searched for."""


class Rustfits:
    """The `rustfits` package; `RustfitsCffi` has the same interface."""

    name = "rustfits"
    module_name = "rustfits"

    def __init__(self) -> None:
        self.module = _import(self.module_name)

    def version(self) -> str:
        return metadata.version(self.module_name)

    def read_whole(self, path: Path, ext: int) -> np.ndarray:
        with self.module.FITS(str(path)) as fits:
            return fits[ext].read()

    def read_sections(self, path: Path, ext: int, sections: list[Section],
                      cache_nbytes: int | None) -> list[np.ndarray]:
        with self.module.FITS(str(path)) as fits:
            hdu = fits[ext]
            if cache_nbytes is not None:
                hdu.set_tile_cache_size(cache_nbytes)
            return [hdu[section] for section in sections]

    def write(self, path: Path, array: np.ndarray, compression: Compression | None,
              tile_shape: tuple[int, ...] | None) -> None:
        options = {} if compression is None else self._options(compression, tile_shape)
        with self.module.FITS(str(path), "w+") as fits:
            fits.write_image(array, **options)

    def walk(self, path: Path) -> list[str]:
        with self.module.FITS(str(path)) as fits:
            return [hdu.extname for hdu in fits]

    @contextmanager
    def opened(self, path: Path) -> Iterator[Any]:
        """The open file with all HDUs read; this is not timed."""
        with self.module.FITS(str(path)) as fits:
            len(fits)
            yield fits

    def find(self, fits: Any, name: str) -> str:
        """Look up an HDU by name; returns the name it has."""
        return fits[name].extname

    def add_keys(self, path: Path, keys: dict[str, int]) -> None:
        """Add each key by a change of its own to the first header."""
        with self.module.FITS(str(path), "r+") as fits:
            header = fits[0].header
            for key, value in keys.items():
                header[key] = value

    def _options(self, compression: Compression, tile_shape: tuple[int, ...] | None) -> dict[str, Any]:
        """cfitsio writes gzip at level 1, so all sides use that."""
        config = {"RICE_1": "Rice1", "GZIP_2": "Gzip2", "HCOMPRESS_1": "Hcompress1", "PLIO_1": "Plio1"}
        level = {"level": 1} if compression.codec == "GZIP_2" else {}
        options = {"compress": getattr(self.module, config[compression.codec])(tile_shape=tile_shape, **level)}
        if compression.level is not None:
            options["quantize"] = self.module.Quantize(
                level=compression.level, method=compression.method, seed=compression.seed)
        return options


class RustfitsCffi(Rustfits):
    """This package with a given number of threads; `pack` and `unpack` are its commands, Python's start included."""

    name = "ours"
    module_name = "rustfits_cffi"

    def __init__(self, threads: int) -> None:
        super().__init__()
        self.threads = threads

    def version(self) -> str:
        try:
            return super().version()
        except metadata.PackageNotFoundError:
            return "from the source tree"

    def use(self) -> None:
        """Number of threads for all calls that follow."""
        self.module.set_num_threads(self.threads)

    def pack(self, source: Path, target: Path) -> None:
        self._command("pack", "-q1", "4", "-O", target, source)

    def unpack(self, source: Path, target: Path) -> None:
        self._command("unpack", "-O", target, source)

    def _command(self, *arguments: object) -> None:
        code = "import sys; from rustfits_cffi.cli import main; sys.exit(main())"
        environment = os.environ | {"RUSTFITS_NUM_THREADS": str(self.threads)}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package is compiled once, not at each start
        _run([sys.executable, "-c", code, *arguments], env=environment, cwd=ROOT)


class Fitsio:
    """The `fitsio` package: cfitsio as it is."""

    name = "fitsio"

    def __init__(self) -> None:
        self.module = _import("fitsio")

    def version(self) -> str:
        return f"{metadata.version('fitsio')} (cfitsio {self.module.cfitsio_version()})"

    def read_whole(self, path: Path, ext: int) -> np.ndarray:
        with self.module.FITS(str(path)) as fits:
            return fits[ext].read()

    def read_sections(self, path: Path, ext: int, sections: list[Section],
                      cache_nbytes: int | None) -> list[np.ndarray]:
        with self.module.FITS(str(path)) as fits:
            hdu = fits[ext]
            return [hdu[section if len(section) > 1 else section[0]] for section in sections]

    def write(self, path: Path, array: np.ndarray, compression: Compression | None,
              tile_shape: tuple[int, ...] | None) -> None:
        options: dict[str, Any] = {}
        if compression is not None:
            options = {"compress": compression.codec, "tile_dims": tile_shape, "qlevel": compression.level}
            if compression.level is not None:
                options |= {"qmethod": f"SUBTRACTIVE_DITHER_{compression.method[-1]}", "dither_seed": compression.seed}
        with self.module.FITS(str(path), "rw", clobber=True) as fits:
            fits.write_image(array, **options)

    def walk(self, path: Path) -> list[str]:
        with self.module.FITS(str(path)) as fits:
            return [hdu.get_extname() for hdu in fits]

    @contextmanager
    def opened(self, path: Path) -> Iterator[Any]:
        """The open file with all HDUs read; this is not timed."""
        with self.module.FITS(str(path)) as fits:
            len(fits)
            yield fits

    def find(self, fits: Any, name: str) -> str:
        """Look up an HDU by name; returns the name it has."""
        return fits[name].get_extname()

    def add_keys(self, path: Path, keys: dict[str, int]) -> None:
        """Add each key by a call of its own to the first header."""
        with self.module.FITS(str(path), "rw") as fits:
            for key, value in keys.items():
                fits[0].write_key(key, value)


class Astropy:
    """`astropy.io.fits`, reading without memory maps: a map would be opened while timed, but read later."""

    name = "astropy"

    def __init__(self) -> None:
        self.module = _import("astropy.io.fits")

    def version(self) -> str:
        return metadata.version("astropy")

    def read_whole(self, path: Path, ext: int) -> np.ndarray:
        with self.module.open(path, memmap=False) as fits:
            return fits[ext].data

    def read_sections(self, path: Path, ext: int, sections: list[Section],
                      cache_nbytes: int | None) -> list[np.ndarray]:
        with self.module.open(path, memmap=False) as fits:
            pixels = fits[ext].section
            return [pixels[section] for section in sections]

    def write(self, path: Path, array: np.ndarray, compression: Compression | None,
              tile_shape: tuple[int, ...] | None) -> None:
        if compression is None:
            self.module.PrimaryHDU(array).writeto(path)
            return
        options: dict[str, Any] = {"quantize_level": 0.0}
        if compression.level is not None:
            options = {"quantize_level": compression.level, "quantize_method": int(compression.method[-1]),
                       "dither_seed": compression.seed}
        hdu = self.module.CompImageHDU(array, compression_type=compression.codec, tile_shape=tile_shape, **options)
        self.module.HDUList([self.module.PrimaryHDU(), hdu]).writeto(path)

    def walk(self, path: Path) -> list[str]:
        with self.module.open(path, memmap=False) as fits:
            return [hdu.name for hdu in fits]

    @contextmanager
    def opened(self, path: Path) -> Iterator[Any]:
        """The open file with all HDUs read; this is not timed."""
        with self.module.open(path, memmap=False) as fits:
            len(fits)
            yield fits

    def find(self, fits: Any, name: str) -> str:
        """Look up an HDU by name; returns the name it has."""
        return fits[name].name


class Fpack:
    """cfitsio's commands fpack and funpack, built from the vendored source by `make tools`."""

    name = "fpack"

    def __init__(self) -> None:
        self.folder = Path(os.environ.get("RUSTFITS_CFFI_TOOLS", ROOT / "build" / "tools"))
        for tool in ("fpack", "funpack"):
            if not os.access(self.folder / tool, os.X_OK):
                raise MissingPeer(f"no {self.folder / tool}; `make tools` builds it")

    def version(self) -> str:
        return _run([self.folder / "fpack", "-V"]).strip()

    def pack(self, source: Path, target: Path) -> None:
        """Default options except for a fixed dither seed: seeded by the clock, no two runs give the same file."""
        _run([self.folder / "fpack", "-q1", "4", "-O", target, source])

    def unpack(self, source: Path, target: Path) -> None:
        _run([self.folder / "funpack", "-O", target, source])


PEERS = {peer.name: peer for peer in (Rustfits, Fitsio, Astropy, Fpack)}


def _import(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingPeer(f"import {name}: {error}") from error


def _run(command: list[object], **options: Any) -> str:
    """Run a command to its end and return what it printed; a failure contains its messages."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        words = (done.stdout + done.stderr).strip()[-200:]
        raise RuntimeError(f"{Path(str(command[0])).name} ended with {done.returncode}: {words}")
    return done.stdout
