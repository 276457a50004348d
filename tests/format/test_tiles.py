"""Tile grids against a labelled image; tile shapes against cfitsio's rules."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rustfits_cffi.config import Gzip2, Hcompress1, Rice1
from rustfits_cffi.format.selection import select
from rustfits_cffi.format.tiles import TileGrid, default_tile_shape, resolve_tile_shape


def labels(grid):
    image = np.full(grid.shape, -1)
    for row in range(grid.ntiles):
        image[grid.slices(row)] = row
    return image


@st.composite
def grids_and_selections(draw):
    axes = draw(st.lists(st.tuples(st.integers(0, 17), st.integers(1, 20)), min_size=1, max_size=3))
    grid = TileGrid(*zip(*axes, strict=True))
    key = []
    for length in grid.shape:
        bound = st.none() | st.integers(0, length)
        key.append(draw(st.builds(slice, bound, bound, st.none() | st.integers(1, length + 2))))
    return grid, select(tuple(key), grid.shape)


@settings(max_examples=300, deadline=None)
@given(grids_and_selections())
def test_touched_tiles_and_overlaps_agree_with_labels(case):
    grid, selection = case
    image = labels(grid)
    assert grid.ntiles == len(np.unique(image)) and -1 not in image
    wanted = image[selection.slices]
    rows = grid.tiles_touched(selection)
    assert rows.dtype == np.int64
    assert np.array_equal(rows, np.unique(wanted))
    result = np.full(selection.count, -1)
    for row in rows.tolist():
        inside, outside = grid.overlap(row, selection)
        tile = image[grid.slices(row)]
        result[outside] = tile[inside]
    assert np.array_equal(result, wanted)
    if len(rows):
        only = grid.only_tile(selection)
        assert only == ((rows[0], inside) if len(rows) == 1 else None)


def test_first_fits_axis_is_fastest():
    grid = TileGrid((4, 6), (2, 2))
    assert grid.counts == (2, 3) and grid.extent(1) == ((0, 2), (2, 4)) and grid.position(4) == (1, 1)


def test_invalid_grids_and_tile_numbers_are_refused():
    with pytest.raises(ValueError, match="dimensions"):
        TileGrid((3, 4), (3,))
    with pytest.raises(ValueError, match="1 pixel"):
        TileGrid((3,), (0,))
    with pytest.raises(IndexError, match="tile 3"):
        TileGrid((3,), (1,)).position(3)


def test_huge_grid_takes_no_memory():
    grid = TileGrid((2**62, 2**62), (1, 1))
    assert grid.ntiles == 2**124 and grid.extent(2**62) == ((1, 0), (2, 1))


@pytest.mark.parametrize(("length", "rows"), [(4, 4), (30, 30), (31, 16), (34, 24), (50, 20), (65, 24), (200, 16)])
def test_default_tile_of_hcompress_has_several_rows(length, rows):
    assert default_tile_shape((length, 40), Hcompress1()) == (rows, 40)
    assert resolve_tile_shape((length, 40), Hcompress1()) == (rows, 40)


def test_default_tile_is_one_row():
    assert default_tile_shape((7,)) == (7,)
    assert resolve_tile_shape((5, 6, 7), Rice1()) == (1, 1, 7)
    assert resolve_tile_shape((0, 7), Gzip2()) == (1, 7)
    assert resolve_tile_shape((5, 6), Rice1(tile_shape=(50, 60))) == (50, 60)


@pytest.mark.parametrize(
    ("shape", "codec", "words"),
    [
        ((), Rice1(), "at least one axis"),
        ((5, 6), Rice1(tile_shape=(5,)), "tile_shape has 1 dimensions"),
        ((5, 6, 7), Hcompress1(), "2-D"),
        ((0, 50), Hcompress1(), r"axis 0 has size 0.*minimum of 4"),
        ((50, 3), Hcompress1(), "minimum of 4"),
        ((50, 50), Hcompress1(tile_shape=(3, 50)), r"tile_shape\[0\]=3.*minimum of 4"),
        ((50, 50), Hcompress1(tile_shape=(16, 50)), r"last tile of 2 pixels.*tile_shape\[0\]=17"),
    ],
)
def test_tile_shapes_that_do_not_fit_are_refused(shape, codec, words):
    with pytest.raises(ValueError, match=words):
        resolve_tile_shape(shape, codec)


@pytest.mark.parametrize(("length", "rows"), [(31, 16), (33, 24), (49, 20), (97, 20), (193, 20)])
def test_hcompress_rows_are_those_of_cfitsio(length, rows):
    assert default_tile_shape((length, 50), Hcompress1()) == (rows, 50)
