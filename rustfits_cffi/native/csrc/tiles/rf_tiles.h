/*
 * rf_tiles.h - the tile engine of images: tiles of a file to pixels, or pixels to coded tiles, in one call on many
 * threads.
 *
 * FITS Standard 4.0, section 10; the bytes written are cfitsio's. Axes are in numpy order, the fastest last.
 */
#ifndef RF_TILES_H
#define RF_TILES_H

#include "codecs/rf_codec.h"
#include "codecs/rf_workspace.h"
#include "source/rf_source.h"
#include "tiles/rf_table.h"

/* cffi: begin */
/* How encoding looks for null pixels in floats. */
enum {
    RF_NULLS_NONE = 0,      /* it does not: a quantized image must have been checked with rf_any_nonfinite before */
    RF_NULLS_NONFINITE = 1, /* pixels that are not finite, declared for the whole image, as the fitsio package does */
    RF_NULLS_FPACK = 2      /* as fpack, tile by tile; in addition, subnormals and -0 become 0 */
};

/* An image and how its tiles are coded. */
typedef struct {
    size_t ndim;
    const size_t *shape, *tile_shape; /* ndim each */
    int bitpix;             /* ZBITPIX */
    int unsigned_trick;     /* BSCALE 1 and BZERO the trick value of this bitpix */
    int quantized;          /* a float image stored as scaled integers */
    int dither;             /* 0, or n of SUBTRACTIVE_DITHER_n */
    int64_t seed;           /* ZDITHER0 */
    float quantize_level;   /* encoding: q of rf_quantize */
    int nulls;              /* encoding: RF_NULLS_ */
    rf_coder coder;         /* of COMPRESSED_DATA */
} rf_image;

/* How an image is read: its tiles as pixels of one type. */
typedef struct {
    const rf_image *image;
    const rf_table *table;
    const float *randoms;   /* as filled by rf_randoms_fill; may be NULL if there is no dither */
    rf_workspace *space;    /* keeps scratch from one call to the next; if NULL, scratch ends with the call */
    int out;                /* rf_out: the type of the pixels */
    double bscale, bzero;   /* for RF_OUT_DOUBLE */
} rf_tile_reader;

/*
 * rf_tiles_read - read and decode the tiles that a section touches, each thread its own, straight from the source.
 * Memory:  the caller owns everything. Coded bytes that are in memory are decoded there; those of a file are read, some
 *          hundreds of kilobytes per thread at a time, or one tile. Scratch is bounded by a few tiles per thread.
 * Sizes:   box has start, count and step of the section, ndim of each; dst is C-contiguous of shape count, and checked
 *          against dst_nbytes. A tile has fewer than 2^31 pixels.
 * Result:  RF_OK, or the status of the lowest-numbered tile that failed, whose number goes to *failed (the same with
 *          any nthreads); -1 if it is not about a tile. RF_EMISSING or RF_EDESCRIPTOR for a tile that the table marks;
 *          RF_EIO, with errno set, and RF_ETRUNCATED if the source cannot be read there; RF_EARGUMENT for an invalid
 *          image; RF_ENOSPACE. failed may be NULL. After an error dst is undefined.
 *          Nulls of quantized images become NaN. Tiles of the other two columns are physical values, never scaled by
 *          scale and zero; floats in them are not scaled by bscale and bzero either, as in cfitsio.
 *          RF_OUT_DOUBLE of a quantized image combines both scalings before it is applied, as cfitsio does.
 * Threads: up to nthreads; moves no file position. May be called at once from several threads with separate dst.
 */
int rf_tiles_read(const rf_tile_reader *reader, const rf_source *source, const size_t *box, void *dst,
                  size_t dst_nbytes, int nthreads, int64_t *failed);

/* Pixels to encode. */
typedef struct {
    const void *src;
    const ptrdiff_t *strides;     /* ndim, in bytes, of any sign */
    const size_t *origin, *shape; /* image coordinates of the pixel at src, and how many pixels there are from it */
    int swapped;                  /* not in native byte order */
    int stored;                   /* pixels are stored integers even if unsigned_trick; else of the unsigned type */
    const double *scale, *zero;   /* quantize tile i with these (scale 0: store it as it is), or NULL: find them */
} rf_pixels;

/* Encoded tiles. */
typedef struct {
    uint8_t *dst;
    size_t dst_cap;               /* at least ntiles * rf_tile_bound(image) */
    size_t dst_len;               /* set: bytes used */
    int64_t *nbytes;              /* set, ntiles: the tiles follow one another in order without a gap */
    uint8_t *column;              /* set, ntiles: where tile i belongs */
    double *scale, *zero;         /* set, ntiles, 0 where the tile was not quantized; NULL if not quantized */
    uint8_t *has_null;            /* set, ntiles: the tile had null pixels; or NULL */
} rf_encoded;

/*
 * rf_tiles_encode - encode tiles number row[0] .. row[ntiles-1], the bytes cfitsio would write.
 * Memory:  the caller owns everything. Each tile is coded into its own slot of dst, then the slots are moved together.
 *          randoms as filled by rf_randoms_fill, or NULL if there is no dither. Scratch is taken from `space` and
 *          returned there; it may be NULL.
 * Sizes:   as above; RF_ENOSPACE if dst_cap is too small.
 * Result:  RF_OK, or the status of the first tile of the batch that failed, whose index goes to *failed (the same with
 *          any nthreads); then all of `encoded` is undefined. RF_ERANGE: a value that PLIO, or a given scale,
 *          cannot hold; RF_ELOSSY: rf_plio_encode. RF_EARGUMENT with *failed = ntiles: the image, not a tile.
 * Threads: up to nthreads.
 */
int rf_tiles_encode(const rf_image *image, const rf_pixels *pixels, const int64_t *row, size_t ntiles,
                    const float *randoms, rf_encoded *encoded, rf_workspace *space, int nthreads, size_t *failed);

/*
 * rf_tile_bound - the most bytes one tile of an image can need.
 * Memory:  only `image` is read.
 * Sizes:   the result is that of the largest tile, which is the first.
 * Result:  the bytes; 0 if the image is not one that can be encoded.
 * Threads: pure.
 */
size_t rf_tile_bound(const rf_image *image);

/*
 * rf_tile_byte_sum - sum of all bytes of tile number row as cfitsio holds it in memory, for the "checksum" seed.
 * Memory:  the caller owns everything; a copy of the tile may be made during the call.
 * Sizes:   `pixels` must cover the tile, as for rf_tiles_encode.
 * Result:  RF_OK and *sum; pixels are treated as image->nulls says. RF_EARGUMENT, RF_ENOMEM.
 * Threads: this one; may be called at once from several.
 */
int rf_tile_byte_sum(const rf_image *image, const rf_pixels *pixels, int64_t row, uint64_t *sum);
/* cffi: end */

#endif
