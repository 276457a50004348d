"""A change that ends anywhere: each HDU is the old or the new one, for us, for cfitsio and for astropy.

Every change is recorded, and every beginning of what it does to the user's file is replayed onto the old bytes. Writes
longer than a page are cut after each page, where a program that is killed may leave them.
"""

import os
import sys

import pytest

import rustfits_cffi as rf
from tests.edits.changes import CHANGES, contents, opened
from tests.edits.reading import complaint
from tests.edits.recorder import Recorder


@pytest.mark.parametrize("name", CHANGES)
def test_every_beginning_of_a_change_leaves_old_or_new_hdus(tmp_path, name):
    before, after = contents(name)
    path, replayed = tmp_path / "a.fits", tmp_path / "b.fits"
    path.write_bytes(before)
    with Recorder() as recorder, opened(path) as fits:
        CHANGES[name][1](fits)
    states = list(recorder.states(before))
    assert states[-1] == path.read_bytes() == after != before
    for number, state in enumerate(dict.fromkeys(states)):
        replayed.write_bytes(state)
        problem = complaint(replayed, before, after)
        assert problem is None, f"after {number} steps: {problem}"


@pytest.mark.parametrize("name", CHANGES)
def test_durable_files_are_settled_before_each_switch(tmp_path, name):
    """What a switch makes reachable has been settled: nothing else is written between the two."""
    before, after = contents(name)
    path = tmp_path / "a.fits"
    path.write_bytes(before)
    with Recorder() as recorder, opened(path, durable=True) as fits:
        CHANGES[name][1](fits)
    assert path.read_bytes() == after
    content, is_settled, nswitches = bytearray(before), False, 0
    for step in recorder.steps:
        if step.kind == "settle" and step.is_visible:
            is_settled = True
        elif step.kind == "write" and step.is_visible:
            is_first = len(step.data) == 8  # of a new HDU
            is_switch = is_first or any(content[step.offset : step.offset + len(step.data)])
            if is_switch:
                assert is_settled, f"{step.kind} at {step.offset}"
                nswitches += 1
            else:
                is_settled = False
            content = content.ljust(step.offset, b"\0")
            content[step.offset : step.offset + len(step.data)] = step.data
        elif step.kind == "put_in_place" and step.is_visible:
            nswitches += 1  # it settles by itself, see below
            content = bytearray(step.data)
        elif step.kind == "truncate" and step.is_visible:
            content = content[: step.offset].ljust(step.offset, b"\0")
    assert nswitches


@pytest.mark.skipif(sys.platform != "linux", reason="names of descriptors are found in /proc")
def test_a_durable_file_is_replaced_by_one_that_is_on_the_disk_and_so_is_the_name(tmp_path, monkeypatch):
    before, after = contents("atomic")
    path, calls = tmp_path / "a.fits", []
    path.write_bytes(before)

    def recorded(name):
        function = getattr(os, name)

        def call(*arguments):
            calls.append((name, os.path.basename(os.readlink(f"/proc/self/fd/{arguments[0]}")) if len(arguments) == 1
                          else os.path.basename(arguments[1])))  # fmt: skip
            return function(*arguments)

        return call

    with opened(path, durable=True) as fits:
        for name in ("fsync", "replace"):
            monkeypatch.setattr(os, name, recorded(name))
        CHANGES["atomic"][1](fits)
        monkeypatch.undo()
    assert path.read_bytes() == after
    assert calls[-2:] == [("replace", "a.fits"), ("fsync", tmp_path.name)]
    assert calls[-3][0] == "fsync" and calls[-3][1].endswith(".tmp")


def test_durable_is_a_bool(tmp_path):
    with pytest.raises(TypeError, match="durable"):
        rf.FITS(tmp_path / "a.fits", "w+", durable=1)
