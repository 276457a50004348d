/*
 * rf_hcompress.h - R. White's H-transform and quadtree coder: HCOMPRESS_1 tiles (FITS Standard 4.0, 10.4.4).
 */
#ifndef RF_HCOMPRESS_H
#define RF_HCOMPRESS_H

#include "rf.h"

/* cffi: begin */
/*
 * rf_hcompress_encode - ny rows of nx pixels as cfitsio's fits_hcompress (wide: fits_hcompress64) writes them.
 * Memory:  src is not changed; scratch has rf_hcompress_scratch_nbytes bytes, of any content and alignment.
 * Sizes:   rf_hcompress_bound bytes always suffice; *dst_len is set to the bytes written. A scale of 0 or 1 is
 *          lossless.
 * Result:  RF_OK; RF_EARGUMENT (no pixels, or more than 2^31-1 along an axis); RF_ENOSPACE; RF_ELOSSY: not wide, and
 *          the transform of these pixels overflows 32 bits. After an error dst is undefined.
 *          Where a coefficient reaches 2^28, fits_hcompress reads outside its tables; here the stream is right.
 * Threads: any number, on separate dst and scratch.
 */
int rf_hcompress_encode(const int32_t *src, size_t nx, size_t ny, int scale, int wide, uint8_t *dst, size_t dst_cap,
                        size_t *dst_len, void *scratch);

/*
 * rf_hcompress_decode - the pixels of one stream, as fits_hdecompress (wide: fits_hdecompress64) reads them.
 * Memory:  dst has a capacity of nx * ny pixels; scratch as above.
 * Sizes:   if smooth is not 0, the image is smoothed between its coefficients. Wide results are cut to 32 bits.
 * Result:  RF_OK; RF_EARGUMENT (as above); RF_EBADDATA (no such stream, more than 32 or, if wide, 63 bit planes);
 *          RF_ESIZE (its size is not nx, ny); RF_ETRUNCATED. After an error dst is undefined. Bytes after the stream
 *          are ignored.
 * Threads: any number, on separate dst and scratch.
 */
int rf_hcompress_decode(const uint8_t *src, size_t src_len, int32_t *dst, size_t nx, size_t ny, int smooth, int wide,
                        void *scratch);

/*
 * rf_hcompress_bound - the most bytes that rf_hcompress_encode writes.
 * Memory:  none.
 * Sizes:   ny rows of nx pixels.
 * Result:  the bytes; SIZE_MAX if they exceed size_t.
 * Threads: pure.
 */
size_t rf_hcompress_bound(size_t nx, size_t ny, int wide);

/*
 * rf_hcompress_scratch_nbytes - scratch for either direction, most of it rarely touched.
 * Memory:  none.
 * Sizes:   ny rows of nx pixels.
 * Result:  the bytes; SIZE_MAX if they exceed size_t.
 * Threads: pure.
 */
size_t rf_hcompress_scratch_nbytes(size_t nx, size_t ny, int wide);
/* cffi: end */

#endif
