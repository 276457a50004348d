"""Whether each HDU of a file is the old or the new one, for us, for cfitsio and for astropy."""

import warnings

import astropy.io.fits
import fitsio
import numpy as np

import rustfits_cffi as rf
from rustfits_cffi import reference
from tests.edits.changes import hdus


def complaint(path, before, after, *, others=True):
    """What is wrong with a file in the middle of a change; None if each HDU is that of `before` or of `after`.

    Parameters
    ----------
    path : Path
    before, after : bytes
        The whole file before and after the change.
    others : bool
        Also read it by cfitsio and astropy.
    """
    content = path.read_bytes()
    if others is False and content in (before, after):
        return None
    old, new = hdus(before), hdus(after)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = hdus(content)
    except rf.FITSError as error:
        # an HDU that is not there yet is nothing that can be opened
        return None if not old and content[:8] != new[0][0][0][:8].ljust(8).encode() else f"we cannot read it: {error}"
    if not min(len(old), len(new)) <= len(found) <= max(len(old), len(new)):
        return f"{len(found)} HDUs, neither {len(old)} nor {len(new)}"
    for number, hdu in enumerate(found):
        wanted = [state[number] for state in (old, new) if number < len(state)]
        if not any(is_equal(hdu, other) for other in wanted) and not is_mixed(hdu, wanted):
            return f"HDU {number} is neither the old nor the new one"
        problem = problem_of_others(path, number, hdu[1]) if others else None
        if problem:
            return f"HDU {number}: {problem}"
    return None


def is_equal(hdu, other):
    return hdu[0] == other[0] and are_equal(hdu[1], other[1])


def are_equal(pixels, others):
    if pixels is None or others is None:
        return pixels is others
    return pixels.shape == others.shape and np.array_equal(pixels, others)


def is_mixed(hdu, wanted):
    """Whether a header of several pages has each card of the old or the new one, and none is missing."""
    if len(wanted) != 2 or len(hdu[0]) <= 4096 // 80 or not all(are_equal(hdu[1], other) for _, other in wanted):
        return False
    old, new, found = (set(cards) - {""} for cards in (wanted[0][0], wanted[1][0], hdu[0]))
    keys = {card[:8] for card in old & new}
    return old & new <= found <= old | new and {card[:8] for card in found} >= keys


def problem_of_others(path, number, pixels):
    """What cfitsio or astropy make of an HDU that we read as `pixels`; None if they agree."""
    if path.stat().st_size % 2880:
        pass  # cfitsio reads no HDU whose last block is cut
    elif pixels is None:
        fitsio.read_header(str(path), ext=number)
    elif not are_equal(reference.read_image(path, number), pixels):
        return "cfitsio reads other pixels"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with astropy.io.fits.open(path, lazy_load_hdus=True, memmap=False) as theirs:
            data = theirs[number].data
    if (data is None) != (pixels is None):
        return "astropy does not agree on whether there are pixels"
    # dithered tiles may differ in the last bit
    if pixels is not None and not np.allclose(data, pixels, rtol=1e-6 if pixels.dtype.kind == "f" else 0, atol=0):
        return "astropy reads other pixels"
    return None
