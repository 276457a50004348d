"""`pack` writes the bytes of fpack: codecs x types x options, whole files with every kind of HDU, and real ones."""

import gzip
import os
import re

import numpy as np
import pytest

from rustfits_cffi.errors import FITSError
from rustfits_cffi.packing import PackOptions, pack, unpack
from rustfits_cffi.packing.pixels import tile_batches
from tests.packing.conftest import noise, table_hdu, without_stamps


def assert_same(run_tool, source, options, arguments):
    """Check that our packed file equals fpack's, without checksums, or that both refuse with the same status."""
    theirs, ours = source.with_name("theirs.fz"), source.with_name("ours.fz")
    result = run_tool("fpack", "-C", *arguments, "-O", theirs, source)
    if result.returncode:
        with pytest.raises(FITSError) as caught:
            pack(source, ours, options)
        assert caught.value.status & 255 == result.returncode, result.stderr
        assert not ours.exists()
    else:
        pack(source, ours, options)
        assert ours.read_bytes() == theirs.read_bytes()
    return result.returncode


def holes(array):
    """A copy with nulls, infinities, a subnormal, -0, and a flat row."""
    array = array.copy()
    array[1, 3:7] = np.nan
    array[2, 0], array[2, 1] = np.inf, -np.inf
    array[3, 2], array[3, 4] = 1e-40, -0.0
    array[5] = 7.0
    array[:, 9] = 0.0
    return array


IMAGES = {
    "u1": noise((40, 60), "u1", level=100, sigma=4),
    "i2": noise((40, 60), "i2"),
    "i4": noise((40, 60), "i4"),
    "f4": noise((40, 60), "f4"),
    "f8": noise((40, 60), "f8"),
    "f4 holes": holes(noise((40, 60), "f4")),
    "f8 holes": holes(noise((40, 60), "f8")),
    "i4 cube": noise((5, 20, 30), "i4"),
    "f4 cube": noise((5, 20, 30), "f4"),
    "f4 1-D": noise((3000,), "f4"),
    "i2 edges": noise((33, 70), "i2"),
    "f4 5-D": noise((2, 3, 2, 11, 13), "f4"),
}
CODECS = {
    "rice": (["-r"], {"codec": "RICE_1"}),
    "gzip 1": (["-g1"], {"codec": "GZIP_1"}),
    "gzip 2": (["-g2"], {"codec": "GZIP_2"}),
    "plio": (["-p"], {"codec": "PLIO_1"}),
    "hcompress": (["-h"], {"codec": "HCOMPRESS_1"}),
    "hcompress scaled": (["-h", "-s", "2"], {"codec": "HCOMPRESS_1", "hcomp_scale": 2.0}),
    "stored": (["-d"], {"codec": "NOCOMPRESS"}),
}
TILES = {
    "rows": ([], {}),
    "small": (["-t", "17,16"], {"tile": (16, 17)}),
    "whole": (["-w"], {"tile": "whole"}),
}
QUANTIZATION = {
    "dither1": (["-q7", "4"], {"seed": 7}),
    "checksum": (["-qt", "8"], {"seed": "checksum", "quantize_level": 8.0}),
    "dither2": (["-qz10000", "2"], {"seed": 10000, "dither": "dither2", "quantize_level": 2.0}),
    "none": (["-q0", "16"], {"dither": "no_dither", "quantize_level": 16.0}),
    "absolute": (["-q3", "-0.5"], {"seed": 3, "quantize_level": -0.5}),
}


@pytest.mark.parametrize("tiles", TILES)
@pytest.mark.parametrize(
    "image, codec",
    [
        (image, codec)
        for image in IMAGES
        for codec in CODECS
        if codec != "stored" or "f4 holes" not in image  # there fpack stores a number in place of the null
    ],
)
def test_every_codec_type_and_tiling_gives_the_bytes_of_fpack(run_tool, write_fits, image, codec, tiles):
    arguments, options = ["-q7", "4"], {"seed": 7}
    for more in (CODECS[codec], TILES[tiles]):
        arguments, options = arguments + more[0], options | more[1]
    assert_same(run_tool, write_fits(IMAGES[image]), PackOptions(checksums=False, **options), arguments)


@pytest.mark.parametrize("codec", ["rice", "gzip 2", "hcompress", "hcompress scaled"])
@pytest.mark.parametrize("quantization", QUANTIZATION)
@pytest.mark.parametrize("image", ["f4", "f8 holes", "f4 holes"])
def test_every_quantization_gives_the_bytes_of_fpack(run_tool, write_fits, image, quantization, codec):
    arguments, options = QUANTIZATION[quantization]
    more = CODECS[codec]
    options = PackOptions(checksums=False, **options, **more[1])
    assert_same(run_tool, write_fits(IMAGES[image]), options, arguments + more[0])


@pytest.mark.parametrize("tiles", TILES)
@pytest.mark.parametrize("codec", ["gzip 1", "gzip 2"])
@pytest.mark.parametrize("image", ["f4", "f8", "f4 holes", "f8 holes", "i2"])
def test_lossless_floats_give_the_bytes_of_fpack(run_tool, write_fits, image, codec, tiles):
    options = {"quantize_level": 0.0, **CODECS[codec][1], **TILES[tiles][1]}
    arguments = ["-q", "0", *CODECS[codec][0], *TILES[tiles][0]]
    assert_same(run_tool, write_fits(IMAGES[image]), PackOptions(checksums=False, **options), arguments)


SCALED = {
    "unsigned": (noise((40, 60), "i2"), [("BSCALE", 1.0), ("BZERO", 32768.0)]),
    "unsigned 32": (noise((40, 60), "i4"), [("BSCALE", 1.0), ("BZERO", 2147483648.0)]),
    "signed byte": (noise((40, 60), "u1", level=100, sigma=4), [("BSCALE", 1.0), ("BZERO", -128.0)]),
    "scaled": (noise((40, 60), "i2"), [("BSCALE", 0.25), ("BZERO", 10.5)]),
    "blank": (noise((40, 60), "i2"), [("BLANK", 1000)]),
    "scaled floats": (noise((40, 60), "f4"), [("BSCALE", 2.0), ("BZERO", 1.0)]),
}


@pytest.mark.parametrize(
    "image, codec",
    [
        (image, codec)
        for image in SCALED
        for codec in CODECS
        if (image, codec) != ("scaled floats", "stored")  # fpack scales them but keeps the scaling cards
    ],
)
def test_scaled_integers_are_packed_as_stored(run_tool, write_fits, image, codec):
    arguments, options = CODECS[codec]
    options = PackOptions(checksums=False, seed=7, **options)
    assert_same(run_tool, write_fits(SCALED[image]), options, ["-q7", "4", *arguments])


def test_64_bit_integers_are_refused_with_the_status_of_fpack(run_tool, write_fits):
    path = write_fits(noise((40, 60), "i8"))
    assert assert_same(run_tool, path, PackOptions(checksums=False), []) == 113
    with pytest.raises(FITSError, match="no 64-bit integers; write_image") as caught:
        pack(path, path.with_name("refused.fz"))
    assert not isinstance(caught.value, MemoryError)


def test_seven_dimensions_are_refused_with_the_status_of_fpack(run_tool, write_fits):
    path = write_fits(noise((1, 1, 1, 1, 1, 4, 5)))
    assert assert_same(run_tool, path, PackOptions(checksums=False), []) == 212


def test_a_negative_mask_is_refused_with_the_status_of_fpack(run_tool, write_fits):
    path = write_fits(-noise((40, 60), "i4"))
    assert assert_same(run_tool, path, PackOptions(checksums=False, codec="PLIO_1"), ["-p"]) == 413 & 255


def test_a_mask_that_plio_would_corrupt_is_refused_unless_allowed(run_tool, write_fits):
    mask = np.zeros((2, 5000), "i4")
    mask[0, 4095] = 1
    path = write_fits(mask)
    with pytest.raises(FITSError) as caught:
        pack(path, path.with_name("refused.fz"), PackOptions(codec="PLIO_1"))
    assert caught.value.status == 413 and "tile 0" in str(caught.value)
    assert_same(run_tool, path, PackOptions(checksums=False, codec="PLIO_1", allow_lossy_plio=True), ["-p"])


DIRECTIVES = {
    "codec": [("FZALGOR", "GZIP_2")],
    "none": [("FZALGOR", "NONE")],
    "tile": [("FZTILE", "(20,10)")],
    "whole": [("FZTILE", "whole")],
    "level": [("FZQVALUE", 16.0)],
    "method": [("FZQMETHD", "SUBTRACTIVE_DITHER_2")],
    "no dither": [("FZQMETHD", "NO_DITHER")],
    "seed": [("FZDTHRSD", 77)],
    "checksum seed": [("FZDTHRSD", "CHECKSUM")],
    "scale": [("FZALGOR", "HCOMPRESS_1"), ("FZHSCALE", 3.0)],
    "several": [("FZALGOR", "GZIP_1"), ("FZTILE", "(7,7)"), ("FZQVALUE", 2.0), ("FZDTHRSD", 5)],
    "unknown codec": [("FZALGOR", "ZIP")],
    "unknown method": [("FZQMETHD", "MAYBE")],
    "unknown seed": [("FZDTHRSD", 20000)],
}


@pytest.mark.parametrize("cards", DIRECTIVES.values(), ids=DIRECTIVES)
def test_directive_cards_override_the_options(run_tool, write_fits, cards):
    path = write_fits((noise((40, 60)), cards), noise((20, 30), seed=3))
    assert_same(run_tool, path, PackOptions(checksums=False, seed=7), ["-q7", "4"])


def test_integers_are_quantized_where_the_noise_allows(run_tool, write_fits):
    path = write_fits(
        noise((60, 80), "i2"),
        noise((60, 80), "i4", sigma=1),
        (noise((60, 80), "i4"), [("BLANK", 1000)]),
        (noise((60, 80), "i2"), [("BSCALE", 0.5), ("BZERO", 100.0)]),
        noise((9000,), "i2"),
        (noise((60, 80), "i2", sigma=1), [("FZI2F", True)]),
        noise((3, 60, 80), "i2"),
    )
    assert_same(run_tool, path, PackOptions(checksums=False, seed=7, lossy_int=True), ["-q7", "4", "-i2f"])
    options = PackOptions(checksums=False, seed=7, lossy_int=True, lossy_int_ratio=1.5, lossy_int_min=500.0)
    for name in ("ours.fz", "theirs.fz"):
        os.unlink(path.with_name(name))
    assert_same(run_tool, path, options, ["-q7", "4", "-i2f", "-n3ratio", "1.5", "-n3min", "500"])


@pytest.mark.parametrize("dtype", ["u1", "i2", "i4"])
def test_scaled_images_are_divided_to_the_noise_asked_for(run_tool, write_fits, dtype):
    image = noise((60, 80), dtype, level=120, sigma=20)
    path = write_fits((image, [("BSCALE", 0.5), ("BZERO", 3.0)]), (image, [("BSCALE", 2.0), ("BLANK", 120)]), image)
    assert_same(run_tool, path, PackOptions(checksums=False, rescale_noise=3.7), ["-n", "3.7"])


def test_files_with_every_kind_of_hdu_give_the_bytes_of_fpack(run_tool, write_fits):
    path = write_fits(
        None,
        noise((40, 60)),
        (noise((20, 30), "i2"), [("EXTNAME", "SCI"), ("EXTVER", 2)]),
        table_hdu(10),
        table_hdu(900),
        None,
        holes(noise((40, 60))),
        noise((4, 5, 6), "i4"),
    )
    assert_same(run_tool, path, PackOptions(checksums=False, seed=7), ["-q7", "4"])


@pytest.mark.parametrize("images, arguments", [(True, ["-table"]), (False, ["-tableonly"])])
def test_tables_are_compressed_or_copied_as_fpack_does(run_tool, write_fits, images, arguments):
    path = write_fits(noise((40, 60)), table_hdu(10), table_hdu(900), noise((20, 30), "i2"))
    options = PackOptions(checksums=False, seed=7, tables=True, images=images)
    assert_same(run_tool, path, options, ["-q7", "4", *arguments])


def test_the_second_scaled_hcompress_image_remembers_the_nulls_of_the_first(run_tool, write_fits):
    image = holes(noise((40, 60)))
    options = PackOptions(checksums=False, seed=7, codec="HCOMPRESS_1", hcomp_scale=2.0)
    assert_same(run_tool, write_fits(image, image, image), options, ["-q7", "4", "-h", "-s", "2"])


def test_a_packed_file_is_copied(run_tool, write_fits):
    path = write_fits(noise((40, 60)), table_hdu(900))
    run_tool("fpack", "-C", "-q7", "4", "-table", path)
    packed = path.with_name("packed.fits")
    os.rename(f"{path}.fz", packed)
    assert_same(run_tool, packed, PackOptions(checksums=False), [])


def test_header_space_is_kept(run_tool, write_fits):
    many = [(f"KEY{i}", i) for i in range(30)]
    blanks = [("", None)] * 50
    path = write_fits((noise((40, 60)), many + blanks), (holes(noise((40, 60))), many), (noise((40, 60)), many * 2))
    assert_same(run_tool, path, PackOptions(checksums=False, seed=7), ["-q7", "4"])


@pytest.mark.parametrize("arguments, options", [
    (["-q7", "4"], {"seed": 7}), (["-qzt", "2", "-g2", "-t", "33,17"],
                                  {"codec": "GZIP_2", "dither": "dither2", "seed": "checksum", "quantize_level": 2.0,
                                   "tile": (17, 33)}),
    (["-h", "-q7", "4"], {"codec": "HCOMPRESS_1", "seed": 7}),
])  # fmt: skip
@pytest.mark.parametrize(
    "name",
    [
        "decam_cutout_image",
        "decam_cutout_dq",
        "decam_cutout_weight",
        "horsehead_i2",
        "galactic_center_2mass_j",
        "spitzer_f4",
        "l1448_13co_cube",
        "kepler_lightcurve_table",
    ],
)
def test_real_files_give_the_bytes_of_fpack(run_tool, real_files, tmp_path, name, arguments, options):
    source = tmp_path / f"{name}.fits"
    source.symlink_to(real_files / f"{name}.fits")
    assert_same(run_tool, source, PackOptions(checksums=False, **options), arguments)


# -- checksums, seeds -------------------------------------------------------------------------------------------------


def test_checksums_are_those_of_fpack_but_for_the_time(run_tool, write_fits):
    path = write_fits(noise((40, 60)), table_hdu(10), noise((20, 30), "i2"))
    theirs, ours = path.with_name("theirs.fz"), path.with_name("ours.fz")
    run_tool("fpack", "-q7", "4", "-O", theirs, path)
    pack(path, ours, PackOptions(seed=7))
    assert b"CHECKSUM" in ours.read_bytes()
    assert without_stamps(ours) == without_stamps(theirs)


def test_checksum_cards_add_header_blocks_where_those_of_fpack_do(run_tool, write_fits):
    """For any number of cards before them, in the packed file and in the unpacked one."""
    cards = [[(f"KEY{i}", i) for i in range(count)] for count in range(37)]
    holed = noise((12, 60))
    holed[1, 3:7], holed[5] = np.nan, 7.0  # nulls, and a tile that goes to the fallback column
    path = write_fits(None, *((noise((3, 5), "i2"), some) for some in cards), *((holed, some) for some in cards))
    ours, theirs, again, back = (path.with_name(name) for name in ("ours.fz", "theirs.fz", "again", "back"))
    assert run_tool("fpack", "-q7", "4", "-O", theirs, path).returncode == 0
    pack(path, ours, PackOptions(seed=7))
    assert without_stamps(ours) == without_stamps(theirs)
    assert run_tool("funpack", "-O", again, theirs).returncode == 0
    unpack(ours, back)
    assert without_stamps(back) == without_stamps(again)
    for block in hdu_sums(ours):
        assert block == 0xFFFFFFFF


def hdu_sums(path):
    """Ones'-complement sum of each HDU; all bits set where the checksum holds."""
    from contextlib import closing

    from rustfits_cffi.native.cfitsio import inspection
    from rustfits_cffi.native.cfitsio.handle import CfitsioFile

    with closing(CfitsioFile(str(path), "r")) as handle:
        for number in inspection.hdu_numbers(handle):
            facts = inspection.hdu_facts(handle, number)
            words = np.frombuffer(handle.read(facts.header_start, facts.data_end - facts.header_start), ">u4")
            total = int(words.sum(dtype=np.uint64))
            while total >> 32:
                total = (total & 0xFFFFFFFF) + (total >> 32)
            yield total


def test_the_clock_chooses_a_seed_that_is_written_down(write_fits):
    path = write_fits(noise((40, 60)), noise((40, 60)))
    pack(path)
    seeds = [int(value) for value in re.findall(rb"ZDITHER0= +(\d+)", path.with_name("in.fits.fz").read_bytes())]
    assert len(seeds) == 2 and all(1 <= seed <= 10000 for seed in seeds)


# -- files ------------------------------------------------------------------------------------------------------------


def test_a_gzipped_input_is_packed_like_the_plain_one(write_fits):
    path = write_fits(noise((40, 60), "i2"))
    zipped = path.with_name("zipped.fits.gz")
    zipped.write_bytes(gzip.compress(path.read_bytes()))
    options = PackOptions(checksums=False)
    assert pack(zipped, path.with_name("a"), options).hdus == pack(path, path.with_name("b"), options).hdus
    assert path.with_name("a").read_bytes() == path.with_name("b").read_bytes()


def test_an_existing_output_is_left_alone(write_fits):
    path = write_fits(noise((40, 60), "i2"))
    target = path.with_name("in.fits.fz")
    target.write_bytes(b"precious")
    with pytest.raises(FileExistsError):
        pack(path)
    assert target.read_bytes() == b"precious"
    pack(path, overwrite=True)
    assert target.read_bytes() != b"precious"


@pytest.mark.parametrize("failing", ["append", "finish"])
def test_a_failure_leaves_no_file(write_fits, monkeypatch, failing):
    path = write_fits(noise((40, 60), "i2"), noise((40, 60)))

    def fail(*arguments, **options):
        raise OSError("no space left on device")

    monkeypatch.setattr(f"rustfits_cffi.packing.packer.TileWriter.{failing}", fail)
    with pytest.raises(OSError, match="no space"):
        pack(path)
    assert os.listdir(path.parent) == ["in.fits"]


def test_a_failure_leaves_the_file_it_would_have_replaced(write_fits):
    path = write_fits(noise((40, 60), "i8"))
    before = path.read_bytes()
    with pytest.raises(FITSError):
        pack(path, path, overwrite=True)
    assert path.read_bytes() == before and os.listdir(path.parent) == ["in.fits"]


def test_a_wrong_pixel_is_noticed_before_the_input_goes(write_fits, monkeypatch):
    path = write_fits(noise((40, 60), "i2"))
    from rustfits_cffi.packing import encoding

    encode = encoding.ImageEncoder.encode
    monkeypatch.setattr(
        "rustfits_cffi.packing.packer.ImageEncoder.encode", lambda self, batch, box: encode(self, batch, box + 1)
    )
    with pytest.raises(FITSError, match="did not come out right"):
        pack(path, path, overwrite=True, verified=True)
    assert os.listdir(path.parent) == ["in.fits"]


def test_a_truncated_input_raises_and_leaves_no_file(write_fits):
    path = write_fits(noise((400, 600), "i2"))
    path.write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(OSError):
        pack(path)
    assert os.listdir(path.parent) == ["in.fits"]


@pytest.mark.parametrize("key, hdu", [("NAXIS1", 1), ("NAXIS2", 1), ("PCOUNT", 2), ("NAXIS2", 2)])
@pytest.mark.parametrize("convert", [pack, unpack])
def test_sizes_beyond_the_end_of_the_file_are_refused(write_fits, convert, key, hdu):
    """Copying data that do not exist would not end, and that much memory cannot be allocated."""
    path = write_fits(None, noise((40, 60), "i2"), table_hdu(90))
    data = bytearray(path.read_bytes())
    start = data.index(b"XTENSION= 'BINTABLE'" if hdu == 2 else b"XTENSION= 'IMAGE")
    at = data.index(key.ljust(8).encode() + b"=", start)
    data[at + 10 : at + 30] = str(2**60 if key == "PCOUNT" else 2**58).rjust(20).encode()
    path.write_bytes(data)
    target = path.with_name("out")
    with pytest.raises(FITSError, match="truncated") as caught:
        convert(path, target)
    assert caught.value.hdu == hdu and not target.exists()


def test_the_report_says_what_became_of_each_hdu(write_fits):
    path = write_fits(None, noise((400, 60), "i2"), table_hdu(900), noise((400, 60)))
    report = pack(path, options=PackOptions(seed=7))
    assert [hdu.action for hdu in report.hdus] == ["copied", "compressed", "copied", "compressed"]
    assert [hdu.is_lossless for hdu in report.hdus] == [True, True, True, False]
    assert report.output_nbytes == os.path.getsize(report.target) and report.ratio > 1
    assert not report.is_lossless


def test_progress_ends_with_the_size_of_the_input(write_fits):
    path, seen = write_fits(noise((400, 60), "i2"), noise((400, 60))), []
    pack(path, progress=lambda done, total: seen.append((done, total)))
    size = os.path.getsize(path)
    assert seen[-1] == (size, size) and seen == sorted(seen)


# -- batches ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shape, tile",
    [
        ((100,), (7,)),
        ((30, 40), (1, 40)),
        ((30, 40), (7, 9)),
        ((30, 40), (30, 9)),
        ((9, 8, 7), (9, 1, 7)),
        ((9, 8, 7), (2, 3, 4)),
        ((9, 8, 7), (50, 60, 70)),
    ],
)
@pytest.mark.parametrize("limit", [1, 100, 1000, 10**6])
def test_batches_cover_each_tile_once_in_table_order(shape, tile, limit):
    counts = [-(-n // t) for n, t in zip(shape, tile, strict=True)]
    numbers = np.zeros(shape, int)
    for index in np.ndindex(*counts):
        box = tuple(slice(i * t, (i + 1) * t) for i, t in zip(index, tile, strict=True))
        numbers[box] = np.ravel_multi_index(index, counts)
    first = 0
    for batch in tile_batches(shape, tile, 1, limit):
        box = tuple(slice(s, s + n) for s, n in zip(batch.start, batch.count, strict=True))
        assert batch.first_tile == first
        assert np.array_equal(np.unique(numbers[box]), np.arange(first, first + batch.ntiles))
        assert numbers[box].shape == batch.count
        first += batch.ntiles
    assert first == np.prod(counts)


@pytest.mark.parametrize("convert", [pack, unpack])
def test_arguments_of_a_wrong_type_are_refused_by_name(write_fits, convert):
    path = write_fits(noise((4, 5)))
    for options in ({"seed": 1}, "RICE_1", 3):
        with pytest.raises(TypeError, match=r"options must be a (Unp|P)ackOptions, not "):
            convert(path, path.with_name("new.fits"), options)
    for name in (bytes(path), None, 5):
        with pytest.raises(TypeError, match="filename must be str or a path of str"):
            convert(name)
    with pytest.raises(FileNotFoundError, match=r"nowhere.new\.fits'"):
        convert(path, path.with_name("nowhere") / "new.fits")


@pytest.mark.parametrize(
    "options, error",
    [
        ({"codec": ["RICE_1"]}, ValueError),
        ({"quantize_level": float("nan")}, ValueError),
        ({"quantize_level": "4"}, TypeError),
    ],
)
def test_options_that_make_no_sense_are_refused_before_they_are_used(options, error):
    with pytest.raises(error):
        PackOptions(**options)
