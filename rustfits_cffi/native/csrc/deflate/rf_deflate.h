/*
 * rf_deflate.h - deflates whole inputs to the same bytes as zlib.
 *
 * The bytes are those of zlib's deflate (the version that vendor/zlib/lock.json names) with windowBits 15, memLevel 8,
 * the default strategy, and all input in one call, as in cfitsio's GZIP tiles. The format is RFC 1951.
 */
#ifndef RF_DEFLATE_H
#define RF_DEFLATE_H

#include "rf.h"

/* cffi: begin */
/* What is kept from stream to stream; some hundreds of kB. */
typedef struct rf_deflate rf_deflate;

/*
 * rf_deflate_new - a state for rf_deflate_encode.
 * Memory:  to be freed by the caller, with rf_deflate_free.
 * Sizes:   none.
 * Result:  the state, or NULL if there is no memory.
 * Threads: any number.
 */
rf_deflate *rf_deflate_new(void);

/*
 * rf_deflate_encode - one raw deflate stream, without the header and trailer of zlib or gzip.
 * Memory:  dst and src do not overlap.
 * Sizes:   dst has a capacity of dst_cap bytes.
 * Result:  RF_OK and *dst_len; RF_ENOSPACE; RF_EARGUMENT for a level outside 0..9. After an error dst is undefined;
 *          the state can be used again.
 * Threads: one for each state.
 */
int rf_deflate_encode(rf_deflate *state, const uint8_t *src, size_t src_len, int level, uint8_t *dst, size_t dst_cap,
                      size_t *dst_len);

/*
 * rf_deflate_free - free a state.
 * Memory:  state may be NULL.
 * Sizes:   none.
 * Result:  none.
 * Threads: the state's own.
 */
void rf_deflate_free(rf_deflate *state);
/* cffi: end */

#endif
