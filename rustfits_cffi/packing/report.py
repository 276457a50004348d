"""What `pack` and `unpack` report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rustfits_cffi.errors import FITSError

#: Called with the number of input bytes done so far and the total number.
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class HDUReport:
    """What was done with one HDU of the input.

    Attributes
    ----------
    number : int
        0-based number in the input.
    action : {"compressed", "restored", "copied"}
        The action taken.
    input_nbytes, output_nbytes : int
        Size of the HDU before and after, including its header.
    is_lossless : bool
        Whether the pixels can be restored exactly.
    note : str
        A remark for the user, or empty.
    """

    number: int
    action: str
    input_nbytes: int
    output_nbytes: int
    is_lossless: bool = True
    note: str = ""


@dataclass(frozen=True)
class FileReport:
    """What was done with a file: names, sizes in bytes, and one `HDUReport` per HDU of the input."""

    source: str
    target: str
    input_nbytes: int
    output_nbytes: int
    hdus: tuple[HDUReport, ...]

    @property
    def is_lossless(self) -> bool:
        """Whether every HDU can be restored exactly."""
        return all(hdu.is_lossless for hdu in self.hdus)

    @property
    def ratio(self) -> float:
        """Bytes of the input per byte of the output."""
        return self.input_nbytes / max(self.output_nbytes, 1)


@contextmanager
def naming_hdu(number: int) -> Iterator[None]:
    """Set the attribute `hdu` of errors in the block to the 0-based number of the HDU; `number` is 1-based."""
    try:
        yield
    except FITSError as error:
        error.hdu = number - 1
        raise
