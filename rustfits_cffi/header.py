"""FITSHeader: the header of an HDU as a mapping, a live view that writes through to the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rustfits_cffi.directory import Directory, Entry, HDUNumber
from rustfits_cffi.edits.headers import replace_cards
from rustfits_cffi.format import card_lists
from rustfits_cffi.format.cards import COMMENTARY, CardIndex, is_protected_key, lookup_key, read_chain

_CARD_NBYTES = 80


class FITSHeader:
    """Keywords and values of one HDU. Obtained as `HDU.header`, never constructed.

    Headers are read from memory, even after the file is closed. A change is in the file when the call returns.

    Examples
    --------
    >>> header["EXPTIME"]
    30.0
    >>> header["OBSERVER"] = "Leavitt", "observer"
    """

    __slots__ = ("_directory", "_number")

    def __init__(self, directory: Directory, index: int | HDUNumber):
        self._directory = directory
        self._number = index if isinstance(index, HDUNumber) else directory.number(index)

    # -- reading ------------------------------------------------------------------------------------------------------

    def __getitem__(self, key: str) -> Any:
        index, position = self._find(key)
        if lookup_key(key) in COMMENTARY:
            return [index.cards[i][8:].rstrip() for i in index.find_all(key)]
        return read_chain(index.cards, position)[0]

    def get(self, key: str, default: Any = None) -> Any:
        """Value of a keyword, or `default`.

        Parameters
        ----------
        key : str
            In upper or lower case, with or without HIERARCH.
        default : object, optional
            What to return if the keyword is absent.

        Returns
        -------
        bool, int, float, complex, str, None or list of str
            As ``header[key]``.
        """
        try:
            return self[key]
        except KeyError:
            return default

    def __contains__(self, key: str) -> bool:
        return self._entry.index.find(key) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self._entry.index.names())

    def keys(self) -> list[str]:
        """All keywords once, in order, including COMMENT, HISTORY and blank."""
        return list(self._entry.index.names())

    def values(self) -> list[Any]:
        """Values in the order of `keys`."""
        return [self[key] for key in self.keys()]

    def items(self) -> list[tuple[str, Any]]:
        """``(key, value)`` in the order of `keys`."""
        return [(key, self[key]) for key in self.keys()]

    def comment_of(self, key: str) -> str:
        """Comment of a keyword.

        Parameters
        ----------
        key : str
            In upper or lower case, with or without HIERARCH.

        Returns
        -------
        str
            Empty if it has none.

        Raises
        ------
        KeyError
            If the keyword is absent.
        ValueError
            If it is COMMENT, HISTORY or blank.
        """
        if lookup_key(key) in COMMENTARY:
            raise ValueError(f"{key!r} is a commentary keyword: it has no comment")
        index, position = self._find(key)
        return read_chain(index.cards, position)[1]

    @property
    def cards(self) -> list[str]:
        """The cards in file order, ending with END, without trailing blanks."""
        return list(self._cards)

    def to_dict(self, skip_protected: bool = False) -> dict[str, Any]:
        """All keywords as ``{key: {"value": ..., "comment": ...}}``; commentary as lists, at the end.

        Parameters
        ----------
        skip_protected : bool
            Leave out the keywords that describe the structure of the HDU.

        Returns
        -------
        dict
        """
        index = self._entry.index
        plain = [key for key in index.names() if key.upper() not in COMMENTARY]
        if skip_protected:
            plain = [key for key in plain if not is_protected_key(key)]
        result: dict[str, Any] = {}
        for key in plain:
            value, comment, _ = read_chain(index.cards, index.find_all(key)[-1])
            result[key] = {"value": value, "comment": comment}
        result.update((key, self[key]) for key in self.keys() if key.upper() in COMMENTARY)
        return result

    def __str__(self) -> str:
        return "\n".join(self.cards)

    def __repr__(self) -> str:
        return f"<FITSHeader: {len(self)} unique keys, {len(self._cards)} cards>"

    # -- changing -----------------------------------------------------------------------------------------------------

    def __setitem__(self, key: str, value: Any) -> None:
        self._change(card_lists.set_key, key, value)

    def __delitem__(self, key: str) -> None:
        self._change(card_lists.delete_key, key)

    def set_comment(self, key: str, comment: str) -> None:
        """Change the comment of a keyword; its value stays as written.

        Parameters
        ----------
        key : str
            In upper or lower case, with or without HIERARCH.
        comment : str
            The part that does not fit on the card is cut off.

        Raises
        ------
        KeyError
            If the keyword is absent.
        ValueError
            If the comment has characters that are not printable ASCII.
        """
        self._change(card_lists.change_comment, key, comment)

    def add_comment(self, text: str) -> None:
        """Add COMMENT cards after the existing ones.

        Parameters
        ----------
        text : str
            Split into cards of 72 characters each.

        Raises
        ------
        ValueError
            If it has characters that are not printable ASCII.
        """
        self._change(card_lists.add_commentary, "COMMENT", text)

    def add_history(self, text: str) -> None:
        """Add HISTORY cards after the existing ones.

        Parameters
        ----------
        text : str
            Split into cards of 72 characters each.

        Raises
        ------
        ValueError
            If it has characters that are not printable ASCII.
        """
        self._change(card_lists.add_commentary, "HISTORY", text)

    def add_blank(self, text: str) -> None:
        """Add cards with a blank keyword after the existing ones.

        Parameters
        ----------
        text : str
            Split into cards of 72 characters each.

        Raises
        ------
        ValueError
            If it has characters that are not printable ASCII.
        """
        self._change(card_lists.add_commentary, "", text)

    def update(self, other: FITSHeader | Mapping[str, Any], *, copy_commentary: bool = False) -> None:
        """Set many keywords at once: all of them, or none if one is refused.

        Parameters
        ----------
        other : FITSHeader or mapping
            A header, whose structural keywords are left out; or a mapping of keys to values or ``(value, comment)``,
            which must not have structural keywords.
        copy_commentary : bool
            Whether the COMMENT, HISTORY and blank cards of a header are also copied.

        Raises
        ------
        ValueError
            For protected or commentary keywords in a mapping, and for values that no card can hold.
        """
        items = items_to_copy(other)
        commentary = _commentary(other) if copy_commentary and isinstance(other, FITSHeader) else []
        with self._directory.handle.lock:
            cards = card_lists.set_many(self._cards, items)
            cards[-1:-1] = commentary
            self._replace(cards)

    # -- inside -------------------------------------------------------------------------------------------------------

    @property
    def _index(self) -> int:
        return self._directory.position(self._number)

    @property
    def _entry(self) -> Entry:
        self._directory.handle.require_untainted()
        return self._directory.entry(self._number)

    @property
    def _cards(self) -> tuple[str, ...]:
        return self._entry.structure.cards

    def _find(self, key: str) -> tuple[CardIndex, int]:
        """The current header and the position of `key` in it: another thread may change the header at any time."""
        index = self._entry.index
        position = index.find(key)
        if position is None:
            raise KeyError(key)
        return index, position

    def _change(self, edit: Callable[..., list[str]], *arguments: Any) -> None:
        """Make new cards from the current ones and write them, without another thread's change in between."""
        with self._directory.handle.lock:
            self._replace(edit(self._entry.index, *arguments))

    def _replace(self, cards: list[str]) -> None:
        """Write a new list of cards that ends with END; the copy in memory is updated after the file."""
        handle = self._directory.handle
        with handle.lock:
            handle.require_writable("change a header")
            structure = self._entry.structure
            cards = card_lists.use_filler(structure.cards, cards, structure.header_nbytes // _CARD_NBYTES)
            text = "".join(f"{card:<80}" for card in cards[:-1]).encode("ascii")
            replace_cards(self._directory, self._index, text)


def items_to_copy(other: FITSHeader | Mapping[str, Any], *, with_pixels: bool = False) -> list[tuple[str, Any]]:
    """The items that a header or mapping adds to another header; see `FITSHeader.update`."""
    if isinstance(other, FITSHeader):
        return card_lists.carried_over(other._entry.index, with_pixels=with_pixels)
    if not hasattr(other, "items"):
        raise ValueError(f"header= takes a FITSHeader or a mapping, not {type(other).__name__}")
    return list(other.items())


def _commentary(header: FITSHeader) -> list[str]:
    index = header._entry.index
    positions = sorted(i for name in COMMENTARY for i in index.find_all(name))
    return [index.cards[i] for i in positions]
