"""2,000 damaged files: each reads or raises an exception that names it; none crashes, hangs or takes much memory.

Every file is also opened for changes and a card is set, and some are packed and unpacked: these involve cfitsio, which
must not be led astray either. Everything runs in one separate process with limits on memory, file size and time. The
kinds of damage are in mutations.py.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import rustfits_cffi as rf

FOLDER = Path(__file__).parent
PACKAGE = Path(rf.__file__).parent.parent
COUNT = 2000


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the limits are those of Linux")
def test_damaged_files_read_or_raise_and_never_crash(tmp_path, fuzz_round):
    progress, first = tmp_path / "progress", fuzz_round * COUNT
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(PACKAGE), os.environ.get("PYTHONPATH", "")])}
    child = subprocess.run(
        [sys.executable, FOLDER / "read_damaged.py", str(first), str(first + COUNT), progress],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,
        env=environment,
    )
    assert child.returncode == 0, f"died at {progress.read_text()}\n{child.stdout[-2000:]}{child.stderr[-2000:]}"
    complaints = [line for line in child.stdout.splitlines() if not line.startswith("done ")]
    assert not complaints, "\n".join(complaints[:20])
    assert "done " in child.stdout


@pytest.fixture
def packed(tmp_path):
    """A Rice image in 4 tiles: its bytes, and the path to write them back to."""
    path = tmp_path / "a.fits"
    with rf.FITS(path, "w+") as fits:
        fits.write_image(np.arange(400, dtype="i2").reshape(4, 100), compress=rf.Rice1())
    return path, bytearray(path.read_bytes())


def header_block(*cards):
    """A header as bytes, END and padding included."""
    raw = "".join(card.ljust(80) for card in [*cards, "END"]).encode()
    return raw.ljust(-(len(raw) // -2880) * 2880)


def set_card(raw, key, value):
    at = raw.index(key.ljust(8).encode() + b"=")
    raw[at + 10 : at + 80] = str(value).rjust(20).ljust(70).encode()


@pytest.mark.parametrize(
    "offset, word, words",
    [
        (0, 10**6, "corrupt descriptor"),
        (4, 10**6, "corrupt descriptor"),
        (8, 0, "never written"),
        (12, 1, "corrupt descriptor"),
    ],
)
def test_bad_descriptor_names_file_hdu_and_tile_and_leaves_the_others(packed, offset, word, words):
    path, raw = packed
    table = 2880 + 2880
    raw[table + offset : table + offset + 4] = word.to_bytes(4, "big")
    path.write_bytes(raw)
    with rf.FITS(path) as fits:
        tile = offset // 8
        with pytest.raises(rf.TileError, match=words) as caught:
            fits[1][tile]
        assert f"a.fits, HDU 1, tile {tile}" in str(caught.value)
        assert (caught.value.hdu, caught.value.tile) == (1, tile)
        assert fits[1][3, 5] == 305


def test_overlapping_tiles_are_refused(packed):
    path, raw = packed
    raw[5760 + 12 : 5760 + 16] = (1).to_bytes(4, "big")  # the second tile begins within the first
    path.write_bytes(raw)
    with rf.FITS(path) as fits, pytest.raises(rf.TileError, match=r"tile 0.*another tile"):
        fits[1].read()


def test_equal_tiles_may_share_their_bytes(packed):
    """IRAF writes each distinct line of a mask once."""
    path, raw = packed
    raw[5760 + 16 : 5760 + 24] = raw[5760 : 5760 + 8]
    path.write_bytes(raw)
    with rf.FITS(path) as fits:
        assert fits[1].read()[:, 7].tolist() == [7, 107, 7, 307] and fits[1][2, 3] == 3


def test_declared_sizes_are_not_believed(packed):
    path, raw = packed
    for key, value in (("ZNAXIS1", 2**40), ("ZTILE1", 2**40)):
        set_card(raw, key, value)
    path.write_bytes(raw)
    with rf.FITS(path) as fits:
        assert fits[1].shape == (4, 2**40)
        with pytest.raises(ValueError, match=r"HDU 1.*trust_sizes"):
            fits[1].read()
        with pytest.raises(ValueError, match="trust_sizes"):
            fits[1][0, 0]


@pytest.mark.parametrize(
    "key, value", [("ZNAXIS2", 0), ("ZTILE1", -3), ("ZTILE2", 0), ("ZNAXIS1", "0.5"), ("THEAP", 2**50)]
)
def test_headers_that_cfitsio_cannot_take_do_not_hinder_other_changes(packed, key, value):
    """Some of these would crash cfitsio; with others it would write for ever. It never sees a user's file."""
    path, raw = packed
    if key == "THEAP":
        at = raw.index(b"ZVAL2   =")
        raw[at : at + 8] = b"THEAP   "
    set_card(raw, key, value)
    path.write_bytes(raw)
    with rf.FITS(path, "r+") as fits:
        fits.write_image(np.arange(3))
        assert path.read_bytes()[: len(raw)] == raw
        fits[0].header["A"] = 1
        assert fits[0].header["A"] == 1 and fits[2].read().tolist() == [0, 1, 2]
    assert path.read_bytes()[2880 : len(raw)] == raw[2880:]


@pytest.mark.parametrize("naxis", [100, 101, 999])
@pytest.mark.parametrize("change", ["header", "another HDU"])
def test_more_axes_than_cfitsio_can_hold_do_not_hinder_other_changes(tmp_path, naxis, change):
    raw, path = many_axes(naxis), tmp_path / "a.fits"
    path.write_bytes(raw)
    with rf.FITS(path, "r+") as fits:
        if change == "header":
            fits[0].header["A"] = 1
            assert fits[0].header["A"] == 1 and fits[0].ndim == naxis
        else:
            assert fits.write_image(np.arange(3)).read().tolist() == [0, 1, 2]
            assert path.read_bytes()[: len(raw)] == raw
    with rf.FITS(path) as fits:
        assert len(fits) == 1 + (change == "another HDU") and fits[0].ndim == naxis


@pytest.mark.parametrize("naxis", [100, 101, 999])
@pytest.mark.parametrize("convert", [rf.pack, rf.unpack])
def test_cfitsio_is_kept_from_more_axes_than_it_can_hold(tmp_path, naxis, convert):
    """It writes the lengths from the hundredth on beyond its array."""
    raw, path = many_axes(naxis), tmp_path / "a.fits"
    path.write_bytes(raw)
    with pytest.raises(ValueError, match=r"a\.fits.*HDU 0: more axes than the 99"):
        convert(path, tmp_path / "b.fits")
    assert path.read_bytes() == raw and os.listdir(tmp_path) == ["a.fits"]


def many_axes(naxis):
    """A file of one pixel with that many axes."""
    axes = (f"NAXIS{axis}".ljust(8) + "= 1" for axis in range(1, naxis + 1))
    return header_block("SIMPLE  = T", "BITPIX  = 16", f"NAXIS   = {naxis}", *axes) + bytes(2880)


@pytest.mark.parametrize("key, value", [("NAXIS", 100), ("PCOUNT", "'no number'"), ("XTENSION", 5), ("BITPIX", None)])
@pytest.mark.parametrize("convert", [rf.pack, rf.unpack])
def test_cfitsio_is_kept_from_too_many_axes_whatever_else_is_wrong(tmp_path, convert, key, value):
    """In an HDU that is otherwise unreadable, or in one before such an HDU."""
    cards = {"XTENSION": "'IMAGE   '", "BITPIX": 16, "NAXIS": 200, **{f"NAXIS{axis}": 1 for axis in range(1, 201)}}
    cards |= {"PCOUNT": 0, "GCOUNT": 1, key: value}
    primary = header_block("SIMPLE  = T", "BITPIX  = 16", "NAXIS   = 0")
    hostile = header_block(*(f"{name:<8}= {text}" for name, text in cards.items() if text is not None)) + bytes(2880)
    path = tmp_path / "a.fits"
    for raw in (primary + hostile, primary + hostile + header_block("XTENSION= 'IMAGE   '", "NAXIS   = 0")):
        path.write_bytes(raw)
        with pytest.raises(ValueError, match=r"a\.fits.*HDU 1: more axes than the 99"):
            convert(path, tmp_path / "b.fits")
    assert os.listdir(tmp_path) == ["a.fits"]


def test_codec_that_cannot_hold_the_pixels_is_named(tmp_path):
    path = tmp_path / "a.fits"
    with rf.FITS(path, "w+") as fits:
        fits.write_image(np.zeros((4, 100), "i4"), compress=rf.Rice1())
    raw = bytearray(path.read_bytes())
    set_card(raw, "ZBITPIX", -32)
    path.write_bytes(raw)
    with rf.FITS(path) as fits, pytest.raises(ValueError, match=r"a\.fits, HDU 1"):
        fits[1].read()


def test_truncated_files_are_not_filled(packed):
    path, raw = packed
    del raw[5760 + 40 :]
    path.write_bytes(raw)
    with rf.FITS(path, "r+") as fits:
        with pytest.raises(ValueError, match="HDU 1: truncated"):
            fits[0].header["A"] = 1
        with pytest.raises(ValueError, match="HDU 1: truncated"):
            fits.write_image(np.zeros(3))
    assert path.read_bytes() == raw
