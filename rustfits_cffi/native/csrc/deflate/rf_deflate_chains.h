/*
 * rf_deflate_chains.h - the parsers of levels 2 to 9, which keep strings of equal hash in chains, newest first.
 */
#ifndef RF_DEFLATE_CHAINS_H
#define RF_DEFLATE_CHAINS_H

#include "deflate/rf_deflate_parse.h"

/* Starts zeroed; what one stream leaves behind is too far away for the next to find. */
typedef struct {
    uint32_t heads[RF_HASHES]; /* the running position of the newest string */
    uint16_t older[RF_WINDOW]; /* at a position modulo the window: the position of the next older string, modulo 2^16 */
    uint32_t next;             /* the running position after the last one used */
} rf_deflate_chains;

/*
 * rf_deflate_chains_parse - take a whole input apart as zlib does at a level from 2 to 9, and code it.
 * Memory:  chains is kept from one stream to the next.
 * Sizes:   as parse says.
 * Result:  RF_OK, RF_ENOSPACE.
 * Threads: one for each chains.
 */
int rf_deflate_chains_parse(rf_deflate_chains *chains, rf_parse *parse, int level);

#endif
