"""A packed file held against its original: how far the pixels that come back are from those that went in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rustfits_cffi.errors import FITSError
from rustfits_cffi.native import transfer
from rustfits_cffi.native.handle import FileHandle
from rustfits_cffi.packing.coding import ImageDecoder
from rustfits_cffi.packing.pixels import ImagePixels


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
        Largest absolute difference of a pixel, physical values where integers were packed as floats, otherwise stored
        ones. Infinite if a pixel became null, or a null one a pixel.
    largest_step : float or None
        Largest quantization step of a tile; None for an image that is not quantized.
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
    first, second = list(transfer.hdu_numbers(original)), list(transfer.hdu_numbers(packed))
    shift = len(second) - len(first)
    if shift not in (0, 1):
        raise FITSError(f"{packed.path}: has {len(second)} HDUs, {original.path} has {len(first)}: not its packed form")
    return [(number, number + shift) for number in first]


def restored_images(original: FileHandle, packed: FileHandle) -> Iterator[RestoredImage]:
    """Every compressed image of a packed file, decoded and compared with the original."""
    for number, place in pair_hdus(original, packed):
        facts, found = transfer.hdu_facts(original, number), transfer.hdu_facts(packed, place)
        if found.kind != "compressed image" or facts.kind != "image":
            continue
        decoder = ImageDecoder(packed, place)
        if decoder.shape != facts.shape:
            raise FITSError(f"{packed.path}: HDU {place - 1} has shape {decoder.shape}, the original {facts.shape}")
        yield RestoredImage(
            number=place - 1,
            name=transfer.read_value(original, number, "EXTNAME") or "",
            largest_error=_largest_error(decoder, original, number, facts),
            largest_step=_step(decoder),
            lossy_codec=decoder.image.codec == 41 and decoder.image.hcomp_scale != 0)


def require_restorable(original: str, packed: str) -> None:
    """Raise `FITSError` unless every compressed image of `packed` decodes to that of `original`, within its steps."""
    first, second = FileHandle(original, "r"), FileHandle(packed, "r")
    try:
        for image in restored_images(first, second):
            if not image.is_right:
                raise FITSError(f"{original}: HDU {image.number} did not come out right: pixels differ by up to "
                                f"{image.largest_error:g}")
    finally:
        first.close()
        second.close()


def _step(decoder: ImageDecoder) -> float | None:
    return decoder.largest_scale if decoder.image.is_quantized else None


def _largest_error(decoder: ImageDecoder, original: FileHandle, number: int, facts: transfer.HDUFacts) -> float:
    pixels = ImagePixels(original, facts.data_start, facts.bitpix, facts.shape)
    scale, zero, blank = 1.0, 0.0, None
    if facts.bitpix > 0 > decoder.image.bitpix:  # integers that were packed as floats
        values = [transfer.read_number(original, number, key) for key in ("BSCALE", "BZERO", "BLANK")]
        scale, zero, blank = values[0] or 1.0, values[1] or 0.0, values[2]
    largest = 0.0
    for batch, box in decoder.batches():
        stored = pixels.read(batch.start, batch.count)
        if stored.dtype.kind in "iu" and box.dtype.kind in "iu":
            if not np.array_equal(stored, box):
                largest = max(largest, float(np.abs(stored.astype(np.float64) - box).max()))
            continue
        wanted = stored.astype(np.float64) * scale + zero
        if blank is not None:
            wanted[stored == blank] = np.nan
        largest = max(largest, _float_error(wanted, box))
    return largest


def _float_error(wanted: np.ndarray, got: np.ndarray) -> float:
    """Largest difference of finite pixels; packing makes null of all that is not finite, which is no error."""
    finite = np.isfinite(wanted)
    if (np.isfinite(got) != finite).any():
        return np.inf
    with np.errstate(invalid="ignore"):
        difference = np.abs(wanted - got)
    return float(np.max(difference, where=finite, initial=0.0))
