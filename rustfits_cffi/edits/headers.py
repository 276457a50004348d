"""Cards of a header changed where they stand, or in a header of another length."""

from __future__ import annotations

from contextlib import suppress

from rustfits_cffi.directory import Directory
from rustfits_cffi.edits.hdus import require_whole
from rustfits_cffi.edits.rewriting import splice
from rustfits_cffi.format.structure import pad_to_block
from rustfits_cffi.native.cfitsio.memory import with_end

_CARD_NBYTES = 80
_PIECE_NBYTES = 4096 // _CARD_NBYTES * _CARD_NBYTES  # whole cards in what the operating system writes as a whole


def replace_cards(directory: Directory, index: int, cards: bytes) -> None:
    """Put other cards in the place of those of a header.

    Parameters
    ----------
    directory : Directory
    index : int
        0-based number of the HDU.
    cards : bytes
        80 bytes each, without END. Where they need more blocks what follows moves back; a header never gives blocks
        back: END stands in its last one.

    Raises
    ------
    OSError
        If the file cannot be changed. It is then as it was.
    """
    action = "change a header"
    handle = directory.handle
    with handle.lock:
        handle.require_writable(action)
        require_whole(directory, action)
        entry = directory[index]
        start, old_nbytes = entry.header_start, entry.header_nbytes
        nbytes = max(old_nbytes, pad_to_block(len(cards) + _CARD_NBYTES))
        new = with_end(cards, nbytes)
        if nbytes > old_nbytes:
            splice(directory, start, start + old_nbytes, [new], action=action)
            return
        old = bytes(handle.read(start, old_nbytes))
        pieces = _differing(old, new)

        def work() -> None:
            handle.settle()
            for begin, stop in pieces:
                handle.write(start + begin, new[begin:stop])

        def undo() -> None:
            for begin, stop in reversed(pieces):
                with suppress(OSError):  # the piece that failed may fail again, behind all that it had changed
                    handle.write(start + begin, old[begin:stop])
            if handle.read(start, old_nbytes) != old:
                raise OSError("the old cards cannot be put back")

        handle.change(
            work, action=action, undo=undo, follow=lambda: directory.refresh(index),
            unfollow=lambda: directory.refresh(index),
        )  # fmt: skip


def _differing(old: bytes, new: bytes) -> list[tuple[int, int]]:
    """Where two headers differ, in the order to write it: one write, or one for each page; a piece has whole cards.

    From the back where cards move back, else from the front: a card may then stand twice for a moment, but is never
    missing.
    """
    if old == new:
        return []
    begin = next(i for i in range(0, len(old), _CARD_NBYTES) if old[i : i + _CARD_NBYTES] != new[i : i + _CARD_NBYTES])
    stop = len(old)
    while old[stop - _CARD_NBYTES : stop] == new[stop - _CARD_NBYTES : stop]:
        stop -= _CARD_NBYTES
    pieces = [(at, min(at + _PIECE_NBYTES, stop)) for at in range(begin, stop, _PIECE_NBYTES)]
    moves_back = new.rstrip().rfind(b"END") > old.rstrip().rfind(b"END") or old[begin : begin + 80] in new[begin + 80 :]
    return pieces[::-1] if moves_back else pieces
