/* The HCOMPRESS encoder: H-transform, then a quadtree for each bit plane of each quadrant of the coefficients. */
#include "hcompress/rf_hcompress.h"

#include "base/rf_bits.h"
#include "hcompress/rf_hquad.h"

/*
 * Huffman codes of the nybbles and their lengths (R. White, qtree_encode.c); a zero below the top has no code.
 * An entry has the codes of two nybbles: codes are written last cell first, so the low nybble's code comes first.
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
 * Whether every sum of the transform fits 31 bits. The means double with every pass, from 4 times a pixel after the
 * first; rounding adds half of a unit that also doubles; and each sum has four means.
 */
static inline bool is_exact_in_32(uint32_t largest, unsigned npasses)
{
    return npasses < 24 && (uint64_t)largest + npasses + 4 < (uint64_t)1 << (29 - npasses);
}

/* The arrays of a quadrant's grids, followed in `bytes` by the cells of the largest. Returns the number of grids. */
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
            grid->corner[k] = bytes;
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

/* Fills the corners of the grids above grid 0: the bits that any coefficient below a cell has. */
static void fill_grids(hc_grid *grids, unsigned ngrids, uint8_t *restrict cells)
{
    for (unsigned n = 1; n < ngrids; n++) {
        const hc_grid *fine = &grids[n - 1], *grid = &grids[n];
        const uint8_t *restrict a = fine->corner[0], *restrict b = fine->corner[1];
        const uint8_t *restrict c = fine->corner[2], *restrict d = fine->corner[3];
        for (size_t k = 0; k < fine->count; k++) cells[k] = a[k] | b[k] | c[k] | d[k];
        for (size_t i = 0; i < 2 * grid->rows; i++) {
            const uint8_t *restrict row = cells + i * fine->cols;
            uint8_t *restrict even = grid->corner[i % 2 * 2] + i / 2 * grid->cols;
            uint8_t *restrict odd = grid->corner[i % 2 * 2 + 1] + i / 2 * grid->cols;
            if (i == fine->rows) {
                memset(even, 0, grid->cols);
                memset(odd, 0, grid->cols);
                break;
            }
            for (size_t j = 0; j < fine->cols / 2; j++) {
                even[j] = row[2 * j];
                odd[j] = row[2 * j + 1];
            }
            if (fine->cols & 1) {
                even[grid->cols - 1] = row[fine->cols - 1];
                odd[grid->cols - 1] = 0;
            }
        }
    }
}

/* The nybbles of one bit, packed; returns the bits that their Huffman codes take. */
static size_t pack_nybbles(const hc_grid *grid, uint8_t *restrict nybbles, unsigned bit)
{
    const uint8_t *restrict a = grid->corner[0], *restrict b = grid->corner[1];
    const uint8_t *restrict c = grid->corner[2], *restrict d = grid->corner[3];
    uint8_t *restrict packed = grid->packed;
    const uint8_t mask = (uint8_t)(1u << bit);
    /* comparisons, not shifts: processors cannot shift vectors of bytes */
    for (size_t k = 0; k < grid->count; k++) {
        nybbles[k] = (uint8_t)((a[k] & mask ? 8 : 0) | (b[k] & mask ? 4 : 0) | (c[k] & mask ? 2 : 0) |
                               (d[k] & mask ? 1 : 0));
    }
    nybbles[grid->count] = 0;
    size_t npairs = hc_half(grid->count), nbits = 0;
    for (size_t k = 0; k < npairs; k++) packed[k] = (uint8_t)(nybbles[2 * k] << 4 | nybbles[2 * k + 1]);
    for (size_t k = 0; k < npairs; k += 8) {
        uint64_t eight;
        memcpy(&eight, packed + k, 8);
        if (!eight) continue;
        for (size_t i = 0; i < 8; i++) nbits += PAIRS[packed[k + i]].nbits;
    }
    return nbits;
}

/* The codes of a grid, last cell first. */
static void put_codes(rf_bits_out *stream, const hc_grid *grid)
{
    rf_bits_out out = *stream;
    for (size_t k = (hc_half(grid->count) + 7) & ~(size_t)7; k > 0; k -= 8) {
        const uint8_t *packed = grid->packed + k - 8;
        uint64_t eight;
        memcpy(&eight, packed, 8);
        if (!eight) continue;
        for (int i = 7; i >= 0; i--) rf_bits_put(&out, PAIRS[packed[i]].code, PAIRS[packed[i]].nbits);
    }
    *stream = out;
}

/* The nybbles of grid 0 as they are. */
static void put_direct(rf_bits_out *stream, const hc_grid *grid)
{
    rf_bits_out out = *stream;
    size_t k = 0;
    rf_bits_put(&out, 0, 4);
    for (; k + 4 <= grid->count / 2; k += 4) rf_bits_put(&out, rf_load32(grid->packed + k), 32);
    for (; k < grid->count / 2; k++) rf_bits_put(&out, grid->packed[k], 8);
    if (grid->count & 1) rf_bits_put(&out, grid->packed[k] >> 4, 4);
    *stream = out;
}

/*
 * One bit plane of a quadrant. The quadtree goes from the last grid to the first and through each from the last cell
 * to the first. cfitsio collects its codes in reverse in a buffer of one byte per two cells, and stores
 * the plane directly as soon as that is full.
 */
static void put_plane(rf_bits_out *out, hc_grid *grids, unsigned ngrids, uint8_t *nybbles, unsigned bit)
{
    size_t nbits = 0;
    size_t cap = ngrids ? hc_half(grids[0].count) : 1;
    for (unsigned n = 0; n < ngrids; n++) {
        nbits += pack_nybbles(&grids[n], nybbles, bit);
        if (nbits / 8 >= cap) {
            put_direct(out, &grids[0]);
            return;
        }
    }
    rf_bits_put(out, 0xF, 4);
    if (nbits) {
        for (unsigned n = ngrids; n-- > 0;) put_codes(out, &grids[n]);
    } else {
        rf_bits_put(out, ZERO_CODE, ZERO_NBITS);
    }
}

#define COEF int32_t
#define UCOEF uint32_t
#define NAME(verb) hc32_##verb
#include "hcompress/rf_htransform_template.h"
#undef COEF
#undef UCOEF
#undef NAME

#define COEF int64_t
#define UCOEF uint64_t
#define NAME(verb) hc64_##verb
#include "hcompress/rf_htransform_template.h"
#undef COEF
#undef UCOEF
#undef NAME

/* An upper bound of the absolute values: the bits of all of them. */
static uint32_t all_bits(const int32_t *src, size_t npix)
{
    uint32_t any = 0;
    for (size_t i = 0; i < npix; i++) any |= (uint32_t)(src[i] ^ src[i] >> 31);
    return any;
}

/*
 * The transform in 64 bits; for a 32-bit decoder, RF_ELOSSY unless it would restore the pixels: no coefficient may have
 * overflowed on the way, and the inverse sums are twice a mean and 4 times a pixel.
 */
static int transform_long(const int32_t *src, const hc_scratch *s, bool wide)
{
    size_t npix = s->nx * s->ny;
    int64_t *copy = s->copy, *coef = s->coefficients;
    int32_t *narrow = s->copy;
    uint64_t mean = 0, pixel = 0;
    for (size_t i = 0; i < npix; i++) copy[i] = src[i];
    hc64_raise(copy, npix, &pixel);
    hc64_forward(copy, s->nx, s->ny, coef, s->means, &mean);
    if (wide) return RF_OK;
    uint64_t rounding = (uint64_t)8 << hc_npasses(s->nx, s->ny);
    if (2 * mean + rounding > INT32_MAX || 4 * pixel + 64 > INT32_MAX) return RF_ELOSSY;
    hc32_forward(src, s->nx, s->ny, narrow, s->means, NULL);
    for (size_t i = 0; i < npix; i++) if (coef[i] != narrow[i]) return RF_ELOSSY;
    return RF_OK;
}

static int encode(rf_bits_out *out, const int32_t *src, const hc_scratch *s, int scale, bool wide)
{
    if (is_exact_in_32(all_bits(src, s->nx * s->ny), hc_npasses(s->nx, s->ny))) {
        hc32_forward(src, s->nx, s->ny, s->coefficients, s->means, NULL);
        hc32_put_stream(out, s->coefficients, s, scale);
        return RF_OK;
    }
    int status = transform_long(src, s, wide);
    if (!status) hc64_put_stream(out, s->coefficients, s, scale);
    return status;
}

int rf_hcompress_encode(const int32_t *src, size_t nx, size_t ny, int scale, int wide, uint8_t *dst, size_t dst_cap,
                        size_t *dst_len, void *scratch)
{
    rf_bits_out out = {.next = dst, .end = dst + dst_cap};

    *dst_len = 0;
    if (!hc_is_size(nx, ny)) return RF_EARGUMENT;
    hc_scratch pieces = hc_cut_scratch(nx, ny, scratch);
    int status = encode(&out, src, &pieces, scale, wide);
    if (status) return status;
    if (!rf_bits_finish(&out)) return RF_ENOSPACE;
    *dst_len = (size_t)(out.next - dst);
    return RF_OK;
}

size_t rf_hcompress_bound(size_t nx, size_t ny, int wide)
{
    if (!hc_is_size(nx, ny)) return SIZE_MAX;
    /*
     * A plane takes 4 bits plus at most 4 per cell: a quadtree is kept only if it stays 8 bits below that. Coefficients
     * are less than 2^(33 + passes) for 32-bit pixels, with one more bit for what rounding adds.
     */
    size_t nplanes = wide ? 34 + hc_npasses(nx, ny) : 32, ncells = 0;
    for (int q = 0; q < 4; q++) ncells += hc_half(hc_quadrant_rows(ny, q)) * hc_half(hc_quadrant_cols(nx, q)) + 3;
    return HC_HEADER_NBYTES + nplanes * (ncells / 2 + 1) + nx * ny / 8 + 16;
}

size_t rf_hcompress_scratch_nbytes(size_t nx, size_t ny, int wide)
{
    (void)wide; /* whether 32 bits suffice also depends on the pixels */
    return hc_is_size(nx, ny) ? hc_scratch_nbytes(nx, ny) : SIZE_MAX;
}
