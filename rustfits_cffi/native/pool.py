"""Memory for large results, reused when they are freed: the system clears fresh memory when it is first touched."""

from __future__ import annotations

import math
import operator
import os
import sys
from contextvars import Context
from functools import cache
from importlib import import_module

import numpy as np

from rustfits_cffi.native._lib import ffi, lib

__all__ = ["ENVIRONMENT_NAME", "new_array", "set_memory_pool_size"]

ENVIRONMENT_NAME = "RUSTFITS_MEMORY_POOL"
DEFAULT_NBYTES = 128 << 20

_MOST_NBYTES = sys.maxsize
_SET_HANDLER = 304  # its index in the table
_HAS_CORE = int(np.__version__.partition(".")[0]) >= 2  # where the table is


def _limit() -> int:
    """The size of the pool set in the environment, or the default."""
    text = os.environ.get(ENVIRONMENT_NAME, "").strip()
    if not text:
        return DEFAULT_NBYTES
    if not text.isdecimal() or int(text) > _MOST_NBYTES:
        raise ValueError(f"{ENVIRONMENT_NAME} must be a number of bytes, got {text!r}")
    return int(text)


_pool = lib.rf_pool_new(_limit())


def set_memory_pool_size(nbytes: int) -> None:
    """Set how much memory of large results is kept for later ones when they are freed.

    A program that reads one image after the other then gets memory that the system need not clear first: whole images
    take a fifth to a third less time. The system may take the kept memory back whenever it is short of memory. Results
    below 2 MiB are not affected.

    Parameters
    ----------
    nbytes : int
        The most bytes that this process keeps. 0 keeps nothing, and frees what is kept. The initial value is that of
        the environment variable `RUSTFITS_MEMORY_POOL`, or 128 MiB.

    Raises
    ------
    TypeError, ValueError
        If `nbytes` is not an integer, or is negative or larger than an address can be.
    """
    if isinstance(nbytes, bool):
        raise TypeError("the size of the memory pool must be an int, not a bool")
    count = operator.index(nbytes)
    if not 0 <= count <= _MOST_NBYTES:
        raise ValueError(f"the size of the memory pool must be 0 to {_MOST_NBYTES}, got {count}")
    lib.rf_pool_set_limit(_pool, count)


def new_array(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """`numpy.empty`, with memory from the pool if the array is large."""
    if math.prod(shape) * dtype.itemsize < lib.RF_POOL_LEAST_NBYTES:
        return np.empty(shape, dtype)
    context = _allocating_context()
    return np.empty(shape, dtype) if context is None else context.copy().run(np.empty, shape, dtype)


@cache
def _allocating_context() -> Context | None:
    """A context in which NumPy's arrays get memory from the pool; None if there cannot be one.

    NumPy keeps its allocator in a context variable, and sets it by PyDataMem_SetHandler of its C API (1.22 and later),
    whose table extension modules also find in this way.
    """
    try:
        import ctypes

        core = import_module("numpy._core._multiarray_umath" if _HAS_CORE else "numpy.core._multiarray_umath")
    except ImportError:  # a Python without ctypes
        return None
    api = ctypes.pythonapi
    address_in = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p)(("PyCapsule_GetPointer", api))
    capsule_of = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)(
        ("PyCapsule_New", api)
    )
    table = ctypes.cast(address_in(core._ARRAY_API, None), ctypes.POINTER(ctypes.c_void_p))
    set_handler = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object)(table[_SET_HANDLER])
    parts = lib.rf_pool_allocator(_pool), lib.rf_pool_capsule_name()
    allocator, name = (int(ffi.cast("uintptr_t", part)) for part in parts)
    context = Context()
    context.run(set_handler, capsule_of(allocator, name, None))
    return context
