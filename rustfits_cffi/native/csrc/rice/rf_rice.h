/*
 * rf_rice.h - Rice coding of differences: RICE_1 tiles and Rice-coded table columns (FITS Standard 4.0, 10.4.1).
 */
#ifndef RF_RICE_H
#define RF_RICE_H

#include "rf.h"

/* cffi: begin */
/*
 * rf_rice_decode - the npix values coded in src.
 * Memory:  dst has a capacity of npix values of width bytes and is aligned for them.
 * Sizes:   width is 1, 2 or 4 bytes per value (uint8, int16, int32, native order); block >= 1 values share one split.
 * Result:  RF_OK; RF_EARGUMENT (width, block); RF_ETRUNCATED; RF_EBADDATA (a split that does not exist). After an
 *          error dst is undefined. Bytes after the last value are ignored, as cfitsio does.
 * Threads: any number, on separate dst.
 */
int rf_rice_decode(const uint8_t *src, size_t src_len, void *dst, size_t npix, int width, size_t block);

/*
 * rf_rice_encode - npix values as cfitsio's fits_rcomp, fits_rcomp_short (width 2) or fits_rcomp_byte (1) write them.
 * Memory:  src is aligned for its values and is not changed.
 * Sizes:   rf_rice_bound bytes always suffice; *dst_len is set to the bytes written. The bytes are cfitsio's for
 *          block <= 64; longer blocks of 32-bit values are coded correctly where cfitsio may fail.
 * Result:  RF_OK; RF_EARGUMENT (width, block); RF_ENOSPACE. After an error dst is undefined.
 * Threads: any number, on separate dst.
 */
int rf_rice_encode(const void *src, size_t npix, int width, size_t block, uint8_t *dst, size_t dst_cap,
                   size_t *dst_len);

/*
 * rf_rice_bound - the most bytes that rf_rice_encode writes.
 * Memory:  none.
 * Sizes:   npix values of width bytes in blocks of `block`.
 * Result:  the bytes; SIZE_MAX if they exceed size_t or an argument is wrong.
 * Threads: pure.
 */
size_t rf_rice_bound(size_t npix, int width, size_t block);
/* cffi: end */

#endif
