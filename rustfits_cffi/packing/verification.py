"""A packed file checked: packed again from its original with the parameters it names, is it the same?"""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass, replace

from rustfits_cffi.comparison import Comparison, compare
from rustfits_cffi.native.cfitsio import inspection
from rustfits_cffi.native.cfitsio.handle import FileHandle, path_text
from rustfits_cffi.native.cfitsio.requests import DITHERS, LARGEST_SEED
from rustfits_cffi.packing.files import plain_file
from rustfits_cffi.packing.options import PackOptions
from rustfits_cffi.packing.packer import pack_file
from rustfits_cffi.packing.restoring import RestoredImage, pair_hdus, restored_images

_LEVEL = re.compile(r"^HISTORY\s+q = ([-+.\d]+) / quantized level scaling parameter")
_DITHER_NAMES = {number: name for name, number in DITHERS.items()}


@dataclass(frozen=True)
class Verification:
    """What `verify` found.

    Attributes
    ----------
    comparison : Comparison
        The packed file (a) and the one packed anew (b).
    images : tuple of RestoredImage
        Each compressed image, decoded and held against the original.
    options : dict of int to PackOptions
        Parameters found, by the 0-based number of the HDU in the original.
    """

    comparison: Comparison
    images: tuple[RestoredImage, ...]
    options: dict[int, PackOptions]

    @property
    def identical(self) -> bool:
        """Whether both files are the same, but for the time stamps of checksum cards."""
        return self.comparison.identical_but_for_time_stamps

    @property
    def largest_error(self) -> float:
        """Largest difference of a pixel in all images."""
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
    Codec, tiles, dithering, seed and scale are in the header of a packed image; the quantize level is taken from the
    HISTORY card that cfitsio writes.
    """
    with (
        plain_file(path_text(original)) as plain,
        plain_file(path_text(packed)) as coded,
        tempfile.TemporaryDirectory(prefix="rustfits-") as folder,
    ):
        first, second = FileHandle(plain, "r"), FileHandle(coded, "r")
        try:
            images = tuple(restored_images(first, second))
            options = {
                number - 1: found_options(second, place, first, number) for number, place in pair_hdus(first, second)
            }
        finally:
            first.close()
            second.close()
        again = os.path.join(folder, "again.fz")
        with open(again, "wb"):
            pass  # the packer wants an empty file
        pack_file(plain, again, lambda number: options[number])
        return Verification(compare(coded, again), images, options)


def found_options(packed: FileHandle, place: int, original: FileHandle, number: int) -> PackOptions:
    """The options with which HDU `number` of the original became HDU `place` of the packed file (1-based)."""
    facts, found = inspection.hdu_facts(original, number), inspection.hdu_facts(packed, place)
    checksums = inspection.read_value(packed, place, "CHECKSUM") is not None
    if found.kind != "compressed image" or facts.kind == "compressed image":
        is_table = inspection.read_value(packed, place, "ZTABLE") == "T"
        return PackOptions(images=False, tables=is_table, checksums=checksums)
    image = inspection.read_compressed_image(packed, place)
    codec = inspection.read_value(packed, place, "ZCMPTYPE") or "RICE_1"
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
        quantize_level=_level(packed, place),
        dither=_DITHER_NAMES[image.quantize_method],
        seed=image.seed if 1 <= image.seed <= LARGEST_SEED else options.seed,
        lossy_int=facts.bitpix > 0,
        lossy_int_ratio=0.0,
        lossy_int_min=0.0,
    )


def _level(packed: FileHandle, place: int) -> float:
    """The quantize level that the last of cfitsio's HISTORY cards tells; fpack's default if there is none."""
    levels = [match.group(1) for card in inspection.read_cards(packed, place) if (match := _LEVEL.match(card))]
    return float(levels[-1]) if levels else 4.0
