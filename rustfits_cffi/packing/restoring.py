"""A packed file held against its original: how far the pixels that come back are from those that went in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rustfits_cffi.errors import FITSError
from rustfits_cffi.native.cfitsio import inspection
from rustfits_cffi.native.cfitsio.checksums import file_sum
from rustfits_cffi.native.cfitsio.handle import FileHandle
from rustfits_cffi.native.tile_coding import CODECS
from rustfits_cffi.packing.decoding import ImageDecoder
from rustfits_cffi.packing.files import temporary_file
from rustfits_cffi.packing.pixels import ImagePixels, read_scaling
from rustfits_cffi.packing.tables import restore_table

HCOMPRESS = CODECS["HCOMPRESS_1"]
SUBNORMAL = 2.0**-126  # packing makes 0 of float32 that are smaller


@dataclass(frozen=True)
class RestoredImage:
    """How well an image comes back.

    Attributes
    ----------
    number : int
        0-based number of the HDU in the packed file.
    name : str
        EXTNAME of the original; empty if it has none.
    largest_error : float
        Largest absolute difference of a pixel; of stored values, or of physical ones where integers were packed as
        floats or divided. Infinite if a pixel became null, or a null one a pixel.
    largest_step : float or None
        Largest quantization step of a tile, or the new BSCALE of integers that were divided; None if pixels are exact.
    lossy_codec : bool
        Whether the codec itself loses something.
    """

    number: int
    name: str
    largest_error: float
    largest_step: float | None
    lossy_codec: bool

    @property
    def is_right(self) -> bool:
        """Whether the error is none, or explained by the quantization asked for."""
        if self.lossy_codec:
            return self.largest_error < np.inf
        return self.largest_error <= (self.largest_step or 0)


def pair_hdus(original: FileHandle, packed: FileHandle) -> list[tuple[int, int]]:
    """1-based numbers of the HDUs that belong together; packing an image in the primary HDU shifts them by one."""
    first, second = list(inspection.hdu_numbers(original)), list(inspection.hdu_numbers(packed))
    shift = len(second) - len(first)
    if shift not in (0, 1):
        raise FITSError(f"{packed.path}: has {len(second)} HDUs, {original.path} has {len(first)}: not its packed form")
    return [(number, number + shift) for number in first]


def restored_images(original: FileHandle, packed: FileHandle) -> Iterator[RestoredImage]:
    """Every compressed image of a packed file, decoded and compared with the original."""
    for number, place in pair_hdus(original, packed):
        facts, found = inspection.hdu_facts(original, number), inspection.hdu_facts(packed, place)
        if found.kind != "compressed image" or facts.kind != "image":
            continue
        decoder = ImageDecoder(packed, place)
        if decoder.shape != facts.shape:
            raise FITSError(f"{packed.path}: HDU {place - 1} has shape {decoder.shape}, the original {facts.shape}")
        before, after = _Scaling(*read_scaling(original, number)), _Scaling(*read_scaling(packed, place))
        pixels = ImagePixels(original, facts.data_start, facts.bitpix, facts.shape)
        step = decoder.largest_scale if decoder.image.is_quantized else None
        if facts.bitpix > 0 and decoder.image.bitpix > 0 and before != after:
            step = abs(after.scale)  # the integers were divided
        yield RestoredImage(
            number=place - 1,
            name=inspection.read_value(original, number, "EXTNAME") or "",
            largest_error=_largest_error(pixels, before, decoder, after),
            largest_step=step,
            lossy_codec=decoder.image.codec == HCOMPRESS and decoder.image.hcomp_scale != 0,
        )


def require_restorable(original: str, packed: str) -> None:
    """Raise `FITSError` unless everything in `packed` comes back as it is in `original`, within quantization steps."""
    first, second = FileHandle(original, "r"), FileHandle(packed, "r")
    try:
        for image in restored_images(first, second):
            if not image.is_right:
                raise FITSError(
                    f"{original}: HDU {image.number} did not come out right: pixels differ by up to "
                    f"{image.largest_error:g}"
                )
        for number, place in pair_hdus(first, second):
            _require_same_data(first, number, second, place)
    finally:
        first.close()
        second.close()


@dataclass(frozen=True)
class _Scaling:
    """How stored pixels become physical ones."""

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
    """Largest difference of finite pixels; packing makes null of all that is not finite, which is no error."""
    finite = np.isfinite(wanted)
    if (np.isfinite(got) != finite).any():
        return np.inf
    with np.errstate(invalid="ignore"):
        difference = np.abs(wanted - got)
    largest = float(np.max(difference, where=finite, initial=0.0))
    return largest if largest > SUBNORMAL else 0.0


def _require_same_data(original: FileHandle, number: int, packed: FileHandle, place: int) -> None:
    """What was copied has the same bytes; a compressed table gives them back."""
    facts, found = inspection.hdu_facts(original, number), inspection.hdu_facts(packed, place)
    if found.kind == "compressed image" and facts.kind == "image":
        return
    wanted = file_sum(original, facts.data_start, facts.data_end)
    is_compressed = [inspection.read_value(*where, "ZTABLE") == "T" for where in ((original, number), (packed, place))]
    if is_compressed == [False, True]:
        got = _restored_table_sum(packed, place)
    else:
        got = file_sum(packed, found.data_start, found.data_end)
    if got != wanted:
        raise FITSError(f"{original.path}: HDU {number - 1} did not come out right: its data differ")


def _restored_table_sum(packed: FileHandle, place: int) -> int:
    with temporary_file(packed.path) as path:
        table = FileHandle(path, "w+")
        try:
            restore_table(packed, place, table)
            table.flush()
            facts = inspection.hdu_facts(table, inspection.count_hdus(table))
            return file_sum(table, facts.data_start, facts.data_end)
        finally:
            table.close()
