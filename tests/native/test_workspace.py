"""Scratch that threads leave for the next call: it is reused, bounded, and freed with the file."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import rustfits_cffi as rf
from rustfits_cffi.native._lib import lib
from rustfits_cffi.native.tile_codec import TileCodec
from rustfits_cffi.native.tile_coding import Coder, TileCoding
from rustfits_cffi.storage.handle import FileHandle

LIMIT = 32 << 20
CODECS = [rf.Rice1, rf.Gzip1, rf.Gzip2, rf.Hcompress1, rf.Plio1]


@pytest.fixture
def handles(monkeypatch):
    """The handles of all files opened in the test."""
    opened = []
    init = FileHandle.__init__

    def noted(self, *arguments, **options):
        init(self, *arguments, **options)
        opened.append(self)

    monkeypatch.setattr(FileHandle, "__init__", noted)
    return opened


def kept(handle):
    return lib.rf_workspace_nbytes(handle.workspace)


def test_scratch_serves_every_codec_and_type_in_turn(tmp_path, rng):
    images = [rng.integers(0, 200, (60, 70)).astype(dtype) for dtype in ("u1", "i2", "i4")]
    path = tmp_path / "a.fits"
    with rf.FITS(path, "w+") as fits:
        for codec in CODECS:
            for image in images:
                fits.write_image(image, compress=codec(tile_shape=(20, 30)))
    with rf.FITS(path) as fits:
        for _ in range(2):
            for number in rng.permutation(range(1, len(fits))).tolist():
                wanted = images[(number - 1) % len(images)]
                assert np.array_equal(fits[number][3:50, 5:66], wanted[3:50, 5:66])


def test_scratch_is_kept_from_read_to_read_and_freed_with_the_file(tmp_path, handles):
    path = tmp_path / "a.fits"
    with rf.FITS(path, "w+") as fits:
        fits.write_image(np.arange(10_000.0), compress=rf.Gzip2(tile_shape=(1000,)))
    with rf.FITS(path) as fits:
        assert kept(handles[-1]) == 0
        fits[1][5:10]
        after_one = kept(handles[-1])
        fits[1][2005:2010]
        assert 8000 < after_one == kept(handles[-1])
    assert kept(handles[-1]) == 0


def test_scratch_of_large_tiles_is_not_kept(tmp_path, handles):
    path = tmp_path / "a.fits"
    with rf.FITS(path, "w+") as fits:
        fits.write_image(np.zeros(LIMIT // 8 + 1), compress=rf.Gzip2(tile_shape=(LIMIT // 8 + 1,)))
    with rf.FITS(path) as fits:
        assert not fits[1].read().any()
        assert kept(handles[-1]) == 0


def test_many_threads_share_scratch_and_leave_no_more_than_the_limit(tmp_path, handles, rng):
    image = rng.normal(size=(400, 2000))
    path = tmp_path / "a.fits"
    with rf.FITS(path, "w+") as fits:
        fits.write_image(image, compress=rf.Gzip2(tile_shape=(100, 2000)))
    starts = rng.integers(0, 380, 200).tolist()
    with rf.FITS(path) as fits, ThreadPoolExecutor(24) as pool:
        fits[1].set_tile_cache_size(0)
        right = list(pool.map(lambda i: np.array_equal(fits[1][i : i + 20], image[i : i + 20]), starts))
        assert 0 < kept(handles[-1]) <= LIMIT
    assert all(right)


def test_encoding_keeps_scratch_from_batch_to_batch():
    coding = TileCoding(shape=(64_000,), tile_shape=(8000,), bitpix=64, coder=Coder("GZIP_2", 64))
    codec, pixels = TileCodec(coding), np.arange(64_000) % 100
    sizes, coded = [], []
    for first in range(0, 8, 2):
        tiles = codec.encode(pixels, np.arange(first, first + 2))
        coded.append(tiles.data.tobytes())
        sizes.append(lib.rf_workspace_nbytes(codec._workspace))
    assert sizes[0] >= 8 * 8000 and sizes == [sizes[0]] * 4
    assert b"".join(coded) == TileCodec(coding).encode(pixels, np.arange(8)).data.tobytes()
