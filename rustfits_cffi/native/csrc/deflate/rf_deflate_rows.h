/*
 * rf_deflate_rows.h - the parser of level 1.
 *
 * zlib follows a chain of strings with the same hash for at most four steps there. So instead of chains there is a row
 * for each hash with the last four strings.
 */
#ifndef RF_DEFLATE_ROWS_H
#define RF_DEFLATE_ROWS_H

#include "deflate/rf_deflate_parse.h"

enum { RF_ROW = 4 };

/* Zeroed at first; what one stream leaves behind is too far away for the next to see. */
typedef struct {
    _Alignas(16) uint32_t entries[RF_HASHES][RF_ROW]; /* newest first: place, and bits of the string below it */
    uint32_t next; /* the place after the last one used */
} rf_deflate_rows;

/*
 * rf_deflate_rows_parse - take a whole input apart as zlib does at level 1, and code it.
 * Memory:  rows is scratch that stays.
 * Sizes:   as parse says.
 * Result:  RF_OK, RF_ENOSPACE.
 * Threads: one for each rows.
 */
int rf_deflate_rows_parse(rf_deflate_rows *rows, rf_parse *parse);

#endif
