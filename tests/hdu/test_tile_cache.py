"""Decoded tiles in memory: what is kept, and when it is freed."""

import gc
import weakref

import numpy as np
import pytest

import rustfits_cffi as rf
from rustfits_cffi.hdu.tiles.cache import TileCache
from rustfits_cffi.native.tile_sections import TileSections

TILE = 500


def test_decoded_tiles_are_freed_without_the_garbage_collector(tmp_path):
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
@pytest.mark.parametrize("ntiles", [0, 1, 4, 100])
def test_a_line_is_read_in_order_whatever_the_chunks_threads_and_cache(line, nthreads, size, ntiles):
    path, pixels = line
    with rf.FITS(path) as fits:
        hdu = fits[1]
        hdu.set_tile_cache_size(ntiles * TILE * 4)
        for first in range(0, len(pixels), size):
            assert np.array_equal(hdu[first : first + size], pixels[first : first + size])
            assert hdu.tile_cache_used <= hdu.tile_cache_size


def test_a_corrupt_tile_raises_only_where_it_is_needed(line, nthreads):
    path, pixels = line
    with rf.FITS(path) as fits:
        store = fits[1]._reader()._store
        position = store.table.table.heap_start + store.table.table.offset[4]
    with open(path, "r+b") as file:
        file.seek(position)
        file.write(bytes(20))
    with rf.FITS(path) as fits:
        for first in range(0, len(pixels), 100):
            if first // TILE == 4:
                with pytest.raises(rf.TileError, match="tile 4"):
                    fits[1][first : first + 100]
            else:
                assert np.array_equal(fits[1][first : first + 100], pixels[first : first + 100])


def memory_of(cache):
    """Bytes that the arrays in a cache occupy: those of the whole underlying arrays, each counted once."""
    owners = {}
    for block in cache._blocks:
        for tile in block.tiles.values():
            while tile.base is not None:
                tile = tile.base
            owners[id(tile)] = tile.nbytes
    return sum(owners.values())


def test_the_cache_takes_no_more_memory_than_it_reports(line, nthreads):
    with rf.FITS(line[0]) as fits:
        hdu = fits[1]
        hdu.set_tile_cache_size(6 * TILE * 4)
        for first in [0, *range(nthreads, 9)]:
            hdu[first * TILE : first * TILE + 9]
            hdu[0:9]  # one of the tiles that were decoded together stays in use
            assert memory_of(hdu._tile_cache) == hdu.tile_cache_used <= hdu.tile_cache_size


def test_tiles_of_one_array_are_kept_and_dropped_together():
    cache = TileCache()
    cache.set_capacity(100)
    pair, single = np.zeros(60, "u1"), np.zeros(40, "u1")
    cache.put_together({1: pair[:30], 2: pair[30:]}, 60)
    cache.put(3, single)
    assert cache.used == 100 and cache.get(2).base is pair
    cache.put(4, np.zeros(1, "u1"))
    assert cache.get(3) is None and cache.get(1) is not None and cache.used == 61
    cache.put(5, single)
    assert cache.get(4) is None and cache.used == 100
    cache.put(6, single)
    assert cache.get(1) is None and cache.get(2) is None and cache.used == 80
    cache.put_together({1: pair[:30], 2: pair[30:]}, 101)
    assert cache.get(1) is None and cache.used == 80, "a tile that exceeds the capacity is not kept"


@pytest.fixture
def squares(tmp_path):
    """Path and pixels of an image of four by four tiles."""
    pixels = np.random.default_rng(1).integers(0, 99, (400, 400)).astype("i4")
    with rf.FITS(tmp_path / "squares.fits", "w+") as fits:
        fits.write_image(pixels, compress=rf.Rice1(tile_shape=(100, 100)))
    return tmp_path / "squares.fits", pixels


@pytest.fixture
def decoded(monkeypatch):
    """Shapes of the decoded sections."""
    shapes, read = [], TileSections.read

    def spy(self, start, count, *rest):
        shapes.append(tuple(count))
        return read(self, start, count, *rest)

    monkeypatch.setattr(TileSections, "read", spy)
    return shapes


@pytest.mark.parametrize("ntiles", [0, 8, 100])
def test_an_image_of_few_tiles_is_read_whole_by_one_call(squares, decoded, ntiles):
    path, pixels = squares
    with rf.FITS(path) as fits:
        hdu = fits[1]
        hdu.set_tile_cache_size(ntiles * 40000)
        assert np.array_equal(hdu.read(), pixels) and decoded == [(400, 400)]
        assert np.array_equal(hdu[:, :399], pixels[:, :399])
        assert decoded == ([(400, 400)] if ntiles == 100 else [(400, 400), (400, 399)])


def test_a_whole_read_keeps_the_cached_tiles_of_cutouts(squares, decoded):
    with rf.FITS(squares[0]) as fits:
        hdu = fits[1]
        hdu.set_tile_cache_size(10 * 40000)
        for _ in range(8):
            hdu[110:120, 110:120]
        used, ncalls = hdu.tile_cache_used, len(decoded)
        assert used == 40000
        hdu.read()
        hdu[:, :399]
        assert hdu.tile_cache_used == used
        hdu[111:119, 130:140]
        assert len(decoded) == ncalls + 2


def test_a_whole_image_that_fits_is_kept_as_one(squares, decoded):
    path, pixels = squares
    with rf.FITS(path) as fits:
        hdu = fits[1]
        hdu[0:10, 0:10]
        hdu.read()[:] = -1  # the caller's copy
        assert hdu.tile_cache_used == pixels.nbytes
        del decoded[:]
        for key in (slice(None), np.s_[7], np.s_[3:390:7, 399], np.s_[150:250, 90:210], np.s_[5, 6]):
            found = hdu[key]
            assert np.array_equal(found, pixels[key]) and hdu.tile_cache_used == pixels.nbytes
            if found.ndim:
                assert found.flags.c_contiguous and found.flags.owndata
                found[...] = -1
        assert not decoded and np.array_equal(hdu.read(), pixels)
        hdu.set_tile_cache_size(pixels.nbytes - 1)
        assert hdu.tile_cache_used == 0 and np.array_equal(hdu[3], pixels[3])


def test_tiles_around_a_corner_are_decoded_at_once(squares, decoded):
    path, pixels = squares
    with rf.FITS(path) as fits:
        hdu = fits[1]
        for _ in range(2):
            assert np.array_equal(hdu[195:205, 298:303], pixels[195:205, 298:303])
        assert decoded == [(200, 200)] and hdu.tile_cache_used == 4 * 40000
        assert np.array_equal(hdu[150:350, 250:350], pixels[150:350, 250:350])
        assert decoded == [(200, 200), (100, 200)]
        assert np.array_equal(hdu[0::399, 0::399], pixels[0::399, 0::399]), "tiles that do not fill a box"


def test_the_size_of_the_cache_is_a_number(squares):
    with rf.FITS(squares[0]) as fits, pytest.raises(TypeError, match="bytes, not True"):
        fits[1].set_tile_cache_size(True)
