/*
 * rf_polyfit.h - the polynomial part of a chunk: least squares on x = 1..n, and evaluation.
 *
 * The fit projects on orthogonal polynomials of the grid (perfectly conditioned), then turns their coefficients into
 * those of 1, x, x^2, ... with a matrix made once in twice the precision of a double.
 */
#ifndef RF_POLYFIT_H
#define RF_POLYFIT_H

#include "rf.h"

typedef struct {
    size_t n;        /* samples in a chunk */
    size_t half;     /* (n + 1) / 2 */
    size_t stride;   /* half in whole vectors */
    size_t npoly;    /* coefficients asked for */
    size_t nfit;     /* coefficients that doubles can carry; those above are 0 */
    double *basis;   /* nfit rows of stride: orthonormal polynomials on the first half of the grid, then zeros */
    double *powers;  /* nfit rows of powers_stride: each basis polynomial in powers of x */
    size_t powers_stride;
} rf_polyfit;

/*
 * rf_polyfit_open - prepare fits of npoly coefficients.
 * Memory:  tables hang on the record until it is closed.
 * Sizes:   to n samples; n is more than npoly.
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
 * rf_polyfit_add - add to a the polynomial nearest to the samples whose halves are given: even[i] = x[i] + x[n-1-i],
 * odd[i] = x[i] - x[n-1-i] for i < half, zeros up to stride.
 * Memory:  even and odd are only read.
 * Sizes:   a has npoly doubles; even and odd have `stride`.
 * Result:  none.
 * Threads: any number, on separate a.
 */
void rf_polyfit_add(const rf_polyfit *fit, const double *even, const double *odd, double *a);

/*
 * rf_poly_evaluate - y[i] = a[0] + a[1] x + ... at x = i + 1, by Horner without contraction: the decoder's arithmetic.
 * Memory:  a and y do not overlap.
 * Sizes:   npoly coefficients, n values.
 * Result:  none.
 * Threads: any number, on separate y.
 */
void rf_poly_evaluate(const double *a, size_t npoly, size_t n, double *y);

#endif
