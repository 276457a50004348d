/*
 * rf_deflate_rows.h - the parser of level 1.
 *
 * At level 1 zlib follows a chain of strings with the same hash for at most four steps. So instead of chains there is
 * one row per hash with the last four strings.
 */
#ifndef RF_DEFLATE_ROWS_H
#define RF_DEFLATE_ROWS_H

#include "deflate/rf_deflate_parse.h"

enum { RF_ROW = 4 };

/* Starts zeroed; what one stream leaves behind is too far away for the next to find. */
typedef struct {
    _Alignas(16) uint32_t entries[RF_HASHES][RF_ROW]; /* newest first: running position, bits of the string below */
    uint32_t next; /* the running position after the last one used */
} rf_deflate_rows;

/*
 * rf_deflate_rows_parse - take a whole input apart as zlib does at level 1, and code it.
 * Memory:  rows is kept from one stream to the next.
 * Sizes:   as parse says.
 * Result:  RF_OK, RF_ENOSPACE.
 * Threads: one for each rows.
 */
int rf_deflate_rows_parse(rf_deflate_rows *rows, rf_parse *parse);

#endif
