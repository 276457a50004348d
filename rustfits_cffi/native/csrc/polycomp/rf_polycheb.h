/*
 * rf_polycheb.h - the Chebyshev part of a chunk: a cosine transform of the residuals, whole or by coefficients.
 *
 * A chunk is kept as two halves, front[i] = r[i] and back[i] = r[n-1-i] for i < half: a cosine of even number is the
 * same in both, one of odd number changes sign, so all work is done on half the samples.
 */
#ifndef RF_POLYCHEB_H
#define RF_POLYCHEB_H

#include "rf.h"
#include "polycomp/rf_polyfft.h"

typedef struct {
    size_t n, half, stride; /* stride: half in whole vectors */
    double *cosines;        /* cos(pi m / (n-1)), m < 2 (n-1) */
    double *sines;          /* sin of the same, in the same memory */
    double *matrix;         /* short chunks: n rows of stride, cos(pi i j / (n-1)) at [j][i], then zeros; else NULL */
    rf_polyfft fft;         /* long chunks */
    size_t nscratch;        /* doubles of scratch that the functions below need */
} rf_polycheb;

/*
 * rf_polycheb_open - prepare for chunks of one length.
 * Memory:  tables hang on the record until it is closed.
 * Sizes:   n samples, at least 2.
 * Result:  RF_OK or RF_ENOMEM; then nothing hangs on it.
 * Threads: pure; afterwards any number may read it at once.
 */
int rf_polycheb_open(rf_polycheb *cheb, size_t n);

/*
 * rf_polycheb_close - free what hangs on an rf_polycheb, which may be all zeros.
 * Memory:  the record itself is the caller's.
 * Sizes:   none.
 * Result:  none.
 * Threads: the record's own.
 */
void rf_polycheb_close(rf_polycheb *cheb);

/*
 * rf_polycheb_forward - all coefficients of the halves.
 * Memory:  scratch has cheb->nscratch doubles.
 * Sizes:   c has n doubles; front and back have `stride`.
 * Result:  none.
 * Threads: any number, on separate scratch and c.
 */
void rf_polycheb_forward(const rf_polycheb *cheb, const double *front, const double *back, double *scratch, double *c);

/*
 * rf_polycheb_inverse - the values of k coefficients: c[m] is that of number j[m]. The decoder's own arithmetic (it
 * gives them in ascending order): which way is taken depends on n and k alone.
 * Memory:  scratch has cheb->nscratch doubles.
 * Sizes:   k is at most n; front and back have `stride` doubles.
 * Result:  none.
 * Threads: any number, on separate scratch and halves.
 */
void rf_polycheb_inverse(const rf_polycheb *cheb, const uint16_t *j, const double *c, size_t k, double *scratch,
                         double *front, double *back);

#endif
