/* The HCOMPRESS encoder: H-transform, then a quadtree for each bit plane of each quadrant of the coefficients. */
#include "rf_hcompress.h"

#include "rf_bits.h"
#include "rf_cpu.h"
#include "rf_hquad.h"

/*
 * Huffman codes of the nybbles and their lengths (R. White, qtree_encode.c); a zero below the top has no code.
 * Two nybbles make an entry: the codes come last cell first, so the low nybble's code is in front.
 */
#define CODE_0 0x00
#define CODE_1 0x00
#define CODE_2 0x01
#define CODE_3 0x08
#define CODE_4 0x02
#define CODE_5 0x09
#define CODE_6 0x1A
#define CODE_7 0x1B
#define CODE_8 0x03
#define CODE_9 0x1C
#define CODE_A 0x0A
#define CODE_B 0x1D
#define CODE_C 0x0B
#define CODE_D 0x1E
#define CODE_E 0x3F
#define CODE_F 0x0C
#define BITS_0 0
#define BITS_1 3
#define BITS_2 3
#define BITS_3 4
#define BITS_4 3
#define BITS_5 4
#define BITS_6 5
#define BITS_7 5
#define BITS_8 3
#define BITS_9 5
#define BITS_A 4
#define BITS_B 5
#define BITS_C 4
#define BITS_D 5
#define BITS_E 6
#define BITS_F 4
#define PAIR(h, l) {CODE_##l << BITS_##h | CODE_##h, BITS_##h + BITS_##l}
#define ROW(h) \
    PAIR(h, 0), PAIR(h, 1), PAIR(h, 2), PAIR(h, 3), PAIR(h, 4), PAIR(h, 5), PAIR(h, 6), PAIR(h, 7), \
    PAIR(h, 8), PAIR(h, 9), PAIR(h, A), PAIR(h, B), PAIR(h, C), PAIR(h, D), PAIR(h, E), PAIR(h, F)

static const struct { uint16_t code; uint8_t nbits; } PAIRS[256] = {
    ROW(0), ROW(1), ROW(2), ROW(3), ROW(4), ROW(5), ROW(6), ROW(7),
    ROW(8), ROW(9), ROW(A), ROW(B), ROW(C), ROW(D), ROW(E), ROW(F),
};

enum { ZERO_CODE = 0x3E, ZERO_NBITS = 6 }; /* the whole plane is zero */

/*
 * Is no sum of the transform longer than 31 bits? The means double with every pass, from 4 times a pixel after the
 * first, rounding adds half of a unit that doubles too, and the sums are of four means.
 */
static inline bool is_exact_in_32(uint32_t largest, unsigned npasses)
{
    return npasses < 24 && (uint64_t)largest + npasses + 4 < (uint64_t)1 << (29 - npasses);
}

/* The arrays of a quadrant's grids; behind `bytes` comes room for the cells of the largest. Returns their number. */
static unsigned plan_grids(hc_grid *grids, size_t rows, size_t cols, uint8_t *bytes)
{
    unsigned ngrids = 0;
    if (!rows || !cols) return 0;
    do {
        hc_grid *grid = &grids[ngrids];
        grid->rows = rows = hc_half(rows);
        grid->cols = cols = hc_half(cols);
        grid->count = rows * cols;
        if (!ngrids++) bytes += grid->count + HC_PAD;
        for (int k = 0; k < 4; k++) {
            grid->place[k] = bytes;
            bytes += grid->count + HC_PAD;
        }
        grid->packed = bytes;
        size_t npairs = hc_half(grid->count);
        memset(grid->packed + npairs, 0, 8);
        bytes += npairs + HC_PAD;
    } while (rows > 1 || cols > 1);
    return ngrids;
}

/* Magic, rows, columns, scale, the sum of all pixels, and how many bit planes the quadrants have. */
static void put_header(rf_bits_out *out, size_t nx, size_t ny, int scale, uint64_t sum, const uint8_t nplanes[3])
{
    rf_bits_put(out, 0xDD99, 16);
    rf_bits_put(out, (uint32_t)ny, 32);
    rf_bits_put(out, (uint32_t)nx, 32);
    rf_bits_put(out, (uint32_t)scale, 32);
    rf_bits_put(out, (uint32_t)(sum >> 32), 32);
    rf_bits_put(out, (uint32_t)sum, 32);
    for (int k = 0; k < 3; k++) rf_bits_put(out, nplanes[k], 8);
}

#define TARGET
#define VARIANT(name) name
#include "rf_hencode_template.h"
#undef TARGET
#undef VARIANT

#if RF_CPU_X86
#define TARGET RF_TARGET_V3
#define VARIANT(name) name##_v3
#include "rf_hencode_template.h"
#undef TARGET
#undef VARIANT
#endif

int rf_hcompress_encode(const int32_t *src, size_t nx, size_t ny, int scale, int wide, uint8_t *dst, size_t dst_cap,
                        size_t *dst_len, void *scratch)
{
    hc_scratch pieces;
    rf_bits_out out = {.next = dst, .end = dst + dst_cap};
    int status;

    *dst_len = 0;
    if (!hc_is_size(nx, ny)) return RF_EARGUMENT;
    hc_cut_scratch(&pieces, nx, ny, scratch);
#if RF_CPU_X86
    if (rf_cpu_is_v3())
        status = hc_encode_v3(&out, src, &pieces, scale, wide);
    else
#endif
        status = hc_encode(&out, src, &pieces, scale, wide);
    if (status) return status;
    if (!rf_bits_finish(&out)) return RF_ENOSPACE;
    *dst_len = (size_t)(out.next - dst);
    return RF_OK;
}

size_t rf_hcompress_bound(size_t nx, size_t ny, int wide)
{
    if (!hc_is_size(nx, ny)) return SIZE_MAX;
    /*
     * A plane takes 4 bits and at most the 4 of each cell, or the 8 short of which the quadtree stays. A coefficient
     * is less than 2^(33 + passes) for 32-bit pixels, with one more bit for what rounding adds.
     */
    size_t nplanes = wide ? 34 + hc_npasses(nx, ny) : 32, ncells = 0;
    for (int q = 0; q < 4; q++) ncells += hc_half(hc_quadrant_rows(ny, q)) * hc_half(hc_quadrant_cols(nx, q)) + 3;
    return HC_HEADER_NBYTES + nplanes * (ncells / 2 + 1) + nx * ny / 8 + 16;
}

size_t rf_hcompress_scratch_nbytes(size_t nx, size_t ny, int wide)
{
    (void)wide; /* whether 32 bits suffice depends on the pixels as well */
    return hc_is_size(nx, ny) ? hc_cut_scratch(NULL, nx, ny, NULL) : SIZE_MAX;
}
