"""The tile engine against cfitsio's own serial writes and reads, and against broken input."""

import itertools
import os
import sys
import tempfile
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rustfits_cffi import reference
from rustfits_cffi.config import Gzip1, Gzip2, Hcompress1, Plio1, Quantize, Rice1
from rustfits_cffi.errors import FITSError, TileError
from rustfits_cffi.native import tile_coding
from rustfits_cffi.native._lib import ffi, lib
from rustfits_cffi.native.pixels import any_nonfinite, pack_pixels
from rustfits_cffi.native.source import MemorySource, file_source
from rustfits_cffi.native.tile_codec import TileCodec
from rustfits_cffi.native.tile_coding import Coder, TileCoding
from rustfits_cffi.native.tile_sections import TileSections
from rustfits_cffi.native.tile_table import TileTable

CONFIGS = {"RICE_1": Rice1, "GZIP_1": Gzip1, "GZIP_2": Gzip2, "PLIO_1": Plio1, "HCOMPRESS_1": Hcompress1}
BITPIX = {"u1": 8, "i1": 8, "i2": 16, "u2": 16, "i4": 32, "u4": 32, "i8": 64, "u8": 64, "f4": -32, "f8": -64}
UNSIGNED = ("i1", "u2", "u4", "u8")
LAYOUTS = [((173,), (50,)), ((31, 45), (8, 12)), ((20, 30), (1, 30)), ((14, 9), (100, 100)), ((3, 17, 23), (2, 8, 9))]


def layouts(rng, codec):
    """Shapes and their tiles for a codec: some with every kind of edge, and some random ones."""
    drawn = []
    for ndim, most in zip((1, 1, 2, 2, 2, 2, 3, 3), (3000, 40, 60, 60, 12, 200, 16, 9), strict=True):
        shape = rng.integers(8 if ndim == 1 else 4, most, ndim)
        drawn.append((tuple(map(int, shape)), tuple(map(int, rng.integers(1, shape + 3)))))
    for shape, tile in LAYOUTS + drawn:
        if codec != "HCOMPRESS_1" or is_for_hcompress(shape, tile):
            yield shape, tile


def is_for_hcompress(shape, tile):
    return len(shape) == 2 and min(tile) >= 4 and all(n % t not in (1, 2, 3) for n, t in zip(shape, tile, strict=True))


class CodedTiles(NamedTuple):
    """Positions of coded tiles in a buffer, and their table rows; every array has one element per tile."""

    row: np.ndarray
    column: np.ndarray
    offset: np.ndarray
    nbytes: np.ndarray
    scale: np.ndarray | None = None
    zero: np.ndarray | None = None
    blank: np.ndarray | None = None
    uncompressed_letter: str = "A"


HEAP_START = 2880
ROW = np.dtype([("tiles", ">i8", (3, 2)), ("scale", ">f8"), ("zero", ">f8"), ("blank", ">i8")])


def table_of(codec, tiles, heap_nbytes):
    """The table of tiles as a file would have it, parsed."""
    grid = [-(-n // t) for n, t in zip(codec.coding.shape, codec.coding.tile_shape, strict=True)]
    rows = np.zeros(int(np.prod(grid)), ROW)
    for i, row in enumerate(np.asarray(tiles.row).tolist()):
        if tiles.column[i] < 3:
            rows["tiles"][row, tiles.column[i]] = tiles.nbytes[i], tiles.offset[i]
    for name in ("scale", "zero", "blank"):
        if getattr(tiles, name) is not None:
            rows[name][tiles.row] = getattr(tiles, name)
    columns = [SimpleNamespace(offset=16 * i, descriptor="Q", letter=letter, element_nbytes=1)
               for i, letter in enumerate(("B", tiles.uncompressed_letter, "B"))]  # fmt: skip
    numbers = [SimpleNamespace(offset=ROW.fields[name][1], letter=letter)
               for name, letter in (("scale", "D"), ("zero", "D"), ("blank", "K"))]  # fmt: skip
    layout = SimpleNamespace(
        nrows=len(rows), row_nbytes=ROW.itemsize, heap_start=0, heap_nbytes=heap_nbytes, compressed=columns[0],
        uncompressed=columns[1], gzip=columns[2], zscale=numbers[0], zzero=numbers[1],
        zblank=None if tiles.blank is None else numbers[2], is_quantized=codec.coding.quantized,
    )  # fmt: skip
    return TileTable(rows.tobytes(), layout, HEAP_START, HEAP_START + heap_nbytes)


class FileSource:
    """The coded bytes in an unnamed file."""

    path = "memory"

    def __init__(self, data):
        self.workspace = ffi.gc(lib.rf_workspace_new(), lib.rf_workspace_free)
        with tempfile.TemporaryFile() as file:
            file.write(bytes(HEAP_START) + data)
            file.flush()
            self._source = file_source(os.dup(file.fileno()))

    def held(self):
        return self._source


def sources(data):
    """The same bytes in a file, in memory, and in pieces of memory."""
    cut = len(data) // 3
    yield FileSource(data)
    yield MemorySource([(HEAP_START, data)])
    yield MemorySource([(HEAP_START, data[:cut]), (HEAP_START + cut, data[cut : 2 * cut]),
                        (HEAP_START + 2 * cut, data[2 * cut :])])  # fmt: skip


def decode(codec, data, tiles, *, start, count, step, out="unsigned", bscale=1.0, bzero=0.0, nthreads=1, dst=None):
    """Pixels of a section, decoded from a file and from memory: both give the same pixels or the same error."""
    data = bytes(data)
    table, results = table_of(codec, tiles, len(data)), []
    for source in sources(data):
        sections = TileSections(codec, table, source, out, bscale=bscale, bzero=bzero)
        pixels = np.empty(tuple(count), sections.dtype) if dst is None else dst
        try:
            sections.read(start, count, step, pixels, nthreads)
            results.append(pixels.tobytes())
        except FITSError as error:
            results.append(str(error))
            raised = error
    assert len(set(results)) == 1
    if isinstance(results[0], str):
        raise raised
    return pixels


class Stored:
    """The tiles of a compressed image in a file, read without cfitsio."""

    def __init__(self, path, bitpix):
        raw = path.read_bytes()
        cards, at = [{}], 0
        while at < len(raw):  # headers up to the data of the second HDU
            card = raw[at : at + 80].decode("ascii")
            at += 80
            if card[8:10] == "= ":
                cards[-1][card[:8].strip()] = card[10:].split("/")[0].strip(" '")
            if card.startswith("END"):
                at += -at % 2880
                if len(cards) == 2:
                    break
                cards.append({})
        keys = self.keys = cards[1]
        nbytes, ntiles = int(keys["NAXIS1"]), int(keys["NAXIS2"])
        fields = []
        for n in range(1, int(keys["TFIELDS"]) + 1):
            form = keys[f"TFORM{n}"]
            kind = ">f8" if form == "1D" else ">i4" if "P" in form else ">i8"
            fields.append((keys[f"TTYPE{n}"], kind) if form == "1D" else (keys[f"TTYPE{n}"], kind, 2))
        table = np.frombuffer(raw, np.dtype(fields), ntiles, at)
        assert table.itemsize == nbytes
        self.heap = raw[at + nbytes * ntiles : at + nbytes * ntiles + int(keys["PCOUNT"])]
        unit = 2 if "PI" in keys["TFORM1"] else 1
        main = table["COMPRESSED_DATA"].astype("i8")
        self.nbytes, self.offset = main[:, 0] * unit, main[:, 1].copy()
        self.column = np.zeros(ntiles, "u1")
        if "GZIP_COMPRESSED_DATA" in table.dtype.names:
            other = table["GZIP_COMPRESSED_DATA"].astype("i8")
            absent = self.nbytes == 0
            self.column[absent] = tile_coding.GZIP_COMPRESSED_DATA
            self.nbytes[absent], self.offset[absent] = other[absent, 0], other[absent, 1]
        has_scale = "ZSCALE" in table.dtype.names
        self.scale = table["ZSCALE"].astype("f8") if has_scale else None
        self.zero = table["ZZERO"].astype("f8") if has_scale else None
        blank = keys.get("ZBLANK")
        self.blank = None if blank is None else np.full(ntiles, int(blank), "i8")
        self.tiles = CodedTiles(
            np.arange(ntiles), self.column, self.offset, self.nbytes, self.scale, self.zero, self.blank
        )


def coding_of(pixels, tile_shape, codec, **more):
    dtype, quantized = pixels.dtype.str[1:], more.get("quantized", False)
    parameters = {name: more.pop(name) for name in [*more] if name in Coder.__dataclass_fields__}
    coder = Coder.of_image(codec, BITPIX[dtype], unsigned=dtype in UNSIGNED, quantized=quantized, **parameters)
    return TileCoding(shape=pixels.shape, tile_shape=tile_shape, bitpix=BITPIX[dtype], coder=coder,
                      unsigned=dtype in UNSIGNED, **more)  # fmt: skip


def rows_of(codec):
    return np.arange(
        int(np.prod([-(-n // t) for n, t in zip(codec.coding.shape, codec.coding.tile_shape, strict=True)]))
    )


def encode(codec, pixels, **more):
    return codec.encode(pixels, rows_of(codec), **more)


def located(encoded, rows=None):
    """Encoded tiles as tiles to decode."""
    offset = np.cumsum(encoded.nbytes) - encoded.nbytes
    rows = np.arange(len(offset)) if rows is None else rows
    blank = np.full(len(offset), -2147483647)
    return CodedTiles(rows, encoded.column, offset, encoded.nbytes, encoded.scale, encoded.zero, blank)


def decode_all(codec, data, tiles, **more):
    shape = codec.coding.shape
    return decode(codec, data, tiles, start=(0,) * len(shape), count=shape, step=(1,) * len(shape), **more)


def integer_pixels(rng, dtype, shape, codec):
    limits = np.iinfo(dtype)
    pixels = rng.normal(100 if dtype in ("u1", "i1") else 1000, 12, shape) + np.arange(shape[-1]) * 0.3
    pixels = np.clip(np.rint(pixels), 0 if codec == "PLIO_1" else limits.min, limits.max).astype(dtype)
    pixels[..., 4:8] = 7
    if codec not in ("PLIO_1", "HCOMPRESS_1"):
        pixels.flat[3], pixels.flat[4] = limits.min, limits.max
    return pixels


def float_pixels(rng, dtype, shape, content):
    pixels = rng.normal(50, 3, shape) + np.arange(shape[-1]) * 0.1
    pixels[..., 3:7] = 0.0
    if content == "not finite":
        pixels[..., 5:6] = np.nan
        pixels.flat[shape[-1] // 2] = np.inf
        pixels.flat[-1] = -np.inf
    elif content == "constant":
        pixels[: max(1, shape[0] // 2)] = 3.25
    elif content == "wide":
        pixels.flat[7] = 1e30
    elif content == "rounded":
        pixels = np.rint(pixels)
    return pixels.astype(dtype)


@pytest.fixture
def integers(rng):
    return partial(integer_pixels, rng)


@pytest.fixture
def floats(rng):
    return partial(float_pixels, rng)


def same_bits(a, b):
    assert a.dtype == b.dtype and a.shape == b.shape
    if a.dtype.kind == "f":
        assert np.array_equal(np.isnan(a), np.isnan(b))
        a, b = np.where(np.isnan(a), 0, a), np.where(np.isnan(b), 0, b)
    assert a.tobytes() == b.tobytes()


def compare_with_file(path, codec, pixels):
    """Encode like the file's tiles and compare with all that cfitsio wrote; decode and compare with what it reads."""
    file = Stored(path, codec.coding.bitpix)
    encoded = encode(codec, pixels, nthreads=2)
    assert bytes(encoded.data) == file.heap
    assert encoded.nbytes.tolist() == file.nbytes.tolist()
    assert encoded.column.tolist() == file.column.tolist()
    if file.scale is not None:
        assert encoded.scale.tobytes() == file.scale.tobytes()
        assert encoded.zero.tobytes() == file.zero.tobytes()
    theirs = reference.read_image(path, 1)
    same_bits(decode_all(codec, file.heap, file.tiles, nthreads=2), theirs.astype(theirs.dtype.newbyteorder("=")))
    return file, encoded


# -- identity ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dtype, codec",
    [
        (dtype, codec)
        for dtype in ("u1", "i1", "i2", "u2", "i4", "u4")
        for codec in CONFIGS
        if (dtype, codec) != ("u4", "PLIO_1")  # cfitsio refuses it below 2^31
    ],
)
def test_integer_tiles_equal_cfitsios(tmp_path, rng, integers, dtype, codec):
    for shape, tile in layouts(rng, codec):
        pixels = integers(dtype, shape, codec)
        path = tmp_path / "a.fits"
        path.unlink(missing_ok=True)
        reference.write_image(path, pixels, compress=CONFIGS[codec](tile_shape=tile))
        file = Stored(path, BITPIX[dtype])
        tile = tuple(int(file.keys[f"ZTILE{n}"]) for n in range(len(shape), 0, -1))
        compare_with_file(path, TileCodec(coding_of(pixels, tile, codec)), pixels)


@pytest.mark.parametrize("content", ["finite", "not finite", "constant", "wide", "rounded"])
@pytest.mark.parametrize("codec", ["RICE_1", "GZIP_1", "GZIP_2", "HCOMPRESS_1"])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_quantized_tiles_equal_cfitsios(tmp_path, rng, floats, dtype, codec, content):
    methods = itertools.cycle(["no_dither", "dither1", "dither2"])
    levels = itertools.cycle([4.0, -0.5, 16.0, 1.0])
    for (shape, tile), seed in itertools.product(layouts(rng, codec), (1, 9999, int(rng.integers(1, 10001)))):
        method, level = next(methods), next(levels)
        if codec == "HCOMPRESS_1" and method == "dither2":
            method = "dither1"
        pixels = floats(dtype, shape, content)
        path = tmp_path / "a.fits"
        path.unlink(missing_ok=True)
        quantize = Quantize(level=level, method=method, seed=seed)
        reference.write_image(path, pixels, compress=CONFIGS[codec](tile_shape=tile), quantize=quantize)
        file = Stored(path, BITPIX[dtype])
        tile = tuple(int(file.keys[f"ZTILE{n}"]) for n in range(len(shape), 0, -1))
        dither = {"no_dither": 0, "dither1": 1, "dither2": 2}[method]
        coding = coding_of(pixels, tile, codec, quantized=True, dither=dither, seed=seed, level=level,
                           nulls="none" if np.isfinite(pixels).all() else "nonfinite")  # fmt: skip
        compare_with_file(path, TileCodec(coding), pixels)


@pytest.mark.parametrize("codec", ["GZIP_1", "GZIP_2"])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_lossless_float_tiles_equal_cfitsios(tmp_path, rng, floats, dtype, codec):
    for number, (shape, tile) in enumerate(layouts(rng, codec)):
        pixels = floats(dtype, shape, "not finite")
        pixels.flat[1], pixels.flat[2] = 1e-310 if dtype == "f8" else 1e-40, -0.0
        path = tmp_path / f"{number}.fits"
        reference.write_image(path, pixels, compress=CONFIGS[codec](tile_shape=tile))
        compare_with_file(path, TileCodec(coding_of(pixels, tile, codec)), pixels)
        decoded = decode_all(TileCodec(coding_of(pixels, tile, codec)), *stored(path, pixels))
        assert decoded.tobytes() == pixels.tobytes()


def stored(path, pixels):
    file = Stored(path, 0)
    return file.heap, file.tiles


@pytest.mark.parametrize("scale", [2.5, 0.5, -7.0])
@pytest.mark.parametrize("dtype", ["u1", "i2", "u2", "i4", "f4"])
def test_lossy_hcompress_tiles_equal_cfitsios(tmp_path, integers, floats, dtype, scale):
    for number, tile in enumerate([(8, 12), (31, 45), (7, 9)]):
        is_float = dtype == "f4"
        pixels = floats(dtype, (31, 45), "not finite") if is_float else integers(dtype, (31, 45), "HCOMPRESS_1")
        if dtype[0] == "u":  # cfitsio refuses to read values below 0, and bytes above 255
            pixels = pixels.clip(90, 160) if dtype == "u1" else pixels + 5000
        path = tmp_path / f"{number}.fits"
        quantize = Quantize(level=4, method="dither1", seed=3) if is_float else None
        reference.write_image(path, pixels, compress=Hcompress1(tile_shape=tile), quantize=quantize, hcomp_scale=scale)
        file = Stored(path, 0)
        tile = (int(file.keys["ZTILE2"]), int(file.keys["ZTILE1"]))
        coding = coding_of(pixels, tile, "HCOMPRESS_1", hcompress_scale=scale, quantized=is_float,
                           dither=int(is_float), seed=3, nulls="nonfinite" if is_float else "none")  # fmt: skip
        compare_with_file(path, TileCodec(coding), pixels)


@pytest.mark.parametrize("codec", ["RICE_1", "GZIP_1", "GZIP_2", "HCOMPRESS_1"])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_packed_float_tiles_equal_fpacks(tmp_path, floats, dtype, codec):
    """Nulls tile by tile, subnormals and -0 as 0; cfitsio's own null value is null in a tile that has another null."""
    for number, method in enumerate(["no_dither", "dither1", "dither2"]):
        pixels = floats(dtype, (31, 45), "finite")
        pixels[20:, 9] = np.nan
        pixels[0, :3] = [1e-310 if dtype == "f8" else 1e-40, -0.0, np.inf]
        pixels[30, 3] = pixels[2, 40] = -9.11912e-36 if dtype == "f4" else -9.1191291391491e-36
        if codec == "HCOMPRESS_1" and method == "dither2":
            continue
        plain, packed = tmp_path / f"{number}.fits", tmp_path / f"{number}.fits.fz"
        reference.write_image(plain, pixels)
        options = reference.PackOptions(codec=codec, tile_shape=(8, 12), method=method, seed=77, checksum=False)
        reference.pack(plain, packed, options)
        dither = {"no_dither": 0, "dither1": 1, "dither2": 2}[method]
        coding = coding_of(pixels, (8, 12), codec, quantized=True, dither=dither, seed=77, nulls="fpack")
        file = Stored(packed, 0)
        tile = tuple(int(file.keys[f"ZTILE{n}"]) for n in (2, 1))
        compare_with_file(packed, TileCodec(replace(coding, tile_shape=tile)), pixels)


def test_checksum_seed_is_cfitsios(tmp_path, floats):
    pixels = floats("f4", (31, 45), "finite")
    plain, packed = tmp_path / "a.fits", tmp_path / "a.fits.fz"
    reference.write_image(plain, pixels)
    reference.pack(plain, packed, reference.PackOptions(seed=-1, checksum=False))
    codec = TileCodec(coding_of(pixels, (1, 45), "RICE_1", quantized=True, dither=1, nulls="fpack"))
    assert codec.tile_byte_sum(pixels) % 10000 + 1 == int(Stored(packed, 0).keys["ZDITHER0"])


def test_nocompress_tiles_are_plain_bytes(integers):
    pixels = integers("i2", (31, 45), "RICE_1")
    codec = TileCodec(coding_of(pixels, (8, 12), "NOCOMPRESS"))
    encoded = encode(codec, pixels)
    assert set(encoded.column) == {tile_coding.UNCOMPRESSED_DATA}
    assert bytes(encoded.data)[:24] == pixels[0, :12].astype(">i2").tobytes()
    same_bits(decode_all(codec, encoded.data, located(encoded)), pixels)


# -- memory layout of the source, and batches -------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i4", "u4", "f4", "f8", "i8", "u8"])
def test_strided_and_swapped_sources_give_the_same_bytes(integers, floats, dtype):
    shape, tile = (9, 14, 20), (4, 5, 7)
    pixels = floats(dtype, shape, "finite") if dtype[0] == "f" else integers(dtype, shape, "GZIP_2")
    codec = TileCodec(coding_of(pixels, tile, "GZIP_2"))
    expected = bytes(encode(codec, pixels).data)
    sources = [
        pixels.astype(pixels.dtype.newbyteorder()),
        np.asfortranarray(pixels),
        np.repeat(np.repeat(pixels, 2, axis=0), 3, axis=2)[::2, :, ::3],
        np.ascontiguousarray(pixels[::-1, :, ::-1])[::-1, :, ::-1],
    ]
    odd = np.zeros(pixels.nbytes + 1, "u1")
    odd[1:] = np.frombuffer(pixels.tobytes(), "u1")
    sources.append(np.frombuffer(odd.data, pixels.dtype, offset=1).reshape(shape))
    for source in sources:
        assert np.array_equal(source, pixels)
        assert bytes(encode(codec, source).data) == expected


def test_slabs_and_chosen_rows_give_the_tiles_of_the_whole(floats):
    pixels = floats("f4", (20, 30), "finite")
    codec = TileCodec(coding_of(pixels, (8, 12), "RICE_1", quantized=True, dither=1, seed=5))
    whole = encode(codec, pixels)
    ends = np.cumsum(whole.nbytes)
    slab = codec.encode(pixels[8:16], np.arange(3, 6), origin=(8, 0))
    assert bytes(slab.data) == bytes(whole.data)[ends[2] : ends[5]]
    chosen = codec.encode(pixels, np.array([7, 1]))
    assert chosen.nbytes.tolist() == whole.nbytes[[7, 1]].tolist()
    assert chosen.scale.tolist() == whole.scale[[7, 1]].tolist()


def test_a_source_that_does_not_cover_the_tile_is_refused():
    pixels = np.zeros((20, 30), "i4")
    codec = TileCodec(coding_of(pixels, (8, 12), "RICE_1"))
    with pytest.raises(FITSError):
        codec.encode(pixels[:10], np.arange(6))
    with pytest.raises(FITSError):
        codec.encode(pixels[8:], np.arange(1), origin=(8, 0))
    with pytest.raises(FITSError):
        codec.encode(pixels, np.array([9]))


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_any_section_equals_numpys(data):
    ndim = data.draw(st.integers(1, 4))
    shape = tuple(data.draw(st.integers(1, 11)) for _ in range(ndim))
    tile = tuple(data.draw(st.integers(1, 12)) for _ in range(ndim))
    dtype = data.draw(st.sampled_from(["u1", "u2", "i4", "f4", "f8", "quantized"]))
    quantized = dtype == "quantized"
    random = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    pixels = random.normal(100, 20, shape).astype("f4" if quantized else dtype)
    name = data.draw(st.sampled_from(["RICE_1", "GZIP_1"])) if dtype not in ("f4", "f8") else "GZIP_2"
    codec = TileCodec(coding_of(pixels, tile, name, quantized=quantized, dither=2 * quantized, level=-1.0))
    encoded = encode(codec, pixels)
    whole = decode_all(codec, encoded.data, located(encoded))
    if not quantized:
        assert np.array_equal(whole, pixels)
    slices = []
    for n in shape:
        start = data.draw(st.integers(0, n - 1))
        slices.append(slice(start, data.draw(st.integers(start + 1, n)), data.draw(st.integers(1, 4))))
    expected = whole[tuple(slices)]
    section = {"start": [s.start for s in slices], "count": expected.shape, "step": [s.step for s in slices]}
    got = decode(codec, encoded.data, located(encoded), nthreads=data.draw(st.integers(1, 3)), **section)
    assert got.tobytes() == expected.tobytes()
    scaled = decode(codec, encoded.data, located(encoded), out="double", **section)
    same = decode(codec, encoded.data, located(encoded), out="stored", **section)
    assert np.array_equal(scaled.astype(same.dtype), same)


def test_wide_steps_over_a_dithered_tile_equal_numpys(rng):
    pixels = rng.normal(0, 1, (70, 400)).astype("f4")
    codec = TileCodec(coding_of(pixels, (70, 400), "RICE_1", quantized=True, dither=1, seed=10000))
    encoded = encode(codec, pixels)
    whole = decode_all(codec, encoded.data, located(encoded))
    for slices in (np.s_[3::5, 7::40], np.s_[:, 17:18], np.s_[::69, ::399], np.s_[50:51, 3:400:7]):
        part = [range(n)[s] for n, s in zip(pixels.shape, slices, strict=True)]
        got = decode(codec, encoded.data, located(encoded), start=[p.start for p in part], count=[len(p) for p in part],
                           step=[p.step for p in part])  # fmt: skip
        assert np.array_equal(got, whole[slices])


# -- rules of decoding ------------------------------------------------------------------------------------------------


def test_general_scaling_is_double_arithmetic(integers):
    pixels = integers("i2", (20, 30), "RICE_1")
    codec = TileCodec(coding_of(pixels, (8, 12), "RICE_1"))
    encoded = encode(codec, pixels)
    got = decode_all(codec, encoded.data, located(encoded), out="double", bscale=0.1, bzero=3.0)
    assert np.array_equal(got, pixels.astype("f8") * 0.1 + 3.0)


def test_scaling_of_a_quantized_image_is_combined_with_that_of_the_tiles(floats):
    pixels = floats("f4", (20, 30), "finite")
    codec = TileCodec(coding_of(pixels, (20, 30), "RICE_1", quantized=True))
    encoded = encode(codec, pixels)
    tiles = located(encoded)
    got = decode_all(codec, encoded.data, tiles, out="double", bscale=0.1, bzero=3.0)
    joined = tiles._replace(scale=tiles.scale * 0.1, zero=tiles.zero * 0.1 + 3.0)
    assert np.array_equal(got, decode_all(codec, encoded.data, joined, out="double"))


def test_without_a_blank_nulls_decode_to_numbers(floats):
    pixels = floats("f4", (8, 12), "not finite")
    codec = TileCodec(coding_of(pixels, (8, 12), "RICE_1", quantized=True, nulls="nonfinite"))
    encoded = encode(codec, pixels)
    assert np.isnan(decode_all(codec, encoded.data, located(encoded))).any()
    assert not np.isnan(decode_all(codec, encoded.data, located(encoded)._replace(blank=None))).any()


@pytest.mark.parametrize("coded", [1, 2, 4])
@pytest.mark.parametrize("name", ["RICE_1", "GZIP_1", "GZIP_2"])
def test_integers_coded_in_another_width_are_converted(name, coded):
    """Old files code 16-bit images with BYTEPIX 4; the width of a gzip tile follows from its size."""
    pixels = np.arange(120, dtype="i2").reshape(8, 15)
    as_coded = pixels.astype(f"i{coded}" if coded > 1 else "u1")
    writer = TileCodec(coding_of(as_coded, (4, 15), name, rice_bytepix=coded))
    encoded = encode(writer, as_coded)
    reader = TileCodec(coding_of(pixels, (4, 15), name, rice_bytepix=coded))
    assert np.array_equal(decode_all(reader, encoded.data, located(encoded)), pixels)
    if name == "RICE_1":
        assert bytes(encode(reader, pixels).data) == bytes(encoded.data)


def test_a_value_too_large_for_the_pixels_is_an_error():
    wide = np.full((4, 4), 70000, "i4")
    encoded = encode(TileCodec(coding_of(wide, (4, 4), "RICE_1")), wide)
    reader = TileCodec(coding_of(wide.astype("i2"), (4, 4), "RICE_1", rice_bytepix=4))
    with pytest.raises(TileError):
        decode_all(reader, encoded.data, located(encoded))


def test_uncompressed_tiles_may_have_the_images_type_or_bytes(floats):
    pixels = floats("f4", (4, 6), "finite")
    codec = TileCodec(coding_of(pixels, (4, 6), "RICE_1", quantized=True, dither=1))
    raw = pixels.astype(">f4").tobytes()

    def one(nbytes, letter):
        return CodedTiles(*(np.array([v]) for v in (0, tile_coding.UNCOMPRESSED_DATA, 0, nbytes, 5.0, 7.0)),
                          uncompressed_letter=letter)  # fmt: skip

    for letter in "AEB":
        assert np.array_equal(decode_all(codec, raw, one(len(raw), letter)), pixels)
    with pytest.raises(TileError):
        decode_all(codec, raw, one(len(raw) - 4, "A"))


def test_a_tile_in_no_column_is_missing():
    codec = TileCodec(coding_of(np.zeros((4, 6), "i2"), (4, 6), "RICE_1"))
    tiles = CodedTiles(*(np.array([v]) for v in (0, lib.RF_NO_COLUMN, 0, 0)))
    with pytest.raises(TileError, match="never written"):
        decode_all(codec, b"", tiles)


def test_given_scales_requantize_to_the_same_pixels(floats):
    """A tile decoded and written back with its own scale, zero and seed keeps every pixel."""
    for dtype, dither in itertools.product(("f4", "f8"), (0, 1, 2)):
        pixels = floats(dtype, (20, 30), "not finite")
        codec = TileCodec(
            coding_of(pixels, (8, 12), "RICE_1", quantized=True, dither=dither, seed=8, nulls="nonfinite")
        )
        first = encode(codec, pixels)
        decoded = decode_all(codec, first.data, located(first))
        again = encode(codec, decoded, fixed=(first.scale, first.zero))
        assert bytes(again.data) == bytes(first.data)
        assert again.scale.tolist() == first.scale.tolist()


def test_a_value_out_of_reach_of_a_given_scale_is_refused(floats):
    pixels = floats("f4", (20, 30), "finite")
    codec = TileCodec(coding_of(pixels, (8, 12), "RICE_1", quantized=True, dither=1))
    first = encode(codec, pixels)
    pixels[17, 20] = 1e12
    with pytest.raises(TileError) as caught:
        encode(codec, pixels, fixed=(first.scale, first.zero))
    assert caught.value.tile == 7


def test_a_given_scale_of_zero_stores_the_tile_as_it_is(floats):
    pixels = floats("f4", (8, 12), "finite")
    codec = TileCodec(coding_of(pixels, (8, 12), "RICE_1", quantized=True))
    encoded = encode(codec, pixels, fixed=(np.zeros(1), np.zeros(1)))
    assert encoded.column.tolist() == [tile_coding.GZIP_COMPRESSED_DATA]
    assert np.array_equal(decode_all(codec, encoded.data, located(encoded)), pixels)


# -- threads and hostile input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["RICE_1", "GZIP_2", "HCOMPRESS_1", "PLIO_1"])
def test_threads_change_neither_bytes_nor_errors(rng, name):
    pixels = np.abs(rng.normal(100, 9, (240, 250))).astype("i4")
    codec = TileCodec(coding_of(pixels, (30, 30), name))
    one = encode(codec, pixels, nthreads=1)
    many = encode(codec, pixels, nthreads=8)
    assert bytes(one.data) == bytes(many.data)
    tiles = located(one)
    for nthreads in (1, 8):
        assert np.array_equal(decode_all(codec, one.data, tiles, nthreads=nthreads), pixels)
    broken = tiles._replace(nbytes=np.where(np.isin(tiles.row, (13, 14, 40)), 3, tiles.nbytes))
    for nthreads in (1, 8):
        with pytest.raises(TileError) as caught:
            decode_all(codec, one.data, broken, nthreads=nthreads)
        assert caught.value.tile == 13
    if name == "PLIO_1":
        pixels[100:, 100:] = -5
        for nthreads in (1, 8):
            with pytest.raises(TileError) as caught:
                encode(codec, pixels, nthreads=nthreads)
            assert caught.value.tile == 3 * 9 + 3


def test_a_mask_value_at_the_limit_of_integers_is_out_of_range():
    """The offset subtracted from the pixels of an unsigned image must not overflow."""
    steps = 2**31 // 4095
    words = np.full(7 + steps + 1, 0x3FFF, ">u2")  # down by 4095
    words[:7] = 0, 7, 2**16 - 100, len(words) % 32768, len(words) // 32768, 0, 0
    words[-1] = 0x7000  # and one pixel
    codec = TileCodec(coding_of(np.zeros(1, "u2"), (1,), "PLIO_1"))
    one = [np.zeros(1, dtype) for dtype in ("i8", "u1", "i8")]
    tiles = CodedTiles(*one, np.array([words.nbytes]))
    with pytest.raises(TileError, match="outside the range"):
        decode(codec, words.tobytes(), tiles, start=(0,), count=(1,), step=(1,))


@pytest.mark.parametrize(
    "name, dtype",
    [("PLIO_1", "i2"), *((name, dtype) for name in CONFIGS if name != "PLIO_1" for dtype in ("i2", "f4"))],
)
def test_broken_streams_raise_or_decode_but_never_leave_their_buffers(integers, floats, name, dtype, rng):
    pixels = integers("i2", (16, 18), name) if dtype == "i2" else floats("f4", (16, 18), "finite")
    codec = TileCodec(coding_of(pixels, (16, 18), name, quantized=dtype == "f4", dither=2 * (dtype == "f4")))
    encoded = encode(codec, pixels)
    data = bytes(encoded.data)
    for _ in range(250):
        bad = bytearray(data)
        for _ in range(rng.integers(1, 5)):
            bad[rng.integers(len(bad))] = rng.integers(256)
        bad = bytes(bad[: rng.integers(1, len(bad) + 1)])
        tiles = located(encoded)._replace(nbytes=np.array([len(bad)]))
        guarded = np.full(16 * 18 + 64, -7, codec.pixel_dtype)
        try:
            decode_all(codec, bad, tiles, dst=guarded[32:-32].reshape(16, 18))
        except TileError:
            pass
        assert (guarded[:32] == -7).all() and (guarded[-32:] == -7).all()


def test_ranges_outside_the_coded_bytes_are_refused():
    pixels = np.zeros((4, 6), "i2")
    codec = TileCodec(coding_of(pixels, (4, 6), "RICE_1"))
    data = bytes(encode(codec, pixels).data)
    for offset, nbytes in ((0, len(data) + 1), (len(data), 1), (1 << 62, 4), (-1, 4), (0, -1), (0, 1 << 62)):
        with pytest.raises(TileError):
            decode_all(codec, data, CodedTiles(*(np.array([v]) for v in (0, 0, offset, nbytes))))


def test_a_table_of_another_number_of_tiles_is_refused():
    codec = TileCodec(coding_of(np.zeros((4, 6), "i2"), (4, 6), "RICE_1"))
    table = table_of(TileCodec(coding_of(np.zeros((4, 6), "i2"), (4, 3), "RICE_1")), CodedTiles([], [], [], []), 0)
    sections = TileSections(codec, table, MemorySource([]), "stored")
    with pytest.raises(FITSError):
        sections.read((0, 0), (4, 6), (1, 1), np.empty((4, 6), "i2"), 1)


def test_images_that_no_codec_can_hold_are_refused():
    for dtype, name, more in (("f4", "RICE_1", {}), ("i8", "RICE_1", {}), ("i4", "RICE_1", {"quantized": True})):
        codec = TileCodec(coding_of(np.zeros((4, 6), dtype), (4, 6), name, **more))
        assert codec.tile_bound == 0
        with pytest.raises(FITSError):
            encode(codec, np.zeros((4, 6), dtype), buffer=np.zeros(10000, "u1"))
    assert TileCodec(TileCoding((4, 6), (0, 6), 16, Coder("RICE_1", 16))).tile_bound == 0
    assert TileCodec(TileCoding((1 << 20, 1 << 20), (1 << 20, 1 << 20), 16, Coder("RICE_1", 16))).tile_bound == 0


def test_a_short_buffer_is_refused():
    pixels = np.zeros((40, 60), "i2")
    codec = TileCodec(coding_of(pixels, (4, 6), "RICE_1"))
    with pytest.raises(FITSError):
        encode(codec, pixels, buffer=np.zeros(codec.tile_bound * 100 - 1, "u1"))
    assert encode(codec, pixels, buffer=np.zeros(codec.tile_bound * 100, "u1")).nbytes.sum() > 0


# -- plain pixels -----------------------------------------------------------------------------------------------------


def cfitsio_swapped(pixels):
    """The bytes of a file from cfitsio's own functions, which swap on little-endian machines."""
    swapped = pixels.copy()
    width = swapped.itemsize
    if width > 1 and sys.byteorder == "little":
        swap, kind = {2: (lib.ffswap2, "short *"), 4: (lib.ffswap4, "int *"), 8: (lib.ffswap8, "double *")}[width]
        swap(ffi.cast(kind, ffi.from_buffer(swapped)), swapped.size)
    return swapped.tobytes()


@pytest.mark.parametrize("dtype", ["u1", "i2", "i4", "i8", "f4", "f8"])
def test_packed_pixels_are_big_endian(integers, floats, rng, dtype):
    shape = (500, int(rng.integers(8, 420)))
    pixels = floats(dtype, shape, "finite") if dtype[0] == "f" else integers(dtype, shape, "GZIP_1")
    raw = np.empty(pixels.nbytes, "u1")
    pack_pixels(pixels, raw, BITPIX[dtype])
    assert raw.tobytes() == pixels.astype(pixels.dtype.newbyteorder(">")).tobytes() == cfitsio_swapped(pixels)
    pack_pixels(pixels, pixels, BITPIX[dtype])
    assert pixels.tobytes() == raw.tobytes()


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_non_finite_pixels_are_found_in_any_memory_layout(rng, dtype):
    for shape in ((5,), (300, 400), (7, 8, 9), (1, 1), ()):
        clean = rng.normal(size=shape).astype(dtype)
        for bad in (None, np.nan, np.inf, -np.inf):
            array = clean.copy()
            if bad is not None:
                array[tuple(rng.integers(0, n) for n in shape)] = bad
            for view in (
                array,
                array.T,
                array.astype(array.dtype.newbyteorder()),
                array[..., ::-1] if shape else array,
            ):
                assert any_nonfinite(view, nthreads=2) == (bad is not None)
    assert not any_nonfinite(np.empty((0, 3), dtype))
    assert not any_nonfinite(np.array([[1, np.nan], [2, np.nan]], dtype)[:, :1])


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_null_of_the_hcompress_noise_depends_on_the_hdus_before(tmp_path, floats, dtype):
    """cfitsio measures the noise of a tile with the null value of the last HDU that it read."""
    pixels = floats(dtype, (31, 45), "not finite")
    path = tmp_path / "a.fits"
    options = {"compress": Hcompress1(tile_shape=(8, 12)), "quantize": Quantize(level=4, method="dither1", seed=3),
               "hcomp_scale": 2.5}  # fmt: skip
    reference.write_image(path, pixels, **options)
    first = Stored(path, 0).heap
    reference.write_image(path, pixels, append=True, **options)
    coding = coding_of(pixels, (8, 12), "HCOMPRESS_1", hcompress_scale=2.5, quantized=True, dither=1, seed=3,
                       nulls="nonfinite")  # fmt: skip
    assert bytes(encode(TileCodec(coding), pixels).data) == first
    coding = replace(coding, coder=replace(coding.coder, hcompress_null=-2147483647))
    second = bytes(encode(TileCodec(coding), pixels).data)
    assert second != first
    assert second in path.read_bytes()
