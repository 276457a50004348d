/*
 * Run lengths of integers, plain and of differences. All arithmetic is unsigned, so it wraps as the format requires.
 *
 * A run consists of equal terms. Term t is sample t, or the difference of samples t + 1 and t.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/rf_bytes.h"
#include "base/rf_cpu.h"
#include "polycomp/rf_polycomp.h"
#include "polycomp/rf_polyfault.h"
#include "polycomp/rf_polyorder.h"
#include "polycomp/rf_polybuffer.h"
#include "base/rf_threads.h"

enum {
    PART_NBYTES = 1 << 19,     /* most bytes of samples in one item of encoding: smaller items slow two threads down */
    LEAST_PIECE = 1 << 16,     /* least bytes of samples in one item of decoding, */
    MOST_PIECE = 1 << 21,      /* and most: a huge page, which two threads that touch it first would both clear */
    MARK_PAIRS = 512,          /* pairs per mark */
    SCAN_MARKS = 64,           /* marks in one item of scanning: with fewer, threads hinder each other */
    LEAST_SHARE = 1 << 19,     /* samples, or values of a stream, per thread: fewer are not worth starting one, */
    LEAST_SCAN = 1 << 23,      /* nor are fewer bytes of a stream that is only scanned */
    GUESS_SPOTS = 16,          /* positions in a series where runs are counted to estimate their number, */
    GUESS_TERMS = 64,          /* and terms examined at each */
    FILLED = 16                /* bytes of samples restored in the time of reading one value of the stream */
};

typedef struct {
    uint64_t value;
    size_t length;
} term_run;

/* The runs of one part. The first and the last may continue in its neighbours, so they are not coded yet. */
typedef struct {
    term_run first, last; /* last: of length 0 if there is only one run */
    size_t len;           /* values written for the runs in between */
} part_runs;

#define VALUE uint8_t
#define TOTAL uint32_t
#define NAME(stem) stem##8
#include "polycomp/rf_polyrle_template.h"
#define VALUE uint16_t
#define TOTAL uint32_t
#define NAME(stem) stem##16
#include "polycomp/rf_polyrle_template.h"
#define VALUE uint32_t
#define TOTAL uint64_t
#define NAME(stem) stem##32
#include "polycomp/rf_polyrle_template.h"
#define VALUE uint64_t
#define TOTAL uint64_t
#define NAME(stem) stem##64
#include "polycomp/rf_polyrle_template.h"

/* The functions for one width. */
typedef struct {
    part_runs (*encode)(const void *src, size_t from, size_t to, int diff, uint64_t max_count, void *dst);
    size_t (*changes)(const void *src, size_t nterms, int diff);
    size_t (*put)(void *dst, size_t at, term_run run, uint64_t max_count);
    bool (*count)(const void *src, size_t npairs, int is_signed, uint64_t *count);
    uint64_t (*change)(const void *src, size_t npairs);
    int (*check)(const void *src, size_t len, int is_signed, int diff, uint64_t n, rf_polyfault *fault);
    void (*decode)(const void *src, size_t len, size_t pair, rf_polyrle_mark mark, int diff, size_t start, size_t stop,
                   void *dst);
} width_work;

#define WORK(bits) {encode##bits, changes##bits, put##bits, count##bits, change##bits, check##bits, decode##bits}

/* NULL for a width that does not exist. */
static const width_work *work_of(int width)
{
    static const width_work works[] = {WORK(8), WORK(16), WORK(32), WORK(64)};

    switch (width) {
    case 1: return &works[0];
    case 2: return &works[1];
    case 4: return &works[2];
    case 8: return &works[3];
    default: return NULL;
    }
}

static int worth_threads(int nthreads, size_t amount, size_t least)
{
    const size_t most = amount / least;

    return nthreads > 1 && most < (size_t)nthreads ? (int)most : nthreads;
}

/* ---- encoding: threads find the runs of parts, and runs that cross parts are joined in order ---- */

typedef struct {
    const width_work *work;
    const void *src;
    size_t nterms, per_part;
    int width, diff;
    uint64_t max_count;
    part_runs *parts;
    rf_polyorder order;
    rf_polybuffer *buffer;
    term_run open; /* the last run of the settled parts, which may continue in the next */
    size_t nbytes; /* of the stream, to the start of the open run */
} encode_job;

static int encode_work(void *argument, void *scratch, size_t item)
{
    encode_job *const job = argument;
    rf_polylease *const lease = scratch;
    const size_t from = item * job->per_part;
    const size_t to = job->nterms - from < job->per_part ? job->nterms : from + job->per_part;
    uint8_t *const slot = rf_polylease_slot(lease, &job->order);

    job->parts[item] = job->work->encode(job->src, from, to, job->diff, job->max_count, slot);
    rf_polylease_finish(lease, item, job->parts[item].len * (size_t)job->width);
    return RF_OK;
}

static void end_lease(void *scratch) { rf_polylease_end(scratch); }

/* Appends the pairs of the open run to the stream; false if there is no memory. */
static bool put_open(encode_job *job)
{
    const size_t npairs = (job->open.length - 1) / job->max_count + 1;
    const size_t nbytes = 2 * npairs * (size_t)job->width;
    uint8_t *const dst = rf_polybuffer_at(job->buffer, job->nbytes, nbytes);

    if (!dst) return false;
    (void)job->work->put(dst, 0, job->open, job->max_count);
    job->nbytes += nbytes;
    return true;
}

/* Joins a part with those before it; returns the destination of its runs in between. */
static uint8_t *settle(void *argument, size_t number)
{
    encode_job *const job = argument;
    const part_runs *const part = &job->parts[number];
    const size_t nbytes = part->len * (size_t)job->width;

    if (job->open.length && job->open.value == part->first.value) {
        job->open.length += part->first.length;
    } else {
        if (job->open.length && !put_open(job)) return NULL;
        job->open = part->first;
    }
    if (part->last.length) {
        if (!put_open(job)) return NULL;
        job->open = part->last;
    }
    uint8_t *const dst = rf_polybuffer_at(job->buffer, job->nbytes, nbytes);
    job->nbytes += nbytes;
    return dst;
}

/* Codes the terms of a job, at least one. */
static int encode_terms(encode_job *job, int nthreads)
{
    const size_t fit = PART_NBYTES / (size_t)job->width, threads = nthreads > 1 ? (size_t)nthreads : 1;
    const size_t rounds = (job->nterms - 1) / (fit * threads) + 1; /* as many parts for each thread */
    size_t failed;
    int status;

    job->per_part = (job->nterms - 1) / (rounds * threads) + 1;
    const size_t nparts = job->nterms / job->per_part + (job->nterms % job->per_part != 0);
    const size_t slot = 2 * job->per_part * (size_t)job->width;
    job->parts = malloc(nparts * sizeof *job->parts);
    if (!job->parts) return RF_ENOMEM;
    status = rf_polyorder_open(&job->order, nparts, slot, rf_polyorder_threads(nparts, nthreads), settle, job);
    if (status == RF_OK) {
        status = rf_share(encode_work, job, nparts, nthreads, sizeof(rf_polylease), end_lease, &failed);
        const int placed = rf_polyorder_close(&job->order);
        if (status == RF_OK) status = placed;
    }
    free(job->parts);
    return status == RF_OK && !put_open(job) ? RF_ENOMEM : status;
}

int rf_polyrle_encode(const void *src, size_t n, int width, int diff, uint64_t max_count, int nthreads,
                      rf_polybuffer *buffer)
{
    const uint64_t most = width == 8 ? UINT64_MAX : ((uint64_t)1 << (8 * (width & 7))) - 1;
    encode_job job = {.work = work_of(width), .src = src, .nterms = n, .width = width, .diff = diff,
                      .max_count = max_count, .buffer = buffer};
    int status = RF_OK;

    if (!job.work || max_count == 0 || max_count > most) return RF_EARGUMENT;
    if (!rf_multiply(2 * (size_t)width, n, &buffer->most)) return RF_EARGUMENT;
    if (diff && n) { /* the first sample precedes the differences */
        uint8_t *const head = rf_polybuffer_at(buffer, 0, (size_t)width);
        if (!head) return RF_ENOMEM;
        memcpy(head, src, (size_t)width);
        job.nbytes = (size_t)width;
        job.nterms = n - 1;
    }
    if (job.nterms) status = encode_terms(&job, worth_threads(nthreads, job.nterms, LEAST_SHARE));
    buffer->used = job.nbytes;
    return status;
}

size_t rf_polyrle_guess(const void *src, size_t n, int width, int diff, uint64_t max_count)
{
    const width_work *const work = work_of(width);
    const size_t distance = n / GUESS_SPOTS;
    size_t nchanges = 0;

    if (!work || max_count == 0 || distance < GUESS_TERMS + 2) return 2 * n;
    for (size_t i = 0; i < GUESS_SPOTS; i++)
        nchanges += work->changes((const uint8_t *)src + i * distance * (size_t)width, GUESS_TERMS, diff);
    const size_t nruns = (size_t)((double)nchanges / (GUESS_SPOTS * GUESS_TERMS) * (double)n);
    return 2 * (nruns + (size_t)((double)n / (double)max_count));
}

/* ---- decoding: marks make it possible to begin within a stream ---- */

/* One for every MARK_PAIRS pairs, at least one. */
static size_t count_marks(size_t npairs) { return npairs ? (npairs - 1) / MARK_PAIRS + 1 : 1; }

size_t rf_polyrle_nmarks(size_t len) { return count_marks(len / 2); }

typedef struct {
    const width_work *work;
    const uint8_t *pairs; /* of the stream */
    size_t npairs, width;
    int is_signed, diff;
    rf_polyrle_mark *marks;
    size_t nmarks;
} scan_job;

/* Stores in each mark the sums over the pairs that follow it; add_up then turns these into totals. */
static int scan_work(void *argument, void *scratch, size_t item)
{
    const scan_job *const job = argument;
    const size_t first = item * SCAN_MARKS, rest = job->nmarks - first;
    const size_t stop = first + (rest < SCAN_MARKS ? rest : SCAN_MARKS);

    (void)scratch;
    for (size_t i = first; i < stop; i++) {
        const size_t from = i * MARK_PAIRS, left = job->npairs - from, npairs = left < MARK_PAIRS ? left : MARK_PAIRS;
        const uint8_t *const pairs = job->pairs + 2 * from * job->width;
        if (!job->work->count(pairs, npairs, job->is_signed, &job->marks[i].first)) return RF_EBADDATA;
        job->marks[i].before = job->diff ? job->work->change(pairs, npairs) : 0;
    }
    return RF_OK;
}

/* Turns the sums in the marks into the totals in front of them; false if there are not n samples in all. */
static bool add_up(rf_polyrle_mark *marks, size_t nmarks, rf_polyrle_mark at, uint64_t n)
{
    for (size_t i = 0; i < nmarks; i++) {
        const rf_polyrle_mark sums = marks[i];
        marks[i] = at;
        if (at.first > n || sums.first > n - at.first) return false; /* so that the sum cannot overflow */
        at.first += sums.first;
        at.before += sums.before;
    }
    return at.first == n;
}

int rf_polyrle_scan(const void *src, size_t len, int width, int is_signed, int diff, uint64_t n, int nthreads,
                    rf_polyrle_mark *marks, rf_polyfault *fault)
{
    const width_work *const work = work_of(width);
    const size_t head = diff && len ? 1 : 0;
    const rf_polyrle_mark begin = {.first = head};
    size_t failed;
    int status;

    if (!work) return RF_EARGUMENT;
    const size_t npairs = (len - head) / 2;
    scan_job job = {.work = work, .pairs = (const uint8_t *)src + head * (size_t)width, .npairs = npairs,
                    .width = (size_t)width, .is_signed = is_signed, .diff = diff, .marks = marks,
                    .nmarks = count_marks(npairs)};
    nthreads = worth_threads(nthreads, len * (size_t)width, LEAST_SCAN);
    status = rf_share(scan_work, &job, (job.nmarks - 1) / SCAN_MARKS + 1, nthreads, 0, NULL, &failed);
    if (status == RF_OK && (len - head) % 2 == 0 && add_up(marks, job.nmarks, begin, n)) return RF_OK;
    return status == RF_OK || status == RF_EBADDATA ? work->check(src, len, is_signed, diff, n, fault) : status;
}

typedef struct {
    const width_work *work;
    const void *src;
    size_t len, width;
    const rf_polyrle_mark *marks;
    int diff;
    size_t start, stop, per_item; /* samples */
    size_t lead;                  /* samples from the start of dst's page to dst: the first item is shorter by these */
    uint8_t *dst;
} decode_job;

/* The last mark that is not after `sample`. */
static size_t mark_before(const decode_job *job, size_t sample)
{
    const size_t npairs = (job->len - (job->diff && job->len)) / 2;
    size_t low = 0, high = count_marks(npairs) - 1;

    while (low < high) {
        const size_t middle = (low + high + 1) / 2;
        if (job->marks[middle].first <= sample) low = middle;
        else high = middle - 1;
    }
    return low;
}

static int decode_work(void *argument, void *scratch, size_t item)
{
    const decode_job *const job = argument;
    const size_t nsamples = job->stop - job->start, after = (item + 1) * job->per_item - job->lead;
    const size_t begin = job->start + (item ? item * job->per_item - job->lead : 0);
    const size_t end = job->start + (after < nsamples ? after : nsamples);
    const size_t mark = mark_before(job, begin);

    (void)scratch;
    job->work->decode(job->src, job->len, mark * MARK_PAIRS, job->marks[mark], job->diff, begin, end,
                      job->dst + (begin - job->start) * job->width);
    return RF_OK;
}

int rf_polyrle_decode(const void *src, size_t len, int width, int diff, const rf_polyrle_mark *marks, size_t start,
                      size_t stop, int nthreads, void *dst)
{
    decode_job job = {.work = work_of(width), .src = src, .len = len, .marks = marks, .diff = diff, .start = start,
                      .stop = stop, .dst = dst};
    size_t failed;

    if (!job.work || start > stop) return RF_EARGUMENT;
    if (start == stop) return RF_OK;
    job.width = (size_t)width;
    const size_t nbytes = (stop - start) * job.width;
    const size_t fair = nbytes / (16 * (size_t)(nthreads > 1 ? nthreads : 1));
    const size_t piece = fair < LEAST_PIECE ? LEAST_PIECE : fair < MOST_PIECE / 4 ? fair : MOST_PIECE;
    job.per_item = piece / job.width;
    job.lead = piece == MOST_PIECE ? (uintptr_t)dst % MOST_PIECE / job.width : 0;
    const size_t nitems = (stop - start + job.lead - 1) / job.per_item + 1;
    nthreads = worth_threads(nthreads, nbytes / FILLED + len, LEAST_SHARE);
    return rf_share(decode_work, &job, nitems, nthreads, 0, NULL, &failed);
}
