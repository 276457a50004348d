/* Positioned reads and writes of bytes. */
#include "source/rf_source.h"

#include <errno.h>
#include <unistd.h>

int rf_read_exactly(int fd, uint8_t *dst, size_t nbytes, int64_t offset)
{
    while (nbytes) {
        ssize_t got = pread(fd, dst, nbytes, (off_t)offset);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return RF_EIO;
        if (got == 0) return RF_ETRUNCATED;
        dst += got;
        offset += got;
        nbytes -= (size_t)got;
    }
    return RF_OK;
}

int rf_write_exactly(int fd, const uint8_t *src, size_t nbytes, int64_t offset)
{
    while (nbytes) {
        ssize_t put = pwrite(fd, src, nbytes, (off_t)offset);
        if (put < 0 && errno == EINTR) continue;
        if (put == 0) errno = EIO; /* no system says so of a file; if one does, trying again would not end */
        if (put <= 0) return RF_EWRITE;
        src += put;
        offset += put;
        nbytes -= (size_t)put;
    }
    return RF_OK;
}
