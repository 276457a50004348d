"""The exceptions of this package, and the one table that turns a status of C into one of them.

Every exception about a file or a C call is a `FITSError`, hence an `OSError`; each is also the builtin that a caller
would catch (`ValueError` for a bad header, `PermissionError` for a read-only file, and so on). Wrong arguments
are plain `TypeError`, `ValueError` or `IndexError`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = [
    "ClosedError",
    "FITSError",
    "FITSExistsError",
    "FITSFormatError",
    "FITSIndexError",
    "FITSKeyError",
    "FITSMemoryError",
    "FITSOverflowError",
    "FITSReadOnlyError",
    "HDUIndexError",
    "HDUNameError",
    "TaintedError",
    "TileError",
    "TruncatedError",
    "error_of_status",
    "raise_for_status",
    "status_text",
]


class FITSError(OSError):
    """An operation on a FITS file, or a call into C, failed.

    Attributes
    ----------
    status : int or None
        Status reported by C: one of cfitsio's (101 and above) or of our kernels' (1 to 12).
    hdu : int or None
        0-based number of the HDU concerned, if known.
    missing : str or None
        Number or name of an HDU that was asked for and does not exist.
    """

    status: int | None = None
    hdu: int | None = None
    missing: str | None = None


class FITSFormatError(FITSError, ValueError):
    """The content of a file, or a value to be written, does not conform to the FITS Standard."""


class FITSKeyError(FITSError, KeyError):
    """There is no keyword, column or HDU of that name."""


class FITSIndexError(FITSError, IndexError):
    """A row, an element, a column number or a pixel range lies outside the data."""


class FITSOverflowError(FITSError, OverflowError):
    """A number does not fit into its type."""


class FITSMemoryError(FITSError, MemoryError):
    """Memory could not be allocated."""


class FITSReadOnlyError(FITSError, PermissionError):
    """The file is open for reading only."""


class FITSExistsError(FITSError, FileExistsError):
    """The file to be created already exists."""


class TruncatedError(FITSError, EOFError):
    """The file ends before the bytes that its headers declare."""


class DeletedError(FITSError):
    """The HDU has been deleted from its file."""


class ClosedError(FITSError):
    """The file has been closed."""


class TaintedError(FITSError):
    """A change failed midway, so that the open file may disagree with the file on disk: open it again."""


class HDUIndexError(ValueError, IndexError):
    """An HDU number outside the file: a `ValueError` and an `IndexError` at once."""


class HDUNameError(ValueError, LookupError):
    """No HDU of that name."""


class TileError(FITSError, ValueError):
    """One tile of a compressed image or table cannot be decoded or encoded.

    Parameters
    ----------
    reason : str
        What is wrong.
    file : str, optional
        Name of the file.
    hdu, tile : int, optional
        0-based number of the HDU; 0-based number of the tile in its table.
    """

    def __init__(self, reason: str, *, file: str | None = None, hdu: int | None = None, tile: int | None = None):
        self.reason, self.file, self.hdu, self.tile = reason, file, hdu, tile
        where = [] if file is None else [str(file)]
        where += [f"{word} {number}" for word, number in (("HDU", hdu), ("tile", tile)) if number is not None]
        super().__init__(f"{', '.join(where)}: {reason}" if where else reason)


# The statuses: rf_status of csrc/rf.h (1 to 12, never renumbered) and those of cfitsio's fitsio.h (101 and above). The
# two ranges do not overlap, so one table serves both. cfitsio statuses not listed here are reported by number.
_STATUSES: dict[int, tuple[type[FITSError], str]] = {
    1: (TileError, "corrupt data: the coded bytes are not a stream of their codec (decompression failed)"),
    2: (FITSError, "the output buffer is too small"),
    3: (FITSMemoryError, "no memory for a codec's working space"),
    4: (FITSFormatError, "the codec does not take these arguments"),
    5: (TileError, "corrupt data: the coded bytes end too early (decompression failed)"),
    6: (TileError, "corrupt data: the stream and the tile differ in their number of pixels (decompression failed)"),
    7: (TileError, "no column holds this tile: it was never written"),
    8: (TileError, "a pixel value outside the range that the codec can store"),
    9: (TileError, "the codec would silently store wrong pixels here"),
    10: (FITSError, "the operating system reported an error"),
    11: (FITSError, "the operating system refused to write"),
    12: (TileError, "corrupt descriptor: it points outside the heap, or into another tile"),
    101: (FITSError, "input and output are the same file"),
    103: (FITSError, "too many open FITS files"),
    104: (FITSError, "could not open the file"),
    105: (FITSExistsError, "could not create the file (it may exist)"),
    106: (FITSError, "error writing to the file"),
    107: (TruncatedError, "truncated: read past the end of the file"),
    108: (FITSError, "error reading from the file"),
    110: (FITSError, "could not close the file"),
    111: (FITSFormatError, "array too big"),
    112: (FITSReadOnlyError, "the file is read-only"),
    113: (FITSMemoryError, "out of memory"),
    114: (FITSError, "invalid file handle"),
    115: (FITSError, "missing argument"),
    116: (FITSError, "could not seek in the file"),
    121: (FITSFormatError, "invalid URL prefix"),
    124: (FITSFormatError, "no driver for this kind of file name"),
    125: (FITSFormatError, "the file name cannot be parsed"),
    201: (FITSFormatError, "the header already has keywords"),
    202: (FITSKeyError, "keyword not found"),
    203: (FITSIndexError, "card number outside the header"),
    204: (FITSFormatError, "the keyword has no value"),
    205: (FITSFormatError, "a string value lacks its closing quote"),
    206: (FITSFormatError, "bad indexed keyword name"),
    207: (FITSFormatError, "illegal character in a keyword or card"),
    208: (FITSFormatError, "required keywords out of order"),
    209: (FITSFormatError, "a keyword value is not a positive integer"),
    210: (FITSFormatError, "truncated: no END card"),
    211: (FITSFormatError, "bad BITPIX"),
    212: (FITSFormatError, "bad NAXIS"),
    213: (FITSFormatError, "bad NAXISn"),
    214: (FITSFormatError, "bad PCOUNT"),
    215: (FITSFormatError, "bad GCOUNT"),
    216: (FITSFormatError, "bad TFIELDS"),
    217: (FITSFormatError, "negative width of a table row"),
    218: (FITSFormatError, "negative number of table rows"),
    219: (FITSKeyError, "no such column"),
    220: (FITSFormatError, "bad value of SIMPLE"),
    221: (FITSFormatError, "the file does not begin with SIMPLE"),
    222: (FITSFormatError, "BITPIX is missing or not where it must be"),
    223: (FITSFormatError, "NAXIS is missing or not where it must be"),
    224: (FITSFormatError, "not all NAXISn keywords found"),
    225: (FITSFormatError, "an extension does not begin with XTENSION"),
    226: (FITSFormatError, "not an ASCII table"),
    227: (FITSFormatError, "not a binary table"),
    228: (FITSFormatError, "no PCOUNT"),
    229: (FITSFormatError, "no GCOUNT"),
    230: (FITSFormatError, "no TFIELDS"),
    231: (FITSFormatError, "no TBCOLn"),
    232: (FITSFormatError, "no TFORMn"),
    233: (FITSFormatError, "not an image"),
    234: (FITSFormatError, "bad TBCOLn"),
    235: (FITSFormatError, "not a table"),
    236: (FITSFormatError, "column too wide for the table"),
    237: (FITSKeyError, "more than one column of that name"),
    241: (FITSFormatError, "NAXIS1 is not the sum of the column widths"),
    251: (FITSFormatError, "unknown kind of extension"),
    252: (FITSFormatError, "not a FITS record"),
    253: (FITSFormatError, "the END card is not blank"),
    261: (FITSFormatError, "bad TFORMn"),
    262: (FITSFormatError, "unknown type letter in TFORMn"),
    263: (FITSFormatError, "bad TDIMn"),
    264: (FITSFormatError, "an address outside the heap"),
    301: (FITSIndexError, "HDU number out of range"),
    302: (FITSIndexError, "column number out of range"),
    304: (FITSFormatError, "position before the start of the file"),
    306: (FITSFormatError, "negative number of bytes"),
    307: (FITSIndexError, "row number out of range"),
    308: (FITSIndexError, "element number out of range"),
    309: (FITSFormatError, "not a string column"),
    310: (FITSFormatError, "not a logical column"),
    314: (FITSFormatError, "no null value is defined"),
    317: (FITSFormatError, "not a variable-length column"),
    320: (FITSFormatError, "bad number of dimensions"),
    321: (FITSIndexError, "first pixel after the last one"),
    322: (FITSFormatError, "BSCALE or TSCALn is 0"),
    323: (FITSFormatError, "axis shorter than 1"),
    403: (FITSFormatError, "a keyword value is not an integer"),
    404: (FITSFormatError, "a keyword value is not a logical"),
    405: (FITSFormatError, "a keyword value is not a number"),
    406: (FITSFormatError, "a keyword value is not a number"),
    410: (FITSFormatError, "unsupported data type"),
    412: (FITSOverflowError, "overflow: a number does not fit its type"),
    413: (FITSFormatError, "the image or table cannot be compressed in this way"),
    414: (TileError, "corrupt data: decompression failed"),
    415: (TileError, "a compressed tile does not exist"),
}


# The statuses that code asks for, or reports as its own: names of fitsio.h (101 and above) and of csrc/rf.h.
RF_ERANGE = 8
RF_ELOSSY = 9
MEMORY_ALLOCATION = 113
BAD_NAXIS = 212
BAD_PCOUNT = 214
NOT_IMAGE = 233
DATA_COMPRESSION_ERR = 413
DATA_DECOMPRESSION_ERR = 414


def status_text(status: int) -> str:
    """The meaning of a status, in words."""
    return _STATUSES[status][1] if status in _STATUSES else f"cfitsio status {status}"


def error_of_status(status: int, what: str = "", messages: Iterable[str] = (), **where: Any) -> FITSError:
    """The exception that belongs to a status.

    Parameters
    ----------
    status : int
        An `rf_status` (1 to 12) or a cfitsio status, not 0.
    what : str
        What was being done, with the name of the file; comes first in the message.
    messages : iterable of str
        cfitsio's message stack. There is one per process, so it is only added as text.
    **where
        `file`, `hdu` and `tile`: part of the message of a `TileError`, ignored for all others.

    Returns
    -------
    FITSError
        Its subclass depends on the status.
    """
    kind = _STATUSES[status][0] if status in _STATUSES else FITSError
    text = ": ".join(part for part in (what, status_text(status)) if part)
    notes = "; ".join(note for note in (str(message).strip() for message in messages) if note)
    text += f" [{status}]" + (f" ({notes})" if notes else "")
    error = TileError(text, **where) if kind is TileError else kind(text)
    error.status = status
    return error


def raise_for_status(status: int, what: str = "", messages: Iterable[str] = (), **where: Any) -> None:
    """Raise the exception that `error_of_status` makes of a status; do nothing if the status is 0."""
    if status:
        raise error_of_status(status, what, messages, **where)
