/*
 * rf_dither.h - the sequence of 10,000 random numbers of subtractive dithering, and the walk through it.
 *
 * FITS Standard 4.0, section 10.2.1 and Appendix I; Park and Miller, Comm. ACM 31 (1988) 1192.
 */
#ifndef RF_DITHER_H
#define RF_DITHER_H

#include "rf.h"

/* cffi: begin */
#define RF_NRANDOM 10000

/*
 * rf_randoms_fill - compute the dither sequence.
 * Memory:  randoms has room for RF_NRANDOM floats; every decode and encode call takes it as an argument.
 * Result:  RF_OK, or RF_EBADDATA if this machine's arithmetic does not end in the value the standard states.
 */
int rf_randoms_fill(float *randoms);
/* cffi: end */

/* Where a tile stands in the sequence: runs of the table, each from 500 * R[seed] to the table's end. */
typedef struct {
    const float *randoms;
    size_t start;  /* seed index of pixel 0 */
    size_t seed;   /* seed index of the current run */
    size_t pixel;  /* pixel of the tile that randoms[next] belongs to */
    size_t next;
} rf_dither;

/* The walk for dither row `irow` (1-based tile number + ZDITHER0 - 1), at pixel 0. */
void rf_dither_start(rf_dither *d, const float *randoms, int64_t irow);

/* Go to `pixel`: the run of random numbers from there, its length to *run. */
const float *rf_dither_seek(rf_dither *d, size_t pixel, size_t *run);

#endif
