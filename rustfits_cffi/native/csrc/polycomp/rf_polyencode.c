/* Codes a series as a polynomial stream: threads share the chunks, whose bytes are then joined in order. */
#include "polycomp/rf_polychunk.h"
#include "polycomp/rf_polyorder.h"
#include "polycomp/rf_polybuffer.h"
#include "base/rf_threads.h"

#include <stdlib.h>

/*
 * Samples in one piece: few enough that its bytes stay in the cache and threads finish together, enough that threads
 * rarely wait for each other where pieces are joined.
 */
enum { LEAST_PIECE = 4096, MOST_PIECE = 16384, PIECES_A_THREAD = 64 };

/* Length and statistics of one piece. */
typedef struct {
    size_t len;
    rf_polystats stats;
} piece;

typedef struct {
    const double *samples;
    size_t nchunks, per_piece;
    const rf_polysettings *settings;
    const rf_polyplan *whole, *last; /* for all chunks but the last, and for the last */
    size_t nscratch;                 /* doubles of scratch for one chunk */
    piece *pieces;
    rf_polyorder order;
    rf_polybuffer *buffer;
    size_t nbytes;                   /* of the stream, to the end of the last settled piece */
    rf_polystats *stats;             /* of the settled pieces */
} encode_job;

/* What one thread has: its lease, then the scratch for one chunk. */
typedef struct {
    rf_polylease lease;
    double memory[];
} coder;

static int encode_work(void *argument, void *scratch, size_t item)
{
    encode_job *const job = argument;
    coder *const own = scratch;
    const size_t begin = item * job->per_piece;
    const size_t end = job->nchunks - begin < job->per_piece ? job->nchunks : begin + job->per_piece;
    uint8_t *const slot = rf_polylease_slot(&own->lease, &job->order);
    piece done = {.len = 0};

    for (size_t i = begin; i < end; i++) {
        const rf_polyplan *const plan = i + 1 == job->nchunks ? job->last : job->whole;
        const rf_polyresult chunk =
            rf_polychunk_encode(plan, job->samples + i * job->settings->spc, own->memory, slot + done.len);
        done.len += chunk.nbytes;
        done.stats.ncompressed += chunk.compressed;
        done.stats.ncheby += chunk.ncheby;
        if (chunk.error > done.stats.largest_error) done.stats.largest_error = chunk.error;
    }
    job->pieces[item] = done;
    rf_polylease_finish(&own->lease, item, done.len);
    return RF_OK;
}

static void end_coder(void *scratch)
{
    rf_polylease_end(&((coder *)scratch)->lease);
}

/* Appends a piece to the stream and adds up its statistics. */
static uint8_t *settle(void *argument, size_t number)
{
    encode_job *const job = argument;
    const piece *const one = &job->pieces[number];
    uint8_t *const dst = rf_polybuffer_at(job->buffer, job->nbytes, one->len);

    job->nbytes += one->len;
    job->stats->ncompressed += one->stats.ncompressed;
    job->stats->ncheby += one->stats.ncheby;
    if (one->stats.largest_error > job->stats->largest_error) job->stats->largest_error = one->stats.largest_error;
    return dst;
}

/* Codes the chunks of a job whose plans are open. */
static int encode_chunks(encode_job *job, int nthreads)
{
    const size_t npieces = job->nchunks / job->per_piece + (job->nchunks % job->per_piece != 0);
    const size_t slot = job->per_piece * (RF_POLY_RAW_NBYTES + 8 * (size_t)job->settings->spc);
    size_t failed;
    int status;

    job->pieces = malloc(npieces * sizeof *job->pieces);
    if (!job->pieces) return RF_ENOMEM;
    status = rf_polyorder_open(&job->order, npieces, slot, rf_polyorder_threads(npieces, nthreads), settle, job);
    if (status == RF_OK) {
        status = rf_share(encode_work, job, npieces, nthreads, sizeof(coder) + job->nscratch * sizeof(double),
                          end_coder, &failed);
        const int placed = rf_polyorder_close(&job->order);
        if (status == RF_OK) status = placed;
    }
    free(job->pieces);
    return status;
}

/* Opens the plans, codes all chunks (at least one), and closes the plans; nlast: samples of the last chunk. */
static int encode_series(encode_job *job, size_t nlast, int nthreads)
{
    const bool is_short = nlast != job->settings->spc;
    rf_polyplan whole = {0}, last = {0};
    int status = RF_OK;

    if (job->nchunks > 1 || !is_short) status = rf_polyplan_open(&whole, job->settings, job->settings->spc);
    if (status == RF_OK && is_short) status = rf_polyplan_open(&last, job->settings, nlast);
    if (status == RF_OK) {
        job->whole = &whole;
        job->last = is_short ? &last : &whole;
        job->nscratch = rf_polyplan_nscratch(&whole);
        if (rf_polyplan_nscratch(&last) > job->nscratch) job->nscratch = rf_polyplan_nscratch(&last);
        status = encode_chunks(job, nthreads);
    }
    rf_polyplan_close(&whole);
    rf_polyplan_close(&last);
    return status;
}

static bool are_settings(const rf_polysettings *s)
{
    return s->spc >= 1 && s->spc <= RF_POLY_MAX_SPC && s->npoly >= 1 && s->npoly <= RF_POLY_MAX_NPOLY &&
           s->max_error >= 0 && s->period >= 0 && isfinite(s->period) && isfinite(s->period_offset);
}

static size_t count_chunks(size_t nsamples, uint32_t spc) { return nsamples / spc + (nsamples % spc != 0); }

static size_t piece_samples(size_t nsamples, int nthreads)
{
    const size_t fair = nsamples / (PIECES_A_THREAD * (size_t)(nthreads > 1 ? nthreads : 1));

    return fair < LEAST_PIECE ? LEAST_PIECE : fair > MOST_PIECE ? MOST_PIECE : fair;
}

size_t rf_polycomp_bound(size_t nsamples, uint32_t spc)
{
    /* a chunk has at least one sample, so 11 bytes per sample and the head must fit */
    if (spc == 0 || nsamples > (SIZE_MAX - RF_POLY_COUNT_NBYTES) / (8 + RF_POLY_RAW_NBYTES)) return 0;
    return RF_POLY_COUNT_NBYTES + 8 * nsamples + RF_POLY_RAW_NBYTES * count_chunks(nsamples, spc);
}

int rf_polycomp_encode(const double *samples, size_t nsamples, const rf_polysettings *settings, int nthreads,
                       rf_polybuffer *buffer, rf_polystats *stats)
{
    encode_job job = {.samples = samples, .settings = settings, .buffer = buffer, .nbytes = RF_POLY_COUNT_NBYTES,
                      .stats = stats};
    int status = RF_OK;

    if (!are_settings(settings)) return RF_EARGUMENT;
    buffer->most = rf_polycomp_bound(nsamples, settings->spc);
    if (buffer->most == 0) return RF_EARGUMENT;
    uint8_t *const head = rf_polybuffer_at(buffer, 0, RF_POLY_COUNT_NBYTES);
    if (!head) return RF_ENOMEM;
    job.nchunks = count_chunks(nsamples, settings->spc);
    job.per_piece = piece_samples(nsamples, nthreads) / settings->spc + 1;
    *stats = (rf_polystats){.nchunks = job.nchunks};
    for (size_t i = 0; i < RF_POLY_COUNT_NBYTES; i++) head[i] = (uint8_t)((uint64_t)job.nchunks >> 8 * i);
    if (job.nchunks) status = encode_series(&job, nsamples - (job.nchunks - 1) * settings->spc, nthreads);
    buffer->used = job.nbytes;
    return status;
}
