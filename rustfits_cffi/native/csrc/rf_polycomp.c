/* Polynomial streams: finding their chunks, and sharing these among threads both ways. */
#include "rf_polycomp.h"

#include "rf_polychunk.h"
#include "rf_polyvec.h"
#include "rf_threads.h"

enum { ITEM_SAMPLES = 16384 }; /* in one item of work: its output stays in the cache, its cost outweighs the handing out */

/* ---- scanning ---- */

static int fail(rf_polyfault *fault, int reason, uint64_t offset, uint64_t item, uint64_t found)
{
    *fault = (rf_polyfault){.offset = offset, .item = item, .found = found, .reason = reason};
    return RF_EBADDATA;
}

/* Bits of the mask below n. */
static size_t count_bits(const uint8_t *mask, size_t n)
{
    size_t bits = 0, byte = 0;

    for (; byte + 8 <= n / 8; byte += 8) {
        uint64_t word;
        memcpy(&word, mask + byte, 8);
        bits += (size_t)__builtin_popcountll(word);
    }
    for (; byte < n / 8; byte++) bits += (size_t)__builtin_popcount(mask[byte]);
    if (n % 8) bits += (size_t)__builtin_popcount(mask[byte] & ((1u << n % 8) - 1));
    return bits;
}

/* Reads the chunk at *at; moves *at behind it. */
static int scan_chunk(const uint8_t *src, size_t src_len, size_t *at, uint64_t number, rf_polychunk *chunk,
                      rf_polyfault *fault)
{
    const size_t begin = *at;
    const uint8_t *const p = src + begin;
    const size_t rest = src_len - begin;
    size_t need;

    if (rest < RF_POLY_RAW_NBYTES) return fail(fault, RF_POLY_CUT_HEAD, begin, number, rest);
    *chunk = (rf_polychunk){.offset = begin, .nsamples = rf_poly_load16(p + 1), .compressed = p[0] != 0};
    if (!chunk->compressed) {
        need = RF_POLY_RAW_NBYTES + 8 * (size_t)chunk->nsamples;
        if (rest < need) return fail(fault, RF_POLY_CUT_BODY, begin, number, need);
        *at = begin + need;
        return RF_OK;
    }
    if (rest < RF_POLY_HEAD_NBYTES) return fail(fault, RF_POLY_CUT_HEAD, begin, number, rest);
    if (chunk->nsamples == 0) return fail(fault, RF_POLY_EMPTY_CHUNK, begin + 1, number, 0);
    chunk->npoly = p[3];
    need = RF_POLY_HEAD_NBYTES + 8 * (size_t)chunk->npoly + 2;
    if (rest < need) return fail(fault, RF_POLY_CUT_BODY, begin, number, need);
    chunk->ncheby = rf_poly_load16(p + need - 2);
    if (chunk->ncheby) {
        const size_t mask = need, nmask = ((size_t)chunk->nsamples + 7) / 8;
        if (chunk->nsamples < 2) return fail(fault, RF_POLY_SHORT_CHUNK, begin + mask - 2, number, chunk->ncheby);
        need += nmask + 8 * (size_t)chunk->ncheby;
        if (rest < need) return fail(fault, RF_POLY_CUT_BODY, begin, number, need);
        const size_t bits = count_bits(p + mask, chunk->nsamples);
        if (bits != chunk->ncheby) return fail(fault, RF_POLY_MASK, begin + mask, number, bits);
    }
    *at = begin + need;
    return RF_OK;
}

int rf_polycomp_scan(const uint8_t *src, size_t src_len, rf_polychunk *chunks, size_t cap, size_t *nchunks,
                     uint64_t *nsamples, size_t *used, rf_polyfault *fault)
{
    uint64_t count = 0, first = 0;
    size_t at = RF_POLY_COUNT_NBYTES;

    if (src_len < RF_POLY_COUNT_NBYTES) return fail(fault, RF_POLY_NO_COUNT, 0, 0, src_len);
    for (int i = 7; i >= 0; i--) count = count << 8 | src[i];
    if (count > (src_len - at) / RF_POLY_RAW_NBYTES) return fail(fault, RF_POLY_TOO_MANY, 0, 0, count);
    if (count > cap) return RF_ENOSPACE;
    for (uint64_t i = 0; i < count; i++) {
        const int status = scan_chunk(src, src_len, &at, i, &chunks[i], fault);
        if (status != RF_OK) return status;
        chunks[i].first = first;
        first += chunks[i].nsamples;
    }
    *nchunks = (size_t)count;
    *nsamples = first;
    *used = at;
    return RF_OK;
}

/* ---- encoding ---- */

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
    int status = rf_polyplan_open(&whole, job->settings, job->settings->spc);

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
    job.per_item = ITEM_SAMPLES / settings->spc + 1;
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

/* ---- decoding ---- */

typedef struct {
    const uint8_t *src;
    const rf_polychunk *chunks;
    size_t nchunks, per_item;
    int width;
    double period, period_offset;
    void *dst;
} decode_job;

/* What one thread keeps between chunks; starts zeroed. */
typedef struct {
    rf_polycheb cheb; /* of the last chunk length that needed one */
    double *memory;   /* of all arrays below */
    size_t room;      /* samples that they are for */
    double *y, *c, *front, *back, *scratch;
    uint16_t *numbers;
} reader;

static void end_reader(void *scratch)
{
    reader *const r = scratch;
    rf_polycheb_close(&r->cheb);
    free(r->memory);
}

/* Has room for a chunk of n samples, and the transform of its length when it holds Chebyshev coefficients. */
static int prepare(reader *r, size_t n, bool with_transform)
{
    const size_t full = rf_padded(n), half = rf_padded((n + 1) / 2);

    if (with_transform && r->cheb.n != n) {
        rf_polycheb_close(&r->cheb);
        const int status = rf_polycheb_open(&r->cheb, n);
        if (status != RF_OK) return status;
        r->room = 0; /* the scratch may be too small now */
    }
    if (r->room >= n && r->memory) return RF_OK;
    free(r->memory);
    r->memory = malloc((2 * full + 2 * half + full + r->cheb.nscratch) * sizeof *r->memory);
    if (!r->memory) return RF_ENOMEM;
    r->room = n;
    r->y = r->memory;
    r->c = r->y + full;
    r->front = r->c + full;
    r->back = r->front + half;
    r->numbers = (uint16_t *)(void *)(r->back + half);
    r->scratch = r->back + half + full;
    return RF_OK;
}

/* Numbers of the set bits below n, at most k: the scan has counted them, but nobody may be trusted twice. */
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

RF_CLONES static void add_halves(double *restrict y, size_t n, const double *restrict front,
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

static int decode_chunk(const decode_job *job, const rf_polychunk *chunk, reader *r)
{
    const size_t n = chunk->nsamples, at = (size_t)(chunk->first - job->chunks[0].first);
    const uint8_t *const p = job->src + chunk->offset;
    const int status = prepare(r, n, chunk->ncheby != 0);
    double *const y = job->width == 8 ? (double *)job->dst + at : r->y;

    if (status != RF_OK) return status;
    if (chunk->compressed) decode_compressed(chunk, p, r, y);
    else rf_poly_copy_doubles(y, p + RF_POLY_RAW_NBYTES, n);
    if (job->period > 0)
        for (size_t i = 0; i < n; i++) y[i] = rf_poly_wrapped(y[i], job->period, job->period_offset);
    if (job->width == 4)
        for (size_t i = 0; i < n; i++) ((float *)job->dst)[at + i] = (float)y[i];
    return RF_OK;
}

static int decode_work(void *argument, void *scratch, size_t item)
{
    const decode_job *const job = argument;
    const size_t begin = item * job->per_item;
    const size_t end = job->nchunks - begin < job->per_item ? job->nchunks : begin + job->per_item;
    int status = RF_OK;

    for (size_t i = begin; i < end && status == RF_OK; i++) status = decode_chunk(job, &job->chunks[i], scratch);
    return status;
}

int rf_polycomp_decode(const uint8_t *src, const rf_polychunk *chunks, size_t nchunks, int width, double period,
                       double period_offset, int nthreads, void *dst)
{
    decode_job job = {.src = src, .chunks = chunks, .nchunks = nchunks, .width = width, .period = period,
                      .period_offset = period_offset, .dst = dst};
    size_t failed, nsamples;

    if (width != 4 && width != 8) return RF_EARGUMENT;
    if (nchunks == 0) return RF_OK;
    nsamples = (size_t)(chunks[nchunks - 1].first - chunks[0].first) + chunks[nchunks - 1].nsamples;
    job.per_item = ITEM_SAMPLES / (nsamples / nchunks + 1) + 1;
    return rf_share(decode_work, &job, nchunks / job.per_item + (nchunks % job.per_item != 0), nthreads,
                    sizeof(reader), end_reader, &failed);
}

/* ---- the parts of a chunk, for whoever wants to look at them alone ---- */

int rf_polycomp_fit(const double *samples, size_t n, uint32_t npoly, double *coefficients)
{
    const size_t half = (n + 1) / 2, stride = rf_padded(half);
    rf_polyfit fit;
    double *even;
    int status;

    if (npoly < 1 || npoly > RF_POLY_MAX_NPOLY || n <= npoly || n > RF_POLY_MAX_SPC) return RF_EARGUMENT;
    status = rf_polyfit_open(&fit, n, npoly);
    if (status != RF_OK) return status;
    even = calloc(2 * stride + n, sizeof *even);
    if (!even) status = RF_ENOMEM;
    double *const y = even + 2 * stride;
    if (status == RF_OK) memset(coefficients, 0, npoly * sizeof *coefficients);
    for (int pass = 0; status == RF_OK && pass < 2; pass++) {
        rf_poly_evaluate(coefficients, npoly, n, y);
        const double base = pass ? 0 : samples[0];
        for (size_t i = 0; i < half; i++) {
            const double f = samples[i] - y[i], b = samples[n - 1 - i] - y[n - 1 - i];
            even[i] = (f - base) + (b - base);
            even[stride + i] = f - b;
        }
        rf_polyfit_add(&fit, even, even + stride, coefficients);
        coefficients[0] += base;
    }
    free(even);
    rf_polyfit_close(&fit);
    return status;
}

int rf_polycomp_transform(const double *in, size_t n, int inverse, double *out)
{
    rf_polycheb cheb;
    double *memory;
    uint16_t *numbers;
    int status;

    if (n < 2 || n > RF_POLY_MAX_SPC) return RF_EARGUMENT;
    status = rf_polycheb_open(&cheb, n);
    if (status != RF_OK) return status;
    memory = calloc(2 * cheb.stride + n + cheb.nscratch, sizeof *memory);
    if (!memory) {
        rf_polycheb_close(&cheb);
        return RF_ENOMEM;
    }
    double *const front = memory, *const back = front + cheb.stride;
    numbers = (uint16_t *)(void *)(back + cheb.stride);
    for (size_t i = 0; i < n; i++) numbers[i] = (uint16_t)i;
    if (inverse) {
        rf_polycheb_inverse(&cheb, numbers, in, n, back + cheb.stride + n, front, back);
        for (size_t i = 0; i < cheb.half; i++) {
            out[i] = front[i];
            out[n - 1 - i] = back[i];
        }
    } else {
        for (size_t i = 0; i < cheb.half; i++) {
            front[i] = in[i];
            back[i] = in[n - 1 - i];
        }
        rf_polycheb_forward(&cheb, front, back, back + cheb.stride + n, out);
    }
    free(memory);
    rf_polycheb_close(&cheb);
    return RF_OK;
}
