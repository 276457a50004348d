/* Positioned reads of plain images, and of bytes; positioned writes. */
#include "rf_file.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rf_pixels.h"
#include "rf_threads.h"

enum {
    MOST_AXES = 64,
    PIECE_NBYTES = 1 << 18, /* half of a small second-level cache: read, then swapped while still there */
    PARTS_PER_ITEM = 16,    /* pieces that a thread takes at a time: it touches memory that no other touches first */
    GAP_NBYTES = 2048       /* reading over a gap this long is cheaper than another read */
};

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
        if (put < 0) return RF_EWRITE;
        src += put;
        offset += put;
        nbytes -= (size_t)put;
    }
    return RF_OK;
}

static void to_native(void *pixels, size_t nbytes, int width, int flip)
{
    size_t npix = nbytes / (size_t)width;
    rf_reorder(pixels, npix, (size_t)width);
    if (flip) rf_flip(pixels, npix, (size_t)width);
}

/* A section as equally long runs of consecutive pixels; long runs are cut in parts, so that threads can share them. */
typedef struct {
    int fd, width, flip;
    uint8_t *dst;
    size_t ndim;                                  /* axes that are looped over */
    size_t count[MOST_AXES];
    int64_t step_nbytes[MOST_AXES];
    int64_t start;                                /* byte of the file of the first run */
    size_t run_nbytes, nruns;
    size_t parts_per_run;                         /* of PIECE_NBYTES, the last one shorter */
    size_t runs_per_item;                         /* runs that a thread takes at a time, if they are short */
    atomic_int error_number;
} reading;

/* Join the axes at the fast end that are read whole, and the first one before them if its step is 1. */
static int plan(reading *r, const rf_plain *image, const size_t *section)
{
    const size_t *start = section, *count = section + image->ndim, *step = section + 2 * image->ndim;
    int64_t stride = image->width;
    bool joined = true;
    r->start = image->data_start;
    r->run_nbytes = (size_t)image->width;
    r->nruns = 1;
    r->ndim = 0;
    for (size_t i = image->ndim; i-- > 0;) {
        if (count[i] == 0) r->nruns = 0;
        r->start += (int64_t)start[i] * stride;
        if (joined && (step[i] == 1 || count[i] == 1)) {
            r->run_nbytes *= count[i];
        } else if (count[i] != 1) {
            r->count[r->ndim] = count[i];
            r->step_nbytes[r->ndim++] = (int64_t)step[i] * stride;
            r->nruns *= count[i];
        }
        joined = joined && count[i] == image->shape[i];
        stride *= (int64_t)image->shape[i];
    }
    r->parts_per_run = (r->run_nbytes + PIECE_NBYTES - 1) / PIECE_NBYTES;
    r->runs_per_item = r->run_nbytes < PIECE_NBYTES && r->run_nbytes ? PIECE_NBYTES / r->run_nbytes : 1;
    return r->nruns && r->run_nbytes;
}

static int64_t run_offset(const reading *r, size_t run)
{
    int64_t offset = r->start;
    for (size_t i = 0; i < r->ndim; i++) {
        offset += (int64_t)(run % r->count[i]) * r->step_nbytes[i];
        run /= r->count[i];
    }
    return offset;
}

typedef struct {
    uint8_t *bytes; /* PIECE_NBYTES, taken when first needed */
} scratch_space;

static void end_scratch(void *scratch) { free(((scratch_space *)scratch)->bytes); }

/* Runs first .. last - 1: those that lie close together with one read. */
static int read_runs(const reading *r, scratch_space *scratch, size_t first, size_t last)
{
    while (first < last) {
        int64_t start = run_offset(r, first), end = start + (int64_t)r->run_nbytes;
        uint8_t *dst = r->dst + first * r->run_nbytes;
        size_t n = 1;
        for (; first + n < last; n++) {
            int64_t next = run_offset(r, first + n);
            if (next < end || next - end > GAP_NBYTES || next + (int64_t)r->run_nbytes - start > PIECE_NBYTES) break;
            end = next + (int64_t)r->run_nbytes;
        }
        int status;
        if ((size_t)(end - start) == n * r->run_nbytes) {
            status = rf_read_exactly(r->fd, dst, n * r->run_nbytes, start);
        } else {
            if (!scratch->bytes && !(scratch->bytes = malloc(PIECE_NBYTES))) return RF_ENOMEM;
            status = rf_read_exactly(r->fd, scratch->bytes, (size_t)(end - start), start);
            for (size_t i = 0; i < n && status == RF_OK; i++) {
                memcpy(dst + i * r->run_nbytes, scratch->bytes + (run_offset(r, first + i) - start), r->run_nbytes);
            }
        }
        if (status != RF_OK) return status;
        to_native(dst, n * r->run_nbytes, r->width, r->flip);
        first += n;
    }
    return RF_OK;
}

static int read_part(const reading *r, size_t run, size_t part)
{
    size_t begin = part * PIECE_NBYTES, nbytes = r->run_nbytes - begin;
    uint8_t *dst = r->dst + run * r->run_nbytes + begin;
    if (nbytes > PIECE_NBYTES) nbytes = PIECE_NBYTES;
    int status = rf_read_exactly(r->fd, dst, nbytes, run_offset(r, run) + (int64_t)begin);
    if (status == RF_OK) to_native(dst, nbytes, r->width, r->flip);
    return status;
}

static int read_item(void *job, void *scratch, size_t item)
{
    reading *r = job;
    int status;
    if (r->parts_per_run > 1) {
        size_t first = item * PARTS_PER_ITEM, last = first + PARTS_PER_ITEM, nparts = r->nruns * r->parts_per_run;
        status = RF_OK;
        for (size_t i = first; i < last && i < nparts && status == RF_OK; i++) {
            status = read_part(r, i / r->parts_per_run, i % r->parts_per_run);
        }
    } else {
        size_t first = item * r->runs_per_item, last = first + r->runs_per_item;
        status = read_runs(r, scratch, first, last < r->nruns ? last : r->nruns);
    }
    if (status == RF_EIO) atomic_store(&r->error_number, errno);
    return status;
}

static bool is_width(int width) { return width == 1 || width == 2 || width == 4 || width == 8; }

int rf_plain_read(int fd, const rf_plain *image, const size_t *section, void *dst, int nthreads)
{
    reading r = {.fd = fd, .width = image->width, .flip = image->flip, .dst = dst};
    size_t failed;
    if (!is_width(image->width) || image->ndim > MOST_AXES) return RF_EARGUMENT;
    if (!plan(&r, image, section)) return RF_OK;
    size_t nitems = (r.nruns + r.runs_per_item - 1) / r.runs_per_item;
    if (r.parts_per_run > 1) nitems = (r.nruns * r.parts_per_run + PARTS_PER_ITEM - 1) / PARTS_PER_ITEM;
    int status = rf_share(read_item, &r, nitems, nthreads, sizeof(scratch_space), end_scratch, &failed);
    if (status == RF_EIO) errno = atomic_load(&r.error_number);
    return status;
}

int rf_plain_read_line(int fd, const rf_plain *image, size_t first, size_t count, void *dst)
{
    size_t nbytes = count * (size_t)image->width;
    int status = rf_read_exactly(fd, dst, nbytes, image->data_start + (int64_t)(first * (size_t)image->width));
    if (status == RF_OK) to_native(dst, nbytes, image->width, image->flip);
    return status;
}
