/*
 * rf_plain.h - plain images: big-endian pixels of a file to native arrays, scaled if the header says so.
 *
 * This is in C because a small cut-out of a plain image takes one short read per row, and because reading, swapping and
 * scaling a large one are fastest together, piece by piece, while the piece is in the cache.
 */
#ifndef RF_PLAIN_H
#define RF_PLAIN_H

#include "source/rf_source.h"

/* cffi: begin */
/* A plain image in a file, and the type its pixels are converted to. */
typedef struct {
    int64_t data_start;   /* byte of the file */
    size_t ndim;
    const size_t *shape;  /* numpy order */
    int bitpix;
    int out;              /* an rf_out */
    double bscale, bzero; /* for RF_OUT_DOUBLE */
} rf_plain;

/*
 * rf_plain_read - read a section of an image, in native byte order.
 * Memory:  the caller owns section (start, count and step of each axis: 3 * ndim numbers, steps >= 1) and dst, which is
 *          C-contiguous of shape count, of the type that image->out names, and aligned as such. Pixels that lie close
 *          together are read together, through a bounded scratch.
 * Sizes:   the section lies within the image, and its last byte within what int64_t counts; the caller has checked.
 * Result:  RF_OK; RF_ETRUNCATED if the file ends first; RF_EIO if the system reports an error, with errno set;
 *          RF_ENOMEM; RF_EARGUMENT for another bitpix or out, or more than RF_MAX_NDIM axes. After an error dst is
 *          undefined.
 * Threads: up to nthreads; moves no file position, so several may read one source.
 */
int rf_plain_read(const rf_source *source, const rf_plain *image, const size_t *section, void *dst, int nthreads);

/*
 * rf_plain_read_box - read ny rows of nx pixels of an image with two axes, from row y and column x on.
 * Memory:  dst is the caller's, as for rf_plain_read.
 * Sizes:   dst has a capacity of ny * nx pixels, which lie within the image. Small cut-outs need no section.
 * Result:  as rf_plain_read.
 * Threads: this one; moves no file position.
 */
int rf_plain_read_box(const rf_source *source, const rf_plain *image, size_t y, size_t x, size_t ny, size_t nx,
                      void *dst);

/*
 * rf_plain_read_line - read `count` consecutive pixels from number `first` on.
 * Memory:  dst is the caller's, as for rf_plain_read.
 * Sizes:   dst has a capacity of count pixels, which lie within the image.
 * Result:  as rf_plain_read.
 * Threads: this one; moves no file position.
 */
int rf_plain_read_line(const rf_source *source, const rf_plain *image, size_t first, size_t count, void *dst);
/* cffi: end */

#endif
