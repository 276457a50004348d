/*
 * rf_hquad.h - what both directions of the HCOMPRESS coder share: scratch, and the grids of a quadrant's bit planes.
 *
 * The coefficients of a quadrant are coded plane by plane. Cell k of grid 0 is a 2 x 2 block of coefficients; its
 * nybble in a plane is (0,0) (0,1) (1,0) (1,1), first one highest. Cell k of grid n + 1 is a 2 x 2 block of cells of
 * grid n, whose nybble says which of those are not zero. The last grid is one cell.
 *
 * Eight planes are processed at a time: grid 0 then holds a byte of each coefficient, in four arrays for the four
 * corners of a block, so that joining and splitting the nybbles of a plane runs over plain byte arrays.
 */
#ifndef RF_HQUAD_H
#define RF_HQUAD_H

#include "base/rf_bytes.h"

enum {
    HC_MAX_GRIDS = 32,  /* sides are below 2^31 */
    HC_HEADER_NBYTES = 25, /* magic 2, rows 4, columns 4, scale 4, sum 8, bit planes 3 */
    HC_PAD = 32         /* arrays of bytes are followed by this many spare ones */
};

typedef struct {
    size_t rows, cols, count; /* cells */
    uint8_t *corner[4];        /* encoding: a byte of the coefficients upper left, upper right, lower left and right */
    uint8_t *packed;          /* encoding: the nybbles of a plane, two per byte, zeros after them */
} hc_grid;

typedef struct {
    size_t nx, ny;
    void *coefficients;       /* nx * ny of 8 bytes */
    void *copy;               /* the same again */
    void *means[2];           /* a quarter of that each: the means of a pass, alternating */
    uint8_t *bytes;           /* the arrays of the grids */
} hc_scratch;

static inline size_t hc_half(size_t n) { return n / 2 + (n & 1); }

/* Bytes of the arrays for a quadrant of `rows` x `cols`: corner, packed and the cells' own bytes of every grid. */
static inline size_t hc_grids_nbytes(size_t rows, size_t cols)
{
    size_t total = 0;
    do {
        rows = hc_half(rows);
        cols = hc_half(cols);
        total += 6 * (rows * cols + HC_PAD);
    } while (rows > 1 || cols > 1);
    return total;
}

/* Sides must fit the 31 bits of the header, and scratch a size_t. */
static inline bool hc_is_size(size_t nx, size_t ny)
{
    size_t npix;
    return nx > 0 && ny > 0 && nx <= INT32_MAX && ny <= INT32_MAX && rf_multiply(nx, ny, &npix) &&
           npix <= SIZE_MAX / 128;
}

static inline size_t hc_align(size_t nbytes) { return (nbytes + 63) & ~(size_t)63; }
static inline size_t hc_pixels_nbytes(size_t nx, size_t ny) { return hc_align(8 * nx * ny); }
static inline size_t hc_means_nbytes(size_t nx, size_t ny) { return hc_align(8 * hc_half(nx) * hc_half(ny)); }

static inline size_t hc_scratch_nbytes(size_t nx, size_t ny)
{
    return 64 + 2 * hc_pixels_nbytes(nx, ny) + 2 * hc_means_nbytes(nx, ny) + hc_grids_nbytes(hc_half(ny), hc_half(nx));
}

static inline hc_scratch hc_cut_scratch(size_t nx, size_t ny, void *scratch)
{
    uint8_t *start = (uint8_t *)hc_align((uintptr_t)scratch);
    uint8_t *means = start + 2 * hc_pixels_nbytes(nx, ny);
    return (hc_scratch){
        .nx = nx,
        .ny = ny,
        .coefficients = start,
        .copy = start + hc_pixels_nbytes(nx, ny),
        .means = {means, means + hc_means_nbytes(nx, ny)},
        .bytes = means + 2 * hc_means_nbytes(nx, ny),
    };
}

/* Rows and columns of quadrant q: 0 upper left, 1 upper right, 2 lower left, 3 lower right. */
static inline size_t hc_quadrant_rows(size_t ny, int q) { return q < 2 ? hc_half(ny) : ny / 2; }
static inline size_t hc_quadrant_cols(size_t nx, int q) { return q & 1 ? nx / 2 : hc_half(nx); }
static inline size_t hc_quadrant_start(size_t nx, size_t ny, int q)
{
    return (q < 2 ? 0 : hc_half(ny) * nx) + (q & 1 ? hc_half(nx) : 0);
}

/* Index of a quadrant's entry in the three numbers of bit planes. */
static inline int hc_quadrant_planes(int q) { return q == 0 ? 0 : q == 3 ? 2 : 1; }

/* Passes of the transform: each halves both sides, rounding up, until one coefficient is left. */
static inline unsigned hc_npasses(size_t nx, size_t ny)
{
    size_t most = nx > ny ? nx : ny;
    unsigned npasses = 0;
    while (((size_t)1 << npasses) < most) npasses++;
    return npasses;
}

#endif
