/* Least squares polynomials on an even grid, and Horner. */
#include "rf_polyfit.h"

#include <math.h>
#include <string.h>

#include "rf_polyvec.h"

/*
 * Powers of x on 1..n: the coefficients of the orthogonal polynomials grow about 5.8-fold a degree, so that above
 * degree 20 the rounding of the stored coefficients alone spoils the result. Higher ones are stored as 0.
 */
enum { MAX_FIT = 21 };

/* ---- numbers of twice the precision, only for making the matrices ---- */

typedef struct { double high, low; } wide;

static wide normal(double high, double low)
{
    const double sum = high + low;
    return (wide){sum, low - (sum - high)};
}

static wide wide_sum(wide a, wide b)
{
    const double sum = a.high + b.high, part = sum - a.high;
    const double rest = (a.high - (sum - part)) + (b.high - part);
    return normal(sum, rest + (a.low + b.low));
}

static wide wide_product(wide a, wide b)
{
    const double product = a.high * b.high;
    return normal(product, fma(a.high, b.high, -product) + (a.high * b.low + a.low * b.high));
}

static wide wide_negative(wide a) { return (wide){-a.high, -a.low}; }

/* a / b for doubles. */
static wide wide_ratio(double a, double b)
{
    const double quotient = a / b;
    return normal(quotient, fma(-quotient, b, a) / b);
}

/*
 * Gram's polynomials on n points around 0: q[k+1] = t q[k] - b(k) q[k-1], and |q[k]|^2 = n b(1) .. b(k).
 * Source: the discrete Chebyshev polynomials, e.g. Abramowitz and Stegun 22.17.
 */
static wide recurrence(size_t n, size_t k)
{
    const double nn = (double)n, kk = (double)k;
    return wide_ratio(kk * kk * (nn * nn - kk * kk), 4 * (4 * kk * kk - 1));
}

static void fill_basis(rf_polyfit *fit, const wide *b, const double *norm)
{
    for (size_t i = 0; i < fit->half; i++) {
        const double t = ((double)(2 * i) - (double)(fit->n - 1)) / 2;
        /* folding counts the middle sample of an odd number twice */
        const double weight = 2 * i + 1 == fit->n ? 0.5 : 1;
        wide before = {0, 0}, now = {1, 0};
        for (size_t k = 0; k < fit->nfit; k++) {
            fit->basis[k * fit->stride + i] = weight * now.high / norm[k];
            const wide next = wide_sum(wide_product((wide){t, 0}, now), wide_negative(wide_product(b[k], before)));
            before = now;
            now = next;
        }
    }
}

static void fill_powers(rf_polyfit *fit, const wide *b, const double *norm)
{
    const wide shift = {-((double)(fit->n + 1) / 2), 0}; /* t = x + shift */
    wide before[MAX_FIT + 1] = {{0, 0}}, now[MAX_FIT + 1] = {{1, 0}}, next[MAX_FIT + 1];

    for (size_t k = 0; k < fit->nfit; k++) {
        for (size_t m = 0; m <= k; m++) fit->powers[k * fit->powers_stride + m] = now[m].high / norm[k];
        for (size_t m = 0; m <= k + 1; m++) {
            next[m] = wide_negative(wide_product(b[k], before[m]));
            if (m <= k) next[m] = wide_sum(next[m], wide_product(shift, now[m]));
            if (m > 0) next[m] = wide_sum(next[m], now[m - 1]);
        }
        memcpy(before, now, sizeof now);
        memcpy(now, next, (k + 2) * sizeof *now);
    }
}

int rf_polyfit_open(rf_polyfit *fit, size_t n, size_t npoly)
{
    wide b[MAX_FIT];
    double norm[MAX_FIT], squared = (double)n;

    *fit = (rf_polyfit){.n = n, .half = (n + 1) / 2, .npoly = npoly, .nfit = npoly < MAX_FIT ? npoly : MAX_FIT};
    fit->stride = rf_padded(fit->half);
    fit->powers_stride = rf_padded(fit->nfit);
    fit->basis = calloc(fit->nfit * fit->stride, sizeof *fit->basis);
    fit->powers = calloc(fit->nfit * fit->powers_stride, sizeof *fit->powers);
    if (!fit->basis || !fit->powers) {
        rf_polyfit_close(fit);
        return RF_ENOMEM;
    }
    b[0] = (wide){0, 0};
    for (size_t k = 0; k < fit->nfit; k++) {
        if (k > 0) {
            b[k] = recurrence(n, k);
            squared *= b[k].high;
        }
        norm[k] = sqrt(squared);
    }
    fill_basis(fit, b, norm);
    fill_powers(fit, b, norm);
    return RF_OK;
}

void rf_polyfit_close(rf_polyfit *fit)
{
    free(fit->basis);
    free(fit->powers);
    *fit = (rf_polyfit){0};
}

RF_WIDE_CLONES void rf_polyfit_add(const rf_polyfit *fit, const double *even, const double *odd, double *a)
{
    double sum[(MAX_FIT + RF_LANES - 1) / RF_LANES * RF_LANES] = {0};

    for (size_t k = 0; k < fit->nfit; k++) {
        const double *const row = fit->basis + k * fit->stride, *const x = k % 2 ? odd : even;
        rf_lanes total = {0};
        for (size_t i = 0; i < fit->stride; i += RF_LANES) total += RF_LANES_IN(row + i) * RF_LANES_IN(x + i);
        const double c = RF_LANES_SUM(total);
        const double *const power = fit->powers + k * fit->powers_stride;
        for (size_t m = 0; m <= k; m += RF_LANES) RF_LANES_AT(sum + m) += c * RF_LANES_IN(power + m);
    }
    for (size_t m = 0; m < fit->nfit; m++) a[m] += sum[m];
}

/* ---- evaluation ---- */

static const double COUNT[2 * RF_LANES] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

RF_WIDE_CLONES void rf_poly_evaluate(const double *a, size_t npoly, size_t n, double *y)
{
    double last[2 * RF_LANES];

    if (npoly == 0) {
        memset(y, 0, n * sizeof *y);
        return;
    }
    for (size_t i = 0; i < n; i += 2 * RF_LANES) {
        const double base = (double)i;
        const rf_lanes x = base + RF_LANES_IN(COUNT), z = base + RF_LANES_IN(COUNT + RF_LANES);
        rf_lanes s = x * 0 + a[npoly - 1], t = s;
        for (size_t k = npoly - 1; k-- > 0;) {
            s = s * x + a[k];
            t = t * z + a[k];
        }
        double *const out = n - i >= 2 * RF_LANES ? y + i : last;
        RF_LANES_AT(out) = s;
        RF_LANES_AT(out + RF_LANES) = t;
        if (out == last) memcpy(y + i, last, (n - i) * sizeof *y);
    }
}
