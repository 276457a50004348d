/*
 * rf_grid.h - where the tiles of an image lie, in numpy axis order (the last axis is the fastest, on disk NAXIS1).
 */
#ifndef RF_GRID_H
#define RF_GRID_H

#include <stdbool.h>

#include "codecs/rf_codec.h"

typedef struct {
    size_t ndim;
    const size_t *shape, *tile_shape; /* the caller's */
    size_t count[RF_MAX_NDIM];        /* tiles along each axis */
    size_t ntiles;
    size_t max_npix;                  /* of any tile */
} rf_grid;

/* One tile: its first pixel, its own shape (edge tiles are smaller). */
typedef struct {
    size_t origin[RF_MAX_NDIM], shape[RF_MAX_NDIM];
    rf_extent extent; /* the view of the noise estimate and HCOMPRESS: the fastest axis longer than 1, and the rest */
} rf_tile;

/*
 * rf_grid_make - the grid of an image's tiles.
 * Memory:  shape and tile_shape stay the caller's and are kept by the grid.
 * Sizes:   ndim numbers each.
 * Result:  RF_OK; RF_EARGUMENT: a zero tile axis, too many axes, or sizes whose product overflows or whose
 *          tiles reach 2^31 pixels.
 * Threads: pure.
 */
int rf_grid_make(rf_grid *grid, size_t ndim, const size_t *shape, const size_t *tile_shape);

/*
 * rf_grid_tile - position and size of one tile.
 * Memory:  only *tile is written.
 * Sizes:   row counts from 0.
 * Result:  RF_OK; RF_EARGUMENT if there is no such tile.
 * Threads: pure.
 */
int rf_grid_tile(const rf_grid *grid, int64_t row, rf_tile *tile);

/* Nested loops over two arrays at once, innermost axis first; strides are in the units given for each side. */
typedef struct {
    size_t ndim;
    size_t n[RF_MAX_NDIM];
    ptrdiff_t a[RF_MAX_NDIM], b[RF_MAX_NDIM];
} rf_loops;

/*
 * rf_loops_add - add the next outer axis; it is joined to the last one where both sides allow.
 * Memory:  only *loops is written.
 * Sizes:   n steps, a and b apart; at most RF_MAX_NDIM axes.
 * Result:  none.
 * Threads: pure.
 */
void rf_loops_add(rf_loops *loops, size_t n, ptrdiff_t a, ptrdiff_t b);

/*
 * rf_loops_next - step the outer axes (all but axis 0).
 * Memory:  index (their counter, zeroed at first), *at_a and *at_b (the offsets) are the caller's.
 * Sizes:   index has RF_MAX_NDIM numbers.
 * Result:  false after the last step.
 * Threads: pure.
 */
bool rf_loops_next(const rf_loops *loops, size_t *index, ptrdiff_t *at_a, ptrdiff_t *at_b);

#endif
