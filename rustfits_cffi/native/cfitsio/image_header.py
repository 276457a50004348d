"""Headers of new image HDUs, plain and compressed: made by cfitsio in memory, with cards of ours behind its own.

Cards are written through cfitsio's raw byte calls: its own card calls would upper-case the words of HIERARCH cards. Its
idea of where the last card stands (``headend``) is set instead.
"""

from __future__ import annotations

import re

import numpy as np

from rustfits_cffi.native._lib import CData, ffi, lib
from rustfits_cffi.native.cfitsio import requests
from rustfits_cffi.native.cfitsio.blank import NULL_PIXEL, write_blank
from rustfits_cffi.native.cfitsio.memory import MemoryFile

_BLOCK_NBYTES: int = lib.RF_FITS_BLOCK
_CARD_NBYTES = 80
_DATA_UNDEFINED = -1  # FITSfile.datastart of an HDU whose header is still being written
# cfitsio's codes for image types that differ from BITPIX: the unsigned trick, by numpy type.
_CREATE_CODES = {"i1": 10, "u2": 20, "u4": 40, "u8": 80}
_FALLBACK = b"GZIP_COMPRESSED_DATA"
_LAST = 999  # behind all columns


def plain_image_header(
    path: str,
    dtype: np.dtype,
    bitpix: int,
    shape: tuple[int, ...],
    *,
    is_first: bool,
    blank: int | None = None,
    cards: bytes = b"",
) -> bytes:
    """The header of a plain image.

    Parameters
    ----------
    path : str
        Name of the file, for messages.
    dtype : dtype
        Of the pixels: the unsigned types are stored with an offset.
    bitpix : int
    shape : tuple of int
        Numpy order.
    is_first : bool
        Whether it will be the first HDU of its file.
    blank : int, optional
        Value of BLANK.
    cards : bytes
        Further cards, 80 bytes each.

    Returns
    -------
    bytes
        Whole blocks.

    Raises
    ------
    FITSError
        If cfitsio refuses.
    """
    file = MemoryFile(path)
    # A file in memory grows to the size of its images, so that axes get their lengths in the cards.
    axes = ffi.new("long long[]", [min(length, 1) for length in reversed(shape)] or [0])
    with file.call(action="create an image HDU") as (fptr, status):
        _begin(fptr, is_first, status)
        lib.fits_create_imgll(fptr, _CREATE_CODES.get(dtype.str[1:], bitpix), len(shape), axes, status)
        if blank is not None:
            write_blank(fptr, blank, status, compressed=False)
        append_cards(fptr, cards, status)
        lib.fits_set_hdustruc(fptr, status)
    header = file.header(0 if is_first else 1)
    for axis, length in enumerate(reversed(shape), 1):
        header = set_integer(header, f"NAXIS{axis}", length)
    return header


class CompressedImageHeader:
    """The header of a compressed image that is being made: cfitsio adds a column or a card when they are needed.

    Parameters
    ----------
    path : str
        Name of the file, for messages.
    dtype : dtype
    bitpix : int
    shape : tuple of int
    request : CompressionRequest
        How the image is to be compressed.
    is_first : bool
        Whether its file has no HDU yet: then it says that it was a primary array (ZSIMPLE).
    blank : int, optional
        Value of ZBLANK.
    cards : bytes
        Further cards, 80 bytes each.
    rice_block : int, optional
        BLOCKSIZE, if it is not the one that cfitsio writes.

    Attributes
    ----------
    primary : bytes
        The empty first HDU that goes before it in a new file; made by cfitsio, too.
    """

    def __init__(
        self,
        path: str,
        dtype: np.dtype,
        bitpix: int,
        shape: tuple[int, ...],
        request: requests.CompressionRequest,
        *,
        is_first: bool,
        blank: int | None = None,
        cards: bytes = b"",
        rice_block: int | None = None,
    ) -> None:
        self._file = MemoryFile(path)
        axes = ffi.new("long long[]", list(reversed(shape)))
        with self._file.call(action="create a compressed image HDU") as (fptr, status):
            _begin(fptr, is_first, status)
            requests.ask(self._file, request)
            lib.fits_create_imgll(fptr, _CREATE_CODES.get(dtype.str[1:], bitpix), len(shape), axes, status)
            requests.forget(self._file)
            if blank is not None:
                write_blank(fptr, blank, status, compressed=True)
            append_cards(fptr, cards, status)
            lib.fits_set_hdustruc(fptr, status)
            if rice_block is not None:
                out = ffi.new("long long *", rice_block)
                lib.fits_update_key(fptr, lib.TLONGLONG, b"ZVAL1", out, ffi.NULL, status)
        self.primary = self._file.header(0)

    @property
    def cards(self) -> bytes:
        """The header as it is now, whole blocks; PCOUNT is 0."""
        return self._file.header(1)

    def add_fallback_column(self, tform: str) -> None:
        """Add the column for tiles that are stored as they are, as cfitsio does when the first of them comes."""
        with self._file.call(action="add a column") as (fptr, status):
            insert_fallback_column(fptr, tform, status)

    def add_null(self) -> None:
        """Give a quantized image its ZBLANK, if it has none."""
        with self._file.call(action="write ZBLANK") as (fptr, status):
            if lib.fits_read_card(fptr, b"ZBLANK", ffi.new("char[81]"), ffi.new("int *")):
                lib.fits_clear_errmsg()
                write_blank(fptr, NULL_PIXEL, status, compressed=True)
            lib.fits_set_hdustruc(fptr, status)


class ExistingTableHeader(CompressedImageHeader):
    """The header of a compressed image that stands in a file, for the same additions.

    Parameters
    ----------
    path : str
        Name of the file, for messages.
    header : bytes
        Its cards without END.
    """

    def __init__(self, path: str, header: bytes) -> None:
        self._file = MemoryFile(path)
        header = set_integer(header, "PCOUNT", 0)
        with self._file.call(action="change a header") as (fptr, status):
            _begin(fptr, False, status)
            lib.fits_create_hdu(fptr, status)
            append_cards(fptr, header, status)
            lib.fits_set_hdustruc(fptr, status)


def insert_fallback_column(fptr: CData, tform: str, status: CData) -> None:
    """Insert GZIP_COMPRESSED_DATA behind all columns of a table whose rows are not in memory."""
    fptr.Fptr.numrows = 0  # or cfitsio would move them
    lib.fits_insert_col(fptr, _LAST, _FALLBACK, tform.encode(), status)
    lib.fits_set_hdustruc(fptr, status)


def _begin(fptr: CData, is_first: bool, status: CData) -> None:
    """Create the empty first HDU, unless the one to be made is the first itself."""
    if not is_first:
        lib.fits_create_imgll(fptr, 8, 0, ffi.new("long long[]", [0]), status)
        lib.fits_set_hdustruc(fptr, status)


def set_integer(header: bytes, keyword: str, value: int) -> bytes:
    """The header with another integer on the first card of a keyword, whose comment stays; the same without it."""
    at = _card_at(header, keyword)
    return header if at is None else header[: at + 10] + b"%20d" % value + header[at + 30 :]


def set_longest(header: bytes, keyword: str, longest: int, letter: str) -> bytes:
    """The header with the length of the longest array in a TFORM of a variable-length column, as cfitsio writes it."""
    at = _card_at(header, keyword)
    match = None if at is None else _TFORM_CARD.fullmatch(header[at : at + _CARD_NBYTES])
    if at is None or match is None:
        return header
    form = b"%s%s(%d)" % (match[1], letter.encode(), longest)
    text = b"%-20s" % (b"'%-8s'" % form) + (match[2] or b"").rstrip()
    return header[: at + 10] + text[: _CARD_NBYTES - 10].ljust(_CARD_NBYTES - 10) + header[at + _CARD_NBYTES :]


_TFORM_CARD = re.compile(rb"TFORM\d+ *= *'([01]?[PQ])[A-Z](?:\(\d*\))? *' *(?:( /.*)| *)")


def _card_at(header: bytes, keyword: str) -> int | None:
    """Byte of the first card of a keyword, None if there is none."""
    name = b"%-8s= " % keyword.encode()
    for at in range(0, len(header), _CARD_NBYTES):
        if header.startswith(name, at):
            return at
    return None


def append_cards(fptr: CData, cards: bytes, status: CData) -> None:
    """Add `cards` at the end of the current HDU's header, inside a `CfitsioFile.call` block."""
    if cards:
        start = fptr.Fptr.headend
        _make_room(fptr, start + len(cards), status)
        lib.ffmbyt(fptr, start, 1, status)
        lib.ffpbyt(fptr, len(cards), ffi.from_buffer(cards), status)
        fptr.Fptr.headend = start + len(cards)


def _make_room(fptr: CData, end: int, status: CData) -> None:
    """Let cfitsio insert header blocks until cards up to byte `end`, and END, fit before the data."""
    if fptr.Fptr.datastart != _DATA_UNDEFINED:
        missing = end + 80 - fptr.Fptr.datastart
        if missing > 0:
            lib.ffiblk(fptr, -(-missing // _BLOCK_NBYTES), 0, status)
