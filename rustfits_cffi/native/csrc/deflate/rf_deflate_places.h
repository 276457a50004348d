/*
 * rf_deflate_places.h - where a string is, as a table of strings keeps it.
 *
 * A place is a position counted on from stream to stream, with a gap between them: what an earlier stream left in the
 * table is then too far away to be found, and the table need not be cleared. Only when places run out, all of them are
 * moved down.
 */
#ifndef RF_DEFLATE_PLACES_H
#define RF_DEFLATE_PLACES_H

#include <string.h>

#include "deflate/rf_deflate_parse.h"

typedef struct {
    uint32_t *table;
    size_t ntable;
    unsigned low_bits; /* of an entry that are not its place */
    uint32_t last;     /* the largest place that an entry can hold */
    uint32_t shift;    /* what to add to a position of this stream */
} rf_places;

/* For the stream after one that ended before place `next`. */
static inline rf_places rf_places_start(uint32_t *table, size_t ntable, unsigned low_bits, uint32_t next)
{
    rf_places p = {table, ntable, low_bits, UINT32_MAX >> low_bits, next + RF_WINDOW};
    if (next > p.last - RF_WINDOW - RF_BLOCK_NBYTES) {
        memset(table, 0, ntable * sizeof *table);
        p.shift = RF_WINDOW;
    }
    return p;
}

/* Before a block at `position`: makes sure that its places can be held. */
static inline void rf_places_renew(rf_places *p, size_t position)
{
    uint32_t place = (uint32_t)position + p->shift;
    if (place <= p->last - RF_BLOCK_NBYTES) return;
    uint32_t down = (place - RF_WINDOW) << p->low_bits;
    for (size_t i = 0; i < p->ntable; i++) p->table[i] = p->table[i] > down ? p->table[i] - down : 0;
    p->shift = RF_WINDOW - (uint32_t)position;
}

static inline uint32_t rf_place(const rf_places *p, size_t position) { return (uint32_t)position + p->shift; }

#endif
