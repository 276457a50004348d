/*
 * rf_polycomp.h - Polycomp streams: arrays to coded bytes and back, a whole stream in each call.
 *
 * The rules of rf.h hold. In addition:
 *   Memory:  the caller owns every buffer.
 *   Sizes:   each function states what it needs; nothing is written beyond that.
 *   Result:  an rf_status; status and bytes are the same with any nthreads.
 *   Threads: up to nthreads where the function has that argument; all start and end within the call.
 */
#ifndef RF_POLYCOMP_H
#define RF_POLYCOMP_H

#include "rf.h"

/* cffi: begin */
/* What is wrong with a stream. Append, never renumber: native/polycomp.py has the texts. */
typedef enum {
    RF_POLY_FINE = 0,
    RF_POLY_NO_COUNT = 1,       /* fewer bytes than the number of chunks takes */
    RF_POLY_TOO_MANY = 2,       /* more chunks announced than the stream can hold */
    RF_POLY_CUT_HEAD = 3,       /* the stream ends inside a chunk's head */
    RF_POLY_CUT_BODY = 4,       /* the stream ends inside a chunk's values */
    RF_POLY_EMPTY_CHUNK = 5,    /* a compressed chunk without samples */
    RF_POLY_SHORT_CHUNK = 6,    /* Chebyshev coefficients for a single sample */
    RF_POLY_MASK = 7,           /* the number of bits set in the mask differs from the number of coefficients */
    RF_POLY_ODD_LENGTH = 8,     /* the run length pairs are not whole */
    RF_POLY_NEGATIVE_RUN = 9,   /* a negative run length */
    RF_POLY_TOTAL = 10          /* the runs do not add up to the number of samples */
} rf_polyreason;

typedef struct {
    uint64_t offset;   /* byte of the stream at which the fault was seen */
    uint64_t item;     /* number of the chunk or run, from 0 */
    uint64_t found;    /* the value found there, if it says more */
    int reason;        /* rf_polyreason */
} rf_polyfault;

/* One chunk of a polynomial stream, as rf_polycomp_scan found it. */
typedef struct {
    uint64_t offset;   /* of its first byte (the flag) */
    uint64_t first;    /* number of its first sample in the series */
    uint32_t nsamples;
    uint16_t ncheby;   /* Chebyshev coefficients kept */
    uint8_t npoly;     /* polynomial coefficients */
    uint8_t compressed;
} rf_polychunk;

typedef struct {
    uint32_t spc;            /* samples per chunk, 1..65535 */
    uint32_t npoly;          /* polynomial coefficients, 1..255 */
    double max_error;        /* bound on |sample - decoded|; 0 or more, infinity allowed */
    int chebyshev;           /* not 0: add Chebyshev coefficients where the polynomial alone is not enough */
    int narrow;              /* not 0: samples decode to float32, and are checked as such */
    double period;           /* if positive: unwrap each chunk, and measure errors modulo this */
    double period_offset;    /* lower end of the branch that compressed chunks decode into */
} rf_polysettings;

typedef struct {
    uint64_t nchunks, ncompressed, ncheby;
    double largest_error;    /* of the decoded samples, modulo the period if there is one; 0 for raw chunks */
} rf_polystats;

/* The output of an encoder, whose length is known only at its end. The caller sets dst and nbytes, the rest to 0. */
typedef struct {
    uint8_t *dst;            /* the caller's memory */
    size_t nbytes;           /* its size: as many bytes as the stream is expected to take */
    size_t used;             /* bytes of the stream */
    size_t most;             /* bytes that the stream could take */
    uint8_t *rest;           /* NULL if dst was enough; else rest[i] is byte i of the stream for every i >= split */
    size_t split;            /* bytes of the stream that are in dst, if there is a rest */
} rf_polybuffer;

/*
 * rf_polybuffer_close - free what an encoder allocated for the record.
 * Memory:  the caller owns dst and the record itself. A record that was never used or is closed may be closed.
 * Sizes:   none.
 * Result:  none.
 * Threads: one.
 */
void rf_polybuffer_close(rf_polybuffer *buffer);

/*
 * rf_polycomp_bound - the most bytes that a polynomial stream can take: 8 + 8 nsamples + 3 per chunk.
 * Memory:  none.
 * Sizes:   chunks of spc samples.
 * Result:  the number of bytes; 0 if it does not fit in a size_t, or if spc is 0.
 * Threads: pure.
 */
size_t rf_polycomp_bound(size_t nsamples, uint32_t spc);

/*
 * rf_polycomp_encode - code samples as a polynomial stream (number of chunks, then the chunks).
 * Memory:  samples and the buffer do not overlap; whatever the result, the caller closes the buffer.
 * Sizes:   the buffer may have any size; rf_polycomp_bound bytes are always enough.
 * Result:  RF_OK, RF_EARGUMENT or RF_ENOMEM. No sample decodes with an error above max_error: a chunk that cannot
 *          meet this in fewer bytes is stored raw, bit for bit.
 * Threads: up to nthreads, sharing the chunks.
 */
int rf_polycomp_encode(const double *samples, size_t nsamples, const rf_polysettings *settings, int nthreads,
                       rf_polybuffer *buffer, rf_polystats *stats);

/*
 * rf_polycomp_scan - find the chunks of a polynomial stream and check every length, count and mask in it.
 * Memory:  src is only read.
 * Sizes:   chunks holds cap records; (src_len - 8) / 3 are always enough.
 * Result:  RF_OK: *nchunks and *nsamples are set, and *used to the number of bytes that the stream takes (bytes after
 *          it are ignored). RF_ENOSPACE: cap is too small. RF_EBADDATA: *fault says where and why.
 * Threads: this one.
 */
int rf_polycomp_scan(const uint8_t *src, size_t src_len, rf_polychunk *chunks, size_t cap, size_t *nchunks,
                     uint64_t *nsamples, size_t *used, rf_polyfault *fault);

/*
 * rf_polycomp_decode - decode nchunks successive chunks of a scanned stream.
 * Memory:  src is the stream that rf_polycomp_scan checked, chunks what it found there.
 * Sizes:   dst holds the samples of all these chunks, width bytes each (4: float32, 8: float64).
 * Result:  RF_OK, RF_EARGUMENT or RF_ENOMEM. With a positive period, values of compressed chunks are moved into
 *          [period_offset, period_offset + period) unless they are already there; raw chunks are as stored.
 * Threads: up to nthreads, sharing the chunks.
 */
int rf_polycomp_decode(const uint8_t *src, const rf_polychunk *chunks, size_t nchunks, int width, double period,
                       double period_offset, int nthreads, void *dst);

/*
 * rf_polycomp_decode_whole - decode a stream of nsamples samples, checking each chunk just before it is decoded. This
 * is faster than rf_polycomp_scan followed by rf_polycomp_decode, because the threads also share the scan.
 * Memory:  src and dst do not overlap.
 * Sizes:   dst holds nsamples of width bytes each; no more is ever written, whatever the stream contains.
 * Result:  RF_OK, with *used set as by rf_polycomp_scan; RF_EARGUMENT or RF_ENOMEM; RF_EBADDATA if the stream is
 *          damaged or does not hold nsamples: dst is then undefined, and rf_polycomp_scan finds out what is wrong.
 * Threads: up to nthreads.
 */
int rf_polycomp_decode_whole(const uint8_t *src, size_t src_len, size_t nsamples, int width, double period,
                             double period_offset, int nthreads, void *dst, size_t *used);

/*
 * rf_polycomp_straighten - unwrap n angles: where two neighbours differ by more than half a period, one period is
 * subtracted from (or added to) all that follow.
 * Memory:  out may be in.
 * Sizes:   n doubles each.
 * Result:  none.
 * Threads: this one.
 */
void rf_polycomp_straighten(const double *in, size_t n, double period, double *out);

/*
 * rf_polycomp_fit - the polynomial part of coding one chunk: npoly coefficients of the least squares polynomial in
 * x = 1..n (constant first).
 * Memory:  samples are only read.
 * Sizes:   n is greater than npoly; coefficients holds npoly doubles.
 * Result:  RF_OK, RF_EARGUMENT or RF_ENOMEM.
 * Threads: this one.
 */
int rf_polycomp_fit(const double *samples, size_t n, uint32_t npoly, double *coefficients);

/*
 * rf_polycomp_transform - the Chebyshev transform: forward (residuals to coefficients) or inverse (all coefficients
 * to values).
 * Memory:  in and out do not overlap.
 * Sizes:   n values each, n from 2 to 65535.
 * Result:  RF_OK, RF_EARGUMENT or RF_ENOMEM.
 * Threads: this one.
 */
int rf_polycomp_transform(const double *in, size_t n, int inverse, double *out);

/*
 * rf_polyrle_encode - code n integers of width bytes (1, 2, 4, 8) as pairs of count and value. With diff: the first
 * value, then pairs for the differences modulo 2^bits. Runs longer than max_count are split, full runs first.
 * Memory:  src and the buffer, aligned for values of that width, do not overlap; whatever the result, the caller
 *          closes the buffer.
 * Sizes:   the buffer may have any size; 2 n values are always enough.
 * Result:  RF_OK, RF_EARGUMENT or RF_ENOMEM.
 * Threads: up to nthreads, sharing the samples.
 */
int rf_polyrle_encode(const void *src, size_t n, int width, int diff, uint64_t max_count, int nthreads,
                      rf_polybuffer *buffer);

/*
 * rf_polyrle_guess - estimate how many values a run length stream will take, from the runs at a few positions.
 * Memory:  src is only read.
 * Sizes:   n values of width bytes.
 * Result:  the number; 2 n for series too short to be worth an estimate.
 * Threads: pure.
 */
size_t rf_polyrle_guess(const void *src, size_t n, int width, int diff, uint64_t max_count);

/* The state in front of one pair of a run length stream. */
typedef struct {
    uint64_t first;    /* number of the first sample of the pair */
    uint64_t before;   /* diff: the value of the previous sample minus that of the first, modulo 2^bits */
} rf_polyrle_mark;

/*
 * rf_polyrle_nmarks - number of marks that a run length stream needs: a few bytes for each kilobyte.
 * Memory:  none.
 * Sizes:   len values.
 * Result:  the number, at least 1.
 * Threads: pure.
 */
size_t rf_polyrle_nmarks(size_t len);

/*
 * rf_polyrle_scan - check that a run length stream gives exactly n samples, and mark where decoding can begin.
 * Memory:  src is only read.
 * Sizes:   len values of width bytes; marks holds rf_polyrle_nmarks(len) records.
 * Result:  RF_OK, RF_EARGUMENT, RF_ENOMEM, or RF_EBADDATA with *fault. With is_signed, counts are signed and negative
 *          ones are faults.
 * Threads: up to nthreads, sharing the pairs.
 */
int rf_polyrle_scan(const void *src, size_t len, int width, int is_signed, int diff, uint64_t n, int nthreads,
                    rf_polyrle_mark *marks, rf_polyfault *fault);

/*
 * rf_polyrle_decode - restore samples start..stop-1 of a scanned run length stream.
 * Memory:  src and dst do not overlap; marks are those that rf_polyrle_scan set for this stream.
 * Sizes:   dst holds stop - start values; no more is ever written, whatever the stream contains.
 * Result:  RF_OK, RF_EARGUMENT or RF_ENOMEM.
 * Threads: up to nthreads, sharing the samples.
 */
int rf_polyrle_decode(const void *src, size_t len, int width, int diff, const rf_polyrle_mark *marks, size_t start,
                      size_t stop, int nthreads, void *dst);

/*
 * rf_polyquant_range - find the smallest and the largest of n floats.
 * Memory:  src is only read.
 * Sizes:   n floats (width 4) or doubles (8).
 * Result:  RF_OK, RF_EARGUMENT or RF_ENOMEM; *finite is 0 if any is NaN or infinite.
 * Threads: up to nthreads, sharing the samples.
 */
int rf_polyquant_range(const void *src, size_t n, int width, int nthreads, double *smallest, double *largest,
                       int *finite);

/*
 * rf_polyquant_nbytes - number of bytes that quantized samples take.
 * Memory:  none.
 * Sizes:   n samples of `bits` bits.
 * Result:  the number; 0 if it does not fit in a size_t (or if n is 0).
 * Threads: pure.
 */
size_t rf_polyquant_nbytes(size_t n, int bits);

/* A quantized series and its levels: floor((x - offset) * normalization + 0.5), at most 2^bits - 1. */
typedef struct {
    size_t n;                /* samples in the series */
    int width;               /* bytes of a sample: 4 (float32) or 8 (float64) */
    int bits;                /* of a level */
    int lsb;                 /* not 0: least significant bit first, last byte right-aligned; 0: most significant */
    double normalization, offset;
} rf_polyquant;

/*
 * rf_polyquant_encode - quantize a series.
 * Memory:  src and dst do not overlap.
 * Sizes:   series->n samples at src; bits is 1 to 50; dst holds rf_polyquant_nbytes(n, bits) bytes.
 * Result:  RF_OK, RF_EARGUMENT or RF_ENOMEM; *largest_error is that of the decoded samples.
 * Threads: up to nthreads, sharing the samples.
 */
int rf_polyquant_encode(const void *src, const rf_polyquant *series, int nthreads, uint8_t *dst, double *largest_error);

/*
 * rf_polyquant_decode - restore samples start..stop-1 of a quantized series: level / normalization + offset.
 * Memory:  src and dst do not overlap.
 * Sizes:   bits is 1 to 64; src has at least rf_polyquant_nbytes(n, bits) bytes; dst holds stop - start
 *          samples.
 * Result:  RF_OK, RF_EARGUMENT, RF_ENOMEM, or RF_ETRUNCATED if src is shorter.
 * Threads: up to nthreads, sharing the samples.
 */
int rf_polyquant_decode(const uint8_t *src, size_t src_len, const rf_polyquant *series, size_t start, size_t stop,
                        int nthreads, void *dst);
/* cffi: end */

#endif
