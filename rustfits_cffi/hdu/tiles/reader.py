"""Reads sections of one compressed image: from the tile cache where that is faster, else straight from the file.

A reader keeps all that is known about the image, computed once; it is discarded when the header changes.
"""

from __future__ import annotations

import math

import numpy as np

from rustfits_cffi import threads
from rustfits_cffi.directory import Directory
from rustfits_cffi.errors import FITSError, FITSFormatError, TileError
from rustfits_cffi.format.compression import CompressedLayout
from rustfits_cffi.format.plausibility import PLAUSIBLE_BASE_NBYTES, is_plausible
from rustfits_cffi.format.scaling import PixelType
from rustfits_cffi.format.selection import Selection, select, select_box
from rustfits_cffi.hdu.tiles.cache import TileCache
from rustfits_cffi.hdu.tiles.store import TileStore
from rustfits_cffi.native.pool import new_array
from rustfits_cffi.native.tile_codec import TileCodec
from rustfits_cffi.native.tile_coding import DITHER_NUMBERS, Coder, TileCoding
from rustfits_cffi.native.tile_sections import TileSections

_ONE_THREAD_NPIX = 1 << 14  # up to this size, starting threads costs more than decoding
_MOST_CACHED_TILES = 16  # a section of more tiles is decoded on all cores, uncached
_COSTLY_NPIX = 1 << 16  # a tile of this size takes so long to decode that it is kept at once
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
        Emptied here, as its tiles may date from before a change of the header.

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
        self._kind = kind
        self._grid = layout.grid
        self._unreadable = None
        if kind.bitpix < 0 and layout.quantize_method is None and not layout.holds_floats:
            self._unreadable = f"float pixels that are not quantized, in {layout.codec} tiles, which hold integers only"
        codec = _tile_codec(layout, kind, f"{directory.handle.path}, HDU {index}")
        self._store = TileStore(directory, index, layout)
        tiles = (codec, self._store.table, self._handle)
        self._stored = TileSections(*tiles, "stored")
        self._physical = TileSections(
            *tiles, kind.out, bscale=kind.scaling.bscale, bzero=kind.scaling.bzero
        )
        self._largest_npix = layout.grid.max_npix
        self._is_suspect = self._store.table.nbad > 0 or self._largest_npix > _TRUSTED_NPIX
        self._tile_nbytes = self._largest_npix * kind.scaled.itemsize
        self._image_nbytes = math.prod(layout.shape) * kind.scaled.itemsize
        self._visits: dict[int, int] = {}
        self._last_decoded = -2  # no tile, nor the one before the first
        self._cache = cache
        cache.clear()
        self.shape = layout.shape
        self._line_tile = layout.tile_shape[0]

    def read(self, selection: Selection, *, scale: bool) -> np.ndarray:
        """Pixels of a non-empty selection, without dropping axes.

        Raises
        ------
        TileError
            If a tile is missing or corrupt; the message names file, HDU and tile.
        FITSFormatError
            If the declared size cannot be true.
        OSError
            If the file is closed or cannot be read.
        """
        self._handle.held()  # a closed file cannot be read, not even from the cache
        if self._is_suspect or selection.size > _TRUSTED_NPIX:
            self._check(selection)
        if not scale:
            return self._decode(selection, self._stored)
        whole = self._cache.whole
        if whole is not None:
            return whole[selection.slices].copy()
        if selection.is_whole:
            return self._read_whole(selection)
        if self._keeps_tiles_of(selection):
            only = self._grid.only_tile(selection)
            if only is not None:
                number, inside = only
                return self._tile(number)[inside].copy()
            numbers = self._grid.few_tiles(selection, _MOST_CACHED_TILES)
            if numbers is not None and self._fetch(selection, numbers):
                return self._join(selection, numbers)
        return self._decode(selection, self._physical)

    def read_line(self, first: int, count: int) -> np.ndarray:
        """Consecutive pixels of a one-dimensional image, scaled."""
        whole = self._cache.whole
        if whole is not None:
            self._handle.held()
            return whole[first : first + count].copy()
        number, start = divmod(first, self._line_tile)
        stop = start + count
        if stop <= self._line_tile:  # time lines and sky maps are read in many short pieces: every step counts
            tile = self._cache.get(number)
            if tile is not None:
                self._handle.held()
                return tile[start:stop].copy()
        return self.read(select(slice(first, first + count), self.shape), scale=True)

    def read_box(self, y: int, x: int, ny: int, nx: int) -> np.ndarray:
        """A cut-out: adjacent rows and columns of a two-dimensional image, scaled."""
        return self.read(select_box(self.shape, y, x, ny, nx), scale=True)

    def blank_mask(self, stored: np.ndarray, selection: Selection) -> np.ndarray | np.bool_:
        """Mask of the undefined integers of a selection; each tile may have its own ZBLANK."""
        blanks = self._store.blanks
        if blanks is None:
            return self._kind.blank_mask(stored)
        mask = np.zeros(stored.shape, bool)
        for number in self._grid.tiles_touched(selection).tolist():
            _, outside = self._grid.overlap(number, selection)
            mask[outside] = stored[outside] == blanks[number]
        return mask

    # -- whole tiles, with the cache ----------------------------------------------------------------------------------

    def _keeps_tiles_of(self, selection: Selection) -> bool:
        """Whether a section is taken from whole tiles in the cache.

        For a small tile of a large image it is cheaper to decode the needed part a few times than to keep it in vain.
        """
        capacity = self._cache.capacity
        if self._tile_nbytes > capacity:
            return False
        if self._largest_npix >= _COSTLY_NPIX or self._image_nbytes <= capacity:
            return True
        return self._is_visited_often(self._grid.tile_at(selection.start))

    def _is_visited_often(self, tile: int) -> bool:
        """Whether enough sections began in the same tile to keep its pixels after all."""
        visits = self._visits.get(tile, 0) + 1
        if len(self._visits) >= _MOST_REMEMBERED:
            self._visits.clear()
        self._visits[tile] = visits
        return visits > _OFTEN

    def _tile(self, number: int) -> np.ndarray:
        """A whole tile, from the cache or decoded into it."""
        tile = self._cache.get(number)
        if tile is None and number == self._last_decoded + 1:
            tile = self._decode_ahead(number)
        if tile is None:
            tile = self._decode_to_keep(self._grid.slices(number))
            self._cache.put(number, tile)
            self._last_decoded = number
        return tile

    def _decode_ahead(self, number: int) -> np.ndarray | None:
        """A tile of a line that is read tile after tile, decoded together with the next ones, each on its own core.

        None if that is not possible.
        """
        if len(self.shape) != 1 or self._is_suspect:
            return None
        most = self._cache.capacity // (2 * self._tile_nbytes)
        ntiles = min(threads.get_num_threads(), most, self._grid.ntiles - number)
        if ntiles < 2:
            return None
        length, first = self._line_tile, number * self._line_tile
        try:
            pixels = self._decode_to_keep((slice(first, first + ntiles * length),))
        except FITSError:
            return None  # the bad tile may be one that was not requested
        tiles = {number + i: pixels[i * length : (i + 1) * length] for i in range(ntiles)}
        self._cache.put_together(tiles, pixels.nbytes)
        self._last_decoded = number + ntiles - 1
        return pixels[:length]

    def _fetch(self, selection: Selection, numbers: list[int]) -> bool:
        """Bring the missing tiles of a section into the cache, on all cores.

        False if reading straight from the file is better: the section needs most pixels of tiles that would fill most
        of the cache, where other tiles may still be needed.
        """
        missing = [number for number in numbers if self._cache.get(number) is None]
        box = self._grid.box(missing) if len(missing) > 1 and not self._is_suspect else None
        if box is None:
            return True
        nbytes = math.prod(part.stop - part.start for part in box) * self._physical.dtype.itemsize
        if 2 * nbytes > self._cache.capacity:
            return 2 * selection.size * self._physical.dtype.itemsize < nbytes
        pixels = self._decode_to_keep(box)
        tiles = {number: pixels[_within(self._grid.slices(number), box)] for number in missing}
        self._cache.put_together(tiles, pixels.nbytes)
        return True

    def _join(self, selection: Selection, numbers: list[int]) -> np.ndarray:
        """A section assembled from whole tiles."""
        result = new_array(selection.count, self._physical.dtype)
        for number in numbers:
            inside, outside = self._grid.overlap(number, selection)
            result[outside] = self._tile(number)[inside]
        return result

    def _read_whole(self, selection: Selection) -> np.ndarray:
        """The whole image, decoded on all cores; a copy is kept if it fits the cache."""
        pixels = self._decode(selection, self._physical)
        if pixels.nbytes <= self._cache.capacity:
            kept = new_array(pixels.shape, pixels.dtype)
            np.copyto(kept, pixels)
            self._cache.put_whole(kept)
        return pixels

    # -- straight from the file ---------------------------------------------------------------------------------------

    def _decode(self, selection: Selection, sections: TileSections) -> np.ndarray:
        return self._fill(selection, sections, new_array(selection.count, sections.dtype))

    def _decode_to_keep(self, slices: tuple[slice, ...]) -> np.ndarray:
        wanted = select(slices, self.shape)
        return self._fill(wanted, self._physical, new_array(wanted.count, self._physical.dtype))

    def _fill(self, selection: Selection, sections: TileSections, result: np.ndarray) -> np.ndarray:
        start, count, step = selection.start, selection.count, selection.step
        try:
            if result.size <= _ONE_THREAD_NPIX:
                sections.read(start, count, step, result, 1)
            else:
                with threads.lend() as nthreads:
                    sections.read(start, count, step, result, nthreads)
        except TileError as error:
            if error.tile is not None and self._store.table.is_bad(error.tile):
                raise self._store.error(error.tile) from None
            raise TileError(error.reason, file=self._handle.path, hdu=self._index, tile=error.tile) from None
        except FITSFormatError as error:
            raise FITSFormatError(f"{self._handle.path}, HDU {self._index}: {self._unreadable or error}") from None
        return result

    def _check(self, selection: Selection) -> None:
        """Refuse missing tiles, and sizes too large for the coded bytes, before memory is allocated."""
        nbytes = max(selection.size, self._largest_npix) * _WIDEST_PIXEL_NBYTES
        tiles = self._grid.tiles_touched(selection)
        self._store.require(tiles)
        coded_nbytes = self._store.coded_nbytes(tiles)
        if not self._trust_sizes and not is_plausible(nbytes, coded_nbytes):
            raise FITSFormatError(
                f"{self._handle.path}, HDU {self._index}: the header declares {self._grid.shape} pixels in tiles of "
                f"{self._grid.tile_shape}, but the tiles needed have {coded_nbytes} bytes; open with trust_sizes=True "
                "to believe it"
            )


def _within(part: tuple[slice, ...], box: tuple[slice, ...]) -> tuple[slice, ...]:
    """A part of a box, relative to the start of the box."""
    return tuple(slice(a.start - b.start, a.stop - b.start) for a, b in zip(part, box, strict=True))


def _tile_codec(layout: CompressedLayout, kind: PixelType, where: str) -> TileCodec:
    """The tile engine, set up for an image in a file."""
    if layout.codec is None:
        raise FITSFormatError(f"{where}: ZCMPTYPE = {layout.zcmptype!r} is not a codec that can be decoded")
    unsigned = kind.is_unsigned_trick
    coding = TileCoding(
        shape=layout.shape,
        tile_shape=layout.tile_shape,
        bitpix=layout.zbitpix,
        coder=Coder.of_image(
            layout.codec, layout.zbitpix, unsigned=unsigned, quantized=layout.is_quantized, **layout.parameters
        ),
        unsigned=unsigned,
        quantized=layout.is_quantized,
        dither=DITHER_NUMBERS[layout.quantize_method or "no_dither"],
        seed=layout.seed,
    )
    return TileCodec(coding)
