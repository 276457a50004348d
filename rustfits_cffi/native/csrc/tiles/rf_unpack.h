/*
 * rf_unpack.h - turns a compressed image in one file into the data unit of a plain image in another.
 *
 * The image is cut into boxes of tiles. Each thread reads, decodes, sums and writes its own boxes, so that one waits
 * for the system while another decodes, and pixels are written while they are still in the cache.
 */
#ifndef RF_UNPACK_H
#define RF_UNPACK_H

#include "tiles/rf_tiles.h"

/* cffi: begin */
/* The data unit to fill. */
typedef struct {
    int fd;             /* open for writing */
    int64_t data_start; /* byte of the file where the data unit begins */
    int one_nan;        /* every NaN of a float image becomes that of cfitsio's nulls, with all bits set */
} rf_data_unit;

/*
 * rf_unpack_count - the number of boxes that an image is cut into.
 * Memory:  only `image` is read.
 * Sizes:   a box is one or more rows of tiles, or a part of one if rows are large; it has at least one tile.
 * Result:  the number; 0 if the image has no pixels or is invalid.
 * Threads: pure.
 */
size_t rf_unpack_count(const rf_image *image);

/*
 * rf_unpack - unpack boxes first .. first + nboxes - 1.
 * Memory:  the caller owns everything. Scratch is one box per thread: a few megabytes, or one tile if that is larger.
 * Sizes:   reader->out is RF_OUT_STORED. The data unit lies within what int64_t counts.
 * Result:  RF_OK, with the sum of these pixels within the data unit added to *sum. Otherwise as rf_tiles_read, with
 *          the number of a tile of the first box that failed in *failed; -1 if it is not about a tile. RF_EWRITE, with
 *          errno set, if the system refuses to write. After an error the data unit is undefined.
 * Threads: up to nthreads; moves no file position.
 */
int rf_unpack(const rf_tile_reader *reader, const rf_source *source, const rf_data_unit *unit, size_t first,
              size_t nboxes, int nthreads, uint32_t *sum, int64_t *failed);
/* cffi: end */

#endif
