"""An interrupt (Ctrl-C) at any moment of a change: all or nothing, and a handle that works or says that it cannot.

Each test makes one change repeatedly in a new copy of a file, and is interrupted somewhere between its begin and its
end. Small changes are mostly steps of Python, and an interrupt may come between any two. Some exceptions are kept for a
while, as by a console, so that nothing may depend on when they are released.
"""

import contextlib
import gc
import os
import sys
import time

import numpy as np
import pytest

import rustfits_cffi as rf
from rustfits_cffi import threads

NTIMES = 400
PIXELS = np.arange(600, dtype="i4").reshape(20, 30)
CARDS = {f"KEY{i}": i for i in range(40)}  # more than fit the header
CONFIGS = {
    "plain": {},
    "rice": {"compress": rf.Rice1(tile_shape=(10, 30))},
    "quantized": {"compress": rf.Gzip2(), "quantize": rf.Quantize(level=4)},
}


@pytest.fixture
def interrupted(tmp_path, rng, interrupt_after):
    """Makes a change many times, each time interrupted; yields the open file and the result of the change."""
    path, held = tmp_path / "a.fits", []
    with rf.FITS(path, "w+") as fits:
        fits.write_image(PIXELS, extname="plain")
        fits.write_image(PIXELS + 1, extname="packed", compress=rf.Rice1())
        fits.write_image(PIXELS + 2, extname="last")
    before = path.read_bytes()

    def once(change, delay=None):
        """The open file, and None if the change was interrupted."""
        path.write_bytes(before)
        fits = rf.FITS(path, "r+")
        begin = time.perf_counter()
        try:
            with interrupt_after(delay) if delay else contextlib.nullcontext():
                done = change(fits)
        except KeyboardInterrupt as error:
            done = None
            if rng.random() < 0.5:
                held.append(error)
        once.seconds = time.perf_counter() - begin
        return fits, done

    def times(change):
        durations = []
        for _ in range(9):
            once(change)[0].close()
            durations.append(once.seconds)
        descriptors, ninterrupts = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0, 0
        for delay in rng.uniform(0, 1.2 * np.median(durations), NTIMES):
            fits, done = once(change, delay)
            ninterrupts += done is None
            yield fits, done
            fits.close()
            after = path.read_bytes()
            held.clear()
            gc.collect(0)
            assert path.read_bytes() == after, "releasing an exception changed the file"
            assert os.listdir(tmp_path) == ["a.fits"], "a temporary file was left"
            assert not threads._loans
        assert ninterrupts > NTIMES / 10
        gc.collect()
        assert sys.platform != "linux" or len(os.listdir("/proc/self/fd")) == descriptors

    times.path = path
    return times


def others_are_as_before(fits):
    return np.array_equal(fits["plain"].read(), PIXELS) and np.array_equal(fits["last"].read(), PIXELS + 2)


@pytest.mark.parametrize("config", CONFIGS)
def test_interrupted_adding_of_an_image_is_all_or_nothing(interrupted, config):
    new = (PIXELS * 3).astype("f4" if config == "quantized" else "i4")
    for fits, _ in interrupted(lambda fits: fits.write_image(new, **CONFIGS[config])):
        nhdus = len(fits)
        assert nhdus in (3, 4) and others_are_as_before(fits)
        fits.write_image(PIXELS + 4)  # the handle stays usable
        assert len(fits) == nhdus + 1 and np.array_equal(fits[-1].read(), PIXELS + 4)
        fits.close()
        with rf.FITS(interrupted.path) as again:
            assert len(again) == nhdus + 1 and others_are_as_before(again)
            assert nhdus == 3 or np.allclose(again[3].read(), new, atol=2)
            assert np.array_equal(again[-1].read(), PIXELS + 4)


def test_interrupted_rewriting_of_a_compressed_image_is_all_or_nothing(interrupted):
    new = PIXELS * 5

    def write(fits):
        fits["packed"].write(new)
        return True

    for fits, done in interrupted(write):
        pixels = fits["packed"].read()
        assert others_are_as_before(fits) and any(np.array_equal(pixels, wanted) for wanted in (PIXELS + 1, new))
        assert not done or np.array_equal(pixels, new)
        fits.write_image(PIXELS + 4)  # the handle stays usable
        fits.close()
        with rf.FITS(interrupted.path) as again:
            assert len(again) == 4 and others_are_as_before(again) and np.array_equal(again[3].read(), PIXELS + 4)
            assert np.array_equal(again["packed"].read(), pixels)


def test_interrupted_writing_of_a_section_keeps_all_other_pixels(interrupted):
    def write(fits):
        fits["plain"][3:17:2, 4:20] = -1
        return True

    new = PIXELS.copy()
    new[3:17:2, 4:20] = -1
    for fits, _ in interrupted(write):
        assert any(np.array_equal(fits["plain"].read(), pixels) for pixels in (PIXELS, new))
        fits.close()
        with rf.FITS(interrupted.path) as again:
            pixels = again["plain"].read()
            assert ((pixels == PIXELS) | (pixels == new)).all()
            assert np.array_equal(again["packed"].read(), PIXELS + 1) and np.array_equal(again[2].read(), PIXELS + 2)


@pytest.mark.parametrize("cards", [{"KEY": 1}, CARDS], ids=["that fits", "that grows"])
def test_interrupted_change_of_a_header_is_all_or_nothing(interrupted, cards):
    def change(fits):
        fits["plain"].header.update(cards)
        return True

    for fits, _ in interrupted(change):
        values = [fits["plain"].header.get(key) for key in cards]
        assert values in ([None] * len(cards), [*cards.values()]) and others_are_as_before(fits)
        fits.write_image(PIXELS + 4)  # the handle stays usable
        fits.close()
        with rf.FITS(interrupted.path) as again:
            assert [again["plain"].header.get(key) for key in cards] in ([None] * len(cards), [*cards.values()])
            assert others_are_as_before(again) and np.array_equal(again["packed"].read(), PIXELS + 1)


MANAGING = {
    "deleting": lambda fits: fits.__delitem__("packed"),
    "deleting the first": lambda fits: fits.__delitem__("plain"),
    "moving": lambda fits: fits.move_hdu("packed", 2),
    "copying": lambda fits: fits.copy_hdu(fits["packed"]),
}


@pytest.mark.parametrize("action", MANAGING)
def test_interrupted_deleting_moving_and_copying_is_all_or_nothing(interrupted, action):
    """Objects from before the change follow their HDUs, whether it was made or not."""
    expected = {"plain": PIXELS, "packed": PIXELS + 1, "last": PIXELS + 2}

    def change_with_objects(fits):
        objects.clear()
        objects.update({name: fits[name] for name in expected})
        MANAGING[action](fits)
        return True

    objects, outcomes = {}, set()
    names = ["plain", "packed", "last"]
    after = {
        "deleting": ["plain", "last"],
        "deleting the first": [None, "packed", "last"],
        "moving": ["plain", "last", "packed"],
        "copying": [*names, "packed"],
    }[action]
    for fits, done in interrupted(change_with_objects):
        now = [hdu.extname for hdu in fits]
        assert now in (names, after) and (not done or now == after)
        outcomes.add(now == after)
        for name, hdu in objects.items():
            if hdu._directory is not fits._directory:
                continue  # interrupted before it was looked up
            if name in now:
                assert hdu.index == now.index(name) and hdu.header["EXTNAME"] == name
                assert np.array_equal(hdu.read(), expected[name]) and fits[name] is hdu
            else:
                with pytest.raises(OSError, match="deleted"):
                    hdu.read()
        fits.write_image(PIXELS + 4)  # the handle stays usable
        fits.close()
        with rf.FITS(interrupted.path) as again:
            assert [hdu.extname for hdu in again] == [*now, None]
    assert outcomes == {True, False}


def test_interrupted_atomic_block_is_all_or_nothing(interrupted):
    def change(fits):
        with fits.atomic():
            fits["plain"].header["A"] = 1
            fits["packed"].write(PIXELS * 5)
            del fits["last"]
        return True

    for fits, done in interrupted(change):
        is_new = len(fits) == 2
        assert is_new or not done
        assert np.array_equal(fits["packed"].read(), PIXELS * 5 if is_new else PIXELS + 1)
        assert fits["plain"].header.get("A") == (1 if is_new else None)
        fits.write_image(PIXELS + 4)  # the handle stays usable
        fits.close()
        with rf.FITS(interrupted.path) as again:
            assert len(again) == (3 if is_new else 4) and np.array_equal(again[-1].read(), PIXELS + 4)
            assert np.array_equal(again["packed"].read(), PIXELS * 5 if is_new else PIXELS + 1)
