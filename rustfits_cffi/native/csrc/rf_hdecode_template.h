/*
 * rf_hdecode_template.h - the HCOMPRESS decoder for one kind of processor; rf_hdecompress.c includes it once for each.
 *
 * Needs: TARGET (function attributes), VARIANT(name).
 */

/* A plane stored directly: the nybbles of grid 0. */
TARGET static int VARIANT(take_direct)(rf_bits_in *in, uint8_t *nybbles, size_t count)
{
    uint64_t nbits = 4 * (uint64_t)count;
    if (nbits > in->have + 8 * (uint64_t)(in->end - in->next)) return RF_ETRUNCATED;
    const uint8_t *p = in->next - (in->have + 7) / 8; /* the byte of the first bit */
    unsigned skip = (8 - in->have % 8) % 8;
    size_t k = 0;
    for (; k + 8 <= count && in->end - p >= 8; k += 8, p += 4) {
        uint64_t v = rf_load64(p) << skip >> 32;
        v = (v | v << 16) & UINT64_C(0x0000FFFF0000FFFF);
        v = (v | v << 8) & UINT64_C(0x00FF00FF00FF00FF);
        v = (v | v << 4) & UINT64_C(0x0F0F0F0F0F0F0F0F);
        rf_store64(nybbles + k, v);
    }
    *in = (rf_bits_in){.next = p, .end = in->end};
    rf_bits_refill(in);
    rf_bits_skip(in, skip);
    for (; k < count; k++) {
        uint32_t v;
        if (!rf_bits_take(in, 4, &v)) return RF_ETRUNCATED;
        nybbles[k] = (uint8_t)v;
    }
    return RF_OK;
}

/* Replaces every 1 among `count` cells (zeros after them, to a multiple of 8) by its code, last cell first. */
TARGET static int VARIANT(take_codes)(rf_bits_in *stream, uint8_t *cells, size_t count)
{
    rf_bits_in in = *stream;
    for (size_t k = (count + 7) & ~(size_t)7; k > 0; k -= 8) {
        uint8_t *cell = cells + k - 8;
        uint64_t ones = rf_load64(cell);
        if (!ones) continue;
        rf_bits_refill(&in); /* 8 codes have at most 48 bits */
        uint64_t window = in.window;
        unsigned used = 0;
        for (; ones; ones &= ones - 1) {
            unsigned entry = CODES[window >> 58];
            cell[7 - (unsigned)__builtin_ctzll(ones) / 8] = (uint8_t)(entry & 15);
            window <<= entry >> 4;
            used += entry >> 4;
        }
        if (used > in.have) return RF_ETRUNCATED;
        in.window = window;
        in.have -= used;
    }
    *stream = in;
    return RF_OK;
}

/* Spreads the nybbles of `rows` x `cols` cells' parents: a 1 for each cell that is not zero. */
TARGET static void VARIANT(spread)(const uint8_t *restrict parents, uint8_t *restrict cells, size_t rows, size_t cols)
{
    size_t nparents = hc_half(cols);
    for (size_t i = 0; i < rows; i++) {
        const uint8_t *restrict parent = parents + i / 2 * nparents;
        uint8_t *restrict cell = cells + i * cols;
        unsigned shift = i % 2 ? 0 : 2;
        for (size_t j = 0; j < cols / 2; j++) {
            cell[2 * j] = parent[j] >> (shift + 1) & 1;
            cell[2 * j + 1] = parent[j] >> shift & 1;
        }
        if (cols & 1) cell[cols - 1] = parent[nparents - 1] >> (shift + 1) & 1;
    }
    memset(cells + rows * cols, 0, 8);
}

/* A plane stored as a quadtree; *nybbles are those of grid 0, or NULL if the plane is zero. */
TARGET static int VARIANT(take_tree)(rf_bits_in *in, const quad_work *work, const uint8_t **nybbles)
{
    uint8_t *parents = work->cells[0], *cells = work->cells[1];
    memset(parents, 0, 8);
    parents[0] = 1;
    int status = VARIANT(take_codes)(in, parents, 1);
    if (status) return status;
    *nybbles = NULL;
    if (!parents[0]) return RF_OK;
    if (!work->count) return RF_EBADDATA; /* coefficients where there are none */
    for (unsigned n = work->ngrids - 1; n-- > 0;) {
        size_t rows = work->rows[n], cols = work->cols[n];
        VARIANT(spread)(parents, cells, rows, cols);
        status = VARIANT(take_codes)(in, cells, rows * cols);
        if (status) return status;
        uint8_t *swap = parents;
        parents = cells;
        cells = swap;
    }
    *nybbles = parents;
    return RF_OK;
}

/* Sets the bit of `mask` in each place whose nybble says so. */
TARGET static void VARIANT(set_bits)(const uint8_t *restrict nybbles, size_t count, uint8_t mask, uint8_t *restrict a,
                                     uint8_t *restrict b, uint8_t *restrict c, uint8_t *restrict d)
{
    for (size_t k = 0; k < count; k++) {
        uint8_t v = nybbles[k];
        a[k] = (uint8_t)(a[k] | (v & 8 ? mask : 0));
        b[k] = (uint8_t)(b[k] | (v & 4 ? mask : 0));
        c[k] = (uint8_t)(c[k] | (v & 2 ? mask : 0));
        d[k] = (uint8_t)(d[k] | (v & 1 ? mask : 0));
    }
}

/* One bit plane of a quadrant, into one bit of the places. */
TARGET static int VARIANT(take_plane)(rf_bits_in *in, const quad_work *work, unsigned bit)
{
    const uint8_t *nybbles = work->cells[0];
    uint32_t format;
    int status;
    if (!rf_bits_take(in, 4, &format)) return RF_ETRUNCATED;
    if (format == 0) {
        status = VARIANT(take_direct)(in, work->cells[0], work->count);
    } else if (format == 15) {
        status = VARIANT(take_tree)(in, work, &nybbles);
    } else {
        return RF_EBADDATA;
    }
    if (status || !nybbles) return status;
    VARIANT(set_bits)(nybbles, work->count, (uint8_t)(1u << bit), work->place[0], work->place[1], work->place[2],
                      work->place[3]);
    return RF_OK;
}

#define COEF int32_t
#define UCOEF uint32_t
#define NAME(verb) VARIANT(hc32_##verb)
#include "rf_hinverse_template.h"
#undef COEF
#undef UCOEF
#undef NAME

#define COEF int64_t
#define UCOEF uint64_t
#define NAME(verb) VARIANT(hc64_##verb)
#include "rf_hinverse_template.h"
#undef COEF
#undef UCOEF
#undef NAME
