/* The parts of a chunk by themselves, for tests: fit and transform. */
#include "polycomp/rf_polychunk.h"
#include "polycomp/rf_polyvec.h"

int rf_polycomp_fit(const double *samples, size_t n, uint32_t npoly, double *coefficients)
{
    rf_polyfit fit;
    double *y, *scratch;
    int status;

    if (npoly < 1 || npoly > RF_POLY_MAX_NPOLY || n <= npoly || n > RF_POLY_MAX_SPC) return RF_EARGUMENT;
    status = rf_polyfit_open(&fit, n, npoly);
    if (status != RF_OK) return status;
    y = calloc(n + rf_polyfit_nscratch(&fit), sizeof *y);
    if (y) {
        scratch = y + n;
        memset(coefficients, 0, npoly * sizeof *coefficients);
        rf_polyfit_add(&fit, samples, samples[0], scratch, coefficients);
        coefficients[0] += samples[0];
        rf_poly_evaluate(coefficients, npoly, n, y);
        for (size_t i = 0; i < n; i++) y[i] = samples[i] - y[i];
        rf_polyfit_add(&fit, y, 0, scratch, coefficients);
    }
    free(y);
    rf_polyfit_close(&fit);
    return y ? RF_OK : RF_ENOMEM;
}

int rf_polycomp_transform(const double *in, size_t n, int inverse, double *out)
{
    rf_polycheb cheb;
    double *memory;
    uint16_t *numbers;
    int status;

    if (n < 2 || n > RF_POLY_MAX_SPC) return RF_EARGUMENT;
    status = rf_polycheb_open(&cheb, n);
    if (status != RF_OK) return status;
    memory = calloc(2 * cheb.stride + n + cheb.nscratch, sizeof *memory);
    if (!memory) {
        rf_polycheb_close(&cheb);
        return RF_ENOMEM;
    }
    double *const front = memory, *const back = front + cheb.stride;
    numbers = (uint16_t *)(void *)(back + cheb.stride);
    for (size_t i = 0; i < n; i++) numbers[i] = (uint16_t)i;
    if (inverse) {
        rf_polycheb_inverse(&cheb, numbers, in, n, back + cheb.stride + n, front, back);
        for (size_t i = 0; i < cheb.half; i++) {
            out[i] = front[i];
            out[n - 1 - i] = back[i];
        }
    } else {
        for (size_t i = 0; i < cheb.half; i++) {
            front[i] = in[i];
            back[i] = in[n - 1 - i];
        }
        rf_polycheb_forward(&cheb, front, back, back + cheb.stride + n, out);
    }
    free(memory);
    rf_polycheb_close(&cheb);
    return RF_OK;
}
