/*
 * Quantizing and dequantizing for one pixel type; rf_quantize.c includes this once per type, with PIX and NAME(x) set.
 * The arithmetic is cfitsio's, operation by operation; nothing may be reordered or merged.
 */

/* A run of n pixels. r: its random numbers, NULL without dither. */
RF_CLONES static void NAME(scale_run)(const PIX *restrict v, size_t n, const float *restrict r, double scale,
                                      double zero, int32_t *restrict out)
{
    if (r) {
        for (size_t i = 0; i < n; i++) out[i] = nearest(((double)v[i] - zero) / scale + (double)r[i] - 0.5);
    } else {
        for (size_t i = 0; i < n; i++) out[i] = nearest(((double)v[i] - zero) / scale);
    }
}

/* Puts one integer where the pixels have one value. */
RF_CLONES static void NAME(mark)(const PIX *restrict v, size_t n, PIX value, int32_t mark, int32_t *restrict out)
{
    for (size_t i = 0; i < n; i++) out[i] = v[i] == value ? mark : out[i];
}

static void NAME(scale_all)(const PIX *v, size_t n, const rf_scaling *s, int nullcheck, PIX null, int32_t *out)
{
    rf_dither dither;
    if (s->method) rf_dither_start(&dither, s->randoms, s->irow);
    for (size_t i = 0, run = n; i < n; i += run) {
        const float *r = s->method ? rf_dither_seek(&dither, i, &run) : NULL;
        if (run > n - i) run = n - i;
        NAME(scale_run)(v + i, run, r, s->scale, s->zero, out + i);
        if (s->method == 2) NAME(mark)(v + i, run, 0, RF_ZERO_INT, out + i);
        if (nullcheck) NAME(mark)(v + i, run, null, RF_NULL_INT, out + i);
    }
}

/* Largest minus smallest, in the pixels' own type as in cfitsio. */
static double NAME(spread)(const rf_noise *noise)
{
    PIX spread = (PIX)noise->max - (PIX)noise->min;
    return (double)spread;
}

static double NAME(centre)(const rf_noise *noise)
{
    PIX sum = (PIX)noise->max + (PIX)noise->min;
    return (double)sum / 2.;
}

static int NAME(quantize)(const PIX *v, size_t nx, size_t ny, int nullcheck, PIX null, float level, rf_scaling *s,
                          int32_t *out, int *quantized, void *scratch)
{
    rf_noise noise;
    size_t n = nx * ny;
    *quantized = 0;
    if (n <= 1) return RF_OK;
    if (level >= 0) {
        NAME(rf_noise)(v, nx, ny, nullcheck, null, &noise, scratch);
        double sigma = rf_noise_sigma(&noise);
        if (nullcheck && noise.ngood == 0) {
            noise.min = 0;
            noise.max = sigma = 1;
        }
        s->scale = sigma / (level == 0 ? 4. : (double)level);
        if (s->scale == 0) return RF_OK;
    } else {
        NAME(rf_range)(v, nx, ny, nullcheck, null, &noise);
        s->scale = (double)-level;
    }
    double levels = NAME(spread)(&noise) / s->scale;
    if (levels > 2. * 2147483647. - 10) return RF_OK;
    if (noise.ngood != n || s->method == 2) {
        s->zero = noise.min - s->scale * (RF_NULL_INT + 10);
    } else if (levels < 2147483647. - 10) {
        double steps = noise.min / s->scale + 0.5;
        if (!(fabs(steps) < 9223372036854775807.)) return RF_ERANGE;
        s->zero = (double)(int64_t)steps * s->scale;
    } else {
        s->zero = NAME(centre)(&noise);
    }
    NAME(scale_all)(v, n, s, noise.ngood != n, null, out);
    *quantized = 1;
    return RF_OK;
}

/* Index of the first of n pixels whose integer is out of range; n if there is none. */
RF_CLONES static size_t NAME(count_outside)(const PIX *restrict v, size_t n, const float *restrict r, double scale,
                                            double zero)
{
    size_t outside = 0;
    for (size_t i = 0; i < n; i++) {
        double t = ((double)v[i] - zero) / scale + (r ? (double)r[i] : 0.5) - 0.5;
        outside += !(t > RF_LOWEST_INT - 0.5 && t < 2147483647.5);
    }
    return outside;
}

static int NAME(requantize)(const PIX *v, size_t n, const rf_scaling *s, int nullcheck, PIX null, int32_t *out,
                            size_t *bad)
{
    rf_dither dither;
    if (s->method) rf_dither_start(&dither, s->randoms, s->irow);
    for (size_t i = 0, run = n; i < n; i += run) {
        const float *r = s->method ? rf_dither_seek(&dither, i, &run) : NULL;
        if (run > n - i) run = n - i;
        if (NAME(count_outside)(v + i, run, r, s->scale, s->zero) == 0) continue;
        for (size_t j = i; j < i + run; j++) {
            if ((nullcheck && v[j] == null) || (s->method == 2 && v[j] == 0)) continue;
            if (NAME(count_outside)(v + j, 1, r ? r + (j - i) : NULL, s->scale, s->zero) == 0) continue;
            *bad = j;
            return RF_ERANGE;
        }
    }
    NAME(scale_all)(v, n, s, nullcheck, null, out);
    return RF_OK;
}

RF_CLONES static void NAME(unscale_run)(const int32_t *restrict v, size_t n, const float *restrict r, double scale,
                                        double zero, PIX *restrict out)
{
    if (r) {
        for (size_t i = 0; i < n; i++) out[i] = (PIX)(((double)v[i] - (double)r[i] + 0.5) * scale + zero);
    } else {
        for (size_t i = 0; i < n; i++) out[i] = (PIX)((double)v[i] * scale + zero);
    }
}

/* Puts one value where the integers have one value. */
RF_CLONES static void NAME(unmark)(const int32_t *restrict v, size_t n, int32_t mark, PIX value, PIX *restrict out)
{
    for (size_t i = 0; i < n; i++) out[i] = v[i] == mark ? value : out[i];
}

static void NAME(unscale)(const int32_t *v, size_t first, size_t n, const rf_scaling *s, rf_dither *dither,
                          bool has_blank, int32_t blank, PIX *out)
{
    enum { BLOCK = 2048 }; /* pixels: both arrays are in the first-level cache when the special integers are sought */
    for (size_t i = 0, run = n; i < n; i += run) {
        const float *r = s->method ? rf_dither_seek(dither, first + i, &run) : NULL;
        if (run > n - i) run = n - i;
        if (run > BLOCK) run = BLOCK;
        NAME(unscale_run)(v + i, run, r, s->scale, s->zero, out + i);
        if (s->method == 2) NAME(unmark)(v + i, run, RF_ZERO_INT, 0, out + i);
        if (has_blank) NAME(unmark)(v + i, run, blank, (PIX)NAN, out + i);
    }
}

#undef NAME
#undef PIX
