"""Decoded tiles in memory: how it is laid out, and when it is given back."""

import gc
import weakref

import numpy as np
import pytest

import rustfits_cffi as rf
from rustfits_cffi.hdu.tile_cache import tile_memory

HUGE_PAGE_NBYTES = 2 << 20


@pytest.mark.parametrize("dtype", ["u1", "f4", "f8"])
@pytest.mark.parametrize("shape", [(0,), (7,), (3, 5), (1023, 2050), (HUGE_PAGE_NBYTES,), (4001, 700)])
def test_memory_for_tiles_has_shape_and_type_and_can_be_written(shape, dtype):
    memory = tile_memory(shape, np.dtype(dtype))
    memory[...] = 1
    assert memory.shape == shape and memory.dtype == dtype and memory.flags.c_contiguous
    assert memory.sum(dtype="f8") == np.prod(shape)


def test_large_tiles_begin_with_a_huge_page():
    assert all(tile_memory((n,), np.dtype("u1")).ctypes.data % HUGE_PAGE_NBYTES == 0 for n in (2 << 20, 5_000_001))


def test_decoded_tiles_are_given_back_without_the_garbage_collector(tmp_path):
    with rf.FITS(tmp_path / "a.fits", "w+") as fits:
        fits.write_image(np.zeros((64, 64), "f4"), compress="GZIP_2")
    gc.disable()
    try:
        fits = rf.FITS(tmp_path / "a.fits")
        hdu = fits[1]
        hdu.read()
        cache = weakref.ref(hdu._tile_cache)
        assert cache().used
        del hdu, fits
        assert cache() is None
    finally:
        gc.enable()
