/*
 * rf_polyrank.h - indexes of values in the order of falling magnitude.
 */
#ifndef RF_POLYRANK_H
#define RF_POLYRANK_H

#include "rf.h"

/*
 * rf_poly_rank - write the indexes 0..n-1 to order so that |c| falls. Indexes rise where magnitudes agree in their
 * first 36 bits, a difference smaller than the rounding of a coefficient.
 * Memory:  keys is scratch for 2 n numbers.
 * Sizes:   n at most 65535.
 * Result:  none.
 * Threads: any number, on separate keys and order.
 */
void rf_poly_rank(const double *c, size_t n, uint64_t *keys, uint16_t *order);

#endif
