"""Input files of the rows: each made once in the folder of the run, whichever rows share it."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path

import numpy as np

from benchmarks.cases import Case
from benchmarks.data import MAKERS, write_plain
from benchmarks.peers import ROOT, Astropy, Fitsio, MissingPeer, Rustfits, RustfitsCffi

REAL_MASK = "mosaic_staticmask_plio.fits.fz"


class Store:
    """The pixels and the files of one case.

    Parameters
    ----------
    folder : Path
        Where files are made; the caller removes it.
    case : Case
        States what the pixels are and how they are compressed.
    """

    def __init__(self, folder: Path, case: Case) -> None:
        self.folder = folder
        self.case = case

    @cached_property
    def array(self) -> np.ndarray:
        """The pixels as they were before they were compressed."""
        return MAKERS[self.case.maker](self.case.shape, self.case.dtype, self.case.seed)

    @cached_property
    def image_file(self) -> tuple[Path, int]:
        """File and number of the HDU of the image, compressed or plain."""
        case = self.case
        if self.is_real:
            return real_mask(), 1
        path = self._path("image")
        if case.compression is None:
            if not path.exists():
                write_plain(path, [self.array], in_extensions=False, scaling=case.scaling)
            return path, 0
        if not path.exists():
            part = path.with_suffix(".part")
            oracle().write(part, self.array, case.compression, case.tile_shape)
            part.rename(path)
        return path, 1

    @property
    def is_real(self) -> bool:
        """Whether the image is a real one, whose pixels before compression are unknown."""
        return self.case.maker == "mask" and not self.case.is_quick and real_mask().exists()

    @cached_property
    def reference(self) -> np.ndarray:
        """What reading the image must return: the pixels themselves, or what the oracle decodes."""
        compression = self.case.compression
        if self.case.scaling is not None:
            bscale, bzero = self.case.scaling
            return self.array * bscale + bzero
        if not self.is_real and (compression is None or compression.level is None):
            return self.array
        return oracle().read_whole(*self.image_file)

    @cached_property
    def many_file(self) -> Path:
        """Plain file of an empty primary HDU and `count` image extensions."""
        case, path = self.case, self._path("many")
        if not path.exists():
            makes_one = case.maker == "tiny"
            arrays = (MAKERS[case.maker](case.shape, case.dtype, case.seed + (0 if makes_one else index))
                      for index in range(case.count))
            write_plain(path, arrays, in_extensions=True)
        return path

    def _path(self, kind: str) -> Path:
        """The same name for the same content, so that rows share files."""
        case = self.case
        coded = case.compression and f"{case.compression.codec}-{case.compression.level}-{case.tile_shape}"
        how = coded or case.scaling
        words = (kind, case.maker, case.dtype, case.shape, case.seed, case.count if kind == "many" else "", how)
        name = "-".join(map(str, words))
        return self.folder / ("".join(c if c.isalnum() or c in "-." else "_" for c in name) + ".fits")


def real_mask() -> Path:
    """A mask of a real camera, if there is one in RUSTFITS_CFFI_DATA or in shared/data beside the project."""
    return Path(os.environ.get("RUSTFITS_CFFI_DATA", ROOT.parent / "shared" / "data")) / REAL_MASK


def oracle() -> Fitsio | Astropy | Rustfits:
    """The library that makes and decodes compressed files: cfitsio if it is installed, ours only as a last resort."""
    for peer in (Fitsio, Astropy, Rustfits):
        try:
            return peer()
        except MissingPeer:
            continue
    return RustfitsCffi(1)
