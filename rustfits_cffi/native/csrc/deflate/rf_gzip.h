/*
 * rf_gzip.h - gzip members of one tile, and the byte planes of GZIP_2.
 *
 * Writing gives the bytes of zlib's deflate with cfitsio's settings (GZIP_1, GZIP_2; FITS Standard 4.0, section
 * 10.4.2): rf_deflate.h. Reading uses libdeflate's inflate, which accepts the output of any library.
 */
#ifndef RF_GZIP_H
#define RF_GZIP_H

#include "rf.h"

/* cffi: begin */
/*
 * rf_gzip_encode - one gzip member.
 * Memory:  dst has a capacity of dst_cap bytes; rf_gzip_bound(src_len) always suffice.
 * Sizes:   src_len < 2^32.
 * Result:  RF_OK and *dst_len; RF_ENOSPACE, RF_ENOMEM; RF_EARGUMENT for a level outside 0..9 or a longer src.
 *          Level 1 is cfitsio's. After an error dst is undefined.
 * Threads: any number, on separate dst.
 */
int rf_gzip_encode(const void *src, size_t src_len, int level, uint8_t *dst, size_t dst_cap, size_t *dst_len);

/*
 * rf_zlib_encode - one zlib stream (RFC 1950): the same data in zlib's own wrapper.
 * Memory:  dst has a capacity of dst_cap bytes; rf_gzip_bound(src_len) always suffice.
 * Sizes:   any.
 * Result:  RF_OK and *dst_len; RF_ENOSPACE, RF_ENOMEM; RF_EARGUMENT for a level outside 0..9. After an error dst is
 *          undefined.
 * Threads: any number, on separate dst.
 */
int rf_zlib_encode(const void *src, size_t src_len, int level, uint8_t *dst, size_t dst_cap, size_t *dst_len);

/*
 * rf_gzip_bound - the most bytes that rf_gzip_encode or rf_zlib_encode writes, at any level.
 * Memory:  none.
 * Sizes:   src_len bytes to be coded.
 * Result:  the bytes.
 * Threads: pure.
 */
size_t rf_gzip_bound(size_t src_len);

/*
 * rf_gzip_decode - inflate the first gzip member of src; bytes after it are ignored.
 * Memory:  src and dst do not overlap.
 * Sizes:   dst has a capacity of dst_cap bytes; *dst_len is set to the bytes written.
 * Result:  RF_OK; RF_ENOSPACE if it holds more than dst_cap bytes; RF_EBADDATA; RF_ENOMEM. After an error dst is
 *          undefined.
 * Threads: any number, on separate dst.
 */
int rf_gzip_decode(const uint8_t *src, size_t src_len, void *dst, size_t dst_cap, size_t *dst_len);

/*
 * rf_planes_split - n native numbers of 2, 4 or 8 bytes to byte planes, the most significant bytes first.
 * rf_planes_join - the inverse.
 * Memory:  src and dst do not overlap; the numbers are aligned as numpy's are.
 * Sizes:   src and dst have n * width bytes.
 * Result:  none. Width 1 is copied; another width does nothing.
 * Threads: any number, on separate dst.
 */
void rf_planes_split(const void *src, size_t n, size_t width, uint8_t *dst);
void rf_planes_join(const uint8_t *src, size_t n, size_t width, void *dst);
/* cffi: end */

/* What a thread keeps from tile to tile; starts zeroed, freed by rf_gzip_end. */
typedef struct {
    struct libdeflate_decompressor *inflater;
    struct rf_deflate *deflater;
} rf_gzip;

/*
 * rf_gzip_encode_with, rf_gzip_decode_with - as rf_gzip_encode, rf_gzip_decode, but their set-up is kept.
 * Memory:  state is made at the first call and kept for the next.
 * Sizes:   as there.
 * Result:  as there.
 * Threads: one for each state.
 */
int rf_gzip_encode_with(rf_gzip *state, const void *src, size_t src_len, int level, uint8_t *dst, size_t dst_cap,
                        size_t *dst_len);
int rf_gzip_decode_with(rf_gzip *state, const uint8_t *src, size_t src_len, void *dst, size_t dst_cap,
                        size_t *dst_len);

/*
 * rf_gzip_end - free what a state owns; the state may be used again afterwards.
 * Memory:  the record itself is the caller's.
 * Sizes:   none.
 * Result:  none.
 * Threads: the state's own.
 */
void rf_gzip_end(rf_gzip *state);

#endif
