"""The memory that the images of a file share on their way through `pack`."""

from __future__ import annotations

from rustfits_cffi.native.turns import Turns


class PackingMemory:
    """What the images of a file are read and coded into, one image after the other.

    Attributes
    ----------
    boxes : Turns
        Pixels as they are in the file: one batch is being coded, the next one being read.
    coded : Turns
        Coded tiles: one batch is being written, the next one being coded.
    """

    def __init__(self) -> None:
        self.boxes, self.coded = Turns(), Turns()
