/*
 * rf_scaling.h - how the integers of one tile represent its floats; shared by quantizing, decoding and encoding.
 */
#ifndef RF_SCALING_H
#define RF_SCALING_H

#include "pixels/rf_dither.h"

/* cffi: begin */
typedef struct {
    double scale, zero;   /* value = integer * scale + zero */
    int method;           /* 0 no dither, 1, 2 */
    int64_t irow;         /* dither row: 1-based tile number + ZDITHER0 - 1 */
    const float *randoms; /* as filled by rf_randoms_fill; not read without dither */
} rf_scaling;

/*
 * rf_unscale - integers number first .. first + n - 1 of a tile to floats (width 4) or doubles (8).
 * Memory:  values and out point at number first; they do not overlap. The random numbers continue at the position of
 *          *dither, so that a tile can be processed in pieces; it is not read without dither.
 * Sizes:   out has a capacity of n numbers of width bytes.
 * Result:  none. Integers equal to blank become NaN if has_blank.
 * Threads: one for each dither.
 */
void rf_unscale(const int32_t *values, size_t first, size_t n, const rf_scaling *scaling, rf_dither *dither,
                int has_blank, int32_t blank, int width, void *out);
/* cffi: end */

#endif
