"""Headers that must not be believed: what would make us take memory for nothing, and what cfitsio would not survive."""

from __future__ import annotations

from rustfits_cffi.format.cards import CardIndex, read_chain

__all__ = ["PLAUSIBLE_BASE_NBYTES", "axes_hazard", "cfitsio_hazard", "is_plausible"]

# What a lying header may make us allocate: so much for nothing, and so much for each coded byte that is really there.
# PLIO at its best makes 8192 bytes of one, GZIP 1032, RICE about 205.
PLAUSIBLE_BASE_NBYTES = 256 * 2**20
PLAUSIBLE_EXPANSION = 16384

# So many lengths of axes cfitsio has room for (fitsio.h: imgnaxis, MAX_COMPRESS_DIM); the first it does not check.
_CFITSIO_MOST_AXES = 99
_CFITSIO_MOST_TILED_AXES = 6

_CARD_NBYTES = 80


def cfitsio_hazard(index: CardIndex) -> str | None:
    """What about the header of an extension cfitsio would not survive or would misplace, None if nothing.

    Notes
    -----
    cfitsio imcomp_get_compressed_image_par divides by ``(ZNAXISn - 1) / ZTILEn + 1`` before it checks anything. It may
    find another card than the first of a name, so all of them count. A heap that does not follow its table at once is
    counted twice: the next HDU is expected where THEAP + PCOUNT ends, instead of NAXIS1 * NAXIS2 + PCOUNT.
    """
    for position in index.find_all("THEAP"):
        places = (index.find(key) for key in ("NAXIS1", "NAXIS2"))
        width, nrows = (read_chain(index.cards, place)[0] if place else 0 for place in places)
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
    """Why cfitsio would not survive the axes that a header declares, None if it would.

    Notes
    -----
    cfitsio ffpinit reads one NAXISn card after the other, and writes the lengths beyond its memory. Whatever else is
    wrong with the header, it gets so far only if there is a card for the first axis too many.
    """
    name = b"NAXIS%d" % (_CFITSIO_MOST_AXES + 1)
    place = header.find(name)
    while place > 0 and place % _CARD_NBYTES:
        place = header.find(name, place + 1)
    return None if place < 0 else f"more axes than the {_CFITSIO_MOST_AXES} that cfitsio has room for"


def is_plausible(declared_nbytes: int, coded_nbytes: int) -> bool:
    """Whether a declared size of decoded data can be believed, given the coded bytes that are really there.

    Parameters
    ----------
    declared_nbytes : int
        Of the decoded array.
    coded_nbytes : int
        In the file.

    Returns
    -------
    bool
        False beyond 256 MiB plus 16384 times the coded bytes. HCOMPRESS stores a constant tile of any size in about 30
        bytes, so for it False means only that tiles should be decoded before the result is allocated.
    """
    return declared_nbytes <= PLAUSIBLE_BASE_NBYTES + PLAUSIBLE_EXPANSION * max(coded_nbytes, 0)
