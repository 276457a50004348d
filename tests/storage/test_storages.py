"""The same work on every storage: a path, gzipped, in memory, file objects with and without a descriptor.

Each storage is given as two functions: one that opens it in a mode, one that gives its content as bytes.
"""

import gzip
import io
import os
import stat
import subprocess
import sys
import warnings

import numpy as np
import pytest

import rustfits_cffi as rf

PIXELS = np.arange(600, dtype="i4").reshape(20, 30)
SKY = np.random.default_rng(1).normal(50, 3, (40, 50)).astype("f4")


class Kept(io.BytesIO):
    """A file object without a descriptor."""


class Storages:
    """The storages, by name."""

    def __init__(self, folder):
        self.path, self.gz, self.bytes = folder / "a.fits", folder / "a.fits.gz", Kept()

    def open(self, kind, mode):
        if kind == "path":
            return rf.FITS(self.path, mode)
        if kind == "url":
            return rf.FITS(f"file://localhost{self.path}", mode)
        if kind == "gz":
            return rf.FITS(self.gz, mode)
        if kind == "object":
            return rf.FITS(self.bytes, mode)
        with open(self.path, {"w+": "w+b", "r+": "r+b", "r": "rb"}[mode]) as file:  # ours goes on without it
            return rf.FITS(file, mode)

    def content(self, kind):
        if kind == "gz":
            return gzip.decompress(self.gz.read_bytes())
        return self.bytes.getvalue() if kind == "object" else self.path.read_bytes()


KINDS = ["path", "url", "gz", "object", "open file"]


@pytest.fixture
def storages(tmp_path):
    return Storages(tmp_path)


def work(open_file):
    """Write, change, delete, copy, move, and read back."""
    with open_file("w+") as fits:
        fits.write_image(PIXELS, extname="A")
        fits.write_image(SKY, extname="B", compress=rf.Rice1(tile_shape=(9, 11)), quantize=rf.Quantize())
        fits.write_image(PIXELS + 1, extname="C", compress=rf.Gzip2())
        fits.create_image_hdu("f8", (3, 4), extname="D")
    with open_file("r+") as fits, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "no file can be made beside it|.*moved in place")
        fits["A"].header.update({f"KEY{n}": n for n in range(70)})
        fits["A"][3:5, ::4] = 7
        fits["C"].write(PIXELS + 2)
        fits["D"][...] = 0.5
        fits.copy_hdu(fits["B"])
        del fits[1]
        assert [hdu.extname for hdu in fits] == ["A", "C", "D", "B"]
    with open_file("r") as fits:
        expected = PIXELS.copy()
        expected[3:5, ::4] = 7
        assert np.array_equal(fits["A"].read(), expected) and fits["A"].header["KEY69"] == 69
        assert np.array_equal(fits["C"][::3, 2:7], (PIXELS + 2)[::3, 2:7]) and (fits["D"].read() == 0.5).all()
        assert np.abs(fits["B"].read() - SKY).max() < 1
        with pytest.raises(OSError, match=r"read-only|only be read"):
            fits["A"].header["X"] = 1
        return fits.to_bytes()


@pytest.mark.parametrize("kind", KINDS)
def test_every_storage_gets_the_same_bytes(storages, tmp_path, kind):
    content = work(lambda mode: storages.open(kind, mode))
    assert storages.content(kind) == content
    other = Storages(tmp_path / "..")
    assert work(lambda mode: rf.FITS(tmp_path / "plain.fits", mode)) == content
    del other
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".tmp")]


@pytest.mark.parametrize("name", ["mem://", "memkeep://"])
def test_a_file_in_memory_has_the_bytes_of_one_on_disk(tmp_path, name):
    with rf.FITS(name, "w+") as fits, rf.FITS(tmp_path / "a.fits", "w+") as other:
        assert fits.filename == name
        for file in (fits, other):
            file.write_image(PIXELS, compress=rf.Rice1())
            file.write_image(SKY)
            del file[1]
        assert fits.to_bytes() == other.to_bytes() == (tmp_path / "a.fits").read_bytes()
    with pytest.raises(OSError, match="empty"):
        rf.FITS(name)
    with pytest.raises(OSError, match="closed"):
        fits.to_bytes()


@pytest.fixture
def content(tmp_path):
    """The bytes of a file of two images."""
    with rf.FITS(tmp_path / "content.fits", "w+") as fits:
        fits.write_image(PIXELS)
        fits.write_image(SKY, compress=rf.Gzip2(tile_shape=(7, 8)))
    return (tmp_path / "content.fits").read_bytes()


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, lambda data: np.frombuffer(data, "u1")])
def test_from_bytes_reads_and_changes_a_copy(content, kind):
    data = kind(content)
    with rf.FITS.from_bytes(data) as fits:
        assert np.array_equal(fits[0].read(), PIXELS) and np.array_equal(fits[1][3:30:4, 5:9], SKY[3:30:4, 5:9])
        assert fits.filename == "mem://" and fits.to_bytes() == content
    with rf.FITS.from_bytes(data, "r+") as fits:
        fits[0].header["A"] = 1
        assert fits.to_bytes() != content
    assert bytes(data) == content


def test_from_bytes_refuses_what_is_not_a_file(content):
    for data in (b"", content[:2879]):
        with pytest.raises(ValueError, match="not a valid FITS"):
            rf.FITS.from_bytes(data)
    with pytest.raises(ValueError):
        rf.FITS.from_bytes(content, "w+")


# -- gzipped files ----------------------------------------------------------------------------------------------------


def test_gzip_is_known_by_its_content(tmp_path, content):
    for name in ("a.fits", "b.fits.gz"):
        (tmp_path / name).write_bytes(gzip.compress(content))
        with rf.FITS(tmp_path / name, "r+") as fits:
            fits[0][0, 0] = 99
        assert gzip.decompress((tmp_path / name).read_bytes())[2880:2884] == b"\0\0\0\x63"
    (tmp_path / "plain.fits.gz").write_bytes(content)
    with pytest.raises(OSError, match="not a gzipped file"):
        rf.FITS(tmp_path / "plain.fits.gz")


def test_several_members_and_zeros_behind_them(tmp_path, content):
    data = gzip.compress(content[:5000]) + gzip.compress(content[5000:]) + bytes(1000)
    (tmp_path / "a.gz").write_bytes(data)
    with rf.FITS(tmp_path / "a.gz") as fits:
        assert fits.to_bytes() == content


@pytest.mark.parametrize("damage", [
    lambda data: data[:-5], lambda data: data[:200], lambda data: data[:100] + b"xyz" + data[103:],
    lambda data: data + b"behind it",
])  # fmt: skip
def test_damaged_gzip_content_is_an_oserror_that_names_the_file(tmp_path, content, damage):
    (tmp_path / "a.fits.gz").write_bytes(damage(gzip.compress(content)))
    with pytest.raises(OSError, match=r"a\.fits\.gz: .*gzip"):
        rf.FITS(tmp_path / "a.fits.gz")


def test_an_untouched_gzipped_file_is_left_alone(tmp_path, content):
    path = tmp_path / "a.fits.gz"
    path.write_bytes(gzip.compress(content))
    before = os.stat(path)
    with rf.FITS(path, "r+") as fits:
        fits[1].read()
        fits.sync()
    after = os.stat(path)
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_writing_back_keeps_the_mode_and_follows_links(tmp_path, content):
    path, link = tmp_path / "a.fits.gz", tmp_path / "link.gz"
    path.write_bytes(gzip.compress(content))
    path.chmod(0o640)
    link.symlink_to(path)
    with rf.FITS(link, "r+") as fits:
        fits[0][...] = 1
        fits.sync()
        with rf.FITS(path) as other:
            assert (other[0].read() == 1).all()
        fits[0][...] = 2
    with rf.FITS(path) as other:
        assert (other[0].read() == 2).all()
    assert link.is_symlink() and stat.S_IMODE(path.stat().st_mode) == 0o640
    assert sorted(os.listdir(tmp_path)) == ["a.fits.gz", "content.fits", "link.gz"]


def test_an_unclosed_gzipped_file_is_written_back_with_a_warning(tmp_path, content):
    path = tmp_path / "a.fits.gz"
    path.write_bytes(gzip.compress(content))
    fits = rf.FITS(path, "r+")
    fits[0][...] = 5
    with pytest.warns(ResourceWarning, match="never closed"):
        del fits
    with rf.FITS(path) as fits:
        assert (fits[0].read() == 5).all()


def test_a_tainted_copy_is_never_written_back(tmp_path, content):
    path = tmp_path / "a.fits.gz"
    path.write_bytes(gzip.compress(content))
    before = path.read_bytes()
    fits = rf.FITS(path, "r+")
    fits[0][...] = 5
    fits[0]._force_taint()
    with pytest.raises(OSError, match="not written back"):
        fits.sync()
    with pytest.raises(OSError, match="not written back"):
        fits.close()
    assert path.read_bytes() == before


def test_a_failed_writing_back_leaves_the_old_file(tmp_path, content):
    path = tmp_path / "a.fits.gz"
    path.write_bytes(gzip.compress(content))
    before, program = path.read_bytes(), """
import resource, signal, sys
import numpy as np
import rustfits_cffi as rf
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
fits = rf.FITS(sys.argv[1], "r+")
fits[0][...] = np.random.default_rng(1).integers(0, 2**31, (20, 30)).astype("i4")
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, -1))
try:
    fits.close()
except OSError as error:
    print(error.errno)
"""
    result = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "27" and path.read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["a.fits.gz", "content.fits"]


# -- file objects -----------------------------------------------------------------------------------------------------


def test_a_pipe_is_read_through(content):
    reader, writer = os.pipe()
    with os.fdopen(writer, "wb") as file:
        file.write(content)
    with os.fdopen(reader, "rb") as file, rf.FITS(file) as fits:
        assert np.array_equal(fits[1].read(), SKY)


def test_gzipped_objects_are_inflated_and_written_back_gzipped(content):
    file = io.BytesIO(gzip.compress(content))
    with rf.FITS(file, "r+") as fits:
        fits[0][...] = 3
    assert not file.closed and gzip.decompress(file.getvalue())[2880:2884] == b"\0\0\0\3"


def test_objects_that_cannot_be_changed_are_refused(content, tmp_path):
    with pytest.raises(OSError, match="cannot be changed"):
        rf.FITS(io.BufferedReader(io.BytesIO(content)), "r+")
    (tmp_path / "a.fits").write_bytes(content)
    with open(tmp_path / "a.fits", "rb") as file, pytest.raises(PermissionError, match="reading only"):
        rf.FITS(file, "r+")
    with open(tmp_path / "a.fits") as text, pytest.raises(TypeError, match="binary"):
        rf.FITS(text)


@pytest.mark.parametrize("url, error, words", [
    ("file://elsewhere/a.fits", ValueError, "elsewhere"), ("file://", ValueError, "no path"),
    ("file:///a%2", ValueError, "percent-escape"), ("file:///a%ff", ValueError, "percent-escape"),
    ("file:///not/there.fits", OSError, "/not/there.fits"),
])  # fmt: skip
def test_file_urls_are_taken_strictly(url, error, words):
    with pytest.raises(error, match=words):
        rf.FITS(url)


def test_a_file_url_is_decoded(tmp_path, content):
    (tmp_path / "a b+?#.fits").write_bytes(content)
    with rf.FITS(f"file://{tmp_path}/a%20b+?#.fits") as fits:
        assert fits.filename == str(tmp_path / "a b+?#.fits")


@pytest.mark.parametrize("mode", ["r", "r+"])
def test_large_gzipped_content_leaves_memory_for_a_file_with_holes(tmp_path, monkeypatch, mode):
    monkeypatch.setattr("rustfits_cffi.storage.descriptor._MOST_IN_MEMORY", 1 << 20)
    pixels = np.zeros((40, 1 << 18), "i4")
    pixels[:10] = np.arange(1 << 18)
    pixels[30:] = -np.arange(1 << 18)
    plain, path = tmp_path / "a.fits", tmp_path / "b.fits.gz"
    rf.write(plain, pixels)
    path.write_bytes(gzip.compress(plain.read_bytes(), 1))
    with rf.FITS(path, mode) as fits:
        assert np.array_equal(fits[0].read(), pixels)
        status = os.fstat(fits._handle.held().fd)
        assert status.st_size == plain.stat().st_size and status.st_blocks * 512 < 0.8 * status.st_size
        if mode == "r+":
            fits[0].header["A"] = 1
    with rf.FITS(path) as fits:
        assert fits[0].header.get("A") == (1 if mode == "r+" else None)
        assert np.array_equal(fits[0].read(), pixels)
