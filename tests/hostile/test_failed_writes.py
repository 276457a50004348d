"""Writes that fail leave the file as it was, and it opens.

Reasons: a pixel that the codec cannot store in the last tile, a full disk, a file without write permission, Ctrl-C.
tests/edits injects errors of the system at each step of each change.
"""

import os
import resource
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

import rustfits_cffi as rf

PACKAGE = Path(rf.__file__).parent.parent
PIXELS = np.arange(5000, dtype="i4").reshape(50, 100)
CONFIGS = {"plain": None, "rice": rf.Rice1(), "gzip": rf.Gzip2(tile_shape=(20, 20)), "hcompress": rf.Hcompress1()}


@pytest.fixture
def path(tmp_path):
    """A plain and a compressed image."""
    path = tmp_path / "a.fits"
    with rf.FITS(path, "w+") as fits:
        fits.write_image(PIXELS, extname="plain")
        fits.write_image(PIXELS + 1, extname="packed", compress=rf.Plio1())
    return path


def assert_untouched(path, before):
    assert path.read_bytes() == before
    with rf.FITS(path) as fits:
        assert len(fits) == 2
        assert np.array_equal(fits["plain"].read(), PIXELS) and np.array_equal(fits["packed"].read(), PIXELS + 1)


def test_pixel_in_the_last_tile_that_cannot_be_stored(path):
    before = path.read_bytes()
    bad = PIXELS.copy()
    bad[-1, -1] = -1
    with rf.FITS(path, "r+") as fits:
        for action in (
            lambda: fits.write_image(bad, compress=rf.Plio1()),
            lambda: fits["packed"].write(bad),
            lambda: fits["packed"].__setitem__(..., bad),
        ):
            with pytest.raises(ValueError, match="negative"):
                action()
            assert_untouched(path, before)
        assert fits.write_image(PIXELS, compress=rf.Plio1()).index == 2  # and the handle stays usable
    with rf.FITS(path) as fits:
        assert np.array_equal(fits[2].read(), PIXELS)


def test_new_file_of_a_failed_write_has_no_hdu(tmp_path):
    path = tmp_path / "new.fits"
    with rf.FITS(path, "w+") as fits:
        for data in (-PIXELS, PIXELS + (1 << 24)):
            with pytest.raises(ValueError):
                fits.write_image(data, compress=rf.Plio1())
            assert len(fits) == 0 and path.stat().st_size == 0
        fits.write_image(PIXELS, compress=rf.Plio1())
    assert np.array_equal(rf.read(path), PIXELS)


@pytest.mark.parametrize("config", CONFIGS)
def test_full_disk_leaves_the_file_as_it_was(path, config):
    """A limit on the size of files acts like a full disk: the write fails, and the file is unchanged."""
    before = path.read_bytes()
    code = f"""
        import resource, signal, sys
        import numpy as np
        import rustfits_cffi as rf
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, ({len(before) + 100_000},) * 2)
        pixels = np.random.default_rng(1).integers(-(2**30), 2**30, (400, 500), dtype="i4")
        fits = rf.FITS(sys.argv[1], "r+")
        try:
            fits.write_image(pixels, compress={CONFIGS[config] and f"rf.{CONFIGS[config]!r}"})
        except OSError as error:
            print("failed:", error)
        print(len(fits), fits["plain"][0, 1], fits["packed"][0, 1])
        fits.write_image(pixels[:2, :3])
        print("later:", len(fits))
        fits.close()
    """
    child = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), path],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"PYTHONPATH": str(PACKAGE)},
    )
    assert child.returncode == 0, child.stderr
    lines = child.stdout.splitlines()
    assert lines[0].startswith("failed:") and "a.fits" in lines[0]
    assert lines[1] == "2 1 2" and lines[2] == "later: 3"
    assert path.read_bytes()[: len(before)] == before
    with rf.FITS(path) as fits:
        assert len(fits) == 3 and np.array_equal(fits["plain"].read(), PIXELS) and fits[2].shape == (2, 3)


def test_full_disk_while_rewriting_leaves_the_file_as_it_was(path):
    before = path.read_bytes()
    code = """
        import resource, signal, sys
        import numpy as np
        import rustfits_cffi as rf
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        pixels = np.random.default_rng(1).integers(0, 2**23, (50, 100), dtype="i4")
        with rf.FITS(sys.argv[1], "r+") as fits:
            size = fits._handle.size()
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
            try:
                fits["packed"].write(pixels)
            except OSError as error:
                print(error)
            print(fits["packed"][0, 1], fits["plain"][0, 1])
            fits["packed"].write(np.full((50, 100), 7, "i4"))
            print(fits["packed"][0, 1], fits["plain"][0, 1])
    """
    child = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), path],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"PYTHONPATH": str(PACKAGE)},
    )
    assert child.returncode == 0, child.stderr
    failure, afterwards, later = child.stdout.splitlines()
    assert "a.fits" in failure and afterwards == "2 1" and later == "7 1"
    assert path.read_bytes() != before and os.listdir(path.parent) == ["a.fits"]
    with rf.FITS(path) as fits:
        assert np.array_equal(fits["plain"].read(), PIXELS) and (fits["packed"].read() == 7).all()


def test_file_without_write_permission(path):
    if os.geteuid() == 0:
        pytest.skip("root may write everything")
    before = path.read_bytes()
    path.chmod(0o444)
    for mode in ("r+", "w+"):
        with pytest.raises(PermissionError):
            rf.FITS(path, mode)
    assert_untouched(path, before)


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("delay", [0.002, 0.01, 0.03, 0.1])
def test_interrupt_while_writing_leaves_a_file_that_opens(path, config, delay, interrupt_after):
    before = path.read_bytes()
    pixels = np.random.default_rng(1).integers(0, 2**20, (1500, 1500), dtype="i4")
    with rf.FITS(path, "r+") as fits:
        try:
            with interrupt_after(delay):
                fits.write_image(pixels, compress=CONFIGS[config])
            interrupted = False
        except KeyboardInterrupt:
            interrupted = True
        if interrupted and path.stat().st_size == len(before):
            assert_untouched(path, before)
            assert len(fits) == 2
            assert fits.write_image(PIXELS, compress=CONFIGS[config]).index == 2
    with rf.FITS(path) as fits:  # the interrupt may have come after everything was written
        assert len(fits) == 3 and np.array_equal(fits["packed"].read(), PIXELS + 1)
        assert np.array_equal(fits[2].read(), PIXELS if fits[2].shape == PIXELS.shape else pixels)


@pytest.mark.parametrize("config", ["plain", "rice"])
def test_an_interrupt_at_any_moment_adds_the_whole_image_or_none(path, config, rng, two_threads, interrupt_after):
    """The image is large enough for a second thread."""
    before, ends = path.read_bytes(), set()
    pixels = rng.integers(0, 2**20, (3000, 1000), dtype="i4")
    for delay in rng.uniform(0, 0.02, 100):
        with rf.FITS(path, "r+") as fits:
            try:
                with interrupt_after(delay):
                    fits.write_image(pixels, compress=CONFIGS[config])
            except KeyboardInterrupt:
                pass
        ends.add(path.stat().st_size == len(before))
        if path.stat().st_size == len(before):
            assert path.read_bytes() == before
        else:  # after everything was written
            assert path.read_bytes()[: len(before)] == before and np.array_equal(rf.read(path, ext=2), pixels)
            os.truncate(path, len(before))
    assert True in ends
    assert_untouched(path, before)


@pytest.mark.parametrize(
    "step, change",
    [
        ("rustfits_cffi.hdu.tiles.encoder.TileWriter.finish", lambda fits: fits.write_image(PIXELS, compress="RICE_1")),
        ("rustfits_cffi.hdu.images.create.write_run", lambda fits: fits.write_image(PIXELS)),
        ("rustfits_cffi.hdu.tiles.encoder.TileWriter.finish", lambda fits: fits["packed"].write(PIXELS)),
        ("rustfits_cffi.storage.handle.FileHandle.settle", lambda fits: fits["packed"].header.update({"A": 1})),
    ],
    ids=["tiles", "pixels", "rewriting", "header"],
)
def test_interrupt_between_steps_leaves_the_file_as_it_was_and_the_handle_goes_on(path, monkeypatch, step, change):
    before = path.read_bytes()

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    with rf.FITS(path, "r+") as fits:
        with monkeypatch.context() as patch:
            patch.setattr(step, interrupt)
            with pytest.raises(KeyboardInterrupt):
                change(fits)
        assert_untouched(path, before)
        assert np.array_equal(fits["packed"].read(), PIXELS + 1)
        change(fits)
        assert np.array_equal(fits["plain"].read(), PIXELS)
    with rf.FITS(path) as fits:
        assert np.array_equal(fits["plain"].read(), PIXELS)


def test_limits_do_not_leak_into_this_process():
    """The limits above are set only in other processes."""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
