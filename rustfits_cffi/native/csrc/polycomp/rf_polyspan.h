/*
 * rf_polyspan.h - the space of polynomials with many coefficients, to the extent that doubles can represent it.
 *
 * The powers 1, x, x^2, ... on 1..n are so nearly parallel that doubles can distinguish only some of their directions:
 * the singular vectors of the matrix of the powers, each scaled to length 1, whose singular values exceed a unit in the
 * last place of the largest. The least squares fit of the GNU Scientific Library keeps the same vectors.
 */
#ifndef RF_POLYSPAN_H
#define RF_POLYSPAN_H

#include "rf.h"

typedef struct {
    size_t n;
    size_t stride;   /* n, rounded up to whole vectors */
    size_t npowers;  /* powers in use: at most n, and those that doubles can hold */
    size_t nvectors;
    double *vectors; /* nvectors rows of stride: orthonormal, on the grid */
    double *powers;  /* nvectors rows of npowers: coefficients of each vector in powers of x */
} rf_polyspan;

/*
 * rf_polyspan_open - find the vectors for up to npoly powers.
 * Memory:  the record owns its tables until it is closed; the call itself needs memory for all powers on the grid.
 * Sizes:   n at least 2, npoly at least 1.
 * Result:  RF_OK, or RF_ENOMEM with nothing allocated.
 * Threads: pure.
 */
int rf_polyspan_open(rf_polyspan *span, size_t n, size_t npoly);

/*
 * rf_polyspan_close - free what an rf_polyspan owns; the record may be all zeros.
 * Memory:  the caller owns the record itself.
 * Sizes:   none.
 * Result:  none.
 * Threads: one at a time for each record.
 */
void rf_polyspan_close(rf_polyspan *span);

#endif
