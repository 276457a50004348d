/*
 * rf_polyscan.h - walks through a polynomial stream chunk by chunk, checking everything before it is believed.
 */
#ifndef RF_POLYSCAN_H
#define RF_POLYSCAN_H

#include "polycomp/rf_polycomp.h"

typedef struct {
    const uint8_t *src;
    size_t src_len, at;     /* at: the byte behind the last chunk read */
    uint64_t number, count; /* chunks read, and all */
    uint64_t nsamples;      /* of the chunks read */
} rf_polycursor;

/*
 * rf_polycursor_open - stand before the first chunk of a stream.
 * Memory:  src stays the caller's and is kept by the cursor.
 * Sizes:   src_len bytes.
 * Result:  RF_OK, or RF_EBADDATA with *fault.
 * Threads: pure.
 */
int rf_polycursor_open(rf_polycursor *cursor, const uint8_t *src, size_t src_len, rf_polyfault *fault);

/*
 * rf_polycursor_read - read chunks up to the last, to cap of them, or until they hold `enough` samples.
 * Memory:  chunks is the caller's.
 * Sizes:   chunks has room for cap records; *nread is set to those read.
 * Result:  RF_OK, or RF_EBADDATA with *fault: the cursor has not moved then.
 * Threads: the cursor's own.
 */
int rf_polycursor_read(rf_polycursor *cursor, rf_polychunk *chunks, size_t cap, size_t enough, size_t *nread,
                       rf_polyfault *fault);

#endif
