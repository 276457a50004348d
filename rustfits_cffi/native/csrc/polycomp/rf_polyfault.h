/*
 * rf_polyfault.h - how a scan reports what is wrong with a stream, and where.
 */
#ifndef RF_POLYFAULT_H
#define RF_POLYFAULT_H

#include "polycomp/rf_polycomp.h"

/* Fills *fault and returns RF_EBADDATA, for the caller to return. */
static inline int rf_poly_fail(rf_polyfault *fault, int reason, uint64_t offset, uint64_t item, uint64_t found)
{
    *fault = (rf_polyfault){.offset = offset, .item = item, .found = found, .reason = reason};
    return RF_EBADDATA;
}

#endif
