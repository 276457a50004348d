/* Blocks of a deflate stream: counting symbols, choosing the form, writing it. */
#include "deflate/rf_deflate_block.h"

#include <string.h>

#include "base/rf_bytes.h"
#include "base/rf_cpu.h"
#include "deflate/rf_deflate_huffman.h"

/* The alphabets of RFC 1951, sections 3.2.5 and 3.2.7. */
enum {
    NLITERALS = 256,
    BLOCK_END = 256,
    FIRST_LENGTH = 257,
    NLENGTHS = 29,
    NSYMBOLS = FIRST_LENGTH + NLENGTHS,
    NDISTANCES = 30,
    NWIDTHS = 19, /* symbols that describe code lengths */
    REPEAT = 16,
    FEW_ZEROS = 17,
    MANY_ZEROS = 18
};

typedef enum { STORED, FIXED, DYNAMIC } form;

/* --- symbols --- */

static inline unsigned log2_of(unsigned v) { return 31u - (unsigned)__builtin_clz(v); }

/* A length or distance is coded as a symbol and `nextra` extra bits: its excess over the symbol's smallest value. */
typedef struct {
    unsigned symbol, nextra;
} part;

/* `offset` is length - 3. The first eight have one symbol each; then each power of two has four symbols. */
static inline part length_part(unsigned offset)
{
    unsigned nextra = log2_of(offset | 4) - 2, symbol = 4 * nextra + (offset >> nextra);
    bool is_longest = offset == RF_MATCH_MAX - RF_MATCH_MIN;
    return (part){is_longest ? NLENGTHS - 1 : symbol, is_longest ? 0 : nextra};
}

/* `offset` is distance - 1. The first four have one symbol each; then each power of two has two symbols. */
static inline part distance_part(unsigned offset)
{
    unsigned nextra = log2_of(offset | 2) - 1;
    return (part){2 * nextra + (offset >> nextra), nextra};
}

/* --- counting --- */

typedef struct {
    uint32_t symbols[NSYMBOLS];
    uint32_t distances[NDISTANCES];
    uint32_t nextra; /* extra bits of all lengths and distances */
} tally;

/* Neighbours are counted in separate tables: equal ones in one table would wait for each other. */
static void count_symbols(const rf_block *block, tally *t)
{
    uint32_t lanes[4][NLITERALS] = {{0}};
    const uint8_t *text = block->text;
    memset(t, 0, sizeof *t);
    for (size_t i = 0; i < block->nsequences; i++) {
        rf_sequence s = block->sequences[i];
        unsigned k = 0;
        for (; k + 4 <= s.nliterals; k += 4) {
            for (unsigned lane = 0; lane < 4; lane++) lanes[lane][text[k + lane]]++;
        }
        for (; k < s.nliterals; k++) lanes[0][text[k]]++;
        text += s.nliterals;
        if (!s.length) continue;
        part length = length_part(s.length - RF_MATCH_MIN), distance = distance_part(s.distance - 1u);
        t->symbols[FIRST_LENGTH + length.symbol]++;
        t->distances[distance.symbol]++;
        t->nextra += length.nextra + distance.nextra;
        text += s.length;
    }
    for (unsigned v = 0; v < NLITERALS; v++) t->symbols[v] = lanes[0][v] + lanes[1][v] + lanes[2][v] + lanes[3][v];
    t->symbols[BLOCK_END] = 1;
}

static size_t weigh(const uint32_t *counts, const uint8_t *lengths, unsigned n)
{
    size_t nbits = 0;
    for (unsigned i = 0; i < n; i++) nbits += (size_t)counts[i] * lengths[i];
    return nbits;
}

/* --- codes --- */

typedef struct {
    uint8_t symbol_lengths[NSYMBOLS + 2]; /* two that never occur complete the fixed code */
    uint8_t distance_lengths[NDISTANCES];
    unsigned nsymbols, ndistances; /* up to the last one with a code */
} lengths;

static void fixed_lengths(lengths *l)
{
    memset(l->symbol_lengths, 8, NSYMBOLS + 2);
    memset(l->symbol_lengths + 144, 9, 112);
    memset(l->symbol_lengths + 256, 7, 24);
    memset(l->distance_lengths, 5, NDISTANCES);
    l->nsymbols = NSYMBOLS + 2;
    l->ndistances = NDISTANCES;
}

/* The lengths of a dynamic block's codes in its own header: symbols of up to 7 bits, some with extra bits. */
typedef struct {
    uint8_t symbols[NSYMBOLS + NDISTANCES], extra[NSYMBOLS + NDISTANCES];
    unsigned n;
    uint32_t counts[NWIDTHS];
    uint8_t lengths[NWIDTHS];
    unsigned nlengths; /* how many of the lengths are written, in the order of width_order */
    size_t nbits;
} header;

static const uint8_t width_order[NWIDTHS] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};

static unsigned width_extra(unsigned symbol)
{
    return symbol == REPEAT ? 2 : symbol == FEW_ZEROS ? 3 : symbol == MANY_ZEROS ? 7 : 0;
}

static void describe(header *h, unsigned symbol, unsigned extra)
{
    h->symbols[h->n] = (uint8_t)symbol;
    h->extra[h->n++] = (uint8_t)extra;
    h->counts[symbol]++;
}

static unsigned least(unsigned a, unsigned b) { return a < b ? a : b; }

/* A value repeated `times` times, cut as zlib does: a value other than 0 is written once before its repetition. */
static void describe_run(header *h, unsigned value, unsigned times)
{
    if (value && times >= 4) {
        describe(h, value, 0);
        for (times--; times >= 3; times -= least(times, 6)) describe(h, REPEAT, least(times, 6) - 3);
    }
    if (!value) {
        for (; times >= 11; times -= least(times, 138)) describe(h, MANY_ZEROS, least(times, 138) - 11);
        if (times >= 3) {
            describe(h, FEW_ZEROS, times - 3);
            times = 0;
        }
    }
    for (; times > 0; times--) describe(h, value, 0);
}

static void describe_lengths(header *h, const uint8_t *l, unsigned n)
{
    for (unsigned i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && l[end] == l[i]; end++) {}
        describe_run(h, l[i], end - i);
    }
}

static void make_header(header *h, const lengths *l)
{
    memset(h, 0, sizeof *h);
    describe_lengths(h, l->symbol_lengths, l->nsymbols);
    describe_lengths(h, l->distance_lengths, l->ndistances);
    rf_huffman_lengths(h->counts, NWIDTHS, 7, h->lengths);
    for (h->nlengths = NWIDTHS; h->nlengths > 4 && !h->lengths[width_order[h->nlengths - 1]];) h->nlengths--;
    h->nbits = 5 + 5 + 4 + 3 * h->nlengths + weigh(h->counts, h->lengths, NWIDTHS);
    for (unsigned symbol = REPEAT; symbol < NWIDTHS; symbol++) h->nbits += h->counts[symbol] * width_extra(symbol);
}

/* --- bits --- */

/* Appends bits; the window must hold fewer than 64 afterwards. */
static inline void add(rf_deflate_out *out, uint64_t bits, unsigned nbits)
{
    out->window |= bits << out->have;
    out->have += nbits;
}

/* Stores whole bytes; at most 7 bits remain. */
static inline void flush(rf_deflate_out *out)
{
    if (out->end - out->next >= 8) {
        rf_put_little64(out->next, out->window);
        out->next += out->have >> 3;
        out->window >>= out->have & 56;
        out->have &= 7;
        return;
    }
    for (; out->have >= 8; out->have -= 8, out->window >>= 8) *out->next++ = (uint8_t)out->window;
}

static void fill_byte(rf_deflate_out *out)
{
    out->have = (out->have + 7) & ~7u;
    flush(out);
}

static bool has_room(const rf_deflate_out *out, size_t nbits)
{
    return (out->have + nbits + 7) / 8 <= (size_t)(out->end - out->next);
}

static void put_header(rf_deflate_out *out, const header *h, const lengths *l)
{
    uint16_t codes[NWIDTHS];
    rf_huffman_codes(h->lengths, NWIDTHS, codes);
    add(out, l->nsymbols - FIRST_LENGTH, 5);
    add(out, l->ndistances - 1, 5);
    add(out, h->nlengths - 4, 4);
    flush(out);
    for (unsigned i = 0; i < h->nlengths; i++) {
        add(out, h->lengths[width_order[i]], 3);
        flush(out);
    }
    for (unsigned i = 0; i < h->n; i++) {
        unsigned symbol = h->symbols[i];
        add(out, codes[symbol], h->lengths[symbol]);
        add(out, h->extra[i], width_extra(symbol));
        flush(out);
    }
}

/* --- a block's coded symbols --- */

/* A code and its length in one number, so that one load gets both: the length is in the low byte. */
typedef struct {
    uint32_t symbols[NSYMBOLS + 2], distances[NDISTANCES];
    unsigned longest_literal;
} book;

static inline void add_code(rf_deflate_out *out, uint32_t entry) { add(out, entry >> 8, entry & 0xff); }

static void bind(uint32_t *entries, const uint8_t *l, unsigned n)
{
    uint16_t codes[NSYMBOLS + 2] = {0};
    rf_huffman_codes(l, n, codes);
    for (unsigned i = 0; i < n; i++) entries[i] = (uint32_t)codes[i] << 8 | l[i];
}

static void make_book(book *b, const lengths *l)
{
    bind(b->symbols, l->symbol_lengths, l->nsymbols);
    bind(b->distances, l->distance_lengths, l->ndistances);
    b->longest_literal = 0;
    for (unsigned v = 0; v < NLITERALS; v++) {
        if (l->symbol_lengths[v] > b->longest_literal) b->longest_literal = l->symbol_lengths[v];
    }
}

/* `group` literals fit the window between flushes: with the 7 bits that may remain they are fewer than 64 bits. */
static ALWAYS_INLINE void put_literals(rf_deflate_out *out, const book *b, const uint8_t *text, unsigned n,
                                       unsigned group)
{
    for (; n >= group; n -= group, text += group) {
        for (unsigned k = 0; k < group; k++) add_code(out, b->symbols[text[k]]);
        flush(out);
    }
    for (unsigned k = 0; k < n; k++) add_code(out, b->symbols[text[k]]);
    flush(out);
}

/* At most 15 + 5 + 15 + 13 bits. */
static inline void put_match(rf_deflate_out *out, const book *b, rf_sequence s)
{
    unsigned length = s.length - RF_MATCH_MIN, distance = s.distance - 1u;
    part l = length_part(length), d = distance_part(distance);
    add_code(out, b->symbols[FIRST_LENGTH + l.symbol]);
    add(out, length & ((1u << l.nextra) - 1), l.nextra);
    add_code(out, b->distances[d.symbol]);
    add(out, distance & ((1u << d.nextra) - 1), d.nextra);
    flush(out);
}

static ALWAYS_INLINE void put_sequences(rf_deflate_out *out, const book *b, const rf_block *block, unsigned group)
{
    rf_deflate_out o = *out; /* a copy in registers: the stores of bytes cannot alias it */
    const uint8_t *text = block->text;
    for (size_t i = 0; i < block->nsequences; i++) {
        rf_sequence s = block->sequences[i];
        put_literals(&o, b, text, s.nliterals, group);
        if (s.length) put_match(&o, b, s);
        text += s.nliterals + s.length;
    }
    add_code(&o, b->symbols[BLOCK_END]);
    flush(&o);
    *out = o;
}

static void put_symbols(rf_deflate_out *out, const lengths *l, const rf_block *block)
{
    book b;
    make_book(&b, l);
    if (b.longest_literal <= 11) {
        put_sequences(out, &b, block, 5);
    } else {
        put_sequences(out, &b, block, 3);
    }
}

/* --- the block --- */

static void put_form(rf_deflate_out *out, form f, bool last)
{
    add(out, (unsigned)f << 1 | last, 3);
    flush(out);
}

int rf_block_store(rf_deflate_out *out, const rf_block *block)
{
    size_t head_nbytes = (out->have + 3 + 7) / 8 + 4;
    if (head_nbytes + block->nbytes > (size_t)(out->end - out->next)) return RF_ENOSPACE;
    put_form(out, STORED, block->last);
    fill_byte(out);
    add(out, block->nbytes, 16);
    add(out, block->nbytes ^ 0xffff, 16);
    flush(out);
    memcpy(out->next, block->text, block->nbytes);
    out->next += block->nbytes;
    return RF_OK;
}

int rf_block_put(rf_deflate_out *out, const rf_block *block)
{
    tally t;
    lengths dynamic, fixed;
    header h;
    count_symbols(block, &t);
    dynamic.nsymbols = rf_huffman_lengths(t.symbols, NSYMBOLS, RF_HUFFMAN_LONGEST, dynamic.symbol_lengths);
    dynamic.ndistances = rf_huffman_lengths(t.distances, NDISTANCES, RF_HUFFMAN_LONGEST, dynamic.distance_lengths);
    make_header(&h, &dynamic);
    fixed_lengths(&fixed);
    size_t dynamic_nbits = 3 + h.nbits + weigh(t.symbols, dynamic.symbol_lengths, NSYMBOLS) +
                           weigh(t.distances, dynamic.distance_lengths, NDISTANCES) + t.nextra;
    size_t fixed_nbits = 3 + weigh(t.symbols, fixed.symbol_lengths, NSYMBOLS) +
                         weigh(t.distances, fixed.distance_lengths, NDISTANCES) + t.nextra;

    /*
     * zlib compares whole bytes, and counts 4 bytes for the header of a stored block. It cannot store what has left its
     * window, a block of more than 32506 bytes; nor would it: the symbols of such a block take at most half of the
     * bytes they stand for. (Codes of 9 bits for literals, 2 for the length 3, 7 for the others and 5 for distances
     * lose 1 bit per literal, and gain 2 bits or more for each byte after the first of a match.) Nor does a stored
     * block exceed 65535 bytes: no fixed code has more than 31 bits.
     */
    bool is_fixed = (fixed_nbits + 7) / 8 <= (dynamic_nbits + 7) / 8;
    size_t nbits = is_fixed ? fixed_nbits : dynamic_nbits;
    if (block->nbytes + 4 <= (nbits + 7) / 8) return rf_block_store(out, block);
    if (!has_room(out, nbits)) return RF_ENOSPACE;
    put_form(out, is_fixed ? FIXED : DYNAMIC, block->last);
    if (!is_fixed) put_header(out, &h, &dynamic);
    put_symbols(out, is_fixed ? &fixed : &dynamic, block);
    if (block->last) fill_byte(out);
    return RF_OK;
}
