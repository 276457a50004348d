"""FITS: opening and closing a file, finding its HDUs, their repr, and the module's three functions."""

import gc
import os
from pathlib import Path

import numpy as np
import pytest

import rustfits_cffi as rf

PIXELS = np.arange(12, dtype="i2").reshape(3, 4)


# -- opening and closing ----------------------------------------------------------------------------------------------


def test_with_gives_the_object_and_closes_it(three):
    fits = rf.FITS(three)
    with fits as inside:
        assert inside is fits and not fits.closed
    assert fits.closed
    fits.close()
    with pytest.raises(RuntimeError, match="mine"), rf.FITS(three) as fits:
        raise RuntimeError("mine")
    assert fits.closed


def test_lists_are_new_and_objects_the_same(three):
    with rf.FITS(three, "r+") as fits:
        assert fits.hdus is not fits.hdus and fits.hdus == list(fits)
        assert fits[0] is fits[0] is fits[-3] is fits.hdus[0]
        seen = iter(fits)
        new = fits.write_image(PIXELS, extname="new")
        assert new is fits["NEW"] is fits[3] and new.index == 3
        assert len(list(seen)) == 3  # a snapshot
        assert len(fits) == 4


def test_changes_are_in_the_file_when_the_call_returns(path):
    with rf.FITS(path, "w+") as fits:
        fits.write_image(PIXELS)
        assert os.path.getsize(path) == 5760
        assert np.array_equal(rf.read(path), PIXELS)
        fits[0][1, 2] = 99
        assert rf.read(path)[1, 2] == 99
        fits[0].header["OBJECT"] = "M31"
        assert rf.read_header(path)["OBJECT"] == "M31"
        fits.write_image(PIXELS, compress=rf.Gzip1(), extname="c")
        assert np.array_equal(rf.read(path, "c"), PIXELS)
        fits["c"].write(PIXELS[::-1].copy())
        assert np.array_equal(rf.read(path, "c"), PIXELS[::-1])


def test_headers_can_be_read_after_closing_and_data_cannot(three):
    with rf.FITS(three, "r+") as fits:
        header = fits[1].header
    assert len(fits) == 3 and "sci" in fits and [hdu.index for hdu in fits] == [0, 1, 2]
    assert fits["SCI"].shape == (3, 4) and fits["SCI"].dtype == "i2" and fits[1].extver == 2
    assert header["EXTNAME"] == "SCI" and "ZIMAGE" in fits[1].header and len(header.cards) == len(header.cards)
    assert "type: COMPRESSED_IMAGE_HDU" in repr(fits[1])
    actions = [
        fits[0].read,
        fits[1].read,
        lambda: fits[0][0, 0],
        lambda: fits[1][0, 0],
        lambda: fits[0].write(PIXELS),
        lambda: fits[1].write(PIXELS),
        lambda: fits[0].__setitem__(0, 1),
        lambda: fits[1].__setitem__(..., PIXELS),
        lambda: fits.write_image(PIXELS),
        lambda: fits.create_image_hdu("i2", (3,)),
        lambda: header.__setitem__("A", 1),
        lambda: header.add_history("x"),
    ]
    for action in actions:
        with pytest.raises(OSError, match="file is closed"):
            action()
    fits.sync()
    fits.close()


def test_nothing_can_be_changed_through_a_reading_handle(three):
    before = three.read_bytes()
    with rf.FITS(three) as fits:
        actions = [
            lambda: fits[0].write(PIXELS),
            lambda: fits[1].write(PIXELS),
            lambda: fits[0].__setitem__(0, 1),
            lambda: fits[0].__setitem__(slice(0, 0), 1),
            lambda: fits[1].__setitem__(..., PIXELS),
            lambda: fits.write_image(PIXELS),
            lambda: fits.create_image_hdu("i2", (3,), compress=rf.Rice1()),
            lambda: fits[0].header.__setitem__("A", 1),
            lambda: fits[2].header.__delitem__("EXTNAME"),
            lambda: fits[0].header.add_comment("x"),
            lambda: fits[0].header.update({"A": 1}),
        ]
        for action in actions:
            with pytest.raises(OSError):
                action()
        assert np.array_equal(fits[0].read(), PIXELS)  # not tainted
        assert np.array_equal(fits[1].read(), PIXELS + 1)
    assert three.read_bytes() == before


def test_tainted_handle_refuses_everything_and_a_fresh_one_does_not(three):
    with rf.FITS(three, "r+") as fits:
        header = fits[0].header
        fits[1]._force_taint()
        actions = [
            lambda: header["BITPIX"],
            lambda: "BITPIX" in header,
            header.keys,
            lambda: header.cards,
            lambda: header.__setitem__("A", 1),
            fits[0].read,
            fits[1].read,
            lambda: fits[0][0],
            lambda: fits[0].write(PIXELS),
            lambda: fits[1].write(PIXELS),
            lambda: fits.write_image(PIXELS),
            lambda: fits.create_image_hdu("i2", (3,)),
        ]
        for action in actions:
            with pytest.raises(OSError, match=r"(indeterminate state|inconsistent).*reopen"):
                action()
        assert len(fits) == 3 and not fits.closed
    assert fits.closed
    assert np.array_equal(rf.read(three), PIXELS)


def test_handles_left_open_do_not_matter(path):
    for number in range(5):
        forgotten = rf.FITS(path, "w+")
        forgotten.write_image(PIXELS + number)
        del forgotten
        forgotten = rf.FITS(path, "r+")
        forgotten[0].header["A"] = number
        del forgotten
        kept = rf.FITS(path, "r+")  # while this one stays open the file is replaced
        kept[0].header["B"] = number
        with rf.FITS(path, "w+") as fits:
            fits.write_image(PIXELS - number)
        with rf.FITS(path, "r+") as fits:
            fits.write_image(PIXELS + 7 * number, compress=rf.Rice1())
        with rf.FITS(path) as fits:
            assert np.array_equal(fits[0].read(), PIXELS - number) and "B" not in fits[0].header
            assert np.array_equal(fits[1].read(), PIXELS + 7 * number)
        kept.close()
        assert np.array_equal(rf.read(path, 1), PIXELS + 7 * number)


@pytest.mark.parametrize("forgotten", ["held", "dropped"])
def test_a_handle_left_open_does_not_capture_writes_to_a_later_file(tmp_path, forgotten):
    """cfitsio treats an open file of the same name as the same file, even if it has been replaced since."""
    pixels = np.arange(6, dtype="i2").reshape(2, 3)
    path = tmp_path / "a.fits"
    old = rf.FITS(path, "w+")
    old.write_image(pixels)
    if forgotten == "dropped":
        del old
    rf.write(path, pixels)
    rf.write(path, pixels + 1, mode="r+", extname="SECOND")
    with rf.FITS(path) as fits:
        assert len(fits) == 2 and np.array_equal(fits["SECOND"].read(), pixels + 1)


def test_a_file_that_another_program_extended_is_not_overwritten(tmp_path):
    pixels = np.arange(6, dtype="i2").reshape(2, 3)
    path = tmp_path / "a.fits"
    rf.write(path, pixels)
    with rf.FITS(path, "r+") as first, rf.FITS(path, "r+") as second:
        first.write_image(pixels, extname="A")
        with pytest.raises(rf.FITSError, match="something else has changed it; open it again"):
            second.write_image(pixels, extname="B")
        first.write_image(pixels, extname="C")
    with rf.FITS(path) as fits:
        assert [hdu.extname for hdu in fits] == [None, "A", "C"]


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="open files are counted in /proc")
def test_files_left_open_are_closed_when_dropped(tmp_path):
    def open_files():
        gc.collect()
        return len(os.listdir("/proc/self/fd"))

    before = open_files()
    for number in range(50):
        rf.FITS(tmp_path / f"{number}.fits", "w+").write_image(np.zeros((2, 2), "i2"))
    assert open_files() <= before + 2


# -- finding ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [0, -3, np.int64(0), np.uint8(0), np.array(0)])
def test_integers_of_any_type_find_hdus(three, key):
    with rf.FITS(three) as fits:
        assert fits[key].index == 0 and key in fits


@pytest.mark.parametrize("key", ["SCI", "sci", " Sci  ", np.str_("SCI"), b"sci", np.bytes_(b"SCI"), ("SCI", 2)])
def test_names_find_hdus_in_either_case(three, key):
    with rf.FITS(three) as fits:
        assert fits[key].index == 1 and key in fits


def test_version_selects_among_equal_names(three):
    with rf.FITS(three) as fits:
        assert fits["sci", 3].index == 2
        assert ("sci", 4) not in fits
        with pytest.raises(ValueError, match="no HDU named"):
            fits["sci", 4]


@pytest.mark.parametrize("key", [3, -4, 10**30, np.int64(99)])
def test_number_out_of_range_is_refused(three, key):
    with rf.FITS(three) as fits:
        assert key not in fits
        for error in (ValueError, IndexError):
            with pytest.raises(error, match="out of range"):
                fits[key]


@pytest.mark.parametrize("key", ["PRIMARY", "", "nope", b"nope", "SC"])
def test_unknown_name_is_refused(three, key):
    with rf.FITS(three) as fits:
        assert key not in fits
        with pytest.raises(ValueError, match="no HDU named"):
            fits[key]


@pytest.mark.parametrize(
    "key, words",
    [
        (True, "bool"),
        (False, "bool"),
        (np.True_, "."),
        (b"\xff", "ASCII"),
        (1.0, "."),
        (None, "."),
        (slice(1), "."),
        ([0], "."),
        ([83, 67, 73], "."),
        (np.array([83, 67, 73], "u1"), "."),
        ((0, 1), "."),
        (("SCI",), "."),
        ((83, 67, 73), "."),
        (bytearray(b"SCI"), "."),
        (np.array([0]), "."),
        (("SCI", "2"), "version .* int, not str"),
        (("SCI", True), "version .* int, not bool"),
    ],
)
def test_keys_of_other_types_are_refused(three, key, words):
    with rf.FITS(three) as fits:
        with pytest.raises((ValueError, TypeError), match=words):
            fits[key]
        with pytest.raises((ValueError, TypeError), match=words):
            key in fits  # noqa: B015


def test_names_follow_a_change(three):
    with rf.FITS(three, "r+") as fits:
        fits[0].header["EXTNAME"] = "SCI"
        assert fits["SCI"].index == 0
        del fits[0].header["EXTNAME"]
        assert fits["SCI"].index == 1


def test_many_names_are_found_fast(path):
    with rf.FITS(path, "w+") as fits:
        for number in range(300):
            fits.create_image_hdu("u1", (2,), extname=f"E{number}")
    with rf.FITS(path) as fits:
        assert [fits[f"e{number}"].index for number in range(300)] == list(range(300))


# -- repr -------------------------------------------------------------------------------------------------------------


def test_repr_of_files(three):
    with rf.FITS(three, "r+") as fits:
        assert repr(fits) == (
            f"  file: {three}\n  mode: r+\n  extnum  hdutype     extname\n  0       IMAGE_HDU\n"
            "  1       IMAGE_HDU   SCI\n  2       IMAGE_HDU   sci\n"
        )
    assert "status: closed" in repr(fits) and "mode: r+" in repr(fits) and "extnum" not in repr(fits)
    with rf.FITS(three, "w+") as fits:
        assert repr(fits) == f"  file: {three}\n  mode: w+\n  extnum  hdutype     extname\n"


def test_repr_of_hdus(path):
    with rf.FITS(path, "w+") as fits:
        hdu = fits.write_image(np.zeros((3, 4)), extname="sci", header={"BUNIT": "Jy"})
        assert repr(hdu) == (
            f"  file: {path}\n  extension: 0\n  type: IMAGE_HDU\n  extname: sci\n  image info:\n    data type: f8\n"
            "    dims: [3, 4]\n    unit: Jy\n"
        )
        hdu = fits.write_image(PIXELS.astype("u2"), compress=rf.Gzip1(level=9))
        assert repr(hdu) == (
            f"  file: {path}\n  extension: 1\n  type: COMPRESSED_IMAGE_HDU\n  image info:\n    data type: u2\n"
            "    dims: [3, 4]\n  compression: Gzip1(tile_shape=[1, 4], heap_format='P', level=9)\n"
        )
        fits.create_image_hdu("i4", ())
        assert "    dims: []\n" in repr(fits[2])


def test_repr_shows_an_unknown_codec(three):
    three.write_bytes(three.read_bytes().replace(b"ZCMPTYPE= 'RICE_1  '", b"ZCMPTYPE= 'XYZ_99  '"))
    with rf.FITS(three) as fits:
        assert "compression: XYZ_99" in repr(fits[1]) and fits[1].compression == "XYZ_99"
        assert fits[1].shape == (3, 4)
        with pytest.raises(ValueError, match="XYZ_99"):
            fits[1].read()
        assert np.array_equal(fits[2].read(), PIXELS + 2)


@pytest.mark.parametrize(
    "old, new",
    [
        (b"ZNAXIS1 =                    4", b"ZNAXIS1 =                   -4"),
        (b"ZBITPIX =                   16", b"ZBITPIX =                   17"),
        (b"TFORM1  = '1PB", b"TFORM1  = '1ZB"),
        (b"ZNAXIS  =                    2", b"ZNAXIS  =                 2000"),
        (b"ZVAL1   =                   32", b"ZVAL1   =                    0"),
    ],
)
def test_repr_never_fails_on_a_damaged_header(three, old, new):
    raw = three.read_bytes()
    assert raw.count(old) == 1
    three.write_bytes(raw.replace(old, new))
    with rf.FITS(three) as fits:
        assert "COMPRESSED_IMAGE_HDU" in repr(fits[1]) and "IMAGE_HDU" in repr(fits)
        with pytest.raises(ValueError, match="HDU 1"):
            fits[1].read()


# -- the three functions ----------------------------------------------------------------------------------------------


def test_read_takes_the_first_hdu_with_data_or_the_one_named(path):
    with rf.FITS(path, "w+") as fits:
        fits.write_image(PIXELS, compress="RICE_1", extname="A")
        fits.write_image(PIXELS + 1, extname="B")
    assert np.array_equal(rf.read(path), PIXELS)  # the empty primary is skipped
    assert np.array_equal(rf.read(path, "b"), PIXELS + 1) and np.array_equal(rf.read(str(path), ext=2), PIXELS + 1)
    data, header = rf.read(path, 1, header=True)
    assert np.array_equal(data, PIXELS) and header["EXTNAME"] == "A"
    for options in (dict(rows=[1]), dict(scale=False), dict(mask_null=True), dict(columns="x")):
        with pytest.raises(TypeError):
            rf.read(path, **options)
    with pytest.raises(ValueError, match="no data"):
        rf.read(path, 0)
    with pytest.raises(ValueError, match="out of range"):
        rf.read(path, 9)


def test_read_of_a_file_without_data_is_refused(path):
    with rf.FITS(path, "w+") as fits:
        fits.create_image_hdu("i2", ())
        fits.create_image_hdu("i2", (0, 4))
    with pytest.raises(ValueError, match="no HDU with data"):
        rf.read(path)
    assert rf.read(path, 1).shape == (0, 4)


def test_read_refuses_ascii_tables(real_files):
    with pytest.raises(ValueError, match="only images can be read yet"):
        rf.read(real_files / "horsehead_i2.fits", 1)


def test_reading_a_table_says_that_it_is_one(tmp_path):
    cards = ["XTENSION= 'BINTABLE'", "BITPIX  = 8", "NAXIS   = 2", "NAXIS1  = 4", "NAXIS2  = 1", "PCOUNT  = 0",
             "GCOUNT  = 1", "TFIELDS = 1", "TFORM1  = '1J'", "END"]  # fmt: skip
    primary = ["SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 0", "END"]
    text = "".join("".join(f"{card:<80}" for card in part).ljust(2880) for part in (primary, cards))
    (tmp_path / "t.fits").write_bytes(text.encode() + bytes(2880))
    with pytest.raises(ValueError, match=r"t\.fits: HDU 1 is not an image \(table\); only images can be read yet"):
        rf.read(tmp_path / "t.fits")


def test_read_header_returns_a_read_only_header(three):
    assert rf.read_header(three)["NAXIS1"] == 4
    header = rf.read_header(three, "sci")
    assert header["ZCMPTYPE"] == "RICE_1"
    with pytest.raises(OSError):
        header["A"] = 1
    for ext in (9, "nope"):
        with pytest.raises(ValueError):
            rf.read_header(three, ext)


def test_write_creates_a_file_or_appends_to_it(path):
    assert rf.write(path, PIXELS, extname="A", header={"K": 1}) is None
    assert rf.write(path, PIXELS + 1, mode="r+", extname="B") is None
    with rf.FITS(path) as fits:
        assert [hdu.extname for hdu in fits] == ["A", "B"] and fits[0].header["K"] == 1
    other = path.with_name("b.fits")
    with rf.FITS(other, "w+") as fits:
        fits.write(PIXELS, extname="A", header={"K": 1})
        fits.write(PIXELS + 1, extname="B")
    assert other.read_bytes() == path.read_bytes()
    with pytest.raises(TypeError):
        rf.write(path, PIXELS, compress="RICE_1")
    rf.write(Path(path), PIXELS)
    with rf.FITS(path) as fits:
        assert len(fits) == 1
