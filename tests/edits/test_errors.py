"""Errors of the system at each step of each change: the file is as it was, and the handle goes on.

A step that fails has done half of its work. Where a file is full, what lies behind a change may be moved in place: then
the change succeeds, with a warning. Only where putting the old bytes back fails, too, the handle refuses all further
work.
"""

import errno
import os
import warnings

import numpy as np
import pytest

import rustfits_cffi as rf
from rustfits_cffi.errors import TaintedError
from tests.edits.changes import CHANGES, PIXELS, contents, opened
from tests.edits.reading import complaint
from tests.edits.recorder import Recorder

ERRORS = {"full": errno.ENOSPC, "broken": errno.EIO}


def nsteps(path, name):
    """How many steps a change takes."""
    path.write_bytes(contents(name)[0])
    with Recorder() as recorder, opened(path) as fits:
        CHANGES[name][1](fits)
    return len(recorder.steps)


def try_to_change(fits, name, number, fails):
    """The error of a change of which some steps fail, None if it succeeds; and whether it was made in place."""
    with Recorder(number, fails), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            CHANGES[name][1](fits)
        except OSError as error:
            return error, bool(caught)
    return None, bool(caught)


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("name", CHANGES)
def test_a_step_that_fails_leaves_the_file_as_it_was_and_the_handle_goes_on(tmp_path, name, error):
    before, after = contents(name)
    path = tmp_path / "a.fits"
    for step in range(nsteps(path, name)):
        path.write_bytes(before)
        with opened(path) as fits:
            count = len(fits)
            found, in_place = try_to_change(fits, name, ERRORS[error], lambda n, step=step: n == step)
            content = path.read_bytes()
            if found is None:
                assert error == "full" and in_place and content == after, step
            else:
                assert found.errno == ERRORS[error] and not isinstance(found, TaintedError), step
                if name.startswith("cop") and len(fits) > count:  # the second copy failed
                    assert content == after[: len(content)]
                else:
                    assert content == before, step
            assert os.listdir(tmp_path) == ["a.fits"]
            number = len(fits)
            fits.write_image(PIXELS - 5)
            assert np.array_equal(fits[number].read(), PIXELS - 5)
        assert complaint(path, path.read_bytes(), path.read_bytes(), others=False) is None


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("name", CHANGES)
def test_all_steps_from_one_on_fail(tmp_path, name, error):
    """Then putting back fails as well, unless there is nothing to put back; what was moved in place may be damaged."""
    before, after = contents(name)
    path = tmp_path / "a.fits"
    for step in range(nsteps(path, name)):
        path.write_bytes(before)
        with opened(path) as fits:
            found, in_place = try_to_change(fits, name, ERRORS[error], lambda n, step=step: n >= step)
            assert found is not None and found.errno == ERRORS[error], step
            content = path.read_bytes()
            try:
                fits.write_image(PIXELS)
            except TaintedError:
                assert path.read_bytes() == content  # and it has not touched the file
                with pytest.raises((TaintedError, IndexError)):
                    fits[0].header["BITPIX"]
            else:
                assert content == before or (name.startswith("cop") and content == after[: len(content)]), step
        path.write_bytes(content)
        assert os.listdir(tmp_path) == ["a.fits"]
        if before and not in_place:
            assert complaint(path, before, after, others=False) is None, step


@pytest.mark.parametrize("error", ERRORS)
def test_what_was_begun_in_place_and_fails_taints_the_handle(tmp_path, error):
    """A file with two names is changed in place. A failure before anything was moved is taken back."""
    name = "longer header, HDU 0"
    before, after = contents(name)
    path, other = tmp_path / "a.fits", tmp_path / "b.fits"
    outcomes, step = [], 0
    while not outcomes or outcomes[-1] != "done":
        path.write_bytes(before)
        other.unlink(missing_ok=True)
        os.link(path, other)
        with opened(path) as fits:
            found, _ = try_to_change(fits, name, ERRORS[error], lambda n, step=step: n == step)
            assert found is None or found.errno == ERRORS[error]
            content = path.read_bytes()
            try:
                fits[0].header["A"] = 1
            except TaintedError:
                outcomes.append("tainted")
            else:
                assert content == (after if found is None else before)
                outcomes.append("done" if found is None else "as it was")
        assert other.read_bytes() == path.read_bytes()
        step += 1
    assert outcomes[0] == "as it was" and "tainted" in outcomes
    assert outcomes == sorted(outcomes, key=["as it was", "tainted", "done"].index)


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("name", ["longer header, HDU 0", "deleted, HDU 1", "moved back", "atomic"])
def test_a_python_file_object_gets_its_old_content_back(tmp_path, name, error):
    """A new content is written over the old one there."""
    before, after = contents(name)
    path, nfailed = tmp_path / "a.fits", 0
    while True:
        path.write_bytes(before)
        with open(path, "r+b") as file, rf.FITS(file, "r+") as fits:
            found, in_place = try_to_change(fits, name, ERRORS[error], lambda n, step=nfailed: n == step)
            if found is None:
                assert path.read_bytes() == after
                if not in_place:
                    break
            else:
                assert found.errno == ERRORS[error] and path.read_bytes() == before, nfailed
            fits.write_image(PIXELS - 5)
            assert np.array_equal(fits[-1].read(), PIXELS - 5)
        nfailed += 1
    assert nfailed > 3
    for step in range(nfailed):  # all steps from one on: what cannot be put back taints the handle
        path.write_bytes(before)
        with open(path, "r+b") as file, rf.FITS(file, "r+") as fits:
            found, _ = try_to_change(fits, name, ERRORS[error], lambda n, step=step: n >= step)
            content = path.read_bytes()
            assert found is not None
            try:
                fits.write_image(PIXELS)
            except TaintedError:
                assert path.read_bytes() == content
            else:
                assert content == before, step


def test_the_replaced_file_is_used_even_if_its_folder_cannot_be_put_on_the_disk(tmp_path, monkeypatch):
    """The name leads to the new file by then, so that it is the one that the handle must use."""
    name = "deleted, HDU 1"
    before, after = contents(name)
    path = tmp_path / "a.fits"
    path.write_bytes(before)

    def fail(folder):
        raise OSError(errno.ENOSPC, "no")

    with opened(path, durable=True) as fits:
        last = fits["last"]
        with monkeypatch.context() as context:
            context.setattr("rustfits_cffi.storage.descriptor._sync_folder", fail)
            with pytest.raises(OSError, match="no"):
                CHANGES[name][1](fits)
        assert path.read_bytes() == after and last.index == 1 and len(fits) == 2
        fits.write_image(PIXELS)
    with rf.FITS(path) as fits:
        assert len(fits) == 3 and np.array_equal(fits[2].read(), PIXELS)


def test_an_error_after_the_switch_does_not_mix_old_and_new(tmp_path, monkeypatch):
    """Reading the headers again fails once, after the file was replaced."""
    before, after = contents("deleted, HDU 1")
    path = tmp_path / "a.fits"
    path.write_bytes(before)
    with opened(path) as fits:
        first, packed, last = fits.hdus
        calls, scan = [], rf.directory.Directory.scan

        def fail_once(directory):
            calls.append(1)
            if len(calls) == 1:
                raise OSError(errno.EIO, "no")
            scan(directory)

        with monkeypatch.context() as context:
            context.setattr(rf.directory.Directory, "scan", fail_once)
            with pytest.raises(OSError, match="no"):
                del fits[1]
        assert path.read_bytes() == after and fits.hdus[0] is first and fits.hdus[1] is last and last.index == 1
        with pytest.raises(OSError, match="deleted"):
            packed.read()
        assert np.array_equal(last.read(), PIXELS + 7)


def test_the_end_of_an_atomic_block_that_fails_drops_all_its_changes(tmp_path, monkeypatch):
    before, _ = contents("atomic")
    path = tmp_path / "a.fits"
    path.write_bytes(before)
    with opened(path) as fits:
        hdus = fits.hdus
        packed = hdus[1].read()
        with Recorder(errno.EIO, lambda n: recorder.steps[-1].kind == "put_in_place") as recorder:  # noqa: SIM117
            with pytest.raises(OSError, match=os.strerror(errno.EIO)), fits.atomic():
                hdus[1].write(packed + 1)
                assert np.array_equal(hdus[1].read(), packed + 1)
                del fits[0]
        assert path.read_bytes() == before and os.listdir(tmp_path) == ["a.fits"]
        assert fits.hdus == hdus and np.array_equal(fits[1].read(), packed)
        with fits.atomic():
            fits[1].write(packed + 2)
        assert np.array_equal(rf.read(path, 1), packed + 2)
