"""Text tables in aligned columns, and numbers as people read them."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, left: Sequence[int] = (0,)) -> str:
    """Rows under a header, columns as wide as their widest cell; those numbered in `left` are aligned left."""
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
    """A size in the largest fitting unit, powers of 1000."""
    for unit in ("B", "kB", "MB", "GB"):
        if nbytes < 999.5 or unit == "GB":
            return f"{nbytes:.0f} {unit}" if unit == "B" else f"{nbytes:.3g} {unit}"
        nbytes /= 1000
    raise AssertionError("not reached")
