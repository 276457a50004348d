"""Packing of FITS files: images are tile-compressed, with the bytes that fpack writes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import closing

import numpy as np

from rustfits_cffi.errors import (
    BAD_NAXIS,
    DATA_COMPRESSION_ERR,
    MEMORY_ALLOCATION,
    FITSFormatError,
    error_of_status,
)
from rustfits_cffi.format.columns import parse_columns
from rustfits_cffi.format.structure import BLOCK_NBYTES
from rustfits_cffi.native.cfitsio import copying, inspection, packing, requests
from rustfits_cffi.native.cfitsio.checksums import write_checksum
from rustfits_cffi.native.cfitsio.handle import CfitsioFile
from rustfits_cffi.native.cfitsio.requests import DITHERS, LARGEST_SEED, MAX_DIMENSIONS, SEEDS, CompressionRequest
from rustfits_cffi.native.cfitsio.tile_writer import TileWriter
from rustfits_cffi.native.tile_coding import CODECS
from rustfits_cffi.packing.encoding import ImageEncoder, PackingMemory
from rustfits_cffi.packing.files import convert, opened_pair
from rustfits_cffi.packing.noise import least_noise, rescaled_copy
from rustfits_cffi.packing.options import PackOptions, given_or_default
from rustfits_cffi.packing.pixels import ImagePixels, read_scaling
from rustfits_cffi.packing.report import FileReport, HDUReport, Progress, naming_hdu
from rustfits_cffi.packing.restoring import require_restorable
from rustfits_cffi.packing.tables import can_be_restored
from rustfits_cffi.storage.names import path_text

_TILES = {"row": (-1,), "whole": (-1,) * MAX_DIMENSIONS}

#: Options of each HDU, by its 0-based number.
OptionsByHDU = Callable[[int], PackOptions]


def pack(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str] | None = None,
    options: PackOptions | None = None,
    *,
    overwrite: bool = False,
    verified: bool = False,
    progress: Progress | None = None,
) -> FileReport:
    """Compress the images of a FITS file, byte for byte as fpack does.

    Parameters
    ----------
    source : path
        File to pack. A file that is gzipped or bzipped as a whole is decompressed first.
    target : path, optional
        File to write. Default: `source` with ``.fz`` added.
    options : PackOptions, optional
        How to compress; the defaults are those of fpack.
    overwrite : bool
        Replace `target`, if it exists, once the new file is complete. It may be `source` itself.
    verified : bool
        Decode the output and compare it with the input before it gets its name; for inputs that will be removed.
    progress : callable, optional
        Called as ``progress(nbytes_done, nbytes_total)`` while the input is read.

    Returns
    -------
    FileReport
        What was done with each HDU.

    Raises
    ------
    FileExistsError
        If `target` exists and `overwrite` is false.
    FITSError
        If an HDU cannot be compressed; its `status` is the number that fpack exits with. Also if
        `verified` finds wrong pixels. No output is left.

    Notes
    -----
    The output gets its name when it is complete. Memory does not depend on the size of the file, but on that of a row
    of tiles.
    """
    source, options = path_text(source), given_or_default(options, PackOptions)
    target = source + ".fz" if target is None else path_text(target)

    def work(plain: str, temporary: str) -> tuple[HDUReport, ...]:
        return pack_file(plain, temporary, lambda number: options, progress=progress)

    return convert(source, target, work, require_restorable if verified else None, overwrite=overwrite)


def pack_file(
    source: str, target: str, options_of: OptionsByHDU, *, progress: Progress | None = None
) -> tuple[HDUReport, ...]:
    """Pack a plain file into the empty file `target`, each HDU with its own options."""
    reports = []
    with opened_pair(source, target) as (inp, out):
        packer = _Packer(inp, out, progress)
        for number in inspection.hdu_numbers(inp):
            with naming_hdu(number):
                reports.append(packer.pack(number, options_of(number - 1)))
        if options_of(0).checksums:
            write_checksum(out, 1)
    return tuple(reports)


class _Packer:
    """The state of one file being packed."""

    def __init__(self, inp: CfitsioFile, out: CfitsioFile, progress: Progress | None):
        self._inp, self._out = inp, out
        self._progress = progress or (lambda done, total: None)
        self._memory = PackingMemory()
        self._size = inp.size()
        self.number = 1

    def pack(self, number: int, options: PackOptions) -> HDUReport:
        """Append HDU `number` (1-based) to the output, compressed or copied as fpack would."""
        self.number = number
        facts = inspection.hdu_facts(self._inp, number)
        inspection.require_data(self._inp, facts)
        before = self._out.size()
        requests.ask(self._out, _request(options))
        action, is_lossless, note = self._copy_or_compress(number, facts, options)
        if options.checksums:
            write_checksum(self._out)
        self._out.flush()
        self._progress(facts.data_end, self._size)
        return HDUReport(
            number - 1, action, facts.data_end - facts.header_start, self._out.size() - before, is_lossless, note
        )

    def _copy_or_compress(self, number: int, facts: inspection.HDUFacts, options: PackOptions) -> tuple[str, bool, str]:
        """Copy or compress an HDU: what was done, whether it is lossless, and a remark."""
        directive = inspection.read_value(self._inp, number, "FZALGOR")
        is_image = facts.kind == "image" and facts.shape and 0 not in facts.shape
        if directive not in ("NONE", "none"):
            if facts.kind == "table" and options.tables:
                return self._table(number, facts)
            if is_image and options.images:
                return ("compressed", *self._image(number, facts, options))
        copying.copy_hdu(self._inp, number, self._out)
        return "copied", True, ""

    def _table(self, number: int, facts: inspection.HDUFacts) -> tuple[str, bool, str]:
        if facts.data_end - facts.data_start <= BLOCK_NBYTES:
            copying.copy_hdu(self._inp, number, self._out)
            return "copied", True, ""
        if not can_be_restored(self._inp, number):
            copying.copy_hdu(self._inp, number, self._out)
            return "copied", True, f"HDU {number} has columns that could not be restored, so it is copied."
        packing.compress_table(self._inp, number, self._out)
        return "compressed", True, ""

    def _image(self, number: int, facts: inspection.HDUFacts, options: PackOptions) -> tuple[bool, str]:
        """Compress an image HDU: whether that is lossless, and a remark."""
        if len(facts.shape) > MAX_DIMENSIONS:
            raise error_of_status(
                BAD_NAXIS,
                f"{self._inp.path}: HDU {number - 1} has {len(facts.shape)} dimensions, a "
                f"compressed image at most {MAX_DIMENSIONS}",
            )
        scale = self._rescaling(number, facts, options)
        if scale is not None:
            with rescaled_copy(self._inp, number, facts, scale, self._out.path) as (copy, copy_number):
                copied = inspection.hdu_facts(copy, copy_number)
                self._compress(copy, copy_number, copied, options)
            return False, ""
        enough, note = self._enough_noise(number, facts, options)
        if not enough:
            requests.forget_lossy_int(self._out)
        image = self._compress(self._inp, number, facts, options)
        lossy_codec = image.codec == CODECS["HCOMPRESS_1"] and image.hcomp_scale != 0
        return image.bitpix > 0 and not lossy_codec, note  # even lossless floats lose infinities, as with fpack

    def _rescaling(self, number: int, facts: inspection.HDUFacts, options: PackOptions) -> float | None:
        """The number by which to divide the integers of an image; None if they are kept."""
        if options.rescale_noise == 0 or not 0 < facts.bitpix < 64:
            return None
        bscale = inspection.read_number(self._inp, number, "BSCALE")
        if bscale is None or bscale == 1.0:
            return None
        scale = least_noise(self._inp, number, facts, wide=facts.bitpix == 32)[0] / float(
            np.float32(options.rescale_noise)
        )
        return scale if scale > 1.0 else None

    def _enough_noise(self, number: int, facts: inspection.HDUFacts, options: PackOptions) -> tuple[bool, str]:
        """Whether an image may be quantized, and a remark if its noise is too small for that."""
        if facts.bitpix < 0 or not options.lossy_int:
            return True, ""
        least, third = least_noise(self._inp, number, facts, wide=facts.bitpix >= 32)
        level = np.float32(options.quantize_level)
        if least < float(np.float32(options.lossy_int_ratio) * level) or third < float(
            np.float32(options.lossy_int_min)
        ):
            return False, f"HDU {number} does not meet noise criteria to be quantized, so losslessly compressed."
        return True, ""

    def _compress(
        self, inp: CfitsioFile, number: int, facts: inspection.HDUFacts, options: PackOptions
    ) -> inspection.CompressedImage:
        """Append the compressed form of an image and return the parameters of its header."""
        image = packing.begin_compressed_image(
            inp, number, self._out, bitpix=facts.bitpix, shape=facts.shape, checksums=options.checksums
        )
        where = f"{self._inp.path}: HDU {self.number - 1}"
        _require_compressible(where, image)
        pixels = ImagePixels(inp, facts.data_start, facts.bitpix, facts.shape)
        scaling = read_scaling(inp, number) if image.lossy_int else None
        encoder = ImageEncoder(image, where, scaling, lossy_plio=options.allow_lossy_plio, memory=self._memory)
        self._fix_seed(image, pixels, encoder)
        writer = TileWriter(
            self._out, image.number, parse_columns, uncompressed_tform={32: "1PJ", -32: "1QE"}.get(image.bitpix, "1PI")
        )
        writer.begin()
        with closing(encoder.batches(pixels)) as batches:
            for coded in batches:
                writer.append(coded.nbytes, coded.column, coded.data, coded.scale, coded.zero)
                data_nbytes = (facts.data_end - facts.data_start) * writer.ntiles_written // encoder.ntiles
                self._progress(facts.data_start + data_nbytes, self._size)
        writer.finish()
        packing.end_compressed_image(self._out, image.number, has_nulls=encoder.has_nulls)
        return image

    def _fix_seed(self, image: inspection.CompressedImage, pixels: ImagePixels, encoder: ImageEncoder) -> None:
        """Choose the seed, if the options leave it open, before tiles are encoded in parallel."""
        if not image.is_quantized or image.quantize_method not in (1, 2) or image.codec == CODECS["NOCOMPRESS"]:
            return
        if image.seed == SEEDS["clock"]:
            seed = (int(time.time()) + int(time.process_time() * 100) + image.number - 1) % LARGEST_SEED + 1
        elif image.seed < 0:
            first = [min(n, t) for n, t in zip(image.shape, image.tile_shape, strict=True)]
            seed = encoder.first_tile_sum(pixels.read([0] * len(first), first)) % LARGEST_SEED + 1
        else:
            return
        packing.set_seed(self._out, image.number, seed)
        encoder.set_seed(seed)


def _request(options: PackOptions) -> CompressionRequest:
    """The options in cfitsio's terms."""
    tile_shape = _TILES[options.tile] if isinstance(options.tile, str) else options.tile
    seed = options.seed if isinstance(options.seed, int) else SEEDS[options.seed]
    return CompressionRequest(
        codec=CODECS[options.codec],
        tile_shape=(1,) * (MAX_DIMENSIONS - len(tile_shape)) + tile_shape,
        level=options.quantize_level,
        dither=DITHERS[options.dither],
        seed=seed,
        hcomp_scale=options.hcomp_scale,
        lossy_int=options.lossy_int,
    )


def _require_compressible(where: str, image: inspection.CompressedImage) -> None:
    """Refuse what cfitsio's tile loop refuses, with its status, before a tile is read."""
    if image.bitpix == 64:
        error = FITSFormatError(f"{where}: fpack compresses no 64-bit integers; write_image with Gzip2 does")
        error.status = MEMORY_ALLOCATION  # the exit code of fpack
        raise error
    if image.bitpix < 0 and not image.lossy_int and (image.bscale != 1 or image.bzero != 0):
        raise error_of_status(DATA_COMPRESSION_ERR, f"{where}: floating point image with BSCALE or BZERO")
    if image.codec == CODECS["NOCOMPRESS"] and image.bitpix not in (16, 32, -32):
        raise error_of_status(DATA_COMPRESSION_ERR, f"{where}: tiles without compression need BITPIX 16, 32 or -32")
