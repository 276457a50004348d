/*
 * rf_dither.h - the sequence of 10,000 random numbers of subtractive dithering, and a cursor into it.
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
 * Memory:  randoms is the caller's; every decode and encode call takes it as an argument.
 * Sizes:   randoms has a capacity of RF_NRANDOM floats.
 * Result:  RF_OK, or RF_EBADDATA if this machine's arithmetic does not arrive at the value in the standard.
 * Threads: any number, on separate randoms.
 */
int rf_randoms_fill(float *randoms);

/* A tile's position in the sequence, which consists of runs of the table, each from 500 * R[seed] to its end. */
typedef struct {
    const float *randoms;
    size_t start;  /* seed index of pixel 0 */
    size_t seed;   /* seed index of the current run */
    size_t pixel;  /* pixel of the tile that randoms[next] belongs to */
    size_t next;
} rf_dither;

/*
 * rf_dither_start - the position of pixel 0 of a tile.
 * Memory:  *d keeps randoms, which stay the caller's.
 * Sizes:   irow is the 1-based tile number + ZDITHER0 - 1.
 * Result:  none.
 * Threads: pure.
 */
void rf_dither_start(rf_dither *d, const float *randoms, int64_t irow);
/* cffi: end */

/*
 * rf_dither_seek - go to a pixel.
 * Memory:  the result points into randoms.
 * Sizes:   *run is set to how many numbers follow there.
 * Result:  the random numbers from that pixel on.
 * Threads: one for each *d.
 */
const float *rf_dither_seek(rf_dither *d, size_t pixel, size_t *run);

#endif
