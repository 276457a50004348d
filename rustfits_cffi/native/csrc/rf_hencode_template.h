/*
 * rf_hencode_template.h - the HCOMPRESS encoder for one kind of processor; rf_hcompress.c includes it once for each.
 *
 * Needs: TARGET (function attributes), VARIANT(name).
 */

/* The places of the grids above grid 0: which bits any coefficient below a cell has. */
TARGET static void VARIANT(fill_grids)(hc_grid *grids, unsigned ngrids, uint8_t *restrict cells)
{
    for (unsigned n = 1; n < ngrids; n++) {
        const hc_grid *fine = &grids[n - 1], *grid = &grids[n];
        const uint8_t *restrict a = fine->place[0], *restrict b = fine->place[1];
        const uint8_t *restrict c = fine->place[2], *restrict d = fine->place[3];
        for (size_t k = 0; k < fine->count; k++) cells[k] = a[k] | b[k] | c[k] | d[k];
        for (size_t i = 0; i < 2 * grid->rows; i++) {
            const uint8_t *restrict row = cells + i * fine->cols;
            uint8_t *restrict even = grid->place[i % 2 * 2] + i / 2 * grid->cols;
            uint8_t *restrict odd = grid->place[i % 2 * 2 + 1] + i / 2 * grid->cols;
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
TARGET static size_t VARIANT(pack_nybbles)(const hc_grid *grid, uint8_t *restrict nybbles, unsigned bit)
{
    const uint8_t *restrict a = grid->place[0], *restrict b = grid->place[1];
    const uint8_t *restrict c = grid->place[2], *restrict d = grid->place[3];
    uint8_t *restrict packed = grid->packed;
    const uint8_t mask = (uint8_t)(1u << bit);
    /* compares, not shifts: processors shift no vectors of bytes */
    for (size_t k = 0; k < grid->count; k++) {
        nybbles[k] = (uint8_t)((a[k] & mask ? 8 : 0) | (b[k] & mask ? 4 : 0) | (c[k] & mask ? 2 : 0) | (d[k] & mask ? 1 : 0));
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
TARGET static void VARIANT(put_codes)(rf_bits_out *stream, const hc_grid *grid)
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
TARGET static void VARIANT(put_direct)(rf_bits_out *stream, const hc_grid *grid)
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
 * to the first. cfitsio collects its codes the other way round in a buffer of a byte for every two cells, and stores
 * the plane directly as soon as that is full.
 */
TARGET static void VARIANT(put_plane)(rf_bits_out *out, hc_grid *grids, unsigned ngrids, uint8_t *nybbles, unsigned bit)
{
    size_t nbits = 0;
    size_t cap = ngrids ? hc_half(grids[0].count) : 1;
    for (unsigned n = 0; n < ngrids; n++) {
        nbits += VARIANT(pack_nybbles)(&grids[n], nybbles, bit);
        if (nbits / 8 >= cap) {
            VARIANT(put_direct)(out, &grids[0]);
            return;
        }
    }
    rf_bits_put(out, 0xF, 4);
    if (!nbits) rf_bits_put(out, ZERO_CODE, ZERO_NBITS);
    else
        for (unsigned n = ngrids; n-- > 0;) VARIANT(put_codes)(out, &grids[n]);
}

#define COEF int32_t
#define UCOEF uint32_t
#define NAME(verb) VARIANT(hc32_##verb)
#include "rf_htransform_template.h"
#undef COEF
#undef UCOEF
#undef NAME

#define COEF int64_t
#define UCOEF uint64_t
#define NAME(verb) VARIANT(hc64_##verb)
#include "rf_htransform_template.h"
#undef COEF
#undef UCOEF
#undef NAME

/* The largest absolute value, or more: the bits of all of them. */
TARGET static uint32_t VARIANT(all_bits)(const int32_t *src, size_t npix)
{
    uint32_t any = 0;
    for (size_t i = 0; i < npix; i++) any |= (uint32_t)(src[i] ^ src[i] >> 31);
    return any;
}

/*
 * The transform in 64 bits; if the stream is for a decoder of 32, RF_ELOSSY unless that gets the pixels back: no
 * coefficient may have overflowed on the way, and the inverse sums are twice a mean and 4 times a pixel.
 */
TARGET static int VARIANT(hc_transform_long)(const int32_t *src, const hc_scratch *s, bool wide)
{
    size_t npix = s->nx * s->ny;
    int64_t *copy = s->copy, *coef = s->coefficients;
    int32_t *narrow = s->copy;
    uint64_t mean = 0, pixel = 0;
    for (size_t i = 0; i < npix; i++) copy[i] = src[i];
    VARIANT(hc64_raise)(copy, npix, &pixel);
    VARIANT(hc64_forward)(copy, s->nx, s->ny, coef, s->means, &mean);
    if (wide) return RF_OK;
    uint64_t rounding = (uint64_t)8 << hc_npasses(s->nx, s->ny);
    if (2 * mean + rounding > INT32_MAX || 4 * pixel + 64 > INT32_MAX) return RF_ELOSSY;
    VARIANT(hc32_forward)(src, s->nx, s->ny, narrow, s->means, NULL);
    for (size_t i = 0; i < npix; i++) if (coef[i] != narrow[i]) return RF_ELOSSY;
    return RF_OK;
}

TARGET static int VARIANT(hc_encode)(rf_bits_out *out, const int32_t *src, const hc_scratch *s, int scale, bool wide)
{
    if (is_exact_in_32(VARIANT(all_bits)(src, s->nx * s->ny), hc_npasses(s->nx, s->ny))) {
        VARIANT(hc32_forward)(src, s->nx, s->ny, s->coefficients, s->means, NULL);
        VARIANT(hc32_put_stream)(out, s->coefficients, s, scale);
        return RF_OK;
    }
    int status = VARIANT(hc_transform_long)(src, s, wide);
    if (!status) VARIANT(hc64_put_stream)(out, s->coefficients, s, scale);
    return status;
}
