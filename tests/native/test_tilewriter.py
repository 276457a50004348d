"""The tile writer writes the same bytes as cfitsio's own tile loop, for any mixture of columns."""

import subprocess

import numpy as np
import pytest

from rustfits_cffi.directory import Directory
from rustfits_cffi.errors import FITSOverflowError
from rustfits_cffi.format.columns import parse_columns
from rustfits_cffi.native._lib import ffi, lib
from rustfits_cffi.native.cfitsio import copying, inspection, packing, requests
from rustfits_cffi.native.cfitsio.handle import CfitsioFile
from rustfits_cffi.native.cfitsio.requests import CompressionRequest
from rustfits_cffi.native.cfitsio.tile_writer import TileWriter, table_layout

RICE, GZIP_1, PLIO, HCOMPRESS = 11, 21, 31, 41


def write_images(path, images):
    """A file with each array as an image HDU, written by cfitsio."""
    bitpix = {"u1": 8, "i2": 16, "i4": 32, "f4": -32, "f8": -64}
    handle = CfitsioFile(str(path), "w+")
    for number, array in enumerate(images, 1):
        with handle.call() as (fptr, status):
            shape = ffi.new("long[]", array.shape[::-1])
            lib.fits_create_img(fptr, bitpix[array.dtype.str[1:]], array.ndim, shape, status)
            lib.fits_set_hdustruc(fptr, status)
            offset = int(fptr.Fptr.datastart)
        copying.write_data(handle, number, offset, array.astype(array.dtype.newbyteorder(">")))
    handle.close()


def fpack(tools, *arguments):
    """Run fpack."""
    subprocess.run([tools / "fpack", *map(str, arguments)], check=True, capture_output=True, timeout=60)


def request(codec=RICE, tile=(-1, 1, 1), level=4.0, method=1, seed=7, scale=0.0):
    tile_shape = (1,) * (6 - len(tile)) + tile[::-1]
    return CompressionRequest(
        codec=codec, tile_shape=tile_shape, level=level, dither=method, seed=seed, hcomp_scale=scale
    )


def coded_tiles(packed, number):
    """Bytes, column and scaling of each tile of a compressed HDU, read by the rules of the format."""
    reader = CfitsioFile(packed.path, "r")
    layout, elements, _huge = table_layout(parse_columns(Directory(reader)[number - 1].index.value))
    reader.close()
    with packed.call(number, changes=False) as (fptr, _status):
        start, nrows, heap = int(fptr.Fptr.datastart), int(fptr.Fptr.numrows), int(fptr.Fptr.heapstart)
    table = np.frombuffer(packed.read(start, nrows * layout.itemsize), layout)
    tiles = []
    for row in table:
        for code, name in ((0, "COMPRESSED_DATA"), (1, "UNCOMPRESSED_DATA"), (2, "GZIP_COMPRESSED_DATA")):
            if name in layout.names and row[name][0]:
                nbytes = int(row[name][0]) * elements[name]
                data = packed.read(start + heap + int(row[name][1]), nbytes)
                scaling = (row["ZSCALE"], row["ZZERO"]) if "ZSCALE" in layout.names else (0, 0)
                tiles.append((code, data, *scaling))
    assert len(tiles) == nrows
    return tiles


def rewrite(source_path, packed_path, target_path, asked, batch, **options):
    """The packed file written again: cfitsio's headers, and the coded tiles through a TileWriter."""
    source, packed = CfitsioFile(str(source_path), "r"), CfitsioFile(str(packed_path), "r")
    out = CfitsioFile(str(target_path), "w+")
    for number in inspection.hdu_numbers(source):
        facts = inspection.hdu_facts(source, number)
        requests.ask(out, asked)
        image = packing.begin_compressed_image(source, number, out, bitpix=facts.bitpix, shape=facts.shape)
        tiles = coded_tiles(packed, image.number)
        writer = TileWriter(out, image.number, parse_columns, **options)
        writer.begin()
        for first in range(0, len(tiles), batch):
            code, data, scale, zero = zip(*tiles[first : first + batch], strict=True)
            writer.append(np.array([len(d) for d in data]), np.array(code, np.uint8), b"".join(data), scale, zero)
        writer.finish()
        has_nulls = inspection.read_number(packed, image.number, "ZBLANK") is not None
        packing.end_compressed_image(out, image.number, has_nulls=has_nulls)
    for handle in (out, source, packed):
        handle.close()


def noise(shape, dtype="f4", seed=1):
    return (np.random.default_rng(seed).normal(size=shape) * 100 + 1000).astype(dtype)


def flat_rows(shape, *rows):
    """Noise with some rows that cannot be quantized."""
    image = noise(shape)
    image[list(rows)] = 3.5
    return image


def with_nan(shape):
    image = noise(shape)
    image[3, 5] = np.nan
    return image


CASES = {
    "integers": ([noise((30, 40), "i2")], request(), []),
    "two images": ([noise((30, 40), "i4"), noise((5, 70), "f4", 2)], request(), []),
    "quantized": ([noise((300, 400))], request(), []),
    "fallback first": ([flat_rows((40, 50), 0, 7)], request(), []),
    "fallback late": ([flat_rows((400, 500), 399)], request(), []),
    "fallback between HDUs": ([flat_rows((40, 50), 20), flat_rows((40, 50), 39)], request(), []),
    "nulls": ([with_nan((40, 50))], request(), []),
    "words": ([np.abs(noise((30, 40), "i4"))], request(codec=PLIO), ["-p"]),
    "large tiles": ([noise((300, 400), "i2")], request(tile=(100, 90)), ["-t", "100,90"]),
    "hcompress": ([noise((60, 40), "i2")], request(codec=HCOMPRESS), ["-h"]),
    "stored": ([noise((30, 40), "i4")], request(codec=-1), ["-d"]),
}


@pytest.mark.parametrize("batch", [1, 7, 1000])
@pytest.mark.parametrize("case", CASES)
def test_tiles_in_batches_give_the_file_of_fpack(tmp_path, tools, case, batch):
    images, asked, options = CASES[case]
    write_images(tmp_path / "a.fits", images)
    fpack(tools, "-C", "-q7", 4, *options, tmp_path / "a.fits")
    rewrite(tmp_path / "a.fits", tmp_path / "a.fits.fz", tmp_path / "b.fz", asked, batch, uncompressed_tform="1PJ")
    assert (tmp_path / "b.fz").read_bytes() == (tmp_path / "a.fits.fz").read_bytes()


def test_an_hdu_before_others_moves_them_back(tmp_path, tools):
    images = [noise((300, 40)), noise((5, 70), "i2", 2)]
    write_images(tmp_path / "a.fits", images[:1])
    fpack(tools, "-C", "-q7", 4, tmp_path / "a.fits")
    source, packed = CfitsioFile(str(tmp_path / "a.fits"), "r"), CfitsioFile(str(tmp_path / "a.fits.fz"), "r")
    out = CfitsioFile(str(tmp_path / "b.fz"), "w+")
    requests.ask(out, request())
    image = packing.begin_compressed_image(source, 1, out, bitpix=-32, shape=(300, 40))
    packing.end_compressed_image(out, image.number, has_nulls=False)
    copying.copy_hdu(packed, 1, out)
    writer = TileWriter(out, image.number, parse_columns)
    writer.begin()
    code, data, scale, zero = zip(*coded_tiles(packed, 2), strict=True)
    writer.append(np.array([len(d) for d in data]), np.array(code, np.uint8), b"".join(data), scale, zero)
    writer.finish()
    out.flush()
    assert coded_tiles(out, image.number) == coded_tiles(packed, 2)
    assert inspection.hdu_facts(out, 3).kind == "image"
    for handle in (source, packed, out):
        handle.close()


@pytest.fixture
def writer(tmp_path):
    """A writer on a new HDU of 30 tiles, one row each."""
    write_images(tmp_path / "a.fits", [noise((30, 40), "i2")])
    source, out = CfitsioFile(str(tmp_path / "a.fits"), "r"), CfitsioFile(str(tmp_path / "b.fz"), "w+")
    requests.ask(out, request())
    image = packing.begin_compressed_image(source, 1, out, bitpix=16, shape=(30, 40))
    writer = TileWriter(out, image.number, parse_columns)
    writer.begin()
    yield writer
    source.close()
    out.close()


def test_more_tiles_than_rows_raise_before_anything_is_written(writer):
    with pytest.raises(ValueError, match="30 tiles"):
        writer.append(np.ones(31, np.int64), np.zeros(31, np.uint8), bytes(31))
    assert writer.ntiles_written == 0 and writer.heap_nbytes == 0


def test_sizes_that_do_not_add_up_raise(writer):
    with pytest.raises(ValueError, match="bytes"):
        writer.append(np.ones(3, np.int64), np.zeros(3, np.uint8), bytes(4))


def test_an_offset_beyond_32_bits_raises_before_the_bytes_are_written(writer):
    writer._heap_nbytes = 2**32
    with pytest.raises(FITSOverflowError, match="32-bit descriptors"):
        writer.append(np.ones(3, np.int64), np.zeros(3, np.uint8), bytes(3))
    assert writer.heap_nbytes == 2**32 and writer.ntiles_written == 0
    writer._heap_nbytes = 0
