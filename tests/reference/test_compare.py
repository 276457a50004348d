"""`compare` finds every planted difference, and none in equal files.

Matrix: kinds of HDU x what is changed (card, descriptor, coded byte, pixel, padding, order, length) x where.
"""

import numpy as np
import pytest

from rustfits_cffi import reference
from rustfits_cffi.comparison import compare
from rustfits_cffi.config import Gzip2, Hcompress1, Plio1, Quantize, Rice1
from rustfits_cffi.reference import PackOptions

CODECS = {"rice": Rice1(), "gzip2": Gzip2(), "hcompress": Hcompress1(), "plio": Plio1()}


def sky(dtype="i2", shape=(12, 10), seed=0):
    return np.abs(np.random.default_rng(seed).normal(100, 20, shape)).astype(dtype)


@pytest.fixture
def pair(tmp_path):
    """A function that writes the same image twice, and changes bytes of the second file."""

    def make(array, *edits, **options):
        a, b = tmp_path / "a.fits", tmp_path / "b.fits"
        reference.write_image(a, array, **options)
        raw = bytearray(a.read_bytes())
        for position, new in edits:
            raw[position : position + len(new)] = new
        b.write_bytes(raw)
        return a, b

    return make


def put(path, find, new, start=0):
    """Overwrite bytes of a file from the first occurrence of `find` on."""
    raw = bytearray(path.read_bytes())
    position = raw.index(find, start)
    raw[position : position + len(new)] = new
    path.write_bytes(raw)


@pytest.mark.parametrize("codec", [None, *CODECS.values()], ids=["plain", *CODECS])
def test_equal_files_have_no_differences(pair, codec):
    found = compare(*pair(sky(), compress=codec))
    assert found.identical and found.identical_but_for_time_stamps and found
    assert [hdu.cards for hdu in found.hdus] == [()] * len(found.hdus)
    assert str(found).endswith(f"identical ({len(found.hdus)} HDUs)")


def test_a_changed_card_is_named_with_its_position(pair):
    a, b = pair(sky(), compress=Rice1())
    put(b, b"ZCMPTYPE= 'RICE_1  '", b"ZCMPTYPE= 'RICE_ONE'")
    found = compare(a, b)
    (card,) = found.hdus[1].cards
    assert (card.name, card.kind, card.position_a, card.position_b) == ("ZCMPTYPE", "different", 18, 18)
    assert "RICE_1" in card.a and "RICE_ONE" in card.b
    assert found.hdus[0].identical and not found.identical and not found.identical_but_for_time_stamps
    assert "card 18 ZCMPTYPE differs" in str(found)


def test_added_removed_and_moved_cards_are_told_apart(pair):
    a, b = pair(sky())
    raw = b.read_bytes()
    cards = [raw[position : position + 80] for position in range(0, 2880, 80)]
    end = next(number for number, card in enumerate(cards) if card.startswith(b"END "))
    cards[end - 2], cards[end - 1] = cards[end - 1], cards[end - 2]  # the two comments
    cards[end - 3 : end - 3] = [b"NEW     =                    1".ljust(80)]
    del cards[5 + 1]  # EXTEND, or what it has become after the insertion
    cards = [*cards, *[b" " * 80] * 36][:36]
    b.write_bytes(b"".join(cards) + raw[2880:])
    kinds = {(card.kind, card.name) for card in compare(a, b).hdus[0].cards}
    assert ("only in b", "NEW") in kinds
    assert ("moved", "COMMENT") in kinds
    assert sum(kind == "only in a" for kind, _ in kinds) == 1


def test_bytes_behind_end_and_padding_count(pair):
    a, b = pair(sky(), (2879, b"x"))
    found = compare(a, b)
    assert not found.identical and not found.hdus[0].filling_equal and found.hdus[0].data is None
    a, b = pair(sky(), (2 * 2880 - 1, b"x"))
    found = compare(a, b)
    assert (found.hdus[0].data.count, found.hdus[0].data.first) == (1, 2879)
    assert found.hdus[0].pixels is None


def test_a_changed_pixel_of_a_plain_image_is_found(pair):
    array = sky("f8")
    array[4, 5] = np.nan
    a, b = pair(array, (2880 + 8 * 23, np.array([array.flat[23] + 2], ">f8").tobytes()))
    (hdu,) = compare(a, b).hdus
    assert (hdu.pixels.count, hdu.pixels.first) == (1, (2, 3))
    assert hdu.pixels.largest == pytest.approx(2)
    assert 8 * 23 <= hdu.data.first < 8 * 24


def test_wide_integers_differ_exactly(pair):
    array = np.array([[-(2**63), 0, 2**63 - 1]])
    a, b = pair(array, (2880, np.array([2**63 - 1], ">i8").tobytes()))
    assert compare(a, b).hdus[0].pixels.largest == float(2**64 - 1)


def heap_start(path):
    """Start of the data unit of the only compressed image, and the length and number of its rows."""
    raw = path.read_bytes()
    header = raw[2880:]
    values = {
        header[position : position + 8].strip(): header[position + 10 : position + 30]
        for position in range(0, len(header), 80)
    }
    end = header.index(b"END" + b" " * 77)
    data = 2880 + -(-(end + 80) // 2880) * 2880
    return data, int(values[b"NAXIS1"]), int(values[b"NAXIS2"])


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
def test_a_coded_byte_is_found_in_its_tile(pair, codec):
    array = sky(shape=(64, 20))
    a, b = pair(array, compress=codec)
    data, width, rows = heap_start(a)
    raw = bytearray(b.read_bytes())
    tile = rows - 1
    length, offset = np.frombuffer(raw[data + tile * width :][:8], ">u4").tolist()
    element = 2 if isinstance(codec, Plio1) else 1
    raw[data + rows * width + offset + length * element - 1] ^= 1
    b.write_bytes(raw)
    hdu = compare(a, b).hdus[1]
    (found,) = hdu.tiles
    assert (found.column, found.tile, found.first_byte) == ("COMPRESSED_DATA", tile, length * element - 1)
    assert found.nbytes_a == found.nbytes_b == length * element
    assert hdu.tile_count == 1 and hdu.row_count == 0 and hdu.data.count == 1


def test_changed_descriptors_and_scales_are_found(pair):
    a, b = pair(sky("f4"), compress=Rice1(), quantize=Quantize())
    data, width, _ = heap_start(a)
    raw = bytearray(b.read_bytes())
    raw[data + 3 * width + 3] -= 1  # tile 3: one byte less
    raw[data + 5 * width + 8 : data + 5 * width + 16] = np.array([0.5], ">f8").tobytes()  # ZSCALE of tile 5
    b.write_bytes(raw)
    hdu = compare(a, b).hdus[1]
    short, scale = sorted(hdu.rows, key=lambda row: row.tile)
    assert (short.column, short.tile, short.a[0] - short.b[0], short.a[1] == short.b[1]) == (
        "COMPRESSED_DATA",
        3,
        1,
        True,
    )
    assert (scale.column, scale.tile, scale.b) == ("ZSCALE", 5, (0.5,))
    assert [tile.tile for tile in hdu.tiles] == [3]
    assert hdu.tiles[0].first_byte == hdu.tiles[0].nbytes_b


def test_compressed_images_are_compared_by_their_pixels(tmp_path):
    a, b = sky("u2", (40, 30)), sky("u2", (40, 30))
    b[17, 4] += 300
    b[18, 5] -= 3
    reference.write_image(tmp_path / "a.fits", a, compress=Rice1())
    reference.write_image(tmp_path / "b.fits", b, compress=Gzip2())
    pixels = compare(tmp_path / "a.fits", tmp_path / "b.fits").hdus[1].pixels
    assert (pixels.count, pixels.largest, pixels.first) == (2, 300, (17, 4))
    reference.write_image(tmp_path / "b.fits", a, compress=Gzip2())
    hdu = compare(tmp_path / "a.fits", tmp_path / "b.fits").hdus[1]
    assert hdu.pixels is None and hdu.tile_count == 40


def test_images_of_other_shapes_are_not_decoded(tmp_path):
    reference.write_image(tmp_path / "a.fits", sky(shape=(40, 30)), compress=Rice1())
    reference.write_image(tmp_path / "b.fits", sky(shape=(30, 40)), compress=Rice1())
    hdu = compare(tmp_path / "a.fits", tmp_path / "b.fits").hdus[1]
    assert hdu.pixels is None
    assert hdu.notes == ("pixels not compared: int16 of shape (40, 30) in a, int16 of shape (30, 40) in b",)


def test_the_list_ends_at_the_limit_and_the_count_does_not(tmp_path):
    reference.write_image(tmp_path / "a.fits", sky(shape=(50, 30)), compress=Rice1())
    reference.write_image(tmp_path / "b.fits", sky(shape=(50, 30), seed=1), compress=Rice1())
    hdu = compare(tmp_path / "a.fits", tmp_path / "b.fits", limit=3).hdus[1]
    assert (len(hdu.tiles), hdu.tile_count) == (3, 50)
    assert "... and 40 more" in str(hdu) or "... and 47 more" in str(hdu)


def test_time_stamps_are_masked(tmp_path):
    reference.write_image(tmp_path / "in.fits", sky())
    reference.pack(tmp_path / "in.fits", tmp_path / "a.fz")
    b = tmp_path / "b.fz"
    b.write_bytes((tmp_path / "a.fz").read_bytes())
    raw = bytearray(b.read_bytes())
    at = raw.index(b"CHECKSUM=", 2880)
    raw[at + 11 : at + 80] = b"0000000000000000'   / HDU checksum updated 1999-01-01T00:00:00".ljust(69)
    at = raw.index(b"DATASUM =", 2880)
    raw[at + 60 : at + 64] = b"1999"
    b.write_bytes(raw)
    found = compare(tmp_path / "a.fz", b)
    assert not found.identical and found.identical_but_for_time_stamps
    assert [card.is_time_stamp for card in found.hdus[1].cards] == [True, True]
    assert "identical but for time stamps" in str(found)
    put(b, b"DATASUM = '", b"DATASUM = '0", 2880)
    assert not compare(tmp_path / "a.fz", b).identical_but_for_time_stamps


def test_more_hdus_and_trailing_bytes_are_found(tmp_path):
    a, b = tmp_path / "a.fits", tmp_path / "b.fits"
    for path in (a, b):
        reference.write_image(path, sky())
    reference.write_image(b, sky(), append=True)
    found = compare(a, b)
    assert (found.count_a, found.count_b) == (1, 2)
    assert not found.identical and found.hdus[0].identical
    assert "1 HDUs in a, 2 in b" in str(found)
    b.write_bytes(a.read_bytes() + b"tail")
    found = compare(a, b)
    assert (found.trailing_a, found.trailing_b, found.trailing_equal, found.identical) == (0, 4, False, False)
    a.write_bytes(a.read_bytes() + b"tael")
    assert not compare(a, b).identical
    a.write_bytes(b.read_bytes())
    assert compare(a, b).identical


def test_tables_are_compared_by_bytes(tmp_path):
    header = "XTENSION= 'BINTABLE'|BITPIX  = 8|NAXIS   = 2|NAXIS1  = 4|NAXIS2  = 50|PCOUNT  = 0|GCOUNT  = 1|TFIELDS = 1"
    cards = "".join(card.ljust(80) for card in [*header.split("|"), "TFORM1  = '1J'", "END"]).encode().ljust(2880)
    for name in "ab":
        reference.write_image(tmp_path / f"{name}.fits", None)
        with open(tmp_path / f"{name}.fits", "ab") as file:
            file.write(cards + bytes(77) + (b"x" if name == "b" else b"y") + bytes(2880 - 78))
    hdu = compare(tmp_path / "a.fits", tmp_path / "b.fits").hdus[1]
    assert hdu.kind_a == hdu.kind_b == "table"
    assert (hdu.data.count, hdu.data.first, hdu.pixels) == (1, 77, None)


def test_missing_bytes_of_a_truncated_file_are_counted(pair):
    a, b = pair(sky(shape=(100, 100)), compress=Rice1())
    b.write_bytes(b.read_bytes()[:-2880])
    hdu = compare(a, b).hdus[1]
    assert hdu.notes[0] == "truncated: 2880 bytes missing in b"
    assert hdu.data.nbytes_a - hdu.data.nbytes_b == 2880
    a.write_bytes(b.read_bytes())
    assert compare(a, b).identical


@pytest.mark.parametrize("content", [b"", b"no FITS at all" * 300, b"SIMPLE  =                    T".ljust(2880)])
def test_a_file_that_is_not_fits_raises(tmp_path, content):
    reference.write_image(tmp_path / "a.fits", sky())
    (tmp_path / "b.fits").write_bytes(content)
    for order in (("a", "b"), ("b", "a")):
        with pytest.raises(ValueError, match="not a FITS file"):
            compare(*(tmp_path / f"{name}.fits" for name in order))


@pytest.mark.parametrize("seed", range(40))
def test_any_flipped_byte_is_found_and_none_raises(tmp_path, seed):
    """Headers and tables are hostile too: whatever a byte becomes, the difference is found."""
    random = np.random.default_rng(seed)
    a, b = tmp_path / "a.fits", tmp_path / "b.fits"
    reference.write_image(a, sky("f4", (20, 10)), compress=Gzip2(), quantize=Quantize())
    raw = bytearray(a.read_bytes())
    position = int(random.integers(2880, len(raw)))
    raw[position] = (raw[position] + int(random.integers(1, 255))) % 256
    b.write_bytes(raw)
    found = compare(a, b)
    assert not found.identical
    assert str(found)


def test_options_of_pack_show_as_different_cards(tmp_path):
    reference.write_image(tmp_path / "in.fits", sky())
    reference.pack(tmp_path / "in.fits", tmp_path / "a.fz", PackOptions(checksum=False))
    reference.pack(tmp_path / "in.fits", tmp_path / "b.fz", PackOptions(checksum=False, codec="GZIP_1"))
    hdu = compare(tmp_path / "a.fz", tmp_path / "b.fz").hdus[1]
    assert {card.name for card in hdu.cards} >= {"ZCMPTYPE", "ZNAME1", "ZVAL1", "PCOUNT"}
    assert hdu.pixels is None


def test_a_descriptor_is_described_in_words():
    from rustfits_cffi.comparison.records import RowDifference

    assert str(RowDifference("COMPRESSED_DATA", 2, (44, 87), (45, 87))) == (
        "tile 2 COMPRESSED_DATA: 44 elements at 87 of the heap in a, 45 elements at 87 of the heap in b"
    )
    assert str(RowDifference("ZSCALE", 0, (0.5,), (0.25,))) == "tile 0 ZSCALE: 0.5 in a, 0.25 in b"
