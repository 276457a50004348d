/*
 * rf_htransform_template.h - the H-transform for one width of coefficient, and coefficients to bytes.
 *
 * Needs: COEF (int32_t or int64_t), UCOEF (its unsigned twin: sums wrap as in cfitsio), NAME(verb).
 *
 * Each pass replaces 2 x 2 blocks by their mean and three differences. It reads the means of the previous pass and
 * writes the differences to their final positions, so that nothing is reordered afterwards.
 */

#define SIGN(v) ((UCOEF)((COEF)(v) >> (sizeof(COEF) * 8 - 1))) /* all ones if negative */
/* Rounds to the nearest multiple of 2 * half, a power of 2; halves away from zero. */
#define NEAREST(v, half) (COEF)(((UCOEF)(v) + (half) + SIGN(v)) & ~(2 * (half) - 1))
/* The same for positive values; negative ones are rounded down. */
#define NEAREST_OR_DOWN(v, half) (COEF)(((UCOEF)(v) + ((half) & ~SIGN(v))) & ~(2 * (half) - 1))

/* Two rows into one row each of means and differences (y: along the row, x: between the rows, c: across). */
static void NAME(forward_rows)(const COEF *restrict top, const COEF *restrict bottom, size_t ncols,
                               unsigned pass, COEF *restrict mean, COEF *restrict y, COEF *restrict x,
                               COEF *restrict c)
{
    const unsigned shift = pass > 0;
    const UCOEF half = (UCOEF)1 << pass;
    const size_t npairs = ncols / 2;
    for (size_t j = 0; j < npairs; j++) {
        UCOEF a00 = (UCOEF)top[2 * j], a01 = (UCOEF)top[2 * j + 1];
        UCOEF a10 = (UCOEF)bottom[2 * j], a11 = (UCOEF)bottom[2 * j + 1];
        COEF h0 = (COEF)(a11 + a10 + a01 + a00) >> shift;
        COEF hx = (COEF)(a11 + a10 - a01 - a00) >> shift;
        COEF hy = (COEF)(a11 - a10 + a01 - a00) >> shift;
        c[j] = (COEF)(a11 - a10 - a01 + a00) >> shift;
        x[j] = NEAREST_OR_DOWN(hx, half);
        y[j] = NEAREST_OR_DOWN(hy, half);
        mean[j] = NEAREST(h0, 2 * half);
    }
    if (ncols & 1) {
        UCOEF a00 = (UCOEF)top[ncols - 1], a10 = (UCOEF)bottom[ncols - 1];
        COEF h0 = (COEF)((a10 + a00) << (1 - shift));
        COEF hx = (COEF)((a10 - a00) << (1 - shift));
        x[npairs] = NEAREST_OR_DOWN(hx, half);
        mean[npairs] = NEAREST(h0, 2 * half);
    }
}

/* The last of an odd number of rows. */
static void NAME(forward_last_row)(const COEF *restrict row, size_t ncols, unsigned pass, COEF *restrict mean,
                                   COEF *restrict y)
{
    const unsigned shift = pass > 0;
    const UCOEF half = (UCOEF)1 << pass;
    const size_t npairs = ncols / 2;
    for (size_t j = 0; j < npairs; j++) {
        COEF h0 = (COEF)(((UCOEF)row[2 * j + 1] + (UCOEF)row[2 * j]) << (1 - shift));
        COEF hy = (COEF)(((UCOEF)row[2 * j + 1] - (UCOEF)row[2 * j]) << (1 - shift));
        y[j] = NEAREST_OR_DOWN(hy, half);
        mean[j] = NEAREST(h0, 2 * half);
    }
    if (ncols & 1) {
        COEF h0 = (COEF)((UCOEF)row[ncols - 1] << (2 - shift));
        mean[npairs] = NEAREST(h0, 2 * half);
    }
}

/* Raises *largest to the largest absolute value. */
static void NAME(raise)(const COEF *values, size_t count, UCOEF *largest)
{
    for (size_t i = 0; i < count; i++) {
        UCOEF v = ((UCOEF)values[i] ^ SIGN(values[i])) - SIGN(values[i]);
        if (v > *largest) *largest = v;
    }
}

/*
 * The transform of ny rows of nx pixels; each array of `means` has capacity for a quarter of them. The largest mean
 * that another pass reads goes to *largest, if that is not NULL.
 */
static void NAME(forward)(const COEF *src, size_t nx, size_t ny, COEF *coef, void *const means[2],
                          UCOEF *largest)
{
    size_t rows = ny, cols = nx;
    for (unsigned pass = 0; rows > 1 || cols > 1; pass++) {
        size_t upper = hc_half(rows), left = hc_half(cols), i;
        COEF *mean = means[pass & 1];
        for (i = 0; i < rows / 2; i++) {
            const COEF *top = src + 2 * i * cols;
            COEF *low = coef + (upper + i) * nx;
            NAME(forward_rows)(top, top + cols, cols, pass, mean + i * left, coef + i * nx + left, low, low + left);
        }
        if (rows & 1) {
            NAME(forward_last_row)(src + (rows - 1) * cols, cols, pass, mean + i * left, coef + i * nx + left);
        }
        src = mean;
        rows = upper;
        cols = left;
        if (largest && (rows > 1 || cols > 1)) NAME(raise)(mean, rows * cols, largest);
    }
    coef[0] = src[0];
}

/* Rounds to multiples of scale. */
static void NAME(digitize)(COEF *coef, size_t npix, int scale)
{
    int64_t add = ((int64_t)scale + 1) / 2 - 1;
    if (sizeof(COEF) == 8) {
        for (size_t i = 0; i < npix; i++) coef[i] = (COEF)((coef[i] > 0 ? coef[i] + add : coef[i] - add) / scale);
        return;
    }
    /* below 2^32 a quotient in double never rounds up to the next integer, and division is a vector operation */
    double distance = (double)add, divisor = (double)scale;
    for (size_t i = 0; i < npix; i++) {
        double v = (double)coef[i];
        coef[i] = (COEF)((v > 0 ? v + distance : v - distance) / divisor);
    }
}

/* Appends a bit for each coefficient that is not zero: 1 if it is negative. */
static void NAME(put_signs)(rf_bits_out *stream, const COEF *coef, size_t npix)
{
    rf_bits_out out = *stream;
    for (size_t i = 0; i < npix; i += 32) {
        size_t stop = npix - i < 32 ? npix : i + 32;
        uint32_t bits = 0;
        unsigned count = 0;
        for (size_t k = i; k < stop; k++) {
            unsigned is_set = coef[k] != 0;
            bits = bits << is_set | (coef[k] < 0);
            count += is_set;
        }
        rf_bits_put(&out, bits, count);
    }
    *stream = out;
}

/* Makes a quadrant's coefficients absolute; returns the bits that any of them has. */
static UCOEF NAME(make_absolute)(COEF *coef, size_t stride, size_t rows, size_t cols)
{
    UCOEF any = 0;
    for (size_t i = 0; i < rows; i++) {
        COEF *row = coef + i * stride;
        for (size_t j = 0; j < cols; j++) {
            UCOEF v = ((UCOEF)row[j] ^ SIGN(row[j])) - SIGN(row[j]);
            row[j] = (COEF)v;
            any |= v;
        }
    }
    return any;
}

/* Byte number `byte` of a quadrant's coefficients, to the four corners of grid 0; 0 outside the quadrant. */
static void NAME(take_byte)(const COEF *coef, size_t stride, size_t rows, size_t cols, unsigned byte,
                            const hc_grid *grid)
{
    const unsigned shift = 8 * byte;
    for (size_t i = 0; i < rows; i++) {
        const COEF *restrict row = coef + i * stride;
        uint8_t *restrict even = grid->corner[i % 2 * 2] + i / 2 * grid->cols;
        uint8_t *restrict odd = grid->corner[i % 2 * 2 + 1] + i / 2 * grid->cols;
        for (size_t j = 0; j < cols / 2; j++) {
            even[j] = (uint8_t)((UCOEF)row[2 * j] >> shift);
            odd[j] = (uint8_t)((UCOEF)row[2 * j + 1] >> shift);
        }
        if (cols & 1) {
            even[cols / 2] = (uint8_t)((UCOEF)row[cols - 1] >> shift);
            odd[cols / 2] = 0;
        }
    }
    if (rows & 1) {
        memset(grid->corner[2] + rows / 2 * grid->cols, 0, grid->cols);
        memset(grid->corner[3] + rows / 2 * grid->cols, 0, grid->cols);
    }
}

/* The bits needed for the largest coefficient of each kind of quadrant; all become absolute, and coef[0] becomes 0. */
static void NAME(count_planes)(COEF *coef, size_t nx, size_t ny, uint8_t nplanes[3])
{
    UCOEF any[3] = {0, 0, 0};
    coef[0] = 0;
    for (int q = 0; q < 4; q++) {
        COEF *quadrant = coef + hc_quadrant_start(nx, ny, q);
        any[hc_quadrant_planes(q)] |=
            NAME(make_absolute)(quadrant, nx, hc_quadrant_rows(ny, q), hc_quadrant_cols(nx, q));
    }
    for (int k = 0; k < 3; k++) nplanes[k] = any[k] ? (uint8_t)(64 - __builtin_clzll((uint64_t)any[k])) : 0;
}

/* The planes of the four quadrants, from absolute coefficients. */
static void NAME(put_quadrants)(rf_bits_out *out, const COEF *coef, const hc_scratch *s,
                                const uint8_t nplanes[3])
{
    for (int q = 0; q < 4; q++) {
        size_t rows = hc_quadrant_rows(s->ny, q), cols = hc_quadrant_cols(s->nx, q);
        unsigned left = nplanes[hc_quadrant_planes(q)];
        hc_grid grids[HC_MAX_GRIDS];
        unsigned ngrids = plan_grids(grids, rows, cols, s->bytes);
        while (left) {
            unsigned byte = (left - 1) / 8;
            if (ngrids) {
                NAME(take_byte)(coef + hc_quadrant_start(s->nx, s->ny, q), s->nx, rows, cols, byte, &grids[0]);
                fill_grids(grids, ngrids, s->bytes);
            }
            for (; left > 8 * byte; left--) put_plane(out, grids, ngrids, s->bytes, left - 1 - 8 * byte);
        }
    }
}

/* The whole stream of a transformed image. */
static void NAME(put_stream)(rf_bits_out *out, COEF *coef, const hc_scratch *s, int scale)
{
    size_t npix = s->nx * s->ny;
    if (scale > 1) NAME(digitize)(coef, npix, scale);
    uint64_t sum = (uint64_t)(int64_t)coef[0];
    coef[0] = 0;
    /* the signs follow the planes, which need absolute values: they are kept in the copy, which is free by now */
    rf_bits_out signs = {.next = s->copy, .end = (uint8_t *)s->copy + npix};
    NAME(put_signs)(&signs, coef, npix);
    rf_bits_finish(&signs);
    uint8_t nplanes[3];
    NAME(count_planes)(coef, s->nx, s->ny, nplanes);
    put_header(out, s->nx, s->ny, scale, sum, nplanes);
    NAME(put_quadrants)(out, coef, s, nplanes);
    rf_bits_put(out, 0, 4);
    if (out->have & 7) rf_bits_put(out, 0, 8 - (out->have & 7));
    for (const uint8_t *p = s->copy; p < signs.next; p++) rf_bits_put(out, *p, 8);
}

#undef SIGN
#undef NEAREST
#undef NEAREST_OR_DOWN
