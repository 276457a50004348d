/*
 * rf_polyfit.h - the polynomial part of a chunk: least squares on x = 1..n, and evaluation.
 *
 * The fit projects the samples onto orthonormal vectors, then converts the result to coefficients of 1, x, x^2, ... Up
 * to RF_POLYFIT_EXACT coefficients, the vectors are the orthogonal polynomials of the grid, computed in twice the
 * precision of a double. Their coefficients grow about 5.8-fold per degree; beyond that number, rounding them would
 * spoil the result, so the vectors are those that doubles can represent (rf_polyspan.h).
 */
#ifndef RF_POLYFIT_H
#define RF_POLYFIT_H

#include "rf.h"

enum { RF_POLYFIT_EXACT = 21, RF_POLYFIT_MOST = 255 };

typedef struct {
    size_t n;          /* samples in a chunk */
    size_t stride;     /* (n + 1) / 2, rounded up to whole vectors */
    size_t nvectors;
    size_t nhalves;    /* parts stored of each vector. 1: the even part, or the odd part if its number is odd; the
                          other is 0. 2: the even part, then the odd part */
    double *basis;     /* nvectors rows of nhalves * stride */
    double *powers;    /* nvectors rows of powers_stride: coefficients of each vector in powers of x */
    size_t npowers;    /* powers in use: the coefficients of higher ones are 0 */
    size_t powers_stride;
} rf_polyfit;

/*
 * rf_polyfit_open - prepare fits with npoly coefficients.
 * Memory:  the record owns its tables until it is closed.
 * Sizes:   n samples, more than npoly, which is 1 to RF_POLYFIT_MOST.
 * Result:  RF_OK, or RF_ENOMEM with nothing allocated.
 * Threads: pure; afterwards any number may read the record at once.
 */
int rf_polyfit_open(rf_polyfit *fit, size_t n, size_t npoly);

/*
 * rf_polyfit_close - free what an rf_polyfit owns; the record may be all zeros.
 * Memory:  the caller owns the record itself.
 * Sizes:   none.
 * Result:  none.
 * Threads: one at a time for each record.
 */
void rf_polyfit_close(rf_polyfit *fit);

/*
 * rf_polyfit_nscratch - size of the scratch for a fit.
 * Memory:  none.
 * Sizes:   none.
 * Result:  the number of doubles.
 * Threads: pure.
 */
size_t rf_polyfit_nscratch(const rf_polyfit *fit);

/*
 * rf_polyfit_add - add to a the coefficients of the least squares polynomial through x[i] - base.
 * Memory:  x is only read; scratch has rf_polyfit_nscratch doubles.
 * Sizes:   n samples; a holds the number of coefficients that the fit was opened for.
 * Result:  none.
 * Threads: any number, on separate a and scratch.
 */
void rf_polyfit_add(const rf_polyfit *fit, const double *x, double base, double *scratch, double *a);

/*
 * rf_poly_evaluate - y[i] = a[0] + a[1] x + ... at x = i + 1, by Horner's rule without contraction: the decoder's
 * arithmetic.
 * Memory:  a and y do not overlap.
 * Sizes:   npoly coefficients, n values.
 * Result:  none.
 * Threads: any number, on separate y.
 */
void rf_poly_evaluate(const double *a, size_t npoly, size_t n, double *y);

#endif
