/* Where the tiles of an image lie. */
#include "tiles/rf_grid.h"

#include <string.h>

#include "base/rf_bytes.h"

int rf_grid_make(rf_grid *grid, size_t ndim, const size_t *shape, const size_t *tile_shape)
{
    if (ndim == 0 || ndim > RF_MAX_NDIM) return RF_EARGUMENT;
    *grid = (rf_grid){.ndim = ndim, .shape = shape, .tile_shape = tile_shape, .ntiles = 1, .max_npix = 1};
    for (size_t i = 0; i < ndim; i++) {
        if (tile_shape[i] == 0) return RF_EARGUMENT;
        grid->count[i] = shape[i] ? (shape[i] - 1) / tile_shape[i] + 1 : 0;
        size_t extent = tile_shape[i] < shape[i] ? tile_shape[i] : shape[i];
        if (!rf_multiply(grid->ntiles, grid->count[i], &grid->ntiles)) return RF_EARGUMENT;
        if (!rf_multiply(grid->max_npix, extent, &grid->max_npix)) return RF_EARGUMENT;
    }
    return grid->max_npix > INT32_MAX ? RF_EARGUMENT : RF_OK;
}

int rf_grid_tile(const rf_grid *grid, int64_t row, rf_tile *tile)
{
    if (row < 0 || (uint64_t)row >= grid->ntiles) return RF_EARGUMENT;
    size_t rest = (size_t)row, nx = 0, ny = 1;
    tile->extent.n = 1;
    for (size_t i = grid->ndim; i-- > 0;) {
        tile->origin[i] = rest % grid->count[i] * grid->tile_shape[i];
        rest /= grid->count[i];
        size_t left = grid->shape[i] - tile->origin[i];
        size_t length = grid->tile_shape[i] < left ? grid->tile_shape[i] : left;
        tile->shape[i] = length;
        tile->extent.n *= length;
        if (length > 1) {
            if (nx == 0) nx = length; else ny *= length;
        }
    }
    tile->extent.nx = nx ? nx : 1;
    tile->extent.ny = ny;
    return RF_OK;
}

void rf_loops_add(rf_loops *loops, size_t n, ptrdiff_t a, ptrdiff_t b)
{
    if (n == 1 && loops->ndim) return;
    if (loops->ndim) {
        size_t last = loops->ndim - 1;
        if (loops->n[last] == 1) {
            loops->ndim = last; /* an axis of one was only a placeholder */
        } else if (a == (ptrdiff_t)loops->n[last] * loops->a[last] && b == (ptrdiff_t)loops->n[last] * loops->b[last]) {
            loops->n[last] *= n;
            return;
        }
    }
    loops->n[loops->ndim] = n;
    loops->a[loops->ndim] = a;
    loops->b[loops->ndim++] = b;
}

bool rf_loops_next(const rf_loops *loops, size_t *index, ptrdiff_t *at_a, ptrdiff_t *at_b)
{
    for (size_t i = 1; i < loops->ndim; i++) {
        *at_a += loops->a[i];
        *at_b += loops->b[i];
        if (++index[i] < loops->n[i]) return true;
        *at_a -= (ptrdiff_t)loops->n[i] * loops->a[i];
        *at_b -= (ptrdiff_t)loops->n[i] * loops->b[i];
        index[i] = 0;
    }
    return false;
}
