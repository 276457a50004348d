/* Positioned reads and writes of bytes. */
#include "source/rf_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif
#include <unistd.h>

int rf_source_open(rf_source *source, const char *path, int flags, int mode)
{
    do source->fd = open(path, flags, mode);
    while (source->fd < 0 && errno == EINTR);
    return source->fd < 0 ? RF_EIO : RF_OK;
}

int rf_source_nameless(rf_source *source, const char *folder)
{
#ifdef __linux__
    if (!folder) {
        source->fd = memfd_create("fits", MFD_CLOEXEC);
        if (source->fd >= 0) return RF_OK;
    }
#endif
    if (!folder) folder = "/tmp";
    static const char tail[] = "/fits-XXXXXX";
    size_t nbytes = strlen(folder);
    char *name = malloc(nbytes + sizeof tail);
    if (!name) return RF_ENOMEM;
    memcpy(name, folder, nbytes);
    memcpy(name + nbytes, tail, sizeof tail);
    source->fd = mkstemp(name);
    if (source->fd >= 0) {
        fcntl(source->fd, F_SETFD, FD_CLOEXEC);
        unlink(name);
    }
    free(name);
    return source->fd < 0 ? RF_EIO : RF_OK;
}

void rf_source_close(rf_source *source)
{
    int fd = source->fd;
    source->fd = -1;
    if (fd >= 0) close(fd);
}

static int read_file(int fd, uint8_t *dst, size_t nbytes, int64_t offset)
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

/* Number of the piece that has byte `offset`; npieces if there is none. */
static size_t piece_at(const rf_source *source, int64_t offset)
{
    size_t low = 0, high = source->npieces; /* those before low begin at or before offset, those from high after it */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (source->offset[middle] <= offset) low = middle + 1;
        else high = middle;
    }
    if (low == 0 || offset - source->offset[low - 1] >= source->nbytes[low - 1]) return source->npieces;
    return low - 1;
}

static int read_pieces(const rf_source *source, uint8_t *dst, size_t nbytes, int64_t offset)
{
    size_t k = nbytes ? piece_at(source, offset) : 0;
    while (nbytes) {
        if (k == source->npieces || offset < source->offset[k]) return RF_ETRUNCATED;
        int64_t skipped = offset - source->offset[k], left = source->nbytes[k] - skipped;
        if (left <= 0) return RF_ETRUNCATED;
        size_t n = (uint64_t)left < nbytes ? (size_t)left : nbytes;
        memcpy(dst, source->bytes[k++] + skipped, n);
        dst += n;
        offset += (int64_t)n;
        nbytes -= n;
    }
    return RF_OK;
}

int rf_source_read(const rf_source *source, uint8_t *dst, size_t nbytes, int64_t offset)
{
    return source->fd >= 0 ? read_file(source->fd, dst, nbytes, offset) : read_pieces(source, dst, nbytes, offset);
}

const uint8_t *rf_source_view(const rf_source *source, size_t nbytes, int64_t offset)
{
    if (source->fd >= 0) return NULL;
    size_t k = piece_at(source, offset);
    if (k == source->npieces) return NULL;
    int64_t skipped = offset - source->offset[k];
    return nbytes <= (uint64_t)(source->nbytes[k] - skipped) ? source->bytes[k] + skipped : NULL;
}

int rf_write_exactly(int fd, const uint8_t *src, size_t nbytes, int64_t offset)
{
    while (nbytes) {
        ssize_t put = pwrite(fd, src, nbytes, (off_t)offset);
        if (put < 0 && errno == EINTR) continue;
        if (put == 0) errno = EIO; /* no system returns 0 for a file; if one did, retrying would not end */
        if (put <= 0) return RF_EWRITE;
        src += put;
        offset += put;
        nbytes -= (size_t)put;
    }
    return RF_OK;
}
