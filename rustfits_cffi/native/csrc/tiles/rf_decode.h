/*
 * rf_decode.h - one tile decoded into its part of a section.
 */
#ifndef RF_DECODE_H
#define RF_DECODE_H

#include "codecs/rf_codecs.h"
#include "tiles/rf_grid.h"
#include "tiles/rf_tiles.h"

/* Where decoded pixels go. */
typedef struct {
    const size_t *start, *count, *step; /* ndim each: pixels start, start + step, ... of each axis */
    void *dst;                          /* C-contiguous of shape count */
    size_t dst_nbytes;
} rf_section;

/* How the pieces in one of the three columns are decoded. */
typedef struct {
    const rf_codec_functions *codec;
    rf_coder coder;
} rf_column_coding;

/* A call of rf_tiles_read. */
typedef struct {
    const rf_tile_reader *reader;
    rf_section section;
    rf_column_coding coding[3]; /* this and the following are set by rf_decode_prepare */
    rf_grid grid;
    size_t out_width;           /* bytes per pixel in dst */
} rf_decoding;

/*
 * rf_decode_prepare - look up codecs and grid, and check image and section.
 * Memory:  the caller owns everything; nothing is allocated.
 * Sizes:   the section's size is checked against dst_nbytes.
 * Result:  RF_OK; RF_EARGUMENT for an invalid image or section; RF_ENOSPACE.
 * Threads: pure.
 */
int rf_decode_prepare(rf_decoding *d);

/*
 * rf_decode_threads - how many threads, up to nthreads, are worth starting for ntiles tiles.
 * Memory:  none.
 * Sizes:   d has been prepared.
 * Result:  the number; 1 or less means only the caller's.
 * Threads: pure.
 */
int rf_decode_threads(const rf_decoding *d, size_t ntiles, int nthreads);

/*
 * rf_decode_tile - decode tile number row into its part of the section.
 * Memory:  src and dst are the caller's; scratch comes from w and stays there for the next tile.
 * Sizes:   nbytes coded bytes at src.
 * Result:  as rf_tiles_read; RF_OK for a tile outside the section, which is not decoded.
 * Threads: one for each w; tiles do not overlap in dst.
 */
int rf_decode_tile(const rf_decoding *d, rf_worker *w, int64_t row, const uint8_t *src, size_t nbytes);

/*
 * rf_overlap - which of the positions that a section has along one axis lie in a tile.
 * Memory:  none.
 * Sizes:   *first is the first of them, counted from the section's start, and *n their number.
 * Result:  none; *n is 0 if the tile has none of them.
 * Threads: pure.
 */
void rf_overlap(const rf_section *section, const rf_tile *tile, size_t axis, size_t *first, size_t *n);

#endif
