/* Chebyshev coefficients of a chunk and back: by a prepared matrix, a table of cosines, or a fast transform. */
#include "rf_polycheb.h"

#include <string.h>

#include "rf_polyvec.h"

/* Up to here the matrix (n * n / 2 doubles, 256 KiB) stays in the cache and beats the fast transform. */
enum { MAX_MATRIX = 256 };

static int fill_matrix(rf_polycheb *cheb)
{
    const size_t turn = 2 * (cheb->n - 1);

    cheb->matrix = calloc(cheb->n * cheb->stride, sizeof *cheb->matrix);
    if (!cheb->matrix) return RF_ENOMEM;
    for (size_t j = 0; j < cheb->n; j++) {
        double *const row = cheb->matrix + j * cheb->stride;
        for (size_t i = 0, m = 0; i < cheb->half; i++) {
            row[i] = cheb->cosines[m];
            m += j;
            if (m >= turn) m -= turn;
        }
    }
    return RF_OK;
}

int rf_polycheb_open(rf_polycheb *cheb, size_t n)
{
    int status = RF_OK;

    *cheb = (rf_polycheb){.n = n, .half = (n + 1) / 2};
    cheb->stride = rf_padded(cheb->half);
    cheb->nscratch = 4 * cheb->stride + rf_padded(n);
    cheb->cosines = malloc(2 * (n - 1) * sizeof *cheb->cosines);
    if (!cheb->cosines) return RF_ENOMEM;
    for (size_t m = 0; m < 2 * (n - 1); m++) cheb->cosines[m] = rf_poly_cosine(m, n - 1);
    if (n <= MAX_MATRIX) {
        status = fill_matrix(cheb);
    } else {
        status = rf_polyfft_open(&cheb->fft, n);
        cheb->nscratch += rf_polyfft_nscratch(&cheb->fft);
    }
    if (status != RF_OK) rf_polycheb_close(cheb);
    return status;
}

void rf_polycheb_close(rf_polycheb *cheb)
{
    free(cheb->cosines);
    free(cheb->matrix);
    rf_polyfft_close(&cheb->fft);
    *cheb = (rf_polycheb){0};
}

/* Even and odd half of the residuals with the weights of the sum, so that each coefficient is one dot product. */
static void weigh(const rf_polycheb *cheb, const double *front, const double *back, double *even, double *odd)
{
    const double scale = 1 / (double)(cheb->n - 1);

    memset(even, 0, cheb->stride * sizeof *even);
    memset(odd, 0, cheb->stride * sizeof *odd);
    for (size_t i = 0; i < cheb->half; i++) {
        /* the ends count once; the middle of an odd number is in both halves */
        const double weight = i == 0 || 2 * i + 1 == cheb->n ? scale : 2 * scale;
        even[i] = (front[i] + back[i]) * weight;
        odd[i] = (front[i] - back[i]) * weight;
    }
}

RF_CLONES static void project(const rf_polycheb *cheb, const double *even, const double *odd, double *c)
{
    for (size_t j = 0; j < cheb->n; j++) {
        const double *const row = cheb->matrix + j * cheb->stride, *const x = j % 2 ? odd : even;
        rf_lanes total = {0};
        for (size_t i = 0; i < cheb->stride; i += RF_LANES) total += RF_LANES_IN(row + i) * RF_LANES_IN(x + i);
        c[j] = RF_LANES_SUM(total);
    }
}

void rf_polycheb_forward(const rf_polycheb *cheb, const double *front, const double *back, double *scratch, double *c)
{
    const size_t n = cheb->n;

    if (cheb->matrix) {
        weigh(cheb, front, back, scratch, scratch + cheb->stride);
        project(cheb, scratch, scratch + cheb->stride, c);
        return;
    }
    for (size_t i = 0; i < cheb->half; i++) {
        c[i] = front[i];
        c[n - 1 - i] = back[i];
    }
    rf_polyfft_cosines(&cheb->fft, c, scratch, c);
    for (size_t j = 0; j < n; j++) c[j] /= (double)(n - 1);
}

/* Sums of k scaled matrix rows, some vectors at a time so that the sums stay in registers. */
RF_CLONES static void sum_rows(const rf_polycheb *cheb, const uint16_t *j, const double *c, size_t k, double *even,
                               double *odd)
{
    for (size_t i = 0; i < cheb->stride; i += RF_LANES) {
        rf_lanes sums[2] = {{0}, {0}};
        for (size_t m = 0; m < k; m++) sums[j[m] % 2] += c[m] * RF_LANES_IN(cheb->matrix + j[m] * cheb->stride + i);
        RF_LANES_AT(even + i) = sums[0];
        RF_LANES_AT(odd + i) = sums[1];
    }
}

static void sum_cosines(const rf_polycheb *cheb, const uint16_t *j, const double *c, size_t k, double *even,
                        double *odd)
{
    const size_t turn = 2 * (cheb->n - 1);

    memset(even, 0, cheb->stride * sizeof *even);
    memset(odd, 0, cheb->stride * sizeof *odd);
    for (size_t m = 0; m < k; m++) {
        double *const sums = j[m] % 2 ? odd : even;
        for (size_t i = 0, at = 0; i < cheb->half; i++) {
            sums[i] += c[m] * cheb->cosines[at];
            at += j[m];
            if (at >= turn) at -= turn;
        }
    }
}

static void transform(const rf_polycheb *cheb, const uint16_t *j, const double *c, size_t k, double *scratch,
                      double *front, double *back)
{
    double *const full = scratch;

    memset(full, 0, cheb->n * sizeof *full);
    for (size_t m = 0; m < k; m++) full[j[m]] = c[m];
    rf_polyfft_cosines(&cheb->fft, full, scratch + rf_padded(cheb->n), full);
    for (size_t i = 0; i < cheb->half; i++) {
        front[i] = full[i] / 2;
        back[i] = full[cheb->n - 1 - i] / 2;
    }
}

void rf_polycheb_inverse(const rf_polycheb *cheb, const uint16_t *j, const double *c, size_t k, double *scratch,
                         double *front, double *back)
{
    double *const even = scratch, *const odd = even + cheb->stride, *const halved = odd + cheb->stride;

    if (!cheb->matrix && k * cheb->half > cheb->fft.size * cheb->fft.log2_size) {
        transform(cheb, j, c, k, scratch, front, back);
        return;
    }
    for (size_t m = 0; m < k; m++) /* the two ends of the spectrum count half */
        halved[m] = j[m] == 0 || j[m] == cheb->n - 1 ? c[m] / 2 : c[m];
    if (cheb->matrix) sum_rows(cheb, j, halved, k, even, odd);
    else sum_cosines(cheb, j, halved, k, even, odd);
    for (size_t i = 0; i < cheb->half; i++) {
        front[i] = even[i] + odd[i];
        back[i] = even[i] - odd[i];
    }
}
