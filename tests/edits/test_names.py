"""The name of a file: it leads elsewhere, is one of several or a link, in a folder that may not be written."""

import os
import stat
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import rustfits_cffi as rf
from tests.edits.changes import CHANGES, PIXELS, contents, opened

PACKAGE = Path(rf.__file__).parent.parent
ON_ITS_FILE = [name for name, (file, _) in CHANGES.items() if file != "empty"]
SHIFTING = ["longer header, HDU 0", "compressed image rewritten", "deleted, HDU 0", "deleted, HDU 2"]
REWRITING = [*SHIFTING, "moved back", "atomic"]
CUT = ["longer header before a cut block", "last deleted with a cut block", "longer last header before a cut block"]
IN_PLACE = [*SHIFTING, *CUT, "longer header before trailing bytes"]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.fits"


@pytest.mark.parametrize("how", ["moved", "replaced", "deleted"])
@pytest.mark.parametrize("name", ON_ITS_FILE)
def test_a_name_that_leads_elsewhere_is_refused(path, name, how):
    before, _ = contents(name)
    path.write_bytes(before)
    moved = path.with_name("moved.fits")
    with opened(path) as fits:
        if how == "deleted":
            path.unlink()
        else:
            path.rename(moved)
        if how == "replaced":
            path.write_bytes(b"another file")
        with pytest.raises(OSError, match="reopen"):
            CHANGES[name][1](fits)
        assert fits[0].header["BITPIX"] == 16 or name.startswith(("last compressed", "first of", "many"))
        fits[-1].read()  # the open file can still be read
    assert not moved.exists() or moved.read_bytes() == before
    assert path.exists() == (how == "replaced") and (how != "replaced" or path.read_bytes() == b"another file")


@pytest.mark.parametrize("name", ["longer header, HDU 0", "atomic"])
def test_a_name_that_leads_elsewhere_in_the_end_is_refused(path, name, monkeypatch):
    """Another program replaces the file while the new one is being written."""
    before, _ = contents(name)
    path.write_bytes(before)
    copy = rf.storage.descriptor.DescriptorStorage.copy_to

    def slowly(storage, *arguments):
        copy(storage, *arguments)
        path.with_name("b.fits").write_bytes(b"another file")
        path.with_name("b.fits").rename(path)

    with opened(path) as fits:
        monkeypatch.setattr(rf.storage.descriptor.DescriptorStorage, "copy_to", slowly)
        with pytest.raises(OSError, match="reopen"):
            CHANGES[name][1](fits)
        monkeypatch.undo()
        assert fits[0].header["EXTNAME"] == "first" and "NEW1" not in fits[0].header
    assert path.read_bytes() == b"another file" and os.listdir(path.parent) == ["a.fits"]


@pytest.mark.parametrize("name", IN_PLACE)
def test_all_names_of_a_file_see_the_change(path, name):
    before, after = contents(name)
    path.write_bytes(before)
    other = path.with_name("b.fits")
    os.link(path, other)
    with opened(path) as fits:
        with pytest.warns(UserWarning, match="moved in place"):
            CHANGES[name][1](fits)
        fits.write_image(PIXELS)
    assert other.read_bytes() == path.read_bytes() and other.read_bytes()[: len(after)] == after
    assert path.stat().st_nlink == 2 and sorted(os.listdir(path.parent)) == ["a.fits", "b.fits"]


@pytest.mark.parametrize("name", ["moved back", "atomic"])
def test_what_needs_another_file_is_refused_where_there_can_be_none(path, name):
    before, _ = contents(name)
    path.write_bytes(before)
    os.link(path, path.with_name("b.fits"))
    with opened(path) as fits:
        with pytest.raises(OSError, match="no file can be made beside it"):
            CHANGES[name][1](fits)
        assert path.read_bytes() == before
        fits.write_image(PIXELS)


@pytest.mark.parametrize("name", REWRITING)
def test_a_link_stays_a_link_and_the_mode_stays(path, name):
    before, after = contents(name)
    folder = path.parent / "elsewhere"
    folder.mkdir()
    target = folder / "target.fits"
    target.write_bytes(before)
    target.chmod(0o640)
    path.symlink_to(target)
    with opened(path) as fits:
        CHANGES[name][1](fits)
    assert path.is_symlink() and target.read_bytes() == after
    assert stat.S_IMODE(target.stat().st_mode) == 0o640 and os.listdir(folder) == ["target.fits"]


def test_a_change_of_the_current_folder_does_not_matter(tmp_path, monkeypatch):
    before, after = contents("deleted, HDU 1")
    (tmp_path / "a.fits").write_bytes(before)
    monkeypatch.chdir(tmp_path)
    with rf.FITS("a.fits", "r+") as fits:
        monkeypatch.chdir("/")
        del fits[1]
    assert (tmp_path / "a.fits").read_bytes() == after


@pytest.mark.parametrize("name", [f"{'x' * 250}.fits", f"{'ä' * 120}.fits"], ids=["ascii", "utf-8"])
def test_long_names(tmp_path, name):
    before, _ = contents("deleted, HDU 1")
    path = tmp_path / name
    path.write_bytes(before)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with opened(path) as fits:
            del fits[1]
            with fits.atomic():
                fits[0].header.update({f"A{i}": i for i in range(40)})
    with rf.FITS(path) as fits:
        assert len(fits) == 2 and fits[0].header["A39"] == 39
    assert os.listdir(tmp_path) == [name]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("name", ["longer header, HDU 0", "deleted, HDU 1", "moved back", "atomic"])
def test_a_folder_that_may_not_be_written(tmp_path, name):
    """In a child that gives up being root; the folders above belong to root only."""
    before, after = contents(name)
    folder = Path("/tmp") / f"folder-{os.getpid()}"
    folder.mkdir(mode=0o755)
    path = folder / "a.fits"
    path.write_bytes(before)
    os.chown(path, 12345, 12345)
    try:
        child = os.fork()
        if child == 0:
            code = 9
            try:
                os.setgid(12345)
                os.setuid(12345)
                with warnings.catch_warnings(record=True) as caught:
                    warnings.simplefilter("always")
                    with opened(path) as fits:
                        try:
                            CHANGES[name][1](fits)
                            code = 0 if len(caught) == 1 else 8
                        except OSError as error:
                            code = 1 if "beside it" in str(error) else 7
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        assert code == (1 if name in ("moved back", "atomic") else 0)
        assert path.read_bytes() == (before if code else after) and os.listdir(folder) == ["a.fits"]
        assert path.stat().st_uid == 12345
    finally:
        path.unlink()
        folder.rmdir()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can change an owner")
def test_the_owner_stays(path):
    before, after = contents("deleted, HDU 1")
    path.write_bytes(before)
    os.chown(path, 12345, 54321)
    path.chmod(0o4751)
    with opened(path) as fits:
        del fits[1]
    status = path.stat()
    assert path.read_bytes() == after
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (12345, 54321, 0o4751)


READER = """
import sys
import rustfits_cffi as rf
with rf.FITS(sys.argv[1]) as fits:
    print(len(fits), flush=True)
    sys.stdin.readline()
    print([int(hdu.read().sum()) for hdu in fits], fits[0].header.get("NEW1"))
"""


@pytest.mark.parametrize("name", REWRITING)
def test_another_process_keeps_reading_the_old_content(path, name):
    before, _ = contents(name)
    path.write_bytes(before)
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": str(PACKAGE)},
    )  # fmt: skip
    try:
        assert reader.stdout.readline() == "3\n"
        with opened(path) as fits:
            CHANGES[name][1](fits)
        output, _ = reader.communicate("go\n", timeout=30)
    finally:
        reader.kill()
    sums = [int(image.sum()) for image in (PIXELS, PIXELS * 3, PIXELS + 7)]
    assert output == f"{sums} None\n" and reader.returncode == 0


def test_two_handles_one_of_which_replaced_the_file(path):
    """The other one cannot change what nobody can reach any more."""
    path.write_bytes(contents("atomic")[0])
    with opened(path) as first, opened(path) as second:
        del first[1]
        assert np.array_equal(second[1].read(), PIXELS * 3)
        with pytest.raises(OSError, match="reopen"):
            second[0].header["A"] = 1
        first[0].header["A"] = 2
    assert rf.read_header(path)["A"] == 2
