"""Which headers are accepted, and what they declare about the data after them."""

import pytest

from rustfits_cffi.format.structure import BLOCK_NBYTES, find_end, parse_structure


def raw(*cards, junk=b" "):
    header = b"".join(card if isinstance(card, bytes) else card.encode().ljust(80) for card in (*cards, "END"))
    return header + junk * (-len(header) % BLOCK_NBYTES)


SIMPLE = "SIMPLE  =                    T"


def xtension(name):
    return f"XTENSION= '{name:<8}'"


def primary(*cards, **options):
    return parse_structure(raw(SIMPLE, *cards), is_primary=True, **options)


def extension(name, *cards):
    return parse_structure(raw(xtension(name), *cards), is_primary=False)


IMAGE = ("BITPIX  = 16", "NAXIS   = 2", "NAXIS1  = 30", "NAXIS2  = 40")
TABLE = ("BITPIX  = 8", "NAXIS   = 2", "NAXIS1  = 8", "NAXIS2  = 5", "PCOUNT  = 100", "GCOUNT  = 1")


def test_structure_of_a_primary_image():
    hdu = primary(*IMAGE, "EXTNAME = 'SCI     '", "EXTVER  = 3")
    assert (hdu.kind, hdu.bitpix, hdu.shape, hdu.pcount, hdu.gcount) == ("image", 16, (40, 30), 0, 1)
    assert (hdu.header_nbytes, hdu.data_nbytes, hdu.padded_data_nbytes) == (2880, 2400, 2880)
    assert (hdu.extname, hdu.extver, hdu.has_data, hdu.problem) == ("SCI", 3, True, None)
    assert hdu.cards[0] == SIMPLE and hdu.cards[-1] == "END" and hdu.index.find("NAXIS2") == 4


def test_without_axes_there_are_no_data():
    hdu = primary("BITPIX  = 8", "NAXIS   = 0", "PCOUNT  = 0")
    assert (hdu.shape, hdu.data_nbytes, hdu.has_data, hdu.extname, hdu.extver) == ((), 0, False, None, 1)


@pytest.mark.parametrize(
    ("name", "cards", "kind"),
    [
        ("IMAGE", (), "image"),
        ("BINTABLE", (), "table"),
        ("BINTABLE", ("ZIMAGE  = T",), "compressed image"),
        ("BINTABLE", ("ZTABLE  = T",), "compressed table"),
        ("BINTABLE", ("ZTABLE  = T", "ZIMAGE  = T"), "compressed image"),
        ("BINTABLE", ("ZIMAGE  = F", "ZTABLE  = 1"), "table"),
        ("TABLE", ("ZIMAGE  = T",), "ascii table"),
        ("FOREIGN", (), "unknown"),
        ("A3DTABLE", (), "unknown"),
        ("IUEIMAGE", (), "unknown"),
    ],
)
def test_kind_follows_from_xtension_zimage_and_ztable(name, cards, kind):
    hdu = extension(name, *TABLE, *cards)
    assert hdu.kind == kind and hdu.data_nbytes == 140 and hdu.xtension == name
    assert hdu.is_image == ("image" in kind) and hdu.is_compressed == ("compressed" in kind)


def test_data_size_includes_groups_and_parameters():
    groups = ("BITPIX  = -32", "NAXIS   = 3", "NAXIS1  = 0", "NAXIS2  = 4", "NAXIS3  = 5", "PCOUNT  = 6", "GCOUNT  = 7")
    assert primary(*groups, "GROUPS  = T").data_nbytes == 4 * 7 * (6 + 20)
    assert primary(*groups, "GROUPS  = T").has_data is False
    assert primary(*groups).data_nbytes == 4 * 7 * 6
    assert extension("IMAGE", *IMAGE, "GCOUNT  = 2", "PCOUNT  = 3").data_nbytes == 2 * 2 * 1203


def test_order_of_the_cards_does_not_matter():
    hdu = primary("NAXIS2  = 3", "NAXIS1  = 2", "NAXIS   = 2", "BITPIX  = 8")
    assert hdu.shape == (3, 2)


@pytest.mark.parametrize(
    ("cards", "words"),
    [
        (("NAXIS   = 0",), "no BITPIX"),
        (("BITPIX  = 8",), "no NAXIS"),
        (("BITPIX  = 8", "NAXIS   = 2", "NAXIS1  = 5"), "no NAXIS2"),
        (("BITPIX  = 8", "NAXIS   = 1000"), "NAXIS = 1000"),
        (("BITPIX  = 8", "NAXIS   = -1"), "NAXIS = -1"),
        (("BITPIX  = 'x'", "NAXIS   = 0"), "BITPIX = 'x'"),
        (("BITPIX  = 8", "NAXIS   = T"), "NAXIS = True"),
        (("BITPIX  =", "NAXIS   = 0"), "BITPIX = None"),
    ],
)
def test_missing_and_invalid_mandatory_keywords_are_refused(cards, words):
    with pytest.raises(ValueError, match=words):
        primary(*cards)


def test_header_must_begin_with_simple_or_xtension():
    with pytest.raises(ValueError, match="SIMPLE"):
        parse_structure(raw(xtension("IMAGE"), *IMAGE), is_primary=True)
    with pytest.raises(ValueError, match="XTENSION"):
        parse_structure(raw(SIMPLE, *IMAGE), is_primary=False)
    with pytest.raises(ValueError, match="SIMPLE"):
        parse_structure(raw("SIMPLE  T", *IMAGE), is_primary=True)
    assert parse_structure(raw("SIMPLE  = F", *IMAGE), is_primary=True).kind == "image"


@pytest.mark.parametrize(
    ("cards", "words"),
    [
        (("BITPIX  = 7", "NAXIS   = 1", "NAXIS1  = 5"), "BITPIX"),
        (("BITPIX  = 8", "NAXIS   = 1", "NAXIS1  = -5"), "NAXIS1"),
        (("BITPIX  = 8", "NAXIS   = 1", "NAXIS1  = 5", "PCOUNT  = -1"), "PCOUNT"),
        (("BITPIX  = 8", "NAXIS   = 2", "NAXIS1  = 9999999999", "NAXIS2  = 9999999999"), "cannot exist"),
    ],
)
def test_invalid_data_are_accepted_and_reported_as_a_problem(cards, words):
    hdu = primary(*cards)
    assert words in hdu.problem and hdu.data_nbytes == 0


def test_unprintable_bytes_are_refused_unless_lenient():
    card = b"QUI\xe9\x00   = 1"
    with pytest.raises(ValueError, match=r"non-printable byte.*lenient=True"):
        primary(*IMAGE, card.ljust(80))
    hdu = primary(*IMAGE, card.ljust(80), lenient=True)
    assert hdu.value("QUI__") == 1
    # Bytes after END are ignored.
    assert parse_structure(raw(SIMPLE, *IMAGE, junk=b"\xff"), is_primary=True).shape == (40, 30)


def test_only_end_and_blanks_end_a_header():
    header = raw(SIMPLE, *IMAGE)
    assert find_end(header) == 400 and find_end(header[:400]) == -1 and find_end(header, 480) == -1
    with pytest.raises(OSError, match="truncated"):
        parse_structure(header[:400], is_primary=True)
    lookalikes = ("END     = 3", "COMMENT".ljust(40) + "END", "", "ENDIAN  = 1", " END")
    hdu = primary(*IMAGE, *lookalikes)
    assert len(hdu.cards) == 11 and hdu.value("ENDIAN") == 1


def test_blank_cards_are_kept_in_headers_of_several_blocks():
    hdu = primary(*IMAGE, *[""] * 50, "A       = 1")
    assert hdu.header_nbytes == 5760 and hdu.cards.count("") == 50


def test_extname_may_continue_and_wrong_types_count_as_absent():
    assert primary(*IMAGE, "EXTNAME = 'a&'", "CONTINUE  'b  '").extname == "ab"
    hdu = primary(*IMAGE, "EXTNAME = 5", "EXTVER  = 'x'")
    assert (hdu.extname, hdu.extver) == (None, 1)
