/*
 * rf_polyscan.h - reads a polynomial stream chunk by chunk, checking everything before it is used.
 */
#ifndef RF_POLYSCAN_H
#define RF_POLYSCAN_H

#include "polycomp/rf_polycomp.h"

typedef struct {
    const uint8_t *src;
    size_t src_len, at;     /* at: offset of the next chunk */
    uint64_t number, count; /* chunks read, and chunks in the stream */
    uint64_t nsamples;      /* of the chunks read */
} rf_polycursor;

/*
 * rf_polycursor_open - position a cursor at the first chunk of a stream.
 * Memory:  the cursor keeps a pointer to the caller's src.
 * Sizes:   src_len bytes.
 * Result:  RF_OK, or RF_EBADDATA with *fault.
 * Threads: pure.
 */
int rf_polycursor_open(rf_polycursor *cursor, const uint8_t *src, size_t src_len, rf_polyfault *fault);

/*
 * rf_polycursor_read - read chunks up to the last one, at most cap, until they hold `enough` samples.
 * Memory:  the caller owns chunks.
 * Sizes:   chunks holds cap records; *nread is set to the number read.
 * Result:  RF_OK, or RF_EBADDATA with *fault, and the cursor does not move.
 * Threads: one at a time for each cursor.
 */
int rf_polycursor_read(rf_polycursor *cursor, rf_polychunk *chunks, size_t cap, size_t enough, size_t *nread,
                       rf_polyfault *fault);

#endif
