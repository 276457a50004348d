/*
 * rf_sum.h - the 32-bit ones'-complement sum behind DATASUM and CHECKSUM.
 *
 * FITS Standard 4.0, section 4.4.2.7 and Appendix J.
 */
#ifndef RF_SUM_H
#define RF_SUM_H

#include "rf.h"

/* cffi: begin */
/*
 * rf_sum32 - add the big-endian 32-bit words of src to a sum, with end-around carry.
 * Memory:  src is only read.
 * Sizes:   nbytes at src; a short last word is padded with zeros.
 * Result:  the new sum; 0 only if sum and all words are 0.
 * Threads: any.
 */
uint32_t rf_sum32(const uint8_t *src, size_t nbytes, uint32_t sum);
/* cffi: end */

/*
 * rf_sum32_join - add to a sum the sum of other bytes, which begin `offset` bytes later.
 * Memory:  none.
 * Sizes:   any offset: bytes that do not begin with a word are counted where they fall in their words.
 * Result:  the sum of both.
 * Threads: pure.
 */
uint32_t rf_sum32_join(uint32_t sum, uint32_t part, size_t offset);

/*
 * rf_sum32_fold - a sum of fewer than 2^32 sums.
 * Memory:  none.
 * Sizes:   any total.
 * Result:  the carries added again; 0 only if total is 0.
 * Threads: pure.
 */
uint32_t rf_sum32_fold(uint64_t total);

#endif
