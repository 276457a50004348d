/*
 * rf_quantize.h - floats of a tile to scaled integers and back, as cfitsio does it to the last bit.
 *
 * FITS Standard 4.0, section 10.2. Arithmetic is double, in the order written; a float pixel is widened first.
 */
#ifndef RF_QUANTIZE_H
#define RF_QUANTIZE_H

#include "rf.h"

/* cffi: begin */
enum {
    RF_NULL_INT = -2147483647, /* the integer of a null pixel */
    RF_ZERO_INT = -2147483646, /* of a pixel that is exactly zero, under SUBTRACTIVE_DITHER_2 */
    RF_LOWEST_INT = -2147483638 /* the smallest integer that a pixel value may become: the ten below are reserved */
};

/*
 * rf_quantize - scale ny rows of nx pixels (width 4: float, 8: double) to integers.
 * Memory:  out has nx * ny integers; scratch has rf_quantize_scratch_nbytes(nx, ny, width) bytes and may begin where
 *          out does, for it is done with when the first integer is written; randoms as filled by rf_randoms_fill (not
 *          read if method is 0).
 * Sizes:   nx * ny < 2^31.
 * Result:  RF_OK; *quantized is 0 if the tile must be stored as it is (constant, too few pixels, range too large), and
 *          then nothing else was written. RF_ERANGE if the zero point leaves 64 bits.
 *          level is q: quanta per sigma of the noise; 0 stands for 4; negative: minus the step itself.
 *          method 0 none, 1, 2; irow the 1-based tile number + ZDITHER0 - 1. Pixels equal to null are nulls if
 *          nullcheck.
 *          Pixels that are not finite and not null give an integer, but not one they can be found in again.
 * Threads: any number, on separate out and scratch.
 */
int rf_quantize(const void *pix, int width, size_t nx, size_t ny, int nullcheck, double null, float level, int method,
                int64_t irow, const float *randoms, int32_t *out, double *scale, double *zero, int *quantized,
                void *scratch);

/*
 * rf_quantize_scratch_nbytes - scratch that rf_quantize needs.
 * Memory:  none.
 * Sizes:   ny rows of nx pixels of width bytes.
 * Result:  the bytes; 0 if that is no size_t.
 * Threads: pure.
 */
size_t rf_quantize_scratch_nbytes(size_t nx, size_t ny, int width);

/*
 * rf_requantize - scale npix pixels with a scale and zero that are already in the file.
 * Memory:  out does not overlap pix; randoms as for rf_quantize.
 * Sizes:   out has npix integers.
 * Result:  RF_OK; RF_ERANGE if a pixel leaves RF_LOWEST_INT .. 2147483647: *bad is the first such.
 * Threads: any number, on separate out.
 */
int rf_requantize(const void *pix, int width, size_t npix, int nullcheck, double null, int method, int64_t irow,
                  const float *randoms, double scale, double zero, int32_t *out, size_t *bad);

/*
 * rf_dequantize - integers number first .. first + n - 1 of a tile to floats (width 4) or doubles (8).
 * Memory:  values and out point at number first; they do not overlap.
 * Sizes:   out has room for n numbers of width bytes.
 * Result:  RF_OK. Integers equal to blank become NaN if has_blank.
 * Threads: any number, on separate out.
 */
int rf_dequantize(const int32_t *values, size_t first, size_t n, double scale, double zero, int method, int64_t irow,
                  const float *randoms, int has_blank, int32_t blank, int width, void *out);
/* cffi: end */

#endif
