"""Whole files packed and unpacked HDU by HDU, as fpack and funpack do."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from rustfits_cffi.format.structure import BLOCK_NBYTES
from rustfits_cffi.native.cfitsio import copying, inspection, packing, requests, serial, unpacking
from rustfits_cffi.native.cfitsio.handle import CfitsioFile
from rustfits_cffi.native.cfitsio.requests import DITHERS, LARGEST_SEED, MAX_DIMENSIONS, CompressionRequest
from rustfits_cffi.native.tile_coding import CODECS
from rustfits_cffi.reference.handles import Created, Opened

_SMALL_BUFFER = ("HCOMPRESS_1", "PLIO_1")  # their coders can write past cfitsio's buffer


@dataclass(frozen=True, kw_only=True)
class PackOptions:
    """The options of fpack's command line, with its defaults.

    Parameters
    ----------
    codec : str
        ``"RICE_1"``, ``"GZIP_1"``, ``"GZIP_2"``, ``"HCOMPRESS_1"``, ``"PLIO_1"`` or ``"NOCOMPRESS"``
        (-r, -g1, -g2, -h, -p, -d).
    tile_shape : tuple of int
        In numpy axis order (-t has the reverse); 0 is the codec's default for that axis, -1 the whole axis; leading
        axes not given are 1. Empty: rows. ``(-1,) * 6`` is -w.
    level : float
        -q; 0 stores floats without loss.
    method : {"dither1", "dither2", "no_dither"}
    seed : int
        1 to 10000; 0 takes the clock, -1 the sum of the first tile's bytes (-q, -qN, -qt).
    hcomp_scale : float
        -s.
    images, tables : bool
        Which HDUs are compressed (-table: both; -tableonly).
    checksum : bool
        Whether every HDU gets CHECKSUM and DATASUM (False: -C).
    """

    codec: str = "RICE_1"
    tile_shape: tuple[int, ...] = field(default=())
    level: float = 4.0
    method: str = "dither1"
    seed: int = 0
    hcomp_scale: float = 0.0
    images: bool = True
    tables: bool = False
    checksum: bool = True

    def __post_init__(self) -> None:
        if self.codec not in CODECS:
            raise ValueError(f"unknown codec {self.codec!r}; known are {', '.join(CODECS)}")
        if self.method not in DITHERS:
            raise ValueError(f"unknown method {self.method!r}; known are {', '.join(DITHERS)}")
        if len(self.tile_shape) > MAX_DIMENSIONS:
            raise ValueError(f"tile_shape has {len(self.tile_shape)} axes, cfitsio takes {MAX_DIMENSIONS}")
        if not -1 <= self.seed <= LARGEST_SEED:
            raise ValueError(f"seed must be -1, 0 or up to {LARGEST_SEED}, got {self.seed}")

    def _request(self) -> CompressionRequest:
        """The request to cfitsio; fpack always passes six axes."""
        tile_shape = self.tile_shape or (-1,)
        return CompressionRequest(
            codec=CODECS[self.codec],
            tile_shape=(1,) * (MAX_DIMENSIONS - len(tile_shape)) + tile_shape,
            level=self.level,
            dither=DITHERS[self.method],
            seed=self.seed,
            hcomp_scale=self.hcomp_scale,
        )


def pack(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    options: PackOptions | None = None,
    *,
    overwrite: bool = False,
) -> None:
    """Compress a file as fpack does.

    Parameters
    ----------
    source, target : path-like
    options : PackOptions, optional
    overwrite : bool
        Whether to replace `target` if it exists.

    Raises
    ------
    FileExistsError
        If `target` exists and `overwrite` is false.
    ValueError
        If a table would be compressed a second time, which could not be undone; and where cfitsio refuses.
    FITSError
        If cfitsio fails. `target` is removed then.

    Notes
    -----
    Cards FZALGOR, FZTILE, FZQVALUE, FZQMETHD, FZDTHRSD, FZI2F and FZHSCALE of an HDU override the options, as in fpack.
    fpack's -i2f and -n, which first measure the noise of integer images, are not supported.
    """
    options = options or PackOptions()
    _convert(source, target, partial(_pack_hdu, options), options.checksum, overwrite)


def _convert(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    work: Callable[[CfitsioFile, int, CfitsioFile], None],
    checksum: bool,
    overwrite: bool,
) -> None:
    """The loop over HDUs of both programs; the checksums of the first HDU are updated once more at the end."""
    with Opened(source, "r") as fin, Created(target, source, overwrite) as out:
        for number in range(1, inspection.count_hdus(fin) + 1):
            work(fin, number, out)
            if checksum:
                copying.write_checksums(out)
        if checksum:
            copying.write_checksums(out, 1)


def _pack_hdu(options: PackOptions, source: CfitsioFile, number: int, target: CfitsioFile) -> None:
    """One iteration of fpack's loop."""
    facts = inspection.hdu_facts(source, number)
    is_compressed_table = facts.kind == "table" and inspection.read_value(source, number, "ZTABLE") == "T"
    directive = inspection.read_value(source, number, "FZALGOR")
    requests.ask(target, options._request())
    if directive in ("NONE", "none"):
        copying.copy_hdu(source, number, target)
    elif is_compressed_table and options.tables:
        raise ValueError(f"{source.path}: HDU {number - 1} is a compressed table: a second compression would lose it")
    elif facts.kind == "table" and options.tables and facts.data_end - facts.data_start > BLOCK_NBYTES:
        packing.compress_table(source, number, target)
    elif facts.kind == "image" and facts.shape and 0 not in facts.shape and options.images:
        larger_buffer = (directive or options.codec).strip().upper() in _SMALL_BUFFER
        serial.compress_image(source, number, target, larger_buffer=larger_buffer)
    else:
        copying.copy_hdu(source, number, target)


def unpack(
    source: str | os.PathLike[str], target: str | os.PathLike[str], *, checksum: bool = True, overwrite: bool = False
) -> None:
    """Uncompress a file as funpack does.

    Parameters
    ----------
    source, target : path-like
    checksum : bool
        Whether every HDU gets CHECKSUM and DATASUM (False: -C).
    overwrite : bool
        Whether to replace `target` if it exists.

    Raises
    ------
    FileExistsError
        If `target` exists and `overwrite` is false.
    ValueError
        For compressed tables with variable-length columns of strings or bits: cfitsio writes outside its memory.
    FITSError
        If cfitsio fails. `target` is removed then.

    Notes
    -----
    A fault of cfitsio is kept: float images with tiles of more than one row come out scrambled if a tile contains
    undefined pixels. `read_image` reads them correctly.
    """
    _convert(source, target, _unpack_hdu, checksum, overwrite)


def _unpack_hdu(source: CfitsioFile, number: int, target: CfitsioFile) -> None:
    """One iteration of funpack's loop."""
    kind = inspection.hdu_facts(source, number).kind
    if kind == "table" and inspection.read_value(source, number, "ZTABLE") == "T":
        _refuse_dangerous_columns(source, number)
        unpacking.uncompress_table(source, number, target)
    elif kind == "compressed image":
        serial.decompress_image(source, number, target)
    else:
        copying.copy_hdu(source, number, target)


def _refuse_dangerous_columns(handle: CfitsioFile, number: int) -> None:
    """Refuse columns that ``fits_uncompress_table`` allocates as if their cells had a fixed length."""
    column = 1
    while (form := inspection.read_value(handle, number, f"ZFORM{column}")) is not None:
        letters = form.strip().upper().lstrip("0123456789")[:2]
        if letters in ("PA", "QA", "PX", "QX"):
            raise ValueError(
                f"{handle.path}: HDU {number - 1}: column {column} ({form.strip()}): cfitsio writes outside its memory "
                "when it uncompresses variable-length columns of strings or bits"
            )
        column += 1
