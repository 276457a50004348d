"""Where two FITS files differ: cards, tile descriptors, coded bytes, pixels.

`compare` goes through both files HDU by HDU with positioned reads of bounded size. Where two data units differ, it also
compares the tables of compressed images, the coded bytes of each tile, and the pixels.
"""

from __future__ import annotations

import os
from contextlib import closing

from rustfits_cffi.comparison.cards import card_differences
from rustfits_cffi.comparison.data import Collection, data_difference, differing_bytes, table_differences
from rustfits_cffi.comparison.layout import FITSFile, HDULayout
from rustfits_cffi.comparison.pixels import pixel_difference
from rustfits_cffi.comparison.records import (
    CardDifference,
    Comparison,
    DataDifference,
    HDUComparison,
    PixelDifference,
    RowDifference,
    TileDifference,
)
from rustfits_cffi.storage.names import path_text

__all__ = [
    "CardDifference",
    "Comparison",
    "DataDifference",
    "HDUComparison",
    "PixelDifference",
    "RowDifference",
    "TileDifference",
    "compare",
]


def compare(a: str | os.PathLike[str], b: str | os.PathLike[str], *, limit: int = 1000) -> Comparison:
    """Compare two FITS files.

    Parameters
    ----------
    a, b : path-like
    limit : int
        Maximum number of rows, and of tiles, to list per HDU; all are counted.

    Returns
    -------
    Comparison
        Its ``str()`` is a readable report.

    Raises
    ------
    OSError
        If a file cannot be read.
    FITSFormatError
        If one of them does not begin like a FITS file.

    Notes
    -----
    HDUs are paired by their numbers. Pixels are decoded by this package, so damaged files are safe to compare.
    """
    with closing(FITSFile(path_text(a))) as first, closing(FITSFile(path_text(b))) as second:
        hdus = tuple(_compare_hdus(first, second, pair, limit) for pair in zip(first.hdus, second.hdus, strict=False))
        rest_a, rest_b = first.size - first.end, second.size - second.end
        count, _ = differing_bytes(first.handle, first.end, second.handle, second.end, min(rest_a, rest_b))
    return Comparison(
        path_a=first.handle.path,
        path_b=second.handle.path,
        count_a=len(first.hdus),
        count_b=len(second.hdus),
        hdus=hdus,
        trailing_a=rest_a,
        trailing_b=rest_b,
        trailing_equal=rest_a == rest_b and not count,
    )


def _compare_hdus(first: FITSFile, second: FITSFile, pair: tuple[HDULayout, HDULayout], limit: int) -> HDUComparison:
    """Compare one pair of HDUs."""
    a, b = pair
    short = (("a", a.missing), ("b", b.missing))
    notes = [f"truncated: {missing} bytes missing in {name}" for name, missing in short if missing]
    data = data_difference(first, a, second, b)
    rows, tiles, pixels = Collection(limit), Collection(limit), None
    if data is not None:
        if a.kind == b.kind == "compressed image":
            table_differences(first, a, second, b, rows, tiles)
        if a.has_pixels and b.has_pixels:
            pixels = pixel_difference(first, a, second, b, notes)
    return HDUComparison(
        number=a.number,
        kind_a=a.kind,
        kind_b=b.kind,
        cards=card_differences(a.cards, b.cards),
        header_nbytes_a=a.header_nbytes,
        header_nbytes_b=b.header_nbytes,
        filling_equal=_same_filling(a.header_tail, b.header_tail),
        rows=tuple(rows.listed),
        row_count=rows.count,
        tiles=tuple(tiles.listed),
        tile_count=tiles.count,
        pixels=pixels,
        data=data,
        notes=tuple(notes),
    )


def _same_filling(a: bytes, b: bytes) -> bool:
    """Whether the bytes after END are the same; trailing blanks are ignored if the lengths of the headers differ."""
    return a == b if len(a) == len(b) else a.strip(b" ") == b.strip(b" ")
