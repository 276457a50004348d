"""Unpacking of FITS files, with the bytes that funpack writes."""

from __future__ import annotations

import os
from collections.abc import Iterator

from rustfits_cffi.errors import NOT_IMAGE, FITSError, error_of_status
from rustfits_cffi.native.cfitsio import copying, inspection, unpacking
from rustfits_cffi.native.cfitsio.checksums import file_sum, write_checksum
from rustfits_cffi.native.cfitsio.handle import CfitsioFile
from rustfits_cffi.packing.decoding import ImageDecoder
from rustfits_cffi.packing.files import convert, opened_pair
from rustfits_cffi.packing.options import UnpackOptions, given_or_default
from rustfits_cffi.packing.report import FileReport, HDUReport, Progress, naming_hdu
from rustfits_cffi.packing.tables import restore_table
from rustfits_cffi.storage.names import path_text


def unpack(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str] | None = None,
    options: UnpackOptions | None = None,
    *,
    overwrite: bool = False,
    verified: bool = False,
    progress: Progress | None = None,
) -> FileReport:
    """Restore the images and tables of a packed FITS file, as funpack does.

    Parameters
    ----------
    source : path
        File to unpack.
    target : path, optional
        File to write. Default: `source` without its ``.fz``.
    options : UnpackOptions, optional
        Which HDUs; checksums.
    overwrite : bool
        Replace `target`, if it exists, once the new file is complete. It may be `source` itself.
    verified : bool
        Read the output again, and have it on disk, before it gets its name; for inputs that will be removed.
    progress : callable, optional
        Called as ``progress(nbytes_done, nbytes_total)`` while the input is read.

    Returns
    -------
    FileReport
        What was done with each HDU.

    Raises
    ------
    ValueError
        If `target` is left out and `source` does not end in ``.fz``.
    FileExistsError
        If `target` exists and `overwrite` is false.
    FITSError
        If an HDU cannot be restored. No output is left.

    Notes
    -----
    The bytes are those of funpack, except where funpack loses pixels: it scrambles float images with nulls whose tiles
    are not whole rows, and turns infinities of losslessly compressed floats into NaN. Here both are restored.
    """
    source, options = path_text(source), given_or_default(options, UnpackOptions)
    if target is None:
        if not source.endswith(".fz"):
            raise ValueError(f"{source}: does not end in .fz; give the name of the output")
        target = source[:-3]

    def work(plain: str, temporary: str) -> tuple[HDUReport, ...]:
        return unpack_file(plain, temporary, options, progress=progress)

    def verify(plain: str, temporary: str) -> None:
        _require_complete(temporary)

    return convert(source, path_text(target), work, verify if verified else None, overwrite=overwrite)


def unpack_file(
    source: str, target: str, options: UnpackOptions, *, progress: Progress | None = None
) -> tuple[HDUReport, ...]:
    """Unpack a plain file into the empty file `target`."""
    reports, single = [], options.hdus is not None and len(options.hdus) == 1
    with opened_pair(source, target) as (inp, out):
        for number in _wanted(inp, options):
            with naming_hdu(number):
                reports.append(
                    _unpack_hdu(
                        inp,
                        number,
                        out,
                        as_primary=single,
                        checksums=options.checksums,
                        progress=progress or (lambda done, total: None),
                    )
                )
        if options.checksums:
            write_checksum(out, 1)
    return tuple(reports)


def _wanted(inp: CfitsioFile, options: UnpackOptions) -> Iterator[int]:
    """1-based numbers of the HDUs to unpack, in order."""
    if options.hdus is None:
        yield from inspection.hdu_numbers(inp)
        return
    for hdu in options.hdus:
        try:
            number = _find(inp, hdu)
        except FITSError as error:
            error.missing, error.hdu = str(hdu), inspection.current_hdu(inp) - 1
            raise
        yield number


def _find(inp: CfitsioFile, hdu: int | str) -> int:
    """1-based number of an image; `FITSError` if there is no such image."""
    if isinstance(hdu, str):
        return inspection.find_image(inp, hdu)
    if hdu + 1 not in inspection.hdu_numbers(inp) or inspection.hdu_facts(inp, hdu + 1).kind not in (
        "image",
        "compressed image",
    ):
        raise error_of_status(NOT_IMAGE, f"{inp.path}: there is no image in HDU {hdu}")
    return hdu + 1


def _unpack_hdu(
    inp: CfitsioFile, number: int, out: CfitsioFile, *, as_primary: bool, checksums: bool, progress: Progress
) -> HDUReport:
    facts, before = inspection.hdu_facts(inp, number), out.size()
    action, data_sum = "restored", None
    if facts.kind == "compressed image":
        data_sum = _restore_image(inp, number, out, as_primary=as_primary, checksums=checksums, progress=progress)
    elif facts.kind == "table" and inspection.read_value(inp, number, "ZTABLE") == "T":
        restore_table(inp, number, out)
    else:
        copying.copy_hdu(inp, number, out)
        action = "copied"
    if checksums:
        write_checksum(out, data_sum=data_sum)
    out.flush()
    progress(facts.data_end, inp.size())
    return HDUReport(number - 1, action, facts.data_end - facts.header_start, out.size() - before)


def _restore_image(
    inp: CfitsioFile, number: int, out: CfitsioFile, *, as_primary: bool, checksums: bool, progress: Progress
) -> int:
    """Append the image stored in a compressed HDU, and return the checksum of its data unit."""
    decoder = ImageDecoder(inp, number)
    facts, size = inspection.hdu_facts(inp, number), inp.size()

    def report(share: float) -> None:
        progress(facts.data_start + int((facts.data_end - facts.data_start) * share), size)

    restored = unpacking.begin_restored_image(inp, number, out, as_primary=as_primary, checksums=checksums)
    data_sum = decoder.restore(out, restored.data_start, report)
    unpacking.end_restored_image(out, restored)
    return data_sum


def _require_complete(path: str) -> None:
    """Raise `FITSError` unless every HDU of a file is complete and its data agree with its DATASUM card."""
    handle = CfitsioFile(path, "r")
    try:
        for number in inspection.hdu_numbers(handle):
            facts = inspection.hdu_facts(handle, number)
            total = file_sum(handle, facts.data_start, facts.data_end)
            expected = inspection.read_value(handle, number, "DATASUM")
            if expected is not None and expected.strip() != str(total):
                raise FITSError(f"{path}: HDU {number - 1} did not come out right: its data do not match DATASUM")
    finally:
        handle.close()
