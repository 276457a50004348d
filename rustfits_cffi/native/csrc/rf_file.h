/*
 * rf_file.h - positioned reads of big-endian pixels into native arrays: the only code of ours that touches a file.
 *
 * It is in C because a small cut-out of a plain image is one short read a row, and because a large read and its byte
 * order are cheapest done together, piece by piece, while the piece is in the cache.
 */
#ifndef RF_FILE_H
#define RF_FILE_H

#include "rf.h"

/* cffi: begin */
/*
 * rf_file_read - read nruns runs of run_nbytes each, one after the other, into dst, in native byte order.
 * Memory:  the caller owns offset (nruns byte positions in the file) and dst (nruns * run_nbytes bytes).
 * Sizes:   width is the bytes per pixel (1, 2, 4 or 8) and divides run_nbytes. With flip the sign bit of every pixel
 *          is inverted: stored integers become those of the unsigned (or signed byte) type.
 * Result:  RF_OK; RF_ETRUNCATED if the file ends first, RF_EIO if the system reports an error, whose errno goes to
 *          *error_number; RF_EARGUMENT for another width. dst is then undefined.
 * Threads: up to nthreads; moves no file position, so several may read one descriptor.
 */
int rf_file_read(int fd, const int64_t *offset, size_t nruns, size_t run_nbytes, void *dst, int width, int flip,
                 int nthreads, int *error_number);
/* cffi: end */

/* Read nbytes at byte `offset`: RF_OK, RF_ETRUNCATED, or RF_EIO with errno in *error_number. */
int rf_read_exactly(int fd, uint8_t *dst, size_t nbytes, int64_t offset, int *error_number);

#endif
