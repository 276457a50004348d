/* Codes a series as a polynomial stream: its chunks are shared among threads, and the pieces put together. */
#include "rf_polychunk.h"
#include "rf_threads.h"

#include <stdlib.h>

/* What one item of work made. */
typedef struct {
    uint8_t *bytes;
    size_t len, offset; /* offset: in the whole stream */
    rf_polystats stats;
} piece;

struct rf_polystream {
    uint64_t nchunks;
    size_t nbytes, npieces;
    piece pieces[];
};

typedef struct {
    const double *samples;
    size_t nchunks, per_item;
    const rf_polysettings *settings;
    const rf_polyplan *whole, *last; /* of all chunks but the last, and of that */
    size_t nscratch;                 /* doubles; the room for an item's bytes follows */
    piece *pieces;
} encode_job;

static int encode_work(void *argument, void *scratch, size_t item)
{
    encode_job *const job = argument;
    const size_t begin = item * job->per_item;
    const size_t end = job->nchunks - begin < job->per_item ? job->nchunks : begin + job->per_item;
    uint8_t *const room = (uint8_t *)((double *)scratch + job->nscratch);
    piece done = {.len = 0};

    for (size_t i = begin; i < end; i++) {
        const rf_polyplan *const plan = i + 1 == job->nchunks ? job->last : job->whole;
        const rf_polyresult chunk =
            rf_polychunk_encode(plan, job->samples + i * job->settings->spc, scratch, room + done.len);
        done.len += chunk.nbytes;
        done.stats.ncompressed += chunk.compressed;
        done.stats.ncheby += chunk.ncheby;
        if (chunk.error > done.stats.largest_error) done.stats.largest_error = chunk.error;
    }
    done.bytes = malloc(done.len);
    if (!done.bytes) return RF_ENOMEM;
    memcpy(done.bytes, room, done.len);
    job->pieces[item] = done;
    return RF_OK;
}

/* Opens the plans of the job, shares its chunks, and closes the plans. */
static int encode_chunks(encode_job *job, size_t nitems, size_t nlast, int nthreads)
{
    const size_t room = job->per_item * (RF_POLY_RAW_NBYTES + 8 * (size_t)job->settings->spc);
    const bool is_short = nlast != job->settings->spc;
    rf_polyplan whole = {0}, last = {0};
    size_t failed;
    int status = RF_OK;

    if (job->nchunks > 1 || !is_short) status = rf_polyplan_open(&whole, job->settings, job->settings->spc);
    if (status == RF_OK && is_short) status = rf_polyplan_open(&last, job->settings, nlast);
    if (status == RF_OK) {
        job->whole = &whole;
        job->last = is_short ? &last : &whole;
        job->nscratch = rf_polyplan_nscratch(&whole);
        if (rf_polyplan_nscratch(&last) > job->nscratch) job->nscratch = rf_polyplan_nscratch(&last);
        status = rf_share(encode_work, job, nitems, nthreads, job->nscratch * sizeof(double) + room, NULL, &failed);
    }
    rf_polyplan_close(&whole);
    rf_polyplan_close(&last);
    return status;
}

/* Adds up what the pieces say, and says where each goes. */
static void line_up(rf_polystream *stream, rf_polystats *stats)
{
    *stats = (rf_polystats){.nchunks = stream->nchunks};
    stream->nbytes = RF_POLY_COUNT_NBYTES;
    for (size_t i = 0; i < stream->npieces; i++) {
        piece *const one = &stream->pieces[i];
        one->offset = stream->nbytes;
        stream->nbytes += one->len;
        stats->ncompressed += one->stats.ncompressed;
        stats->ncheby += one->stats.ncheby;
        if (one->stats.largest_error > stats->largest_error) stats->largest_error = one->stats.largest_error;
    }
}

static bool are_settings(const rf_polysettings *s)
{
    return s->spc >= 1 && s->spc <= RF_POLY_MAX_SPC && s->npoly >= 1 && s->npoly <= RF_POLY_MAX_NPOLY &&
           s->max_error >= 0 && s->period >= 0 && isfinite(s->period) && isfinite(s->period_offset);
}

int rf_polycomp_encode(const double *samples, size_t nsamples, const rf_polysettings *settings, int nthreads,
                       rf_polystream **stream, size_t *nbytes, rf_polystats *stats)
{
    encode_job job = {.samples = samples, .settings = settings};
    size_t nitems;
    int status = RF_OK;

    *stream = NULL;
    if (!are_settings(settings)) return RF_EARGUMENT;
    job.nchunks = nsamples / settings->spc + (nsamples % settings->spc != 0);
    job.per_item = RF_POLY_ITEM_SAMPLES / settings->spc + 1;
    nitems = job.nchunks / job.per_item + (job.nchunks % job.per_item != 0);
    rf_polystream *const made = calloc(1, sizeof *made + nitems * sizeof *made->pieces);
    if (!made) return RF_ENOMEM;
    made->nchunks = job.nchunks;
    made->npieces = nitems;
    job.pieces = made->pieces;
    if (nitems) status = encode_chunks(&job, nitems, nsamples - (job.nchunks - 1) * settings->spc, nthreads);
    if (status != RF_OK) {
        rf_polycomp_free(made);
        return status;
    }
    line_up(made, stats);
    *nbytes = made->nbytes;
    *stream = made;
    return RF_OK;
}

typedef struct {
    const rf_polystream *stream;
    uint8_t *dst;
} take_job;

static int take_work(void *argument, void *scratch, size_t item)
{
    const take_job *const job = argument;
    const piece *const one = &job->stream->pieces[item];

    (void)scratch;
    memcpy(job->dst + one->offset, one->bytes, one->len);
    return RF_OK;
}

int rf_polycomp_take(const rf_polystream *stream, int nthreads, uint8_t *dst, size_t dst_cap)
{
    take_job job = {.stream = stream, .dst = dst};
    size_t failed;

    if (dst_cap < stream->nbytes) return RF_ENOSPACE;
    for (size_t i = 0; i < RF_POLY_COUNT_NBYTES; i++) dst[i] = (uint8_t)(stream->nchunks >> 8 * i);
    return rf_share(take_work, &job, stream->npieces, nthreads, 0, NULL, &failed);
}

void rf_polycomp_free(rf_polystream *stream)
{
    for (size_t i = 0; stream && i < stream->npieces; i++) free(stream->pieces[i].bytes);
    free(stream);
}
