"""HDUs deleted, copied and moved: what the file has afterwards, and what becomes of objects from before."""

import threading

import astropy.io.fits
import fitsio
import numpy as np
import pytest

import rustfits_cffi as rf
from rustfits_cffi import reference
from tests.conftest import at_work
from tests.edits.changes import MANY, PIXELS, ROWS, made

EXPECTED = {"first": PIXELS, "packed": PIXELS * 3, "last": PIXELS + 7}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.fits"
    path.write_bytes(made("three"))
    return path


def names_of(path):
    """EXTNAMEs, after checks by astropy and by cfitsio."""
    with astropy.io.fits.open(path) as theirs:
        theirs.verify("exception")
        names = [hdu.name or None for hdu in theirs]
    with fitsio.FITS(str(path)) as theirs:
        assert len(theirs) == len(names)
    with rf.FITS(path) as fits:
        for number, hdu in enumerate(fits):
            if hdu.has_data:
                assert np.array_equal(hdu.read(), reference.read_image(path, number))
    return [None if name in (None, "PRIMARY") else name.lower() for name in names]


def card(text):
    return f"{text:<80}".encode()


def header(*cards):
    raw = b"".join(map(card, [*cards, "END"]))
    return raw.ljust(-(-len(raw) // 2880) * 2880)


# -- deleting ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "gone, left", [(0, [None, "packed", "last"]), (1, ["first", "last"]), (-1, ["first", "packed"])]
)
def test_deleting(path, gone, left):
    with rf.FITS(path, "r+") as fits:
        hdus, headers = fits.hdus, [hdu.header for hdu in fits]
        del fits[gone]
        assert [hdu.extname for hdu in fits] == left
        for name, hdu, view in zip(EXPECTED, hdus, headers, strict=True):
            if name in left:
                assert fits[name] is hdu and hdu.index == left.index(name) and view["EXTNAME"] == name
                assert np.array_equal(hdu.read(), EXPECTED[name])
                view["MARK"] = name
            else:
                assert name not in fits
                for use in (
                    hdu.read, lambda hdu=hdu: hdu[0, 0], lambda hdu=hdu: hdu.index, lambda hdu=hdu: hdu.extname,
                    lambda view=view: view["EXTNAME"], lambda view=view: view.update({"A": 1}),
                    lambda hdu=hdu: hdu.shape,
                    lambda hdu=hdu: hdu.write(PIXELS), lambda hdu=hdu: fits.copy_hdu(hdu),
                ):  # fmt: skip
                    with pytest.raises(OSError, match="deleted"):
                        use()
    assert names_of(path) == left
    with rf.FITS(path) as fits:
        assert [hdu.header.get("MARK") for hdu in fits] == left


def test_deleting_by_name_and_version(path):
    with rf.FITS(path, "r+") as fits:
        fits.write_image(PIXELS, extname="last", extver=9)
        del fits["LAST", 9]
        assert fits["last"].extver == 3
        del fits[b"last"]
        with pytest.raises(ValueError, match="last"):
            fits["last"]
        fits.write_image(PIXELS + 1, extname="last", extver=4)
        assert fits["last"].index == 2 and ("last", 3) not in fits and fits["last", 4] is fits[2]


def test_deleting_all(path):
    with rf.FITS(path, "r+") as fits:
        for _ in range(4):
            del fits[-1]
        assert len(fits) == 1 and not fits[0].has_data
        fits.write_image(PIXELS, extname="new", compress=ROWS)
    assert names_of(path) == [None, "new"]


@pytest.mark.parametrize("key", [3, -4, "no", ("last", 8), 10**30])
def test_what_is_not_there_is_refused(path, key):
    before = path.read_bytes()
    with rf.FITS(path, "r+") as fits:
        for change in (lambda: fits.__delitem__(key), lambda: fits.move_hdu(key, 1)):
            with pytest.raises(ValueError) as caught:
                change()
            assert isinstance(caught.value, IndexError) == isinstance(key, int)
    assert path.read_bytes() == before


def test_read_only_files_are_refused(path):
    before = path.read_bytes()
    with rf.FITS(path) as fits:
        for change in (
            lambda: fits.__delitem__(1), lambda: fits.move_hdu(1, 2), lambda: fits.copy_hdu(fits[0]),
            lambda: fits.atomic().__enter__(),
        ):  # fmt: skip
            with pytest.raises(OSError, match="read-only"):
                change()
    assert path.read_bytes() == before


@pytest.mark.parametrize("change", [
    lambda fits: fits.__delitem__(2), lambda fits: fits.__delitem__(0), lambda fits: fits.move_hdu(2, 1),
    lambda fits: fits.copy_hdu(fits[2]), lambda fits: fits["first"].header.update(MANY),
    lambda fits: fits["packed"].write(PIXELS * 3), lambda fits: fits.write_image(PIXELS, extname="new"),
])  # fmt: skip
def test_a_last_block_that_is_cut_is_filled_up(path, change):
    path.write_bytes(made("unpadded"))
    with rf.FITS(path, "r+") as fits:
        change(fits)
        for name, pixels in EXPECTED.items():
            assert name not in fits or np.array_equal(fits[name].read(), pixels)
    assert path.stat().st_size % 2880 == 0
    names_of(path)


# -- moving -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", range(1, 5))
@pytest.mark.parametrize("to", range(1, 5))
def test_moving(path, key, to):
    with rf.FITS(path, "r+") as fits:
        for extra in ("d", "e"):
            fits.write_image(PIXELS, extname=extra)
        hdus = fits.hdus
        expected = [hdu.extname for hdu in hdus]
        expected.insert(to, expected.pop(key))
        fits.move_hdu(key, to - len(fits))
        assert [hdu.extname for hdu in fits] == expected
        assert all(fits[hdu.extname] is hdu and hdu.index == expected.index(hdu.extname) for hdu in hdus)
        assert np.array_equal(fits["packed"].read(), PIXELS * 3)
    assert names_of(path) == expected


def test_the_first_hdu_stays(path):
    before = path.read_bytes()
    with rf.FITS(path, "r+") as fits:
        for key, to in ((0, 1), (1, 0), ("last", -3)):
            with pytest.raises(ValueError, match="first HDU"):
                fits.move_hdu(key, to)
        fits.move_hdu(0, 0)
        with pytest.raises(IndexError):
            fits.move_hdu(1, 3)
    assert path.read_bytes() == before


# -- copying ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", EXPECTED)
@pytest.mark.parametrize("own", [True, False], ids=["own", "other"])
def test_copying(path, tmp_path, key, own):
    other = tmp_path / "b.fits"
    other.write_bytes(made("unpadded"))
    with rf.FITS(path, "r+") as fits, rf.FITS(other) as source:
        hdu = (fits if own else source)[key]
        new = fits.copy_hdu(hdu)
        assert new.index == 3 and new is not hdu and np.array_equal(new.read(), EXPECTED[key])
        keys = {"SIMPLE", "XTENSION", "EXTEND", "PCOUNT", "GCOUNT"}
        cards = [[line for line in each.header.cards if line[:8].strip() not in keys] for each in (hdu, new)]
        assert cards[0] == cards[1]
        if key != "first":
            assert new.header.cards == hdu.header.cards
    assert names_of(path) == ["first", "packed", "last", key]


@pytest.mark.parametrize("key", EXPECTED)
def test_copying_into_a_new_file(path, tmp_path, key):
    with rf.FITS(path) as source, rf.FITS(tmp_path / "b.fits", "w+") as fits:
        new = fits.copy_hdu(source[key])
        assert new.index == (key == "packed") and np.array_equal(new.read(), EXPECTED[key])
        assert fits.copy_hdu(source["last"]).index == new.index + 1
    assert names_of(tmp_path / "b.fits") == [*([None] if key == "packed" else []), key, "last"]


def test_copying_tables_byte_for_byte(path, tmp_path):
    table = np.zeros(7, [("x", "f4"), ("name", "S5")])
    table["x"] = range(7)
    fitsio.write(str(tmp_path / "b.fits"), table)
    with rf.FITS(path, "r+") as fits, rf.FITS(tmp_path / "b.fits") as source:
        fits.copy_hdu(source[1])
    assert path.read_bytes().endswith((tmp_path / "b.fits").read_bytes()[2880:])
    assert fitsio.read(str(path), ext=3)["x"].tolist() == list(range(7))


ODD = {
    "axes in no order": ("NAXIS2  = 3", "BITPIX  = 16", "NAXIS1  = 2", "NAXIS   = 2", "BSCALE  = 1"),
    "counts": ("BITPIX  = 16", "NAXIS   = 2", "NAXIS1  = 2", "NAXIS2  = 3", "PCOUNT  = 1500", "GCOUNT  = 2"),
    "extend first": ("EXTEND  = T", "BITPIX  = 16", "NAXIS   = 2", "COMMENT NAXIS", "NAXIS1  = 2", "NAXIS2  = 3"),
    "no axes": ("BITPIX  = 8", "NAXIS   = 0", "NAXIS1  = 5", "NAXISX  = 7"),
    "end that is none": ("BITPIX  = 16", "NAXIS   = 2", "NAXIS1  = 2", "NAXIS2  = 3", "END     = 3", "AFTER   = 4"),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_first_hdus_are_copied_whole(path, tmp_path, name):
    data = np.arange(6, dtype=">i2").tobytes()
    if name == "counts":
        data = data.ljust(2 * 2 * 1506, b"x")
    other = tmp_path / "b.fits"
    raw = header("SIMPLE  = T", *ODD[name], "KEPT    = 'yes'") + data.ljust(-(-len(data) // 2880) * 2880, b"\0")
    other.write_bytes(raw if name != "no axes" else raw[:2880])
    with rf.FITS(path, "r+") as fits, rf.FITS(other) as source, rf.FITS(tmp_path / "c.fits", "w+") as third:
        new = fits.copy_hdu(source[0])
        assert new.header["KEPT"] == "yes" and new.shape == source[0].shape and new.header["XTENSION"] == "IMAGE"
        back = third.copy_hdu(new)
        assert back.index == 0 and back.header["KEPT"] == "yes" and back.header["SIMPLE"] is True
        assert third._directory[0].structure.data_nbytes == source._directory[0].structure.data_nbytes
        third.write_image(PIXELS)
        if new.has_data:
            assert new[0].tolist() == back[0].tolist() == [0, 1]
        fits.write_image(PIXELS)
    with rf.FITS(path) as fits, rf.FITS(tmp_path / "c.fits") as third:
        assert len(fits) == 5 and len(third) == 2
        assert np.array_equal(fits[4].read(), PIXELS) and np.array_equal(third[1].read(), PIXELS)


def test_random_groups_can_only_be_first(path, tmp_path):
    cards = ("SIMPLE  = T", "BITPIX  = 16", "NAXIS   = 2", "NAXIS1  = 0", "NAXIS2  = 3", "GROUPS  = T", "PCOUNT  = 1")
    (tmp_path / "b.fits").write_bytes(header(*cards, "GCOUNT  = 2") + bytes(2880))
    before = path.read_bytes()
    with rf.FITS(tmp_path / "b.fits") as source:
        with rf.FITS(path, "r+") as fits, pytest.raises(NotImplementedError, match="random groups"):
            fits.copy_hdu(source[0])
        with rf.FITS(tmp_path / "c.fits", "w+") as fits:
            fits.copy_hdu(source[0])
    assert path.read_bytes() == before
    assert (tmp_path / "c.fits").read_bytes() == (tmp_path / "b.fits").read_bytes()


def test_what_is_truncated_is_not_copied(path, tmp_path):
    (tmp_path / "b.fits").write_bytes(made("three")[:-2880])
    before = path.read_bytes()
    with rf.FITS(path, "r+") as fits, rf.FITS(tmp_path / "b.fits") as source:
        with pytest.raises(OSError, match="HDU 2: truncated"):
            fits.copy_hdu(source[2])
        assert path.read_bytes() == before and fits.copy_hdu(source[1]).index == 3


@pytest.mark.parametrize("thing", [None, 1, "packed", PIXELS])
def test_only_hdus_are_copied(path, thing):
    with rf.FITS(path, "r+") as fits, pytest.raises(TypeError, match="copy_hdu"):
        fits.copy_hdu(thing)


# -- atomic changes ---------------------------------------------------------------------------------------------------


def test_an_atomic_block_that_raises_changes_nothing(path):
    before = path.read_bytes()
    with rf.FITS(path, "r+") as fits:
        hdus = fits.hdus
        with pytest.raises(RuntimeError, match="mine"), fits.atomic():
            fits["packed"].write(PIXELS)
            assert np.array_equal(fits["packed"].read(), PIXELS)
            fits["first"].header["A"] = 1
            del fits["last"]
            new = fits.write_image(PIXELS, extname="new")
            fits.move_hdu("new", 1)
            assert path.read_bytes() == before
            raise RuntimeError("mine")
        assert path.read_bytes() == before and fits.hdus == hdus
        assert all(np.array_equal(fits[name].read(), pixels) for name, pixels in EXPECTED.items())
        assert "A" not in fits[0].header
        with pytest.raises(OSError, match="deleted"):
            new.read()


def test_atomic_blocks_are_not_nested_and_the_outer_one_goes_on(path):
    with rf.FITS(path, "r+") as fits:
        with fits.atomic():
            fits[0].header["A"] = 1
            with pytest.raises(OSError, match="begun already"), fits.atomic():
                pass
            fits[0].header["B"] = 2
        with fits.atomic():
            fits[0].header["C"] = 3
    assert [rf.read_header(path)[key] for key in "ABC"] == [1, 2, 3]


def test_a_file_closed_within_an_atomic_block_is_unchanged(path):
    before = path.read_bytes()
    with pytest.raises(OSError, match="closed"), rf.FITS(path, "r+") as fits, fits.atomic():
        fits[0].header["A"] = 1
        fits.close()
    assert path.read_bytes() == before and [file.name for file in path.parent.iterdir()] == ["a.fits"]


def test_an_atomic_block_in_which_a_change_failed_midway_is_not_made_final(path):
    before = path.read_bytes()
    with rf.FITS(path, "r+") as fits:
        with pytest.raises(OSError, match="midway"), fits.atomic():
            fits[0].header["A"] = 1
            fits._handle.taint()
        assert path.read_bytes() == before
        fits[0].header["B"] = 1  # the file itself was never touched
    assert "A" not in rf.read_header(path)


# -- threads ----------------------------------------------------------------------------------------------------------


def test_readers_in_other_threads_see_old_or_new_hdus(path):
    """While HDUs come, go and move, objects and names lead to the right ones."""
    ended = threading.Event()
    with rf.FITS(path, "r+") as fits:
        held = {name: fits[name] for name in ("first", "last")}

        def read(name):
            count = 0
            while not ended.is_set() or not count:
                hdu = held[name]
                assert hdu.header["EXTNAME"] == name and hdu.extname == name and fits[name] is hdu
                assert np.array_equal(hdu.read(), EXPECTED[name])
                assert [each.extname for each in fits.hdus].count(name) == 1
                count += 1

        with at_work(read, ["first", "last"] * 2):
            try:
                for round in range(15):
                    fits.copy_hdu(fits["packed"])
                    del fits["packed"]
                    fits.move_hdu("last", len(fits) - 1)
                    fits["first"].header.update({f"R{round}K{i}": i for i in range(20)})
                    fits["packed"].write(PIXELS * round)
            finally:
                ended.set()


def test_two_threads_that_add_the_first_hdu(tmp_path):
    for number in range(20):
        path = tmp_path / f"{number}.fits"
        with (
            rf.FITS(path, "w+") as fits,
            at_work(lambda codec, fits=fits: fits.write_image(PIXELS, compress=codec), [None, ROWS, None]),
        ):
            pass
        with rf.FITS(path) as fits:
            assert sum(hdu.has_data for hdu in fits) == 3


def test_two_threads_that_copy_between_two_files(path, tmp_path):
    other = tmp_path / "b.fits"
    other.write_bytes(made("three"))
    with rf.FITS(path, "r+") as first, rf.FITS(other, "r+") as second:
        hdus = {id(first): first["packed"], id(second): second["packed"]}

        def copy(pair):
            for _ in range(20):
                pair[0].copy_hdu(hdus[id(pair[1])])

        with at_work(copy, [(first, second), (second, first)]):
            pass
        assert len(first) == len(second) == 23
