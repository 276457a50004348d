/* Floats of a tile to scaled integers and back. */
#include "pixels/rf_quantize.h"

#include <math.h>
#include <stdbool.h>

#include "base/rf_cpu.h"
#include "pixels/rf_noise.h"
#include "pixels/rf_scaling.h"

/* Rounded half away from zero. Beyond an int the processor's answer is taken, which on x86 is cfitsio's too. */
static inline int32_t nearest(double t)
{
    return (int32_t)(t + (t >= 0. ? 0.5 : -0.5));
}

#define PIX float
#define NAME(x) x##_float
#include "pixels/rf_quantize_template.h"

#define PIX double
#define NAME(x) x##_double
#include "pixels/rf_quantize_template.h"

size_t rf_quantize_scratch_nbytes(size_t nx, size_t ny, int width)
{
    return rf_noise_scratch_nbytes(nx, ny, width);
}

int rf_quantize(const void *pix, int width, size_t nx, size_t ny, int nullcheck, double null, float level, int method,
                int64_t irow, const float *randoms, int32_t *out, double *scale, double *zero, int *quantized,
                void *scratch)
{
    rf_scaling s = {.method = method, .irow = irow, .randoms = randoms};
    int status = width == 4
        ? quantize_float(pix, nx, ny, nullcheck, (float)null, level, &s, out, quantized, scratch)
        : quantize_double(pix, nx, ny, nullcheck, null, level, &s, out, quantized, scratch);
    if (status == RF_OK && *quantized) {
        *scale = s.scale;
        *zero = s.zero;
    }
    return status;
}

int rf_requantize(const void *pix, int width, size_t npix, int nullcheck, double null, int method, int64_t irow,
                  const float *randoms, double scale, double zero, int32_t *out, size_t *bad)
{
    rf_scaling s = {.scale = scale, .zero = zero, .method = method, .irow = irow, .randoms = randoms};
    if (width == 4) return requantize_float(pix, npix, &s, nullcheck, (float)null, out, bad);
    return requantize_double(pix, npix, &s, nullcheck, null, out, bad);
}

void rf_unscale(const int32_t *values, size_t first, size_t n, const rf_scaling *scaling, rf_dither *dither,
                bool has_blank, int32_t blank, int width, void *out)
{
    if (width == 4) {
        unscale_float(values, first, n, scaling, dither, has_blank, blank, out);
    } else {
        unscale_double(values, first, n, scaling, dither, has_blank, blank, out);
    }
}

int rf_dequantize(const int32_t *values, size_t first, size_t n, double scale, double zero, int method, int64_t irow,
                  const float *randoms, int has_blank, int32_t blank, int width, void *out)
{
    rf_scaling s = {.scale = scale, .zero = zero, .method = method, .irow = irow, .randoms = randoms};
    rf_dither dither;
    if (method) rf_dither_start(&dither, randoms, irow);
    rf_unscale(values, first, n, &s, &dither, has_blank, blank, width, out);
    return RF_OK;
}
