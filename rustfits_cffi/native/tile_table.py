"""The row table of a compressed image, read: where each tile's bytes are and how its integers become pixels."""

from __future__ import annotations

from collections.abc import Mapping

from rustfits_cffi.errors import FITSError, raise_for_status
from rustfits_cffi.native._lib import ffi, lib
from rustfits_cffi.native.cfitsio.handle import FileHandle
from rustfits_cffi.native.cfitsio.rowlayout import RowColumn, row_columns
from rustfits_cffi.native.tile_coding import COLUMN_NAMES


class TileRows:
    """Where every tile of an image is, as C takes it.

    Parameters
    ----------
    handle : FileHandle
        The file.
    number : int
        HDU number, 1-based as cfitsio counts.
    keywords : mapping
        Values of ZSCALE, ZZERO, ZBLANK and BLANK where no column has them; None for one that is not there.

    Attributes
    ----------
    table : cdata
        The ``rf_table``, for as long as this object lives.
    ntiles : int
        Number of rows.
    may_have_nulls : bool
        Whether the integer of null pixels is named.

    Raises
    ------
    FITSError
        If a descriptor points outside the heap or the file, or the table is not one of a compressed image.
    """

    def __init__(self, handle: FileHandle, number: int, keywords: Mapping[str, float | None]):
        where = f"{handle.path}: HDU {number - 1}"
        with handle.call(number, changes=False, action="read the table of tiles") as (fptr, status):
            try:
                columns = {column.name: column for column in row_columns(fptr, status)}
            except (KeyError, ValueError, IndexError):
                raise FITSError(f"{where}: its columns are not those of a compressed image") from None
            start, nrows, heap = int(fptr.Fptr.datastart), int(fptr.Fptr.numrows), int(fptr.Fptr.heapstart)
            heap_nbytes, row_nbytes = int(fptr.Fptr.heapsize), int(fptr.Fptr.rowlength)
        if sum(column.nbytes for column in columns.values()) != row_nbytes or nrows * row_nbytes > handle.size():
            raise FITSError(f"{where}: the table of tiles does not fit its header or the file")
        rows = handle.read(start, nrows * row_nbytes)
        there = max(0, handle.size() - start - heap)  # of the heap, whatever length the header declares

        blank = next((keywords[name] for name in ("ZBLANK", "BLANK") if keywords.get(name) is not None), None)
        self.ntiles = nrows
        self.may_have_nulls = blank is not None or ("ZBLANK" in columns and columns["ZBLANK"].is_number)
        self._column, self._blank = ffi.new("uint8_t[]", nrows), ffi.new("int64_t[]", nrows)
        self._offset, self._nbytes = ffi.new("int64_t[]", nrows), ffi.new("int64_t[]", nrows)
        self._scale, self._zero = ffi.new("double[]", nrows), ffi.new("double[]", nrows)
        source = ffi.from_buffer("uint8_t[]", rows)
        read = lib.rf_rows_read(
            ffi.new("rf_rows *", {
                "rows": source, "nrows": nrows, "row_nbytes": row_nbytes, "heap_nbytes": min(heap_nbytes, there),
                "tiles": [_descriptors(columns.get(COLUMN_NAMES[code])) for code in sorted(COLUMN_NAMES)],
                "scale": _numbers(columns.get("ZSCALE"), keywords.get("ZSCALE"), 1.0),
                "zero": _numbers(columns.get("ZZERO"), keywords.get("ZZERO"), 0.0),
                "blank": _numbers(columns.get("ZBLANK"), blank, 0.0),
            }), self._column, self._offset, self._nbytes, self._scale, self._zero, self._blank,
        )  # fmt: skip
        if read == lib.RF_ETRUNCATED:
            is_cut = there < heap_nbytes
            end = "truncated: a tile lies behind the end of the file" if is_cut else "a tile lies outside the heap"
            raise FITSError(f"{where}: {end}")
        raise_for_status(read, where)
        self.table = ffi.new("rf_table *", {
            "column": self._column, "offset": self._offset, "nbytes": self._nbytes, "scale": self._scale,
            "zero": self._zero, "blank": self._blank if self.may_have_nulls else ffi.NULL, "heap_start": start + heap,
        })  # fmt: skip

    @property
    def coded_nbytes(self) -> int:
        """Bytes of all tiles together."""
        return sum(self._nbytes)

    @property
    def largest_scale(self) -> float:
        """Largest quantization step of a tile."""
        return max(self._scale, default=0.0)

    @property
    def all_compressed(self) -> bool:
        """Whether every tile lies in COMPRESSED_DATA."""
        return not any(self._column)


def _descriptors(column: RowColumn | None) -> dict:
    """A column of tiles for C."""
    if column is None:
        return {}
    return {"at": column.at, "letter": column.letter.encode(), "element_nbytes": column.element_nbytes}


def _numbers(column: RowColumn | None, value: float | None, default: float) -> dict:
    """A column of numbers for C, or what stands for it in every row."""
    if column is None or not column.is_number:
        return {"value": default if value is None else value}
    return {"at": column.at, "letter": column.letter.encode()}
