/*
 * rf_grid.h - where the tiles of an image lie, in numpy axis order (the last axis is the fastest, on disk NAXIS1).
 */
#ifndef RF_GRID_H
#define RF_GRID_H

#include <stdbool.h>

#include "rf_tiles.h"

typedef struct {
    size_t ndim;
    const size_t *shape, *tile_shape; /* the caller's */
    size_t count[RF_MAX_NDIM];        /* tiles along each axis */
    size_t ntiles;
    size_t max_npix;                  /* of any tile */
} rf_grid;

/* One tile: its first pixel, its actual extents (edge tiles are smaller). */
typedef struct {
    size_t origin[RF_MAX_NDIM], extent[RF_MAX_NDIM];
    size_t npix;
    size_t nx, ny; /* as the noise estimate and HCOMPRESS see it: the fastest axis longer than 1, and the rest */
} rf_tile;

/* RF_EARGUMENT: a zero tile axis, too many axes, or sizes whose product overflows or whose tiles reach 2^31 pixels. */
int rf_grid_make(rf_grid *grid, size_t ndim, const size_t *shape, const size_t *tile_shape);

/* Tile `row` (0-based); RF_EARGUMENT if there is none. */
int rf_grid_tile(const rf_grid *grid, int64_t row, rf_tile *tile);

/* Nested loops over two arrays at once, innermost axis first; strides in whatever unit both sides were given. */
typedef struct {
    size_t ndim;
    size_t n[RF_MAX_NDIM];
    ptrdiff_t a[RF_MAX_NDIM], b[RF_MAX_NDIM];
} rf_loops;

/* Add the next axis outwards; it melts into the last one where both sides allow. */
void rf_loops_add(rf_loops *loops, size_t n, ptrdiff_t a, ptrdiff_t b);

/* Step the outer axes (all but axis 0): index is their counter, at_a and at_b the offsets. False after the last. */
bool rf_loops_next(const rf_loops *loops, size_t *index, ptrdiff_t *at_a, ptrdiff_t *at_b);

#endif
