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
 * Sizes:   nbytes is a multiple of 4; what is left over is not added.
 * Result:  the new sum; 0 only if sum and all words are 0.
 * Threads: any.
 */
uint32_t rf_sum32(const uint8_t *src, size_t nbytes, uint32_t sum);
/* cffi: end */

#endif
