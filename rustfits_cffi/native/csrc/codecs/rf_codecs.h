/*
 * rf_codecs.h - one table: codec number to its functions, which turn the pixels of a tile into bytes and back.
 */
#ifndef RF_CODECS_H
#define RF_CODECS_H

#include "tiles/rf_grid.h"
#include "deflate/rf_gzip.h"

/* A piece of scratch that grows as needed and stays with its thread. */
typedef struct {
    void *data;
    size_t cap;
} rf_buffer;

/* What one thread keeps from tile to tile. Zeroed at first; rf_worker_end frees what hangs on it. */
typedef struct {
    rf_gzip gzip;
    rf_buffer coded;   /* coded tiles as read from a file */
    rf_buffer bytes;   /* coded or uncoded bytes between a codec and its pixels */
    rf_buffer values;  /* what a codec decodes, or is to encode */
    rf_buffer pixels;  /* pixels as they were or are to be */
    rf_buffer widened; /* integers in the width a codec wants */
    rf_buffer work;    /* scratch of kernels */
} rf_worker;

/*
 * rf_reserve - scratch of at least nbytes, contents undefined.
 * Memory:  belongs to the buffer; an earlier pointer into it is void.
 * Sizes:   nbytes may be 0.
 * Result:  the scratch; NULL if it cannot be had.
 * Threads: the buffer's own.
 */
void *rf_reserve(rf_buffer *buffer, size_t nbytes);

/*
 * rf_worker_end - free what hangs on an rf_worker.
 * Memory:  the record itself is the caller's.
 * Sizes:   none.
 * Result:  none.
 * Threads: the worker's own.
 */
void rf_worker_end(void *worker);

/*
 * rf_worker_nbytes - how much scratch hangs on an rf_worker.
 * Memory:  none.
 * Sizes:   none.
 * Result:  the bytes; some tens of kilobytes that libraries may hold are not counted.
 * Threads: the worker's own.
 */
size_t rf_worker_nbytes(const rf_worker *worker);

/* Pixels of a tile as a codec sees them. */
typedef struct {
    void *data;
    int bitpix;
} rf_values;

typedef struct {
    int codec;
    /*
     * Decode to native numbers: into `target` if it is given and they have target_bitpix, else into w->values.
     */
    int (*decode)(rf_worker *w, const rf_image *image, const rf_tile *tile, const uint8_t *src, size_t src_len,
                  void *target, int target_bitpix, rf_values *out);
    /* Encode native numbers; nullcheck: null pixels were declared for this tile. */
    int (*encode)(rf_worker *w, const rf_image *image, const rf_tile *tile, rf_values in, int nullcheck, uint8_t *dst,
                  size_t dst_cap, size_t *dst_len);
    /* The most bytes that npix numbers of `bitpix` can need, in a tile of at most nx by ny. */
    size_t (*bound)(const rf_image *image, size_t npix, size_t nx, size_t ny, int bitpix);
    bool stops_early; /* decode does with a tile->npix less than the tile's: only the first pixels are wanted */
} rf_codec_functions;

/*
 * rf_codec_find - the functions of a codec.
 * Memory:  the result is a constant.
 * Sizes:   none.
 * Result:  NULL for a number that is no codec.
 * Threads: pure.
 */
const rf_codec_functions *rf_codec_find(int codec);

/*
 * rf_raw_decode - big-endian numbers without any coding.
 * Memory:  as `decode` of rf_codec_functions.
 * Sizes:   src has as many bytes as the tile's pixels of `bitpix` take.
 * Result:  RF_OK; RF_ETRUNCATED if it has fewer, RF_ESIZE if more; RF_ENOMEM.
 * Threads: one for each worker.
 */
int rf_raw_decode(rf_worker *w, int bitpix, const rf_tile *tile, const uint8_t *src, size_t src_len, void *target,
                  int target_bitpix, rf_values *out);

/*
 * rf_gzip1_decode, rf_gzip1_encode - GZIP_1 whatever the image's codec is: what GZIP_COMPRESSED_DATA holds.
 * Memory:  as `decode` and `encode` of rf_codec_functions.
 * Sizes:   as there.
 * Result:  as there.
 * Threads: one for each worker.
 */
int rf_gzip1_decode(rf_worker *w, const rf_image *image, const rf_tile *tile, const uint8_t *src, size_t src_len,
                    void *target, int target_bitpix, rf_values *out);
int rf_gzip1_encode(rf_worker *w, const rf_image *image, const rf_tile *tile, rf_values in, int nullcheck,
                    uint8_t *dst, size_t dst_cap, size_t *dst_len);

#endif
