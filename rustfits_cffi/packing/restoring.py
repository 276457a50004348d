"""A packed file compared with its original: the errors of the restored pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rustfits_cffi.errors import FITSError
from rustfits_cffi.native.cfitsio import inspection
from rustfits_cffi.native.cfitsio.checksums import file_sum
from rustfits_cffi.native.cfitsio.handle import CfitsioFile
from rustfits_cffi.native.tile_coding import CODECS
from rustfits_cffi.packing.decoding import ImageDecoder
from rustfits_cffi.packing.pixels import ImagePixels, read_scaling
from rustfits_cffi.packing.tables import restore_table
from rustfits_cffi.storage.safe_files import temporary_file

HCOMPRESS = CODECS["HCOMPRESS_1"]
SUBNORMAL = 2.0**-126  # packing sets smaller float32 values to 0


@dataclass(frozen=True)
class RestoredImage:
    """How well an image is restored.

    Attributes
    ----------
    number : int
        0-based number of the HDU in the packed file.
    name : str
        EXTNAME of the original; empty if it has none.
    largest_error : float
        Largest absolute pixel difference, of stored values, or of physical values where integers were packed as floats
        or divided. Infinite if a pixel became null, or a null became a pixel.
    largest_step : float or None
        Largest quantization step of the tiles, or the new BSCALE of divided integers; None if pixels are exact.
    lossy_codec : bool
        Whether the codec itself is lossy.
    """

    number: int
    name: str
    largest_error: float
    largest_step: float | None
    lossy_codec: bool

    @property
    def is_right(self) -> bool:
        """Whether the error is zero, or within the quantization step."""
        if self.lossy_codec:
            return self.largest_error < np.inf
        return self.largest_error <= (self.largest_step or 0)


def pair_hdus(original: CfitsioFile, packed: CfitsioFile) -> list[tuple[int, int]]:
    """1-based numbers of corresponding HDUs; packing a primary image shifts the later ones by one."""
    first, second = list(inspection.hdu_numbers(original)), list(inspection.hdu_numbers(packed))
    shift = len(second) - len(first)
    if shift not in (0, 1):
        raise FITSError(f"{packed.path}: has {len(second)} HDUs, {original.path} has {len(first)}: not its packed form")
    return [(number, number + shift) for number in first]


def restored_images(original: CfitsioFile, packed: CfitsioFile) -> Iterator[RestoredImage]:
    """Decode every compressed image of a packed file and compare it with the original."""
    for number, packed_number in pair_hdus(original, packed):
        facts, found = inspection.hdu_facts(original, number), inspection.hdu_facts(packed, packed_number)
        if found.kind != "compressed image" or facts.kind != "image":
            continue
        decoder = ImageDecoder(packed, packed_number)
        if decoder.shape != facts.shape:
            where = f"{packed.path}: HDU {packed_number - 1}"
            raise FITSError(f"{where} has shape {decoder.shape}, the original {facts.shape}")
        before, after = _Scaling(*read_scaling(original, number)), _Scaling(*read_scaling(packed, packed_number))
        pixels = ImagePixels(original, facts.data_start, facts.bitpix, facts.shape)
        step = decoder.largest_scale if decoder.image.is_quantized else None
        if facts.bitpix > 0 and decoder.image.bitpix > 0 and before != after:
            step = abs(after.scale)  # the integers were divided
        yield RestoredImage(
            number=packed_number - 1,
            name=inspection.read_value(original, number, "EXTNAME") or "",
            largest_error=_largest_error(pixels, before, decoder, after),
            largest_step=step,
            lossy_codec=decoder.image.codec == HCOMPRESS and decoder.image.hcomp_scale != 0,
        )


def require_restorable(original: str, packed: str) -> None:
    """Raise `FITSError` unless `packed` restores everything in `original`, within the quantization steps."""
    first, second = CfitsioFile(original, "r"), CfitsioFile(packed, "r")
    try:
        for image in restored_images(first, second):
            if not image.is_right:
                raise FITSError(
                    f"{original}: HDU {image.number} did not come out right: pixels differ by up to "
                    f"{image.largest_error:g}"
                )
        for number, packed_number in pair_hdus(first, second):
            _require_same_data(first, number, second, packed_number)
    finally:
        first.close()
        second.close()


@dataclass(frozen=True)
class _Scaling:
    """The conversion from stored to physical pixels."""

    scale: float
    zero: float
    blank: int | None

    def apply(self, stored: np.ndarray) -> np.ndarray:
        physical = stored.astype(np.float64) * self.scale + self.zero
        if self.blank is not None and stored.dtype.kind in "iu":
            physical[stored == self.blank] = np.nan
        return physical


def _largest_error(pixels: ImagePixels, before: _Scaling, decoder: ImageDecoder, after: _Scaling) -> float:
    largest = 0.0
    for batch, box in decoder.batches():
        stored = pixels.read(batch.start, batch.count)
        if stored.dtype.kind in "iu" and box.dtype.kind in "iu" and before == after:
            if not np.array_equal(stored, box):
                largest = max(largest, float(np.abs(stored.astype(np.float64) - box).max()))
        else:
            largest = max(largest, _float_error(before.apply(stored), after.apply(box)))
    return largest


def _float_error(wanted: np.ndarray, got: np.ndarray) -> float:
    """Largest difference of finite pixels. Packing turns all others into null, which does not count as an error."""
    finite = np.isfinite(wanted)
    if (np.isfinite(got) != finite).any():
        return np.inf
    with np.errstate(invalid="ignore"):
        difference = np.abs(wanted - got)
    largest = float(np.max(difference, where=finite, initial=0.0))
    return largest if largest > SUBNORMAL else 0.0


def _require_same_data(original: CfitsioFile, number: int, packed: CfitsioFile, packed_number: int) -> None:
    """Raise `FITSError` unless a copied HDU, or the table restored from a compressed one, has the same data sum."""
    facts, found = inspection.hdu_facts(original, number), inspection.hdu_facts(packed, packed_number)
    if found.kind == "compressed image" and facts.kind == "image":
        return
    wanted = file_sum(original, facts.data_start, facts.data_end)
    hdus = (original, number), (packed, packed_number)
    is_compressed = [inspection.read_value(*hdu, "ZTABLE") == "T" for hdu in hdus]
    if is_compressed == [False, True]:
        got = _restored_table_sum(packed, packed_number)
    else:
        got = file_sum(packed, found.data_start, found.data_end)
    if got != wanted:
        raise FITSError(f"{original.path}: HDU {number - 1} did not come out right: its data differ")


def _restored_table_sum(packed: CfitsioFile, packed_number: int) -> int:
    with temporary_file(packed.path) as path:
        table = CfitsioFile(path, "w+")
        try:
            restore_table(packed, packed_number, table)
            table.flush()
            facts = inspection.hdu_facts(table, inspection.count_hdus(table))
            return file_sum(table, facts.data_start, facts.data_end)
        finally:
            table.close()
