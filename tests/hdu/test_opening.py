"""FITS: file names, modes, and the possible contents of a file that is opened."""

import os

import numpy as np
import pytest

import rustfits_cffi as rf

PIXELS = np.arange(12, dtype="i2").reshape(3, 4)


def block(*cards):
    """A header of these cards, END and the padding."""
    raw = b"".join(card.encode("latin-1").ljust(80) for card in (*cards, "END"))
    return raw.ljust(-(-len(raw) // 2880) * 2880)


PRIMARY = (
    "SIMPLE  =                    T",
    "BITPIX  =                   16",
    "NAXIS   =                    2",
    "NAXIS1  =                    4",
    "NAXIS2  =                    3",
)
DATA = PIXELS.astype(">i2").tobytes().ljust(2880, b"\0")


# -- names and modes --------------------------------------------------------------------------------------------------


class BytesPath:
    def __fspath__(self):
        return b"a.fits"


@pytest.mark.parametrize("name", [5, None, b"a.fits", BytesPath(), ["a.fits"]])
def test_filename_must_be_text(name):
    with pytest.raises(TypeError):
        rf.FITS(name, "w+")


def test_filename_is_the_text_of_the_path(path):
    with rf.FITS(path, "w+") as fits:
        assert fits.filename == str(path)
    with rf.FITS(str(path), "w+") as fits:
        assert fits.filename == str(path)


@pytest.mark.parametrize("name", ["lenient", "trust_sizes"])
@pytest.mark.parametrize("value", [1, None, "yes"])
def test_switches_must_be_bool(three, name, value):
    with pytest.raises(TypeError):
        rf.FITS(three, **{name: value})


@pytest.mark.parametrize("mode", ["w", "a", "rw", "", "R", "readonly"])
def test_unknown_mode_names_the_modes_and_creates_nothing(path, mode):
    with pytest.raises(OSError, match=r"'r', 'r\+', 'w\+'"):
        rf.FITS(path, mode)
    assert not path.exists()


@pytest.mark.parametrize("mode", [None, 0, b"r"])
def test_mode_must_be_text(path, mode):
    with pytest.raises(TypeError):
        rf.FITS(path, mode)


@pytest.mark.parametrize("mode", ["r", "r+"])
def test_missing_file_is_named(path, mode):
    with pytest.raises(OSError, match=r"a\.fits"):
        rf.FITS(path, mode)
    assert not path.exists()


def test_directory_is_refused(tmp_path):
    for mode in ("r", "r+", "w+"):
        with pytest.raises(OSError):
            rf.FITS(tmp_path, mode)


def test_write_mode_truncates_and_starts_empty(three):
    with rf.FITS(three, "w+") as fits:
        assert len(fits) == 0 and fits.hdus == []
        assert three.stat().st_size == 0
    three.touch()
    with rf.FITS(three, "w+") as fits:
        fits.write_image(PIXELS)
    assert np.array_equal(rf.read(three), PIXELS)


@pytest.mark.parametrize(
    "name",
    [
        "a[1].fits",
        "!x.fits",
        "a b.fits",
        "ü.fits",
        "x(y).fits",
        "x.fits.Z",
        "mem:",
        "~x.fits",
        "-",
        "a,b",
        "f.fits[0:3]",
        "*.fits",
        "a%20b",
        "x" * 200,
        "stdin",
    ],
)
def test_filenames_are_used_literally(tmp_path, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with rf.FITS(name, "w+") as fits:
        fits.write_image(PIXELS, compress=rf.Rice1())
    with rf.FITS(name, "r+") as fits:
        fits[0].header["A"] = 1
        fits.write_image(PIXELS)
    with rf.FITS(name) as fits:
        assert len(fits) == 3 and fits[0].header["A"] == 1
    assert os.listdir(tmp_path) == [name] and (tmp_path / name).read_bytes().startswith(b"SIMPLE")


def test_changing_the_working_folder_does_not_affect_an_open_file(three, tmp_path, monkeypatch):
    monkeypatch.chdir(three.parent)
    with rf.FITS(three.name, "r+") as fits:
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        monkeypatch.chdir(elsewhere)
        fits[0].header["A"] = 1
        assert not list(elsewhere.iterdir())
    assert rf.read_header(three)["A"] == 1


def test_file_that_was_replaced_is_not_changed(three):
    with rf.FITS(three, "r+") as fits:
        moved = three.rename(three.with_name("moved.fits"))
        rf.write(three, PIXELS + 9)
        before = three.read_bytes(), moved.read_bytes()
        with pytest.raises(OSError, match="moved or replaced"):
            fits.write_image(PIXELS)
        assert np.array_equal(fits[0].read(), PIXELS)
    assert (three.read_bytes(), moved.read_bytes()) == before


def test_links_are_followed(three):
    link = three.with_name("link.fits")
    link.symlink_to(three.name)
    with rf.FITS(link, "r+") as fits:
        fits[0].header["A"] = 1
    assert link.is_symlink() and rf.read_header(three)["A"] == 1
    with rf.FITS(link, "w+") as fits:
        fits.write_image(PIXELS)
    assert link.is_symlink() and np.array_equal(rf.read(three), PIXELS)


# -- contents ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["r", "r+"])
@pytest.mark.parametrize("content, words", [(b"", "empty"), (b"x" * 23, "23 bytes"), (b" " * 2879, "2879 bytes")])
def test_file_without_a_header_is_refused(path, mode, content, words):
    path.write_bytes(content)
    with pytest.raises(OSError, match=words):
        rf.FITS(path, mode)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "cards, error, words",
    [
        (("XTENSION= 'IMAGE   '", *PRIMARY[1:]), ValueError, "SIMPLE"),
        (PRIMARY[:1] + PRIMARY[2:], ValueError, "BITPIX"),
        (PRIMARY[:2], ValueError, "NAXIS"),
        (PRIMARY[:4], ValueError, "NAXIS2"),
        ((*PRIMARY[:2], "NAXIS   =                 1000"), ValueError, "NAXIS"),
        ((*PRIMARY[:2], "NAXIS   =                   -1"), ValueError, "NAXIS"),
        ((*PRIMARY, "OBJECT  = 'na\xefve'"), ValueError, "non-printable byte.*lenient=True"),
        ((*PRIMARY, "OBJECT  = 'na\tve'"), ValueError, "non-printable byte.*lenient=True"),
    ],
)
def test_invalid_headers_are_refused(path, cards, error, words):
    path.write_bytes(block(*cards) + DATA)
    for mode in ("r", "r+"):
        with pytest.raises(error, match=words) as caught:
            rf.FITS(path, mode)
        assert "a.fits" in str(caught.value)


def test_lenient_reads_odd_bytes_as_underscores(path):
    path.write_bytes(block(*PRIMARY, "OBJECT  = 'na\xefve'") + DATA)
    with rf.FITS(path, lenient=True) as fits:
        assert fits[0].header["OBJECT"] == "na_ve"
        assert np.array_equal(fits[0].read(), PIXELS)


def test_simple_may_have_any_value(path):
    path.write_bytes(block("SIMPLE  =                    F", *PRIMARY[1:]) + DATA)
    assert np.array_equal(rf.read(path), PIXELS)


def test_header_without_end_is_truncated(path):
    path.write_bytes(block(*PRIMARY).replace(b"END", b"   ") + DATA)
    with pytest.raises(OSError, match="truncated"):
        rf.FITS(path)


def test_second_hdu_must_be_an_extension(path):
    path.write_bytes(block(*PRIMARY) + DATA + block(*PRIMARY) + DATA)
    with pytest.raises(ValueError, match="XTENSION"):
        rf.FITS(path)


def test_size_of_the_data_counts_groups_and_parameters(path):
    extension = (
        "XTENSION= 'FOREIGN '",
        "BITPIX  =                   16",
        "NAXIS   =                    1",
        "NAXIS1  =                 1000",
        "PCOUNT  =                  100",
        "GCOUNT  =                    2",
        "EXTNAME = 'odd     '",
    )
    data = b"\0" * 5760  # 2 * 2 * 1100 bytes
    path.write_bytes(
        block("SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 0")
        + block(*extension)
        + data
        + block("XTENSION= 'IMAGE   '", *PRIMARY[1:])
        + DATA
    )
    with rf.FITS(path) as fits:
        assert [type(hdu).__name__ for hdu in fits] == ["ImageHDU", "HDU", "ImageHDU"]
        assert type(fits["ODD"]) is rf.HDU and fits["odd"].header["PCOUNT"] == 100
        assert "1       UNKNOWN     odd" in repr(fits) and "type: UNKNOWN" in repr(fits[1])
        assert np.array_equal(fits[2].read(), PIXELS)


def test_truncated_data_open_but_only_existing_pixels_read(path):
    path.write_bytes(block(*PRIMARY) + DATA[:20])
    with rf.FITS(path) as fits:
        assert fits[0].shape == (3, 4)
        with pytest.raises(OSError, match=r"a\.fits, HDU 0: truncated"):
            fits[0].read()
        assert np.array_equal(fits[0][:2], PIXELS[:2])  # existing pixels can be read


@pytest.mark.parametrize("tail", [b"\0" * 100, b"\0" * 2880, b" " * 5760, b"junk" * 3000, b"\x1f\x8b" * 1440])
def test_bytes_after_the_last_hdu_do_not_matter(three, tail):
    three.write_bytes(three.read_bytes() + tail)
    with rf.FITS(three) as fits:
        assert len(fits) == 3
        assert np.array_equal(fits[2].read(), PIXELS + 2)


def test_random_groups_open_as_an_image(path):
    path.write_bytes(
        block(
            "SIMPLE  = T",
            "BITPIX  = 16",
            "NAXIS   = 2",
            "NAXIS1  = 0",
            "NAXIS2  = 3",
            "GROUPS  = T",
            "PCOUNT  = 1",
            "GCOUNT  = 2",
        )
        + bytes(2880)
        + block("XTENSION= 'IMAGE   '", *PRIMARY[1:])
        + DATA
    )
    with rf.FITS(path) as fits:
        assert isinstance(fits[0], rf.ImageHDU) and fits[0].shape == (3, 0) and not fits[0].has_data
        assert np.array_equal(fits[1].read(), PIXELS)
