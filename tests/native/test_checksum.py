"""CHECKSUM and DATASUM: the same cards as cfitsio's, computed differently."""

import re

import numpy as np
import pytest

from rustfits_cffi.native._lib import ffi, lib
from rustfits_cffi.native.cfitsio import copying
from rustfits_cffi.native.cfitsio.checksums import write_checksum
from rustfits_cffi.native.cfitsio.handle import CfitsioFile


def ones_complement(data):
    """The sum by its definition: word by word, with each carry added at once."""
    total = 0
    for word in np.frombuffer(data, ">u4").tolist():
        total += word
        total = (total & 0xFFFFFFFF) + (total >> 32)
    return total


@pytest.mark.parametrize("nwords", [0, 1, 2, 5, 720, 100_003])
@pytest.mark.parametrize("byte", [None, 0, 255])
def test_sum_equals_its_definition(rng, nwords, byte):
    data = rng.bytes(4 * nwords) if byte is None else bytes([byte]) * (4 * nwords)
    expected = ones_complement(data)
    assert lib.rf_sum32(ffi.from_buffer("uint8_t[]", data), len(data), 0) == expected
    half = nwords // 2 * 4
    first = lib.rf_sum32(ffi.from_buffer("uint8_t[]", data[:half]), half, 0)
    assert lib.rf_sum32(ffi.from_buffer("uint8_t[]", data[half:]), len(data) - half, first) == expected


@pytest.mark.parametrize("nbytes", [1, 2, 3, 4099])
def test_a_short_last_word_is_padded_with_zeros(rng, nbytes):
    data = rng.bytes(nbytes)
    assert lib.rf_sum32(ffi.from_buffer("uint8_t[]", data), nbytes, 0) == ones_complement(data + bytes(-nbytes % 4))


@pytest.fixture
def two_files(tmp_path):
    """Two equal files with a plain image."""
    handles = []
    for name in ("a", "b"):
        handle = CfitsioFile(str(tmp_path / name), "w+")
        with handle.call() as (fptr, status):
            lib.fits_create_img(fptr, 16, 2, ffi.new("long[]", [50, 70]), status)
            lib.fits_set_hdustruc(fptr, status)
            offset = int(fptr.Fptr.datastart)
        copying.write_data(handle, 1, offset, np.random.default_rng(2).integers(0, 9, (70, 50)).astype(">i2"))
        handles.append(handle)
    yield handles
    for handle in handles:
        handle.close()


def masked(handle):
    handle.flush()
    return re.sub(rb"\d\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\d", b"", bytes(handle.read(0, handle.size())))


def test_new_valid_and_stale_cards_become_those_of_cfitsio(two_files):
    ours, theirs = two_files
    for change in (None, None, 7):
        for handle in two_files:
            if change is not None:
                copying.write_data(handle, 1, 2880, np.full(10, change, ">i2"))
        before = masked(ours)
        write_checksum(ours, 1)
        copying.write_checksums(theirs, 1)
        assert re.sub(rb"CHECKSUM= '.{16}'", b"", masked(ours)) == re.sub(rb"CHECKSUM= '.{16}'", b"", masked(theirs))
        assert ones_complement(ours.read(0, ours.size())) == 0xFFFFFFFF
        assert (change is None and b"DATASUM" in before) == (masked(ours) == before)
