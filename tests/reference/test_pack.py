"""`reference.pack` and `unpack` against the programs fpack and funpack, byte for byte.

Matrix: pixel types x codecs x quantizations x tiles, in files of several HDUs; header directives; tables; checksums.
"""

import subprocess

import numpy as np
import pytest

from rustfits_cffi import reference
from rustfits_cffi.config import Rice1
from rustfits_cffi.reference import PackOptions, compare

FLAGS = {
    "RICE_1": "-r", "GZIP_1": "-g1", "GZIP_2": "-g2", "HCOMPRESS_1": "-h", "PLIO_1": "-p", "NOCOMPRESS": "-d",
}  # fmt: skip
TYPES = ("u1", "i1", "u2", "i2", "u4", "i4", "f4", "f8")
REFUSED = {("PLIO_1", "u4"), ("PLIO_1", "f4"), ("PLIO_1", "f8")} | {("NOCOMPRESS", t) for t in ("u1", "i1", "f8")}


def run(program, *arguments, check=True):
    """Run one of cfitsio's programs."""
    return subprocess.run([program, *arguments], check=check, capture_output=True, timeout=60)


def sky(dtype, shape, seed=0):
    return np.abs(np.random.default_rng(seed).normal(100, 20, shape)).astype(dtype)


def make_file(path, dtype):
    """Write a primary image, a cube with blanks and a flat part, and images that are empty, 4-D and compressed."""
    reference.write_image(path, sky(dtype, (40, 30)))
    cube = sky(dtype, (3, 40, 30), 1)
    if dtype.startswith("f"):
        cube[0, 0], cube[2, 3, 4] = np.nan, np.inf
        cube[1] = 5
    reference.write_image(path, cube, append=True)
    reference.write_image(path, np.zeros((0,), dtype), append=True)
    reference.write_image(path, sky(dtype, (3, 2, 12, 20), 2), append=True)
    reference.write_image(path, sky("i2", (20, 20), 3), compress=Rice1(), append=True)
    return path


@pytest.fixture
def against_fpack(tools, tmp_path):
    """A function that packs and unpacks both ways and checks that the bytes are the same."""

    def check(path, flags, options):
        theirs, ours = tmp_path / "theirs.fits.fz", tmp_path / "ours.fits.fz"
        theirs.unlink(missing_ok=True)
        run(tools / "fpack", "-C", *flags, "-O", theirs, path)
        reference.pack(path, ours, options, overwrite=True)
        assert ours.read_bytes() == theirs.read_bytes()
        back, ours_back = tmp_path / "theirs.fits", tmp_path / "ours.fits"
        back.unlink(missing_ok=True)
        run(tools / "funpack", "-C", "-O", back, theirs)
        reference.unpack(ours, ours_back, checksum=False, overwrite=True)
        assert ours_back.read_bytes() == back.read_bytes()

    return check


@pytest.mark.parametrize("codec", FLAGS)
@pytest.mark.parametrize("dtype", TYPES)
def test_every_type_and_codec_is_packed_as_fpack_does(tmp_path, tools, against_fpack, dtype, codec):
    path, options = make_file(tmp_path / "in.fits", dtype), PackOptions(codec=codec, seed=7, checksum=False)
    if (codec, dtype) in REFUSED:
        assert run(tools / "fpack", FLAGS[codec], "-O", tmp_path / "no.fz", path, check=False).returncode == 157
        with pytest.raises(ValueError, match="413"):
            reference.pack(path, tmp_path / "no.fz", options)
        assert not (tmp_path / "no.fz").exists()
    else:
        against_fpack(path, [FLAGS[codec], "-q7", "4"], options)


@pytest.mark.parametrize(
    "flags,options",
    {
        "sum of bytes": (["-qt", "8"], {"seed": -1, "level": 8}),
        "no dither": (["-q0", "16"], {"method": "no_dither", "level": 16}),
        "dither2": (["-qz9", "4"], {"method": "dither2", "seed": 9}),
        "step": (["-q3", "-0.25"], {"level": -0.25, "seed": 3}),
        "gzip lossless": (["-g2", "-q", "0"], {"codec": "GZIP_2", "level": 0, "seed": 1}),
        "tiles": (["-q7", "4", "-t", "17,9"], {"tile_shape": (9, 17), "seed": 7}),
        "whole": (["-q7", "4", "-w"], {"tile_shape": (-1,) * 6, "seed": 7}),
        "hcompress tiles": (
            ["-h", "-q7", "4", "-t", "15,10"],
            {"codec": "HCOMPRESS_1", "tile_shape": (10, 15), "seed": 7},
        ),
        "hcompress noise": (["-h", "-s", "4", "-q7", "4"], {"codec": "HCOMPRESS_1", "hcomp_scale": 4, "seed": 7}),
        "hcompress scale": (["-h", "-s", "-9", "-q7", "4"], {"codec": "HCOMPRESS_1", "hcomp_scale": -9, "seed": 7}),
    }.values(),
    ids=str,
)
@pytest.mark.parametrize("dtype", ("i2", "f4", "f8"))
def test_options_are_those_of_fpack(tmp_path, against_fpack, flags, options, dtype):
    path = tmp_path / "in.fits"
    image = sky(dtype, (40, 34))
    reference.write_image(path, image)
    if dtype != "i2":
        image[5, 6] = np.nan
        image[20:30] = 3
    reference.write_image(path, image, append=True)
    against_fpack(path, flags, PackOptions(checksum=False, **options))


def add_cards(path, *cards):
    """Put cards in front of END of the primary header."""
    raw = path.read_bytes()
    end = raw.index(b"END" + b" " * 77)
    new = b"".join(card.encode().ljust(80) for card in cards)
    assert not raw[end + 80 : end + 80 + len(new)].strip()
    path.write_bytes(raw[:end] + new + raw[end : end + 80] + raw[end + 80 + len(new) :])


@pytest.mark.parametrize(
    "card",
    ["FZALGOR = 'HCOMPRESS_1'", "FZALGOR = 'PLIO_1'", "FZALGOR = 'GZIP_2'", "FZALGOR = 'NONE'", "FZTILE  = '(20,10)'"],
)
@pytest.mark.parametrize("codec", ("RICE_1", "HCOMPRESS_1"))
def test_header_directives_override_the_options(tmp_path, against_fpack, card, codec):
    path = tmp_path / "in.fits"
    reference.write_image(path, sky("i2", (40, 40)))
    add_cards(path, card)
    against_fpack(path, [FLAGS[codec]], PackOptions(codec=codec, checksum=False))


@pytest.mark.parametrize("codec", ("RICE_1", "HCOMPRESS_1"))
def test_integers_are_quantized_by_a_directive(tmp_path, against_fpack, codec):
    path = tmp_path / "in.fits"
    reference.write_image(path, sky("i2", (40, 40)))
    add_cards(path, "FZI2F   =                    T", "FZDTHRSD=                   17")
    against_fpack(path, [FLAGS[codec], "-q7", "4"], PackOptions(codec=codec, seed=7, checksum=False))


def test_checksums_differ_in_their_time_stamps_only(tmp_path, tools):
    path = make_file(tmp_path / "in.fits", "f4")
    run(tools / "fpack", "-q7", "4", "-O", tmp_path / "theirs.fz", path)
    reference.pack(path, tmp_path / "ours.fz", PackOptions(seed=7))
    found = compare(tmp_path / "ours.fz", tmp_path / "theirs.fz")
    assert found.identical_but_for_time_stamps, str(found)
    assert b"CHECKSUM" in (tmp_path / "ours.fz").read_bytes()
    reference.unpack(tmp_path / "ours.fz", tmp_path / "ours.fits")
    run(tools / "funpack", "-O", tmp_path / "theirs.fits", tmp_path / "ours.fz")
    found = compare(tmp_path / "ours.fits", tmp_path / "theirs.fits")
    assert found.identical_but_for_time_stamps, str(found)


def table_file(path, *cards, nbytes, rows, pcount=0):
    """Write a binary table with random bytes as its data."""
    header = [
        "XTENSION= 'BINTABLE'", "BITPIX  =                    8", "NAXIS   =                    2",
        f"NAXIS1  = {nbytes:20d}", f"NAXIS2  = {rows:20d}", f"PCOUNT  = {pcount:20d}", "GCOUNT  =                    1",
        *cards, "END",
    ]  # fmt: skip
    reference.write_image(path, None)
    data = np.random.default_rng(4).integers(0, 255, nbytes * rows + pcount, "u1").tobytes()
    text = "".join(card.ljust(80) for card in header).encode()
    with open(path, "ab") as file:
        file.write(text + b" " * (-len(text) % 2880) + data + b"\0" * (-len(data) % 2880))
    return path


COLUMNS = ("TFIELDS =                    3", "TFORM1  = '1J      '", "TFORM2  = '2E      '", "TFORM3  = '3A      '")


@pytest.mark.parametrize("rows", (10, 144, 145, 1000))
def test_tables_are_compressed_or_copied_as_fpack_does(tmp_path, against_fpack, rows):
    path = table_file(tmp_path / "in.fits", *COLUMNS, nbytes=15, rows=rows)
    against_fpack(path, ["-tableonly"], PackOptions(tables=True, images=False, checksum=False))
    against_fpack(path, [], PackOptions(checksum=False))


def test_a_table_is_not_compressed_twice(tmp_path):
    path = table_file(tmp_path / "in.fits", *COLUMNS, nbytes=15, rows=1000)
    reference.pack(path, tmp_path / "once.fz", PackOptions(tables=True))
    with pytest.raises(ValueError, match="HDU 1 is a compressed table"):
        reference.pack(tmp_path / "once.fz", tmp_path / "twice.fz", PackOptions(tables=True))
    assert not (tmp_path / "twice.fz").exists()


@pytest.mark.parametrize("form", ("1PA(30)", "1QX(9)"))
def test_columns_that_would_harm_the_process_are_refused(tmp_path, form):
    cards = (
        "TFIELDS =                    1",
        "TFORM1  = '1QB(60) '",
        "ZTABLE  =                    T",
        f"ZFORM1  = '{form}'",
    )
    path = table_file(tmp_path / "in.fits", *cards, nbytes=16, rows=1, pcount=60)
    with pytest.raises(ValueError, match="HDU 1: column 1"):
        reference.unpack(path, tmp_path / "out.fits")
    assert not (tmp_path / "out.fits").exists()


def test_existing_targets_are_kept_unless_overwrite_is_set(tmp_path):
    path = tmp_path / "in.fits"
    reference.write_image(path, sky("i2", (9, 9)))
    (tmp_path / "there").write_bytes(b"precious")
    for work in (reference.pack, reference.unpack):
        with pytest.raises(FileExistsError):
            work(path, tmp_path / "there")
        with pytest.raises(ValueError, match="same file"):
            work(path, path, overwrite=True)
    assert (tmp_path / "there").read_bytes() == b"precious"
    reference.pack(path, tmp_path / "there", overwrite=True)
    assert np.array_equal(reference.read_image(tmp_path / "there", 1), sky("i2", (9, 9)))


@pytest.mark.parametrize(
    "options", [{"codec": "RICE"}, {"method": "dither3"}, {"seed": 10001}, {"tile_shape": (1,) * 7}]
)
def test_bad_options_are_refused(options):
    with pytest.raises(ValueError):
        PackOptions(**options)
