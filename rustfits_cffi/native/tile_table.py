"""The table of tiles of a compressed image: where each tile is, how it was scaled, and which tiles cannot be read.

C parses and checks the rows. Nothing here needs numpy, so `unpack` need not wait for its import.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

from rustfits_cffi.errors import FITSFormatError, TruncatedError, raise_for_status
from rustfits_cffi.native._lib import CData, ffi, lib

__all__ = ["TableLayout", "TileTable", "read_tile_table"]

_LETTER_BITPIX = {"B": 8, "I": 16, "J": 32, "K": 64, "E": -32, "D": -64}
_NO_BLANK = 2**63 - 1


class Field(Protocol):
    """A column in a row of the table."""

    @property
    def offset(self) -> int: ...
    @property
    def descriptor(self) -> str: ...
    @property
    def letter(self) -> str: ...
    @property
    def element_nbytes(self) -> int: ...


Number: TypeAlias = Field | float | None


class TableLayout(Protocol):
    """The table as its header describes it; `CompressedLayout` of `format.compression` is one."""

    @property
    def nrows(self) -> int: ...
    @property
    def row_nbytes(self) -> int: ...
    @property
    def heap_start(self) -> int: ...
    @property
    def heap_nbytes(self) -> int: ...
    @property
    def compressed(self) -> Field: ...
    @property
    def uncompressed(self) -> Field | None: ...
    @property
    def gzip(self) -> Field | None: ...
    @property
    def zscale(self) -> Any: ...
    @property
    def zzero(self) -> Any: ...
    @property
    def zblank(self) -> Any: ...
    @property
    def is_quantized(self) -> bool: ...


class File(Protocol):
    """An open file."""

    path: str

    def size(self) -> int: ...
    def read(self, offset: int, nbytes: int) -> bytearray: ...


class TileTable:
    """The position of every tile of an image, for C.

    Parameters
    ----------
    rows : bytes-like
        All rows of the table.
    layout : TableLayout
        The columns, and the values that replace missing ones.
    heap_start : int
        Byte of the file where the heap begins.
    file_nbytes : int
        Size of the file: bytes after its end do not exist, whatever the header declares.

    Attributes
    ----------
    table : cdata
        The ``rf_table``, which lives as long as this object.
    ntiles : int
        Number of rows.
    has_blank : bool
        Whether a value marks null pixels.

    Raises
    ------
    FITSFormatError
        If the type of a column is not allowed in compressed images.
    MemoryError
        If there is no memory.
    """

    def __init__(self, rows: Any, layout: TableLayout, heap_start: int, file_nbytes: int) -> None:
        n = self.ntiles = layout.nrows
        self._layout = _c_layout(layout)
        self._declared_nbytes, self._heap_start = layout.heap_nbytes, heap_start
        self.has_blank = layout.zblank is not None
        scaled = layout.is_quantized
        self._kept = {
            "column": ffi.new("uint8_t[]", n),
            "state": ffi.new("uint8_t[]", n),
            "offset": ffi.new("int64_t[]", n),
            "nbytes": ffi.new("int64_t[]", n),
            "scale": ffi.new("double[]", n) if scaled else ffi.NULL,
            "zero": ffi.new("double[]", n) if scaled else ffi.NULL,
            "blank": ffi.new("int64_t[]", n) if self.has_blank else ffi.NULL,
        }
        bitpix = _LETTER_BITPIX.get(layout.uncompressed.letter, 0) if layout.uncompressed else 0
        there = max(0, min(layout.heap_nbytes, file_nbytes - heap_start))
        self.table = ffi.new("rf_table *", {
            "ntiles": n, "uncompressed_bitpix": bitpix, "heap_start": heap_start, "heap_nbytes": there, **self._kept,
        })  # fmt: skip
        self.take(rows)

    def take(self, rows: Any, first: int = 0) -> None:
        """Parse rows, from tile `first` on: at first all, later those that have changed in the file."""
        source = ffi.from_buffer("uint8_t[]", rows)
        nbytes = self._layout.row_nbytes
        count = len(source) // nbytes if nbytes else self.ntiles - first
        if count * nbytes != len(source):
            raise ValueError(f"{len(source)} bytes are not whole rows of {nbytes}")
        raise_for_status(lib.rf_table_take(self.table, self._layout, source, first, count), "the table of tiles")

    def grow_heap(self, nbytes: int) -> None:
        """Note that the heap has grown to `nbytes`; rows parsed from now on may point into all of it."""
        self.table.heap_nbytes = self._declared_nbytes = nbytes

    @property
    def nbad(self) -> int:
        """Number of tiles that cannot be read."""
        return self.table.nbad

    def view(self, name: str) -> CData:
        """The memory of one array of the ``rf_table``, writable; it lives as long as this object."""
        return ffi.buffer(self._kept[name])

    def is_bad(self, tile: int) -> bool:
        """Whether a tile cannot be read."""
        return self.table.state[tile] != lib.RF_TILE_GOOD

    def first_bad(self) -> int | None:
        """The first tile that cannot be read; None if all can be."""
        return next(tile for tile in range(self.ntiles) if self.is_bad(tile)) if self.nbad else None

    def reason(self, tile: int) -> str:
        """Why a tile cannot be read."""
        state, start = self.table.state[tile], self.table.offset[tile]
        end = start + self.table.nbytes[tile]
        where = f"bytes {start} to {end} of the heap"
        if state == lib.RF_TILE_MISSING:
            return "was never written: all its descriptors are empty"
        if state == lib.RF_TILE_SHARED:
            return f"corrupt descriptor: {where} also belong to another tile"
        if 0 <= start <= end <= self._declared_nbytes:
            size = self._heap_start + self.table.heap_nbytes
            return f"truncated: its bytes end at byte {self._heap_start + end} of the file, the file at {size}"
        return f"corrupt descriptor: it points outside the heap, to {where}, which has {self.table.heap_nbytes} bytes"

    @property
    def coded_nbytes(self) -> int:
        """Coded bytes of all tiles that can be read."""
        table = self.table
        if not table.nbad:
            return sum(self._kept["nbytes"])
        return sum(table.nbytes[tile] for tile in range(self.ntiles) if not self.is_bad(tile))

    @property
    def largest_scale(self) -> float:
        """Largest quantization step of any tile; 0 if none is quantized."""
        return max(self._kept["scale"], default=0.0) if self._kept["scale"] else 0.0

    @property
    def all_compressed(self) -> bool:
        """Whether every tile lies in COMPRESSED_DATA."""
        return not any(self._kept["column"])


def read_tile_table(file: File, data_start: int, layout: TableLayout, where: str) -> TileTable:
    """Read the table of tiles of the HDU whose data begin at byte `data_start`.

    Parameters
    ----------
    file : File
    data_start : int
    layout : TableLayout
    where : str
        File and HDU, for messages.

    Raises
    ------
    TruncatedError
        If the file ends within the rows.
    FITSFormatError
        If the type of a column is not allowed in compressed images.
    """
    nbytes, size = layout.nrows * layout.row_nbytes, file.size()
    if data_start + nbytes > size:
        raise TruncatedError(
            f"{where}: truncated: the table of {layout.nrows} tiles ends at byte {data_start + nbytes}, "
            f"the file at {size}"
        )
    rows = file.read(data_start, nbytes)
    try:
        return TileTable(rows, layout, data_start + layout.heap_start, size)
    except FITSFormatError as error:
        raise FITSFormatError(f"{where}: {error}") from None


def _c_layout(layout: TableLayout) -> CData:
    """The positions of the columns, for C."""
    blank = layout.zblank
    return ffi.new("rf_row_layout *", {
        "row_nbytes": layout.row_nbytes,
        "tiles": [_tiles(field) for field in (layout.compressed, layout.uncompressed, layout.gzip)],
        "scale": _number(layout.zscale, 1.0),
        "zero": _number(layout.zzero, 0.0),
        "blank": {"integer": _NO_BLANK if blank is None else blank} if _is_number(blank) else _number(blank, 0.0),
    })  # fmt: skip


def _is_number(value: Number) -> bool:
    return value is None or isinstance(value, int | float)


def _tiles(field: Field | None) -> dict[str, Any]:
    """A column of tiles, for C."""
    if field is None:
        return {}
    return {"at": field.offset, "letter": field.descriptor.encode(), "element_nbytes": field.element_nbytes}


def _number(field: Number, default: float) -> dict[str, Any]:
    """A column of numbers, or the value that replaces it in every row, for C."""
    if field is None or isinstance(field, int | float):
        return {"value": default if field is None else float(field)}
    return {"at": field.offset, "letter": field.letter.encode()}
