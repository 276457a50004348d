/*
 * rf_noise.h - background noise of a tile from the medians of 2nd, 3rd and 5th order differences.
 *
 * Method: ST-ECF Newsletter 42, as cfitsio applies it; the results equal cfitsio's bit for bit. That includes one
 * quirk: a row with runs of equal pixels has fewer 2nd order differences than the median is taken over, so left-overs
 * of earlier rows, in the order earlier selections left them, take part. See rf_noise_template.h.
 */
#ifndef RF_NOISE_H
#define RF_NOISE_H

#include "rf.h"

/* cffi: begin */
typedef struct {
    size_t ngood;        /* pixels that are not null */
    double min, max;     /* of those; max < min if there are none */
    double n2, n3, n5;   /* the three estimates; 0 if one could not be made */
} rf_noise;

/*
 * rf_noise_scratch_nbytes - scratch that the estimators need.
 * Memory:  none.
 * Sizes:   ny rows of nx pixels, elements of `width` (4 or 8) bytes.
 * Result:  the bytes; 0 if that does not fit a size_t.
 * Threads: pure.
 */
size_t rf_noise_scratch_nbytes(size_t nx, size_t ny, int width);

/*
 * rf_noise_float, rf_noise_double, rf_noise_int - estimate from ny rows of nx pixels.
 * Memory:  scratch has rf_noise_scratch_nbytes(nx, ny, width) bytes, width 4 for float, 8 for double and int.
 * Sizes:   nx * ny < 2^31.
 * Result:  *noise; pixels equal to null count as absent if nullcheck.
 * Threads: any number, on separate scratch.
 */
void rf_noise_float(const float *pix, size_t nx, size_t ny, int nullcheck, float null, rf_noise *noise, void *scratch);
void rf_noise_double(const double *pix, size_t nx, size_t ny, int nullcheck, double null, rf_noise *noise,
                     void *scratch);
void rf_noise_int(const int32_t *pix, size_t nx, size_t ny, int nullcheck, int32_t null, rf_noise *noise,
                  void *scratch);
/* cffi: end */

/* The noise that cfitsio uses: the smallest of the three, where the 2nd and 5th order ones count only if not 0. */
static inline double rf_noise_sigma(const rf_noise *noise)
{
    double sigma = noise->n3;
    if (noise->n2 != 0. && noise->n2 < sigma) sigma = noise->n2;
    if (noise->n5 != 0. && noise->n5 < sigma) sigma = noise->n5;
    return sigma;
}

/*
 * rf_range_float, rf_range_double - only ngood, min and max, counted as cfitsio does where it needs no noise.
 * Memory:  only read.
 * Sizes:   ny rows of nx pixels.
 * Result:  *noise; pixels equal to null count as absent if nullcheck.
 * Threads: pure.
 */
void rf_range_float(const float *pix, size_t nx, size_t ny, int nullcheck, float null, rf_noise *noise);
void rf_range_double(const double *pix, size_t nx, size_t ny, int nullcheck, double null, rf_noise *noise);

#endif
