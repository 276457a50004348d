/* Writes a compressed image of one file to the data unit of a plain one in another. */
#include "tiles/rf_unpack.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/rf_bytes.h"
#include "source/rf_source.h"
#include "tiles/rf_grid.h"
#include "pixels/rf_pixels.h"
#include "base/rf_sum.h"
#include "base/rf_threads.h"

enum {
    BOX_NBYTES = 1 << 18,  /* of boxes that are written in one piece: they stay in a second-level cache */
    MOST_NBYTES = 1 << 23, /* of others, and of a single row of tiles: large, so that there are fewer writes */
    PIECE_NBYTES = 1 << 14 /* pixels are processed in pieces of this size, within a first-level cache */
};

/* How an image is cut: one tile along the axes before `axis`, `step` tiles along it, whole along those after it. */
typedef struct {
    rf_grid grid;
    size_t width;   /* bytes per pixel */
    size_t axis, step;
    size_t nbytes;  /* of the largest box */
    size_t nboxes;
} cutting;

typedef struct {
    const rf_tile_reader *reader;
    const rf_source *source;
    const rf_data_unit *unit;
    cutting cut;
    size_t first;           /* box that is item 0 */
    _Atomic uint64_t sums;  /* of the finished boxes, not folded: fewer than 2^32 sums of 32 bits */
    _Atomic int64_t failed; /* the lowest tile that has failed */
} unpacking;

typedef struct {
    uint8_t *pixels; /* cut.nbytes, allocated when first needed */
} scratch_space;

static void end_scratch(void *scratch) { free(((scratch_space *)scratch)->pixels); }

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* Bytes of a row of tiles that is one tile thick along the axes up to cut->axis; false if they overflow. */
static bool row_nbytes(const cutting *cut, size_t *nbytes)
{
    *nbytes = cut->width;
    for (size_t i = 0; i < cut->grid.ndim; i++) {
        size_t n = i <= cut->axis ? smaller(cut->grid.tile_shape[i], cut->grid.shape[i]) : cut->grid.shape[i];
        if (!rf_multiply(*nbytes, n, nbytes)) return false;
    }
    return true;
}

/* Whether a row of tiles is contiguous in the image. */
static bool is_one_piece(const cutting *cut)
{
    bool is_line = true;
    for (size_t i = 0; i < cut->axis; i++) is_line &= smaller(cut->grid.tile_shape[i], cut->grid.shape[i]) == 1;
    return is_line;
}

static int cut_image(const rf_image *image, cutting *cut)
{
    if (!rf_is_bitpix(image->bitpix) || image->ndim == 0) return RF_EARGUMENT;
    int status = rf_grid_make(&cut->grid, image->ndim, image->shape, image->tile_shape);
    if (status != RF_OK) return status;
    cut->width = rf_width(image->bitpix);
    cut->nboxes = 0;
    if (cut->grid.ntiles == 0) return RF_OK;

    size_t row, wanted;
    cut->axis = 0;
    while (cut->axis + 1 < image->ndim && !(row_nbytes(cut, &row) && row <= MOST_NBYTES)) cut->axis++;
    if (!row_nbytes(cut, &row)) return RF_EARGUMENT;
    wanted = is_one_piece(cut) ? BOX_NBYTES : MOST_NBYTES;
    cut->step = smaller(row < wanted ? wanted / row : 1, cut->grid.count[cut->axis]);
    cut->nbytes = row * cut->step; /* either factor is 1, or both are small */
    cut->nboxes = (cut->grid.count[cut->axis] + cut->step - 1) / cut->step;
    for (size_t i = 0; i < cut->axis; i++) cut->nboxes *= cut->grid.count[i]; /* no more than there are tiles */
    return RF_OK;
}

/* First pixel, number of pixels, and step of box number k on each axis, one after the other as rf_tiles_read wants. */
static void find_box(const cutting *cut, size_t k, size_t *box)
{
    size_t ndim = cut->grid.ndim, *start = box, *count = box + ndim, *step = box + 2 * ndim;
    size_t nsteps = (cut->grid.count[cut->axis] + cut->step - 1) / cut->step;
    for (size_t i = ndim; i-- > 0;) {
        size_t length = cut->grid.shape[i];
        start[i] = 0;
        if (i == cut->axis) {
            start[i] = k % nsteps * cut->step * cut->grid.tile_shape[i];
            length = cut->step * cut->grid.tile_shape[i];
            k /= nsteps;
        } else if (i < cut->axis) {
            start[i] = k % cut->grid.count[i] * cut->grid.tile_shape[i];
            length = cut->grid.tile_shape[i];
            k /= cut->grid.count[i];
        }
        count[i] = smaller(length, cut->grid.shape[i] - start[i]);
        step[i] = 1;
    }
}

/* Converts native pixels to the file's. */
static void as_stored(const unpacking *r, uint8_t *pixels, size_t nbytes)
{
    size_t width = r->cut.width;
    for (size_t done = 0; done < nbytes; done += PIECE_NBYTES) {
        size_t npix = smaller(PIECE_NBYTES, nbytes - done) / width;
        if (r->unit->one_nan && r->reader->image->bitpix < 0) rf_one_nan(pixels + done, npix, width);
        rf_reorder(pixels + done, npix, width);
    }
}

/* How many of the slowest axes of a box must be looped over: pixels along the others are contiguous in the image. */
static size_t outer_axes(const rf_grid *grid, const size_t *count)
{
    size_t n = grid->ndim - 1;
    while (n > 0 && count[n] == grid->shape[n]) n--;
    return n;
}

/* Writes the pixels of a box; *sum is their sum within the data unit. */
static int write_box(const unpacking *r, const size_t *box, const uint8_t *pixels, uint32_t *sum)
{
    const rf_grid *grid = &r->cut.grid;
    const size_t *start = box, *count = box + grid->ndim;
    size_t index[RF_MAX_NDIM] = {0}, nouter = outer_axes(grid, count), run = r->cut.width, axis;
    for (size_t i = nouter; i < grid->ndim; i++) run *= count[i];
    *sum = 0;
    do {
        size_t offset = 0;
        for (size_t i = 0; i < grid->ndim; i++) offset = offset * grid->shape[i] + start[i] + index[i];
        offset *= r->cut.width;
        *sum = rf_sum32_join(*sum, rf_sum32(pixels, run, 0), offset);
        int status = rf_write_exactly(r->unit->fd, pixels, run, r->unit->data_start + (int64_t)offset);
        if (status != RF_OK) return status;
        pixels += run;
        for (axis = nouter; axis > 0 && ++index[axis - 1] == count[axis - 1]; axis--) index[axis - 1] = 0;
    } while (axis > 0);
    return RF_OK;
}

static int unpack_box(void *job, void *scratch, size_t item)
{
    unpacking *r = job;
    scratch_space *s = scratch;
    size_t box[3 * RF_MAX_NDIM], nbytes = r->cut.width;
    int64_t failed;
    uint32_t sum;
    if (!s->pixels && !(s->pixels = malloc(r->cut.nbytes))) return RF_ENOMEM;
    find_box(&r->cut, r->first + item, box);
    for (size_t i = 0; i < r->cut.grid.ndim; i++) nbytes *= box[r->cut.grid.ndim + i];
    int status = rf_tiles_read(r->reader, r->source, box, s->pixels, nbytes, 1, &failed);
    if (status != RF_OK) {
        if (failed >= 0) rf_lower(&r->failed, failed);
        return status;
    }
    as_stored(r, s->pixels, nbytes);
    status = write_box(r, box, s->pixels, &sum);
    atomic_fetch_add(&r->sums, sum);
    return status;
}

size_t rf_unpack_count(const rf_image *image)
{
    cutting cut;
    return cut_image(image, &cut) == RF_OK ? cut.nboxes : 0;
}

int rf_unpack(const rf_tile_reader *reader, const rf_source *source, const rf_data_unit *unit, size_t first,
              size_t nboxes, int nthreads, uint32_t *sum, int64_t *failed)
{
    unpacking r = {.reader = reader, .source = source, .unit = unit, .first = first, .failed = INT64_MAX};
    size_t box;
    *failed = -1;
    int status = reader->out == RF_OUT_STORED ? cut_image(reader->image, &r.cut) : RF_EARGUMENT;
    if (status != RF_OK) return status;
    if (first > r.cut.nboxes || nboxes > r.cut.nboxes - first) return RF_EARGUMENT;
    status = rf_share(unpack_box, &r, nboxes, nthreads, sizeof(scratch_space), end_scratch, &box);
    int64_t lowest = atomic_load(&r.failed);
    if (status != RF_OK && status != RF_EWRITE && lowest < INT64_MAX) *failed = lowest;
    *sum = rf_sum32_fold(*sum + atomic_load(&r.sums));
    return status;
}
