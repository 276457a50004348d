/*
 * rf_polycheb.h - the Chebyshev part of a chunk: the cosine transform of the residuals, and its inverse for some
 * coefficients.
 *
 * A chunk is stored as two halves, front[i] = r[i] and back[i] = r[n-1-i] for i < half. Cosines of even number are
 * equal in both halves and those of odd number change sign, so all work is done on half of the samples.
 */
#ifndef RF_POLYCHEB_H
#define RF_POLYCHEB_H

#include "rf.h"
#include "polycomp/rf_polyfft.h"

typedef struct {
    size_t n, half, stride; /* stride: half, rounded up to whole vectors */
    double *cosines;        /* cos(pi m / (n-1)), m < 2 (n-1) */
    double *sines;          /* sines of the same angles, in the same allocation */
    double *matrix;         /* short chunks: n rows of stride, cos(pi i j / (n-1)) at [j][i], then zeros; else NULL */
    rf_polyfft fft;         /* long chunks */
    size_t nscratch;        /* doubles of scratch that the functions below use */
} rf_polycheb;

/*
 * rf_polycheb_open - prepare for chunks of one length.
 * Memory:  the record owns its tables until it is closed.
 * Sizes:   n samples, at least 2.
 * Result:  RF_OK, or RF_ENOMEM with nothing allocated.
 * Threads: pure; afterwards any number may read the record at once.
 */
int rf_polycheb_open(rf_polycheb *cheb, size_t n);

/*
 * rf_polycheb_close - free what an rf_polycheb owns; the record may be all zeros.
 * Memory:  the caller owns the record itself.
 * Sizes:   none.
 * Result:  none.
 * Threads: one at a time for each record.
 */
void rf_polycheb_close(rf_polycheb *cheb);

/*
 * rf_polycheb_forward - compute all coefficients of a chunk.
 * Memory:  scratch has cheb->nscratch doubles.
 * Sizes:   c has n doubles; front and back have `stride`.
 * Result:  none.
 * Threads: any number, on separate scratch and c.
 */
void rf_polycheb_forward(const rf_polycheb *cheb, const double *front, const double *back, double *scratch, double *c);

/*
 * rf_polycheb_inverse - compute the values that k coefficients stand for; c[m] is coefficient number j[m]. This is the
 * decoder's arithmetic (it passes the coefficients in ascending order): the method depends on n and k only.
 * Memory:  scratch has cheb->nscratch doubles.
 * Sizes:   k is at most n; front and back have `stride` doubles.
 * Result:  none.
 * Threads: any number, on separate scratch and halves.
 */
void rf_polycheb_inverse(const rf_polycheb *cheb, const uint16_t *j, const double *c, size_t k, double *scratch,
                         double *front, double *back);

#endif
