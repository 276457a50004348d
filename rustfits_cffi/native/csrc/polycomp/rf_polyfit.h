/*
 * rf_polyfit.h - the polynomial part of a chunk: least squares on x = 1..n, and evaluation.
 *
 * The fit projects on orthonormal vectors, then turns what it finds into coefficients of 1, x, x^2, ... Up to
 * RF_POLYFIT_EXACT coefficients the vectors are the orthogonal polynomials of the grid, made in twice the precision of
 * a double. Their coefficients grow about 5.8-fold a degree: with more, rounding the coefficients alone would spoil the
 * result, and the vectors are those that doubles can carry (rf_polyspan.h).
 */
#ifndef RF_POLYFIT_H
#define RF_POLYFIT_H

#include "rf.h"

enum { RF_POLYFIT_EXACT = 21, RF_POLYFIT_MOST = 255 };

typedef struct {
    size_t n;          /* samples in a chunk */
    size_t stride;     /* (n + 1) / 2 in whole vectors */
    size_t nvectors;
    size_t nhalves;    /* of a vector in the basis. 1: the even or, if its number is odd, the odd part, the other is 0.
                          2: the even part, then the odd part */
    double *basis;     /* nvectors rows of nhalves * stride */
    double *powers;    /* nvectors rows of powers_stride: each vector in powers of x */
    size_t npowers;    /* the highest ones may not be in use: their coefficients are 0 */
    size_t powers_stride;
} rf_polyfit;

/*
 * rf_polyfit_open - prepare fits of npoly coefficients.
 * Memory:  tables hang on the record until it is closed.
 * Sizes:   to n samples; n is more than npoly, which is 1 to RF_POLYFIT_MOST.
 * Result:  RF_OK or RF_ENOMEM; then nothing hangs on it.
 * Threads: pure; afterwards any number may read it at once.
 */
int rf_polyfit_open(rf_polyfit *fit, size_t n, size_t npoly);

/*
 * rf_polyfit_close - free what hangs on an rf_polyfit, which may be all zeros.
 * Memory:  the record itself is the caller's.
 * Sizes:   none.
 * Result:  none.
 * Threads: the record's own.
 */
void rf_polyfit_close(rf_polyfit *fit);

/*
 * rf_polyfit_nscratch - scratch that a fit needs.
 * Memory:  none.
 * Sizes:   in doubles.
 * Result:  their number.
 * Threads: pure.
 */
size_t rf_polyfit_nscratch(const rf_polyfit *fit);

/*
 * rf_polyfit_add - add to a the polynomial nearest to x[i] - base.
 * Memory:  x is only read; scratch has rf_polyfit_nscratch doubles.
 * Sizes:   n samples; a has room for the coefficients that the fit was opened for.
 * Result:  none.
 * Threads: any number, on separate a and scratch.
 */
void rf_polyfit_add(const rf_polyfit *fit, const double *x, double base, double *scratch, double *a);

/*
 * rf_poly_evaluate - y[i] = a[0] + a[1] x + ... at x = i + 1, by Horner without contraction: the decoder's arithmetic.
 * Memory:  a and y do not overlap.
 * Sizes:   npoly coefficients, n values.
 * Result:  none.
 * Threads: any number, on separate y.
 */
void rf_poly_evaluate(const double *a, size_t npoly, size_t n, double *y);

#endif
