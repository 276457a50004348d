/*
 * rf_polyrank.h - numbers of values in the order of falling magnitude.
 */
#ifndef RF_POLYRANK_H
#define RF_POLYRANK_H

#include "rf.h"

/*
 * rf_poly_rank - put into order the numbers 0..n-1 so that |c| falls, or the number rises where two magnitudes agree in
 * their first 36 bits: less than what rounding does to a coefficient.
 * Memory:  keys is scratch of 2 n numbers.
 * Sizes:   n at most 65535.
 * Result:  none.
 * Threads: any number, on separate keys and order.
 */
void rf_poly_rank(const double *c, size_t n, uint64_t *keys, uint16_t *order);

#endif
