/* Sections of plain images. */
#include "pixels/rf_plain.h"

#include <stdlib.h>
#include <string.h>

#include "source/rf_source.h"
#include "pixels/rf_pixels.h"
#include "base/rf_threads.h"

enum {
    PIECE_NBYTES = 1 << 18, /* half of a small second-level cache, in which a piece stays until it is converted */
    PARTS_PER_ITEM = 16,    /* pieces that a thread takes at a time: it is then the first to touch its part of dst */
    GAP_NBYTES = 2048,      /* reading over a gap this long is cheaper than another read */
    LINE_NBYTES = 1 << 14   /* bytes of a line that are scaled at a time, on the stack */
};

/* Big-endian pixels in raw to the image's output type; in place unless that is doubles. */
static void convert(const rf_plain *image, void *raw, size_t npix, double *doubles)
{
    size_t width = rf_width(image->bitpix);
    rf_reorder(raw, npix, width);
    if (image->out == RF_OUT_UNSIGNED) rf_flip(raw, npix, width);
    if (image->out == RF_OUT_DOUBLE) rf_doubles(raw, image->bitpix, npix, image->bscale, image->bzero, doubles);
}

/* --- a section as runs: pixels at equal distances --- */

typedef struct {
    const rf_source *source;
    const rf_plain *image;
    uint8_t *dst;
    size_t width, dst_width;      /* of a pixel in the file and in dst */
    int64_t start;                /* byte of the file of the first run */
    size_t ndim;                  /* the axes to loop over, fastest first */
    size_t count[RF_MAX_NDIM];
    int64_t step_nbytes[RF_MAX_NDIM];
    size_t nruns, run_npix;
    size_t pixel_nbytes;          /* distance of a run's pixels in the file */
    size_t part_npix;             /* pixels per piece: long runs are cut, so that threads can share them */
    size_t parts_per_run;         /* the last one may be shorter */
    size_t runs_per_item;         /* runs that a thread takes at a time, if they are short */
} reading;

/* Bytes from the first of n pixels of a run to the end of the last. */
static size_t span(const reading *r, size_t npix) { return (npix - 1) * r->pixel_nbytes + r->width; }

/*
 * The fastest axes that are read whole are one run, together with the next axis if its step is 1. So is an axis of
 * which every few pixels are wanted, if reading the pixels between them is cheaper than separate reads.
 */
static bool plan(reading *r, const size_t *section)
{
    const rf_plain *image = r->image;
    const size_t *start = section, *count = section + image->ndim, *step = section + 2 * image->ndim;
    int64_t stride = (int64_t)r->width;
    bool joined = true;
    r->start = image->data_start;
    r->pixel_nbytes = r->width;
    r->run_npix = r->nruns = 1;
    for (size_t i = image->ndim; i-- > 0;) {
        int64_t step_nbytes = (int64_t)step[i] * stride;
        if (count[i] == 0) return false;
        r->start += (int64_t)start[i] * stride;
        if (joined && (step[i] == 1 || count[i] == 1)) {
            r->run_npix *= count[i];
        } else if (joined && r->run_npix == 1 && step_nbytes <= GAP_NBYTES) {
            r->run_npix = count[i];
            r->pixel_nbytes = (size_t)step_nbytes;
            joined = false;
        } else if (count[i] != 1) {
            r->count[r->ndim] = count[i];
            r->step_nbytes[r->ndim++] = step_nbytes;
            r->nruns *= count[i];
        }
        joined = joined && count[i] == image->shape[i];
        stride *= (int64_t)image->shape[i];
    }
    r->part_npix = (PIECE_NBYTES - r->width) / r->pixel_nbytes + 1;
    r->parts_per_run = (r->run_npix + r->part_npix - 1) / r->part_npix;
    r->runs_per_item = r->parts_per_run == 1 ? PIECE_NBYTES / span(r, r->run_npix) : 1;
    return true;
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

/* --- reading them --- */

typedef struct {
    uint8_t *bytes;
    size_t nbytes;
} scratch_space;

static void end_scratch(void *scratch) { free(((scratch_space *)scratch)->bytes); }

static bool grow(scratch_space *scratch, size_t nbytes)
{
    if (nbytes <= scratch->nbytes) return true;
    free(scratch->bytes);
    scratch->bytes = malloc(nbytes);
    scratch->nbytes = scratch->bytes ? nbytes : 0;
    return scratch->bytes;
}

/* npix pixels, `distance` bytes apart, to consecutive ones; dst may overlap src if it begins no later. */
static void gather(const uint8_t *src, size_t distance, size_t npix, size_t width, uint8_t *dst)
{
    if (distance == width) memmove(dst, src, npix * width);
    else if (width == 1) for (size_t i = 0; i < npix; i++) dst[i] = src[i * distance];
    else if (width == 2) for (size_t i = 0; i < npix; i++) memmove(dst + 2 * i, src + i * distance, 2);
    else if (width == 4) for (size_t i = 0; i < npix; i++) memmove(dst + 4 * i, src + i * distance, 4);
    else for (size_t i = 0; i < npix; i++) memmove(dst + 8 * i, src + i * distance, 8);
}

/* Reads pixels first .. first + npix - 1 of each of some runs, which span at most PIECE_NBYTES, in one read. */
static int read_piece(const reading *r, scratch_space *scratch, size_t run, size_t nruns, size_t first, size_t npix)
{
    int64_t start = run_offset(r, run);
    size_t nbytes = (size_t)(run_offset(r, run + nruns - 1) - start) + span(r, npix);
    size_t wanted_nbytes = nruns * npix * r->width;
    uint8_t *dst = r->dst + (run * r->run_npix + first) * r->dst_width;
    bool is_scaled = r->image->out == RF_OUT_DOUBLE, is_gapless = nbytes == wanted_nbytes;
    if ((is_scaled || !is_gapless) && !grow(scratch, nbytes)) return RF_ENOMEM;
    uint8_t *raw = is_scaled ? scratch->bytes : dst, *landing = is_gapless ? raw : scratch->bytes;
    int status = rf_source_read(r->source, landing, nbytes, start + (int64_t)(first * r->pixel_nbytes));
    if (status != RF_OK) return status;
    for (size_t i = 0; i < nruns && !is_gapless; i++) {
        gather(landing + (run_offset(r, run + i) - start), r->pixel_nbytes, npix, r->width, raw + i * npix * r->width);
    }
    convert(r->image, raw, nruns * npix, (double *)(void *)dst);
    return RF_OK;
}

/* Reads runs first .. last - 1; those that lie close together in one read. */
static int read_runs(const reading *r, scratch_space *scratch, size_t first, size_t last)
{
    const int64_t run_nbytes = (int64_t)span(r, r->run_npix);
    int status = RF_OK;
    while (first < last && status == RF_OK) {
        int64_t start = run_offset(r, first), end = start + run_nbytes;
        size_t n = 1;
        for (; first + n < last; n++) {
            int64_t next = run_offset(r, first + n);
            if (next < end || next - end > GAP_NBYTES || next + run_nbytes - start > PIECE_NBYTES) break;
            end = next + run_nbytes;
        }
        status = read_piece(r, scratch, first, n, 0, r->run_npix);
        first += n;
    }
    return status;
}

static int read_part(const reading *r, scratch_space *scratch, size_t run, size_t part)
{
    size_t first = part * r->part_npix, npix = r->run_npix - first;
    return read_piece(r, scratch, run, 1, first, npix < r->part_npix ? npix : r->part_npix);
}

static int read_item(void *job, void *scratch, size_t item)
{
    const reading *r = job;
    int status = RF_OK;
    if (r->parts_per_run > 1) {
        size_t first = item * PARTS_PER_ITEM, last = first + PARTS_PER_ITEM, nparts = r->nruns * r->parts_per_run;
        for (size_t i = first; i < last && i < nparts && status == RF_OK; i++) {
            status = read_part(r, scratch, i / r->parts_per_run, i % r->parts_per_run);
        }
    } else {
        size_t first = item * r->runs_per_item, last = first + r->runs_per_item;
        status = read_runs(r, scratch, first, last < r->nruns ? last : r->nruns);
    }
    return status;
}

int rf_plain_read(const rf_source *source, const rf_plain *image, const size_t *section, void *dst, int nthreads)
{
    if (!rf_is_bitpix(image->bitpix) || image->ndim > RF_MAX_NDIM) return RF_EARGUMENT;
    if (image->out < RF_OUT_STORED || image->out > RF_OUT_DOUBLE) return RF_EARGUMENT;
    reading r = {.source = source, .image = image, .dst = dst, .width = rf_width(image->bitpix)};
    size_t failed;
    r.dst_width = image->out == RF_OUT_DOUBLE ? sizeof(double) : r.width;
    if (!plan(&r, section)) return RF_OK;
    size_t nitems = (r.nruns + r.runs_per_item - 1) / r.runs_per_item;
    if (r.parts_per_run > 1) nitems = (r.nruns * r.parts_per_run + PARTS_PER_ITEM - 1) / PARTS_PER_ITEM;
    return rf_share(read_item, &r, nitems, nthreads, sizeof(scratch_space), end_scratch, &failed);
}

int rf_plain_read_box(const rf_source *source, const rf_plain *image, size_t y, size_t x, size_t ny, size_t nx,
                      void *dst)
{
    const size_t section[] = {y, x, ny, nx, 1, 1};
    return image->ndim == 2 ? rf_plain_read(source, image, section, dst, 1) : RF_EARGUMENT;
}

/* --- lines --- */

static int read_scaled_line(const rf_source *source, const rf_plain *image, int64_t offset, size_t count, double *dst)
{
    _Alignas(8) uint8_t raw[LINE_NBYTES];
    size_t width = rf_width(image->bitpix), most = LINE_NBYTES / width;
    int status = RF_OK;
    for (size_t first = 0; first < count && status == RF_OK; first += most) {
        size_t n = count - first < most ? count - first : most;
        status = rf_source_read(source, raw, n * width, offset + (int64_t)(first * width));
        if (status == RF_OK) convert(image, raw, n, dst + first);
    }
    return status;
}

int rf_plain_read_line(const rf_source *source, const rf_plain *image, size_t first, size_t count, void *dst)
{
    size_t width = rf_width(image->bitpix);
    int64_t offset = image->data_start + (int64_t)(first * width);
    if (image->out == RF_OUT_DOUBLE) return read_scaled_line(source, image, offset, count, dst);
    int status = rf_source_read(source, dst, count * width, offset);
    if (status == RF_OK) convert(image, dst, count, NULL);
    return status;
}
