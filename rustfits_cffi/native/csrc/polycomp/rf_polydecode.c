/* Decodes the chunks of a polynomial stream, which are shared among threads. */
#include <pthread.h>

#include "polycomp/rf_polyangle.h"
#include "polycomp/rf_polychunk.h"
#include "polycomp/rf_polyscan.h"
#include "polycomp/rf_polyvec.h"
#include "base/rf_threads.h"

/* Source and destination of the samples. */
typedef struct {
    const uint8_t *src;
    uint64_t first; /* number of the sample at dst */
    int width;
    double period, period_offset;
    void *dst;
} target;

typedef struct {
    target to;
    const rf_polychunk *chunks;
    size_t nchunks, per_item;
} decode_job;

/* What one thread keeps between chunks; all zeros at the start. */
typedef struct {
    rf_polycheb cheb; /* for the last chunk length that needed one */
    double *memory;   /* holds all arrays below */
    size_t cap;       /* samples that they hold */
    double *y, *c, *front, *back, *scratch;
    uint16_t *numbers;
} reader;

static void end_reader(void *scratch)
{
    reader *const r = scratch;
    rf_polycheb_close(&r->cheb);
    free(r->memory);
}

/* Allocates for a chunk of n samples, and prepares the transform of that length if with_transform. */
static int prepare(reader *r, size_t n, bool with_transform)
{
    const size_t full = rf_padded(n), half = rf_padded((n + 1) / 2);

    if (with_transform && r->cheb.n != n) {
        rf_polycheb_close(&r->cheb);
        const int status = rf_polycheb_open(&r->cheb, n);
        if (status != RF_OK) return status;
        r->cap = 0; /* the scratch may now be too small */
    }
    if (r->cap >= n && r->memory) return RF_OK;
    free(r->memory);
    r->memory = malloc((2 * full + 2 * half + full + r->cheb.nscratch) * sizeof *r->memory);
    if (!r->memory) return RF_ENOMEM;
    r->cap = n;
    r->y = r->memory;
    r->c = r->y + full;
    r->front = r->c + full;
    r->back = r->front + half;
    r->numbers = (uint16_t *)(void *)(r->back + half);
    r->scratch = r->back + half + full;
    return RF_OK;
}

/* Indexes of the bits set below n, at most k: the scan counted them, but src may have been changed since. */
static size_t read_mask(const uint8_t *mask, size_t n, size_t k, uint16_t *numbers)
{
    size_t m = 0;

    for (size_t byte = 0; byte < (n + 7) / 8; byte++) {
        for (unsigned bits = mask[byte]; bits; bits &= bits - 1) {
            const size_t j = 8 * byte + (unsigned)__builtin_ctz(bits);
            if (j >= n || m == k) return m;
            numbers[m++] = (uint16_t)j;
        }
    }
    return m;
}

RF_WIDE_CLONES static void add_halves(double *restrict y, size_t n, const double *restrict front,
                                      const double *restrict back)
{
    for (size_t i = 0; i < (n + 1) / 2; i++) y[i] += front[i];
    for (size_t i = 0; i < n / 2; i++) y[n - 1 - i] += back[i];
}

static void decode_compressed(const rf_polychunk *chunk, const uint8_t *p, reader *r, double *y)
{
    const size_t n = chunk->nsamples;
    double a[RF_POLY_MAX_NPOLY];

    rf_poly_copy_doubles(a, p + RF_POLY_HEAD_NBYTES, chunk->npoly);
    rf_poly_evaluate(a, chunk->npoly, n, y);
    if (!chunk->ncheby) return;
    const uint8_t *const mask = p + RF_POLY_HEAD_NBYTES + 8 * (size_t)chunk->npoly + 2;
    const size_t k = read_mask(mask, n, chunk->ncheby, r->numbers);
    rf_poly_copy_doubles(r->c, mask + (n + 7) / 8, k);
    rf_polycheb_inverse(&r->cheb, r->numbers, r->c, k, r->scratch, r->front, r->back);
    add_halves(y, n, r->front, r->back);
}

static int decode_chunk(const target *to, const rf_polychunk *chunk, reader *r)
{
    const size_t n = chunk->nsamples, at = (size_t)(chunk->first - to->first);
    const uint8_t *const p = to->src + chunk->offset;
    const int status = prepare(r, n, chunk->ncheby != 0);
    double *const y = to->width == 8 ? (double *)to->dst + at : r->y;

    if (status != RF_OK) return status;
    if (chunk->compressed) {
        decode_compressed(chunk, p, r, y);
        if (to->period > 0) /* raw samples stay as they are, because moving them would round */
            for (size_t i = 0; i < n; i++) y[i] = rf_poly_wrapped(y[i], to->period, to->period_offset);
    } else {
        rf_poly_copy_doubles(y, p + RF_POLY_RAW_NBYTES, n);
    }
    if (to->width == 4)
        for (size_t i = 0; i < n; i++) ((float *)to->dst)[at + i] = (float)y[i];
    return RF_OK;
}

static int decode_work(void *argument, void *scratch, size_t item)
{
    const decode_job *const job = argument;
    const size_t begin = item * job->per_item;
    const size_t end = job->nchunks - begin < job->per_item ? job->nchunks : begin + job->per_item;
    int status = RF_OK;

    for (size_t i = begin; i < end && status == RF_OK; i++) status = decode_chunk(&job->to, &job->chunks[i], scratch);
    return status;
}

int rf_polycomp_decode(const uint8_t *src, const rf_polychunk *chunks, size_t nchunks, int width, double period,
                       double period_offset, int nthreads, void *dst)
{
    decode_job job = {.chunks = chunks, .nchunks = nchunks};
    size_t failed, nsamples;

    if (width != 4 && width != 8) return RF_EARGUMENT;
    if (nchunks == 0) return RF_OK;
    job.to = (target){.src = src, .first = chunks[0].first, .width = width, .period = period,
                      .period_offset = period_offset, .dst = dst};
    nsamples = (size_t)(chunks[nchunks - 1].first - chunks[0].first) + chunks[nchunks - 1].nsamples;
    job.per_item = RF_POLY_ITEM_SAMPLES / (nsamples / nchunks + 1) + 1;
    return rf_share(decode_work, &job, nchunks / job.per_item + (nchunks % job.per_item != 0), nthreads,
                    sizeof(reader), end_reader, &failed);
}

/* ---- a stream with a known number of samples: threads take turns to scan, and decode what they scanned ---- */

/*
 * The portion that a thread takes at a time. Large ones are faster, because each core then writes to pages of its own,
 * which the system may have to clear first; small ones at the end let all threads finish together. Two threads, 4
 * million samples, best of many: 1.36 ms with the smallest portion throughout, 1.24 ms with this rule.
 */
enum { BATCH = 8192, LEAST = RF_POLY_ITEM_SAMPLES, MOST = 32 * RF_POLY_ITEM_SAMPLES }; /* chunks; samples */

typedef struct {
    target to;
    size_t nsamples;
    int nthreads;
    pthread_mutex_t lock; /* guards what follows */
    rf_polycursor cursor;
    bool is_bad;
} whole_job;

/* Number of samples to take next. */
static size_t portion(const whole_job *job)
{
    const size_t fair = (job->nsamples - (size_t)job->cursor.nsamples) / (4 * (size_t)job->nthreads);

    return fair < LEAST ? LEAST : fair > MOST ? MOST : fair;
}

/* Takes the next chunks of the stream; 0 at its end, or if it is damaged or too long. */
static size_t next_batch(whole_job *job, rf_polychunk *batch)
{
    rf_polycursor *const cursor = &job->cursor;
    rf_polyfault fault;
    size_t n = 0;

    pthread_mutex_lock(&job->lock);
    if (!job->is_bad && rf_polycursor_read(cursor, batch, BATCH, portion(job), &n, &fault) != RF_OK) job->is_bad = true;
    if (cursor->nsamples > job->nsamples) job->is_bad = true;
    if (job->is_bad) n = 0;
    pthread_mutex_unlock(&job->lock);
    return n;
}

static int whole_work(void *argument, void *scratch, size_t item)
{
    whole_job *const job = argument;
    rf_polychunk *const batch = malloc(BATCH * sizeof *batch);
    int status = batch ? RF_OK : RF_ENOMEM;

    (void)item; /* one per thread, without meaning: the cursor distributes the work */
    for (size_t n; status == RF_OK && (n = next_batch(job, batch)) > 0;)
        for (size_t i = 0; i < n && status == RF_OK; i++) status = decode_chunk(&job->to, &batch[i], scratch);
    free(batch);
    return status;
}

int rf_polycomp_decode_whole(const uint8_t *src, size_t src_len, size_t nsamples, int width, double period,
                             double period_offset, int nthreads, void *dst, size_t *used)
{
    whole_job job = {.to = {.src = src, .width = width, .period = period, .period_offset = period_offset, .dst = dst},
                     .nsamples = nsamples};
    const size_t nitems = nsamples / RF_POLY_ITEM_SAMPLES + 1;
    rf_polyfault fault;
    size_t failed;
    int status;

    if (width != 4 && width != 8) return RF_EARGUMENT;
    if (rf_polycursor_open(&job.cursor, src, src_len, &fault) != RF_OK) return RF_EBADDATA;
    job.nthreads = nthreads > 1 ? nthreads : 1;
    pthread_mutex_init(&job.lock, NULL);
    status = rf_share(whole_work, &job, nitems < (size_t)job.nthreads ? nitems : (size_t)job.nthreads,
                      job.nthreads, sizeof(reader), end_reader, &failed);
    pthread_mutex_destroy(&job.lock);
    if (status != RF_OK) return status;
    *used = job.cursor.at;
    return job.is_bad || job.cursor.nsamples != nsamples ? RF_EBADDATA : RF_OK;
}
