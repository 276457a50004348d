"""Rows about whole files: packed and unpacked by commands, or with very many HDUs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.peers import Fpack
from benchmarks.workload import Action, Disagreement, Workload, ready

CARD = 80
STAMPED = re.compile(rb"(CHECKSUM|ZHECKSUM|DATASUM |ZDATASUM)=")


class Pack(Workload):
    """Compress a file of several images to a new one; compares commands with commands."""

    verb = "pack"

    def prepare(self) -> None:
        self.nbytes *= self.case.count
        self.source = self._source()
        self.wanted = self.store.folder / f"{self.verb}-{self.case.name}-wanted.fits"
        if not self.wanted.exists():
            getattr(Fpack(), self.verb)(self.source, self.wanted)

    @contextmanager
    def trial(self, peer: Any) -> Iterator[Action]:
        path = self.store.folder / f"{self.verb}-{self.case.name}-{peer.name}{getattr(peer, 'threads', '')}.fits"
        path.unlink(missing_ok=True)

        def run() -> Path:
            getattr(peer, self.verb)(self.source, path)
            return path

        yield run

    def verify(self, peer: Any, result: Any) -> None:
        """The file is that of the tool, except for time stamps."""
        found, wanted = result.read_bytes(), self.wanted.read_bytes()
        if len(found) != len(wanted):
            raise Disagreement(f"{len(found)} bytes instead of {len(wanted)}")
        if mask_stamps(found) != mask_stamps(wanted):
            first = next(i for i in range(0, len(found), CARD) if found[i:i + CARD] != wanted[i:i + CARD])
            raise Disagreement(f"not the file of {self.verb}: first difference near byte {first}")

    def result_nbytes(self, result: Any) -> int:
        return result.stat().st_size

    def _source(self) -> Path:
        return self.store.many_file


class Unpack(Pack):
    """Restore what the tool packed."""

    verb = "unpack"

    def _source(self) -> Path:
        packed = self.store.many_file.with_suffix(".fits.fz")
        if not packed.exists():
            Fpack().pack(self.store.many_file, packed)
        return packed


class Walk(Workload):
    """Open a file of very many HDUs, ask each for its name, close."""

    def prepare(self) -> None:
        self.path = self.store.many_file
        self.nbytes = self.path.stat().st_size

    def trial(self, peer: Any) -> AbstractContextManager[Action]:
        return ready(lambda: peer.walk(self.path))

    def verify(self, peer: Any, result: Any) -> None:
        if [str(name) for name in result[1:]] != [f"HDU_{index}" for index in range(1, self.case.count + 1)]:
            raise Disagreement(f"the names of {len(result)} HDUs are not those that were written")


class Find(Walk):
    """The first look-up by name in a file that is open and whose HDUs have been read; neither of these is timed."""

    @contextmanager
    def trial(self, peer: Any) -> Iterator[Action]:
        self.wanted = f"HDU_{self.case.count - 2}"
        with peer.opened(self.path) as fits:
            yield lambda: peer.find(fits, self.wanted)

    def verify(self, peer: Any, result: Any) -> None:
        if result != self.wanted:
            raise Disagreement(f"found {result} instead of {self.wanted}")


def mask_stamps(content: bytes) -> bytes:
    """Bytes of a file with its checksum cards blanked: their comments hold the time, and CHECKSUM sums it."""
    masked = bytearray(content)
    for match in STAMPED.finditer(content):
        if match.start() % CARD == 0:
            masked[match.start() + 10:match.start() + CARD] = bytes(CARD - 10)
    return bytes(masked)
