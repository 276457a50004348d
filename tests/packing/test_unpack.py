"""`unpack` writes the bytes of funpack, and is right where funpack is not."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from rustfits_cffi import FITS, Rice1
from rustfits_cffi.comparison import compare
from rustfits_cffi.errors import FITSError
from rustfits_cffi.packing import PackOptions, UnpackOptions, pack, unpack, verify
from rustfits_cffi.threads import set_num_threads
from tests.packing.conftest import noise, table_hdu

ROOT = Path(__file__).parent.parent.parent


def assert_same(run_tool, packed, options=None, arguments=("-C",)):
    """Check that our unpacked file equals funpack's."""
    theirs, ours = packed.with_name("theirs.fits"), packed.with_name("ours.fits")
    result = run_tool("funpack", *arguments, "-O", theirs, packed)
    assert result.returncode == 0, result
    unpack(packed, ours, options or UnpackOptions(checksums=False))
    assert ours.read_bytes() == theirs.read_bytes()
    return ours


def with_nan(array):
    array = array.copy()
    array[1, 3:7] = np.nan
    array[5] = 7.0
    return array


IMAGES = [
    noise((40, 60), "u1", level=100, sigma=4),
    noise((40, 60), "i2"),
    noise((40, 60), "i4"),
    noise((40, 60), "f4"),
    noise((40, 60), "f8"),
    with_nan(noise((40, 60), "f4")),
    with_nan(noise((40, 60), "f8")),
    noise((5, 20, 30), "i4"),
    noise((3, 20, 30), "f4"),
    noise((300,), "f4"),
]


@pytest.mark.parametrize("arguments", [
    ["-q7", "4"], ["-q0", "16"], ["-qz9", "4"], ["-g", "-q", "0"], ["-g2", "-q", "0"], ["-g2", "-q7", "4"],
    ["-h", "-q7", "4"], ["-h", "-s", "2", "-q7", "4"],
], ids=" ".join)  # fmt: skip
@pytest.mark.parametrize("shift", [False, True], ids=["image first", "empty first"])
def test_every_codec_and_type_gives_the_bytes_of_funpack(run_tool, write_fits, arguments, shift):
    images = [image for image in IMAGES if not ("-h" in arguments and image.ndim == 1)]
    path = write_fits(*([None] * shift), *images, table_hdu(900))
    assert run_tool("fpack", "-C", *arguments, path).returncode == 0
    assert_same(run_tool, path.with_name("in.fits.fz"))


@pytest.mark.parametrize("tile", ["17,16", "60,40", "7,50"])
@pytest.mark.parametrize("arguments", [["-r"], ["-g2"], ["-h"]], ids=" ".join)
def test_tiles_of_several_rows_give_the_bytes_of_funpack(run_tool, write_fits, arguments, tile):
    path = write_fits(noise((40, 60)), noise((40, 60), "i2"), noise((3, 40, 60), "i4"))
    assert run_tool("fpack", "-C", "-q7", "4", *arguments, "-t", tile, path).returncode in (0, 157)
    if path.with_name("in.fits.fz").exists():
        assert_same(run_tool, path.with_name("in.fits.fz"))


def test_masks_come_back_from_plio(run_tool, write_fits):
    mask = (noise((40, 60), "i4") > 1020).astype("i4") * 5
    path = write_fits(
        mask, mask.astype("i2"), mask.astype("u1"), (mask.astype("i2"), [("BSCALE", 1.0), ("BZERO", 32768.0)])
    )
    run_tool("fpack", "-C", "-p", path)
    assert_same(run_tool, path.with_name("in.fits.fz"))
    assert path.with_name("ours.fits").read_bytes() == path.read_bytes()


def test_compressed_tables_give_the_bytes_of_funpack(run_tool, write_fits):
    path = write_fits(None, table_hdu(900), table_hdu(5), noise((40, 60), "i2"))
    run_tool("fpack", "-C", "-table", path)
    assert_same(run_tool, path.with_name("in.fits.fz"))


@pytest.mark.parametrize("cards", [
    [("BSCALE", 0.5), ("BZERO", 3.0), ("BLANK", 1000)], [("EXTNAME", "SCI"), ("HISTORY made by hand", None)],
    [("COMMENT one", None), ("", None), ("LONGSTRN", "OGIP 1.0")], [(f"KEY{i}", i) for i in range(100)],
])  # fmt: skip
def test_cards_of_the_original_come_back(run_tool, write_fits, cards):
    path = write_fits((noise((40, 60), "i2"), cards), (noise((40, 60), "i2"), cards))
    run_tool("fpack", "-C", path)
    assert_same(run_tool, path.with_name("in.fits.fz"))


def test_original_checksums_come_back_with_the_original_pixels(run_tool, write_fits):
    path = write_fits(noise((40, 60), "i2"), noise((20, 30), "i4"), table_hdu(900))
    packed, first = path.with_name("in.fits.fz"), path.with_name("first.fits")
    run_tool("fpack", path)
    run_tool("funpack", "-O", first, packed)  # the original, now with checksums
    again = path.with_name("again.fz")
    pack(first, again)
    unpack(again, path.with_name("last.fits"))
    assert path.with_name("last.fits").read_bytes() == first.read_bytes()


@pytest.mark.parametrize("hdus", [(1,), (0,), (2, 1), ("SCI",), ("SCI", 0)])
def test_chosen_images_are_unpacked_in_the_order_asked_for(run_tool, write_fits, hdus):
    path = write_fits(None, (noise((40, 60), "i2"), [("EXTNAME", "SCI")]), noise((20, 30)), noise((20, 30), "i4"))
    run_tool("fpack", "-C", "-q7", "4", path)
    listed = ",".join(map(str, hdus))
    assert_same(run_tool, path.with_name("in.fits.fz"), UnpackOptions(checksums=False, hdus=hdus), ("-C", "-E", listed))


def test_a_chosen_table_is_refused(write_fits):
    path = write_fits(None, table_hdu(900))
    with pytest.raises(FITSError) as caught:
        unpack(path, path.with_name("out"), UnpackOptions(hdus=(1,)))
    assert caught.value.status == 233 and not path.with_name("out").exists()


@pytest.mark.parametrize("name", ["decam_image_fpacked_dither1", "mosaic_staticmask_plio"])
def test_real_packed_files_give_the_bytes_of_funpack(run_tool, real_files, tmp_path, name):
    packed = tmp_path / f"{name}.fits.fz"
    packed.symlink_to(real_files / f"{name}.fits.fz")
    assert_same(run_tool, packed)


# -- where funpack is wrong -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_nulls_in_tiles_of_several_rows_do_not_scramble_the_image(run_tool, write_fits, dtype):
    image = noise((40, 60), dtype)
    image[12, 21] = np.nan
    path = write_fits(image)
    run_tool("fpack", "-C", "-q7", "4", "-t", "20,10", path)
    packed, ours, theirs = (path.with_name(name) for name in ("in.fits.fz", "ours", "theirs"))
    unpack(packed, ours, UnpackOptions(checksums=False))
    run_tool("funpack", "-C", "-O", theirs, packed)
    right, wrong = (
        np.frombuffer(name.read_bytes(), f">{dtype}", 2400, 2880).reshape(40, 60) for name in (ours, theirs)
    )
    assert np.array_equal(np.isnan(right), np.isnan(image))
    assert np.nanmax(np.abs(right - image)) < 10
    assert not np.array_equal(right, wrong, equal_nan=True) and np.nanmax(np.abs(wrong - image)) > 10
    found = compare(ours, theirs)
    assert found.hdus[0].pixels.count > 0 and not found.hdus[0].cards


# -- files ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def packed(write_fits):
    """A packed file of an image of integers and one of floats."""
    path = write_fits(noise((40, 60), "i2"), noise((40, 60)))
    pack(path, options=PackOptions(seed=7))
    return path.with_name("in.fits.fz")


def test_the_default_name_is_that_without_the_suffix(packed):
    with pytest.raises(FileExistsError):
        unpack(packed)
    packed.with_name("in.fits").unlink()
    assert unpack(packed).target == str(packed.with_name("in.fits"))


def test_a_name_without_the_suffix_needs_a_target(packed):
    other = packed.rename(packed.with_name("in.packed"))
    with pytest.raises(ValueError, match=r"\.fz"):
        unpack(other)


def damaged_heap(packed):
    """Overwrite coded tiles with random bytes."""
    data = bytearray(packed.read_bytes())
    data[-8000:] = np.random.default_rng(3).bytes(8000)
    packed.write_bytes(data)


@pytest.mark.parametrize("shape, dtype, tile", [
    ((2, 2_200_001), "i4", (1, 700_001)),  # a row of tiles is larger than what is decoded at once
    ((4, 1500, 1501), "i4", (2, 100, 100)),  # so is a plane, and a box of tiles is in several pieces
    ((333, 3331), "u1", (20, 100)),  # pieces begin at any byte of a word
    ((3, 101, 33), "i2", (2, 7, 5)),
    ((5, 7), "u1", (1, 3)),
], ids=str)  # fmt: skip
@pytest.mark.parametrize("nthreads", [1, 3])
def test_pixels_and_sums_however_an_image_is_cut(write_fits, shape, dtype, tile, nthreads):
    path = write_fits((np.arange(np.prod(shape)) % 251).reshape(shape).astype(dtype))
    packed, ours = path.with_name("packed"), path.with_name("ours")
    pack(path, packed, PackOptions(tile=tile, checksums=False))
    set_num_threads(nthreads)
    try:
        unpack(packed, ours, UnpackOptions(checksums=False))
        assert ours.read_bytes() == path.read_bytes()
        unpack(packed, ours, verified=True, overwrite=True)  # reads the file again and checks its sums
    finally:
        set_num_threads(None)


def test_a_full_disk_raises_and_leaves_no_file(packed):
    """A limit on the file size stands in for the disk: the pixels of the second image do not fit."""
    before = sorted(os.listdir(packed.parent))
    code = """
        import errno, resource, signal, sys
        from rustfits_cffi.packing import unpack
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (18000, 18000))
        try:
            unpack(sys.argv[1], sys.argv[2])
        except OSError as error:
            print(errno.errorcode[error.errno], error.status, error.hdu, error)
    """
    command = [sys.executable, "-c", textwrap.dedent(code), packed, packed.with_name("out")]
    child = subprocess.run(
        command, capture_output=True, text=True, timeout=60, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    assert child.returncode == 0, child.stderr
    assert child.stdout.startswith("EFBIG 106 2 ") and f"{packed.with_name('out')}" in child.stdout, child.stdout
    assert sorted(os.listdir(packed.parent)) == before


def test_a_comment_without_its_slash_is_read_and_copied(tmp_path):
    source, packed, restored = (tmp_path / name for name in ("a.fits", "b.fits", "c.fits"))
    with FITS(source, "w+") as fits:
        fits.write_image(np.arange(600, dtype="i2").reshape(20, 30))
    raw = source.read_bytes()
    at = raw.index(b"NAXIS1  =")
    card = b"NAXIS1  =                   30   length of data axis 1".ljust(80)
    source.write_bytes(raw[:at] + card + raw[at + 80 :])
    pack(source, packed)
    unpack(source, restored)
    for path in source, packed, restored:
        with FITS(path) as fits:
            assert np.array_equal(fits[-1].read().ravel(), np.arange(600)), path


def truncated(packed):
    packed.write_bytes(packed.read_bytes()[:-5760])


@pytest.mark.parametrize("damage", [damaged_heap, truncated])
def test_a_damaged_file_raises_and_leaves_no_file(packed, damage):
    damage(packed)
    before = sorted(os.listdir(packed.parent))
    with pytest.raises(OSError, match=r"in\.fits\.fz, HDU 2, tile \d+: |truncated"):
        unpack(packed, packed.with_name("out"))
    assert sorted(os.listdir(packed.parent)) == before


def test_descriptors_outside_the_heap_raise(packed):
    data = bytearray(packed.read_bytes())
    at = data.index(b"ZCMPTYPE")
    table = -(-(data.index(b"END" + b" " * 77, at) + 80) // 2880) * 2880
    data[table + 4 : table + 8] = b"\xff\xff\xff\x00"
    packed.write_bytes(data)
    with pytest.raises(FITSError, match="outside the heap"):
        unpack(packed, packed.with_name("out"))


@pytest.mark.parametrize("offset, nbytes", [(0, 2**39), (2**39, 5), (2**61, 100), (2**63 - 6000, 5)])
def test_a_heap_that_would_be_longer_than_the_file_is_refused(packed, offset, nbytes):
    """Before memory for a tile is allocated, or an offset in the file is computed."""
    with FITS(packed, "w+") as fits:
        fits.write_image(np.arange(400, dtype="i2").reshape(4, 100), compress=Rice1(heap_format="Q"))
    data = bytearray(packed.read_bytes())
    at = data.index(b"PCOUNT  =", 2880)
    data[at + 10 : at + 30] = str(2**63 - 1).rjust(20).encode()
    data[5760:5776] = nbytes.to_bytes(8, "big") + offset.to_bytes(8, "big")
    packed.write_bytes(data)
    with pytest.raises(FITSError, match="HDU 1, tile 0: truncated"):
        unpack(packed, packed.with_name("out"))


def test_a_codec_that_only_has_a_name_is_refused(packed):
    packed.write_bytes(packed.read_bytes().replace(b"'RICE_1  '", b"'BZIP2_1 '", 1))
    with pytest.raises(FITSError, match=r"in\.fits\.fz: HDU 1: .*codec"):
        unpack(packed, packed.with_name("out"))


def test_a_damaged_table_does_no_harm_to_the_process(run_tool, write_fits):
    path = write_fits(None, table_hdu(900))
    run_tool("fpack", "-C", "-table", path)
    packed = path.with_name("in.fits.fz")
    data = bytearray(packed.read_bytes())
    random = np.random.default_rng(5)
    for _ in range(3):
        data[8640 + int(random.integers(64))] = 255  # the descriptors
        data[-int(random.integers(3000, 8000))] ^= 255
    packed.write_bytes(data)
    with pytest.raises(OSError, match="HDU 1"):
        unpack(packed, path.with_name("out"))
    assert not path.with_name("out").exists()


# -- verify -----------------------------------------------------------------------------------------------------------


FPACK_LINES = ["-q7 4", "-qt 9.5", "-q0 3", "-g2 -q 0", "-h -s 3", "-t 20,17", "-i2f", "-table", "-C"]


@pytest.mark.parametrize("line", FPACK_LINES)
def test_verify_finds_the_parameters_of_fpack(run_tool, write_fits, line):
    path = write_fits(with_nan(noise((40, 60))), noise((40, 60), "i2"), table_hdu(900))
    run_tool("fpack", *line.split(), path)
    found = verify(path, path.with_name("in.fits.fz"))
    assert found.identical, str(found.comparison)
    assert all(image.is_right or image.lossy_codec for image in found.images)  # a lossy codec smears nulls


def test_verify_says_where_a_file_differs(packed):
    original = packed.with_name("in.fits")
    other = original.with_name("other.fits")
    data = bytearray(original.read_bytes())
    data[2880 + 21] ^= 64
    other.write_bytes(data)
    found = verify(other, packed)
    assert not found.identical and found.largest_error == 64
    assert found.comparison.hdus[1].tile_count >= 1


def test_verify_refuses_a_file_with_other_hdus(packed, write_fits):
    with pytest.raises(FITSError, match="not its packed form"):
        verify(write_fits(noise((4, 5), "i2"), name="other.fits"), packed)
