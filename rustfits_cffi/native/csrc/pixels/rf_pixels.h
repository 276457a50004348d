/*
 * rf_pixels.h - loops over pixels, without tiles: byte order, the sign bit of unsigned data, widths.
 *
 * A pixel type is named by its BITPIX: 8 (unsigned), 16, 32, 64, -32, -64.
 */
#ifndef RF_PIXELS_H
#define RF_PIXELS_H

#include <stdbool.h>

#include "rf.h"
#include "base/rf_bytes.h"

/* cffi: begin */
/* The type that pixels are converted to. */
typedef enum {
    RF_OUT_STORED = 0,   /* the type that BITPIX names */
    RF_OUT_UNSIGNED = 1, /* the same bytes with the sign bit flipped: u2 u4 u8, and i1 for BITPIX 8 */
    RF_OUT_DOUBLE = 2    /* double = value * bscale + bzero */
} rf_out;

/*
 * rf_pixels_pack - npix native pixels of bitpix to big-endian ones, as a plain image stores them.
 * Memory:  src may be dst; otherwise they do not overlap. Both are aligned as numpy's are.
 * Sizes:   both have npix pixels of bitpix.
 * Result:  RF_OK; RF_EARGUMENT for another bitpix.
 * Threads: this one, as writing the pixels takes longer.
 */
int rf_pixels_pack(const void *src, size_t npix, int bitpix, void *dst);

/*
 * rf_pixels_scale - npix native pixels of bitpix to the type `out`.
 * Memory:  src and dst do not overlap. Both are aligned as numpy's are.
 * Sizes:   both have npix pixels.
 * Result:  RF_OK; RF_EARGUMENT for another bitpix or out.
 * Threads: up to nthreads.
 */
int rf_pixels_scale(const void *src, size_t npix, int bitpix, int out, double bscale, double bzero, void *dst,
                    int nthreads);

/*
 * rf_any_nonfinite - whether a strided array of floats (width 4) or doubles (8) has a NaN or an infinity.
 * Memory:  strides are in bytes, of any sign; element 0 is at src. Nothing is written but *found.
 * Sizes:   ndim numbers in shape and strides.
 * Result:  *found is 1 or 0; RF_EARGUMENT for another width or more than RF_MAX_NDIM axes.
 * Threads: up to nthreads, over the outermost axis.
 */
int rf_any_nonfinite(const void *src, int width, size_t ndim, const size_t *shape, const ptrdiff_t *strides,
                     int swapped, int nthreads, int *found);
/* cffi: end */

/* Bytes per pixel of this BITPIX. */
static inline size_t rf_width(int bitpix) { return (size_t)(bitpix < 0 ? -bitpix : bitpix) / 8; }

static inline bool rf_is_bitpix(int b) { return b == 8 || b == 16 || b == 32 || b == 64 || b == -32 || b == -64; }

/*
 * rf_swap, rf_flip - reverse the bytes of each pixel; flip its sign bit.
 * Memory:  in place.
 * Sizes:   npix pixels of width bytes.
 * Result:  none.
 * Threads: any number, on separate pixels.
 */
void rf_swap(void *pix, size_t npix, size_t width);
void rf_flip(void *pix, size_t npix, size_t width);

/* From FITS byte order to native, or back. */
static inline void rf_reorder(void *pix, size_t npix, size_t width)
{
    if (RF_BE(16, 1) != 1) rf_swap(pix, npix, width);
}

/*
 * rf_ints - integers of one width to another.
 * Memory:  src and dst do not overlap.
 * Sizes:   npix integers each, as their BITPIX says.
 * Result:  RF_OK; values out of range are clipped if `clip`, else it is RF_ERANGE; RF_EARGUMENT.
 * Threads: any number, on separate dst.
 */
int rf_ints(const void *src, int bitpix, size_t npix, void *dst, int to_bitpix, bool clip);

/*
 * rf_doubles - value * scale + zero; the plain value if that is 1 and 0.
 * Memory:  src and dst do not overlap.
 * Sizes:   npix numbers each.
 * Result:  none.
 * Threads: any number, on separate dst.
 */
void rf_doubles(const void *src, int bitpix, size_t npix, double scale, double zero, double *dst);

/*
 * rf_floats - floats of one width to the other, or copied.
 * Memory:  src and dst do not overlap.
 * Sizes:   npix floats each, as their BITPIX says.
 * Result:  none.
 * Threads: any number, on separate dst.
 */
void rf_floats(const void *src, int bitpix, size_t npix, void *dst, int to_bitpix);

/*
 * rf_count_nonfinite - how many of some contiguous floats are not finite.
 * Memory:  only read.
 * Sizes:   npix floats (width 4) or doubles (8).
 * Result:  their number.
 * Threads: pure.
 */
size_t rf_count_nonfinite(const void *pix, size_t npix, size_t width);

/*
 * rf_nonfinite_to_inf - make all that is not finite +infinity.
 * Memory:  in place.
 * Sizes:   npix floats (width 4) or doubles (8).
 * Result:  none.
 * Threads: any number, on separate pixels.
 */
void rf_nonfinite_to_inf(void *pix, size_t npix, size_t width);

/*
 * rf_as_read_by_cfitsio - NaN and infinity to `null`, subnormals and -0 to +0, as cfitsio reads with a null value.
 * Memory:  in place.
 * Sizes:   npix floats (width 4) or doubles (8).
 * Result:  the number of nulls.
 * Threads: any number, on separate pixels.
 */
size_t rf_as_read_by_cfitsio(void *pix, size_t npix, size_t width, double null);

/*
 * rf_null_to_nan - make pixels equal to null the NaN with all bits set.
 * Memory:  in place.
 * Sizes:   npix floats (width 4) or doubles (8).
 * Result:  none.
 * Threads: any number, on separate pixels.
 */
void rf_null_to_nan(void *pix, size_t npix, size_t width, double null);

/*
 * rf_one_nan - make every NaN the one with all bits set.
 * Memory:  in place.
 * Sizes:   npix floats (width 4) or doubles (8).
 * Result:  none.
 * Threads: any number, on separate pixels.
 */
void rf_one_nan(void *pix, size_t npix, size_t width);

#endif
