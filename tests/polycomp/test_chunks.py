"""Chunk records: what `join` makes of them, also as read from the columns of a debug table, and what it refuses."""

import numpy as np
import pytest

from rustfits_cffi import polycomp
from rustfits_cffi.polycomp import PolycompError

WAVE = np.sin(np.arange(500) / 40) + 1e-4 * np.random.default_rng(1).normal(size=500)


def records():
    """Chunks of every kind: with and without Chebyshev coefficients, and raw."""
    samples = np.concatenate([WAVE, np.arange(99.0)])
    coded = polycomp.encode(samples, "polynomial", num_of_coefficients=4, samples_per_chunk=33, max_error=1e-4)
    chunks = polycomp.chunks(coded)
    chunks.append(polycomp.Chunk(2, False, uncompressed=np.array([3.0, np.nan])))
    kinds = {(chunk.compressed, chunk.cheby.size > 0) for chunk in chunks}
    assert kinds == {(True, True), (True, False), (False, False)}
    return chunks


def test_records_as_the_columns_of_a_debug_table_give_them():
    """16-bit lengths, NumPy logicals, the other byte order, and lists all join to the same bytes."""
    chunks = records()
    expected = polycomp.join(chunks)
    for number in (np.int16, np.int64, int):
        columns = [
            polycomp.Chunk(
                number(chunk.samples), np.bool_(chunk.compressed), chunk.uncompressed.astype(">f8"),
                chunk.poly.tolist(), chunk.mask.tolist(), chunk.cheby.tolist(),
            )
            for chunk in chunks
        ]  # fmt: skip
        joined = polycomp.join(columns)
        assert joined.payload.tobytes() == expected.payload.tobytes()
        assert joined.count == expected.count == 601 and joined.uncompressed_nbytes == 8 * 601
        assert joined.statistics.compressed_chunks == expected.statistics.compressed_chunks
        assert sum(chunk.nbytes for chunk in columns) + 8 == joined.nbytes


def test_lengths_of_a_16_bit_column_add_up_and_are_taken_modulo_65536():
    long = polycomp.Chunk(np.int16(30000), True, poly=np.zeros(1))
    assert polycomp.join([long] * 3).count == 90000
    longer = polycomp.Chunk(np.array(40000).astype(np.int16)[()], False, uncompressed=np.arange(40000.0))
    joined = polycomp.join([longer, long])
    assert joined.count == 70000 and longer.nbytes == 3 + 8 * 40000
    assert np.array_equal(polycomp.decode(joined), np.append(np.arange(40000.0), np.zeros(30000)))


def test_joining_writes_the_flag_1_and_nothing_behind_the_last_chunk():
    chunks = records()
    expected = polycomp.join(chunks).payload
    odd, at = expected.copy(), 8
    for number, chunk in enumerate(chunks):
        if chunk.compressed:
            odd[at] = 2 + 13 * number
        at += chunk.nbytes
    odd = np.append(odd, np.uint8([1, 2, 3]))
    with pytest.warns(polycomp.PolycompWarning, match="3 bytes follow") as caught:
        again = polycomp.join(polycomp.chunks(odd))
    assert caught[0].filename == __file__
    assert again.payload.tobytes() == expected.tobytes()


def test_what_joins_decodes():
    for dtype in ("f4", "f8"):
        joined = polycomp.join(records(), dtype=dtype)
        assert polycomp.decode(joined).dtype == dtype
    for dtype in ("i4", "?", "U3", "nonsense"):
        with pytest.raises(PolycompError):
            polycomp.join(records(), dtype=dtype)


@pytest.mark.parametrize("broken, words", [
    (polycomp.Chunk(3, False, uncompressed=np.zeros(2)), "2 raw samples"),
    (polycomp.Chunk(70000, False, uncompressed=np.zeros(70000)), "65535"),
    (polycomp.Chunk(0, True, poly=np.zeros(1)), "without samples"),
    (polycomp.Chunk(300, True, poly=np.zeros(256)), "256 polynomial"),
    (polycomp.Chunk(1, True, poly=np.zeros(1), mask=np.ones(1, "u1"), cheby=np.zeros(1)), "single"),
    (polycomp.Chunk(9, True, poly=np.zeros(1), mask=np.ones(1, "u1"), cheby=np.zeros(1)), "mask of 1 bytes"),
    (polycomp.Chunk(8, True, poly=np.zeros(1), mask=np.full(1, 3, "u1"), cheby=np.zeros(1)), "2 bits"),
    (polycomp.Chunk(8, True, poly=np.zeros(1), cheby=np.zeros(1)), "mask of 0 bytes"),
    (polycomp.Chunk(9, True, poly=np.zeros(1), mask=np.zeros(2, "u1")), "a mask without"),
    (polycomp.Chunk(9, True, poly=np.zeros(1), mask=[1, 256], cheby=np.zeros(1)), "mask must be a row of bytes"),
    (polycomp.Chunk(9, True, poly=np.zeros(1), mask=[1.0, 0.0], cheby=np.zeros(1)), "mask must be a row of bytes"),
    (polycomp.Chunk(2, True, uncompressed=np.zeros(2), poly=np.zeros(1)), "compressed chunk with raw samples"),
    (polycomp.Chunk(2, False, uncompressed=np.zeros(2), poly=np.zeros(1)), "raw chunk with coefficients"),
    (polycomp.Chunk(2, False, uncompressed=np.ones((2, 3))), r"shape \(2, 3\)"),
    (polycomp.Chunk(2, False, uncompressed=["1", "2"]), "row of numbers"),
    (polycomp.Chunk(2, False, uncompressed=[1, 2j]), "row of numbers"),
    (polycomp.Chunk(1, False, uncompressed=[None]), "row of numbers"),
    (polycomp.Chunk(2.7, False, uncompressed=np.zeros(2)), "integer, not 2.7"),
    (polycomp.Chunk(True, False, uncompressed=np.zeros(1)), "integer, not True"),
    (polycomp.Chunk(-1, False), "0 to 65535, not -1"),
    (polycomp.Chunk(np.int32(-1), False), "0 to 65535, not -1"),
    (polycomp.Chunk(np.int16(-1), False), "0 raw samples in a chunk of 65535"),
    (polycomp.Chunk(2, "F", poly=np.zeros(1)), "True or False, not 'F'"),
    (polycomp.Chunk(2, 70, poly=np.zeros(1)), "True or False, not 70"),
])  # fmt: skip
def test_chunks_that_contradict_themselves_are_not_joined(broken, words):
    with pytest.raises(PolycompError, match=f"chunk 1.*{words}"):
        polycomp.join([polycomp.Chunk(1, False, uncompressed=np.zeros(1)), broken])
