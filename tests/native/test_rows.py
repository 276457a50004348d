"""The rows of a compressed image's table against numpy's reading of the same bytes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rustfits_cffi.native._lib import ffi, lib

FORMATS = {"B": ">u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8", "P": "2>u4", "Q": "2>i8"}
DEFAULTS = {"scale": 1.5, "zero": -2.0, "blank": 77.0}
HEAP = 10_000


def read(table, letters, element_nbytes, heap_nbytes=HEAP):
    """What rf_rows_read makes of a structured array: its status, and one array for each of its six."""
    fields = [
        {"at": table.dtype.fields[name][1], "letter": letters[name].encode(), "element_nbytes": element_nbytes}
        if name in letters
        else {"value": DEFAULTS.get(name, 0)}
        for name in ("t0", "t1", "t2", "scale", "zero", "blank")
    ]
    raw = table.tobytes()
    rows = ffi.new("rf_rows *", {
        "rows": ffi.from_buffer("uint8_t[]", raw), "nrows": len(table), "row_nbytes": table.dtype.itemsize,
        "tiles": fields[:3], "scale": fields[3], "zero": fields[4], "blank": fields[5], "heap_nbytes": heap_nbytes,
    })  # fmt: skip
    types = (("uint8_t", "u1"), ("int64_t", "i8"), ("int64_t", "i8"), ("double", "f8"), ("double", "f8"),
             ("int64_t", "i8"))  # fmt: skip
    out = [np.full(len(table), 99, dtype) for _, dtype in types]
    status = lib.rf_rows_read(
        rows, *(ffi.from_buffer(f"{name}[]", array) for (name, _), array in zip(types, out, strict=True))
    )
    return status, out


@st.composite
def tables(draw):
    """A table of some of the columns in any order, with random bytes for numbers and tiles that lie in the heap."""
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
def test_rows_by_numpy(drawn):
    table, letters, width = drawn
    status, (column, offset, nbytes, scale, zero, blank) = read(table, letters, width)
    assert status == 0
    for i, row in enumerate(table):
        first = next((k for k in range(3) if f"t{k}" in letters and row[f"t{k}"][0]), None)
        expected = (255, 0, 0) if first is None else (first, row[f"t{first}"][1], row[f"t{first}"][0] * width)
        assert (column[i], offset[i], nbytes[i]) == expected
    for name, found in (("scale", scale), ("zero", zero)):
        wanted = table[name].astype("f8") if name in letters else np.full(len(table), DEFAULTS[name])
        assert np.array_equal(found, wanted, equal_nan=True)
    wanted = table["blank"].astype("i8") if "blank" in letters else np.full(len(table), 77)
    wanted[np.abs(wanted.astype("f8") + 0.5) > 2**31] = np.iinfo("i8").max
    assert np.array_equal(blank, wanted)


@pytest.mark.parametrize("letter, length, place", [
    ("P", 1, HEAP), ("P", HEAP + 1, 0), ("P", 2**32 - 1, 2**32 - 1), ("Q", -1, 0), ("Q", 1, -1), ("Q", 2**62, 0),
    ("Q", 2**63 - 1, 2**63 - 1), ("P", HEAP // 4 + 1, 0),
])  # fmt: skip
def test_tiles_outside_the_heap_are_refused(letter, length, place):
    table = np.zeros(3, [("t0", FORMATS[letter])])
    assert read(table, {"t0": letter}, 4)[0] == 0
    table["t0"][2] = length, place
    assert read(table, {"t0": letter}, 4)[0] == lib.RF_ETRUNCATED


@pytest.mark.parametrize("letters, at", [
    ({"scale": "D"}, 1), ({"scale": "A"}, 0), ({"scale": "P"}, 0), ({"t0": "J"}, 0), ({"t0": "Q"}, 0),
    ({"blank": "J"}, 2**63),
])  # fmt: skip
def test_columns_that_cannot_be_are_refused(letters, at):
    name = next(iter(letters))
    table = np.zeros(2, {"names": [name], "formats": ["u8"]})
    fields = {key: {"value": 0.0} for key in ("t0", "t1", "t2", "scale", "zero", "blank")}
    fields[name] = {"at": at, "letter": letters[name].encode(), "element_nbytes": 1}
    values = list(fields.values())
    raw = table.tobytes()
    rows = ffi.new("rf_rows *", {
        "rows": ffi.from_buffer("uint8_t[]", raw), "nrows": 2, "row_nbytes": 8, "tiles": values[:3],
        "scale": values[3], "zero": values[4], "blank": values[5], "heap_nbytes": HEAP,
    })  # fmt: skip
    room = ffi.new("uint64_t[12]")
    arrays = [ffi.cast(f"{name} *", room) for name in ("uint8_t", "int64_t", "int64_t", "double", "double", "int64_t")]
    assert lib.rf_rows_read(rows, *arrays) == lib.RF_EARGUMENT
