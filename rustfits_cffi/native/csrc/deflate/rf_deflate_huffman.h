/*
 * rf_deflate_huffman.h - prefix codes of a deflate block, from the counts of its symbols.
 *
 * Many codes are optimal for the same counts. Which one zlib takes depends on the order in which its heap returns equal
 * nodes and on how it shortens codes that are too long. The choices here are the same.
 */
#ifndef RF_DEFLATE_HUFFMAN_H
#define RF_DEFLATE_HUFFMAN_H

#include <stdint.h>

enum {
    RF_HUFFMAN_SYMBOLS = 286, /* the largest alphabet */
    RF_HUFFMAN_LONGEST = 15,  /* bits of the longest code of any alphabet */
    RF_HUFFMAN_TOTAL = 16384  /* the most symbols that may have been counted */
};

/*
 * rf_huffman_lengths - bits of each symbol's code, 0 for one that has none.
 * Memory:  lengths has nsymbols bytes.
 * Sizes:   nsymbols is 3..RF_HUFFMAN_SYMBOLS, longest <= RF_HUFFMAN_LONGEST and 2^longest >= nsymbols; the counts add
 *          up to RF_HUFFMAN_TOTAL at most.
 * Result:  the number of symbols up to the last that has a code. At least two have one, whether they occur or not.
 * Threads: pure.
 */
unsigned rf_huffman_lengths(const uint32_t *counts, unsigned nsymbols, unsigned longest, uint8_t *lengths);

/*
 * rf_huffman_codes - the codes for given lengths (RFC 1951, section 3.2.2), first bit lowest.
 * Memory:  codes has nsymbols numbers; that of a symbol without a code is left as it is.
 * Sizes:   each length is at most RF_HUFFMAN_LONGEST.
 * Result:  none.
 * Threads: pure.
 */
void rf_huffman_codes(const uint8_t *lengths, unsigned nsymbols, uint16_t *codes);

#endif
