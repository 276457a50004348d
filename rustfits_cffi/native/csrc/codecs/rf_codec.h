/*
 * rf_codec.h - the contract of a codec: numbers in, bytes out, and back.
 *
 * A codec knows neither images nor tables. It is given what it needs to know of the numbers (rf_coder), their count and
 * arrangement (rf_extent), and a worker with scratch. Each codec has a file of its own here, which defines one
 * rf_codec_functions, and a row in rf_codecs.c.
 */
#ifndef RF_CODEC_H
#define RF_CODEC_H

#include <stdbool.h>

#include "codecs/rf_worker.h"
#include "rf.h"

/* cffi: begin */
/* What a codec needs to know of the numbers it codes, whether they come from an image or from a column. */
typedef struct {
    int codec;            /* rf_codec */
    int bitpix;           /* of the input numbers: 32 for floats that are stored as scaled integers */
    int rice_block;       /* numbers that share one code */
    int rice_bytepix;     /* bytes per number in the stream; 0: the width of the numbers */
    int hcomp_smooth;     /* decoding */
    int hcomp_null;       /* encoding: the noise estimate's null, Fptr->zblank of the open file */
    float hcomp_scale;    /* encoding: 0 lossless, positive times the noise, negative absolute */
    int gzip_level;       /* encoding; 1 is cfitsio's */
    int plio_shift;       /* added to numbers before they are coded: 32768 for unsigned 16-bit ones, as in cfitsio */
    int plio_allow_lossy; /* encoding: rf_plio_encode */
} rf_coder;
/* cffi: end */

/* How many numbers there are, and their two-dimensional view: ny rows of nx. */
typedef struct {
    size_t n, nx, ny;
} rf_extent;

/* Numbers as a codec decodes them: native byte order. */
typedef struct {
    void *data;
    int bitpix;
} rf_values;

typedef struct {
    const char *name;  /* ZCMPTYPE */
    int codec;         /* its number, as in rf_coder */
    bool is_plain;     /* nothing is coded: its pieces are in the column of uncompressed ones */
    bool holds_floats; /* takes floats and 64-bit integers */
    bool stops_early;  /* decode may be called with an extent->n below that of the piece, for the first numbers only */
    bool is_inexact;   /* decoded numbers may lie outside the range of those that were coded */
    /*
     * Decode to native numbers: into `target` if it is given and they have target_bitpix, else into w->values. The
     * bytes are not trusted. RF_OK, or one of RF_EBADDATA, RF_ETRUNCATED, RF_ESIZE, RF_ENOMEM, RF_EARGUMENT.
     */
    int (*decode)(rf_worker *w, const rf_coder *coder, const rf_extent *extent, const uint8_t *src, size_t src_len,
                  void *target, int target_bitpix, rf_values *out);
    /*
     * Encode native numbers of coder->bitpix; nullcheck: coder->hcomp_null stands for missing ones. dst has at least
     * bound() bytes. RF_OK and *dst_len, or one of RF_ENOSPACE, RF_ENOMEM, RF_EARGUMENT, RF_ERANGE, RF_ELOSSY.
     */
    int (*encode)(rf_worker *w, const rf_coder *coder, const rf_extent *extent, const void *values, int nullcheck,
                  uint8_t *dst, size_t dst_cap, size_t *dst_len);
    /* The most bytes that numbers of coder->bitpix can need; 0 if that exceeds size_t, or the coder is invalid. */
    size_t (*bound)(const rf_coder *coder, const rf_extent *extent);
} rf_codec_functions;

/*
 * rf_codec_target - the memory to decode n numbers of `bitpix` into: target if they have target_bitpix, else scratch.
 * Memory:  target is the caller's and may be NULL; scratch is w->values.
 * Sizes:   target has capacity for n numbers of target_bitpix.
 * Result:  the memory, also in *out with its type; NULL if there is none.
 * Threads: one for each worker.
 */
void *rf_codec_target(rf_worker *w, size_t n, int bitpix, void *target, int target_bitpix, rf_values *out);

/*
 * rf_codec_widened - integers in another width; those that already have it are not copied.
 * Memory:  values are the caller's; converted ones are in w->widened.
 * Sizes:   n integers of `bitpix` are given.
 * Result:  RF_OK and *out; RF_ENOMEM.
 * Threads: one for each worker.
 */
int rf_codec_widened(rf_worker *w, const void *values, int bitpix, size_t n, int wanted, const void **out);

#endif
