"""What a change does to storages: every write, truncation and replacement, in order; and errors put in their place."""

import os
from contextlib import ExitStack
from typing import NamedTuple
from unittest.mock import patch

from rustfits_cffi.errors import FITSError
from rustfits_cffi.storage.descriptor import DescriptorStorage, NamedFile

PAGE_NBYTES = 4096


class Step(NamedTuple):
    """One operation on a storage.

    Attributes
    ----------
    kind : str
        Name of the method.
    is_visible : bool
        Whether it is the user's file that it is applied to.
    offset : int
        Where `data` is written; the new length of a truncation.
    data : bytes
        What is written; the whole new content of a replacement.
    """

    kind: str
    is_visible: bool
    offset: int = 0
    data: bytes = b""


class Recorder:
    """Context that records the operations of all storages, the temporary ones included.

    Parameters
    ----------
    errno : int, optional
        Error of the operations that fail.
    fails : callable
        Whether operation number n fails. A write or copy that fails has done half of its work.
    """

    def __init__(self, errno=None, fails=lambda n: False):
        self.steps = []
        self._errno, self._fails = errno, fails
        self._is_inside = False
        self._stack = ExitStack()

    def __enter__(self):
        for owner, name in (
            (DescriptorStorage, "write"),
            (DescriptorStorage, "truncate"),
            (DescriptorStorage, "reserve"),
            (DescriptorStorage, "copy_to"),
            (DescriptorStorage, "settle"),
            (NamedFile, "put_in_place"),
        ):
            self._stack.enter_context(patch.object(owner, name, self._recorded(name, getattr(owner, name))))
        return self

    def __exit__(self, *exception):
        self._stack.close()

    def _recorded(self, name, method):
        def operate(storage, *arguments, **options):
            if self._is_inside:
                return method(storage, *arguments, **options)
            number = len(self.steps)
            self.steps.append(_step(name, storage, arguments))
            if self._fails(number):
                self._half(name, storage, arguments)
                raise FITSError(self._errno, os.strerror(self._errno), storage.path)
            self._is_inside = True
            try:
                return method(storage, *arguments, **options)
            finally:
                self._is_inside = False

        return operate

    def _half(self, name, storage, arguments):
        self._is_inside = True
        try:
            if name == "write":
                view = memoryview(arguments[1]).cast("B")
                is_new = arguments[0] >= storage.size()
                unit = 1 if is_new else PAGE_NBYTES  # a page that has been there is changed as a whole
                storage.write(arguments[0], view[: len(view) // 2 // unit * unit])
            elif name == "copy_to":
                other, offset, nbytes, to = arguments
                storage.copy_to(other, offset, nbytes // 2, to)
        finally:
            self._is_inside = False

    def states(self, before):
        """The user's file before the change, after each page of each write of it, and after each other step."""
        content = bytearray(before)
        yield bytes(content)
        for step in self.steps:
            if not step.is_visible or step.kind in ("copy_to", "settle"):
                continue
            if step.kind == "put_in_place":
                content = bytearray(step.data)
            elif step.kind == "truncate":
                content = content[: step.offset].ljust(step.offset, b"\0")
            elif step.kind == "reserve":
                content = content.ljust(step.offset, b"\0")
            else:
                for begin in range(0, len(step.data), PAGE_NBYTES):
                    piece, at = step.data[begin : begin + PAGE_NBYTES], step.offset + begin
                    content = content.ljust(at, b"\0")
                    content[at : at + len(piece)] = piece
                    yield bytes(content)
                continue
            yield bytes(content)


def _step(name, storage, arguments):
    is_visible = type(storage) is NamedFile
    if name == "write":
        return Step(name, is_visible, arguments[0], bytes(memoryview(arguments[1]).cast("B")))
    if name in ("truncate", "reserve"):
        return Step(name, is_visible, arguments[-1])
    if name == "put_in_place":
        new = arguments[0]
        data = bytearray(new.size())
        new.read_into(0, data)
        return Step(name, is_visible, data=bytes(data))
    return Step(name, is_visible)
