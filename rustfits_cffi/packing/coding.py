"""The header of a compressed image, as cfitsio understands it, in the terms of the tile engine."""

from __future__ import annotations

from rustfits_cffi.native.cfitsio.inspection import CompressedImage
from rustfits_cffi.native.tile_coding import CODECS, Coder, TileCoding

_CODEC_NAMES = {number: name for name, number in CODECS.items()}


def coding_of(image: CompressedImage, seed: int, *, lossy_plio: bool = False) -> TileCoding:
    """How the tiles of an image are coded, with the seed that was chosen."""
    unsigned = image.bitpix == 16 and image.actual_bzero == 32768
    coder = Coder.of_image(
        _CODEC_NAMES[image.codec],
        image.bitpix,
        unsigned=unsigned,
        quantized=image.is_quantized,
        rice_block=image.rice_block,
        rice_bytepix=image.rice_bytepix,
        hcompress_scale=image.hcomp_scale,
        hcompress_smooth=image.hcomp_smooth,
        hcompress_null=image.zblank_seen,
        lossy_plio=lossy_plio,
    )
    return TileCoding(
        shape=image.shape,
        tile_shape=image.tile_shape,
        bitpix=image.bitpix,
        coder=coder,
        unsigned=unsigned,
        quantized=image.is_quantized,
        dither=max(0, image.quantize_method) if image.is_quantized else 0,
        seed=seed,
        level=image.quantize_level if image.is_quantized else 4.0,
        nulls="fpack",
    )
