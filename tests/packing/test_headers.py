"""Headers like those of real files are packed and unpacked to the bytes of fpack and funpack.

Matrix: keywords x blank cards before END x {primary HDU, extensions} x {with checksums, without} x {plain, gzipped};
every odd kind of card; 100 random headers.
"""

import gzip

import numpy as np
import pytest

from rustfits_cffi.cli import main
from rustfits_cffi.comparison import compare
from rustfits_cffi.errors import FITSError
from rustfits_cffi.packing import PackOptions, UnpackOptions, pack, unpack, verify
from tests.packing.conftest import noise, without_stamps

INTEGERS = noise((4, 6), "i2")
FLOATS = noise((12, 30))
FLOATS[3, 4:6], FLOATS[5] = np.nan, 7.0  # nulls, and a tile that goes to the fallback column
BLANKS = [0, 1, 2, 33, 34, 35, 36, 37, 71, 72, 73, 108]  # a header block holds 36 cards


def with_spare(cards, blanks):
    """Cards followed by blank ones, as IRAF and others leave before END for later keywords."""
    return [*cards, *[("", None)] * blanks]


def keywords(count):
    return [(f"KEY{i}", i) for i in range(count)]


@pytest.fixture
def convert_both_ways(run_tool, tmp_path):
    """A function that converts a file with their program and with ours and compares the results; theirs, or None."""

    def convert(program, arguments, ours_of, source):
        theirs, ours = tmp_path / f"theirs.{program}", tmp_path / f"ours.{program}"
        for path in (theirs, ours):
            path.unlink(missing_ok=True)
        result = run_tool(program, *arguments, "-O", theirs, source)
        if result.returncode:
            with pytest.raises(FITSError) as caught:
                ours_of(source, ours)
            assert caught.value.status & 255 == result.returncode
            return None
        ours_of(source, ours)
        assert without_stamps(ours) == without_stamps(theirs), str(compare(ours, theirs))
        return theirs

    return convert


@pytest.fixture
def assert_same(convert_both_ways):
    """A function that packs and unpacks a file both ways, and returns the packed file."""

    def check(source, *, checksums=True, hdus=None, may_be_refused=False):
        arguments = [] if checksums else ["-C"]
        options = PackOptions(seed=7, checksums=checksums)
        restored = None
        packed = convert_both_ways("fpack", [*arguments, "-q7", "4"], lambda a, b: pack(a, b, options), source)
        if packed is not None:
            arguments += [] if hdus is None else ["-E", ",".join(map(str, hdus))]
            options = UnpackOptions(checksums=checksums, hdus=hdus)
            restored = convert_both_ways("funpack", arguments, lambda a, b: unpack(a, b, options), packed)
        assert may_be_refused or restored is not None
        return packed

    return check


# -- blank cards before END -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("checksums", [True, False], ids=["checksums", "no checksums"])
@pytest.mark.parametrize("blanks", BLANKS)
def test_blank_cards_at_the_end_of_extension_headers(write_fits, assert_same, blanks, checksums):
    images = [(INTEGERS if count % 3 else FLOATS, with_spare(keywords(count), blanks)) for count in range(37)]
    assert_same(write_fits((None, with_spare([], blanks)), *images), checksums=checksums)


@pytest.mark.parametrize("checksums", [True, False], ids=["checksums", "no checksums"])
@pytest.mark.parametrize("blanks", BLANKS)
def test_blank_cards_at_the_end_of_a_primary_header(write_fits, assert_same, blanks, checksums):
    for count in (0, 1, 8, 15, 22, 26, 27, 28, 29, 30, 31, 35, 60):
        image = FLOATS if count % 2 else INTEGERS
        assert_same(write_fits((image, with_spare(keywords(count), blanks))), checksums=checksums)


@pytest.mark.parametrize("blanks", [1, 36, 80])
def test_blank_cards_of_an_image_that_becomes_the_primary_hdu(write_fits, assert_same, blanks):
    for count in (0, 10, 24, 25, 26, 27, 28):
        cards = with_spare(keywords(count), blanks)
        assert_same(write_fits(None, (INTEGERS, cards), (FLOATS, cards)), hdus=(1,))


def test_blank_cards_in_files_that_are_gzipped(write_fits, assert_same, convert_both_ways):
    source = write_fits(None, *((FLOATS, with_spare(keywords(count), 80)) for count in (3, 20, 30)))
    zipped, packed = source.with_name("in.fits.gz"), source.with_name("in.fits.fz.gz")
    zipped.write_bytes(gzip.compress(source.read_bytes()))
    packed.write_bytes(gzip.compress(assert_same(zipped).read_bytes()))
    assert convert_both_ways("funpack", [], unpack, packed)


def test_verify_and_demo_call_a_file_with_blank_cards_identical(write_fits, assert_same, capsys):
    source = write_fits(None, *((FLOATS, with_spare(keywords(count), 80)) for count in (3, 20, 30)))
    packed = assert_same(source)
    assert verify(source, packed).identical
    assert main(["demo", str(source)]) == 0
    text = capsys.readouterr().out
    assert text.count(" identical") == 3 and "DIFFERENT" not in text


# -- cards of every kind ----------------------------------------------------------------------------------------------

ODD_CARDS = {
    "continued": ["LONGSTRN= 'OGIP 1.0'", "LONG    = 'goes on &'", "CONTINUE  'and on&'", "CONTINUE  '' / end"],
    "continuation of nothing": ["CONTINUE  'of nothing'"],
    "hierarch": ["HIERARCH ESO DET CHIP1 NAME = 'EEV' / of the detector", "HIERARCH ESO OBS ID=5"],
    "no value indicator": ["AIRMASS   1.25", "OBSERVER"],
    "no blank after the indicator": ["AIRMASS =1.25"],
    "lower case": ["airmass =                 1.25", "Filter  = 'r       '"],
    "exponents": ["GAIN    =            1.5D+00", "RDNOISE = 2.d1", "DARK    =              1.E-3"],
    "undefined": ["AIRMASS =", "FILTER  =                      / not known"],
    "duplicates": ["FILTER  = 'r       '", "FILTER  = 'g       '", "FILTER  = 'r       '"],
    "blank in the middle": ["A       =                    1", "", "", "B       =                    2"],
    "a whole block of blanks in the middle": ["A       =                    1", *[""] * 40, "B       = 2"],
    "text without a keyword": ["          a heading", "        ", "        = 5"],
    "commentary": ["COMMENT " + "x" * 72, "HISTORY", "COMMENT = 'no value'", "HISTORY = 5", "COMMENTS= 5"],
    "quotes": ["OBSERVER= 'O''Hara '", "TARGET  = ''", "OTHER   = '''''   '", "OPEN    = 'no end"],
    "odd values": ["A       = (1.5, -2.5)", "B       = NaN", "C       = T / F", "D       = 0x10", "E       = 1 2"],
    "control characters": ["TAB     = 'a\tb'", "COMMENT a\x00b\x7f"],
    "sums that do not hold": ["CHECKSUM= '0123456789abcdef'   / of then", "DATASUM = '12345   '"],
    "sums that are not sums": ["CHECKSUM=", "DATASUM = 'none'"],
    "words of compressed images": ["ZNAME1  = 'x'", "ZTENSION= 'IMAGE'", "ZHECKSUM= 'x'", "ZDITHER0= 5", "ZIMAGE  = F"],
    "words of tables": ["TUNIT1  = 'm'", "TDISP1  = 'I5'", "TTYPE5  = 'x'"],
    "words of other images": ["NAXIS9  = 3", "EXTVER  = 3", "INHERIT = T", "GROUPS  = F", "BLOCKED = T"],
    "an illegal name": ["AIR MASS= 1.25"],
}


REFUSED = ["an illegal name", "sums that are not sums"]  # the first by fpack, the second by whatever writes checksums


@pytest.mark.parametrize("kind", ODD_CARDS)
def test_odd_cards_are_packed_and_unpacked_as_fpack_does(write_fits, assert_same, kind):
    cards = [(card, None) for card in ODD_CARDS[kind]]
    for blanks in (0, 30, 75):
        spare = with_spare(cards, blanks)
        hdus = (INTEGERS, spare), (FLOATS, spare), (None, spare)
        assert_same(write_fits(*hdus), may_be_refused=kind in REFUSED)
        assert_same(write_fits(*hdus[::-1]), may_be_refused=kind in REFUSED, checksums=False)


WORDS = ["dome flat", "it''s", "O''Hara''s", "", "   ", "a/b", "&", "R.A. 12:34:56", "x" * 60, "quote''''d"]
TEXTS = ["", " ", "an image", "'quoted'", "= 5", "  indented", "x" * 72, "unit [deg] / comment", "~!@#$%^*()_+|"]
VALUES = ["", "T", "F", "1.", "(1.5, -2.5)", "'no closing quote", "NaN+", "'2019-02-14T03:12:05.5'"]


def random_value(rng):
    """What may follow a value indicator, in fixed or free format, valid or not quite."""
    number = f"{rng.normal():.10E}"
    texts = [f"{rng.integers(-(10**9), 10**9):>20}", str(rng.integers(99)), f"{number:>20}", number.replace("E", "D")]
    text = str(rng.choice([*texts, *VALUES, f"'{rng.choice(WORDS):<8}'"]))
    return text + (f" / {rng.choice(TEXTS)}" if rng.random() < 0.6 else "")


def random_cards(rng, count):
    """Cards of every kind, at least `count` of them, and often some blank ones at the end."""
    cards = []
    while len(cards) < count:
        name = f"{rng.choice(['KEY', 'A-B_', 'OBS', 'X', '1'])}{rng.integers(20)}"
        odd = list(ODD_CARDS.values())[rng.integers(len(ODD_CARDS) - 1)]  # all but the last one, which is refused
        cards += [
            [f"{name:<8}= {random_value(rng)}"],
            [f"{name:<8}= {random_value(rng)}"],
            [f"{name:<8}  {random_value(rng)}"],
            [f"{name.lower():<8}= {random_value(rng)}"],
            [f"{rng.choice(['COMMENT', 'HISTORY', ''])!s:<8}{rng.choice(TEXTS)}"],
            [f"HIERARCH ESO DET {name} = {random_value(rng).strip()}"],
            cards[-1:] or [""],
            odd,
        ][rng.integers(8)]
    return with_spare([(card[:80], None) for card in cards], int(rng.choice([0, 0, 1, 30, 35, 40, 80, 110])))


@pytest.mark.parametrize("number", range(100))
def test_random_headers_are_packed_and_unpacked_as_fpack_does(write_fits, assert_same, rng, number):
    images = [(INTEGERS, FLOATS)[rng.integers(2)] for _ in range(rng.integers(1, 4))]
    hdus = [(image, random_cards(rng, rng.integers(80))) for image in [None] * int(rng.integers(2)) + images]
    assert_same(write_fits(*hdus), checksums=bool(rng.random() < 0.6), may_be_refused=True)
