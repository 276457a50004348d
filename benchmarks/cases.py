"""What is timed: one frozen `Case` per row, and the table of all rows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

LIBRARIES = ("rustfits", "fitsio", "astropy")
TOOLS = ("fpack",)
MI = 1 << 20


@dataclass(frozen=True)
class Compression:
    """Tile compression, with the parameters that every library has. `level` None: nothing is quantized."""

    codec: str
    level: float | None = None
    method: str = "dither2"
    seed: int = 1


@dataclass(frozen=True)
class Case:
    """One row of the table.

    Attributes
    ----------
    name, title : str
        Name that selects the row, and the workload in words.
    action : str
        Key of `benchmarks.rows.WORKLOADS`.
    maker : str
        Key of `benchmarks.data.MAKERS`: how the pixels are made.
    count, size : int
        Number of stamps, chunks or HDUs, and the side of a stamp or the pixels of a chunk.
    target, target_1t : float or None
        Time of the best peer over ours that must be reached with 2 threads, and with one.
    scaling : tuple of float or None
        BSCALE and BZERO of a plain image; None: no such cards.
    cache_nbytes : int or None
        Size of the cache of decoded tiles, for libraries that can set it; None leaves the default of 32 MiB.
    peers : tuple of str
        The libraries that take part; `left_out` says why others that could take part do not.
    """

    name: str
    title: str
    action: str
    maker: str
    shape: tuple[int, ...]
    dtype: str
    compression: Compression | None = None
    tile_shape: tuple[int, ...] | None = None
    seed: int = 1
    count: int = 0
    size: int = 0
    target: float | None = None
    target_1t: float | None = None
    scaling: tuple[float, float] | None = None
    cache_nbytes: int | None = None
    peers: tuple[str, ...] = LIBRARIES
    left_out: dict[str, str] = field(default_factory=dict, hash=False)
    is_quick: bool = False


SKY = (4000, 4000)
SQUARE = (100, 100)
MAP = (64 * MI,)
DITHERED_RICE = Compression("RICE_1", level=16)
RICE, GZIP_2, HCOMPRESS, PLIO = (Compression(codec) for codec in ("RICE_1", "GZIP_2", "HCOMPRESS_1", "PLIO_1"))
NO_CACHE = {"astropy": "decodes the whole tile of 1 Mi pixels again for each chunk, which takes minutes"}


def _sky(name: str, title: str, action: str, compression: Compression | None, **rest) -> Case:
    """Row on the 4000 x 4000 sky, floating unless stated otherwise."""
    rest = {"maker": "sky", "dtype": "f4", "shape": SKY, "tile_shape": SQUARE if compression else None} | rest
    return Case(name, title, action, compression=compression, **rest)


def _counts(name: str, title: str, action: str, compression: Compression | None, **rest) -> Case:
    """Row on the same sky in whole numbers."""
    return _sky(name, title, action, compression, maker="counts", dtype="i4", **rest)


def _map(name: str, title: str, action: str, **rest) -> Case:
    """Row on the one-dimensional map of 512 MB."""
    rest = {"maker": "sparse", "compression": GZIP_2, "shape": MAP, "tile_shape": (MI,)} | rest
    return Case(name, title, action, dtype="f8", **rest)


_STAMPS = {"action": "stamps", "count": 1000, "size": 32}
_CHUNKS = {"action": "chunks", "size": 1000}

CASES = (
    _sky("R1", "read f4 RICE_1 dither2", "read", DITHERED_RICE, target=4.0, target_1t=2.0),
    _counts("R2", "read i4 RICE_1", "read", RICE, target=4.0, target_1t=2.0),
    _sky("R3", "read f4 GZIP_2 lossless", "read", GZIP_2, target=3.0, target_1t=1.5),
    _sky("R4", "read f4 GZIP_2 dither2", "read", Compression("GZIP_2", level=16), target=3.0, target_1t=1.5),
    _counts("R5", "read i4 HCOMPRESS_1", "read", HCOMPRESS, target=2.5, target_1t=1.3),
    Case("R6", "read i4 PLIO_1 mask", "read", "mask", (4032, 4096), "i4", PLIO, (1, 4096), target=2.5, target_1t=1.3),
    _map("R7", "read f8 GZIP_2 sparse map", "read", target=2.5, target_1t=1.3),
    _map("R8", "R7's map, chunks in order", count=8389, target=2.0, target_1t=1.5,
         peers=("rustfits", "fitsio"), left_out=NO_CACHE, **_CHUNKS),
    _map("R9", "read f8 GZIP_2 random", "read", maker="random", target=2.0, target_1t=1.2),
    _sky("M1", "R1 by 4 threads, a file each", "threads", DITHERED_RICE, count=4, target=4.0, target_1t=2.0),
    _sky("M2", "S1 by 4 threads, one file", "threaded stamps", DITHERED_RICE, count=1000, size=32, target=1.7),
    _sky("S1", "stamps of R1", compression=DITHERED_RICE, target=1.7, target_1t=1.7, **_STAMPS),
    _counts("S2", "stamps of R2", compression=RICE, target=1.7, target_1t=1.7, **_STAMPS),
    _sky("S3", "stamps, tiles 1000 x 1000", compression=DITHERED_RICE, tile_shape=(1000, 1000),
         cache_nbytes=128 * MI, target=2.0, target_1t=1.5, **_STAMPS),
    _map("S4", "R7's map, scattered chunks", "pieces", count=1000, size=1000, target=2.0, target_1t=1.3,
         peers=("rustfits", "fitsio"), left_out=NO_CACHE),
    _sky("W1", "write f4 RICE_1 dither2", "write", DITHERED_RICE, target=3.0, target_1t=1.5),
    _map("W2", "write f8 GZIP_2 sparse map", "write", target=1.2),
    _counts("W3", "write i4 RICE_1", "write", RICE, target=3.0, target_1t=1.5),
    _counts("W4", "write i4 HCOMPRESS_1", "write", HCOMPRESS, target=2.0, target_1t=1.0),
    _sky("W5", "pack 8 HDUs f4", "pack", None, shape=(2048, 4096), count=8, peers=TOOLS, target=3.0, target_1t=1.5),
    _sky("W6", "unpack W5's file", "unpack", None, shape=(2048, 4096), count=8, peers=TOOLS, target=3.0, target_1t=1.5),
    _map("E5", "add 100 keys to 1 GB, one by one", "add keys", compression=None, tile_shape=None, shape=(128 * MI,),
         count=100, target=0.7, peers=("rustfits", "fitsio"), left_out={"astropy": "writes all of them at the end"}),
    _sky("U1", "read plain f4", "read", None, target=1.2),
    _sky("U2", "stamps of U1", compression=None, target=1.2, **_STAMPS),
    _sky("U3", "write plain f4", "write", None, target=1.0),
    _map("U4", "plain f8, chunks in order", compression=None, tile_shape=None, count=8000, target=1.2, **_CHUNKS),
    _counts("U5", "read plain i4, scaled", "read", None, scaling=(0.1, 300.0), target=1.2),
    Case("O1", "open, walk 10,000 HDUs", "walk", "tiny", (8, 8), "i2", count=10_000, target=1.2),
    Case("O2", "find HDU_9998 by name", "find", "tiny", (8, 8), "i2", count=10_000, target=1.0),
)


def select(names: list[str]) -> list[Case]:
    """Rows with these names, or all; `ValueError` for a name that no row has."""
    known = {case.name: case for case in CASES}
    unknown = [name for name in names if name.upper() not in known]
    if unknown:
        raise ValueError(f"no row {', '.join(unknown)}; there are {' '.join(known)}")
    return [known[name.upper()] for name in names] if names else list(CASES)


def quick(case: Case) -> Case:
    """A small version of the row, which shows that every side runs and agrees, but is too small for timing."""
    if len(case.shape) == 1:
        tile = None if case.tile_shape is None else (4096,)
        return replace(case, shape=(64 * 1024,), tile_shape=tile, count=100, size=100, is_quick=True)
    shape = case.shape if case.maker == "tiny" else {SKY: (320, 320)}.get(case.shape, (96, 128))
    tile = {(1000, 1000): (160, 160), (1, 4096): (1, 128)}.get(case.tile_shape, case.tile_shape)
    counts = {"stamps": 20, "threaded stamps": 20, "pack": 2, "unpack": 2, "walk": 50, "find": 50, "threads": 2}
    return replace(case, shape=shape, tile_shape=tile, count=counts.get(case.action, 0), is_quick=True)
