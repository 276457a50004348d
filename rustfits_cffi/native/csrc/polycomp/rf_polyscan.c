/* Finds the chunks of a polynomial stream; nothing in it is used before it is checked. */
#include "polycomp/rf_polyscan.h"

#include "polycomp/rf_polychunk.h"
#include "polycomp/rf_polyfault.h"

/* Number of bits set in the mask below n. */
static size_t count_bits(const uint8_t *mask, size_t n)
{
    size_t bits = 0, byte = 0;

    for (; byte + 8 <= n / 8; byte += 8) {
        uint64_t word;
        memcpy(&word, mask + byte, 8);
        bits += (size_t)__builtin_popcountll(word);
    }
    for (; byte < n / 8; byte++) bits += (size_t)__builtin_popcount(mask[byte]);
    if (n % 8) bits += (size_t)__builtin_popcount(mask[byte] & ((1u << n % 8) - 1));
    return bits;
}

/* Reads the chunk at *at, and moves *at to its end. */
static int scan_chunk(const uint8_t *src, size_t src_len, size_t *at, uint64_t number, rf_polychunk *chunk,
                      rf_polyfault *fault)
{
    const size_t begin = *at;
    const uint8_t *const p = src + begin;
    const size_t rest = src_len - begin;
    size_t need;

    if (rest < RF_POLY_RAW_NBYTES) return rf_poly_fail(fault, RF_POLY_CUT_HEAD, begin, number, rest);
    *chunk = (rf_polychunk){.offset = begin, .nsamples = rf_poly_load16(p + 1), .compressed = p[0] != 0};
    if (!chunk->compressed) {
        need = RF_POLY_RAW_NBYTES + 8 * (size_t)chunk->nsamples;
        if (rest < need) return rf_poly_fail(fault, RF_POLY_CUT_BODY, begin, number, need);
        *at = begin + need;
        return RF_OK;
    }
    if (rest < RF_POLY_HEAD_NBYTES) return rf_poly_fail(fault, RF_POLY_CUT_HEAD, begin, number, rest);
    if (chunk->nsamples == 0) return rf_poly_fail(fault, RF_POLY_EMPTY_CHUNK, begin + 1, number, 0);
    chunk->npoly = p[3];
    need = RF_POLY_HEAD_NBYTES + 8 * (size_t)chunk->npoly + 2;
    if (rest < need) return rf_poly_fail(fault, RF_POLY_CUT_BODY, begin, number, need);
    chunk->ncheby = rf_poly_load16(p + need - 2);
    if (chunk->ncheby) {
        const size_t mask = need, nmask = ((size_t)chunk->nsamples + 7) / 8;
        if (chunk->nsamples < 2)
            return rf_poly_fail(fault, RF_POLY_SHORT_CHUNK, begin + mask - 2, number, chunk->ncheby);
        need += nmask + 8 * (size_t)chunk->ncheby;
        if (rest < need) return rf_poly_fail(fault, RF_POLY_CUT_BODY, begin, number, need);
        const size_t bits = count_bits(p + mask, chunk->nsamples);
        if (bits != chunk->ncheby) return rf_poly_fail(fault, RF_POLY_MASK, begin + mask, number, bits);
    }
    *at = begin + need;
    return RF_OK;
}

int rf_polycursor_open(rf_polycursor *cursor, const uint8_t *src, size_t src_len, rf_polyfault *fault)
{
    uint64_t count = 0;

    if (src_len < RF_POLY_COUNT_NBYTES) return rf_poly_fail(fault, RF_POLY_NO_COUNT, 0, 0, src_len);
    for (int i = RF_POLY_COUNT_NBYTES - 1; i >= 0; i--) count = count << 8 | src[i];
    if (count > (src_len - RF_POLY_COUNT_NBYTES) / RF_POLY_RAW_NBYTES)
        return rf_poly_fail(fault, RF_POLY_TOO_MANY, 0, 0, count);
    *cursor = (rf_polycursor){.src = src, .src_len = src_len, .at = RF_POLY_COUNT_NBYTES, .count = count};
    return RF_OK;
}

int rf_polycursor_read(rf_polycursor *cursor, rf_polychunk *chunks, size_t cap, size_t enough, size_t *nread,
                       rf_polyfault *fault)
{
    /* kept in registers: through the pointer, each chunk waited for the stores of the previous one (4 times as slow) */
    const uint64_t left = cursor->count - cursor->number, most = left < cap ? left : cap;
    const uint64_t begin = cursor->nsamples;
    size_t at = cursor->at, n = 0;
    uint64_t nsamples = begin;

    while (n < most && nsamples - begin < enough) {
        const int status = scan_chunk(cursor->src, cursor->src_len, &at, cursor->number + n, &chunks[n], fault);
        if (status != RF_OK) return status;
        chunks[n].first = nsamples;
        nsamples += chunks[n++].nsamples;
    }
    cursor->at = at;
    cursor->number += n;
    cursor->nsamples = nsamples;
    *nread = n;
    return RF_OK;
}

int rf_polycomp_scan(const uint8_t *src, size_t src_len, rf_polychunk *chunks, size_t cap, size_t *nchunks,
                     uint64_t *nsamples, size_t *used, rf_polyfault *fault)
{
    rf_polycursor cursor;
    int status = rf_polycursor_open(&cursor, src, src_len, fault);

    if (status == RF_OK && cursor.count > cap) status = RF_ENOSPACE;
    if (status == RF_OK) status = rf_polycursor_read(&cursor, chunks, cap, SIZE_MAX, nchunks, fault);
    if (status != RF_OK) return status;
    *nsamples = cursor.nsamples;
    *used = cursor.at;
    return RF_OK;
}
