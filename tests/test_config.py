"""Config objects: spelling, equality, repr, refusals; which codec takes which pixels."""

import pickle

import numpy as np
import pytest

from rustfits_cffi import errors, threads
from rustfits_cffi.config import Gzip1, Gzip2, Hcompress1, Plio1, Quantize, Rice1, check_combination, parse_compress

ALL = (Gzip1, Gzip2, Rice1, Hcompress1, Plio1)


@pytest.mark.parametrize(
    ("config", "text"),
    [
        (Gzip1(level=9), "Gzip1(tile_shape=None, heap_format='P', level=9)"),
        (Gzip2(heap_format="q"), "Gzip2(tile_shape=None, heap_format='Q', level=None)"),
        (Rice1(tile_shape=(16, 16)), "Rice1(tile_shape=[16, 16], heap_format='P', blocksize=32)"),
        (Hcompress1(), "Hcompress1(tile_shape=None, heap_format='P', scale=0, smooth=False)"),
        (Plio1(tile_shape=np.array([3])), "Plio1(tile_shape=[3], heap_format='P')"),
        (Quantize(), "Quantize(level=4, method='dither1', seed=0)"),
        (Quantize(level=2.5, seed=-7), "Quantize(level=2.5, method='dither1', seed=-7)"),
    ],
)
def test_repr_shows_all_parameters(config, text):
    assert repr(config) == text


@pytest.mark.parametrize("kind", ALL)
def test_codecs_compare_by_class_and_fields(kind):
    assert kind() == kind() and kind(tile_shape=[4, 5]) == kind(tile_shape=(4, 5), heap_format="p")
    assert kind() != kind(heap_format="Q") and kind() != "RICE_1"
    assert [other() == kind() for other in ALL].count(True) == 1
    assert kind(tile_shape=[4, 5]).tile_shape == (4, 5)


@pytest.mark.parametrize("config", [*(kind() for kind in ALL), Quantize()])
def test_configs_are_frozen_unhashable_and_keyword_only(config):
    with pytest.raises(TypeError):
        hash(config)
    for name in ("tile_shape", "zcmptype", "zquantiz", "level", "anything"):
        with pytest.raises(AttributeError):
            setattr(config, name, 3)
    with pytest.raises(TypeError):
        type(config)(3)
    assert pickle.loads(pickle.dumps(config)) == config


def test_each_codec_has_its_zcmptype():
    assert [kind.zcmptype for kind in ALL] == ["GZIP_1", "GZIP_2", "RICE_1", "HCOMPRESS_1", "PLIO_1"]


def test_no_level_is_the_level_of_cfitsio():
    assert (Gzip1().level, Gzip1().deflate_level, Gzip1(level=0).deflate_level) == (None, 1, 0)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Rice1(tile_shape=()), ValueError, "tile_shape"),
        (lambda: Rice1(tile_shape=(3, 0)), ValueError, r"tile_shape\[1\]"),
        (lambda: Rice1(tile_shape=5), TypeError, "tile_shape"),
        (lambda: Rice1(tile_shape="ab"), TypeError, "tile_shape"),
        (lambda: Rice1(tile_shape=(3.0, 4)), TypeError, "integer"),
        (lambda: Rice1(heap_format="x"), ValueError, "heap_format"),
        (lambda: Rice1(heap_format=3), TypeError, "heap_format"),
        (lambda: Gzip1(level=10), ValueError, "0..=9"),
        (lambda: Gzip2(level=-1), OverflowError, "level"),
        (lambda: Gzip1(level=1.5), TypeError, "integer"),
        (lambda: Rice1(blocksize=0), ValueError, "blocksize"),
        (lambda: Rice1(blocksize=2**40), ValueError, "blocksize"),
        (lambda: Rice1(level=3), TypeError, "level"),
        (lambda: Hcompress1(scale=-1), ValueError, "scale"),
        (lambda: Hcompress1(scale="1"), TypeError, "scale"),
        (lambda: Hcompress1(smooth=1), TypeError, "smooth"),
        (lambda: Hcompress1(tile_shape=(4, 4, 4)), ValueError, "2-D"),
        (lambda: Quantize(level=float("nan")), ValueError, "finite"),
        (lambda: Quantize(level=float("inf")), ValueError, "finite"),
        (lambda: Quantize(level="4"), TypeError, "level"),
        (lambda: Quantize(method="none"), ValueError, "unknown method"),
        (lambda: Quantize(method=1), TypeError, "method"),
        (lambda: Quantize(seed=1.5), TypeError, "integer"),
    ],
)
def test_invalid_parameters_are_refused(make, error, words):
    with pytest.raises(error, match=words):
        make()


@pytest.mark.parametrize(
    ("method", "kept", "zquantiz"),
    [
        ("Dither1", "dither1", "SUBTRACTIVE_DITHER_1"),
        ("SUBTRACTIVE_DITHER_2", "dither2", "SUBTRACTIVE_DITHER_2"),
        ("no_dither", "no_dither", "NO_DITHER"),
    ],
)
def test_quantize_methods_are_known_by_fits_names(method, kept, zquantiz):
    config = Quantize(method=method, level=0, seed=10**30)
    assert (config.method, config.zquantiz, config.level, config.seed) == (kept, zquantiz, 0, 10**30)


def test_compress_takes_names_configs_and_none():
    assert parse_compress(None) is None
    config = Rice1(blocksize=16)
    assert parse_compress(config) is config
    assert parse_compress(" Rice_One ") == Rice1() and parse_compress("gzip") == Gzip1()
    assert parse_compress(np.str_("HCOMPRESS")) == Hcompress1() and parse_compress("plio_1") == Plio1()
    for name in ("gzip1", "rice1", "", "BZIP2_1"):
        with pytest.raises(ValueError, match="unknown compression"):
            parse_compress(name)
    for value in (True, False, 1, {}, Rice1, b"RICE_1", Quantize()):
        with pytest.raises(TypeError, match="compress="):
            parse_compress(value)


NIE = NotImplementedError
REFUSED = {
    (Rice1, "i8"): (NIE, "64-bit"),
    (Rice1, "u8"): (NIE, "64-bit"),
    (Rice1, "f4"): (ValueError, "unquantized float"),
    (Rice1, "f8"): (ValueError, "unquantized float"),
    (Hcompress1, "i8"): (NIE, "64-bit"),
    (Hcompress1, "u8"): (NIE, "64-bit"),
    (Hcompress1, "f4"): (ValueError, "unquantized float"),
    (Hcompress1, "f8"): (ValueError, "unquantized float"),
    (Plio1, "i8"): (NIE, "64-bit"),
    (Plio1, "u8"): (NIE, "PLIO.*64-bit"),
    (Plio1, "i1"): (NIE, "PLIO"),
    (Plio1, "u2"): (NIE, "PLIO"),
    (Plio1, "u4"): (NIE, "PLIO"),
    (Plio1, "f4"): (NIE, "PLIO.*float"),
    (Plio1, "f8"): (NIE, "PLIO.*float"),
}


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", ">u2", "i4", "u4", ">i8", "u8", "f4", ">f8"])
def test_each_codec_takes_its_pixel_types(kind, dtype):
    refusal = REFUSED.get((kind, dtype.lstrip(">")))
    if refusal is None:
        check_combination(dtype, kind())
    else:
        with pytest.raises(refusal[0], match=refusal[1]):
            check_combination(dtype, kind())
    if "f" not in dtype:
        with pytest.raises(ValueError, match="quantize"):
            check_combination(dtype, kind(), Quantize())
    elif kind is Plio1:
        with pytest.raises(NIE, match="float"):
            check_combination(dtype, kind(), Quantize())
    else:
        check_combination(dtype, kind(), Quantize())


def test_quantize_needs_a_codec_and_a_config():
    check_combination("f4", None)
    with pytest.raises(ValueError, match="quantize"):
        check_combination("f4", None, Quantize())
    with pytest.raises(TypeError, match="quantize"):
        check_combination("f4", Rice1(), True)


def test_number_of_threads_comes_from_the_call_the_environment_or_the_cores(monkeypatch):
    monkeypatch.setattr(threads, "_chosen", None)
    monkeypatch.delenv(threads.ENVIRONMENT_NAME, raising=False)
    assert threads.get_num_threads() == threads.usable_cores() >= 1
    monkeypatch.setenv(threads.ENVIRONMENT_NAME, " 3 ")
    assert threads.get_num_threads() == 3
    threads.set_num_threads(np.int64(5))
    assert threads.get_num_threads() == 5
    threads.set_num_threads(None)
    assert threads.get_num_threads() == 3
    for text in ("0", "many", "-1", "1e3"):
        monkeypatch.setenv(threads.ENVIRONMENT_NAME, text)
        with pytest.raises(ValueError, match=threads.ENVIRONMENT_NAME):
            threads.get_num_threads()
    for count in (0, -1, 10**6):
        with pytest.raises(ValueError, match="number of threads"):
            threads.set_num_threads(count)
    for count in (1.0, "2", True):
        with pytest.raises(TypeError):
            threads.set_num_threads(count)


@pytest.mark.parametrize(
    ("status", "builtin"),
    [
        (1, ValueError),
        (3, MemoryError),
        (7, ValueError),
        (105, FileExistsError),
        (107, EOFError),
        (112, PermissionError),
        (113, MemoryError),
        (202, KeyError),
        (225, ValueError),
        (307, IndexError),
        (412, OverflowError),
        (414, ValueError),
        (999, OSError),
    ],
)
def test_statuses_are_fits_errors_and_builtins(status, builtin):
    with pytest.raises(builtin) as caught:
        errors.raise_for_status(status, "reading x.fits", ["first\n", "", "second"], file="x.fits", hdu=1, tile=3)
    error = caught.value
    assert isinstance(error, errors.FITSError) and isinstance(error, OSError) and error.status == status
    assert "reading x.fits" in str(error) and "first; second" in str(error) and str(status) in str(error)
    assert isinstance(error, errors.TileError) == ("tile 3" in str(error))


def test_no_status_no_error():
    errors.raise_for_status(0)


def test_errors_about_corrupt_bytes_mention_decompression():
    for status in (1, 5, 6, 414):
        assert "decompression" in errors.status_text(status)


def test_tile_error_names_file_hdu_and_tile():
    error = errors.TileError("cut", file="a.fits", hdu=1, tile=2)
    assert str(error) == "a.fits, HDU 1, tile 2: cut" and (error.file, error.hdu, error.tile) == ("a.fits", 1, 2)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.reason, again.tile) == (str(error), "cut", 2)
    assert str(errors.TileError("cut")) == "cut"


def test_errors_have_the_classes_and_messages_users_need():
    assert issubclass(errors.HDUIndexError, ValueError) and issubclass(errors.HDUIndexError, IndexError)
    error = errors.TaintedError("a.fits: a change failed midway")
    assert str(pickle.loads(pickle.dumps(error))) == str(error) == "a.fits: a change failed midway"
