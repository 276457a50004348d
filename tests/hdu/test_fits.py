"""FITS: opening, modes, life cycle, finding HDUs, adding them, words, errors."""

import gc
import os
from pathlib import Path

import numpy as np
import pytest

import rustfits_cffi as rf

PIXELS = np.arange(12, dtype="i2").reshape(3, 4)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.fits"


@pytest.fixture
def three(path):
    """Primary without a name, SCI (compressed, EXTVER 2), SCI (plain, EXTVER 3)."""
    with rf.FITS(path, "w+") as fits:
        fits.write_image(PIXELS)
        fits.write_image(PIXELS + 1, extname="SCI", extver=2, compress=rf.Rice1())
        fits.write_image(PIXELS + 2, extname="sci", extver=3)
    return path


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


# -- opening ----------------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("mode", ["r", "r+"])
@pytest.mark.parametrize("content, words", [(b"", "empty"), (b"x" * 23, "23 bytes"), (b" " * 2879, "2879 bytes")])
def test_file_without_a_header(path, mode, content, words):
    path.write_bytes(content)
    with pytest.raises(OSError, match=words):
        rf.FITS(path, mode)
    assert path.read_bytes() == content


def test_directory_is_no_file(tmp_path):
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
def test_headers_that_are_none(path, cards, error, words):
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


def test_header_without_end(path):
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


def test_short_data_open_but_do_not_read(path):
    path.write_bytes(block(*PRIMARY) + DATA[:20])
    with rf.FITS(path) as fits:
        assert fits[0].shape == (3, 4)
        with pytest.raises(OSError, match=r"a\.fits, HDU 0: truncated"):
            fits[0].read()
        assert np.array_equal(fits[0][:2], PIXELS[:2])  # what is there can be had


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


# -- life -------------------------------------------------------------------------------------------------------------


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


def test_after_closing_the_memory_of_it_stays(three):
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


# -- finding ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [0, -3, np.int64(0), np.uint8(0), np.array(0)])
def test_numbers(three, key):
    with rf.FITS(three) as fits:
        assert fits[key].index == 0 and key in fits


@pytest.mark.parametrize("key", ["SCI", "sci", " Sci  ", np.str_("SCI"), b"sci", np.bytes_(b"SCI"), ("SCI", 2)])
def test_names(three, key):
    with rf.FITS(three) as fits:
        assert fits[key].index == 1 and key in fits


def test_name_with_version(three):
    with rf.FITS(three) as fits:
        assert fits["sci", 3].index == 2
        assert ("sci", 4) not in fits
        with pytest.raises(ValueError, match="no HDU named"):
            fits["sci", 4]


@pytest.mark.parametrize("key", [3, -4, 10**30, np.int64(99)])
def test_number_out_of_range(three, key):
    with rf.FITS(three) as fits:
        assert key not in fits
        for error in (ValueError, IndexError):
            with pytest.raises(error, match="out of range"):
                fits[key]


@pytest.mark.parametrize("key", ["PRIMARY", "", "nope", b"nope", "SC"])
def test_unknown_name(three, key):
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
        (("SCI", "2"), "."),
        (("SCI", True), "."),
    ],
)
def test_keys_that_are_none(three, key, words):
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


# -- adding -----------------------------------------------------------------------------------------------------------


def test_first_plain_image_is_the_primary(path):
    with rf.FITS(path, "w+") as fits:
        assert fits.create_image_hdu("i2", (3, 4)) is None
        assert fits.write_image(PIXELS).index == 1
    raw = path.read_bytes()
    assert raw.startswith(b"SIMPLE  =") and raw[5760:].startswith(b"XTENSION= 'IMAGE   '")


def test_compressed_image_gets_a_primary_before_it_once(path):
    with rf.FITS(path, "w+") as fits:
        assert fits.write_image(PIXELS, compress="RICE_1").index == 1
        assert fits.write_image(PIXELS, compress="GZIP_2").index == 2
        assert fits[0].header["NAXIS"] == 0
        assert fits[0].shape == () and not fits[0].has_data


def test_files_are_whole_blocks(path):
    with rf.FITS(path, "w+") as fits:
        for _ in range(8):
            fits.create_image_hdu("f8", ())
    assert path.stat().st_size == 8 * 2880


@pytest.mark.parametrize("compress", [None, "RICE_1"])
def test_name_and_version(path, compress):
    with rf.FITS(path, "w+") as fits:
        hdu = fits.write_image(PIXELS, extname="SCI", extver=0, compress=compress)
        assert (hdu.extname, hdu.extver, hdu.header["EXTVER"]) == ("SCI", 0, 0)
        hdu = fits.write_image(PIXELS, compress=compress)
        assert (hdu.extname, hdu.extver) == (None, 1) and "EXTVER" not in hdu.header


def test_long_name_is_kept_and_found(path):
    name = "a name that needs a second card " * 4
    with rf.FITS(path, "w+") as fits:
        fits.write_image(PIXELS, extname=name)
    with rf.FITS(path) as fits:
        assert fits[0].extname == name.rstrip() and name in fits


def test_name_must_be_text_that_fits_a_header(path):
    with rf.FITS(path, "w+") as fits:
        for name in ("é", "a\nb"):
            with pytest.raises(ValueError):
                fits.write_image(PIXELS, extname=name)
        with pytest.raises(TypeError):
            fits.write_image(PIXELS, extname=5)
        assert len(fits) == 0 and path.stat().st_size == 0


def test_header_of_a_new_image(path):
    with rf.FITS(path, "w+") as fits:
        hdu = fits.write_image(PIXELS, extname="one", header={"EXPTIME": (30.0, "seconds"), "OBJECT": "M31"})
        assert hdu.header["EXPTIME"] == 30.0 and hdu.header.comment_of("EXPTIME") == "seconds"
        copy = fits.write_image(PIXELS, header=hdu.header)
        assert copy.header["OBJECT"] == "M31" and copy.header["XTENSION"] == "IMAGE" and copy.extname == "one"
        packed = fits.write_image(PIXELS, header=hdu.header, extname="two", compress="GZIP_1")
        assert packed.extname == "one"  # the header's own name wins
        assert np.array_equal(packed.read(), PIXELS)


@pytest.mark.parametrize("header", [{"NAXIS": 3}, {"COMMENT": "x"}, {"BAD*": 1}, {"A": "é"}, [("A", 1)], 5])
@pytest.mark.parametrize("compress", [None, "RICE_1"])
def test_bad_header_leaves_no_hdu(path, header, compress):
    with rf.FITS(path, "w+") as fits:
        fits.write_image(PIXELS)
        before = path.read_bytes()
        with pytest.raises(ValueError):
            fits.write_image(PIXELS, header=header, compress=compress)
        assert len(fits) == 1 and path.read_bytes() == before


def test_scaling_is_not_applied_twice(path):
    with rf.FITS(path, "w+") as fits:
        source = fits.write_image(PIXELS)
        source.header.update({"BSCALE": 2.0, "BZERO": 7.0, "BUNIT": "Jy"})
        copy = fits.write_image(source.read(), header=source.header)
        assert np.array_equal(copy.read(), PIXELS * 2.0 + 7) and copy.unit == "Jy"
        source = fits.write_image(PIXELS.astype("u2"))
        copy = fits.write_image(source.read().astype("f4"), header=source.header)
        assert np.array_equal(copy.read(), PIXELS)


def test_write_takes_arrays_and_refuses_what_it_cannot_tell(path):
    with rf.FITS(path, "w+") as fits:
        assert isinstance(fits.write(PIXELS, extname="x", header={"A": 1}), rf.ImageHDU)
        assert fits.write(np.ma.masked_array(PIXELS.astype("f4"), PIXELS == 5)).index == 1
        assert np.isnan(fits[1][1, 1])
        for data in ([1, 2], (1, 2), "x", 5, None, np.float64(3)):
            with pytest.raises(ValueError, match="write_image or write_table"):
                fits.write(data)
        assert len(fits) == 2


def test_write_image_takes_nested_lists(path):
    with rf.FITS(path, "w+") as fits:
        assert fits.write_image([[1, 2], [3, 4]]).dtype == "i8"
        assert np.array_equal(fits.write_image([[1.5, 2], [3, 4]], compress="GZIP_1").read(), [[1.5, 2], [3, 4]])


@pytest.mark.parametrize("compress", [None, "RICE_1"])
@pytest.mark.parametrize(
    "options, error",
    [
        (dict(dtype="c8", dims=(3,)), ValueError),
        (dict(dtype="f2", dims=(3,)), ValueError),
        (dict(dtype="?", dims=(3,)), ValueError),
        (dict(dtype="S3", dims=(3,)), ValueError),
        (dict(dtype="nonsense", dims=(3,)), TypeError),
        (dict(dtype="i2", dims=5), TypeError),
        (dict(dtype="i2", dims=(3.0,)), TypeError),
        (dict(dtype="i2", dims=(-1, 3)), ValueError),
        (dict(dtype="i2", dims=(3, 0)), ValueError),
        (dict(dtype="i2", dims=(3,), extver="x"), TypeError),
        (dict(dtype="i2", dims=(3,), blank=10**6), ValueError),
        (dict(dtype="i2", dims=(3,), blank=1.5), TypeError),
    ],
)
def test_refused_hdus_leave_nothing(path, compress, options, error):
    with rf.FITS(path, "w+") as fits:
        with pytest.raises(error):
            fits.create_image_hdu(compress=compress, **options)
        assert len(fits) == 0
    assert path.stat().st_size == 0


def test_handles_survive_the_growth_of_what_is_before_them(three):
    with rf.FITS(three, "r+") as fits:
        last, header, packed = fits[2], fits[2].header, fits[1]
        fits[0].header.update({f"KEY{i}": i for i in range(100)})
        assert three.stat().st_size % 2880 == 0
        assert np.array_equal(last.read(), PIXELS + 2) and np.array_equal(packed.read(), PIXELS + 1)
        header["AFTER"] = 5
        last[0, 0] = -1
        packed.write(PIXELS + 9)
        assert (last.index, packed.index) == (2, 1)
    with rf.FITS(three) as fits:
        assert fits[2].header["AFTER"] == 5 and fits[2][0, 0] == -1 and fits[0].header["KEY99"] == 99
        assert np.array_equal(fits[1].read(), PIXELS + 9) and np.array_equal(fits[0].read(), PIXELS)


# -- words ------------------------------------------------------------------------------------------------------------


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


def test_read(path):
    with rf.FITS(path, "w+") as fits:
        fits.write_image(PIXELS, compress="RICE_1", extname="A")
        fits.write_image(PIXELS + 1, extname="B")
    assert np.array_equal(rf.read(path), PIXELS)  # the empty primary is passed over
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


def test_read_without_anything_to_read(path):
    with rf.FITS(path, "w+") as fits:
        fits.create_image_hdu("i2", ())
        fits.create_image_hdu("i2", (0, 4))
    with pytest.raises(ValueError, match="no HDU with data"):
        rf.read(path)
    assert rf.read(path, 1).shape == (0, 4)


def test_read_refuses_ascii_tables(real_files):
    with pytest.raises(ValueError, match="only images can be read yet"):
        rf.read(real_files / "horsehead_i2.fits", 1)


def test_read_header(three):
    assert rf.read_header(three)["NAXIS1"] == 4
    header = rf.read_header(three, "sci")
    assert header["ZCMPTYPE"] == "RICE_1"
    with pytest.raises(OSError):
        header["A"] = 1
    for ext in (9, "nope"):
        with pytest.raises(ValueError):
            rf.read_header(three, ext)


def test_write(path):
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


# -- names of files ---------------------------------------------------------------------------------------------------


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
def test_names_are_taken_as_they_are(tmp_path, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with rf.FITS(name, "w+") as fits:
        fits.write_image(PIXELS, compress=rf.Rice1())
    with rf.FITS(name, "r+") as fits:
        fits[0].header["A"] = 1
        fits.write_image(PIXELS)
    with rf.FITS(name) as fits:
        assert len(fits) == 3 and fits[0].header["A"] == 1
    assert os.listdir(tmp_path) == [name] and (tmp_path / name).read_bytes().startswith(b"SIMPLE")


def test_another_working_folder_is_another_matter(three, tmp_path, monkeypatch):
    monkeypatch.chdir(three.parent)
    with rf.FITS(three.name, "r+") as fits:
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        monkeypatch.chdir(elsewhere)
        fits[0].header["A"] = 1
        assert not list(elsewhere.iterdir())
    assert rf.read_header(three)["A"] == 1


def test_file_that_was_replaced_is_left_alone(three):
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


@pytest.mark.parametrize("data", [5, 2.5, np.float32(1), np.array(3)])
def test_single_numbers_are_no_images(path, data):
    with rf.FITS(path, "w+") as fits:
        for compress in (None, "GZIP_1"):
            with pytest.raises(ValueError):
                fits.write_image(data, compress=compress)
        assert len(fits) == 0


@pytest.mark.parametrize(
    "dtype, dims, compress",
    [
        ("u1", (2**62, 2**62), None),
        ("f8", (2**61,), None),
        ("f8", (2**40, 2**22), "GZIP_1"),
        ("i2", (2,) * 7, "RICE_1"),
    ],
)
def test_sizes_that_cannot_be(path, dtype, dims, compress):
    with rf.FITS(path, "w+") as fits:
        with pytest.raises(ValueError):
            fits.create_image_hdu(dtype, dims, compress=compress)
        assert len(fits) == 0 and path.stat().st_size == 0


def test_handles_that_nobody_closed_do_not_matter(path):
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
def test_a_handle_never_closed_does_not_catch_what_others_write(tmp_path, forgotten):
    """cfitsio takes an open file of the same name for the same file, even one that has been replaced since."""
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


def test_a_file_that_grew_behind_a_writers_back_is_not_written_over(tmp_path):
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
def test_files_never_closed_are_closed_when_forgotten(tmp_path):
    def open_files():
        gc.collect()
        return len(os.listdir("/proc/self/fd"))

    before = open_files()
    for number in range(50):
        rf.FITS(tmp_path / f"{number}.fits", "w+").write_image(np.zeros((2, 2), "i2"))
    assert open_files() <= before + 2


def test_reading_a_table_says_that_it_is_one(tmp_path):
    cards = ["XTENSION= 'BINTABLE'", "BITPIX  = 8", "NAXIS   = 2", "NAXIS1  = 4", "NAXIS2  = 1", "PCOUNT  = 0",
             "GCOUNT  = 1", "TFIELDS = 1", "TFORM1  = '1J'", "END"]  # fmt: skip
    primary = ["SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 0", "END"]
    text = "".join("".join(f"{card:<80}" for card in part).ljust(2880) for part in (primary, cards))
    (tmp_path / "t.fits").write_bytes(text.encode() + bytes(2880))
    with pytest.raises(ValueError, match=r"t\.fits: HDU 1 is no image \(table\), and only images can be read yet"):
        rf.read(tmp_path / "t.fits")
