"""Verification of a packed file: its original is packed again with the same parameters, and the results compared."""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass, replace

from rustfits_cffi.comparison import Comparison, compare
from rustfits_cffi.native.cfitsio import inspection
from rustfits_cffi.native.cfitsio.handle import CfitsioFile
from rustfits_cffi.native.cfitsio.requests import DITHERS, LARGEST_SEED
from rustfits_cffi.packing.files import plain_file
from rustfits_cffi.packing.options import PackOptions
from rustfits_cffi.packing.packer import pack_file
from rustfits_cffi.packing.restoring import RestoredImage, pair_hdus, restored_images
from rustfits_cffi.storage.names import path_text

_LEVEL = re.compile(r"^HISTORY\s+q = ([-+.\d]+) / quantized level scaling parameter")
_DITHER_NAMES = {number: name for name, number in DITHERS.items()}


@dataclass(frozen=True)
class Verification:
    """What `verify` found.

    Attributes
    ----------
    comparison : Comparison
        The packed file (a) and the newly packed one (b).
    images : tuple of RestoredImage
        Each compressed image, decoded and compared with the original.
    options : dict of int to PackOptions
        Parameters found, keyed by the 0-based number of the HDU in the original.
    """

    comparison: Comparison
    images: tuple[RestoredImage, ...]
    options: dict[int, PackOptions]

    @property
    def identical(self) -> bool:
        """Whether both files are the same, apart from the time stamps of checksum cards."""
        return self.comparison.identical_but_for_time_stamps

    @property
    def largest_error(self) -> float:
        """Largest pixel difference over all images."""
        return max((image.largest_error for image in self.images), default=0.0)


def verify(original: str | os.PathLike[str], packed: str | os.PathLike[str]) -> Verification:
    """Pack `original` again with the parameters found in `packed`, and compare.

    Parameters
    ----------
    original, packed : path
        A file and its packed form, made by fpack or by `pack`.

    Returns
    -------
    Verification

    Raises
    ------
    FITSError
        If `packed` is not a packed form of `original`, or a tile cannot be decoded.

    Notes
    -----
    Codec, tiles, dithering, seed and scale are in the header of a packed image; the quantize level is in a HISTORY card
    that cfitsio writes.
    """
    with (
        plain_file(path_text(original)) as plain,
        plain_file(path_text(packed)) as coded,
        tempfile.TemporaryDirectory(prefix="rustfits-") as folder,
    ):
        first, second = CfitsioFile(plain, "r"), CfitsioFile(coded, "r")
        try:
            images = tuple(restored_images(first, second))
            options = {
                number - 1: found_options(second, packed_number, first, number)
                for number, packed_number in pair_hdus(first, second)
            }
        finally:
            first.close()
            second.close()
        again = os.path.join(folder, "again.fz")
        with open(again, "wb"):
            pass  # the packer needs an empty file
        pack_file(plain, again, lambda number: options[number])
        return Verification(compare(coded, again), images, options)


def found_options(packed: CfitsioFile, packed_number: int, original: CfitsioFile, number: int) -> PackOptions:
    """The options with which HDU `number` of the original became HDU `packed_number` of the packed file (1-based)."""
    facts, found = inspection.hdu_facts(original, number), inspection.hdu_facts(packed, packed_number)
    checksums = inspection.read_value(packed, packed_number, "CHECKSUM") is not None
    if found.kind != "compressed image" or facts.kind == "compressed image":
        is_table = inspection.read_value(packed, packed_number, "ZTABLE") == "T"
        return PackOptions(images=False, tables=is_table, checksums=checksums)
    image = inspection.read_compressed_image(packed, packed_number)
    codec = inspection.read_value(packed, packed_number, "ZCMPTYPE") or "RICE_1"
    options = PackOptions(
        codec=codec,
        tile=image.tile_shape,
        hcomp_scale=image.hcomp_scale if codec == "HCOMPRESS_1" else 0.0,
        checksums=checksums,
        allow_lossy_plio=True,
    )
    if image.bitpix > 0:
        return options
    if not image.is_quantized:
        return replace(options, quantize_level=0.0)
    return replace(
        options,
        quantize_level=_level(packed, packed_number),
        dither=_DITHER_NAMES[image.quantize_method],
        seed=image.seed if 1 <= image.seed <= LARGEST_SEED else options.seed,
        lossy_int=facts.bitpix > 0,
        lossy_int_ratio=0.0,
        lossy_int_min=0.0,
    )


def _level(packed: CfitsioFile, packed_number: int) -> float:
    """The quantize level in the last of cfitsio's HISTORY cards; fpack's default if there is none."""
    levels = [match.group(1) for card in inspection.read_cards(packed, packed_number) if (match := _LEVEL.match(card))]
    return float(levels[-1]) if levels else 4.0
