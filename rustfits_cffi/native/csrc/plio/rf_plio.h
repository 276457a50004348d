/*
 * rf_plio.h - IRAF's line lists: PLIO_1 tiles, runs of equal mask values (FITS Standard 4.0, 10.4.3).
 */
#ifndef RF_PLIO_H
#define RF_PLIO_H

#include "rf.h"

/* cffi: begin */
/*
 * rf_plio_decode - the npix mask values of one line list.
 * Memory:  dst has a capacity of npix integers.
 * Sizes:   src holds big-endian 16-bit words; words after the list, and an odd last byte, are ignored.
 * Result:  RF_OK, pixels after the last run being 0; RF_ETRUNCATED; RF_EBADDATA (no list, or an instruction that does
 *          not exist); RF_ESIZE (a run goes past npix). After an error dst is undefined.
 * Threads: any number, on separate dst.
 */
int rf_plio_decode(const uint8_t *src, size_t src_len, int32_t *dst, size_t npix);

/*
 * rf_plio_encode - npix mask values as cfitsio's pl_p2li writes them, in big-endian words.
 * Memory:  src is not changed; dst has dst_cap bytes.
 * Sizes:   rf_plio_bound bytes always suffice; *dst_len is set to the bytes written.
 * Result:  RF_OK; RF_ERANGE (a value outside 0..2^24-1); RF_ENOSPACE; RF_EARGUMENT (a list of more than 2^30 words);
 *          RF_ELOSSY: a single pixel follows an exact multiple of 4095 zeros, which are missing from cfitsio's list, so
 *          that other pixels are read back. With allow_lossy that list is written. After an error dst is undefined.
 * Threads: any number, on separate dst.
 */
int rf_plio_encode(const int32_t *src, size_t npix, int allow_lossy, uint8_t *dst, size_t dst_cap, size_t *dst_len);

/*
 * rf_plio_bound - the most bytes that rf_plio_encode writes.
 * Memory:  none.
 * Sizes:   npix pixels to be coded.
 * Result:  the bytes; SIZE_MAX if they exceed size_t.
 * Threads: pure.
 */
size_t rf_plio_bound(size_t npix);
/* cffi: end */

#endif
