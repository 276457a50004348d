"""FITSHeader as users see it: reading, changing and growing it, and how other programs read the file.

The rules of single cards are tested in tests/format.
"""

import numpy as np
import pytest

import rustfits_cffi as rf

PIXELS = np.arange(12, dtype="i2").reshape(3, 4)


@pytest.fixture(params=["primary", "extension", "compressed"])
def header(request, path):
    """The header of a writable HDU that another HDU follows."""
    with rf.FITS(path, "w+") as fits:
        if request.param == "extension":
            fits.write_image(PIXELS)
        hdu = fits.write_image(PIXELS, extname="H", compress="RICE_1" if request.param == "compressed" else None)
        fits.write_image(PIXELS + 1, extname="BEHIND")
        yield hdu.header
        if not fits.closed:
            assert np.array_equal(hdu.read(), PIXELS) and np.array_equal(fits["BEHIND"].read(), PIXELS + 1)
    with rf.FITS(path) as fits:
        assert np.array_equal(fits["H"].read(), PIXELS) and np.array_equal(fits["BEHIND"].read(), PIXELS + 1)
    assert path.stat().st_size % 2880 == 0


def again(path):
    """The header as a new handle reads it."""
    return rf.read_header(path, "H")


VALUES = {
    "true": True,
    "false": False,
    "zero": 0,
    "negative": -(2**63),
    "large": 2**64 - 1,
    "half": 0.5,
    "tiny": 1e-300,
    "huge": 1e300,
    "third": 1 / 3,
    "negzero": -0.0,
    "exact": 123456789.123456789,
    "complex": 3 - 4.5j,
    "text": "O'Hara's  / x",
    "empty": "",
    "leading": "  x",
    "number": "1.0",
    "amp": "end&",
    "long": "word " * 60,
    "quotes": "'" * 100,
    "logical": "T",
}


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("key", ["KEY", "A long HIERARCH key"])
def test_values_come_back(header, path, name, key):
    value = VALUES[name]
    expected = value.rstrip() if isinstance(value, str) else value
    if name == "number" and "long" in key:
        header[key] = (value, "with a comment")
        assert header.comment_of(key) == "with a comment"
    else:
        header[key] = value
    for source in (header, again(path)):
        result = source[key]
        assert result == expected and type(result) is type(expected), source.cards
        assert key in source and source.get(key) == expected and key.upper() in [k.upper() for k in source]
    assert all(len(card) <= 80 for card in header.cards)


@pytest.mark.parametrize(
    "value",
    [
        np.int16(-5),
        np.uint64(2**64 - 1),
        np.array(7),
        np.float32(0.1),
        np.float64(2.5),
        np.str_("x"),
        np.bool_(True),
        np.complex64(1 + 2j),
    ],
)
def test_numpy_values_are_stored_as_python_values(header, path, value):
    header["KEY"] = value
    result = again(path)["KEY"]
    assert result == value and type(result) in (int, float, str, bool, complex)
    assert isinstance(result, bool) == isinstance(value, np.bool_)


@pytest.mark.parametrize(
    "value",
    [
        b"x",
        [1, "c"],
        {},
        (1,),
        (1, "c", 2),
        (1, 5),
        np.array([1, 2]),
        object(),
        "é",
        "a\nb",
        "a\x00",
        ("x", "é"),
        (1, "a\tb"),
    ],
)
def test_values_that_no_card_can_hold_are_refused(header, value):
    before = header.cards
    with pytest.raises((ValueError, TypeError)):
        header["KEY"] = value
    assert header.cards == before and "KEY" not in header


@pytest.mark.parametrize(
    "key",
    [
        "BAD*",
        "A#",
        "A/B",
        "A=B",
        "A'B",
        "A\tB",
        "É",
        "A.B",
        "HIERARCH",
        "hierarch",
        "",
        "COMMENT",
        "HISTORY",
        "   ",
        "CONTINUE",
        "END",
    ],
)
def test_invalid_keys_are_refused(header, key):
    before = header.cards
    with pytest.raises(ValueError):
        header[key] = 1
    assert header.cards == before


@pytest.mark.parametrize("key", [5, None, b"KEY", ("A", 1)])
def test_keys_must_be_text(header, key):
    actions = [
        lambda: header[key],
        lambda: header.get(key),
        lambda: key in header,
        lambda: header.__setitem__(key, 1),
        lambda: header.__delitem__(key),
        lambda: header.comment_of(key),
    ]
    for action in actions:
        with pytest.raises(TypeError):
            action()


def test_structure_is_protected(header):
    before = header.cards
    for key in ("BITPIX", "naxis", " NAXIS1 ", "PCOUNT", "ZIMAGE", "ZTILE1", "TFORM1", "CHECKSUM", "END"):
        for action in (lambda key=key: header.__setitem__(key, 1), lambda key=key: header.update({key: 1})):
            with pytest.raises(ValueError, match="." if key == "END" else "protected"):
                action()
    for key in ("BITPIX", "NAXIS", "NAXIS1"):
        with pytest.raises(ValueError, match="protected"):
            del header[key]
        with pytest.raises(ValueError, match="protected"):
            header.set_comment(key, "x")
    with pytest.raises(ValueError, match="protected"):
        header.update({"GOOD": 1, "NAXIS": 2})
    assert header.cards == before


def test_position_and_comment_are_kept(header, path):
    header.update({"A": (1, "one"), "B": (2, "two"), "C": 3})
    header["B"] = 22
    assert header.comment_of("B") == "two" and header["b"] == 22
    assert [key for key in header if key in "ABC"] == ["A", "B", "C"]
    header["B"] = (5, "")
    assert header.comment_of("B") == ""
    header.set_comment("A", "new")
    assert header["A"] == 1 and again(path).comment_of("A") == "new"
    del header["B"]
    assert "B" not in again(path) and again(path)["C"] == 3
    for action in (
        lambda: header["B"],
        lambda: header.__delitem__("B"),
        lambda: header.set_comment("B", "x"),
        lambda: header.comment_of("B"),
    ):
        with pytest.raises(KeyError):
            action()
    assert header.get("B") is None and header.get("B", 5) == 5


def test_long_strings_are_chained_and_replaced_whole(header, path):
    header["LONG"] = ("x'y " * 80, "the comment")
    assert sum(card.startswith("CONTINUE") for card in header.cards) >= 4
    assert again(path)["LONG"] == ("x'y " * 80).rstrip() and again(path).comment_of("LONG") == "the comment"
    assert "CONTINUE" not in header and "CONTINUE" not in header
    header["LONG"] = "short"
    assert not any(card.startswith("CONTINUE") for card in again(path).cards)
    header["LONG"] = "z" * 200
    del header["LONG"]
    assert not any(card.startswith(("CONTINUE", "LONG")) for card in again(path).cards)
    with pytest.raises(ValueError):
        header["LONG"] = ("z" * 200, "c" * 65)


def test_hierarch_keys_keep_their_spelling(header, path):
    header["ESO det Dit"] = (1.5, "s")
    assert again(path)["eso  DET dit"] == 1.5 and "ESO det Dit" in header
    header["eso det dit"] = 2.5
    assert [key for key in header if key.upper() == "ESO DET DIT"] == ["ESO det Dit"]
    assert any(card.startswith("HIERARCH ESO det Dit = 2.5 / s") for card in header.cards)


def test_commentary_is_added_after_its_kind_and_read_as_a_list(header, path):
    start = {key: header.get(key, []) for key in ("COMMENT", "HISTORY", "")}
    header.add_history("h1")
    header.add_comment("c" * 100)
    header["AFTER"] = 1
    header.add_history("h2")
    header.add_blank("b")
    fresh = again(path)
    assert fresh["HISTORY"] == [*start["HISTORY"], "h1", "h2"]
    assert fresh["comment"] == [*start["COMMENT"], "c" * 72, "c" * 28] and fresh[""] == ["b"]
    assert list(fresh.keys()).count("HISTORY") == 1 and "" in fresh
    cards = fresh.cards
    assert cards.index("HISTORY h2") == cards.index("HISTORY h1") + 1
    for bad in ("é", "a\nb", "a\tb"):
        with pytest.raises(ValueError):
            header.add_comment(bad)
    with pytest.raises(TypeError):
        header.add_history(5)
    with pytest.raises(ValueError):
        header.comment_of("HISTORY")
    with pytest.raises(ValueError):
        header["HISTORY"] = "x"
    del header["HISTORY"]
    assert "HISTORY" not in again(path)


def test_cards_keys_values_and_lengths_agree(header):
    cards = header.cards
    assert cards[-1] == "END" and all(card == card.rstrip() for card in cards)
    cards.append("mine")
    assert header.cards[-1] == "END"
    assert len(header) == len(header.keys()) == len(set(header.keys())) and list(header) == header.keys()
    assert str(header) == "\n".join(header.cards)
    assert repr(header) == f"<FITSHeader: {len(header)} unique keys, {len(header.cards)} cards>"
    assert dict(header.items()) == dict(zip(header.keys(), header.values(), strict=True))
    for key in ("END", "CONTINUE", "HIERARCH"):
        assert key not in header
        with pytest.raises(KeyError):
            header[key]


def test_to_dict_has_values_comments_and_commentary(header):
    header.update({"A": (1, "one"), "B": "x"})
    header.add_history("h")
    result = header.to_dict()
    assert result["A"] == {"value": 1, "comment": "one"} and result["HISTORY"] == ["h"] and "NAXIS" in result
    short = header.to_dict(skip_protected=True)
    assert "A" in short and "NAXIS" not in short and short["HISTORY"] == ["h"]
    assert not any(rf.is_protected_key(key) for key in short)


def test_update_from_a_header_omits_its_structure(header, path, tmp_path):
    with rf.FITS(tmp_path / "other.fits", "w+") as fits:
        source = fits.write_image(
            np.zeros((7, 7, 7), "f8"), header={"NEW": (5, "comment"), "Long HIERARCH key": "v" * 100}
        ).header
        source.add_history("note")
        before = len(header.get("HISTORY", []))
        header.update(source)
        assert header["NEW"] == 5 and header.comment_of("NEW") == "comment" and header["LONG hierarch KEY"] == "v" * 100
        assert header["NAXIS"] == 2 and len(header.get("HISTORY", [])) == before
        header.update(source, copy_commentary=True)
        assert again(path)["HISTORY"][-1] == "note"
    for other in (None, [("A", 1)], 5):
        with pytest.raises(ValueError):
            header.update(other)
    with pytest.raises(TypeError):
        header.update({5: 1})
    for bad in ({"COMMENT": "x"}, {"": "x"}, {"OK": 1, "BAD*": 2}, {"OK": 1, "X": object()}):
        with pytest.raises(ValueError):
            header.update(bad)
    assert "OK" not in header


def test_header_grows_by_blocks_and_reuses_freed_ones(header, path):
    header.update({f"KEY{number}": (number, "a comment") for number in range(150)})
    grown = path.stat().st_size
    assert again(path)["KEY149"] == 149
    for number in range(150):
        if number != 7:
            del header[f"KEY{number}"]
    assert path.stat().st_size <= grown and again(path)["KEY7"] == 7
    header.update({f"NEW{number}": number for number in range(150)})
    assert path.stat().st_size == grown  # freed blocks are reused
    assert again(path)["NEW149"] == 149 and len(again(path).keys()) == len(header.keys())


def test_views_share_their_state(path):
    with rf.FITS(path, "w+") as fits:
        hdu = fits.write_image(PIXELS)
        one, two = hdu.header, hdu.header
        assert one is not two
        one["A"] = 1
        assert two["A"] == 1
        two["BSCALE"] = 2.0
        assert hdu.dtype == "f8" and hdu[0, 1] == 2.0
        del one["BSCALE"]
        assert hdu.dtype == "i2"


def test_blank_cards_survive(path):
    with rf.FITS(path, "w+") as fits:
        fits.write_image(PIXELS, header={"A": 1, "B": 2})
    raw = path.read_bytes()
    at = raw.index(b"A       =")
    path.write_bytes(raw[:at] + b" " * 80 + raw[at : 2880 - 80] + raw[2880:])
    with rf.FITS(path, "r+") as fits:
        header = fits[0].header
        position = header.cards.index("")
        assert header["B"] == 2 and header.get("") in (None, [])
        header["A"] = 5
        header["C"] = 3
        assert header.cards.index("") == position and header.cards[position + 1].startswith("A       =")
    assert rf.read_header(path)["C"] == 3


def test_unusual_cards_of_other_writers_are_read_and_kept(path):
    lines = [
        "lower   = 5",
        "BAR@    = 1",
        "BI.Z    = 'x'",
        "NOVALUE this is text",
        "EMPTY   =",
        "COMMENTED=",
        "ONLYC   = / c",
        "DFLOAT  = 1.5D3",
        "CPLX    = (1, -2.5)",
        "PLUS    = +7",
        "ZEROS   = 007",
        "NAN     = NaN",
        "SLASH   = 'a/b' / c/d",
        "CONTINUE  'orphan'",
        "HIERARCH Eso.Odd @ key = 'v' / c",
        "HIERARCH no value here",
        "DUP     = 1",
        "DUP     = 2",
        "END     = 3",
        "ENDIAN  = 'little'",
        "UNTERM  = 'abc",
        "AMP     = 'end&'",
        "COMMENT = 'x'",
    ]
    with rf.FITS(path, "w+") as fits:
        fits.write_image(PIXELS)
    raw = path.read_bytes()
    at = raw.index(b"END" + b" " * 77)
    head = raw[:at] + b"".join(line.encode().ljust(80) for line in lines) + b"END"
    head = head.ljust(-(-len(head) // 2880) * 2880)
    path.write_bytes(head + raw[2880:])
    header = rf.read_header(path)
    assert header["LOWER"] == header["lower"] == 5 and "lower" in header
    assert header["bar@"] == 1 and header["BI.Z"] == "x" and "NOVALUE" not in header
    assert header["EMPTY"] is None and header["ONLYC"] is None and header.comment_of("ONLYC") == "c"
    assert header["DFLOAT"] == 1500.0 and header["CPLX"] == 1 - 2.5j and header["PLUS"] == 7 and header["ZEROS"] == 7
    assert np.isnan(header["NAN"]) and header["SLASH"] == "a/b" and header.comment_of("SLASH") == "c/d"
    assert header["eso.odd @ KEY"] == "v" and header["DUP"] == 1 and header.to_dict()["DUP"]["value"] == 2
    assert header["ENDIAN"] == "little" and header["AMP"] == "end&" and header["COMMENT"][-1] == "= 'x'"
    assert np.array_equal(rf.read(path), PIXELS)


def test_other_programs_read_what_was_written(path):
    astropy = pytest.importorskip("astropy.io.fits", reason="astropy is not installed")
    fitsio = pytest.importorskip("fitsio", reason="fitsio is not installed")
    with rf.FITS(path, "w+") as fits:
        header = fits.write_image(PIXELS).header
        names = {f"V{number}": VALUES[name] for number, name in enumerate(VALUES) if name not in ("complex", "large")}
        header.update(names)
        header["Long HIERARCH key"] = 7
        header.add_history("note")
    with astropy.open(path) as theirs:
        theirs.verify("exception")
        for key, value in names.items():
            expected = value.rstrip() if isinstance(value, str) else value
            assert theirs[0].header[key] == expected, key
        assert theirs[0].header["Long HIERARCH key"] == 7 and list(theirs[0].header["HISTORY"]) == ["note"]
    theirs = fitsio.read_header(str(path))
    for key, value in names.items():
        if isinstance(value, str):
            assert theirs[key].rstrip() == value.rstrip() or key == "V16", key
        else:
            assert theirs[key] == value, key
