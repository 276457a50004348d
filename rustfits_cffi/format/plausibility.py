"""Headers that must not be believed: those that would make us waste memory, and those that would crash cfitsio."""

from __future__ import annotations

__all__ = ["PLAUSIBLE_BASE_NBYTES", "axes_hazard", "is_plausible"]

# What a false header may make us allocate: a base, and a number of bytes for each coded byte that is really there. At
# best, PLIO turns one byte into 8192, GZIP into 1032, RICE into about 205.
PLAUSIBLE_BASE_NBYTES = 256 * 2**20
PLAUSIBLE_EXPANSION = 16384

# The most axis lengths that cfitsio can hold (fitsio.h: imgnaxis); it does not check the first one.
_CFITSIO_MOST_AXES = 99

_CARD_NBYTES = 80


def axes_hazard(header: bytes) -> str | None:
    """Why the axes that a header declares would crash cfitsio, None if they would not.

    Notes
    -----
    cfitsio ffpinit reads one NAXISn card after the other, and writes lengths beyond its array. Whatever else is wrong
    with the header, this happens only if there is a card for the first axis beyond the limit.
    """
    name = b"NAXIS%d" % (_CFITSIO_MOST_AXES + 1)
    position = header.find(name)
    while position > 0 and position % _CARD_NBYTES:
        position = header.find(name, position + 1)
    return None if position < 0 else f"more axes than the {_CFITSIO_MOST_AXES} that cfitsio can hold"


def is_plausible(declared_nbytes: int, coded_nbytes: int) -> bool:
    """Whether a declared size of decoded data can be believed, given the coded bytes that are really there.

    Parameters
    ----------
    declared_nbytes : int
        Size of the decoded array.
    coded_nbytes : int
        Coded bytes in the file.

    Returns
    -------
    bool
        False beyond 256 MiB plus 16384 times the coded bytes. HCOMPRESS stores a constant tile of any size in about 30
        bytes, so for it False means only that tiles should be decoded before the result is allocated.
    """
    return declared_nbytes <= PLAUSIBLE_BASE_NBYTES + PLAUSIBLE_EXPANSION * max(coded_nbytes, 0)
