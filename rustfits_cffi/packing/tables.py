"""Compressed tables, restored by cfitsio in a separate process.

cfitsio's code for this trusts what it reads, and writes past its buffers if a file is damaged. In a separate process
that cannot harm the caller.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from rustfits_cffi.errors import DATA_DECOMPRESSION_ERR, FITSError, error_of_status
from rustfits_cffi.native.cfitsio import copying, inspection, unpacking
from rustfits_cffi.native.cfitsio.handle import CfitsioFile
from rustfits_cffi.storage.safe_files import temporary_file

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))  # of the package
_PROGRAM = "import sys; from rustfits_cffi.packing.tables import main; main(*sys.argv[1:])"


def restore_table(source: CfitsioFile, number: int, out: CfitsioFile) -> None:
    """Append the table stored in the compressed HDU `number` (1-based) of `source`.

    Raises
    ------
    FITSError
        If it cannot be restored.
    """
    import subprocess  # slow to import, and few files have such tables

    _require_restorable(source, number)
    with temporary_file(out.path) as path:
        command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {_ROOT!r}); {_PROGRAM}"]
        command += [source.path, str(number), path]
        child = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        if child.returncode:
            reason = child.stderr.strip().splitlines()[-1:] if child.returncode > 0 else ["cfitsio crashed on it"]
            what = f"{source.path}: HDU {number - 1}: the table: {' '.join(reason)}"
            raise error_of_status(DATA_DECOMPRESSION_ERR, what)
        table = CfitsioFile(path, "r")
        try:
            copying.copy_hdu(table, inspection.count_hdus(table), out)
        finally:
            table.close()


def main(source: str, number: str, target: str) -> None:
    """Run in the separate process: the restored table becomes the last HDU of the empty file `target`."""
    inp, out = CfitsioFile(source, "r"), CfitsioFile(target, "w+")
    try:
        unpacking.uncompress_table(inp, int(number), out)
    except FITSError as error:
        sys.exit(str(error))
    finally:
        inp.close()
    out.close()


def can_be_restored(source: CfitsioFile, number: int) -> bool:
    """Whether table `number` (1-based) could be restored after compression; False if it is already compressed."""
    if inspection.read_value(source, number, "ZTABLE") is not None:
        return False
    return not any(_unsafe_columns(source, number, "TFORM"))


def _require_restorable(source: CfitsioFile, number: int) -> None:
    for column, form in _unsafe_columns(source, number, "ZFORM"):
        raise FITSError(
            f"{source.path}: HDU {number - 1}: column {column} has compressed variable-length cells of type "
            f"{form}, which cannot be restored safely"
        )


def _unsafe_columns(source: CfitsioFile, number: int, keyword: str) -> Iterator[tuple[int, str]]:
    """Variable-length columns of strings and bits, which cfitsio restores as if their cells had a fixed length."""
    for column in range(1, int(inspection.read_value(source, number, "TFIELDS") or 0) + 1):
        form = (inspection.read_value(source, number, f"{keyword}{column}") or "").lstrip("0123456789")
        if form[:1] in ("P", "Q") and form[1:2] in ("X", "A"):
            yield column, form[:2]
