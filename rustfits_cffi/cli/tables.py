"""Text tables with aligned columns, and readable numbers."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, left: Sequence[int] = (0,)) -> str:
    """Rows under a header, columns as wide as their widest cell; columns with numbers in `left` are left-aligned."""
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        parts = [
            cell.ljust(width) if i in left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return "  ".join(parts).rstrip()

    rule = "─" if (sys.stdout.encoding or "").lower().startswith("utf") else "-"
    return "\n".join([line(header), "  ".join(rule * width for width in widths), *map(line, rows)])


def nbytes_text(nbytes: float) -> str:
    """A size in the largest suitable unit (powers of 1000)."""
    for unit in ("B", "kB", "MB", "GB"):
        if nbytes < 999.5 or unit == "GB":
            return f"{nbytes:.0f} {unit}" if unit == "B" else f"{nbytes:.3g} {unit}"
        nbytes /= 1000
    raise AssertionError("not reached")
