/*
 * rf_source.h - where bytes are read from; apart from cfitsio, the only code that touches a file.
 *
 * C never asks Python for bytes. Whatever cannot be read by a file descriptor is put into memory first, whole or in the
 * pieces that a read will need.
 */
#ifndef RF_SOURCE_H
#define RF_SOURCE_H

#include "rf.h"

/* cffi: begin */
typedef struct {
    int fd;                         /* open for positioned reads; if it is -1, then: */
    size_t npieces;                 /* pieces of the file that are in memory, ascending and disjoint */
    const int64_t *offset, *nbytes; /* of each piece in the file */
    const uint8_t *const *bytes;
} rf_source;

/*
 * rf_source_open - open a file, and keep its descriptor in one step, so that no interrupt of Python can lose it.
 * Memory:  path is only read; source->fd is -1 before.
 * Sizes:   none.
 * Result:  RF_OK; RF_EIO with errno set.
 * Threads: the source's own.
 */
int rf_source_open(rf_source *source, const char *path, int flags, int mode);

/*
 * rf_source_nameless - make a file without a name, in memory or in a folder, and keep its descriptor in one step.
 * Memory:  folder is only read; NULL: in memory, where the system has such files, else in a folder for temporary ones.
 * Sizes:   none.
 * Result:  RF_OK; RF_EIO with errno set; RF_ENOMEM.
 * Threads: the source's own.
 */
int rf_source_nameless(rf_source *source, const char *folder);

/*
 * rf_source_close - close the descriptor.
 * Memory:  source->fd is -1 afterwards; the pieces are the caller's.
 * Sizes:   none; nothing is done if fd is negative.
 * Result:  none.
 * Threads: the last one that uses the source.
 */
void rf_source_close(rf_source *source);
/* cffi: end */

/*
 * rf_source_read - read bytes.
 * Memory:  dst is the caller's.
 * Sizes:   nbytes from byte `offset` on.
 * Result:  RF_OK; RF_ETRUNCATED if the file ends first, or a piece is missing; RF_EIO with errno set.
 * Threads: any number; moves no file position.
 */
int rf_source_read(const rf_source *source, uint8_t *dst, size_t nbytes, int64_t offset);

/*
 * rf_source_view - bytes of a source, in place.
 * Memory:  the source's.
 * Sizes:   nbytes from byte `offset` on.
 * Result:  the bytes; NULL if they must be read, being not in memory or not in one piece.
 * Threads: any number.
 */
const uint8_t *rf_source_view(const rf_source *source, size_t nbytes, int64_t offset);

/*
 * rf_write_exactly - write bytes of a file.
 * Memory:  src is the caller's.
 * Sizes:   nbytes from byte `offset` on.
 * Result:  RF_OK, or RF_EWRITE with errno set.
 * Threads: any number; moves no file position.
 */
int rf_write_exactly(int fd, const uint8_t *src, size_t nbytes, int64_t offset);

#endif
