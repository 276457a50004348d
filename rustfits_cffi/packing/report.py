"""What `pack` and `unpack` tell when they are done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rustfits_cffi.errors import FITSError

#: Called with the bytes of input done so far and those there are in all.
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class HDUReport:
    """What became of one HDU of the input.

    Attributes
    ----------
    number : int
        0-based number in the input.
    action : {"compressed", "restored", "copied"}
        What was done.
    input_nbytes, output_nbytes : int
        Size of the HDU before and after, header included.
    is_lossless : bool
        Whether the pixels can be had back exactly.
    note : str
        A remark for the user; empty if there is none.
    """

    number: int
    action: str
    input_nbytes: int
    output_nbytes: int
    is_lossless: bool = True
    note: str = ""


@dataclass(frozen=True)
class FileReport:
    """What became of a file: names, sizes in bytes, and one `HDUReport` for each HDU of the input."""

    source: str
    target: str
    input_nbytes: int
    output_nbytes: int
    hdus: tuple[HDUReport, ...]

    @property
    def is_lossless(self) -> bool:
        """Whether every HDU can be had back exactly."""
        return all(hdu.is_lossless for hdu in self.hdus)

    @property
    def ratio(self) -> float:
        """Bytes before by bytes after."""
        return self.input_nbytes / max(self.output_nbytes, 1)


@contextmanager
def naming_hdu(number: int) -> Iterator[None]:
    """An error within gets the attribute `hdu`: the 0-based number of the HDU (here 1-based) that was worked on."""
    try:
        yield
    except FITSError as error:
        error.hdu = number - 1
        raise
