"""`reference.write_image` and `read_image`.

Matrix: pixel types x 1 to 6 axes x codecs x quantizations, against cfitsio's simplest call and the package fitsio.
"""

import numpy as np
import pytest

from rustfits_cffi import reference
from rustfits_cffi.config import Gzip1, Gzip2, Hcompress1, Plio1, Quantize, Rice1
from rustfits_cffi.native._lib import ffi, lib
from rustfits_cffi.native.cfitsio import requests, serial
from rustfits_cffi.native.cfitsio.handle import CfitsioFile
from rustfits_cffi.reference.images import image_request

CODECS = (Gzip1, Gzip2, Rice1, Hcompress1, Plio1)
INTEGERS = ("u1", "i1", "u2", "i2", "u4", "i4")
SHAPES = ((50,), (40, 30), (3, 20, 24))
QUANTIZATIONS = {
    "dither1": Quantize(level=4, method="dither1", seed=3),
    "dither2": Quantize(level=4, method="dither2", seed=3),
    "no_dither": Quantize(level=16, method="no_dither"),
    "step": Quantize(level=-0.5, method="dither1", seed=10000),
}


def pixels(dtype, shape, seed=0):
    return np.abs(np.random.default_rng(seed).normal(100, 20, shape)).astype(dtype)


def compressible(codec, dtype, shape):
    """Whether cfitsio supports the combination."""
    if codec is Hcompress1 and len(shape) < 2:
        return False
    return not (codec is Plio1 and (dtype == "u4" or dtype.startswith("f")))


INTEGER_CASES = [(c, d, s) for c in CODECS for d in INTEGERS for s in SHAPES if compressible(c, d, s)]


def write_simply(path, array, codec, quantize, null=None):
    """Write an image by fits_create_img and fits_write_img, with cfitsio's own buffers."""
    request = image_request(array, codec, quantize, None)
    handle = CfitsioFile(str(path), "w+")
    serial.create_image(handle, array.shape, array.dtype.str[1:], request)
    with handle.call() as (fptr, status):
        lib.fits_write_img(fptr, serial._C_TYPES[array.dtype.str[1:]], 1, array.size, ffi.from_buffer(array), status)
    requests.forget(handle)
    handle.close()


@pytest.mark.parametrize("codec,dtype,shape", INTEGER_CASES)
def test_compressed_integers_equal_fits_write_img(tmp_path, codec, dtype, shape):
    array = pixels(dtype, shape)
    reference.write_image(tmp_path / "a.fits", array, compress=codec())
    write_simply(tmp_path / "b.fits", array, codec(), None)
    assert (tmp_path / "a.fits").read_bytes() == (tmp_path / "b.fits").read_bytes()
    assert np.array_equal(reference.read_image(tmp_path / "a.fits", 1), array)


@pytest.mark.parametrize("quantize", QUANTIZATIONS.values(), ids=QUANTIZATIONS)
@pytest.mark.parametrize("codec", (Gzip1, Gzip2, Rice1, Hcompress1))
@pytest.mark.parametrize("dtype", ("f4", "f8"))
def test_quantized_floats_equal_fits_write_img(tmp_path, codec, dtype, quantize):
    array = pixels(dtype, (40, 30))
    array[32:] = 7  # falls back to gzip, in a column of its own
    reference.write_image(tmp_path / "a.fits", array, compress=codec(), quantize=quantize)
    write_simply(tmp_path / "b.fits", array, codec(), quantize)
    assert (tmp_path / "a.fits").read_bytes() == (tmp_path / "b.fits").read_bytes()


@pytest.mark.parametrize("hcomp_scale", (0.0, 4.0, -7.0))
def test_tile_by_tile_with_a_large_buffer_equals_one_call(tmp_path, hcomp_scale):
    """HCOMPRESS writes float tiles one by one, which must not change nulls, noise estimate or fallback column."""
    array = pixels("f4", (64, 30))
    array[3, 4] = array[40, 2] = np.inf
    array[16:32] = 7
    options = {"compress": Hcompress1(), "quantize": QUANTIZATIONS["dither1"], "hcomp_scale": hcomp_scale}
    reference.write_image(tmp_path / "a.fits", array, **options)
    request = image_request(array, options["compress"], options["quantize"], hcomp_scale)
    handle = CfitsioFile(str(tmp_path / "b.fits"), "w+")
    serial.create_image(handle, array.shape, "f4", request)
    with handle.call() as (fptr, status):
        first, last, null = ffi.new("long[]", [1, 1]), ffi.new("long[]", [30, 64]), ffi.new("float *", np.inf)
        lib.fits_write_compressed_img(fptr, lib.TFLOAT, first, last, 1, ffi.from_buffer(array), null, status)
    requests.forget(handle)
    handle.close()
    assert (tmp_path / "a.fits").read_bytes() == (tmp_path / "b.fits").read_bytes()


@pytest.mark.parametrize("shape", [(2, 3, 12, 16), (2, 1, 3, 12, 16), (2, 2, 1, 2, 12, 16)])
@pytest.mark.parametrize("codec", CODECS)
def test_up_to_six_axes_come_back(tmp_path, codec, shape):
    array = pixels("i2", shape)
    reference.write_image(tmp_path / "a.fits", array, compress=codec())
    assert np.array_equal(reference.read_image(tmp_path / "a.fits", 1), array)


@pytest.mark.parametrize("dtype", (*INTEGERS, "u8", "i8", "f4", "f8"))
def test_plain_images_come_back(tmp_path, dtype):
    array = pixels(dtype, (5, 4, 3)).astype(">" + dtype)
    if array.dtype.kind in "iu":
        array.flat[:2] = np.iinfo(dtype).min, np.iinfo(dtype).max
    reference.write_image(tmp_path / "a.fits", array)
    again = reference.read_image(tmp_path / "a.fits")
    assert again.dtype == np.dtype(dtype)
    assert np.array_equal(again, array)


def test_stored_integers_are_read_without_their_offset(tmp_path):
    for codec, number in ((None, 0), (Rice1(), 1)):
        reference.write_image(tmp_path / "a.fits", np.array([[0, 32768, 65535, 1]], "u2"), compress=codec)
        stored = reference.read_image(tmp_path / "a.fits", number, scale=False)
        assert stored.dtype == np.int16
        assert stored.tolist() == [[-32768, 0, 32767, -32767]]


def test_images_without_pixels_come_back(tmp_path):
    reference.write_image(tmp_path / "a.fits", None)
    assert b"NAXIS   =                    0" in (tmp_path / "a.fits").read_bytes()
    assert (tmp_path / "a.fits").stat().st_size == 2880
    reference.write_image(tmp_path / "a.fits", np.zeros((0, 3), "i2"))
    assert reference.read_image(tmp_path / "a.fits").shape == (0, 3)


@pytest.mark.parametrize("codec", (Gzip1, Rice1, Hcompress1))
def test_non_finite_pixels_are_declared_null(tmp_path, codec):
    array = pixels("f4", (40, 30))
    array[3, 4], array[5, 6], array[7, 8] = np.nan, np.inf, -np.inf
    reference.write_image(tmp_path / "a.fits", array, compress=codec(), quantize=Quantize(level=16))
    again = reference.read_image(tmp_path / "a.fits", 1)
    assert np.array_equal(np.isnan(again), ~np.isfinite(array))
    assert b"ZBLANK  =          -2147483647 / null value" in (tmp_path / "a.fits").read_bytes()


@pytest.mark.parametrize("codec", (Gzip1, Gzip2))
@pytest.mark.parametrize("dtype", ("f4", "f8"))
def test_lossless_floats_keep_every_bit(tmp_path, codec, dtype):
    bits = np.random.default_rng(1).integers(0, 2**63, 600).astype(f"u{dtype[1]}")
    array = np.concatenate([bits.view(dtype), np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-310, 1e-40], dtype)])
    reference.write_image(tmp_path / "a.fits", array, compress=codec())
    again = reference.read_image(tmp_path / "a.fits", 1, nulls=False)
    assert again.tobytes() == array.tobytes()


def test_files_equal_those_of_the_package_fitsio(tmp_path):
    fitsio = pytest.importorskip("fitsio", reason="the package fitsio is not installed")
    methods = {"dither1": "SUBTRACTIVE_DITHER_1", "dither2": "SUBTRACTIVE_DITHER_2", "no_dither": "NO_DITHER"}
    cases = [(pixels(d, s), c, None) for c, d, s in INTEGER_CASES]
    cases += [(pixels(d, s), None, None) for d in (*INTEGERS, "i8", "f4", "f8") for s in SHAPES]
    for dtype in ("f4", "f8"):
        array, holed = pixels(dtype, (40, 30)), pixels(dtype, (40, 30))
        holed[3, 4], holed[5, 6] = np.nan, -np.inf
        cases += [(a, c, q) for a in (array, holed) for c in CODECS[:4] for q in QUANTIZATIONS.values()]
        cases += [(array, c, None) for c in (Gzip1, Gzip2)]
    for array, codec, quantize in cases:
        ours, theirs = tmp_path / "ours.fits", tmp_path / "theirs.fits"
        theirs.unlink(missing_ok=True)
        options = {}
        if quantize:
            method = methods[quantize.method]
            options = {"qlevel": quantize.level, "qmethod": method, "dither_seed": quantize.seed or 1}
        elif array.dtype.kind == "f":
            options = {"qlevel": 0}
        with fitsio.FITS(str(theirs), "rw") as fits:
            fits.write(array, compress=codec and codec.zcmptype, **options)
        reference.write_image(ours, array, compress=codec and codec(), quantize=quantize)
        assert ours.read_bytes() == theirs.read_bytes(), (array.dtype, array.shape, codec, quantize)


@pytest.mark.parametrize(
    "codec,dtype,tile",
    [(Plio1, "u2", (2, 2)), (Plio1, "u2", (64, 64)), (Hcompress1, "i2", (4, 4)), (Hcompress1, "i4", (5, 5))],
)
def test_noise_that_overflows_the_buffers_of_cfitsio_comes_back(tmp_path, codec, dtype, tile):
    limits = np.iinfo(dtype)
    array = np.random.default_rng(2).integers(limits.min, limits.max, (60, 60), dtype, endpoint=True)
    reference.write_image(tmp_path / "a.fits", array, compress=codec(tile_shape=tile))
    assert np.array_equal(reference.read_image(tmp_path / "a.fits", 1), array)


def test_float_noise_after_a_fallback_tile_still_fits_its_buffer(tmp_path):
    """Adding the fallback column makes cfitsio allocate its buffer again."""
    array = np.random.default_rng(3).uniform(-1e9, 1e9, (60, 60)).astype("f8")
    array[:5, :5] = 1.0
    options = {"compress": Hcompress1(tile_shape=(5, 5)), "quantize": Quantize(level=-1.0, method="no_dither")}
    reference.write_image(tmp_path / "a.fits", array, **options)
    assert np.abs(reference.read_image(tmp_path / "a.fits", 1) - array).max() <= 0.5


def test_hcompress_scale_is_the_step(tmp_path):
    reference.write_image(tmp_path / "a.fits", pixels("i4", (40, 30)), compress=Hcompress1(scale=5, smooth=True))
    raw = (tmp_path / "a.fits").read_bytes()
    assert int.from_bytes(raw[(at := raw.index(b"\xdd\x99")) + 10 : at + 14], "big") == 5
    assert b"ZVAL1   =       -5.0000000E+00" in raw
    assert b"ZVAL2   =                    1" in raw


def test_blank_is_stored_as_the_pixels_are(tmp_path):
    array = np.array([[1, 2], [3, 65535]], "u2")
    reference.write_image(tmp_path / "a.fits", array, blank=65535)
    assert b"BLANK   =                32767 /" in (tmp_path / "a.fits").read_bytes()
    reference.write_image(tmp_path / "b.fits", array, blank=65535, compress=Rice1())
    raw = (tmp_path / "b.fits").read_bytes()
    assert raw[raw.index(b"ZCMPTYPE") + 80 :].startswith(b"ZBLANK  =                32767 /")
    assert np.array_equal(reference.read_image(tmp_path / "b.fits", 1), array)


def test_append_adds_an_hdu_and_leaves_the_others(tmp_path):
    path, arrays = tmp_path / "a.fits", [pixels("i2", (8, 9), seed) for seed in range(3)]
    for number, array in enumerate(arrays):
        reference.write_image(path, array, compress=Rice1() if number == 1 else None, append=number > 0)
    for number, array in enumerate(arrays):
        assert np.array_equal(reference.read_image(path, number), array)


def test_wide_descriptors_are_written_when_asked_for(tmp_path):
    reference.write_image(tmp_path / "a.fits", pixels("i2", (8, 9)), compress=Rice1(heap_format="Q"))
    assert b"TFORM1  = '1QB(" in (tmp_path / "a.fits").read_bytes()


@pytest.mark.parametrize(
    "array,options",
    [
        (np.zeros((4, 4), "i8"), {"compress": Gzip1()}),
        (np.zeros((4, 4), "i2"), {"compress": Gzip1(level=6)}),
        (np.zeros((4, 4), "i2"), {"compress": Rice1(blocksize=16)}),
        (np.zeros((4, 4), "i2"), {"compress": Rice1(), "quantize": Quantize()}),
        (np.zeros((4, 4), "f4"), {"quantize": Quantize()}),
        (np.zeros((4, 4), "f4"), {"compress": Rice1()}),
        (np.zeros((4, 4), "f4"), {"compress": Gzip1(), "quantize": Quantize(level=9999)}),
        (np.zeros((4, 4), "f4"), {"compress": Gzip1(), "quantize": Quantize(seed=10001)}),
        (np.zeros((4, 4), "f4"), {"blank": 1}),
        (np.zeros((4, 4), "u1"), {"blank": 256}),
        (np.full((4, 4), -1, "i2"), {"compress": Plio1()}),
        (np.zeros((0, 4), "i2"), {"compress": Rice1()}),
        (np.zeros((4, 4), "c8"), {}),
        (np.zeros((), "i2"), {}),
        (np.zeros((2, 1, 1, 1, 4, 4), "i2"), {"compress": Rice1(tile_shape=(2, 1, 1, 1, 4, 4))}),
    ],
)
def test_refusals_leave_no_file_and_no_appended_bytes(tmp_path, array, options):
    with pytest.raises(ValueError):
        reference.write_image(tmp_path / "a.fits", array, **options)
    assert not (tmp_path / "a.fits").exists()
    reference.write_image(tmp_path / "b.fits", pixels("i2", (3, 3)))
    before = (tmp_path / "b.fits").read_bytes()
    with pytest.raises(ValueError):
        reference.write_image(tmp_path / "b.fits", array, append=True, **options)
    assert (tmp_path / "b.fits").read_bytes() == before


def test_a_missing_hdu_raises(tmp_path):
    reference.write_image(tmp_path / "a.fits", pixels("i2", (3, 3)))
    with pytest.raises(OSError):
        reference.read_image(tmp_path / "a.fits", 5)
