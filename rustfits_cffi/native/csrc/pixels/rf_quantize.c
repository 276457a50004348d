/* Floats of a tile to scaled integers and back. */
#include "pixels/rf_quantize.h"

#include <math.h>
#include <stdbool.h>

#include "base/rf_cpu.h"
#include "pixels/rf_noise.h"
#include "pixels/rf_scaling.h"

/* Rounds half away from zero. Beyond an int the result is the processor's, which on x86 is also cfitsio's. */
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

int rf_quantize(const rf_float_tile *f, float level, rf_scaling *s, int32_t *out, int *quantized, void *scratch)
{
    if (f->width == 4) {
        return quantize_float(f->pix, f->nx, f->ny, f->nullcheck, (float)f->null, level, s, out, quantized, scratch);
    }
    return quantize_double(f->pix, f->nx, f->ny, f->nullcheck, f->null, level, s, out, quantized, scratch);
}

int rf_requantize(const rf_float_tile *f, const rf_scaling *s, int32_t *out, size_t *bad)
{
    size_t npix = f->nx * f->ny;
    if (f->width == 4) return requantize_float(f->pix, npix, s, f->nullcheck, (float)f->null, out, bad);
    return requantize_double(f->pix, npix, s, f->nullcheck, f->null, out, bad);
}

void rf_unscale(const int32_t *values, size_t first, size_t n, const rf_scaling *scaling, rf_dither *dither,
                int has_blank, int32_t blank, int width, void *out)
{
    if (width == 4) {
        unscale_float(values, first, n, scaling, dither, has_blank, blank, out);
    } else {
        unscale_double(values, first, n, scaling, dither, has_blank, blank, out);
    }
}
