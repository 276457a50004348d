"""Rows that change a file which exists."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.workload import Action, Disagreement, Workload

CARD, BLOCK = 80, 2880


class AddKeys(Workload):
    """Open a large plain file, add keys to its first header one by one, close; the header grows several times."""

    def prepare(self) -> None:
        self.source, _ = self.store.image_file
        self.keys = {f"KEY{number:03}": number for number in range(self.case.count)}

    @contextmanager
    def trial(self, peer: Any) -> Iterator[Action]:
        path = self.store.folder / f"edited-{self.case.name}.fits"
        shutil.copyfile(self.source, path)
        os.sync()  # or the copy would be written to the disk while the action is timed

        def add() -> Path:
            peer.add_keys(path, self.keys)
            return path

        yield add

    def verify(self, peer: Any, result: Any) -> None:
        """All keys are in the header, and the data unit is the old one."""
        with open(self.source, "rb") as source, open(result, "rb") as edited:
            old, new = _header(source), _header(edited)
            cards = [new[at : at + CARD].split(b"/")[0].split(b"=") for at in range(0, len(new), CARD)]
            found = {card[0].decode().strip(): int(card[1]) for card in cards if card[0].startswith(b"KEY")}
            if found != self.keys:
                raise Disagreement(f"{len(found)} of {len(self.keys)} keys are in the header")
            if len(new) <= len(old):
                raise Disagreement("the header has not grown")
            while piece := source.read(1 << 24):
                if edited.read(len(piece)) != piece:
                    raise Disagreement("the data unit has changed")
            if edited.read(1):
                raise Disagreement("the file has more bytes than before")


def _header(file: Any) -> bytes:
    """Read the header blocks at the file's position."""
    header = b""
    while block := file.read(BLOCK):
        header += block
        if any(block[at : at + CARD].rstrip() == b"END" for at in range(0, BLOCK, CARD)):
            return header
    raise Disagreement("a header without END")
