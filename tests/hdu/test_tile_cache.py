"""Decoded tiles in memory: how it is laid out, and when it is given back."""

import gc
import weakref

import numpy as np
import pytest

import rustfits_cffi as rf
from rustfits_cffi.hdu.tile_cache import tile_memory

TILE = 500
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


@pytest.fixture
def line(tmp_path):
    """Path and pixels of a one-dimensional image in ten tiles, the last one short."""
    pixels = np.arange(9 * TILE + 123, dtype="i4") ** 2
    with rf.FITS(tmp_path / "line.fits", "w+") as fits:
        fits.write_image(pixels, compress=rf.Gzip2(tile_shape=(TILE,)))
    return tmp_path / "line.fits", pixels


@pytest.fixture(params=[1, 2, 5])
def nthreads(request):
    rf.set_num_threads(request.param)
    yield request.param
    rf.set_num_threads(None)


@pytest.mark.parametrize("size", [1, 100, 333, TILE, TILE + 1, 3 * TILE])
@pytest.mark.parametrize("room", [0, 1, 4, 100])
def test_a_line_is_read_in_order_whatever_the_chunks_threads_and_cache(line, nthreads, size, room):
    path, pixels = line
    with rf.FITS(path) as fits:
        hdu = fits[1]
        hdu.set_tile_cache_size(room * TILE * 4)
        for first in range(0, len(pixels), size):
            assert np.array_equal(hdu[first : first + size], pixels[first : first + size])
            assert hdu.tile_cache_used <= hdu.tile_cache_size


def test_a_corrupt_tile_is_told_only_to_those_who_want_it(line, nthreads):
    path, pixels = line
    with rf.FITS(path) as fits:
        store = fits[1]._reader()._store
        place = store.table.table.heap_start + store.offset[4]
    with open(path, "r+b") as file:
        file.seek(place)
        file.write(bytes(20))
    with rf.FITS(path) as fits:
        for first in range(0, len(pixels), 100):
            if first // TILE == 4:
                with pytest.raises(rf.TileError, match="tile 4"):
                    fits[1][first : first + 100]
            else:
                assert np.array_equal(fits[1][first : first + 100], pixels[first : first + 100])
