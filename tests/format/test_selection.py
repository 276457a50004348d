"""Selections: hypothesis against numpy, then the errors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rustfits_cffi.format.selection import check_value_shape, select, select_all


def slices(length):
    bound = st.none() | st.integers(-length - 3, length + 3)
    return st.builds(slice, bound, bound, st.none() | st.integers(1, length + 3))


@st.composite
def shapes_and_keys(draw):
    shape = tuple(draw(st.lists(st.integers(0, 9), min_size=1, max_size=4)))
    parts = []
    for length in shape[: draw(st.integers(0, len(shape)))]:
        integers = st.integers(-length, length - 1) if length else st.nothing()
        parts.append(draw(slices(length) | integers | integers.map(np.int16) | integers.map(np.array)))
    if draw(st.booleans()):
        position = draw(st.integers(0, len(parts)))
        tail = len(parts) - position
        kept = parts[:position]
        # The parts after an ellipsis index the last axes, so they are drawn again for those.
        for length in shape[len(shape) - tail :] if tail else ():
            kept.append(draw(slices(length)))
        parts = [*kept[:position], Ellipsis, *kept[position:]]
    key = tuple(parts)
    return shape, key[0] if len(key) == 1 and draw(st.booleans()) else key


@settings(max_examples=400, deadline=None)
@given(shapes_and_keys())
def test_selects_what_numpy_selects(case):
    shape, key = case
    image = np.arange(np.prod(shape)).reshape(shape)
    expected = image[key]
    selection = select(key, shape)
    assert selection.out_shape == np.shape(expected)
    assert np.array_equal(image[selection.slices].reshape(selection.out_shape), expected)
    assert selection.count == image[selection.slices].shape
    assert selection.size == np.size(expected)
    assert selection.is_empty == (np.size(expected) == 0)
    assert selection.is_whole == (np.size(expected) == image.size and selection.count == shape)
    assert selection.is_scalar == (np.ndim(expected) == 0)
    for start, stop, step, count in zip(selection.start, selection.stop, selection.step, selection.count, strict=True):
        assert len(range(start, stop, step)) == count
        assert stop == start if not count else (stop - 1 - start) % step == 0


@pytest.mark.parametrize("key", [(), ..., slice(None), (..., slice(None)), (slice(None), ..., slice(None)), select_all])
def test_whole_image_is_recognized(key):
    selection = select_all((4, 5)) if key is select_all else select(key, (4, 5))
    assert selection.is_whole and selection.out_shape == (4, 5)


def test_selecting_all_of_an_image_without_pixels_is_whole_and_empty():
    assert select(..., (0, 3)).is_empty and select(..., (0, 3)).is_whole


@pytest.mark.parametrize("key", [(), ..., 0, slice(None), (..., 0)])
def test_nothing_can_be_selected_where_there_are_no_axes(key):
    with pytest.raises(ValueError, match=r"no data.*NAXIS = 0"):
        select(key, ())


@pytest.mark.parametrize("step", [5, 6, 2**62, 2**63, 10**30])
def test_a_step_beyond_the_end_is_never_taken(step):
    selection = select(slice(1, None, step), (5,))
    assert (selection.start, selection.step, selection.count) == ((1,), (1,), (1,))


@pytest.mark.parametrize("key", [5, -6, (0, 3), (0, -4), np.int64(5), np.array(5)])
def test_integer_out_of_range(key):
    with pytest.raises(IndexError, match=r"out of bounds for axis . with size"):
        select(key, (5, 3))


@pytest.mark.parametrize(
    "key",
    [
        *([0, 1], ([0], 1), np.array([0, 1]), np.ones((5, 3), bool), np.array([1]), None, (None, 1, 2), "x", 1.0),
        *(
            (1, 2.5),
            b"x",
            np.float64(1),
            np.bool_(True),
            slice(None, None, -1),
            slice(3, 1, 0),
            (..., 1, ...),
            (..., ...),
            {},
        ),
    ],
)
def test_unsupported_index(key):
    with pytest.raises(ValueError, match="unsupported index"):
        select(key, (5, 3))


@pytest.mark.parametrize("key", [(0, 0, 0), (..., 0, 0, 0), (slice(None),) * 3])
def test_too_many_indices(key):
    with pytest.raises(ValueError, match="too many indices"):
        select(key, (5, 3))


@given(st.lists(st.integers(0, 3), max_size=4), st.lists(st.integers(0, 3), max_size=3))
def test_value_shapes_broadcast_as_in_numpy(value_shape, out_shape):
    target = np.zeros(out_shape)
    try:
        target[...] = np.zeros(value_shape)
    except ValueError:
        with pytest.raises(ValueError, match="shape"):
            check_value_shape(value_shape, tuple(out_shape))
    else:
        shape = check_value_shape(value_shape, tuple(out_shape))
        np.broadcast_to(np.zeros(value_shape).reshape(shape), out_shape)
