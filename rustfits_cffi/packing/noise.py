"""What fpack derives from the noise of integer images: whether to quantize them, and by how much to divide them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from rustfits_cffi.native.cfitsio import copying, inspection, packing
from rustfits_cffi.native.cfitsio.handle import CfitsioFile
from rustfits_cffi.packing.pixels import ImagePixels, tile_batches
from rustfits_cffi.storage.safe_files import temporary_file

SAMPLE = 4100  # side of the central area that fpack measures


def least_noise(handle: CfitsioFile, number: int, facts: inspection.HDUFacts, *, wide: bool) -> tuple[float, float]:
    """Smallest of the three noise estimates at the centre of an image, and the third-order one."""
    sample = _central_area(ImagePixels(handle, facts.data_start, facts.bitpix, facts.shape))
    blank = inspection.read_number(handle, number, "BLANK")
    dtype: type[np.signedinteger] = np.int32 if wide else np.int16
    pixels = np.ascontiguousarray(sample, dtype)
    limits = np.iinfo(dtype)
    null = int(blank) if blank is not None and limits.min <= blank <= limits.max else None
    second, third, fifth = inspection.image_noise(pixels, null)
    return min([third, *(value for value in (second, fifth) if value != 0)]), third


def _central_area(pixels: ImagePixels) -> np.ndarray:
    """The centre of the middle plane; a 1-D image is padded with zeros to a square, as fpack does."""
    shape = pixels.shape[-2:]
    bounds = [(max(n // 2 - (SAMPLE // 2 - 1), 1) - 1, min(n // 2 + SAMPLE // 2, n)) for n in shape]
    planes = [pixels.shape[-3] // 2] if len(pixels.shape) > 2 else []
    start = [0] * (len(pixels.shape) - 3) + planes + [low for low, _ in bounds]
    count = [1] * max(len(pixels.shape) - 2, 0) + [high - low for low, high in bounds]
    area = pixels.read(start, count).reshape(count[-2:])
    if len(shape) == 1:
        square = np.zeros((area.size, area.size), area.dtype)
        square[0] = area
        return square
    return area


@contextmanager
def rescaled_copy(
    inp: CfitsioFile, number: int, facts: inspection.HDUFacts, divisor: float, beside: str
) -> Iterator[tuple[CfitsioFile, int]]:
    """A temporary file with the image divided by `divisor` and rounded, BSCALE adjusted; and the number of its HDU."""
    blank = inspection.read_number(inp, number, "BLANK")
    pixels = ImagePixels(inp, facts.data_start, facts.bitpix, facts.shape)
    with temporary_file(beside) as path:
        copy = CfitsioFile(path, "w+")
        try:
            copy_number, data_start = packing.begin_rescaled_image(inp, number, copy, divisor)
            offset = data_start
            for batch in tile_batches(facts.shape, (*[1] * (len(facts.shape) - 1), facts.shape[-1]), 4):
                box = pixels.read(batch.start, batch.count)
                divided = box / divisor
                rounded = np.trunc(np.where(divided >= 0, divided + 0.5, divided - 0.5)).astype(box.dtype)
                if blank is not None:
                    rounded[box == int(blank)] = int(blank)
                copying.write_data(copy, copy_number, offset, rounded)
                offset += rounded.nbytes
            copy.flush()
            yield copy, copy_number
        finally:
            copy.close()
