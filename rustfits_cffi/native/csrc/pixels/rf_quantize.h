/*
 * rf_quantize.h - floats of a tile to scaled integers and back, as cfitsio does it to the last bit.
 *
 * FITS Standard 4.0, section 10.2. Arithmetic is double, in the order written; a float pixel is widened first.
 */
#ifndef RF_QUANTIZE_H
#define RF_QUANTIZE_H

#include "pixels/rf_scaling.h"

/* cffi: begin */
enum {
    RF_NULL_INT = -2147483647, /* the integer of a null pixel */
    RF_ZERO_INT = -2147483646, /* the integer of an exactly zero pixel, with SUBTRACTIVE_DITHER_2 */
    RF_LOWEST_INT = -2147483638 /* the smallest integer that a pixel value may become: the ten below are reserved */
};

/* The floats of a tile: ny rows of nx. */
typedef struct {
    const void *pix;
    int width;      /* 4: float, 8: double */
    size_t nx, ny;
    int nullcheck;  /* whether there may be nulls: pixels equal to `null` */
    double null;
} rf_float_tile;

/*
 * rf_quantize - find a scale for the floats of a tile, and scale them to integers.
 * Memory:  out has nx * ny integers; scratch has rf_quantize_scratch_nbytes(nx, ny, width) bytes and may begin where
 *          out does, as it is no longer read when the first integer is written. scaling gives method, irow, randoms.
 * Sizes:   nx * ny < 2^31.
 * Result:  RF_OK; *quantized is 0 if the tile must be stored as it is (constant, too few pixels, range too large), and
 *          then out and the zero of `scaling` are undefined. RF_ERANGE if the zero point exceeds 64 bits.
 *          level is q: quanta per sigma of the noise; 0 stands for 4; negative: minus the step itself.
 *          Pixels that are neither finite nor null give an integer from which they cannot be recovered.
 * Threads: any number, on separate out, scaling and scratch.
 */
int rf_quantize(const rf_float_tile *tile, float level, rf_scaling *scaling, int32_t *out, int *quantized,
                void *scratch);

/*
 * rf_quantize_scratch_nbytes - scratch that rf_quantize needs.
 * Memory:  none.
 * Sizes:   ny rows of nx pixels of width bytes.
 * Result:  the bytes; 0 if they exceed size_t.
 * Threads: pure.
 */
size_t rf_quantize_scratch_nbytes(size_t nx, size_t ny, int width);

/*
 * rf_requantize - scale the floats of a tile with a scale and zero that are already in the file.
 * Memory:  out does not overlap the floats.
 * Sizes:   out has nx * ny integers.
 * Result:  RF_OK; RF_ERANGE if a pixel is outside RF_LOWEST_INT .. 2147483647; *bad is the first such pixel.
 * Threads: any number, on separate out.
 */
int rf_requantize(const rf_float_tile *tile, const rf_scaling *scaling, int32_t *out, size_t *bad);
/* cffi: end */

#endif
