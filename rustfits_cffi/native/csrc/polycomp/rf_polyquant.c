/* Quantization: floats to levels of a few bits, packed without gaps, and back. */
#include "polycomp/rf_polycomp.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/rf_bytes.h"
#include "polycomp/rf_polyvec.h"
#include "base/rf_threads.h"

enum {
    BLOCK = 64,            /* samples coded at a time: with any number of bits, a block ends on a 4-byte boundary */
    SEGMENT = 256 * BLOCK, /* samples in one item of work */
    MOST_SEGMENTS = 32,    /* in one item of decoding */
    MAX_WRITE_BITS = 50,   /* from 51 on, q + 0.5 is no longer exact */
    MAX_READ_BITS = 64
};

static int is_float_width(int width) { return width == 4 || width == 8; }

size_t rf_polyquant_nbytes(size_t n, int bits)
{
    size_t whole;
    const size_t rest = (n % 8 * (size_t)bits + 7) / 8;

    if (!rf_multiply(n / 8, (size_t)bits, &whole) || whole > SIZE_MAX - rest) return 0;
    return whole + rest;
}

/* BLOCK doubles from `count` floats of either width, at least one; missing ones repeat the first. */
static void load_block(const void *src, size_t first, size_t count, int width, double *x)
{
    if (width == 8) {
        memcpy(x, (const double *)src + first, count * sizeof *x);
    } else {
        const float *from = (const float *)src + first;
        for (size_t i = 0; i < count; i++) x[i] = from[i];
    }
    for (size_t i = count; i < BLOCK; i++) x[i] = x[0];
}

/* ---- range ---- */

typedef struct { double smallest, largest; int finite; } range;

typedef struct {
    const void *src;
    size_t n;
    int width;
    range *ranges;
} range_job;

/* Range of n doubles, a multiple of BLOCK, and whether all are finite: x - x is 0 for finite x, else NaN. */
RF_WIDE_CLONES static range range_of(const double *x, size_t n, range so_far)
{
    rf_lanes low = RF_LANES_IN(x), high = low, odd = low - low;

    for (size_t i = RF_LANES; i < n; i += RF_LANES) {
        const rf_lanes v = RF_LANES_IN(x + i);
        RF_LANES_LOWER(low, v);
        RF_LANES_RAISE(high, v);
        odd += v - v;
    }
    for (int l = 0; l < RF_LANES; l++) {
        if (low[l] < so_far.smallest) so_far.smallest = low[l];
        if (high[l] > so_far.largest) so_far.largest = high[l];
        if (odd[l] != 0) so_far.finite = 0;
    }
    return so_far;
}

static int range_work(void *argument, void *scratch, size_t item)
{
    const range_job *job = argument;
    const size_t stop = (item + 1) * SEGMENT < job->n ? (item + 1) * SEGMENT : job->n;
    range found = {.smallest = DBL_MAX, .largest = -DBL_MAX, .finite = 1};
    size_t i = item * SEGMENT;
    double x[BLOCK];

    (void)scratch;
    if (job->width == 8 && stop - i >= BLOCK) { /* whole blocks of doubles need no copy */
        const size_t whole = (stop - i) / BLOCK * BLOCK;
        found = range_of((const double *)job->src + i, whole, found);
        i += whole;
    }
    for (; i < stop; i += BLOCK) {
        load_block(job->src, i, stop - i < BLOCK ? stop - i : BLOCK, job->width, x);
        found = range_of(x, BLOCK, found);
    }
    job->ranges[item] = found;
    return RF_OK;
}

int rf_polyquant_range(const void *src, size_t n, int width, int nthreads, double *smallest, double *largest,
                       int *finite)
{
    const size_t nitems = n / SEGMENT + (n % SEGMENT != 0);
    range_job job = {.src = src, .n = n, .width = width};
    size_t failed;
    int status;

    if (!is_float_width(width) || n == 0) return RF_EARGUMENT;
    job.ranges = malloc(nitems * sizeof *job.ranges);
    if (!job.ranges) return RF_ENOMEM;
    status = rf_share(range_work, &job, nitems, nthreads, 0, NULL, &failed);
    *smallest = DBL_MAX;
    *largest = -DBL_MAX;
    *finite = 1;
    for (size_t i = 0; status == RF_OK && i < nitems; i++) {
        *smallest = fmin(*smallest, job.ranges[i].smallest);
        *largest = fmax(*largest, job.ranges[i].largest);
        *finite &= job.ranges[i].finite;
    }
    free(job.ranges);
    return status;
}

/* ---- encoding ---- */

typedef struct {
    const void *src;
    rf_polyquant series;
    uint8_t *dst;
    double *errors; /* one per segment */
} encode_job;

/* Levels of up to 31 bits: 32-bit conversions, which every vector unit has. Returns the largest error. */
RF_WIDE_CLONES static double quantize_short(const double *restrict x, double norm, double offset, int bits, int width,
                                            int32_t *restrict q)
{
    const double most = (double)((1u << bits) - 1);
    double y[BLOCK], worst = 0;

    for (size_t i = 0; i < BLOCK; i++) {
        const double v = (x[i] - offset) * norm + 0.5;
        q[i] = (int32_t)(v < most ? v : most); /* truncation equals floor, because v is not negative */
    }
    for (size_t i = 0; i < BLOCK; i++) y[i] = (double)q[i] / norm + offset;
    if (width == 4)
        for (size_t i = 0; i < BLOCK; i++) y[i] = (double)(float)y[i];
    rf_lanes high = {0};
    for (size_t i = 0; i < BLOCK; i += RF_LANES) {
        const rf_lanes error = RF_LANES_IN(x + i) - RF_LANES_IN(y + i), size = RF_LANES_ABS(error);
        RF_LANES_RAISE(high, size);
    }
    for (int l = 0; l < RF_LANES; l++) worst = high[l] > worst ? high[l] : worst;
    return worst;
}

static double quantize_long(const double *x, double norm, double offset, int bits, int width, uint64_t *q)
{
    const double most = (double)(((uint64_t)1 << bits) - 1); /* exact: bits is at most 50 */
    double worst = 0;

    for (size_t i = 0; i < BLOCK; i++) {
        const double v = (x[i] - offset) * norm + 0.5;
        q[i] = (uint64_t)(int64_t)(v < most ? v : most);
        double y = (double)(int64_t)q[i] / norm + offset;
        if (width == 4) y = (double)(float)y;
        const double error = fabs(x[i] - y);
        worst = error > worst ? error : worst;
    }
    return worst;
}

/* The lowest `bits` bits of v in reverse order. */
static inline uint64_t reversed(uint64_t v, int bits)
{
    v = (v >> 1 & 0x5555555555555555u) | (v & 0x5555555555555555u) << 1;
    v = (v >> 2 & 0x3333333333333333u) | (v & 0x3333333333333333u) << 2;
    v = (v >> 4 & 0x0f0f0f0f0f0f0f0fu) | (v & 0x0f0f0f0f0f0f0f0fu) << 4;
    return rf_swap64(v) >> (64 - bits);
}

static inline uint32_t reversed_short(uint32_t v, int bits)
{
    v = (v >> 1 & 0x55555555u) | (v & 0x55555555u) << 1;
    v = (v >> 2 & 0x33333333u) | (v & 0x33333333u) << 2;
    v = (v >> 4 & 0x0f0f0f0fu) | (v & 0x0f0f0f0fu) << 4;
    v = v << 24 | (v & 0xff00u) << 8 | (v >> 8 & 0xff00u) | v >> 24;
    return v >> (32 - bits);
}

RF_WIDE_CLONES static void reverse_short(int32_t *q, int bits)
{
    for (size_t i = 0; i < BLOCK; i++) q[i] = (int32_t)reversed_short((uint32_t)q[i], bits);
}

/* BLOCK levels of up to 31 bits as a big-endian bit string: 8 * bits bytes. */
static void pack_short(const int32_t *q, int bits, uint8_t *dst)
{
    uint64_t held = 0;
    int have = 0;

    for (size_t i = 0; i < BLOCK; i++) {
        held = held << bits | (uint32_t)q[i];
        have += bits;
        if (have >= 32) {
            have -= 32;
            rf_store32(dst, (uint32_t)(held >> have));
            dst += 4;
        }
    }
}

static void pack_long(const uint64_t *q, int bits, uint8_t *dst)
{
    uint64_t held = 0;
    int have = 0;

    for (size_t i = 0; i < 2 * BLOCK; i++) { /* the upper bits - 32 bits of each level, then the lower 32 */
        const int width = i % 2 ? 32 : bits - 32;
        const uint64_t part = i % 2 ? (uint32_t)q[i / 2] : q[i / 2] >> 32;
        held = held << width | part;
        have += width;
        if (have >= 32) {
            have -= 32;
            rf_store32(dst, (uint32_t)(held >> have));
            dst += 4;
        }
    }
}

/* Codes one block to `out`, 8 * bits bytes; returns its largest error. */
static double encode_block(const encode_job *job, const double *x, uint8_t *out)
{
    const rf_polyquant *const set = &job->series;
    double worst;

    if (set->bits < 32) {
        int32_t q[BLOCK];
        worst = quantize_short(x, set->normalization, set->offset, set->bits, set->width, q);
        if (set->lsb) reverse_short(q, set->bits);
        pack_short(q, set->bits, out);
        return worst;
    }
    uint64_t q[BLOCK];
    worst = quantize_long(x, set->normalization, set->offset, set->bits, set->width, q);
    for (size_t i = 0; set->lsb && i < BLOCK; i++) q[i] = reversed(q[i], set->bits);
    pack_long(q, set->bits, out);
    return worst;
}

static int encode_work(void *argument, void *scratch, size_t item)
{
    const encode_job *job = argument;
    const size_t stop = (item + 1) * SEGMENT < job->series.n ? (item + 1) * SEGMENT : job->series.n;
    double worst = 0, x[BLOCK];

    (void)scratch;
    for (size_t i = item * SEGMENT; i < stop; i += BLOCK) {
        const size_t count = stop - i < BLOCK ? stop - i : BLOCK;
        uint8_t *const out = job->dst + i / 8 * (size_t)job->series.bits;
        load_block(job->src, i, count, job->series.width, x);
        if (count == BLOCK) {
            worst = fmax(worst, encode_block(job, x, out));
            continue;
        }
        uint8_t last[8 * MAX_WRITE_BITS];
        const size_t nbits = count * (size_t)job->series.bits, nbytes = (nbits + 7) / 8;
        worst = fmax(worst, encode_block(job, x, last));
        if (nbits % 8) {
            last[nbytes - 1] &= (uint8_t)(0xff00 >> nbits % 8);
            if (job->series.lsb) last[nbytes - 1] >>= 8 - nbits % 8;
        }
        memcpy(out, last, nbytes);
    }
    job->errors[item] = worst;
    return RF_OK;
}

int rf_polyquant_encode(const void *src, const rf_polyquant *series, int nthreads, uint8_t *dst, double *largest_error)
{
    const size_t n = series->n, nitems = n / SEGMENT + (n % SEGMENT != 0);
    const int bits = series->bits;
    encode_job job = {.src = src, .series = *series, .dst = dst};
    size_t failed;
    int status;

    *largest_error = 0;
    if (!is_float_width(series->width) || bits < 1 || bits > MAX_WRITE_BITS) return RF_EARGUMENT;
    if (n == 0) return RF_OK;
    if (rf_polyquant_nbytes(n, bits) == 0) return RF_EARGUMENT;
    job.errors = malloc(nitems * sizeof *job.errors);
    if (!job.errors) return RF_ENOMEM;
    status = rf_share(encode_work, &job, nitems, nthreads, 0, NULL, &failed);
    for (size_t i = 0; status == RF_OK && i < nitems; i++) *largest_error = fmax(*largest_error, job.errors[i]);
    free(job.errors);
    return status;
}

/* ---- decoding ---- */

typedef struct {
    const uint8_t *src;
    size_t src_len;        /* exactly the bytes that the series takes */
    rf_polyquant series;
    size_t start, stop;
    size_t per_item;       /* samples */
    void *dst;
} decode_job;

/* Levels of a block whose bit string begins at src, where 8 * bits + 8 bytes can be read. */
static void unpack(const uint8_t *src, int bits, int lsb, uint64_t *q)
{
    size_t at = 0;

    for (size_t i = 0; i < BLOCK; i++, at += (size_t)bits) {
        const int skip = at & 7;
        uint64_t v = rf_load64(src + at / 8) << skip;
        if (skip + bits > 64) v |= src[at / 8 + 8] >> (8 - skip);
        q[i] = v >> (64 - bits);
    }
    for (size_t i = 0; lsb && i < BLOCK; i++) q[i] = reversed(q[i], bits);
}

static void unpack_short(const uint8_t *src, int bits, int32_t *q)
{
    size_t at = 0;

    for (size_t i = 0; i < BLOCK; i++, at += (size_t)bits)
        q[i] = (int32_t)(rf_load64(src + at / 8) << (at & 7) >> (64 - bits));
}

/* This must stay a division: multiplying by the reciprocal differs in the last bit. */
RF_WIDE_CLONES static void restore(double *y, double norm, double offset)
{
    for (size_t i = 0; i < BLOCK; i++) y[i] = y[i] / norm + offset;
}

RF_WIDE_CLONES static void restore_short(const int32_t *restrict q, double norm, double offset, double *restrict y)
{
    for (size_t i = 0; i < BLOCK; i++) y[i] = (double)q[i] / norm + offset;
}

static void decode_block(const decode_job *job, const uint8_t *src, double *y)
{
    const rf_polyquant *const set = &job->series;

    if (set->bits < 32) {
        int32_t q[BLOCK];
        unpack_short(src, set->bits, q);
        if (set->lsb) reverse_short(q, set->bits);
        restore_short(q, set->normalization, set->offset, y);
        return;
    }
    uint64_t q[BLOCK];
    unpack(src, set->bits, set->lsb, q);
    for (size_t i = 0; i < BLOCK; i++) y[i] = (double)q[i];
    restore(y, set->normalization, set->offset);
}

/* The bytes of a block: in the stream itself, or near its end as a copy followed by zeros. */
static const uint8_t *block_bytes(const decode_job *job, size_t block, uint8_t *copy)
{
    const size_t bits = (size_t)job->series.bits, nbytes = 8 * bits, at = block * nbytes, rest = job->src_len - at;
    const size_t used = job->series.n * bits % 8; /* bits of the last byte; 0: all */

    if (rest >= nbytes + 8) return job->src + at;
    memset(copy, 0, nbytes + 8);
    memcpy(copy, job->src + at, rest < nbytes ? rest : nbytes);
    if (job->series.lsb && rest <= nbytes && used) /* the last byte is right-aligned */
        copy[rest - 1] = (uint8_t)(copy[rest - 1] << (8 - used));
    return copy;
}

static int decode_work(void *argument, void *scratch, size_t item)
{
    const decode_job *job = argument;
    const size_t base = job->start / BLOCK * BLOCK + item * job->per_item;
    const size_t end = job->stop - base < job->per_item ? job->stop : base + job->per_item;
    size_t i = base < job->start ? job->start : base;
    uint8_t copy[8 * MAX_READ_BITS + 8];
    double y[BLOCK];

    (void)scratch;
    while (i < end) {
        const size_t block = i / BLOCK, skip = i % BLOCK;
        const size_t count = end - i < BLOCK - skip ? end - i : BLOCK - skip;
        decode_block(job, block_bytes(job, block, copy), y);
        if (job->series.width == 8) {
            memcpy((double *)job->dst + (i - job->start), y + skip, count * sizeof *y);
        } else {
            float *out = (float *)job->dst + (i - job->start);
            for (size_t l = 0; l < count; l++) out[l] = (float)y[skip + l];
        }
        i += count;
    }
    return RF_OK;
}

int rf_polyquant_decode(const uint8_t *src, size_t src_len, const rf_polyquant *series, size_t start, size_t stop,
                        int nthreads, void *dst)
{
    decode_job job = {.src = src, .series = *series, .start = start, .stop = stop, .dst = dst};
    size_t failed;

    if (!is_float_width(series->width) || series->bits < 1 || series->bits > MAX_READ_BITS) return RF_EARGUMENT;
    if (start > stop || stop > series->n) return RF_EARGUMENT;
    if (start == stop) return RF_OK;
    job.src_len = rf_polyquant_nbytes(series->n, series->bits);
    if (job.src_len == 0) return RF_EARGUMENT;
    if (src_len < job.src_len) return RF_ETRUNCATED;
    /* large items, so that threads touch fresh pages of their own, but enough of them to finish together */
    const size_t fair = (stop - start) / (16 * (size_t)(nthreads > 1 ? nthreads : 1)) / SEGMENT;
    job.per_item = SEGMENT * (fair < 1 ? 1 : fair > MOST_SEGMENTS ? MOST_SEGMENTS : fair);
    const size_t nsamples = stop - start / BLOCK * BLOCK;
    return rf_share(decode_work, &job, nsamples / job.per_item + (nsamples % job.per_item != 0), nthreads, 0, NULL,
                    &failed);
}
