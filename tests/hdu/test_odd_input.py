"""Wrong or unusual input from users: it is stored as intended, or refused with a helpful message."""

import copy
import os
import pickle

import numpy as np
import pytest

import rustfits_cffi as rf

PIXELS = np.arange(24, dtype="i4").reshape(4, 6)


# -- pixels -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [(), ...])
def test_no_pixel_of_an_hdu_without_axes_is_read_or_written(path, key):
    """The primary HDU before a compressed image has no pixels; its header is followed by that of the next HDU."""
    with rf.FITS(path, "w+") as fits:
        fits.write_image(PIXELS, compress="RICE_1")
    before = path.read_bytes()
    with rf.FITS(path, "r+") as fits:
        for touch in (lambda: fits[0][key], lambda: fits[0].__setitem__(key, 7), lambda: fits[0].write(np.uint8(7))):
            with pytest.raises(ValueError, match=r"no data|does not match"):
                touch()
        with pytest.raises(ValueError, match="no data"):
            fits[0].write(np.zeros((), f"i{fits[0].bitpix // 8}"))
    assert path.read_bytes() == before


@pytest.mark.parametrize("dtype", ["u1", "i4", "u2", "f4"])
@pytest.mark.parametrize("value", ["5", b"5", None, 1j, [], np.datetime64("2020-01-01"), np.str_("5")])
def test_values_that_are_not_numbers_are_refused_by_name(opened, dtype, value):
    hdu = opened(PIXELS.astype(dtype), "r+")
    with pytest.raises((TypeError, ValueError), match=r"HDU 0: pixels of type ..|shape|dtype"):
        hdu[1:3] = value
    assert np.array_equal(hdu.read(), PIXELS)


@pytest.mark.parametrize("value", [5.5, 5.0, np.float32(5), "5"])
def test_integer_pixels_take_integers_only(opened, value):
    with pytest.raises(TypeError, match=r"HDU 0: pixels of type i4 cannot hold .*5.*, a (float|str)"):
        opened(PIXELS, "r+")[0] = value


def test_text_is_not_a_number_for_scaled_pixels(opened):
    hdu = opened(PIXELS, "r+", header={"BUNIT": "Jy"})
    hdu.header["BSCALE"] = 0.5
    with pytest.raises(TypeError, match="pixels of type f8 cannot hold '5', a str"):
        hdu[0] = "5"


@pytest.mark.parametrize("blank, dtype", [(-1, "i4"), (None, "f4")])
def test_the_masked_constant_undefines_pixels(opened, dtype, blank):
    hdu = opened(PIXELS.astype(dtype), "r+", blank=blank)
    hdu[1:3, 2] = np.ma.masked
    expected = PIXELS.astype(dtype)
    expected[1:3, 2] = np.nan if blank is None else blank
    assert np.array_equal(hdu.read(), expected, equal_nan=blank is None)


def test_the_masked_constant_needs_a_blank_value(opened):
    with pytest.raises(ValueError, match="need a blank value"):
        opened(PIXELS, "r+")[0] = np.ma.masked


def test_leading_axes_of_length_one_are_left_out_as_in_numpy(opened):
    hdu = opened(PIXELS, "r+", blank=-1)
    hdu[1:3] = np.full((1, 1, 2, 6), 9, "i4")
    hdu[3] = np.ma.MaskedArray(np.full((1, 6), 8, "i4"), mask=[[1, 0, 0, 0, 0, 0]])
    expected = PIXELS.copy()
    expected[1:3], expected[3] = 9, [-1, 8, 8, 8, 8, 8]
    assert np.array_equal(hdu.read(), expected)


@pytest.mark.parametrize("compress", [None, "GZIP_2"])
def test_steps_may_have_any_size(opened, compress):
    hdu = opened(PIXELS, compress=compress)
    assert np.array_equal(hdu[:: 10**30, 2 :: 2**63], PIXELS[::4, 2::6])


def test_a_pixel_that_a_codec_cannot_store_is_reported_with_file_hdu_and_tile(opened, path):
    """Both in a new HDU and in one that is rewritten."""
    mask = PIXELS.copy()
    hdu = opened(mask, "r+", compress=rf.Plio1())
    mask[2, 3] = -5
    with rf.FITS(path.with_name("b.fits"), "w+") as fits:
        for name, write in (
            ("image0.fits", lambda: hdu.write(mask)),
            ("b.fits", lambda: fits.write_image(mask, compress="PLIO")),
        ):
            with pytest.raises(rf.TileError, match=rf"{name}, HDU 1, tile 2: PLIO_1 cannot store .* -5; use") as caught:
                write()
            assert caught.value.file.endswith(name) and (caught.value.hdu, caught.value.tile) == (1, 2)


@pytest.mark.parametrize("dtype", ["i8", "u8", "f4"])
@pytest.mark.parametrize("shape", [(20,), (4, 5, 6)])
def test_hcompress_checks_the_number_of_axes_first(path, dtype, shape):
    with rf.FITS(path, "w+") as fits, pytest.raises(ValueError, match="2-D"):
        fits.write_image(np.zeros(shape, dtype), compress=rf.Hcompress1())


# -- headers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key, value, words",
    [
        ("OBSERVER", "é", r"OBSERVER: the value holds 'é'"),
        ("observer", (5, "a\nb"), r"OBSERVER: the comment holds '\\n'"),
        ("OBSERVER", [1, 2], r"OBSERVER: unsupported value type list"),
        ("OBSERVER", np.datetime64("2020-01-01"), r"OBSERVER: unsupported value type datetime64"),
        ("OBSERVER", (1, 2, 3), r"OBSERVER: a header value is .* not a tuple of 3"),
        ("OBSERVER", ("s" * 80, "c" * 65), r"OBSERVER: the comment has 65 characters"),
        ("ESO DET NAME", 10**70, r"ESO DET NAME: HIERARCH card too long"),
    ],
)
def test_a_value_that_no_card_can_hold_is_reported_with_its_key(opened, path, key, value, words):
    header = opened(PIXELS, "r+").header
    before = header.cards
    for set_it in (lambda: header.__setitem__(key, value), lambda: header.update({"A": 1, key: value})):
        with pytest.raises(ValueError, match=words):
            set_it()
    with rf.FITS(path.with_name("b.fits"), "w+") as fits, pytest.raises(ValueError, match=words):
        fits.write_image(PIXELS, header={"A": 1, key: value})
    assert header.cards == before


def test_a_comment_that_no_card_can_hold_is_reported_with_its_key(opened):
    header = opened(PIXELS, "r+", header={"OBSERVER": "s" * 80}).header
    for comment, words in (("é", "holds 'é'"), ("c" * 65, "has 65 characters")):
        with pytest.raises(ValueError, match=f"OBSERVER: the comment {words}"):
            header.set_comment("OBSERVER", comment)


@pytest.mark.parametrize("compress", [None, "RICE_1"])
@pytest.mark.parametrize(
    "dtype, blank, header", [("u2", None, {"BZERO": 0}), ("i1", None, {"bscale": 2}), ("i4", -1, {"BLANK": 5})]
)
def test_keywords_that_contradict_the_pixels_are_refused(path, dtype, blank, header, compress):
    with rf.FITS(path, "w+") as fits:
        with pytest.raises(ValueError, match=f"{next(iter(header)).upper()} must be .*: it follows from dtype"):
            fits.write_image(PIXELS.astype(dtype), blank=blank, header=header, compress=compress)
        assert len(fits) == 0
        kept = fits.write_image(PIXELS, header={"BSCALE": 2.0, "BZERO": 1.0, "BLANK": 5}, compress=compress).header
        assert [kept["BSCALE"], kept["BZERO"], kept["BLANK"]] == [2.0, 1.0, 5]


@pytest.mark.parametrize("compress", [None, "RICE_1"])
def test_keywords_that_agree_with_the_pixels_change_nothing(path, compress):
    """They come along when a program copies the cards of another image into a dict."""
    files = []
    for header in ({"BZERO": 32768.0, "bscale": (1, "no scale"), "BLANK": -32768, "OBJECT": "M31"}, {"OBJECT": "M31"}):
        with rf.FITS(path, "w+") as fits:
            fits.write_image(PIXELS.astype("u2"), blank=0, header=header, compress=compress)
        files.append(path.read_bytes())
    assert files[0] == files[1]


@pytest.mark.parametrize("key", ["", " ", "COMMENT", "history"])
def test_commentary_has_no_comment_whether_there_is_any_or_not(opened, key):
    with pytest.raises(ValueError, match="commentary keyword"):
        opened(PIXELS).header.comment_of(key)


@pytest.mark.parametrize("key", [5, None, b"NAXIS", ("A", 1)])
def test_only_text_can_be_a_protected_key(key):
    with pytest.raises(TypeError, match="header keys are str"):
        rf.is_protected_key(key)


# -- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [5, None, 1.5, b"a.fits", bytearray(b"a.fits"), ["a.fits"]])
def test_a_filename_of_another_type_is_refused_with_the_type(name):
    with pytest.raises(TypeError, match=f"filename must be str or a path of str, not {type(name).__name__}"):
        rf.FITS(name)


@pytest.mark.parametrize("mode", ["r", "r+", "w+"])
@pytest.mark.parametrize("name", ["http://host/a.fits", "HTTPS://host/a", "ftp://host/a"])
def test_urls_are_not_opened_yet_and_are_read_only(tmp_path, monkeypatch, name, mode):
    monkeypatch.chdir(tmp_path)
    error, words = (NotImplementedError, "only local files") if mode == "r" else (OSError, "read-only")
    with pytest.raises(error, match=f"{name}: .*{words}"):
        rf.FITS(name, mode)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("mode", ["r", "r+", "w+"])
def test_a_pipe_is_refused(tmp_path, mode):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match=r"pipe: not a regular file|No such device"):
        rf.FITS(tmp_path / "pipe", mode)


@pytest.mark.parametrize(
    "data, options, error",
    [
        ([1, 2], {}, ValueError),
        ({"A": PIXELS}, {}, NotImplementedError),
        (np.zeros(3, [("A", "i4")]), {}, NotImplementedError),
        (PIXELS > 3, {}, ValueError),
        (np.zeros(3, "c8"), {}, ValueError),
        (np.array(3), {}, ValueError),
        (np.ma.masked_equal(PIXELS, 3), {}, ValueError),
        (PIXELS, {"extname": 5}, TypeError),
        (PIXELS, {"extname": "é"}, ValueError),
        (PIXELS, {"header": {"NAXIS": 3}}, ValueError),
        (PIXELS, {"header": [1]}, ValueError),
    ],
)
def test_data_that_cannot_be_written_do_not_destroy_the_old_file(three, data, options, error):
    before = three.read_bytes()
    for mode in ("w+", "r+"):
        with pytest.raises(error):
            rf.write(three, data, mode=mode, **options)
        assert three.read_bytes() == before


def test_open_files_are_not_pickled_or_copied(three):
    with rf.FITS(three) as fits:
        for held in (fits, fits[0], fits[1], fits[0].header):
            for spread in (pickle.dumps, copy.deepcopy):
                with pytest.raises(TypeError, match="an open file can neither be pickled nor copied; open it again"):
                    spread(held)


def test_unknown_attributes_cannot_be_set(three):
    """A misspelt attribute would silently have no effect."""
    with rf.FITS(three) as fits:
        for held in (fits, *fits, fits[0].header):
            with pytest.raises(AttributeError, match="data"):
                held.data = PIXELS


# -- tables: not implemented yet --------------------------------------------------------------------------------------


def test_tables_open_with_their_own_classes(real_files):
    with rf.FITS(real_files / "kepler_lightcurve_table.fits") as fits:
        table = fits[1]
        assert type(table) is rf.TableHDU and table.header["TFIELDS"] > 3
        assert "BINARY_TBL" in repr(fits) and "type: BINARY_TBL" in repr(table)
        for use in (table.read, lambda: table[0], lambda: list(table), lambda: table.append(None)):
            with pytest.raises(NotImplementedError, match=r"table\.fits, HDU 1: tables cannot be read or written yet"):
                use()


@pytest.mark.parametrize("name", ["write", "write_table", "create_table_hdu", "create_ascii_table_hdu"])
def test_tables_cannot_be_written_yet(path, name):
    with rf.FITS(path, "w+") as fits:
        with pytest.raises(NotImplementedError, match="tables cannot be written yet, only images"):
            getattr(fits, name)({"A": PIXELS}, extname="A")
        assert len(fits) == 0
