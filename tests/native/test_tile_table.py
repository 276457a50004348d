"""The table of tiles against numpy's reading of the same bytes: positions, numbers, and bad tiles."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rustfits_cffi.native._lib import ffi, lib

FORMATS = {"B": ">u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8", "P": "2>u4", "Q": "2>i8"}
DEFAULTS = {"scale": 1.5, "zero": -2.0, "blank": 77.0}
HEAP = 10_000


COLUMNS = ("t0", "t1", "t2", "scale", "zero", "blank")
ARRAYS = {"column": "u1", "state": "u1", "offset": "i8", "nbytes": "i8", "scale": "f8", "zero": "f8", "blank": "i8"}
GOOD, MISSING, OUTSIDE, SHARED = range(4)
C_TYPES = {"u1": "uint8_t[]", "i8": "int64_t[]", "f8": "double[]"}


class Table:
    """A table of tiles in memory, with its columns in the rows of a structured array."""

    def __init__(self, rows, letters, element_nbytes=1, heap_nbytes=HEAP):
        fields = [
            {"at": rows.dtype.fields[name][1], "letter": letters[name].encode(), "element_nbytes": element_nbytes}
            if name in letters
            else {"value": DEFAULTS.get(name, 0), "integer": int(DEFAULTS.get(name, 0))}
            for name in COLUMNS
        ]
        self.layout = ffi.new("rf_row_layout *", (rows.dtype.itemsize, fields[:3], *fields[3:]))
        self.arrays = {name: np.full(len(rows), 99, dtype) for name, dtype in ARRAYS.items()}
        self.kept = {name: ffi.from_buffer(C_TYPES[array.dtype.str[1:]], array) for name, array in self.arrays.items()}
        self.table = ffi.new("rf_table *", {"ntiles": len(rows), "heap_nbytes": heap_nbytes, **self.kept})
        self.status = self.take(rows)

    def take(self, rows, first=0):
        raw = rows.tobytes()
        return lib.rf_table_take(self.table, self.layout, ffi.from_buffer("uint8_t[]", raw), first, len(rows))

    def __getattr__(self, name):
        return self.arrays[name]


@st.composite
def tables(draw):
    """A table with some of the columns in any order, random bytes for numbers, and tiles within the heap."""
    letters = {
        name: draw(st.sampled_from("PQ" if name[0] == "t" else "BIJK" if name == "blank" else "BIJKED"))
        for name in draw(st.permutations(["t0", "t1", "t2", "scale", "zero", "blank"]))
        if draw(st.booleans())
    }
    nrows, seed = draw(st.integers(0, 20)), draw(st.integers(0, 99))
    random = np.random.default_rng(seed)
    layout = np.dtype([("pad", "u1", (draw(st.integers(1, 5)),)), *((name, FORMATS[l]) for name, l in letters.items())])
    table = np.frombuffer(random.bytes(nrows * layout.itemsize), layout).copy()
    for name in letters:
        if name[0] == "t":
            table[name][:, 0] = random.integers(0, 3, nrows) * random.integers(0, 500, nrows)
            table[name][:, 1] = random.integers(0, HEAP - 4000, nrows)
    return table, letters, draw(st.sampled_from([1, 2, 4]))


@given(tables())
@settings(max_examples=300, deadline=None)
def test_rows_are_read_as_by_numpy(drawn):
    rows, letters, width = drawn
    table = Table(rows, letters, width)
    assert table.status == 0
    for i, row in enumerate(rows):
        first = next((k for k in range(3) if f"t{k}" in letters and row[f"t{k}"][0]), None)
        expected = (255, 0, 0) if first is None else (first, row[f"t{first}"][1], row[f"t{first}"][0] * width)
        assert (table.column[i], table.offset[i], table.nbytes[i]) == expected
        assert (table.state[i] == MISSING) == (first is None)
    for name in ("scale", "zero"):
        with np.errstate(invalid="ignore"):  # there may be a signaling NaN
            wanted = rows[name].astype("f8") if name in letters else np.full(len(rows), DEFAULTS[name])
        assert np.array_equal(table.arrays[name], wanted, equal_nan=True)
    wanted = rows["blank"].astype("i8") if "blank" in letters else np.full(len(rows), 77)
    assert np.array_equal(table.blank, wanted)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 30)), max_size=14), st.data())
@settings(max_examples=300, deadline=None)
def test_tiles_that_share_some_of_their_bytes_are_marked(ranges, data):
    """Equal ranges may be shared; partly overlapping ones are marked. Rows changed later give the same table."""
    rows = np.zeros(len(ranges), [("t0", ">i8", 2)])
    rows["t0"] = np.array(ranges, "i8").reshape(-1, 2)
    table = Table(rows, {"t0": "Q"}, heap_nbytes=32)
    if len(rows):
        first = data.draw(st.integers(0, len(rows) - 1))
        some = rows[first : data.draw(st.integers(first, len(rows)))]
        for row in some:
            row["t0"] = data.draw(st.tuples(st.integers(0, 6), st.integers(0, 40)))
        assert table.take(some, first) == 0
        assert table.table.nbad == np.count_nonzero(table.state)
    for i, (length, offset) in enumerate(rows["t0"].tolist()):
        overlaps = any(
            n > 0 and (o, n) != (offset, length) and o < offset + length and offset < o + n and o + n <= 32
            for n, o in rows["t0"].tolist()
        )
        state = MISSING if not length else OUTSIDE if offset + length > 32 else SHARED if overlaps else GOOD
        assert state == table.state[i]
    fresh = Table(rows, {"t0": "Q"}, heap_nbytes=32)
    for name in ARRAYS:
        assert np.array_equal(table.arrays[name], fresh.arrays[name])
    assert table.table.used_nbytes == fresh.table.used_nbytes


def test_appended_rows_are_checked_without_the_others():
    rows = np.zeros(5, [("t0", ">i8", 2)])
    rows["t0"] = [(10, 10 * i) for i in range(5)]
    table = Table(rows, {"t0": "Q"})
    table.arrays["state"][4] = SHARED  # a check of all rows would correct this
    rows["t0"][1] = 7, 60
    assert table.take(rows[1:2], 1) == 0
    assert (table.state[1], table.offset[1], table.nbytes[1], table.state[4]) == (GOOD, 60, 7, SHARED)
    assert table.table.used_nbytes == 67


@pytest.mark.parametrize("letter, length, offset", [
    ("P", 1, HEAP), ("P", HEAP + 1, 0), ("P", 2**32 - 1, 2**32 - 1), ("Q", -1, 0), ("Q", 1, -1), ("Q", 2**62, 0),
    ("Q", 2**63 - 1, 2**63 - 1), ("P", HEAP // 4 + 1, 0),
])  # fmt: skip
def test_tiles_outside_the_heap_are_marked(letter, length, offset):
    rows = np.zeros(3, [("t0", FORMATS[letter])])
    rows["t0"][2] = length, offset
    table = Table(rows, {"t0": letter}, 4)
    assert table.status == 0 and table.state.tolist() == [MISSING, MISSING, OUTSIDE] and table.table.nbad == 3


@pytest.mark.parametrize("letters, at", [
    ({"scale": "D"}, 1), ({"scale": "A"}, 0), ({"scale": "P"}, 0), ({"t0": "J"}, 0), ({"t0": "Q"}, 0),
    ({"blank": "J"}, 2**63),
])  # fmt: skip
def test_invalid_columns_are_refused(letters, at):
    name = next(iter(letters))
    table = Table(np.zeros(2, {"names": [name], "formats": ["u8"]}), {})
    field = table.layout.tiles[0] if name == "t0" else getattr(table.layout, name)
    field.at, field.letter, field.element_nbytes = at, letters[name].encode(), 1
    assert table.take(np.zeros(2, "u8")) == lib.RF_EARGUMENT


@pytest.mark.parametrize("first, nrows", [(0, 3), (2, 1), (2**64 - 1, 2)])
def test_rows_outside_the_table_are_refused(first, nrows):
    table = Table(np.zeros(2, [("t0", ">i8", 2)]), {"t0": "Q"})
    raw = ffi.from_buffer("uint8_t[]", bytes(64))
    assert lib.rf_table_take(table.table, table.layout, raw, first, nrows) == lib.RF_EARGUMENT
