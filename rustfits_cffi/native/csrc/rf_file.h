/*
 * rf_file.h - positioned reads and writes, the only code of ours that touches a file; and plain images read by them:
 * big-endian pixels of a file into native arrays.
 *
 * That is in C because a small cut-out of a plain image is one short read a row, and because a large read and its byte
 * order are cheapest done together, piece by piece, while the piece is in the cache.
 */
#ifndef RF_FILE_H
#define RF_FILE_H

#include "rf.h"

/* cffi: begin */
/* A plain image in a file, and what its pixels become. */
typedef struct {
    int64_t data_start;   /* byte of the file */
    size_t ndim;
    const size_t *shape;  /* numpy order */
    int width;            /* bytes per pixel: 1, 2, 4 or 8 */
    int flip;             /* invert sign bits: stored integers become those of the unsigned (or signed byte) type */
} rf_plain;

/*
 * rf_plain_read - read a section of an image, in native byte order.
 * Memory:  the caller owns section (start, count and step of each axis: 3 * ndim numbers, steps >= 1) and dst, which is
 *          C-contiguous of shape count. Pixels that lie close together are read together, through a bounded scratch.
 * Sizes:   the section lies within the image, and its last byte within what int64_t counts; the caller has checked.
 * Result:  RF_OK; RF_ETRUNCATED if the file ends first; RF_EIO if the system reports an error, with errno set;
 *          RF_ENOMEM; RF_EARGUMENT for another width or more than 64 axes. After an error dst is undefined.
 * Threads: up to nthreads; moves no file position, so several may read one descriptor.
 */
int rf_plain_read(int fd, const rf_plain *image, const size_t *section, void *dst, int nthreads);

/*
 * rf_plain_read_line - read `count` consecutive pixels from number `first` on.
 * Memory:  dst is the caller's.
 * Sizes:   dst has room for count pixels; they lie within the image.
 * Result:  as rf_plain_read.
 * Threads: this one; moves no file position.
 */
int rf_plain_read_line(int fd, const rf_plain *image, size_t first, size_t count, void *dst);
/* cffi: end */

/*
 * rf_read_exactly - read bytes of a file.
 * Memory:  dst is the caller's.
 * Sizes:   nbytes from byte `offset` on.
 * Result:  RF_OK, RF_ETRUNCATED if the file ends first, or RF_EIO with errno set.
 * Threads: any number; moves no file position.
 */
int rf_read_exactly(int fd, uint8_t *dst, size_t nbytes, int64_t offset);

/*
 * rf_write_exactly - write bytes of a file.
 * Memory:  src is the caller's.
 * Sizes:   nbytes from byte `offset` on.
 * Result:  RF_OK, or RF_EWRITE with errno set.
 * Threads: any number; moves no file position.
 */
int rf_write_exactly(int fd, const uint8_t *src, size_t nbytes, int64_t offset);

#endif
