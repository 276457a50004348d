/*
 * rf_polyspan.h - what polynomials with many coefficients can give, as far as doubles can carry the coefficients.
 *
 * The powers 1, x, x^2, ... on 1..n are so nearly parallel that doubles distinguish only some directions of many.
 * These are the singular vectors of the matrix of the powers, each scaled to length 1, whose singular values are more
 * than a unit in the last place of the largest: what the GNU Scientific Library keeps in its least squares fit, too.
 */
#ifndef RF_POLYSPAN_H
#define RF_POLYSPAN_H

#include "rf.h"

typedef struct {
    size_t n;
    size_t stride;   /* n in whole vectors */
    size_t npowers;  /* powers in use: no more than n, nor than doubles can hold */
    size_t nvectors;
    double *vectors; /* nvectors rows of stride: orthonormal, on the grid */
    double *powers;  /* nvectors rows of npowers: each vector in powers of x */
} rf_polyspan;

/*
 * rf_polyspan_open - find the vectors for up to npoly powers.
 * Memory:  the tables hang on the record until it is closed; on the way as much as the powers on the grid take.
 * Sizes:   n at least 2, npoly at least 1.
 * Result:  RF_OK or RF_ENOMEM; then nothing hangs on it.
 * Threads: pure.
 */
int rf_polyspan_open(rf_polyspan *span, size_t n, size_t npoly);

/*
 * rf_polyspan_close - free what hangs on an rf_polyspan, which may be all zeros.
 * Memory:  the record itself is the caller's.
 * Sizes:   none.
 * Result:  none.
 * Threads: the record's own.
 */
void rf_polyspan_close(rf_polyspan *span);

#endif
