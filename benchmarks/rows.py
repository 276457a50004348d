"""The class for each kind of row."""

from __future__ import annotations

from benchmarks.cutout import Chunks, Pieces, Stamps, ThreadedStamps
from benchmarks.edit import AddKeys
from benchmarks.files import Find, Pack, Unpack, Walk
from benchmarks.read import ThreadedRead, WholeRead
from benchmarks.workload import Workload
from benchmarks.write import Write

WORKLOADS: dict[str, type[Workload]] = {
    "read": WholeRead, "threads": ThreadedRead, "stamps": Stamps, "threaded stamps": ThreadedStamps, "chunks": Chunks,
    "pieces": Pieces, "write": Write, "pack": Pack, "unpack": Unpack, "walk": Walk, "find": Find,
    "add keys": AddKeys,
}
