"""Headers that must not be believed: those that would make us waste memory, and those that would crash cfitsio."""

from __future__ import annotations

from rustfits_cffi.format.cards import CardIndex, read_chain

__all__ = ["PLAUSIBLE_BASE_NBYTES", "axes_hazard", "cfitsio_hazard", "is_plausible"]

# What a false header may make us allocate: a base, and a number of bytes for each coded byte that is really there. At
# best, PLIO turns one byte into 8192, GZIP into 1032, RICE into about 205.
PLAUSIBLE_BASE_NBYTES = 256 * 2**20
PLAUSIBLE_EXPANSION = 16384

# The most axis lengths that cfitsio can hold (fitsio.h: imgnaxis, MAX_COMPRESS_DIM); it does not check the first one.
_CFITSIO_MOST_AXES = 99
_CFITSIO_MOST_TILED_AXES = 6

_CARD_NBYTES = 80


def cfitsio_hazard(index: CardIndex) -> str | None:
    """What in the header of an extension would make cfitsio crash or misplace the next HDU; None if nothing.

    Notes
    -----
    cfitsio imcomp_get_compressed_image_par divides by ``(ZNAXISn - 1) / ZTILEn + 1`` before it checks anything. It may
    find another card than the first one with a name, so all of them are checked. For a heap that does not directly
    follow its table, the gap is counted twice: the next HDU is expected after THEAP + PCOUNT bytes instead of
    NAXIS1 * NAXIS2 + PCOUNT.
    """
    for position in index.find_all("THEAP"):
        positions = (index.find(key) for key in ("NAXIS1", "NAXIS2"))
        width, nrows = (read_chain(index.cards, position)[0] if position else 0 for position in positions)
        value = read_chain(index.cards, position)[0]
        if not (isinstance(width, int) and isinstance(nrows, int)) or value != width * nrows:
            return f"THEAP = {value!r}: a heap with a gap before it cannot be changed"
    if index.find("ZIMAGE") is None:
        return None
    for axis in range(1, _CFITSIO_MOST_TILED_AXES + 1):
        for key in (f"ZNAXIS{axis}", f"ZTILE{axis}"):
            for position in index.find_all(key):
                value = read_chain(index.cards, position)[0]
                if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                    return f"{key} = {value!r} is not a length of 1 or more"
    return None


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
