/*
 * rf_deflate_positions.h - running positions, by which tables of strings refer to them.
 *
 * A running position continues from stream to stream, with a gap between them: what an earlier stream left in the table
 * is then too far away to be found, and the table need not be cleared. Only when the numbers run out are all of them
 * moved down.
 */
#ifndef RF_DEFLATE_POSITIONS_H
#define RF_DEFLATE_POSITIONS_H

#include <string.h>

#include "deflate/rf_deflate_parse.h"

typedef struct {
    uint32_t *table;
    size_t ntable;
    unsigned low_bits; /* bits of an entry below its running position */
    uint32_t last;     /* the largest running position that an entry can hold */
    uint32_t shift;    /* what to add to a position in this stream */
} rf_positions;

/* For the stream after one that ended before running position `next`. */
static inline rf_positions rf_positions_start(uint32_t *table, size_t ntable, unsigned low_bits, uint32_t next)
{
    rf_positions p = {table, ntable, low_bits, UINT32_MAX >> low_bits, next + RF_WINDOW};
    if (next > p.last - RF_WINDOW - RF_BLOCK_NBYTES) {
        memset(table, 0, ntable * sizeof *table);
        p.shift = RF_WINDOW;
    }
    return p;
}

/* To be called before a block at `position`: makes sure that an entry can hold its running positions. */
static inline void rf_positions_renew(rf_positions *p, size_t position)
{
    uint32_t running = (uint32_t)position + p->shift;
    if (running <= p->last - RF_BLOCK_NBYTES) return;
    uint32_t down = (running - RF_WINDOW) << p->low_bits;
    for (size_t i = 0; i < p->ntable; i++) p->table[i] = p->table[i] > down ? p->table[i] - down : 0;
    p->shift = RF_WINDOW - (uint32_t)position;
}

static inline uint32_t rf_position(const rf_positions *p, size_t position) { return (uint32_t)position + p->shift; }

#endif
