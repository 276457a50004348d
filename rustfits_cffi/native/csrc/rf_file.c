/* Positioned reads of big-endian pixels into native arrays. */
#include "rf_file.h"

#include <errno.h>
#include <unistd.h>

#include "rf_pixels.h"
#include "rf_threads.h"

enum { PIECE_NBYTES = 1 << 18 }; /* half of a small second-level cache: read, then swapped while still there */

static int is_width(int width) { return width == 1 || width == 2 || width == 4 || width == 8; }

int rf_read_exactly(int fd, uint8_t *dst, size_t nbytes, int64_t offset, int *error_number)
{
    while (nbytes) {
        ssize_t got = pread(fd, dst, nbytes, (off_t)offset);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            *error_number = errno;
            return RF_EIO;
        }
        if (got == 0) return RF_ETRUNCATED;
        dst += got;
        offset += got;
        nbytes -= (size_t)got;
    }
    return RF_OK;
}

typedef struct {
    int fd;
    const int64_t *offset;
    size_t nruns, run_nbytes;
    size_t pieces_per_run;   /* a long run is cut in pieces */
    size_t runs_per_piece;   /* short runs are read several at a time */
    uint8_t *dst;
    int width, flip;
    int *error_number;       /* each failing thread writes a whole int: the last one wins */
} read_job;

static int read_piece(void *argument, void *scratch, size_t item)
{
    const read_job *job = argument;
    size_t first = item / job->pieces_per_run * job->runs_per_piece;
    size_t last = first + job->runs_per_piece;
    size_t begin = item % job->pieces_per_run * PIECE_NBYTES;
    size_t nbytes = job->run_nbytes - begin;
    int error_number = 0;

    (void)scratch;
    if (job->pieces_per_run > 1 && nbytes > PIECE_NBYTES) nbytes = PIECE_NBYTES;
    if (last > job->nruns) last = job->nruns;
    for (size_t run = first; run < last; run++) {
        uint8_t *dst = job->dst + run * job->run_nbytes + begin;
        int status = rf_read_exactly(job->fd, dst, nbytes, job->offset[run] + (int64_t)begin, &error_number);
        if (status != RF_OK) {
            if (error_number) *job->error_number = error_number;
            return status;
        }
        size_t npix = nbytes / (size_t)job->width;
        rf_swap(dst, npix, (size_t)job->width);
        if (job->flip) rf_flip(dst, npix, (size_t)job->width);
    }
    return RF_OK;
}

int rf_file_read(int fd, const int64_t *offset, size_t nruns, size_t run_nbytes, void *dst, int width, int flip,
                 int nthreads, int *error_number)
{
    read_job job = {.fd = fd, .offset = offset, .nruns = nruns, .run_nbytes = run_nbytes, .dst = dst, .width = width,
                    .flip = flip, .error_number = error_number, .pieces_per_run = 1, .runs_per_piece = 1};
    size_t failed;

    if (!is_width(width) || run_nbytes % (size_t)width) return RF_EARGUMENT;
    if (nruns == 0 || run_nbytes == 0) return RF_OK;
    if (run_nbytes > PIECE_NBYTES)
        job.pieces_per_run = (run_nbytes + PIECE_NBYTES - 1) / PIECE_NBYTES;
    else
        job.runs_per_piece = PIECE_NBYTES / run_nbytes;
    size_t nitems = (nruns + job.runs_per_piece - 1) / job.runs_per_piece * job.pieces_per_run;
    return rf_share(read_piece, &job, nitems, nthreads, 0, NULL, &failed);
}
