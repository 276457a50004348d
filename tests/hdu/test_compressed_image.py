"""CompressedImageHDU: configs and combinations, tile shapes, fallback tiles, rewriting, files of other programs.

Byte identity is tested in tests/identity, damaged files in tests/hostile.
"""

import numpy as np
import pytest

import rustfits_cffi as rf

CODECS = {"GZIP_1": rf.Gzip1, "GZIP_2": rf.Gzip2, "RICE_1": rf.Rice1, "HCOMPRESS_1": rf.Hcompress1, "PLIO_1": rf.Plio1}


def noise(shape=(40, 50), dtype="f4", seed=1):
    pixels = np.random.default_rng(seed).normal(100, 5, shape)
    return (np.rint(pixels) if np.dtype(dtype).kind in "iu" else pixels).astype(dtype)


# -- combinations -----------------------------------------------------------------------------------------------------


def outcome(codec, dtype, quantized):
    """The table of types that each codec takes: None, or the error and its message."""
    if np.dtype(dtype).kind == "f":
        if codec == "PLIO_1":
            return NotImplementedError, "(?s)float.*PLIO|PLIO.*float"
        if not quantized and codec in ("RICE_1", "HCOMPRESS_1"):
            return ValueError, "unquantized float"
        return None
    if quantized:
        return ValueError, "quantize"
    if codec in ("GZIP_1", "GZIP_2"):
        return None
    if dtype[1] == "8":
        return NotImplementedError, "64-bit"
    if codec == "PLIO_1" and dtype in ("i1", "u2", "u4"):
        return NotImplementedError, "PLIO"
    return None


COMBINATIONS = [
    (codec, dtype, quantized)
    for codec in CODECS
    for dtype in ("u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8")
    for quantized in (False, True)
]


@pytest.mark.parametrize("codec, dtype, quantized", [case for case in COMBINATIONS if outcome(*case)])
def test_types_that_a_codec_does_not_take_are_refused(path, codec, dtype, quantized):
    error, words = outcome(codec, dtype, quantized)
    options = {"compress": CODECS[codec](), "quantize": rf.Quantize() if quantized else None}
    with rf.FITS(path, "w+") as fits:
        with pytest.raises(error, match=words):
            fits.write_image(noise(dtype=dtype), **options)
        with pytest.raises(error, match=words):
            fits.create_image_hdu(dtype, (40, 50), **options)
        assert len(fits) == 0


@pytest.mark.parametrize("codec, dtype, quantized", [case for case in COMBINATIONS if not outcome(*case)])
def test_types_that_a_codec_takes_come_back(path, codec, dtype, quantized):
    pixels = noise(dtype=dtype)
    options = {"compress": CODECS[codec](), "quantize": rf.Quantize() if quantized else None}
    with rf.FITS(path, "w+") as fits:
        result = fits.write_image(pixels, **options).read()
        assert result.dtype == dtype
        if quantized:
            assert np.abs(result - pixels).max() < 5
        else:
            assert np.array_equal(result, pixels)


def test_quantize_needs_a_codec(path):
    with rf.FITS(path, "w+") as fits:
        with pytest.raises(ValueError, match="quantize"):
            fits.write_image(noise(), quantize=rf.Quantize())
        with pytest.raises(TypeError):
            fits.write_image(noise(), compress=rf.Rice1(), quantize=4)


@pytest.mark.parametrize(
    "name", ["GZIP", "gzip_1", " GZIP_2 ", "Rice", "RICE_1", "rice_one", "HCOMPRESS", "hcompress_1", "PLIO", "PLIO_1"]
)
def test_codecs_are_known_by_names_and_synonyms(path, name):
    with rf.FITS(path, "w+") as fits:
        hdu = fits.write_image(noise(dtype="i2"), compress=name)
        assert hdu.compression.zcmptype.startswith(name.strip().upper().split("_")[0])
        assert np.array_equal(hdu.read(), noise(dtype="i2"))


def test_invalid_values_of_compress_are_refused(path):
    with rf.FITS(path, "w+") as fits:
        for name in ("gzip1", "rice1", "", "LZW"):
            with pytest.raises(ValueError, match="unknown compression"):
                fits.write_image(noise(dtype="i2"), compress=name)
        for value in (True, 5, {}, rf.Rice1, b"RICE_1"):
            with pytest.raises(TypeError, match="compress="):
                fits.write_image(noise(dtype="i2"), compress=value)


@pytest.mark.parametrize("value, words", [(-1, "negative"), (1 << 24, "exceeds"), (1 << 30, "exceeds")])
def test_plio_names_the_pixel_it_cannot_store(path, value, words):
    pixels = np.zeros((4, 30), "i4")
    pixels[3, 7] = value
    with rf.FITS(path, "w+") as fits:
        fits.write_image(pixels.clip(0, 99))
        before = path.read_bytes()
        with pytest.raises(ValueError, match=f"(?s){words}") as caught:
            fits.write_image(pixels, compress=rf.Plio1())
        assert str(value) in str(caught.value)
        assert len(fits) == 1 and path.read_bytes() == before
        hdu = fits.write_image(pixels.clip(0, 99), compress=rf.Plio1())
        before = path.read_bytes()
        with pytest.raises(ValueError, match=words):
            hdu.write(pixels)
        assert path.read_bytes() == before and np.array_equal(hdu.read(), pixels.clip(0, 99))


def test_plio_refuses_pixels_that_cfitsio_would_silently_change(path):
    pixels = np.zeros(9000, "i4")
    pixels[4095] = 1  # a lone pixel after exactly 4095 zeros
    with rf.FITS(path, "w+") as fits, pytest.raises(ValueError):
        fits.write_image(pixels, compress=rf.Plio1())
    assert path.stat().st_size == 0


# -- tiles ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shape, tiles, count", [((173,), (173,), 1), ((31, 45), (1, 45), 31), ((3, 4, 5), (1, 1, 5), 12)]
)
def test_default_tiles_are_rows(path, shape, tiles, count):
    with rf.FITS(path, "w+") as fits:
        hdu = fits.write_image(noise(shape, "i2"), compress=rf.Rice1())
        assert hdu.compression == rf.Rice1(tile_shape=tiles) and hdu.n_tiles == count


@pytest.mark.parametrize("rows, tile", [(30, 30), (31, 16), (34, 24), (50, 20), (65, 24), (200, 16)])
def test_default_tiles_of_hcompress_have_the_rows_of_cfitsio(path, rows, tile):
    pixels = noise((rows, 9), "i2")
    with rf.FITS(path, "w+") as fits:
        hdu = fits.write_image(pixels, compress="HCOMPRESS_1")
        assert hdu.compression.tile_shape == (tile, 9) and np.array_equal(hdu.read(), pixels)


def tilings():
    """Codecs and tile shapes for 40 by 50 pixels; for HCOMPRESS the last tile also has at least 4 pixels per axis."""
    for codec in CODECS:
        yield from [(codec, tiles) for tiles in [(8, 10), (40, 50), (41, 51), (400, 500), (7, 9)]]
        if codec != "HCOMPRESS_1":
            yield from [(codec, tiles) for tiles in [(4, 4), (1, 50)]]


@pytest.mark.parametrize("codec, tiles", list(tilings()))
def test_given_tile_shapes_are_used_and_read_back(path, codec, tiles):
    pixels = noise(dtype="i4")
    config = CODECS[codec](tile_shape=tiles)
    with rf.FITS(path, "w+") as fits:
        fits.write_image(pixels, compress=config)
    with rf.FITS(path) as fits:
        assert fits[1].compression == config
        assert fits[1].n_tiles == -(-40 // tiles[0]) * -(-50 // tiles[1])
        assert np.array_equal(fits[1].read(), pixels)
        assert np.array_equal(fits[1][3:39:5, 2:48:7], pixels[3:39:5, 2:48:7])


@pytest.mark.parametrize(
    "config, shape, words",
    [
        (rf.Rice1(tile_shape=(4,)), (8, 8), "."),
        (rf.Rice1(tile_shape=(4, 4, 4)), (8, 8), "."),
        (rf.Rice1(), (), "."),
        (rf.Hcompress1(), (8,), "2-D"),
        (rf.Hcompress1(), (8, 8, 8), "2-D"),
        (rf.Hcompress1(), (3, 8), "minimum of 4"),
        (rf.Hcompress1(), (8, 3), "minimum of 4"),
        (rf.Hcompress1(tile_shape=(3, 8)), (8, 8), "minimum of 4"),
        (rf.Hcompress1(), (0, 8), "axis 0 has size 0"),
        (rf.Hcompress1(tile_shape=(16, 8)), (34, 8), r"last tile of 2 pixels.*tile_shape\[0\]=17"),
    ],
)
def test_tile_shapes_that_do_not_fit_are_refused(path, config, shape, words):
    with rf.FITS(path, "w+") as fits, pytest.raises(ValueError, match=f"(?s){words}"):
        fits.create_image_hdu("i2", shape, compress=config)


def test_suggested_tile_works(path):
    with rf.FITS(path, "w+") as fits:
        hdu = fits.write_image(noise((34, 8), "i2"), compress=rf.Hcompress1(tile_shape=(17, 8)))
        assert np.array_equal(hdu.read(), noise((34, 8), "i2"))


@pytest.mark.parametrize(
    "config",
    [
        rf.Gzip1(heap_format="Q"),
        rf.Gzip2(tile_shape=(5, 7)),
        rf.Rice1(blocksize=16),
        rf.Rice1(heap_format="q", tile_shape=(9, 9)),
        rf.Hcompress1(scale=3, smooth=True),
        rf.Hcompress1(tile_shape=(10, 10)),
        rf.Plio1(heap_format="Q"),
    ],
)
def test_config_is_read_back_from_the_file(path, config):
    pixels = noise(dtype="i2")
    with rf.FITS(path, "w+") as fits:
        fits.write_image(pixels, compress=config)
    with rf.FITS(path) as fits:
        found = fits[1].compression
        assert type(found) is type(config) and found.tile_shape is not None
        for name, value in vars(config).items():
            assert getattr(found, name) == value or name == "tile_shape"
        if not getattr(config, "scale", 0):
            assert np.array_equal(fits[1].read(), pixels)
        if config.heap_format == "Q":
            assert fits[1].header["TFORM1"].startswith("1Q")
        assert fits[1].header["BITPIX"] == 8 and fits[1].bitpix == 16
        if type(config) is rf.Rice1:
            assert (fits[1].header["ZVAL1"], fits[1].header["ZVAL2"]) == (config.blocksize, 2)


def test_level_is_known_only_to_the_writer(path):
    smooth = np.add.outer(np.arange(300) // 3, np.arange(300) // 5).astype("i4")
    sizes = {}
    with rf.FITS(path, "w+") as fits:
        for level in (None, 0, 1, 9):
            hdu = fits.write_image(smooth, compress=rf.Gzip1(level=level, tile_shape=(300, 300)))
            assert hdu.compression.level == level and np.array_equal(hdu.read(), smooth)
            sizes[level] = hdu.header["PCOUNT"]
    assert sizes[9] < 0.9 * sizes[1] and sizes[0] > smooth.nbytes and sizes[None] == sizes[1]
    with rf.FITS(path) as fits:
        assert fits[4].compression.level is None


@pytest.mark.parametrize(
    "old, new, expected",
    [
        (b"'RICE_1  '", b"'RICE_ONE'", rf.Rice1),
        (b"'GZIP_1  '", b"'GZIP    '", rf.Gzip1),
        (b"'HCOMPRESS_1'", b"'HCOMPRESS'  ", rf.Hcompress1),
    ],
)
def test_synonyms_of_codecs_in_files_are_understood(path, old, new, expected):
    pixels = noise(dtype="i2")
    with rf.FITS(path, "w+") as fits:
        fits.write_image(pixels, compress=expected())
    path.write_bytes(path.read_bytes().replace(old, new))
    with rf.FITS(path) as fits:
        assert type(fits[1].compression) is expected and np.array_equal(fits[1].read(), pixels)


# -- quantized floats -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["no_dither", "dither1", "dither2"])
@pytest.mark.parametrize("codec", ["RICE_1", "GZIP_1", "GZIP_2", "HCOMPRESS_1"])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.filterwarnings("ignore:HCOMPRESS_1 is not combined")
def test_nan_and_infinities_become_nan_alone(path, codec, method, dtype):
    clean = noise(dtype=dtype)
    pixels = clean.copy()
    pixels[3, 5], pixels[3, 6], pixels[20, 0], pixels[-1, -1] = np.nan, np.inf, -np.inf, np.nan
    with rf.FITS(path, "w+") as fits:
        hdu = fits.write_image(pixels, compress=CODECS[codec](), quantize=rf.Quantize(method=method))
        assert hdu.header["ZBLANK"] == -2147483647 and hdu.header["ZQUANTIZ"]
        result = hdu.read()
        assert np.array_equal(np.isnan(result), ~np.isfinite(pixels))
        finite = np.isfinite(pixels)
        assert np.abs(result - clean)[finite].max() < 3
        for key in ((3, 5), (20, 0)):
            assert np.isnan(hdu[key])
        assert hdu[3, 4] == result[3, 4] and np.array_equal(hdu.read(scale=False), result, equal_nan=True)


def test_zeros_stay_zeros_with_the_second_dither(path):
    pixels = noise()
    pixels[::3, ::2] = 0
    with rf.FITS(path, "w+") as fits:
        result = fits.write_image(pixels, compress="RICE_1", quantize=rf.Quantize(method="dither2")).read()
        assert np.array_equal(result == 0, pixels == 0)


def test_tiles_that_cannot_be_quantized_are_exact(path):
    pixels = noise()
    pixels[5] = 3.25
    pixels[6] = np.linspace(-1e38, 1e38, 50)
    with rf.FITS(path, "w+") as fits:
        hdu = fits.write_image(pixels, compress=rf.Rice1(), quantize=rf.Quantize())
        assert "GZIP_COMPRESSED_DATA" in [hdu.header[f"TTYPE{n}"] for n in range(1, hdu.header["TFIELDS"] + 1)]
        assert np.array_equal(hdu[5], pixels[5]) and np.array_equal(hdu.read()[6], pixels[6])
        assert np.array_equal(hdu[4:8], hdu.read()[4:8])


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("codec", [rf.Gzip1, rf.Gzip2])
def test_lossless_floats_keep_every_bit(path, codec, dtype):
    bits = np.random.default_rng(3).integers(0, 2**32, 4000 * np.dtype(dtype).itemsize // 4, dtype="u4")
    pixels = bits.view(dtype).reshape(40, 100).copy()
    pixels[0, :6] = [np.nan, np.inf, -np.inf, -0.0, np.finfo(dtype).smallest_subnormal, np.finfo(dtype).max]
    with rf.FITS(path, "w+") as fits:
        hdu = fits.write_image(pixels, compress=codec(tile_shape=(7, 13)))
        assert hdu.read().tobytes() == pixels.tobytes()
        assert hdu.header["TFIELDS"] == 1 and not {"ZDITHER0", "ZBLANK"} & set(hdu.header.keys())


def test_equal_input_gives_equal_files_and_seeds_differ(tmp_path):
    raw = {}
    for name, seed in (("a", 0), ("b", 1), ("c", 0), ("d", 2)):
        with rf.FITS(tmp_path / name, "w+") as fits:
            hdu = fits.write_image(noise(), compress="RICE_1", quantize=rf.Quantize(seed=seed))
            assert hdu.header["ZDITHER0"] == max(seed, 1)
        raw[name] = (tmp_path / name).read_bytes()
    assert raw["a"] == raw["b"] == raw["c"] != raw["d"]


def test_second_dither_with_hcompress_is_the_first(path):
    pixels = noise()
    pixels[3:5] = 0
    with rf.FITS(path, "w+") as fits:
        with pytest.warns(UserWarning, match="dither1 is used"):
            hdu = fits.write_image(pixels, compress=rf.Hcompress1(), quantize=rf.Quantize(method="dither2", seed=5))
        assert hdu.header["ZQUANTIZ"] == "SUBTRACTIVE_DITHER_1"
        assert np.abs(hdu.read() - pixels).max() < 2
        first = fits.write_image(pixels, compress=rf.Hcompress1(), quantize=rf.Quantize(method="dither1", seed=5))
        assert np.array_equal(first.read(), hdu.read())


# -- tile cache -------------------------------------------------------------------------------------------------------


def test_tile_cache_counts_its_bytes_and_follows_changes(path):
    pixels = noise(dtype="i4")
    with rf.FITS(path, "w+") as fits:
        hdu = fits.write_image(pixels, compress=rf.Rice1(tile_shape=(10, 10)))
        assert hdu.tile_cache_size == 32 << 20 and hdu.tile_cache_used == 0
        for _ in range(3):
            assert np.array_equal(hdu[0:10, 0:10], pixels[:10, :10])
            assert hdu.tile_cache_used == 400
        part = hdu[0:10, 0:10]
        part[:] = -1  # the caller's copy
        assert np.array_equal(hdu[0:10, 0:10], pixels[:10, :10])
        hdu.read()
        assert hdu.tile_cache_used == pixels.nbytes
        hdu.set_tile_cache_size(1000)
        assert hdu.tile_cache_used <= 1000 == hdu.tile_cache_size
        hdu.clear_tile_cache()
        assert hdu.tile_cache_used == 0 and hdu.tile_cache_size == 1000
        hdu.set_tile_cache_size(0)
        assert np.array_equal(hdu[5:25, 5:25], pixels[5:25, 5:25]) and hdu.tile_cache_used == 0
        hdu.set_tile_cache_size(1 << 20)
        assert np.array_equal(hdu[5:25, 5:25], pixels[5:25, 5:25]) and hdu.tile_cache_used > 0
        hdu.write(pixels[::-1])
        assert np.array_equal(hdu[5:25, 5:25], pixels[::-1][5:25, 5:25])
        hdu.header["BSCALE"] = 2.0
        assert np.array_equal(hdu[5:25, 5:25], 2.0 * pixels[::-1][5:25, 5:25])
        with pytest.raises(OverflowError):
            hdu.set_tile_cache_size(-1)
        with pytest.raises(TypeError):
            hdu.set_tile_cache_size(1.5)


# -- rewriting --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", CODECS)
def test_rewriting_reuses_the_heap_and_moves_the_hdus_after_it(path, codec):
    first, second = noise((90, 80), "i4"), noise((90, 80), "i4", seed=2) * 900
    with rf.FITS(path, "w+") as fits:
        hdu = fits.write_image(first, compress=CODECS[codec](tile_shape=(10, 20)))
        fits.write_image(first, extname="behind")
        sizes = set()
        for pixels in (second, first, second, first):
            hdu.write(pixels)
            assert np.array_equal(hdu.read(), pixels) and np.array_equal(fits["behind"].read(), first)
            sizes.add((hdu.header["PCOUNT"], int(pixels.sum())))
        assert len(sizes) == 2  # the heap is reused from its start
        assert len({size // 2880 for size, _ in sizes}) == 2  # and blocks move in both directions
    with rf.FITS(path) as fits:
        assert np.array_equal(fits[1].read(), first) and np.array_equal(fits["behind"].read(), first)
    fresh = path.with_name("fresh.fits")
    with rf.FITS(fresh, "w+") as fits:
        fits.write_image(first, compress=CODECS[codec](tile_shape=(10, 20)))
        fits.write_image(first, extname="behind")
    assert len(fresh.read_bytes()) == len(path.read_bytes())


def test_file_shrinks_with_its_last_hdu(path):
    noisy, flat = noise((90, 80), "i4") * 1000, np.zeros((90, 80), "i4")
    with rf.FITS(path, "w+") as fits:
        fits.write_image(flat, compress=rf.Rice1())
        small = path.read_bytes()
        fits[1].write(noisy)
        assert path.stat().st_size > len(small)
        fits[1].write(flat)
        assert path.stat().st_size == len(small) and np.array_equal(fits[1].read(), flat)
        assert fits.write_image(noisy).index == 2 and np.array_equal(fits[2].read(), noisy)
    with rf.FITS(path) as fits:
        assert np.array_equal(fits[1].read(), flat) and np.array_equal(fits[2].read(), noisy)


def test_created_hdu_is_unreadable_until_it_is_written(path):
    pixels = noise(dtype="i2")
    with rf.FITS(path, "w+") as fits:
        fits.create_image_hdu("i2", pixels.shape, compress=rf.Rice1(tile_shape=(8, 8)))
        with pytest.raises(ValueError, match=r"tile 0.*never written"):
            fits[1].read()
        fits[1].write(pixels)
        assert np.array_equal(fits[1].read(), pixels)
        with pytest.raises(NotImplementedError, match="start="):
            fits[1].write(pixels, start=(0, 0))
        with pytest.raises(ValueError, match="shape"):
            fits[1].write(pixels[:-1])
        fits[1][...] = pixels[::-1]
        assert np.array_equal(fits[1].read(), pixels[::-1])


def test_rewriting_floats_keeps_the_method(path):
    quantize = rf.Quantize(level=16, method="dither2", seed=99)
    pixels = noise()
    pixels[0, 0] = 0
    with rf.FITS(path, "w+") as fits:
        hdu = fits.write_image(pixels, compress="RICE_1", quantize=quantize)
        before = path.read_bytes()
        hdu.write(pixels)
        assert path.read_bytes() == before  # the handle that created it also knows the level
    with rf.FITS(path, "r+") as fits:
        fits[1].write(pixels)
        assert fits[1].header["ZDITHER0"] == 99 and fits[1].header["ZQUANTIZ"] == "SUBTRACTIVE_DITHER_2"
        assert fits[1][0, 0] == 0 and np.abs(fits[1].read() - pixels).max() < 2


def set_card(path, key, value):
    raw = bytearray(path.read_bytes())
    at = raw.index(key.ljust(8).encode() + b"=")
    raw[at + 10 : at + 80] = str(value).rjust(20).ljust(70).encode()
    path.write_bytes(raw)


@pytest.mark.parametrize("dtype, bytepix", [("u1", 4), ("i2", 4), ("i4", 2)])
def test_rewriting_keeps_the_bytepix_of_the_header(path, dtype, bytepix):
    pixels = noise(dtype=dtype)
    with rf.FITS(path, "w+") as fits:
        fits.write_image(pixels, compress=rf.Rice1())
    set_card(path, "ZVAL2", bytepix)
    with rf.FITS(path, "r+") as fits:
        fits[1].write(pixels)
    assert np.array_equal(rf.read(path), pixels)


@pytest.mark.parametrize("seed", [0, -7, 20001])
def test_rewriting_keeps_the_seed_of_the_header(path, seed):
    pixels = noise()
    with rf.FITS(path, "w+") as fits:
        fits.write_image(pixels, compress=rf.Rice1(), quantize=rf.Quantize(level=-2.0))
    set_card(path, "ZDITHER0", seed)
    with rf.FITS(path, "r+") as fits:
        fits[1].write(pixels)
    assert np.abs(rf.read(path) - pixels).max() < 1.001  # half a step


def test_rewriting_is_refused_if_it_would_lose_other_columns(tmp_path):
    path, pixels = blanked_by_tile(tmp_path)
    before = path.read_bytes()
    with rf.FITS(path, "r+") as fits:
        with pytest.raises(NotImplementedError, match="ZBLANK"):
            fits[1].write(pixels)
        fits[0].header["STILL"] = "usable"
    assert path.read_bytes()[2880:] == before[2880:]


def test_rewriting_with_nan_adds_the_blank_to_the_header(path):
    with rf.FITS(path, "w+") as fits:
        hdu = fits.write_image(noise(), compress="RICE_1", quantize=rf.Quantize())
        fits.write_image(noise(dtype="i2"), extname="behind")
        pixels = noise()
        pixels[4, 4] = np.nan
        pixels[7] = 1.5
        hdu.write(pixels)
        assert np.array_equal(np.isnan(hdu.read()), np.isnan(pixels)) and np.array_equal(hdu[7], pixels[7])
        assert np.array_equal(fits["behind"].read(), noise(dtype="i2"))
    with rf.FITS(path) as fits:
        assert np.array_equal(np.isnan(fits[1].read()), np.isnan(pixels))
        assert np.array_equal(fits["behind"].read(), noise(dtype="i2"))


# -- tiles that only other programs write -----------------------------------------------------------------------------


def test_floats_in_integer_tiles_are_refused_by_name(tmp_path):
    path = tmp_path / "raw.fits.fz"
    with rf.FITS(path, "w+") as fits:
        fits.write_image(np.arange(60, dtype="i4").reshape(6, 10), compress=rf.Rice1())
    text = path.read_bytes()
    assert text.count(b"ZBITPIX =                   32") == 1
    path.write_bytes(text.replace(b"ZBITPIX =                   32", b"ZBITPIX =                  -32"))
    refused = pytest.raises(rf.FITSError, match=r"raw\.fits\.fz, HDU 1: float pixels .* RICE_1 tiles")
    with rf.FITS(path) as fits, refused:
        fits[1].read()


def blanked_by_tile(folder):
    """``(path, pixels)`` of an image whose six tiles have their own blanks."""
    path = folder / "a.fits"
    pixels = np.arange(30, dtype="i2").reshape(3, 10)
    with rf.FITS(path, "w+") as fits:
        fits.write_image(pixels, compress=rf.Rice1(tile_shape=(1, 5)))
    with_zblank_column(path, [2, 7, -99, 7, 22, 29])
    return path, pixels


def with_zblank_column(path, blanks):
    """Give the table of tiles in HDU 1 a column ZBLANK instead of the keyword."""
    with rf.FITS(path) as fits:
        header = fits[1].header
        width, nrows, pcount, ncols = (header[key] for key in ("NAXIS1", "NAXIS2", "PCOUNT", "TFIELDS"))
        cards = {card[:8].strip(): card for card in header.cards if not card.startswith("ZBLANK")}
    raw = path.read_bytes()
    begin = raw.index(b"XTENSION")
    start = begin + -(-(raw.index(b"END" + b" " * 77, begin) - begin + 80) // 2880) * 2880
    rows = np.frombuffer(raw, np.uint8, nrows * width, start).reshape(nrows, width)
    column = np.asarray(blanks, ">i4").reshape(nrows, 1).view(np.uint8)
    data = np.hstack([rows, column]).tobytes() + raw[start + nrows * width :][:pcount]
    cards |= {"NAXIS1": f"NAXIS1  = {width + 4:20d}", "TFIELDS": f"TFIELDS = {ncols + 1:20d}"}
    del cards["END"]
    cards |= {"T": f"TTYPE{ncols + 1}  = 'ZBLANK'", "F": f"TFORM{ncols + 1}  = '1J'", "END": "END"}
    text = "".join(f"{card:<80}" for card in cards.values())
    blocks = text + " " * (-len(text) % 2880)
    path.write_bytes(raw[:begin] + blocks.encode() + data + bytes(-len(data) % 2880))


def test_each_tile_may_have_its_own_blank(tmp_path):
    path, pixels = blanked_by_tile(tmp_path)
    with rf.FITS(path) as fits:
        masked = fits[1].read(mask_blank=True)
        assert np.array_equal(np.flatnonzero(masked.mask), [2, 7, 22, 29]) and np.array_equal(masked.data, pixels)


@pytest.mark.parametrize("method", ["no_dither", "dither1", "dither2"])
def test_a_zblank_column_marks_nan_like_the_keyword(tmp_path, method):
    path = tmp_path / "a.fits"
    pixels = np.random.default_rng(1).normal(5, 1, (8, 30)).astype("f4")
    pixels[2, 3] = pixels[7, 29] = np.nan
    with rf.FITS(path, "w+") as fits:
        fits.write_image(pixels, compress=rf.Rice1(), quantize=rf.Quantize(method=method))
    by_keyword = rf.read(path)
    with_zblank_column(path, [-2147483647] * 8)
    assert np.isnan(by_keyword).sum() == 2 and np.array_equal(rf.read(path), by_keyword, equal_nan=True)
