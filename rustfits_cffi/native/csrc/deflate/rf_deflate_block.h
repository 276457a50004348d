/*
 * rf_deflate_block.h - writes one block of a deflate stream, given as literals and matches, in the shortest form.
 *
 * The choice of the form, and the codes of the dynamic one, are zlib's.
 */
#ifndef RF_DEFLATE_BLOCK_H
#define RF_DEFLATE_BLOCK_H

#include <stdbool.h>

#include "rf.h"

enum {
    RF_MATCH_MIN = 3,
    RF_MATCH_MAX = 258, /* RFC 1951, section 3.2.5 */
    RF_BLOCK_SYMBOLS = 16383 /* literals and matches in a block: the buffer of zlib's memLevel 8 less one */
};

/* cffi: begin */
/* Some literals, then a match; length 0: no match. */
typedef struct {
    uint16_t nliterals, length, distance;
} rf_sequence;

typedef struct {
    const uint8_t *text; /* the bytes that the sequences represent */
    size_t nbytes;
    const rf_sequence *sequences;
    size_t nsequences;
    bool last; /* the last block, after which the stream is padded to a whole byte */
} rf_block;

/* The coded stream, first bit lowest. Never touches a byte at or after end. */
typedef struct {
    uint64_t window; /* bits not stored yet, with zeros above them */
    unsigned have;   /* their number */
    uint8_t *next;
    uint8_t *end;
} rf_deflate_out;

/*
 * rf_block_put - append a block in its shortest form.
 * Memory:  reads text and sequences, writes to out.
 * Sizes:   at most RF_BLOCK_SYMBOLS literals and matches.
 * Result:  RF_OK; RF_ENOSPACE, and out is as it was.
 * Threads: one for each out.
 */
int rf_block_put(rf_deflate_out *out, const rf_block *block);
/* cffi: end */

/*
 * rf_block_store - append a stored block; its sequences are ignored.
 * Memory:  reads text, writes to out.
 * Sizes:   nbytes < 65536.
 * Result:  RF_OK; RF_ENOSPACE, and out is as it was.
 * Threads: one for each out.
 */
int rf_block_store(rf_deflate_out *out, const rf_block *block);

#endif
