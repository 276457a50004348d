/*
 * rf_tiles.h - the tile engine: a batch of coded tiles to pixels, or back, in one call on many threads.
 *
 * FITS Standard 4.0, section 10; the bytes written are cfitsio's. Axes are in numpy order, the fastest last.
 */
#ifndef RF_TILES_H
#define RF_TILES_H

#include "rf.h"

/* cffi: begin */
/* The columns a coded tile may lie in. */
enum {
    RF_COMPRESSED_DATA = 0,
    RF_UNCOMPRESSED_DATA = 1,
    RF_GZIP_COMPRESSED_DATA = 2,
    RF_NO_COLUMN = 255
};

/* How encoding looks for null pixels in floats. */
enum {
    RF_NULLS_NONE = 0,      /* not at all: a quantized image must have been checked with rf_any_nonfinite before */
    RF_NULLS_NONFINITE = 1, /* all that is not finite, declared for the whole image, as the fitsio package does */
    RF_NULLS_FPACK = 2      /* as fpack: tile by tile; subnormals and -0 become 0 besides */
};

/* An image and how its tiles are coded. */
typedef struct {
    size_t ndim;
    const size_t *shape, *tile_shape; /* ndim each */
    int codec;              /* rf_codec of COMPRESSED_DATA */
    int bitpix;             /* ZBITPIX */
    int unsigned_trick;     /* BSCALE 1 and BZERO the trick value of this bitpix */
    int quantized;          /* a float image stored as scaled integers */
    int dither;             /* 0, or n of SUBTRACTIVE_DITHER_n */
    int64_t seed;           /* ZDITHER0 */
    int rice_block, rice_bytepix; /* bytepix 0: as wide as the pixels */
    int hcomp_smooth;       /* decoding */
    float hcomp_scale;      /* encoding: 0 lossless, positive times the noise, negative absolute */
    int hcomp_null;         /* encoding: the integer the noise estimate takes for null: Fptr->zblank of the open file */
    int gzip_level;         /* encoding; 1 is cfitsio's */
    float quantize_level;   /* encoding: q of rf_quantize */
    int nulls;              /* encoding: RF_NULLS_ */
    int plio_allow_lossy;   /* encoding: rf_plio_encode */
} rf_image;

/* Coded tiles to decode. */
typedef struct {
    size_t ntiles;
    const int64_t *row;     /* tile numbers, 0-based */
    const uint8_t *column;  /* RF_COMPRESSED_DATA and so on; RF_NO_COLUMN: never written */
    const int64_t *offset, *nbytes; /* of each tile within coded */
    const double *scale, *zero;     /* ZSCALE, ZZERO of each tile; not read unless quantized */
    const int64_t *blank;   /* the integer of null pixels of each tile, or NULL: no nulls; not read unless quantized */
    const uint8_t *coded;
    size_t coded_len;
    int uncompressed_bitpix;/* type of UNCOMPRESSED_DATA; 0: the image's */
} rf_tiles;

/* The whole table of tiles of a compressed image in a file. Arrays have an element for every tile of the image. */
typedef struct {
    const uint8_t *column;          /* as in rf_tiles */
    const int64_t *offset, *nbytes; /* from the start of the heap; checked by the caller against heap and file */
    const double *scale, *zero;
    const int64_t *blank;
    int uncompressed_bitpix;
    int64_t heap_start;             /* byte of the file where the heap begins */
} rf_table;

/* Where decoded pixels go. */
typedef struct {
    const size_t *start, *count, *step; /* ndim each: pixels start, start + step, ... of each axis */
    int out;                /* rf_out: what the pixels become */
    double bscale, bzero;   /* for RF_OUT_DOUBLE */
    void *dst;              /* C-contiguous of shape count */
    size_t dst_nbytes;
} rf_section;

/*
 * rf_tiles_decode - decode a batch of tiles, each into its place of the section.
 * Memory:  the caller owns everything; tiles must not overlap in dst. Scratch is bounded by a few tiles a thread.
 *          randoms as filled by rf_randoms_fill, or NULL if there is no dither.
 * Sizes:   offset, nbytes are checked against coded_len, places against dst_nbytes. A tile has fewer than 2^31 pixels.
 * Result:  RF_OK, or the status of the first tile of the batch that failed, whose index in the batch goes to *failed
 *          (the same with any nthreads). Its pixels are undefined, those of tiles before it are complete.
 *          RF_EARGUMENT with *failed = ntiles: the image, not a tile.
 *          Nulls of quantized images become NaN. Tiles of the other two columns are physical values, never scaled by
 *          scale and zero; floats in them not by bscale and bzero either, as in cfitsio.
 *          RF_OUT_DOUBLE of a quantized image joins both scalings before it is applied, as cfitsio does.
 * Threads: up to nthreads. May be called at once from several threads with separate dst.
 */
int rf_tiles_decode(const rf_image *image, const rf_tiles *tiles, const rf_section *section, const float *randoms,
                    int nthreads, size_t *failed);

/* Scratch that stays from one call to the next: rf_workspace.h. */
typedef struct rf_workspace rf_workspace;

/*
 * rf_tiles_read - read and decode the tiles that a section touches, each thread its own, straight from the file.
 * Memory:  as rf_tiles_decode; coded bytes in memory are bounded by a few hundred kilobytes a thread, or one tile.
 * Sizes:   the table has an element for every tile of the image; box holds start, count and step of the section, ndim
 *          of each; the rest of the section as in rf_section. fd is the open file.
 * Result:  as rf_tiles_decode, but the number of the failed tile goes to *failed, -1 if it is the image; besides
 *          RF_EIO, with errno set, and RF_ETRUNCATED if the file cannot be read there. failed may be NULL: who needs
 *          it asks again.
 * Threads: up to nthreads; moves no file position. space may be NULL: then their scratch goes with them.
 */
int rf_tiles_read(const rf_image *image, const rf_table *table, int fd, const size_t *box, int out, double bscale,
                  double bzero, void *dst, size_t dst_nbytes, const float *randoms, rf_workspace *space, int nthreads,
                  int64_t *failed);

/* Pixels to encode. */
typedef struct {
    const void *src;
    const ptrdiff_t *strides;     /* bytes, any sign, ndim of them */
    const size_t *origin, *shape; /* image coordinates of the pixel at src, and how many pixels there are from there */
    int swapped;                  /* not in native byte order */
    int stored;                   /* stored integers even if unsigned_trick; else pixels are of the unsigned type */
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
 *          Scratch comes from `space` and goes back there; it may be NULL.
 * Sizes:   as above; RF_ENOSPACE if dst_cap is too small.
 * Result:  RF_OK, or the status of the first tile of the batch that failed, whose index goes to *failed (the same with
 *          any nthreads); then nothing in `encoded` means anything. RF_ERANGE: a value that PLIO, or a given scale,
 *          cannot hold; RF_ELOSSY: rf_plio_encode. RF_EARGUMENT with *failed = ntiles: the image, not a tile.
 * Threads: up to nthreads.
 */
int rf_tiles_encode(const rf_image *image, const rf_pixels *pixels, const int64_t *row, size_t ntiles,
                    const float *randoms, rf_encoded *encoded, rf_workspace *space, int nthreads, size_t *failed);

/*
 * rf_tile_bound - the most bytes one tile of an image can need.
 * Memory:  only `image` is read.
 * Sizes:   of the largest tile, which is the first.
 * Result:  the bytes; 0 if the image is not one that can be encoded.
 * Threads: pure.
 */
size_t rf_tile_bound(const rf_image *image);

/*
 * rf_tile_byte_sum - sum of all bytes of tile number row as cfitsio holds it in memory, for the "checksum" seed.
 * Memory:  the caller owns everything; a copy of the tile may be made meanwhile.
 * Sizes:   `pixels` must cover the tile, as for rf_tiles_encode.
 * Result:  RF_OK and *sum; pixels are treated as image->nulls says. RF_EARGUMENT, RF_ENOMEM.
 * Threads: this one; may be called at once from several.
 */
int rf_tile_byte_sum(const rf_image *image, const rf_pixels *pixels, int64_t row, uint64_t *sum);
/* cffi: end */

#endif
