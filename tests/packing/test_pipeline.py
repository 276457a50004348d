"""`pack` reads, encodes and writes batches at the same time, and leaves no file if one of these fails."""

import _thread
import threading
from functools import partial

import numpy as np
import pytest

from rustfits_cffi import FITS
from rustfits_cffi.errors import FITSError
from rustfits_cffi.native.cfitsio.tile_writer import TileWriter
from rustfits_cffi.packing import PackOptions, pack, pixels
from rustfits_cffi.packing.encoding import ImageEncoder
from tests.conftest import holds_soon
from tests.packing.conftest import noise

NBATCHES = 10
OPTIONS = PackOptions(seed=1, checksums=False)


@pytest.fixture
def source(tmp_path, monkeypatch):
    """An image that is packed in ten batches of four rows."""
    whole = tmp_path / "whole.fz"
    with FITS(tmp_path / "a.fits", "w+") as fits:
        fits.write_image(noise((4 * NBATCHES, 50), "f4"))
    pack(tmp_path / "a.fits", whole, OPTIONS)
    monkeypatch.setattr(pixels, "tile_batches", partial(pixels.tile_batches, limit=4 * 50 * 4))
    return tmp_path / "a.fits"


@pytest.fixture
def called(monkeypatch):
    """Numbers of batches begun in each stage; the hooks are called with the name of a stage whenever one begins."""
    counts, hooks = {"read": 0, "code": 0, "write": 0}, []

    def count(owner, name, word):
        real = getattr(owner, name)

        def call(*arguments):
            counts[word] += 1
            for hook in hooks:
                hook(word)
            return real(*arguments)

        monkeypatch.setattr(owner, name, call)

    count(pixels.ImagePixels, "read", "read")
    count(ImageEncoder, "encode", "code")
    count(TileWriter, "append", "write")
    return counts, hooks


def test_the_number_of_batches_changes_no_byte(source, called):
    pack(source, source.with_name("b.fz"), OPTIONS)
    assert called[0]["write"] == NBATCHES
    assert source.with_name("b.fz").read_bytes() == source.with_name("whole.fz").read_bytes()


def test_a_batch_is_written_while_the_next_is_coded_and_the_one_after_is_read(source, called):
    counts, hooks = called
    changed = threading.Condition()

    def wait(word):
        with changed:
            changed.notify_all()
            if word == "write" and counts["write"] == 3:
                assert changed.wait_for(lambda: counts["code"] > 3 and counts["read"] > 4, timeout=30)
            assert counts["code"] <= counts["write"] + 2 and counts["read"] <= counts["write"] + 4, "too far ahead"

    hooks.append(wait)
    pack(source, source.with_name("b.fz"), OPTIONS)
    assert counts["write"] == NBATCHES


@pytest.mark.parametrize("word", ["read", "code", "write"])
def test_an_error_in_any_stage_ends_all_of_them(source, called, word):
    counts, hooks = called

    def fail(begun):
        if begun == word and counts[word] == 4:
            raise FITSError("the disk is full")

    hooks.append(fail)
    nthreads = _thread._count()
    with pytest.raises(FITSError, match="the disk is full"):
        pack(source, source.with_name("b.fz"), OPTIONS)
    assert holds_soon(lambda: _thread._count() == nthreads) and not source.with_name("b.fz").exists()
    assert counts["write"] <= 4 and np.all([n <= 8 for n in counts.values()])


def test_an_interrupt_at_any_moment_leaves_all_or_nothing(source, rng, interrupt_after):
    whole = source.with_name("whole.fz").read_bytes()
    target, others, ends = source.with_name("b.fz"), sorted(source.parent.iterdir()), set()
    for delay in rng.uniform(0, 0.03, 150):
        try:
            with interrupt_after(delay):
                pack(source, target, OPTIONS)
        except KeyboardInterrupt:
            pass
        ends.add(target.exists())
        if target.exists():
            assert target.read_bytes() == whole
            target.unlink()
        assert sorted(source.parent.iterdir()) == others
    assert False in ends
    pack(source, target, OPTIONS)
    assert target.read_bytes() == whole
