"""Converts what users put into an image to stored pixels, and back: types, scaling, masks, single numbers."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from rustfits_cffi import threads
from rustfits_cffi.format.scaling import PixelType
from rustfits_cffi.format.selection import check_value_shape
from rustfits_cffi.native.pixels import scale_pixels
from rustfits_cffi.native.pool import new_array


def stored_pixels(
    data: Any, kind: PixelType, *, where: str, shape: tuple[int, ...] | None = None, contiguous: bool = False
) -> np.ndarray:
    """Convert a user's data to the stored type of an image.

    Parameters
    ----------
    data : array_like or number
        A number is a physical value. An array has the stored type, the type of the unsigned trick, or float64 for a
        generally scaled image, in any byte order.
    kind : PixelType
    where : str
        File and HDU, for messages.
    shape : tuple of int, optional
        Shape of the selection to fill; numpy's broadcasting applies. By default the array's own shape is kept.
    contiguous : bool
        Refuse arrays that are not C-contiguous.

    Returns
    -------
    ndarray
        Native byte order, C-contiguous; may share memory with `data`.

    Raises
    ------
    ValueError
        For a type, shape or value that cannot be stored.
    OverflowError, TypeError
        For a number that is outside the range of the pixels, or of a type that they cannot hold.
    """
    array, mask = _without_mask(np.asanyarray(data))
    if contiguous and not array.flags.c_contiguous:
        raise ValueError(f"{where}: the data must be C-contiguous; use numpy.ascontiguousarray")
    if shape is not None:
        fitting = check_value_shape(array.shape, shape)
        array, mask = array.reshape(fitting), None if mask is None else mask.reshape(fitting)
    if mask is not None and kind.bitpix > 0 and kind.blank is None:
        raise ValueError(f"{where}: masked pixels need a blank value: create the HDU with blank=")
    if array.ndim == 0 and shape is not None:
        number = 0 if mask is not None else _stored_number(array[()], kind, where)
        stored = np.asarray(number, kind.stored)
    else:
        stored = _stored_array(array, kind, where, mask)
    if mask is not None:
        stored = np.where(mask, kind.stored.type(np.nan if kind.bitpix < 0 else kind.blank), stored)
    if shape is not None:
        stored = np.broadcast_to(stored, shape)
    return np.ascontiguousarray(stored, kind.stored).reshape(stored.shape)


def tile_pixels(data: np.ndarray, kind: PixelType, where: str) -> tuple[np.ndarray, bool]:
    """Pixels in a form that the tile engine accepts, and whether they are of the stored type.

    Masked and scaled pixels are converted here; the engine itself converts those of the unsigned trick.

    Raises
    ------
    ValueError
        If the type of the pixels does not match, or masked pixels have no blank value.
    """
    if isinstance(data, np.ma.MaskedArray) or data.dtype.newbyteorder("=") != kind.scaled:
        return stored_pixels(data, kind, where=where), True
    return data, False


def scaled_pixels(stored: np.ndarray, kind: PixelType) -> np.ndarray:
    """Physical values of stored pixels, C-contiguous; the same array if nothing needs to be done."""
    if kind.scaled == kind.stored:
        return stored
    values = new_array(stored.shape, kind.scaled)
    with threads.lend() as nthreads:
        scale_pixels(
            stored, values, kind.bitpix, kind.out, kind.scaling.bscale, kind.scaling.bzero, nthreads=nthreads
        )
    return values


def _without_mask(array: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """An array without its mask, and the mask; None if nothing is masked."""
    if not isinstance(array, np.ma.MaskedArray):
        return np.asarray(array), None
    return np.asarray(array.data), np.ma.getmaskarray(array) if np.ma.is_masked(array) else None


def _stored_array(array: np.ndarray, kind: PixelType, where: str, mask: np.ndarray | None) -> np.ndarray:
    native = array.dtype.newbyteorder("=")
    if native == kind.stored:
        return array
    if kind.is_unsigned_trick and native == kind.scaled:
        return kind.unflip(array.astype(native, copy=False))
    if kind.is_general and native == np.float64:
        values = array if mask is None else np.where(mask, float(kind.scaling.bzero), array)
        return kind.unscale(values, where)
    scaled = f" or scaled {kind.scaled.str[1:]!r}" if kind.scaled != kind.stored else ""
    raise ValueError(
        f"{where}: data dtype ({native.str[1:]}) does not match HDU BITPIX={kind.bitpix} "
        f"(expected {kind.stored.str[1:]!r}{scaled})"
    )


def _stored_number(value: Any, kind: PixelType, where: str) -> Any:
    """One physical value as a stored one."""
    value = value.item() if isinstance(value, np.generic) else value  # numpy would drop the imaginary part
    try:
        if isinstance(value, str | bytes):
            raise TypeError  # float() would accept it
        number = float(value) if kind.is_general or kind.bitpix < 0 else operator.index(value)
    except TypeError:
        raise TypeError(
            f"{where}: pixels of type {kind.scaled.str[1:]} cannot hold {value!r}, a {type(value).__name__}"
        ) from None
    if kind.is_general:
        return kind.unscale(np.asarray(number, np.float64), where)[()]
    if kind.bitpix < 0:
        return number
    limits = np.iinfo(kind.scaled)
    if not limits.min <= number <= limits.max:
        raise OverflowError(f"{where}: {number} does not fit the pixel type {kind.scaled.str[1:]}")
    return number - int(kind.scaling.bzero)
