/*
 * rf_deflate_parse.h - what the parsers of all levels share: zlib's rules about its window, and the current block.
 *
 * A parser splits the input into literals and matches. The choice is zlib's at its level, with windowBits 15 and
 * memLevel 8. zlib works in a window of 64 kB that it moves on by 32 kB when fewer than 262 bytes lie ahead; we have
 * the whole input, so only two of its effects remain:
 *   - a match begins at most RF_FARTHEST bytes back, or less than that if it is not the newest of its hash,
 *   - the string at the very beginning of the window is never found (rf_window_start).
 */
#ifndef RF_DEFLATE_PARSE_H
#define RF_DEFLATE_PARSE_H

#include "base/rf_bytes.h"
#include "base/rf_cpu.h"
#include "deflate/rf_deflate_block.h"

enum {
    RF_WINDOW = 32768,
    RF_LOOKAHEAD = RF_MATCH_MAX + RF_MATCH_MIN + 1, /* zlib moves its window when fewer bytes lie ahead */
    RF_FARTHEST = RF_WINDOW - RF_LOOKAHEAD,
    RF_HASH_BITS = 15,
    RF_HASHES = 1 << RF_HASH_BITS,
    RF_BLOCK_NBYTES = RF_BLOCK_SYMBOLS * RF_MATCH_MAX /* the most bytes that a block represents */
};

typedef struct {
    rf_deflate_out out;
    const uint8_t *src;
    size_t n;
    size_t block_start;
    size_t literals_start;  /* bytes from here on are in no sequence yet */
    size_t capacity;        /* how many more symbols the block can take */
    rf_sequence *sequences; /* of the block; one more than RF_BLOCK_SYMBOLS fit */
    size_t nsequences;
} rf_parse;

/* zlib's hash of three bytes, the first one lowest in `bytes`: zlib finds only strings of equal hash. */
static inline uint32_t rf_hash(uint32_t bytes)
{
    return ((bytes & 31) << 10) ^ (bytes >> 3 & 0x1fe0) ^ (bytes >> 16 & 0xff);
}

/* The three bytes at p and an arbitrary fourth one, for the end of the input; p is not 0. */
static inline uint32_t rf_last_three(const uint8_t *src, size_t p) { return rf_little32(src + p - 1) >> 8; }

/* Where zlib's window of 64 kB begins when it looks for a match at p. */
static inline size_t rf_window_start(const rf_parse *parse, size_t p)
{
    size_t full = RF_WINDOW + RF_FARTHEST + (parse->n - p >= RF_LOOKAHEAD); /* it moves on when p is that far in */
    return p < full ? 0 : ((p - full) / RF_WINDOW + 1) * RF_WINDOW;
}

/* The number of equal bytes at a and b, up to `most`; that many can be read at both. */
static inline unsigned rf_common(const uint8_t *a, const uint8_t *b, unsigned most)
{
    unsigned n = 0;
    for (; n + 8 <= most; n += 8) {
        uint64_t differ = rf_little64(a + n) ^ rf_little64(b + n);
        if (differ) return n + (unsigned)__builtin_ctzll(differ) / 8;
    }
    while (n < most && a[n] == b[n]) n++;
    return n;
}

/* The longest match that may begin at p. */
static inline unsigned rf_longest_at(const rf_parse *parse, size_t p)
{
    return parse->n - p < RF_MATCH_MAX ? (unsigned)(parse->n - p) : RF_MATCH_MAX;
}

/* Adds the bytes before p as literals, and a match at p. The block is full when capacity is 0 afterwards. */
static inline void rf_parse_match(rf_parse *parse, size_t p, unsigned length, unsigned distance)
{
    size_t nliterals = p - parse->literals_start;
    parse->sequences[parse->nsequences++] = (rf_sequence){(uint16_t)nliterals, (uint16_t)length, (uint16_t)distance};
    parse->capacity -= nliterals + 1;
    parse->literals_start = p + length;
}

/*
 * rf_parse_flush - code the block; the bytes before `end` that are in no sequence yet are its last literals.
 * Memory:  writes to parse->out.
 * Sizes:   end is not before the end of the last sequence.
 * Result:  RF_OK, and parse is ready for the next block; RF_ENOSPACE.
 * Threads: one for each parse.
 */
int rf_parse_flush(rf_parse *parse, size_t end, bool last);

#endif
