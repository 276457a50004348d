"""FITS: an open file, which finds its HDUs and appends new ones."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO, Literal, overload

import numpy as np

from rustfits_cffi.config import Codec, Quantize
from rustfits_cffi.directory import Directory, HDUNumber, Snapshot
from rustfits_cffi.edits.hdus import copy_hdu, delete_hdu, move_hdu
from rustfits_cffi.errors import FITSError, HDUIndexError, HDUNameError
from rustfits_cffi.format.structure import BLOCK_NBYTES
from rustfits_cffi.hdu import HDU, open_hdu
from rustfits_cffi.hdu.images.compressed import CompressedImageHDU
from rustfits_cffi.hdu.images.create import ImageOptions, ImagePlan, create_image
from rustfits_cffi.hdu.images.image import ImageHDU
from rustfits_cffi.header import FITSHeader
from rustfits_cffi.storage.handle import FileHandle
from rustfits_cffi.storage.names import open_bytes, open_storage
from rustfits_cffi.storage.storage import Storage

_NO_TABLES = "tables cannot be written yet, only images"


class FITS:
    """A FITS file.

    Parameters
    ----------
    filename : str, os.PathLike or file object
        A local file, gzipped or not (known by its content; in mode "w+" by a name that ends in ``.gz``), a ``file://``
        URL, ``mem://`` for a file in memory, an open binary file object, or an object whose ``open(mode)`` returns one.
        A file object stays open. What is rewritten is written over its old content: if it fails, the old content is put
        back, but a program that is killed then leaves a mix.
    mode : {"r", "r+", "w+"}
        Read an existing file; read and change one; create a file or truncate it.
    lenient : bool
        Accept non-printable bytes in headers; each reads as ``_``.
    trust_sizes : bool
        Believe the size that a header declares even if the file is far too short to hold such an image.
    durable : bool
        Keep the order of changes through a loss of power: what a change makes visible is on the disk before it does.
        Each change then takes some milliseconds. `sync` says when the change itself is there.

    Raises
    ------
    OSError
        If the file cannot be opened in this mode, is empty or is truncated within a header.
    ValueError
        If a header is invalid.
    NotImplementedError
        For a URL of another machine.

    Examples
    --------
    >>> with FITS("image.fits.fz") as fits:
    ...     stamp = fits[1][100:132, 200:232]
    """

    __slots__ = ("__weakref__", "_directory", "_handle", "_hdus")

    def __init__(
        self,
        filename: str | os.PathLike[str] | BinaryIO,
        mode: str = "r",
        *,
        lenient: bool = False,
        trust_sizes: bool = False,
        durable: bool = False,
    ):
        for name, value in (("lenient", lenient), ("trust_sizes", trust_sizes), ("durable", durable)):
            if not isinstance(value, bool):
                raise TypeError(f"{name} must be bool, not {type(value).__name__}")
        self._begin(
            open_storage(filename, mode), mode, lenient=lenient, trust_sizes=trust_sizes, durable=durable
        )

    @classmethod
    def from_bytes(cls, data: bytes | bytearray | memoryview, mode: str = "r", *, lenient: bool = False) -> FITS:
        """Open a file whose content is in memory.

        Parameters
        ----------
        data : bytes-like
            Immutable bytes that are only read are used where they are; anything else is copied.
        mode : {"r", "r+"}
        lenient : bool
            As for `FITS`.

        Returns
        -------
        FITS

        Raises
        ------
        ValueError
            If it is not a FITS file, or for another mode.
        """
        if mode not in ("r", "r+"):
            raise ValueError(f"mode {mode!r} is not supported here: use one of 'r', 'r+'")
        if memoryview(data).nbytes < BLOCK_NBYTES:
            raise ValueError(f"not a valid FITS file: {memoryview(data).nbytes} bytes, a header has at least 2880")
        fits = cls.__new__(cls)
        fits._begin(open_bytes(data, mode), mode, lenient=lenient, trust_sizes=False, durable=False)
        return fits

    def _begin(self, storage: Storage, mode: str, *, lenient: bool, trust_sizes: bool, durable: bool) -> None:
        self._handle = FileHandle(storage, mode, durable=durable)
        try:
            self._directory = Directory(self._handle, lenient=lenient, trust_sizes=trust_sizes)
        except BaseException:
            self._handle.close()
            raise
        self._hdus: dict[HDUNumber, HDU] = {}

    # -- closing ------------------------------------------------------------------------------------------------------

    def __enter__(self) -> FITS:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; a second call does nothing. Headers can still be read afterwards, data cannot."""
        self._handle.close()

    def sync(self) -> None:
        """Have all changes on the disk (they are in the file already); write a gzipped file or an object back."""
        self._handle.sync()

    def to_bytes(self) -> bytes:
        """The whole file; of a gzipped one its content.

        Raises
        ------
        OSError
            If the file is closed.
        """
        with self._handle.lock:
            return bytes(self._handle.read(0, self._handle.size()))

    @property
    def closed(self) -> bool:
        """Whether the file has been closed."""
        return self._handle.closed

    @property
    def filename(self) -> str:
        """The name the file was opened with."""
        return self._handle.path

    # -- finding HDUs -------------------------------------------------------------------------------------------------

    @property
    def hdus(self) -> list[HDU]:
        """All HDUs in file order: a new list of the same objects each time."""
        with self._handle.lock:
            return [self._hdu(number) for number in range(len(self._directory))]

    def _hdu(self, number: int) -> HDU:
        """The one object for an HDU, made when it is first asked for."""
        key = self._directory.number(number)
        hdu = self._hdus.get(key)
        if hdu is None:
            # the first object is kept, whichever thread makes it
            hdu = self._hdus.setdefault(key, open_hdu(self._directory, number))
        return hdu

    def __len__(self) -> int:
        return len(self._directory)

    def __iter__(self) -> Iterator[HDU]:
        return iter(self.hdus)

    # Nearly always an image. `Any` stands for the other classes, so that callers need no isinstance; after one, the
    # type checker knows the methods of that class.
    def __getitem__(self, key: int | str | bytes | tuple[str | bytes, int]) -> ImageHDU | Any:
        if not self._handle.writable:
            return self._hdu(self._number(key))
        with self._handle.lock:  # or another thread could renumber the HDUs between the two steps
            return self._hdu(self._number(key))

    def __contains__(self, key: object) -> bool:
        try:
            self._number(key)
        except (HDUIndexError, HDUNameError):
            return False
        return True

    def _number(self, key: Any) -> int:
        """0-based number of the HDU that `key` names."""
        if isinstance(key, bytes):
            key = _ascii(key)
        if isinstance(key, str):
            return self._number_of_name(key, None)
        if isinstance(key, tuple) and len(key) == 2 and isinstance(key[0], (str, bytes)):
            name = _ascii(key[0]) if isinstance(key[0], bytes) else key[0]
            return self._number_of_name(name, _integer(key[1], "the version in (name, version) is an int, not"))
        number = _integer(key, "an HDU is found by number or name, not by")
        count = len(self)
        if number == count and self._directory.broken is not None:
            raise self._directory.broken
        if not -count <= number < count:
            raise HDUIndexError(f"{self.filename}: HDU number {number} is out of range: the file has {count} HDUs")
        return number % count

    def _number_of_name(self, name: str, extver: int | None) -> int:
        number = self._directory.find(name, extver)
        if number is None:
            version = "" if extver is None else f" with EXTVER {extver}"
            raise HDUNameError(f"{self.filename}: no HDU named {name!r}{version}")
        return number

    # -- adding HDUs --------------------------------------------------------------------------------------------------

    def create_image_hdu(
        self,
        dtype: Any,
        dims: Sequence[int],
        *,
        extname: str | None = None,
        extver: int | None = None,
        compress: str | Codec | None = None,
        quantize: Quantize | None = None,
        blank: int | None = None,
    ) -> None:
        """Append an image HDU: a plain one of zeros, or a compressed one without tiles, unreadable until written.

        Parameters
        ----------
        dtype : dtype_like
            uint8, int16, int32, int64, float32, float64, or (stored by the unsigned trick) int8, uint16, uint32,
            uint64.
        dims : sequence of int
            Shape, slowest axis first; the first may be 0.
        extname, extver : optional
            EXTNAME and EXTVER.
        compress : Gzip1, Gzip2, Rice1, Hcompress1, Plio1 or str, optional
            Tile compression; None for a plain image.
        quantize : Quantize, optional
            How floats become integers before compression; None keeps every bit.
        blank : int, optional
            Physical value that marks undefined integer pixels (BLANK, ZBLANK).

        Raises
        ------
        ValueError, TypeError, NotImplementedError
            If the arguments are not valid together; then nothing is written.
        OSError
            If the file is closed or read-only, or writing fails.
        """
        plan = ImagePlan.of(dtype, dims, ImageOptions(extname, extver, compress, quantize, blank))
        create_image(self._directory, plan)

    def write_image(
        self,
        data: Any,
        *,
        extname: str | None = None,
        extver: int | None = None,
        compress: str | Codec | None = None,
        quantize: Quantize | None = None,
        blank: int | None = None,
        header: Any = None,
    ) -> ImageHDU:
        """Append an image HDU with pixels.

        Parameters
        ----------
        data : array_like
            Pixels, in any memory layout and byte order. Masked pixels become `blank`, or NaN.
        extname, extver, compress, quantize, blank : optional
            As for `create_image_hdu`.
        header : mapping or FITSHeader, optional
            Cards to add. Structural keywords of a FITSHeader are left out.

        Returns
        -------
        ImageHDU

        Raises
        ------
        ValueError, TypeError, NotImplementedError
            As `create_image_hdu`, or if a pixel cannot be stored.
        OSError
            If the file is closed or read-only, or writing fails; the file is then unchanged.
        """
        pixels = np.asanyarray(data)
        plan = _plan(pixels, ImageOptions(extname, extver, compress, quantize, blank))
        number = create_image(self._directory, plan, pixels, header=header)
        return self[number]

    def write(self, data: Any, *, extname: str | None = None, header: Any = None) -> HDU:
        """Append an HDU that suits `data`: an image for an ndarray.

        Parameters
        ----------
        data : ndarray
            Pixels.
        extname, header : optional
            As for `write_image`.

        Returns
        -------
        HDU

        Raises
        ------
        ValueError
            If `data` is not an ndarray; otherwise as `write_image`.
        NotImplementedError
            If `data` is a table: a dict, or an array with fields.
        OSError
            As `write_image`.
        """
        _require_image(data)
        return self.write_image(data, extname=extname, header=header)

    # -- managing HDUs ------------------------------------------------------------------------------------------------

    def __delitem__(self, key: int | str | bytes | tuple[str | bytes, int]) -> None:
        """Remove an HDU; deleting the first one leaves an empty primary HDU in its position.

        Objects of later HDUs stay valid: their `index` follows. That of the deleted HDU raises OSError from then on.

        Raises
        ------
        OSError
            If the file is closed or read-only, or writing fails; the file is then unchanged.
        """
        with self._handle.lock:
            delete_hdu(self._directory, self._number(key))
            self._hdus = {number: hdu for number, hdu in self._hdus.items() if number.value is not None}

    def copy_hdu(self, hdu: HDU) -> HDU:
        """Append an HDU of this or another open file, byte for byte.

        Where an image becomes the first HDU, or stops being it, the cards that say so change.

        Parameters
        ----------
        hdu : HDU

        Returns
        -------
        HDU
            The new one.

        Raises
        ------
        TypeError
            If `hdu` is not an HDU.
        OSError
            If a file is closed, read-only or truncated, or writing fails; this file is then unchanged.
        """
        if not isinstance(hdu, HDU):
            raise TypeError(f"copy_hdu takes an HDU of an open file, not {type(hdu).__name__}")
        return self[copy_hdu(self._directory, hdu._directory, hdu._number)]

    def move_hdu(self, key: int | str | bytes | tuple[str | bytes, int], to: int) -> None:
        """Move an HDU to another position.

        Parameters
        ----------
        key : int, str, bytes or tuple
            As for ``fits[key]``.
        to : int
            Its index afterwards; negative values count from the end.

        Raises
        ------
        ValueError
            If one of the two is the first HDU, which stays where it is, or out of range.
        OSError
            As for deleting.
        """
        with self._handle.lock:
            index, target = self._number(key), self._number(_integer(to, "an HDU moves to a number, not to"))
            if 0 in (index, target) and index != target:
                raise ValueError(f"{self.filename}: the first HDU stays where it is")
            move_hdu(self._directory, index, target)

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """Make several changes of the file all or none.

        Inside the block changes are made to a new file beside this one, which only this object sees. It takes the
        place of the old one when the block ends; if the block raises, the file is unchanged.

        Raises
        ------
        OSError
            If the file is closed or read-only, or no file can be made beside it.
        """
        action = "begin an atomic change"
        with self._handle.lock:
            if self._handle.is_atomic:
                raise FITSError(f"{self.filename}: cannot {action}: one has been begun already")
            known, hdus = self._directory.snapshot(), dict(self._hdus)
            try:
                self._handle.begin_atomic(action)
                yield
                self._handle.end_atomic()
            except BaseException:
                if self._handle.drop_atomic():
                    self._follow_back(known, hdus)
                raise

    def _follow_back(self, known: Snapshot, hdus: dict[HDUNumber, HDU]) -> None:
        """Bring memory back to what it was before changes that have been dropped."""
        try:
            self._hdus = hdus
            self._directory.restore(known)
        except BaseException:
            self._handle.taint()
            raise

    def write_table(self, *arguments: Any, **options: Any) -> HDU:
        """Not implemented yet: raises `NotImplementedError`, as do the functions that create tables."""
        raise NotImplementedError(_NO_TABLES)

    create_table_hdu = create_ascii_table_hdu = write_table

    # -- text ---------------------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        lines = [f"file: {self.filename}", f"mode: {self._handle.mode}"]
        if self.closed:
            return "\n  ".join(["", *lines, "status: closed"])[1:] + "\n"
        lines.append("extnum  hdutype     extname")
        for hdu in self.hdus:
            lines.append(f"{hdu.index:<7} {hdu._listed_as:<11} {hdu.extname or ''}".rstrip())
        return "\n  ".join(["", *lines])[1:] + "\n"


@overload
def read(
    filename: str | os.PathLike[str], ext: int | str | None = None, *, header: Literal[False] = False
) -> np.ndarray: ...
@overload
def read(
    filename: str | os.PathLike[str], ext: int | str | None = None, *, header: Literal[True]
) -> tuple[np.ndarray, FITSHeader]: ...
def read(filename: str | os.PathLike[str], ext: int | str | None = None, *, header: bool = False) -> Any:
    """Read the data of one HDU.

    Parameters
    ----------
    filename : str or os.PathLike
    ext : int or str, optional
        Number or name of the HDU; by default the first one with data.
    header : bool
        Return ``(data, header)``.

    Returns
    -------
    ndarray, or tuple of ndarray and FITSHeader

    Raises
    ------
    ValueError
        If there is no such HDU or none with data, or if it is not an image.
    OSError
        If the file cannot be opened or read.
    """
    with FITS(filename) as fits:
        hdu = fits[ext] if ext is not None else _first_with_data(fits)
        if not isinstance(hdu, ImageHDU):
            kind = fits._directory.kind(hdu.index)
            raise ValueError(f"{fits.filename}: HDU {hdu.index} is not an image ({kind}); only images can be read yet")
        if isinstance(hdu, CompressedImageHDU):
            hdu.set_tile_cache_size(0)  # the file is closed at once, so nothing is worth keeping
        data = hdu.read()
        return (data, hdu.header) if header else data


def read_header(filename: str | os.PathLike[str], ext: int | str = 0) -> FITSHeader:
    """Read the header of one HDU.

    Parameters
    ----------
    filename : str or os.PathLike
    ext : int or str
        Number or name of the HDU.

    Returns
    -------
    FITSHeader
        It remains readable, but cannot be changed.

    Raises
    ------
    ValueError
        If there is no such HDU.
    OSError
        If the file cannot be opened.
    """
    with FITS(filename) as fits:
        return fits[ext].header


def write(
    filename: str | os.PathLike[str], data: Any, *, mode: str = "w+", extname: str | None = None, header: Any = None
) -> None:
    """Write one HDU to a file.

    Parameters
    ----------
    filename : str or os.PathLike
    data, extname, header
        As for `FITS.write`.
    mode : {"w+", "r+"}
        To a new file, or at the end of an existing one.

    Raises
    ------
    ValueError, NotImplementedError, OSError
        As `FITS.write`, or if the file cannot be opened in this mode. Errors that the arguments alone show are raised
        before an old file of that name is emptied.
    """
    _require_image(data)
    _plan(data, ImageOptions(extname)).cards(header)
    with FITS(filename, mode) as fits:
        fits.write(data, extname=extname, header=header)


def _require_image(data: Any) -> None:
    """Refuse data that `write` cannot turn into an image."""
    if isinstance(data, Mapping) or getattr(getattr(data, "dtype", None), "names", None) is not None:
        raise NotImplementedError(_NO_TABLES)
    if not isinstance(data, np.ndarray):
        raise ValueError(f"cannot tell what HDU a {type(data).__name__} needs: use write_image or write_table")


def _plan(pixels: np.ndarray, options: ImageOptions) -> ImagePlan:
    """How pixels become an HDU, checked."""
    if pixels.ndim == 0 and pixels.dtype.kind in "iuf":
        raise ValueError("a single number has no axes and is not an image: give an array, such as [value]")
    if options.blank is None and pixels.dtype.kind in "iu" and np.ma.is_masked(pixels):
        raise ValueError("masked pixels need a blank value: use FITS.write_image(..., blank=...)")
    return ImagePlan.of(pixels.dtype, pixels.shape, options)


def _first_with_data(fits: FITS) -> HDU:
    for hdu in fits:
        if hdu.has_data:
            return hdu
    raise ValueError(f"{fits.filename}: no HDU with data")


def _ascii(name: bytes) -> str:
    try:
        return name.decode("ascii")
    except UnicodeDecodeError:
        raise ValueError(f"an HDU name must be ASCII, not {name!r}") from None


def _integer(key: Any, rule: str) -> int:
    """`key` as an int: integers, numpy integers and 0-d integer arrays; anything else is a `ValueError` with `rule`."""
    if isinstance(key, bool | np.bool_):
        raise ValueError(f"{rule} bool")
    if isinstance(key, np.ndarray) and key.ndim:
        raise ValueError(f"{rule} an array")
    try:
        return operator.index(key)
    except TypeError:
        raise ValueError(f"{rule} {type(key).__name__}") from None
