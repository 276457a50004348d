"""dtypes: how images of each type are stored, the meaning of the keywords, and blanks in both directions."""

import math

import numpy as np
import pytest

from rustfits_cffi.format.dtypes import (
    BITPIX_DTYPES,
    check_dims,
    image_type,
    scaling,
    stored_blank,
    stored_dtype,
    usable_blank,
)

TYPES = {
    "u1": (8, 0),
    "i1": (8, -128),
    "i2": (16, 0),
    "u2": (16, 32768),
    "i4": (32, 0),
    "u4": (32, 2**31),
    "i8": (64, 0),
    "u8": (64, 2**63),
    "f4": (-32, 0),
    "f8": (-64, 0),
}


@pytest.mark.parametrize("name", TYPES)
def test_types_map_to_bitpix_and_bzero_and_back(name):
    for spelling in (name, ">" + name, "<" + name, np.dtype(name).type, np.dtype(name)):
        assert image_type(spelling) == TYPES[name]
    bitpix, bzero = TYPES[name]
    for zero in (bzero, float(bzero)):
        found = scaling(bitpix, 1.0, zero)
        assert found.scaled == np.dtype(name) and found.kind == ("unsigned" if bzero else "none")
        assert type(found.bzero) is int and found.bzero == bzero
        assert found.stored == BITPIX_DTYPES[bitpix] and found.stored.isnative


def test_the_largest_int64_as_bzero_means_uint64():
    """The package `rustfits` writes it; cfitsio reads BZERO as a double, which rounds it up."""
    assert scaling(64, 1, 2**63 - 1) == scaling(64, 1, 2**63)


@pytest.mark.parametrize("name", ["?", "f2", "c8", "S3", "U2", "O", "M8[s]", [("a", "i4")], "c16"])
def test_types_that_fits_cannot_hold_are_refused(name):
    with pytest.raises(ValueError, match="unsupported numpy dtype"):
        image_type(name)


def test_types_unknown_to_numpy_are_refused():
    with pytest.raises(TypeError):
        image_type("nonsense")


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ((16,), "none"),
        ((16, "x", True), "none"),
        ((16, None, 32768), "unsigned"),
        ((32, 1, 32768), "general"),
        ((16, 2, 32768), "general"),
        ((8, 1, 128), "general"),
        ((-32, 1, 0.0), "none"),
        ((-32, 1, 32768), "general"),
        ((-64, 0.5), "general"),
        ((16, math.nan), "general"),
    ],
)
def test_scaling_keywords_give_the_kind_of_scaling(arguments, kind):
    found = scaling(*arguments)
    assert found.kind == kind and (found.scaled == np.dtype("f8") or kind != "general")


@pytest.mark.parametrize("bitpix", [0, 7, -8, None, "16"])
def test_invalid_bitpix_is_refused(bitpix):
    with pytest.raises(ValueError, match="BITPIX"):
        stored_dtype(bitpix)


@pytest.mark.parametrize(
    ("name", "blank", "stored"),
    [("u2", 65535, 32767), ("i1", -128, 0), ("u8", 2**64 - 1, 2**63 - 1), ("i4", -5, -5), ("u1", np.uint8(255), 255)],
)
def test_blanks_are_converted_to_stored_values(name, blank, stored):
    scale = scaling(TYPES[name][0], 1, TYPES[name][1])
    assert stored_blank(blank, scale) == stored
    assert usable_blank(stored, scale.bitpix) == stored


def test_unusable_blanks_are_refused_or_ignored():
    for blank in (-1, 65536):
        with pytest.raises(ValueError, match="range"):
            stored_blank(blank, scaling(16, 1, 32768))
    with pytest.raises(ValueError, match="float"):
        stored_blank(1, scaling(-32))
    for blank in (1.0, "1", None, True):
        with pytest.raises(TypeError):
            stored_blank(blank, scaling(16))
    assert [usable_blank(blank, 16) for blank in (40000, 1.5, "x", None, True, math.nan, math.inf, -7.0)] == [
        *(None,) * 7,
        -7,
    ]
    assert usable_blank(1, -32) is None
    assert stored_blank(10, scaling(16, 2, 4)) == 3


def test_dims_are_checked_and_converted():
    assert check_dims([np.int64(3), 4]) == (3, 4) and check_dims(()) == () and check_dims(np.array([0, 2])) == (0, 2)
    for dims, words in (
        ((-1,), "dimension 0 must be >= 0"),
        ((3, 0), "dimension 1 must be > 0"),
        ((3, -1), "> 0"),
        ((1,) * 65, "at most 64 axes"),
    ):
        with pytest.raises(ValueError, match=words):
            check_dims(dims)
    for dims in (3, (3.0,), "34", None, {3, 4}, {3: 4}):
        with pytest.raises(TypeError):
            check_dims(dims)
