/* Reads and decodes tiles of a source; every thread does its own. */
#include <stdatomic.h>

#include "tiles/rf_decode.h"
#include "source/rf_source.h"
#include "base/rf_threads.h"
#include "codecs/rf_workspace.h"

enum {
    READ_NBYTES = 1 << 18,  /* coded bytes read at a time, unless one tile has more */
    MOST_IN_GROUP = 64,     /* tiles handed to a thread at a time: few enough for all threads to end together */
    GROUPS_PER_THREAD = 8   /* few enough groups for neighbours to be read at once */
};

typedef struct {
    rf_decoding d;
    const rf_source *source;
    size_t first[RF_MAX_NDIM], count[RF_MAX_NDIM]; /* tiles touched along each axis: a box of the grid */
    size_t ntiles;                                 /* in that box */
    bool has_gaps;                                 /* a step is long enough to skip tiles */
    size_t group;                                  /* tiles handed to a thread at a time */
    _Atomic int64_t failed;                        /* lowest tile number that failed so far */
} reading;

/* The box of tiles that the section touches; if steps are longer than a tile, plan skips some of them. */
static void find_box(reading *r)
{
    const rf_image *image = r->d.reader->image;
    const rf_section *s = &r->d.section;
    r->ntiles = 1;
    r->has_gaps = false;
    for (size_t i = 0; i < image->ndim; i++) {
        if (s->count[i] == 0) {
            r->ntiles = 0;
            return;
        }
        size_t last = s->start[i] + (s->count[i] - 1) * s->step[i];
        r->first[i] = s->start[i] / image->tile_shape[i];
        r->count[i] = last / image->tile_shape[i] - r->first[i] + 1;
        r->ntiles *= r->count[i];
        r->has_gaps |= s->step[i] > image->tile_shape[i];
    }
}

/* Number of the k-th tile of the box; both count with the last axis fastest. */
static int64_t box_row(const reading *r, size_t k)
{
    size_t row = 0, stride = 1;
    for (size_t i = r->d.grid.ndim; i-- > 0;) {
        row += (r->first[i] + k % r->count[i]) * stride;
        k /= r->count[i];
        stride *= r->d.grid.count[i];
    }
    return (int64_t)row;
}

static bool is_wanted(const reading *r, int64_t row)
{
    const rf_section *s = &r->d.section;
    rf_tile tile;
    if (rf_grid_tile(&r->d.grid, row, &tile) != RF_OK) return true;
    for (size_t i = 0; i < r->d.grid.ndim; i++) {
        size_t first, n;
        rf_overlap(s, &tile, i, &first, &n);
        if (n == 0) return false;
    }
    return true;
}

/* How many of the tiles rows[0..n-1] are contiguous in the file and within the bytes to be read at a time. */
static size_t run_length(const rf_table *t, const int64_t *rows, size_t n, size_t *nbytes)
{
    size_t length = 1;
    *nbytes = (size_t)t->nbytes[rows[0]];
    while (length < n && t->state[rows[length]] == RF_TILE_GOOD &&
           t->offset[rows[length]] == t->offset[rows[0]] + (int64_t)*nbytes &&
           *nbytes + (size_t)t->nbytes[rows[length]] <= READ_NBYTES) {
        *nbytes += (size_t)t->nbytes[rows[length]];
        length++;
    }
    return length;
}

static int read_run(const reading *r, rf_worker *w, const int64_t *rows, size_t n, size_t nbytes, int64_t *failed)
{
    const rf_table *t = r->d.reader->table;
    int64_t offset = t->heap_start + t->offset[rows[0]];
    int status = RF_OK;
    *failed = rows[0];
    const uint8_t *coded = rf_source_view(r->source, nbytes, offset);
    if (!coded) {
        uint8_t *copy = rf_reserve(&w->coded, nbytes);
        if (!copy) return RF_ENOMEM;
        status = rf_source_read(r->source, copy, nbytes, offset);
        coded = copy;
    }
    for (size_t i = 0; i < n && status == RF_OK; i++) {
        *failed = rows[i];
        status = rf_decode_tile(&r->d, w, rows[i], coded, (size_t)t->nbytes[rows[i]]);
        coded += t->nbytes[rows[i]];
    }
    return status;
}

/* Reads and decodes the tiles rows[0..n-1]; contiguous ones take one read. */
static int read_tiles(const reading *r, rf_worker *w, const int64_t *rows, size_t n, int64_t *failed)
{
    const rf_table *t = r->d.reader->table;
    for (size_t i = 0; i < n;) {
        size_t nbytes;
        *failed = rows[i];
        if (t->state[rows[i]] != RF_TILE_GOOD) {
            return t->state[rows[i]] == RF_TILE_MISSING ? RF_EMISSING : RF_EDESCRIPTOR;
        }
        size_t length = run_length(t, rows + i, n - i, &nbytes);
        int status = read_run(r, w, rows + i, length, nbytes, failed);
        if (status != RF_OK) return status;
        i += length;
    }
    return RF_OK;
}

static int read_group(void *job, void *scratch, size_t item)
{
    reading *r = job;
    rf_worker *w = rf_lease_worker(scratch, r->d.reader->space);
    int64_t rows[MOST_IN_GROUP], failed;
    size_t n = 0, begin = item * r->group, end = begin + r->group;
    if (!w) return RF_ENOMEM;
    for (size_t k = begin; k < end && k < r->ntiles; k++) {
        int64_t row = box_row(r, k);
        if (r->has_gaps && !is_wanted(r, row)) continue;
        rows[n++] = row;
    }
    int status = read_tiles(r, w, rows, n, &failed);
    if (status != RF_OK) rf_lower(&r->failed, failed);
    return status;
}

int rf_tiles_read(const rf_tile_reader *reader, const rf_source *source, const size_t *box, void *dst,
                  size_t dst_nbytes, int nthreads, int64_t *failed)
{
    size_t ndim = reader->image->ndim, group;
    reading r = {.source = source, .failed = INT64_MAX};
    r.d.reader = reader;
    r.d.section = (rf_section){box, box + ndim, box + 2 * ndim, dst, dst_nbytes};
    if (failed) *failed = -1;
    int status = rf_decode_prepare(&r.d);
    if (status != RF_OK) return status;
    find_box(&r);
    nthreads = rf_decode_threads(&r.d, r.ntiles, nthreads);
    r.group = r.ntiles / ((size_t)(nthreads < 1 ? 1 : nthreads) * GROUPS_PER_THREAD);
    r.group = r.group < 1 ? 1 : r.group > MOST_IN_GROUP ? MOST_IN_GROUP : r.group;
    size_t ngroups = (r.ntiles + r.group - 1) / r.group;
    status = rf_share(read_group, &r, ngroups, nthreads, sizeof(rf_lease), rf_lease_end, &group);
    int64_t lowest = atomic_load(&r.failed);
    if (status != RF_OK && failed) *failed = lowest < INT64_MAX ? lowest : -1;
    return status;
}
