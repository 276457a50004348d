/*
 * rf_source.h - positioned reads and writes of bytes, the only code of ours that touches a file.
 */
#ifndef RF_SOURCE_H
#define RF_SOURCE_H

#include "rf.h"

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
