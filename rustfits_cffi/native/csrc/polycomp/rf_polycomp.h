/*
 * rf_polycomp.h - the Polycomp streams: arrays to coded bytes and back, whole streams in one call.
 *
 * Rules of rf.h hold. Besides:
 *   Memory:  the caller owns every buffer.
 *   Sizes:   each function says what it needs; nothing is written beyond.
 *   Result:  one rf_status; the same, and the same bytes, with any nthreads.
 *   Threads: up to nthreads where the function takes it; all start and end within the call.
 */
#ifndef RF_POLYCOMP_H
#define RF_POLYCOMP_H

#include "rf.h"

/* cffi: begin */
/* What is wrong with a stream. Append, never renumber: native/polycomp.py words them. */
typedef enum {
    RF_POLY_FINE = 0,
    RF_POLY_NO_COUNT = 1,       /* fewer bytes than the chunk count takes */
    RF_POLY_TOO_MANY = 2,       /* more chunks announced than the stream can hold */
    RF_POLY_CUT_HEAD = 3,       /* the stream ends inside a chunk's head */
    RF_POLY_CUT_BODY = 4,       /* the stream ends inside a chunk's values */
    RF_POLY_EMPTY_CHUNK = 5,    /* a compressed chunk of no samples */
    RF_POLY_SHORT_CHUNK = 6,    /* Chebyshev coefficients for a single sample */
    RF_POLY_MASK = 7,           /* the mask's bits are not the number of coefficients */
    RF_POLY_ODD_LENGTH = 8,     /* run length pairs are not whole */
    RF_POLY_NEGATIVE_RUN = 9,   /* a negative run length */
    RF_POLY_TOTAL = 10          /* the runs do not give the number of samples asked for */
} rf_polyreason;

typedef struct {
    uint64_t offset;   /* byte of the stream at which the fault was seen */
    uint64_t item;     /* number of the chunk or run, from 0 */
    uint64_t found;    /* what was there, where a number says more */
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
    uint32_t spc;            /* samples a chunk, 1..65535 */
    uint32_t npoly;          /* polynomial coefficients, 1..255 */
    double max_error;        /* bound on |sample - decoded|; 0 or more, infinity allowed */
    int chebyshev;           /* not 0: add Chebyshev coefficients where the polynomial alone is not enough */
    int narrow;              /* not 0: samples decode to float32, check them so */
    double period;           /* more than 0: unwrap each chunk, measure errors modulo this */
    double period_offset;    /* lower end of the branch that compressed chunks decode into */
} rf_polysettings;

typedef struct {
    uint64_t nchunks, ncompressed, ncheby;
    double largest_error;    /* of the samples as decoded, modulo the period if there is one; 0 for raw chunks */
} rf_polystats;

/* Where a stream is written, whose length is only known at its end; zeros but for the first two. */
typedef struct {
    uint8_t *dst;            /* the caller's, */
    size_t nbytes;           /* of so many bytes: as many as it expects the stream to take */
    size_t used;             /* bytes of the stream */
    size_t most;             /* that it could take */
    uint8_t *rest;           /* NULL where dst was enough. Else rest[i] is byte i of the stream for every i from ... */
    size_t split;            /* ... this on, and dst[i] before. */
} rf_polyroom;

/*
 * rf_polyroom_close - free what an encoder has hung on the record.
 * Memory:  dst and the record itself are the caller's. A record that was never used, or is closed, may be closed.
 * Sizes:   none.
 * Result:  none.
 * Threads: one.
 */
void rf_polyroom_close(rf_polyroom *room);

/*
 * rf_polycomp_bound - the most bytes that a polynomial stream can take: 8 + 8 nsamples + 3 a chunk.
 * Memory:  none.
 * Sizes:   chunks of spc samples.
 * Result:  the bytes; 0 if that does not fit a size_t, or spc is 0.
 * Threads: pure.
 */
size_t rf_polycomp_bound(size_t nsamples, uint32_t spc);

/*
 * rf_polycomp_encode - code samples as a polynomial stream (number of chunks, then the chunks).
 * Memory:  samples and the room do not overlap; whatever the result, the caller closes the room.
 * Sizes:   the room may be of any size; rf_polycomp_bound bytes are always enough.
 * Result:  RF_OK, RF_EARGUMENT or RF_ENOMEM. No sample decodes with an error above max_error: chunks for which that
 *          cannot be had in fewer bytes are stored raw, bit for bit.
 * Threads: up to nthreads, sharing the chunks.
 */
int rf_polycomp_encode(const double *samples, size_t nsamples, const rf_polysettings *settings, int nthreads,
                       rf_polyroom *room, rf_polystats *stats);

/*
 * rf_polycomp_scan - find the chunks of a polynomial stream and check every length, count and mask in it.
 * Memory:  src is only read.
 * Sizes:   chunks has room for cap records; (src_len - 8) / 3 are always enough.
 * Result:  RF_OK: *nchunks and *nsamples are set, and *used to the bytes that the stream takes (what follows is not
 *          looked at). RF_ENOSPACE: cap is too small. RF_EBADDATA: *fault says where and why.
 * Threads: this one.
 */
int rf_polycomp_scan(const uint8_t *src, size_t src_len, rf_polychunk *chunks, size_t cap, size_t *nchunks,
                     uint64_t *nsamples, size_t *used, rf_polyfault *fault);

/*
 * rf_polycomp_decode - decode nchunks successive chunks of a scanned stream.
 * Memory:  src must have the length that rf_polycomp_scan saw, chunks must be what it found.
 * Sizes:   dst has room for the samples of all these chunks, width bytes each (4: float32, 8: float64).
 * Result:  RF_OK, RF_EARGUMENT or RF_ENOMEM. period more than 0: values of compressed chunks come back in
 *          [period_offset, period_offset + period), those already there untouched; raw chunks are as stored.
 * Threads: up to nthreads, sharing the chunks.
 */
int rf_polycomp_decode(const uint8_t *src, const rf_polychunk *chunks, size_t nchunks, int width, double period,
                       double period_offset, int nthreads, void *dst);

/*
 * rf_polycomp_decode_whole - decode a stream of nsamples samples, each chunk checked when it is reached: faster than
 * rf_polycomp_scan and rf_polycomp_decode, because the threads share the scan too.
 * Memory:  src and dst do not overlap.
 * Sizes:   dst has room for nsamples of width bytes each; never more is written, whatever the stream is.
 * Result:  RF_OK, and *used as rf_polycomp_scan tells it; RF_EARGUMENT or RF_ENOMEM; RF_EBADDATA if the stream is
 *          damaged or does not hold nsamples: dst is undefined then, and rf_polycomp_scan tells what is wrong.
 * Threads: up to nthreads.
 */
int rf_polycomp_decode_whole(const uint8_t *src, size_t src_len, size_t nsamples, int width, double period,
                             double period_offset, int nthreads, void *dst, size_t *used);

/*
 * rf_polycomp_straighten - unwrap n angles: where two neighbours differ by more than half a period, one period is
 * taken from (or added to) all that follow.
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
 * Sizes:   n more than npoly; coefficients has room for npoly.
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
 * rf_polyrle_encode - code n integers of width bytes (1, 2, 4, 8) as pairs count, value; diff: the first value, then
 * pairs of the differences modulo 2^bits. Longer runs than max_count are split, full runs first.
 * Memory:  src and the room, which must suit values of that width, do not overlap; whatever the result, the caller
 *          closes the room.
 * Sizes:   the room may be of any size; 2 n values are always enough.
 * Result:  RF_OK, RF_EARGUMENT or RF_ENOMEM.
 * Threads: up to nthreads, sharing the samples.
 */
int rf_polyrle_encode(const void *src, size_t n, int width, int diff, uint64_t max_count, int nthreads,
                      rf_polyroom *room);

/*
 * rf_polyrle_guess - about how many values a run length stream will take, from the runs at a few places.
 * Memory:  src is only read.
 * Sizes:   n values of width bytes.
 * Result:  the number; 2 n where a guess is not worth while.
 * Threads: pure.
 */
size_t rf_polyrle_guess(const void *src, size_t n, int width, int diff, uint64_t max_count);

/* What is before one pair of a run length stream. */
typedef struct {
    uint64_t first;    /* number of the sample that the pair begins with */
    uint64_t before;   /* diff: the value of the sample before it less that of the first, modulo 2^bits */
} rf_polyrle_mark;

/*
 * rf_polyrle_nmarks - marks that a run length stream needs: a few bytes for each kilobyte.
 * Memory:  none.
 * Sizes:   len values.
 * Result:  their number, at least 1.
 * Threads: pure.
 */
size_t rf_polyrle_nmarks(size_t len);

/*
 * rf_polyrle_scan - whether a run length stream gives exactly n samples, and where to begin within it.
 * Memory:  src is only read.
 * Sizes:   len values of width bytes; marks has room for rf_polyrle_nmarks(len).
 * Result:  RF_OK, RF_EARGUMENT, RF_ENOMEM, or RF_EBADDATA with *fault. is_signed: counts are signed, negative ones are
 *          faults.
 * Threads: up to nthreads, sharing the pairs.
 */
int rf_polyrle_scan(const void *src, size_t len, int width, int is_signed, int diff, uint64_t n, int nthreads,
                    rf_polyrle_mark *marks, rf_polyfault *fault);

/*
 * rf_polyrle_decode - samples start..stop-1 of a scanned run length stream.
 * Memory:  src and dst do not overlap; marks must be what rf_polyrle_scan found in this very stream.
 * Sizes:   dst has room for stop - start values; never more is written, whatever the stream is.
 * Result:  RF_OK, RF_EARGUMENT or RF_ENOMEM.
 * Threads: up to nthreads, sharing the samples.
 */
int rf_polyrle_decode(const void *src, size_t len, int width, int diff, const rf_polyrle_mark *marks, size_t start,
                      size_t stop, int nthreads, void *dst);

/*
 * rf_polyquant_range - smallest and largest of some floats.
 * Memory:  src is only read.
 * Sizes:   n floats (width 4) or doubles (8).
 * Result:  RF_OK, RF_EARGUMENT or RF_ENOMEM; *finite is 0 if any is NaN or infinite.
 * Threads: up to nthreads, sharing the samples.
 */
int rf_polyquant_range(const void *src, size_t n, int width, int nthreads, double *smallest, double *largest,
                       int *finite);

/*
 * rf_polyquant_nbytes - bytes that quantized samples take.
 * Memory:  none.
 * Sizes:   n samples of `bits` bits.
 * Result:  the bytes; 0 when that does not fit a size_t (or n is 0).
 * Threads: pure.
 */
size_t rf_polyquant_nbytes(size_t n, int bits);

/* A quantized series and its levels: floor((x - offset) * normalization + 0.5), at most 2^bits - 1. */
typedef struct {
    size_t n;                /* samples in the series */
    int width;               /* bytes of a sample: 4 (float32) or 8 (float64) */
    int bits;                /* of a level */
    int lsb;                 /* not 0: least significant bit first, last byte right-aligned; 0: most significant first */
    double normalization, offset;
} rf_polyquant;

/*
 * rf_polyquant_encode - quantize a series.
 * Memory:  src and dst do not overlap.
 * Sizes:   series->n samples at src; bits is 1 to 50; dst takes rf_polyquant_nbytes(n, bits) bytes.
 * Result:  RF_OK, RF_EARGUMENT or RF_ENOMEM; *largest_error is that of the samples as decoded.
 * Threads: up to nthreads, sharing the samples.
 */
int rf_polyquant_encode(const void *src, const rf_polyquant *series, int nthreads, uint8_t *dst, double *largest_error);

/*
 * rf_polyquant_decode - restore samples start..stop-1 of a quantized series: level / normalization + offset.
 * Memory:  src and dst do not overlap.
 * Sizes:   bits is 1 to 64; src has at least rf_polyquant_nbytes(n, bits) bytes; dst takes stop - start samples.
 * Result:  RF_OK, RF_EARGUMENT, RF_ENOMEM, or RF_ETRUNCATED if src is shorter.
 * Threads: up to nthreads, sharing the samples.
 */
int rf_polyquant_decode(const uint8_t *src, size_t src_len, const rf_polyquant *series, size_t start, size_t stop,
                        int nthreads, void *dst);
/* cffi: end */

#endif
