/* Least squares polynomials on an even grid, and their evaluation by Horner's rule. */
#include "polycomp/rf_polyfit.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "polycomp/rf_polyspan.h"
#include "polycomp/rf_polyvec.h"
#include "polycomp/rf_wide.h"

/* ---- orthogonal polynomials ---- */

/*
 * Gram's polynomials on n points around 0: q[k+1] = t q[k] - b(k) q[k-1], and |q[k]|^2 = n b(1) .. b(k).
 * Source: the discrete Chebyshev polynomials, e.g. Abramowitz and Stegun 22.17.
 */
static rf_wide recurrence(size_t n, size_t k)
{
    const double nn = (double)n, kk = (double)k;
    return rf_wide_ratio(kk * kk * (nn * nn - kk * kk), 4 * (4 * kk * kk - 1));
}

static void fill_basis(rf_polyfit *fit, const rf_wide *b, const double *norm)
{
    for (size_t i = 0; i < (fit->n + 1) / 2; i++) {
        const double t = ((double)(2 * i) - (double)(fit->n - 1)) / 2;
        /* folding counts the middle sample of an odd number twice */
        const double weight = 2 * i + 1 == fit->n ? 0.5 : 1;
        rf_wide before = {0, 0}, now = {1, 0};
        for (size_t k = 0; k < fit->nvectors; k++) {
            fit->basis[k * fit->stride + i] = weight * now.high / norm[k];
            const rf_wide risen = rf_wide_product((rf_wide){t, 0}, now);
            const rf_wide next = rf_wide_sum(risen, rf_wide_negative(rf_wide_product(b[k], before)));
            before = now;
            now = next;
        }
    }
}

static void fill_powers(rf_polyfit *fit, const rf_wide *b, const double *norm)
{
    const rf_wide shift = {-((double)(fit->n + 1) / 2), 0}; /* t = x + shift */
    rf_wide before[RF_POLYFIT_EXACT + 1] = {{0, 0}}, now[RF_POLYFIT_EXACT + 1] = {{1, 0}}, next[RF_POLYFIT_EXACT + 1];

    for (size_t k = 0; k < fit->nvectors; k++) {
        for (size_t m = 0; m <= k; m++) fit->powers[k * fit->powers_stride + m] = now[m].high / norm[k];
        for (size_t m = 0; m <= k + 1; m++) {
            next[m] = rf_wide_negative(rf_wide_product(b[k], before[m]));
            if (m <= k) next[m] = rf_wide_sum(next[m], rf_wide_product(shift, now[m]));
            if (m > 0) next[m] = rf_wide_sum(next[m], now[m - 1]);
        }
        memcpy(before, now, sizeof now);
        memcpy(now, next, (k + 2) * sizeof *now);
    }
}

/* Allocates the tables of a fit whose sizes are set, filled with zeros. */
static int make_tables(rf_polyfit *fit)
{
    fit->powers_stride = rf_padded(fit->npowers);
    fit->basis = calloc(fit->nvectors * fit->nhalves * fit->stride, sizeof *fit->basis);
    fit->powers = calloc(fit->nvectors * fit->powers_stride, sizeof *fit->powers);
    return fit->basis && fit->powers ? RF_OK : RF_ENOMEM;
}

static int open_exact(rf_polyfit *fit, size_t npoly)
{
    rf_wide b[RF_POLYFIT_EXACT];
    double norm[RF_POLYFIT_EXACT], squared = (double)fit->n;

    fit->nvectors = fit->npowers = npoly;
    fit->nhalves = 1;
    const int status = make_tables(fit);
    if (status != RF_OK) return status;
    b[0] = (rf_wide){0, 0};
    for (size_t k = 0; k < npoly; k++) {
        if (k > 0) {
            b[k] = recurrence(fit->n, k);
            squared *= b[k].high;
        }
        norm[k] = sqrt(squared);
    }
    fill_basis(fit, b, norm);
    fill_powers(fit, b, norm);
    return RF_OK;
}

/* ---- vectors that doubles can represent ---- */

static void split_vectors(rf_polyfit *fit, const rf_polyspan *span)
{
    for (size_t k = 0; k < span->nvectors; k++) {
        const double *const vector = span->vectors + k * span->stride;
        double *const even = fit->basis + k * 2 * fit->stride, *const odd = even + fit->stride;
        for (size_t i = 0; i < (fit->n + 1) / 2; i++) {
            /* halved, because folding adds and subtracts; it also counts the middle sample of an odd number twice */
            even[i] = (vector[i] + vector[fit->n - 1 - i]) / (2 * i + 1 == fit->n ? 4 : 2);
            odd[i] = (vector[i] - vector[fit->n - 1 - i]) / 2;
        }
    }
}

static int open_representable(rf_polyfit *fit, size_t npoly)
{
    rf_polyspan span;
    int status = rf_polyspan_open(&span, fit->n, npoly);

    if (status != RF_OK) return status;
    fit->nvectors = span.nvectors;
    fit->npowers = span.npowers;
    fit->nhalves = 2;
    status = make_tables(fit);
    if (status == RF_OK) {
        split_vectors(fit, &span);
        for (size_t k = 0; k < span.nvectors; k++)
            memcpy(fit->powers + k * fit->powers_stride, span.powers + k * span.npowers,
                   span.npowers * sizeof *span.powers);
    }
    rf_polyspan_close(&span);
    return status;
}

/* ---- fits ---- */

int rf_polyfit_open(rf_polyfit *fit, size_t n, size_t npoly)
{
    *fit = (rf_polyfit){.n = n, .stride = rf_padded((n + 1) / 2)};
    const int status = npoly <= RF_POLYFIT_EXACT ? open_exact(fit, npoly) : open_representable(fit, npoly);
    if (status != RF_OK) rf_polyfit_close(fit);
    return status;
}

void rf_polyfit_close(rf_polyfit *fit)
{
    free(fit->basis);
    free(fit->powers);
    *fit = (rf_polyfit){0};
}

size_t rf_polyfit_nscratch(const rf_polyfit *fit) { return 2 * fit->stride; }

/* even[i] = x[i] + x[n - 1 - i] - 2 base, odd[i] = x[i] - x[n - 1 - i]; padded with zeros to whole vectors. */
RF_WIDE_CLONES static void fold(const double *restrict x, size_t n, double base, double *restrict even,
                                double *restrict odd)
{
    const size_t half = (n + 1) / 2;

    for (size_t i = 0; i < half; i++) {
        const double f = x[i], b = x[n - 1 - i];
        even[i] = (f - base) + (b - base);
        odd[i] = f - b;
    }
    for (size_t i = half; i < rf_padded(half); i++) even[i] = odd[i] = 0;
}

/* Adds to a, in powers of x, the projection of the folded samples onto the vectors. */
RF_WIDE_CLONES static void project(const rf_polyfit *fit, const double *folded, double *a)
{
    /* copies, because the compiler must assume that the stores to `sum` change *fit */
    const size_t nvectors = fit->nvectors, stride = fit->stride, nsums = fit->nhalves * stride;
    const size_t npowers = fit->npowers, powers_stride = fit->powers_stride;
    const bool has_parity = fit->nhalves == 1;
    const double *row = fit->basis, *power = fit->powers;
    double sum[RF_POLYFIT_MOST + RF_LANES];

    for (size_t m = 0; m < npowers; m += RF_LANES) RF_LANES_AT(sum + m) = (rf_lanes){0};
    for (size_t k = 0; k < nvectors; k++, row += nsums, power += powers_stride) {
        const double *const x = has_parity && k % 2 ? folded + stride : folded;
        const size_t used = has_parity ? k + 1 : npowers;
        rf_lanes total = {0};
        for (size_t i = 0; i < nsums; i += RF_LANES) total += RF_LANES_IN(row + i) * RF_LANES_IN(x + i);
        const double c = RF_LANES_SUM(total);
        for (size_t m = 0; m < used; m += RF_LANES) RF_LANES_AT(sum + m) += c * RF_LANES_IN(power + m);
    }
    for (size_t m = 0; m < npowers; m++) a[m] += sum[m];
}

void rf_polyfit_add(const rf_polyfit *fit, const double *x, double base, double *scratch, double *a)
{
    fold(x, fit->n, base, scratch, scratch + fit->stride);
    project(fit, scratch, a);
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
