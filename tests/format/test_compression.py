"""Headers of compressed images: their meaning, and that errors name each invalid number."""

import numpy as np
import pytest

from rustfits_cffi.config import Gzip1, Gzip2, Hcompress1, Plio1, Quantize, Rice1
from rustfits_cffi.format.compression import (
    codec_of,
    config_of,
    image_geometry,
    parse_layout,
    quantize_of,
)
from rustfits_cffi.format.dtypes import scaling
from rustfits_cffi.format.plausibility import is_plausible

RICE = {
    "NAXIS1": 8,
    "NAXIS2": 6,
    "PCOUNT": 500,
    "TFIELDS": 1,
    "TTYPE1": "COMPRESSED_DATA",
    "TFORM1": "1PB(90)",
    "ZIMAGE": True,
    "ZBITPIX": 16,
    "ZNAXIS": 2,
    "ZNAXIS1": 30,
    "ZNAXIS2": 20,
    "ZTILE1": 10,
    "ZTILE2": 10,
    "ZCMPTYPE": "RICE_1",
    "ZNAME1": "BLOCKSIZE",
    "ZVAL1": 32,
    "ZNAME2": "BYTEPIX",
    "ZVAL2": 2,
}
QUANTIZED = RICE | {
    "NAXIS1": 40,
    "TFIELDS": 4,
    "TTYPE2": "zscale",
    "TFORM2": "1D",
    "TTYPE3": "ZZERO",
    "TFORM3": "1D",
    "TTYPE4": "GZIP_COMPRESSED_DATA",
    "TFORM4": "1QB(0)",
    "ZBITPIX": -32,
    "ZVAL2": 4,
    "ZQUANTIZ": "SUBTRACTIVE_DITHER_2",
    "ZDITHER0": 17,
    "ZBLANK": -2147483647,
}


def test_layout_of_an_integer_image():
    layout = parse_layout(RICE)
    assert (layout.shape, layout.tile_shape, layout.nrows, layout.row_nbytes) == ((20, 30), (10, 10), 6, 8)
    assert (layout.codec, layout.parameters) == ("RICE_1", {"rice_block": 32, "rice_bytepix": 2})
    assert (layout.heap_start, layout.heap_nbytes) == (48, 500)
    assert layout.compressed.offset == 0 and layout.compressed.descriptor == "P" and layout.compressed.letter == "B"
    assert layout.gzip is layout.uncompressed is layout.zscale is layout.blank is None
    assert not layout.is_quantized and layout.seed == 1 and layout.scale == scaling(16)
    assert config_of(layout) == Rice1(tile_shape=(10, 10)) and quantize_of(layout) is None


def test_layout_of_a_quantized_image():
    layout = parse_layout(QUANTIZED)
    assert (layout.zscale.offset, layout.zzero.offset, layout.gzip.offset) == (8, 16, 24)
    assert (layout.gzip.descriptor, layout.gzip.nbytes, layout.gzip.element_nbytes) == ("Q", 16, 1)
    assert (layout.quantize_method, layout.seed, layout.zblank, layout.blank) == ("dither2", 17, -2147483647, None)
    assert quantize_of(layout) == Quantize(method="dither2", seed=17)


@pytest.mark.parametrize(
    ("changes", "method"),
    [
        ({"ZQUANTIZ": None}, "no_dither"),
        ({"ZQUANTIZ": "NONE"}, None),
        ({"ZQUANTIZ": "NO_DITHER"}, "no_dither"),
        ({"ZQUANTIZ": "subtractive_dither_1"}, "dither1"),
        ({"TTYPE2": "A", "TTYPE3": "B"}, None),
        ({"TTYPE2": "A", "TTYPE3": "B", "ZSCALE": 0.5, "ZZERO": 1}, "dither2"),
    ],
)
def test_zquantiz_counts_only_with_a_scale(changes, method):
    assert parse_layout(QUANTIZED | changes).quantize_method == method


def test_scale_and_blank_come_from_columns_else_from_keywords():
    layout = parse_layout(QUANTIZED | {"TTYPE2": "A", "ZSCALE": 0.5})
    assert layout.zscale == 0.5 and layout.zzero.number == 3
    layout = parse_layout(QUANTIZED | {"TTYPE4": "ZBLANK", "TFORM4": "1J", "NAXIS1": 28})
    assert layout.zblank.number == 4 and layout.zblank.letter == "J"
    assert parse_layout(RICE | {"BLANK": 7}).blank == parse_layout(RICE | {"ZBLANK": 7, "BLANK": 8}).blank == 7
    assert parse_layout(RICE | {"BLANK": 0}).zblank == 0 and parse_layout(RICE | {"BLANK": "x"}).blank is None
    assert parse_layout(RICE | {"BZERO": 32768.0, "BSCALE": 1.0}).scale.scaled == np.dtype("u2")


@pytest.mark.parametrize(
    ("changes", "blocksize", "bytepix"),
    [
        ({"ZNAME1": None, "ZNAME2": None}, 32, 2),
        ({"ZNAME1": "BYTEPIX", "ZVAL1": 4, "ZNAME2": "BLOCKSIZE", "ZVAL2": 16}, 16, 4),
        ({"ZVAL1": 4, "ZVAL2": 32}, 32, 4),
        ({"ZNAME1": None, "ZNAME2": None, "ZVAL1": 2, "ZVAL2": 16}, 16, 2),
        ({"ZNAME2": "NOISEBIT", "ZVAL2": 4}, 32, 4),
        ({"ZNAME2": None, "ZVAL2": None}, 32, 4),
        ({"ZNAME1": None, "ZVAL1": None, "ZNAME2": None, "ZVAL2": None}, 32, 4),
        ({"ZVAL2": -4}, 32, 4),
        ({"ZCMPTYPE": "RICE_ONE"}, 32, 2),
    ],
)
def test_rice_parameters_by_name_by_position_and_swapped(changes, blocksize, bytepix):
    layout = parse_layout(RICE | changes)
    assert (layout.codec, layout.parameters) == ("RICE_1", {"rice_block": blocksize, "rice_bytepix": bytepix})


def test_tiles_default_to_rows():
    layout = parse_layout(RICE | {"ZTILE1": None, "ZTILE2": None, "NAXIS2": 20})
    assert layout.tile_shape == (1, 30)
    layout = parse_layout(RICE | {"ZNAXIS2": 0, "NAXIS2": 0})
    assert layout.shape == (0, 30) and layout.nrows == 0


H = {"ZCMPTYPE": "HCOMPRESS", "ZNAME1": "SCALE", "ZVAL1": -7.0, "ZNAME2": "SMOOTH", "ZVAL2": 1}


@pytest.mark.parametrize(
    ("changes", "config"),
    [
        ({"ZVAL1": 16}, Rice1(tile_shape=(10, 10), blocksize=16)),
        ({"ZCMPTYPE": "GZIP"}, Gzip1(tile_shape=(10, 10))),
        ({"ZCMPTYPE": "GZIP_2", "TFORM1": "1QB", "NAXIS1": 16}, Gzip2(tile_shape=(10, 10), heap_format="Q")),
        ({"ZCMPTYPE": "PLIO_1", "TFORM1": "1PI"}, Plio1(tile_shape=(10, 10))),
        (H, Hcompress1(tile_shape=(10, 10), scale=7, smooth=True)),
        (H | {"ZNAME1": None, "ZNAME2": None, "ZVAL1": 2.5}, Hcompress1(tile_shape=(10, 10), scale=2.5, smooth=True)),
        (H | {"ZNAXIS": 3, "ZNAXIS3": 1}, Hcompress1(tile_shape=(10, 10), scale=7, smooth=True)),
        ({"ZCMPTYPE": "XYZ_99"}, "XYZ_99"),
        ({"ZCMPTYPE": "NOCOMPRESS"}, "NOCOMPRESS"),
        ({"ZCMPTYPE": None}, None),
    ],
)
def test_headers_give_config_objects(changes, config):
    assert config_of(parse_layout(RICE | changes)) == config


def test_synonyms_give_the_name_of_the_codec():
    assert [codec_of(name) for name in ("RICE_ONE", " gzip ", "HCOMPRESS", "NOCOMPRESS", "BZIP2_1", "", None)] == [
        *("RICE_1", "GZIP_1", "HCOMPRESS_1", "NOCOMPRESS"),
        *(None, None, None),
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ZBITPIX": None}, "ZBITPIX is missing"),
        ({"ZBITPIX": 24}, "ZBITPIX = 24"),
        ({"ZBITPIX": "x"}, "ZBITPIX = 'x'"),
        ({"ZNAXIS": 0}, "ZNAXIS = 0"),
        ({"ZNAXIS": 10**6}, "ZNAXIS = 1000000"),
        ({"ZNAXIS2": None}, "ZNAXIS2 is missing"),
        ({"ZNAXIS2": -1}, "ZNAXIS2 = -1"),
        ({"ZNAXIS2": 2**63}, "ZNAXIS2"),
        ({"ZNAXIS2": 2**62}, "NAXIS2 = 6 rows"),
        ({"ZTILE1": 0}, "ZTILE1 = 0"),
        ({"ZTILE2": -5}, "ZTILE2 = -5"),
        ({"ZTILE2": 1.5}, "ZTILE2 = 1.5"),
        ({"NAXIS2": 5}, "NAXIS2 = 5"),
        ({"NAXIS2": None}, "NAXIS2 is missing"),
        ({"NAXIS1": 9}, "NAXIS1 = 9"),
        ({"TFIELDS": 1000}, "TFIELDS"),
        ({"TFIELDS": 2}, "TFORM2"),
        ({"TFORM1": "1ZB"}, "TFORM1 = '1ZB'"),
        ({"TFORM1": "8B"}, "TFORM1 of COMPRESSED_DATA"),
        ({"TTYPE1": "OTHER"}, "no column COMPRESSED_DATA"),
        ({"PCOUNT": -1}, "PCOUNT = -1"),
        ({"THEAP": 47}, "THEAP = 47"),
        ({"THEAP": 549}, "THEAP = 549"),
        ({"ZVAL1": 0}, "ZVAL1 = 0.*BLOCKSIZE"),
        ({"ZVAL1": 2.5}, "ZVAL1 = 2.5.*BLOCKSIZE"),
        ({"ZVAL1": "x"}, "ZVAL1 = 'x'.*BLOCKSIZE"),
        ({"ZVAL2": 8}, "ZVAL2 = 8.*BYTEPIX"),
        ({"ZVAL2": float("nan")}, "ZVAL2.*BYTEPIX"),
        ({"ZDITHER0": 2**40}, "ZDITHER0"),
    ],
)
def test_invalid_keywords_are_refused_by_name(changes, words):
    with pytest.raises(ValueError, match=words):
        parse_layout(RICE | changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ZQUANTIZ": "MAGIC"}, "ZQUANTIZ = 'MAGIC'"),
        ({"TFORM2": "8B"}, "TFORM2 of ZSCALE"),
        ({"TFORM4": "16X", "NAXIS1": 26}, "TFORM4 of GZIP_COMPRESSED_DATA"),
        ({"TTYPE2": "A", "ZSCALE": "x"}, "ZSCALE = 'x'"),
    ],
)
def test_invalid_keywords_of_quantized_images_are_refused_by_name(changes, words):
    with pytest.raises(ValueError, match=words):
        parse_layout(QUANTIZED | changes)


def test_theap_may_leave_a_gap_before_the_heap():
    layout = parse_layout(RICE | {"THEAP": 100})
    assert (layout.heap_start, layout.heap_nbytes) == (100, 448)


def test_geometry_is_known_even_if_the_table_is_damaged():
    assert image_geometry((RICE | {"NAXIS2": 1, "TFIELDS": "x"}).get) == (16, (20, 30))


def test_sizes_are_plausible_up_to_a_multiple_of_the_coded_bytes():
    assert is_plausible(2**28, 0) and not is_plausible(2**28 + 1, 0)
    assert is_plausible(2**28 + 16384 * 10, 10) and not is_plausible(2**62, 10**6) and is_plausible(0, -1)
