/*
 * rf_polyvec.h - vectors of eight doubles, for the loops of Polycomp.
 *
 * There are eight lanes whatever the CPU has: sums are formed in the same order everywhere, so the vector width of a
 * machine changes neither a stream nor a decoded bit. Contraction is off for the whole build: a fused multiply-add
 * would change decoded samples by up to thousands of ulp, because powers of x cancel.
 */
#ifndef RF_POLYVEC_H
#define RF_POLYVEC_H

#include <stddef.h>
#include <stdint.h>

#include "base/rf_cpu.h"

enum { RF_LANES = 8 };

/* Eight doubles; aligned(8) makes loads and stores through a pointer legal at any double. */
typedef double rf_lanes __attribute__((vector_size(64), aligned(8), may_alias));

typedef int64_t rf_lane_bits __attribute__((vector_size(64), aligned(8), may_alias));

/* Sets each lane of high to the larger of high and v; a NaN in v is ignored. */
#define RF_LANES_RAISE(high, v)                                                                                       \
    do {                                                                                                              \
        const rf_lane_bits is_more_ = (v) > (high);                                                                   \
        (high) = (rf_lanes)((is_more_ & (rf_lane_bits)(v)) | (~is_more_ & (rf_lane_bits)(high)));                     \
    } while (0)
/* Sets each lane of low to the smaller of low and v; a NaN in v is ignored. */
#define RF_LANES_LOWER(low, v)                                                                                        \
    do {                                                                                                              \
        const rf_lane_bits is_less_ = (v) < (low);                                                                    \
        (low) = (rf_lanes)((is_less_ & (rf_lane_bits)(v)) | (~is_less_ & (rf_lane_bits)(low)));                       \
    } while (0)
/* Magnitudes, lane by lane. */
#define RF_LANES_ABS(v) ((rf_lanes)((rf_lane_bits)(v) & INT64_MAX))

/* n rounded up to whole vectors. */
static inline size_t rf_padded(size_t n) { return (n + RF_LANES - 1) / RF_LANES * RF_LANES; }

#define RF_LANES_AT(pointer) (*(rf_lanes *)(pointer))
#define RF_LANES_IN(pointer) (*(const rf_lanes *)(pointer))

/* The sum of the lanes, in a fixed order. */
#define RF_LANES_SUM(v) ((((v)[0] + (v)[4]) + ((v)[2] + (v)[6])) + (((v)[1] + (v)[5]) + ((v)[3] + (v)[7])))

#endif
