/*
 * rf_hinverse_template.h - the inverse H-transform for one width of coefficient, and bytes to coefficients.
 *
 * Needs: COEF (int32_t or int64_t), UCOEF (its unsigned twin: sums wrap as in cfitsio), NAME(verb).
 *
 * Each pass makes an image of twice the size from the means of the previous pass and the differences, which are where
 * the encoder put them. Rounding and carrying of low bits undo the encoder's rounding exactly (R. White, hinv.c).
 */
#define SIGN(v) ((UCOEF)((COEF)(v) >> (sizeof(COEF) * 8 - 1))) /* all ones if negative */
#define NEGATE_IF(v, sign) (((v) ^ (sign)) - (sign))
#define HALVED(v, shift) (COEF)((COEF)(v) >> (shift))

/* Rows of means and differences (y: along the row, x: between the rows, c: across) into two rows of the image. */
static void NAME(inverse_rows)(const COEF *restrict mean, const COEF *restrict y, const COEF *restrict x,
                               const COEF *restrict c, size_t ncols, unsigned pass, COEF *restrict top,
                               COEF *restrict bottom)
{
    const UCOEF bit0 = (UCOEF)1 << pass, bit1 = (UCOEF)2 << pass;
    const UCOEF mask0 = ~(bit0 - 1), mask1 = ~(bit1 - 1);
    const UCOEF round_down = pass ? ~(UCOEF)0 : 0; /* the last pass has no half to round */
    const unsigned shift = pass ? 1 : 2;
    const size_t npairs = ncols / 2;
    for (size_t j = 0; j < npairs; j++) {
        UCOEF h0 = (UCOEF)mean[j];
        UCOEF hx = ((UCOEF)x[j] + bit0 + SIGN(x[j])) & mask1;
        UCOEF hy = ((UCOEF)y[j] + bit0 + SIGN(y[j])) & mask1;
        UCOEF hc = ((UCOEF)c[j] + (bit0 >> 1) + (SIGN(c[j]) & round_down)) & mask0;
        UCOEF low0 = hc & bit0;
        hx -= NEGATE_IF(low0, SIGN(hx));
        hy -= NEGATE_IF(low0, SIGN(hy));
        UCOEF low1 = (hc ^ hx ^ hy) & bit1;
        /* towards zero, which is reversed only for negative means without the lower bit */
        UCOEF outward = SIGN(h0) & ((low0 >> pass) - 1);
        h0 += low0 - NEGATE_IF(low1, outward);
        bottom[2 * j + 1] = HALVED(h0 + hx + hy + hc, shift);
        bottom[2 * j] = HALVED(h0 + hx - hy - hc, shift);
        top[2 * j + 1] = HALVED(h0 - hx + hy - hc, shift);
        top[2 * j] = HALVED(h0 - hx - hy + hc, shift);
    }
    if (ncols & 1) {
        UCOEF h0 = (UCOEF)mean[npairs];
        UCOEF hx = ((UCOEF)x[npairs] + bit0 + SIGN(x[npairs])) & mask1;
        h0 -= NEGATE_IF(hx & bit1, SIGN(h0));
        bottom[ncols - 1] = HALVED(h0 + hx, shift);
        top[ncols - 1] = HALVED(h0 - hx, shift);
    }
}

/* The last of an odd number of rows. */
static void NAME(inverse_last_row)(const COEF *restrict mean, const COEF *restrict y, size_t ncols,
                                   unsigned pass, COEF *restrict row)
{
    const UCOEF bit0 = (UCOEF)1 << pass, bit1 = (UCOEF)2 << pass;
    const UCOEF mask1 = ~(bit1 - 1);
    const unsigned shift = pass ? 1 : 2;
    const size_t npairs = ncols / 2;
    for (size_t j = 0; j < npairs; j++) {
        UCOEF h0 = (UCOEF)mean[j];
        UCOEF hy = ((UCOEF)y[j] + bit0 + SIGN(y[j])) & mask1;
        h0 -= NEGATE_IF(hy & bit1, SIGN(h0));
        row[2 * j + 1] = HALVED(h0 + hy, shift);
        row[2 * j] = HALVED(h0 - hy, shift);
    }
    if (ncols & 1) row[ncols - 1] = HALVED(mean[npairs], shift);
}

#define PLUS(a, b) ((COEF)((UCOEF)(a) + (UCOEF)(b)))
#define MINUS(a, b) ((COEF)((UCOEF)(a) - (UCOEF)(b)))
#define TIMES(a, power) ((COEF)((UCOEF)(a) << (power)))
#define LESSER(a, b) ((a) < (b) ? (a) : (b))
#define GREATER(a, b) ((a) > (b) ? (a) : (b))

/* Moves `difference` towards the slope between the neighbours before, here and after, where that is monotonic. */
static inline void NAME(smooth_slope)(COEF *difference, COEF before, COEF here, COEF after, COEF most)
{
    COEF up = MINUS(after, here), down = MINUS(here, before);
    COEF highest = TIMES(GREATER(LESSER(up, down), 0), 2), lowest = TIMES(LESSER(GREATER(up, down), 0), 2);
    if (lowest >= highest) return;
    COEF slope = GREATER(LESSER(MINUS(after, before), highest), lowest); /* 8 times the difference wanted */
    COEF change = MINUS(slope, TIMES(*difference, 3));
    change = (change >= 0 ? change : PLUS(change, 7)) >> 3;
    *difference = PLUS(*difference, GREATER(LESSER(change, most), -most));
}

/* The same for the curvature, from the means around: lower (m) or upper (p) in x, then in y. */
static inline void NAME(smooth_curvature)(COEF *difference, COEF here, const COEF corner[4], COEF x, COEF y,
                                          COEF most)
{
    COEF mm = corner[0], mp = corner[1], pm = corner[2], pp = corner[3];
    COEF x2 = TIMES(x, 1), y2 = TIMES(y, 1), one, other;
    COEF slope = MINUS(MINUS(PLUS(pp, mm), mp), pm); /* 64 times the difference wanted */
    one = LESSER(MINUS(MINUS(GREATER(MINUS(pp, here), 0), x2), y2), MINUS(PLUS(GREATER(MINUS(here, pm), 0), x2), y2));
    other = LESSER(PLUS(MINUS(GREATER(MINUS(here, mp), 0), x2), y2), PLUS(PLUS(GREATER(MINUS(mm, here), 0), x2), y2));
    COEF highest = TIMES(LESSER(one, other), 4);
    one = GREATER(MINUS(MINUS(LESSER(MINUS(pp, here), 0), x2), y2), MINUS(PLUS(LESSER(MINUS(here, pm), 0), x2), y2));
    other = GREATER(PLUS(MINUS(LESSER(MINUS(here, mp), 0), x2), y2), PLUS(PLUS(LESSER(MINUS(mm, here), 0), x2), y2));
    COEF lowest = TIMES(GREATER(one, other), 4);
    if (lowest >= highest) return;
    slope = GREATER(LESSER(slope, highest), lowest);
    COEF change = MINUS(slope, TIMES(*difference, 6));
    change = (change >= 0 ? change : PLUS(change, 63)) >> 6;
    *difference = PLUS(*difference, GREATER(LESSER(change, most), -most));
}

/* Moves the differences of a pass by up to half the scale towards a smooth image, except at the edges. */
static void NAME(smooth)(const COEF *mean, COEF *coef, size_t nx, size_t rows, size_t cols, COEF most)
{
    size_t upper = hc_half(rows), left = hc_half(cols);
    if (most <= 0) return;
    for (size_t i = 1; 2 * i + 2 < rows; i++) {
        const COEF *here = mean + i * left;
        COEF *x = coef + (upper + i) * nx;
        for (size_t j = 0; j < left; j++) NAME(smooth_slope)(&x[j], here[j - left], here[j], here[j + left], most);
    }
    for (size_t i = 0; i < upper; i++) {
        const COEF *here = mean + i * left;
        COEF *y = coef + i * nx + left;
        for (size_t j = 1; 2 * j + 2 < cols; j++) NAME(smooth_slope)(&y[j], here[j - 1], here[j], here[j + 1], most);
    }
    for (size_t i = 1; 2 * i + 2 < rows; i++) {
        const COEF *here = mean + i * left;
        COEF *x = coef + (upper + i) * nx;
        for (size_t j = 1; 2 * j + 2 < cols; j++) {
            const COEF *low = here - left + j, *high = here + left + j;
            const COEF corner[4] = {low[-1], low[1], high[-1], high[1]};
            NAME(smooth_curvature)(&x[left + j], here[j], corner, x[j], coef[i * nx + left + j], most);
        }
    }
}

/* One pass; the row pairs of the last one go to dst, through `row` if its pixels are narrower. */
static void NAME(inverse_pass)(const COEF *mean, const COEF *coef, size_t nx, size_t rows, size_t cols,
                               unsigned pass, COEF *out, COEF *row, int32_t *dst)
{
    const bool is_narrowed = pass == 0 && sizeof(COEF) > sizeof *dst;
    size_t upper = hc_half(rows), left = hc_half(cols);
    if (pass == 0 && !is_narrowed) out = (COEF *)(void *)dst;
    for (size_t i = 0; i < upper; i++) {
        size_t count = 2 * i + 1 < rows ? 2 * cols : cols;
        COEF *top = is_narrowed ? row : out + 2 * i * cols;
        const COEF *low = coef + (upper + i) * nx;
        if (count > cols) {
            NAME(inverse_rows)(mean + i * left, coef + i * nx + left, low, low + left, cols, pass, top, top + cols);
        } else {
            NAME(inverse_last_row)(mean + i * left, coef + i * nx + left, cols, pass, top);
        }
        if (is_narrowed) for (size_t k = 0; k < count; k++) dst[2 * i * cols + k] = (int32_t)(uint32_t)(UCOEF)top[k];
    }
}

/* The image of the coefficients; smoothing changes these. */
static void NAME(inverse)(COEF *coef, const hc_scratch *s, int scale, bool smooth, int32_t *dst)
{
    unsigned npasses = hc_npasses(s->nx, s->ny);
    COEF first = coef[0];
    if (!npasses) {
        dst[0] = (int32_t)(uint32_t)(UCOEF)first;
        return;
    }
    UCOEF half = (UCOEF)2 << (npasses - 1);
    first = (COEF)(((UCOEF)first + half + SIGN(first)) & ~(2 * half - 1));
    const COEF *mean = &first;
    for (unsigned pass = npasses; pass-- > 0;) {
        size_t rows = ((s->ny - 1) >> pass) + 1, cols = ((s->nx - 1) >> pass) + 1;
        if (smooth) NAME(smooth)(mean, coef, s->nx, rows, cols, (COEF)(scale >> 1));
        COEF *out = s->means[pass & 1];
        NAME(inverse_pass)(mean, coef, s->nx, rows, cols, pass, out, s->copy, dst);
        mean = out;
    }
}

/* Writes the corners of grid 0 to byte `byte` of a quadrant's coefficients; the first call clears the other bytes. */
static void NAME(give_byte)(COEF *coef, size_t stride, size_t rows, size_t cols, unsigned byte, bool is_first,
                            uint8_t *const corner[4])
{
    const unsigned shift = 8 * byte;
    const size_t ncells = hc_half(cols), npairs = cols / 2;
    const UCOEF keep = is_first ? 0 : ~(UCOEF)0;
    for (size_t i = 0; i < rows; i++) {
        COEF *restrict row = coef + i * stride;
        const uint8_t *restrict even = corner[i % 2 * 2] + i / 2 * ncells;
        const uint8_t *restrict odd = corner[i % 2 * 2 + 1] + i / 2 * ncells;
        for (size_t j = 0; j < npairs; j++) {
            row[2 * j] = (COEF)(((UCOEF)row[2 * j] & keep) | (UCOEF)even[j] << shift);
            row[2 * j + 1] = (COEF)(((UCOEF)row[2 * j + 1] & keep) | (UCOEF)odd[j] << shift);
        }
        if (cols & 1) row[cols - 1] = (COEF)(((UCOEF)row[cols - 1] & keep) | (UCOEF)even[npairs] << shift);
    }
}

/* A sign bit for each coefficient that is not zero. */
static int NAME(take_signs)(rf_bits_in *in, COEF *coef, size_t npix)
{
    for (size_t i = 0; i < npix; i += 32) {
        size_t stop = npix - i < 32 ? npix : i + 32;
        rf_bits_refill(in);
        uint64_t window = in->window;
        unsigned used = 0;
        for (size_t k = i; k < stop; k++) {
            unsigned is_set = coef[k] != 0;
            UCOEF sign = (UCOEF)((int64_t)window >> 63); /* irrelevant for a zero, which takes no bit */
            coef[k] = (COEF)NEGATE_IF((UCOEF)coef[k], sign);
            window <<= is_set;
            used += is_set;
        }
        if (used > in->have) return RF_ETRUNCATED;
        in->window = window;
        in->have -= used;
    }
    return RF_OK;
}

/* All planes of a quadrant. */
static int NAME(take_quadrant)(rf_bits_in *in, COEF *coef, size_t stride, size_t rows, size_t cols,
                               unsigned nplanes, uint8_t *bytes)
{
    quad_work work;
    bool is_first = true;
    plan_work(&work, rows, cols, bytes);
    if (!nplanes) for (size_t i = 0; i < rows; i++) memset(coef + i * stride, 0, cols * sizeof(COEF));
    while (nplanes) {
        unsigned byte = (nplanes - 1) / 8;
        for (int k = 0; k < 4; k++) memset(work.corner[k], 0, work.count);
        for (; nplanes > 8 * byte; nplanes--) {
            int status = take_plane(in, &work, nplanes - 1 - 8 * byte);
            if (status) return status;
        }
        NAME(give_byte)(coef, stride, rows, cols, byte, is_first, work.corner);
        is_first = false;
    }
    return RF_OK;
}

/* Everything after the header, and the transform back. */
static int NAME(decode)(rf_bits_in *in, const hc_stream *stream, const hc_scratch *s, bool smooth, int32_t *dst)
{
    COEF *coef = s->coefficients;
    size_t nx = s->nx, ny = s->ny;
    uint32_t end;
    int status = RF_OK;
    for (int q = 0; q < 4 && !status; q++) {
        status = NAME(take_quadrant)(in, coef + hc_quadrant_start(nx, ny, q), nx, hc_quadrant_rows(ny, q),
                                     hc_quadrant_cols(nx, q), stream->nplanes[hc_quadrant_planes(q)], s->bytes);
    }
    if (status) return status;
    if (!rf_bits_take(in, 4, &end)) return RF_ETRUNCATED;
    if (end != 0) return RF_EBADDATA;
    rf_bits_skip(in, in->have & 7);
    status = NAME(take_signs)(in, coef, nx * ny);
    if (status) return status;
    coef[0] = (COEF)(UCOEF)stream->sum;
    if (stream->scale > 1) {
        for (size_t i = 0; i < nx * ny; i++) coef[i] = (COEF)((UCOEF)coef[i] * (UCOEF)stream->scale);
    }
    NAME(inverse)(coef, s, stream->scale, smooth, dst);
    return RF_OK;
}

#undef SIGN
#undef NEGATE_IF
#undef HALVED
#undef PLUS
#undef MINUS
#undef TIMES
#undef LESSER
#undef GREATER
