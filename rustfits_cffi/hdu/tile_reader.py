"""Reads sections of one compressed image: from the tile cache where it pays, else straight from the file.

A reader holds all that is known about the image, worked out once; it is thrown away when the header changes.
"""

from __future__ import annotations

import math

import numpy as np

from rustfits_cffi import threads
from rustfits_cffi.directory import Directory
from rustfits_cffi.errors import FITSFormatError, TileError
from rustfits_cffi.format.compression import CompressedLayout
from rustfits_cffi.format.plausibility import PLAUSIBLE_BASE_NBYTES, is_plausible
from rustfits_cffi.format.scaling import PixelType
from rustfits_cffi.format.selection import Selection, select
from rustfits_cffi.hdu.tile_cache import TileCache, tile_memory
from rustfits_cffi.hdu.tile_store import TileStore
from rustfits_cffi.native.codecs import TileCodec
from rustfits_cffi.native.coding import DITHER_NUMBERS, TileCoding

_FLOAT_CODECS = ("GZIP_1", "GZIP_2", "NOCOMPRESS")
_ONE_THREAD_NPIX = 1 << 14  # starting threads costs more than decoding so few pixels
_MOST_CACHED_TILES = 16  # a section of more tiles is decoded on all cores at once
_COSTLY_NPIX = 1 << 16  # a tile that takes so long to decode that it is kept at once
_OFTEN = 6  # visits after which a small tile is kept
_MOST_REMEMBERED = 1 << 16  # tiles whose visits are counted
_WIDEST_PIXEL_NBYTES = 8
_TRUSTED_NPIX = PLAUSIBLE_BASE_NBYTES // _WIDEST_PIXEL_NBYTES


class TileReader:
    """Reads sections of a compressed image.

    Parameters
    ----------
    directory : Directory
    index : int
        0-based number of the HDU.
    layout : CompressedLayout
    kind : PixelType
    cache : TileCache
        Emptied here: it may hold tiles as they were before the header changed.

    Raises
    ------
    FITSFormatError
        If the codec is unknown.
    TruncatedError
        If the file ends within the table of tiles.
    """

    def __init__(
        self, directory: Directory, index: int, layout: CompressedLayout, kind: PixelType, cache: TileCache
    ) -> None:
        self._handle = directory.handle
        self._trust_sizes = directory.trust_sizes
        self._index = index
        self._grid = layout.grid
        self._kind = kind
        self._codec = _tile_codec(layout, kind, f"{directory.handle.path}, HDU {index}")
        self._unreadable = None
        if kind.bitpix < 0 and layout.quantize_method is None and layout.codec not in _FLOAT_CODECS:
            self._unreadable = f"float pixels that are not quantized, in {layout.codec} tiles, which hold integers only"
        self._store = TileStore(directory, index, layout)
        self._largest_npix = layout.grid.max_npix
        itemsize = kind.scaled.itemsize
        self._tile_nbytes = self._largest_npix * itemsize
        self._image_nbytes = math.prod(layout.shape) * itemsize
        self._visits: dict[int, int] = {}
        self._scaled_out = "double" if kind.is_general else "unsigned"
        self._cache = cache
        cache.clear()
        self.shape = layout.shape
        self.line_length = layout.shape[0] if len(layout.shape) == 1 else None
        self._line_tile = layout.tile_shape[0]
        self._last_line_tile = -2  # none, nor the one before the first

    def read(self, selection: Selection, *, scale: bool) -> np.ndarray:
        """Pixels of a selection that is not empty, every axis kept.

        Raises
        ------
        TileError
            If a tile is missing or corrupt; names file, HDU and tile.
        FITSFormatError
            If the declared size cannot be true.
        OSError
            If the file is closed or cannot be read.
        """
        with self._handle.reading() as fd:
            if self._store.has_bad or selection.size > _TRUSTED_NPIX or self._largest_npix > _TRUSTED_NPIX:
                self._check(selection)
            if not scale:
                return self._decode(fd, selection, self._kind.stored, "stored")
            if self._keeps_at_once or self._is_visited_often(selection):
                numbers = self._grid.few_tiles(selection, _MOST_CACHED_TILES)
                if numbers is not None:
                    return self._read_few(fd, selection, numbers)
            pixels = self._decode(fd, selection, self._kind.scaled, self._scaled_out)
            if selection.is_whole and pixels.nbytes <= self._cache.capacity - self._cache.used:
                self._keep_all(pixels)
            return pixels

    def blank_mask(self, stored: np.ndarray, selection: Selection) -> np.ndarray:
        """Where integers of a selection are undefined, if each tile has a ZBLANK of its own."""
        mask = np.zeros(stored.shape, bool)
        for number in self._grid.tiles_touched(selection).tolist():
            _, outside = self._grid.overlap(number, selection)
            mask[outside] = stored[outside] == self._store.blanks[number]
        return mask

    def read_line(self, first: int, count: int) -> np.ndarray:
        """Consecutive pixels of a one-dimensional image in a file that cannot change, scaled."""
        number, start = divmod(first, self._line_tile)
        tile = self._line_tile_pixels(number)
        if tile is not None:
            self._handle.held()  # a closed file is not read, not even from memory
            rest = start + count - self._line_tile
            if rest <= 0:
                return tile[start : start + count].copy()
            following = self._line_tile_pixels(number + 1) if rest <= self._line_tile else None
            if following is not None:
                return np.concatenate((tile[start:], following[:rest]))
        return self.read(select(slice(first, first + count), self._grid.shape), scale=True)

    def _line_tile_pixels(self, number: int) -> np.ndarray | None:
        """A tile of a one-dimensional image, None if it is not one to be kept in the cache."""
        tile = self._cache.get(number)
        return self._load_line_tile(number) if tile is None else tile

    def _load_line_tile(self, number: int) -> np.ndarray | None:
        """Decode a tile of a one-dimensional image into the cache, None if it is not wanted there.

        Who reads tile after tile gets the next one decoded at the same time on another core.
        """
        length = self._grid.shape[0]
        tile_nbytes = self._line_tile * self._kind.scaled.itemsize
        if not self._keeps_at_once:
            return None
        in_order, self._last_line_tile = number == self._last_line_tile + 1, number
        ahead = in_order and 4 * tile_nbytes <= self._cache.capacity and threads.get_num_threads() > 1
        first = number * self._line_tile
        wanted = select(slice(first, first + (1 + ahead) * self._line_tile), self._grid.shape)
        with self._handle.reading() as fd:
            self._check(wanted)
            pixels = self._decode_to_keep(fd, wanted)
        self._cache.put(number, pixels[: self._line_tile])
        if ahead and first + self._line_tile < length:
            self._cache.put(number + 1, pixels[self._line_tile :])
            self._last_line_tile = number + 1
        return pixels[: self._line_tile]

    @property
    def _keeps_at_once(self) -> bool:
        """Whether tiles are kept the first time they are read.

        A small tile of a large image is cheaper to decode a few times, and only as far as wanted, than to keep for
        nothing.
        """
        capacity = self._cache.capacity
        if self._largest_npix >= _COSTLY_NPIX:
            return self._tile_nbytes <= capacity
        return self._image_nbytes <= capacity

    def _is_visited_often(self, selection: Selection) -> bool:
        """Whether so many sections began in the same tile that its pixels should be kept after all."""
        if not self._cache.capacity:
            return False
        tile = self._grid.tile_at(selection.start)
        visits = self._visits.get(tile, 0) + 1
        if len(self._visits) >= _MOST_REMEMBERED:
            self._visits.clear()
        self._visits[tile] = visits
        return visits > _OFTEN

    # -- a few tiles, with the cache ----------------------------------------------------------------------------------

    def _read_few(self, fd: int, selection: Selection, numbers: list[int]) -> np.ndarray:
        """A section of a few tiles: those that are cached, or should be, are copied from their whole tiles."""
        cache, grid = self._cache, self._grid
        tiles = [cache.get(number) for number in numbers]
        if self._tile_nbytes <= cache.capacity:
            for i, number in enumerate(numbers):
                if tiles[i] is None:
                    tiles[i] = self._decode_tile(fd, number)
                    cache.put(number, tiles[i])
        if len(tiles) == 1 and tiles[0] is not None:
            return tiles[0][self._within_tile(selection)].copy()
        if all(tile is None for tile in tiles):
            return self._decode(fd, selection, self._kind.scaled, self._scaled_out)
        result = np.empty(selection.count, self._kind.scaled)
        for number, tile in zip(numbers, tiles, strict=True):
            inside, outside = grid.overlap(number, selection)
            if tile is None:
                part = _part(selection, outside)
                result[outside] = self._decode(fd, part, self._kind.scaled, self._scaled_out)
            else:
                result[outside] = tile[inside]
        return result

    def _within_tile(self, selection: Selection) -> tuple[slice, ...]:
        """Where a selection that touches one tile lies in it."""
        axes = zip(selection.start, selection.count, selection.step, self._grid.tile_shape, strict=True)
        return tuple([slice(a % tile, a % tile + (n - 1) * step + 1, step) for a, n, step, tile in axes])

    def _decode_tile(self, fd: int, number: int) -> np.ndarray:
        whole = select(self._grid.slices(number), self._grid.shape)
        return self._decode_to_keep(fd, whole)

    def _keep_all(self, pixels: np.ndarray) -> None:
        """Put every tile of a whole image that fits into the cache."""
        for number in range(self._grid.ntiles):
            self._cache.put(number, pixels[self._grid.slices(number)].copy())

    # -- straight from the file ---------------------------------------------------------------------------------------

    def _decode_to_keep(self, fd: int, selection: Selection) -> np.ndarray:
        return self._fill(fd, selection, tile_memory(selection.count, self._kind.scaled), self._scaled_out)

    def _decode(self, fd: int, selection: Selection, dtype: np.dtype, out: str) -> np.ndarray:
        return self._fill(fd, selection, np.empty(selection.count, dtype), out)

    def _fill(self, fd: int, selection: Selection, result: np.ndarray, out: str) -> np.ndarray:
        if result.size <= _ONE_THREAD_NPIX:
            self._decode_into(fd, selection, result, out, 1)
        else:
            with threads.lend() as nthreads:
                self._decode_into(fd, selection, result, out, nthreads)
        return result

    def _decode_into(self, fd: int, selection: Selection, result: np.ndarray, out: str, nthreads: int) -> None:
        scaling = self._kind.scaling
        try:
            self._codec.read(
                fd,
                self._store.table,
                selection.start,
                selection.count,
                selection.step,
                result,
                out=out,
                bscale=scaling.bscale,
                bzero=scaling.bzero,
                nthreads=nthreads,
            )
        except TileError as error:
            raise TileError(error.reason, file=self._handle.path, hdu=self._index, tile=error.tile) from None
        except FITSFormatError as error:
            raise FITSFormatError(f"{self._handle.path}, HDU {self._index}: {self._unreadable or error}") from None

    def _check(self, selection: Selection) -> None:
        """Refuse tiles that are not there, and sizes that so few coded bytes cannot mean, before memory is taken."""
        nbytes = max(selection.size, self._largest_npix) * _WIDEST_PIXEL_NBYTES
        tiles = self._grid.tiles_touched(selection)
        self._store.require(tiles)
        coded_nbytes = self._store.coded_nbytes(tiles)
        if not self._trust_sizes and not is_plausible(nbytes, coded_nbytes):
            raise FITSFormatError(
                f"{self._handle.path}, HDU {self._index}: the header declares {self._grid.shape} pixels in tiles of "
                f"{self._grid.tile_shape}, but the tiles wanted have {coded_nbytes} bytes; open with trust_sizes=True "
                "to believe it"
            )


def _tile_codec(layout: CompressedLayout, kind: PixelType, where: str) -> TileCodec:
    """The tile engine set up for an image in a file."""
    if layout.codec is None:
        raise FITSFormatError(f"{where}: ZCMPTYPE = {layout.zcmptype!r} is no codec that can be decoded")
    coding = TileCoding(
        shape=layout.shape,
        tile_shape=layout.tile_shape,
        bitpix=layout.zbitpix,
        codec=layout.codec,
        unsigned=kind.is_unsigned_trick,
        quantized=layout.is_quantized,
        dither=DITHER_NUMBERS[layout.quantize_method or "no_dither"],
        seed=layout.seed,
        rice_block=layout.rice_blocksize,
        rice_bytepix=layout.rice_bytepix,
        hcompress_smooth=int(layout.hcompress_smooth),
    )
    try:
        return TileCodec(coding)
    except FITSFormatError:
        pixels = "quantized floats" if layout.is_quantized else f"pixels of ZBITPIX = {layout.zbitpix}"
        raise FITSFormatError(f"{where}: {layout.codec} cannot hold {pixels} in tiles of {layout.tile_shape}") from None


def _part(selection: Selection, outside: tuple[slice, ...]) -> Selection:
    """The part of a selection that lands in some block of its result."""
    places = zip(selection.start, outside, selection.step, strict=True)
    start = tuple(a + block.start * step for a, block, step in places)
    count = tuple(block.stop - block.start for block in outside)
    return Selection(selection.shape, start, selection.step, count, count)
