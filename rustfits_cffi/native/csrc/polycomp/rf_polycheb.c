/* Chebyshev transform of a chunk and its inverse: by a prepared matrix, a table of cosines, or a fast transform. */
#include "polycomp/rf_polycheb.h"

#include <string.h>

#include "polycomp/rf_polyvec.h"

/* Up to this length the matrix (n * n / 2 doubles, 256 KiB) stays in the cache and beats the fast transform. */
enum { MAX_MATRIX = 256 };

/* The fast transform is faster if the direct sum takes more steps than this times P log2 P (measured). */
enum { DIRECT = 2 };

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
    cheb->nscratch = 2 * rf_padded(n) + 2 * cheb->stride;
    cheb->cosines = malloc(4 * (n - 1) * sizeof *cheb->cosines);
    if (!cheb->cosines) return RF_ENOMEM;
    cheb->sines = cheb->cosines + 2 * (n - 1);
    for (size_t m = 0; m < 2 * (n - 1); m++) {
        cheb->cosines[m] = rf_poly_cosine(m, n - 1);
        cheb->sines[m] = rf_poly_sine(m, n - 1);
    }
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

/* Even and odd part of the residuals with the weights of the sum, so that each coefficient is one dot product. */
static void weigh(const rf_polycheb *cheb, const double *front, const double *back, double *even, double *odd)
{
    const double scale = 1 / (double)(cheb->n - 1);

    memset(even, 0, cheb->stride * sizeof *even);
    memset(odd, 0, cheb->stride * sizeof *odd);
    for (size_t i = 0; i < cheb->half; i++) {
        /* the ends count once; the middle sample of an odd number is in both halves */
        const double weight = i == 0 || 2 * i + 1 == cheb->n ? scale : 2 * scale;
        even[i] = (front[i] + back[i]) * weight;
        odd[i] = (front[i] - back[i]) * weight;
    }
}

RF_WIDE_CLONES static void project(const rf_polycheb *cheb, const double *even, const double *odd, double *c)
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

/* Adds rows j[first..stop-1] times c at vectors i and second (which may be equal); the sums stay in registers. */
#define SUM_ROWS(first, stop, i, second, sum, tail)                                                                   \
    do {                                                                                                              \
        for (size_t m_ = (first); m_ < (stop); m_++) {                                                                \
            const double *const row_ = cheb->matrix + j[m_] * cheb->stride;                                           \
            (sum) += c[m_] * RF_LANES_IN(row_ + (i));                                                                 \
            (tail) += c[m_] * RF_LANES_IN(row_ + (second));                                                           \
        }                                                                                                             \
    } while (0)

/* Sums of k scaled matrix rows, of which the first nevens have even numbers and the others odd ones. */
RF_WIDE_CLONES static void sum_rows(const rf_polycheb *cheb, const uint16_t *j, const double *c, size_t nevens,
                                    size_t k, double *front, double *back)
{
    for (size_t i = 0; i < cheb->stride; i += 2 * RF_LANES) {
        const size_t second = i + RF_LANES < cheb->stride ? i + RF_LANES : i;
        rf_lanes even = {0}, even_tail = {0}, odd = {0}, odd_tail = {0};
        SUM_ROWS(0, nevens, i, second, even, even_tail);
        SUM_ROWS(nevens, k, i, second, odd, odd_tail);
        RF_LANES_AT(front + i) = even + odd;
        RF_LANES_AT(back + i) = even - odd;
        RF_LANES_AT(front + second) = even_tail + odd_tail;
        RF_LANES_AT(back + second) = even_tail - odd_tail;
    }
}

/*
 * The same without a matrix, by cos(a + b) = cos a cos b - sin a sin b: a is looked up once for eight samples, b once
 * for each of eight lanes. Looking up every cosine took four times as long.
 */
RF_WIDE_CLONES static void sum_cosines(const rf_polycheb *cheb, const uint16_t *j, const double *c, size_t nevens,
                                       size_t k, double *front, double *back)
{
    const size_t turn = 2 * (cheb->n - 1);

    memset(front, 0, cheb->stride * sizeof *front);
    memset(back, 0, cheb->stride * sizeof *back);
    for (size_t m = 0; m < k; m++) {
        double *const sums = m < nevens ? front : back;
        const size_t step = RF_LANES * (size_t)j[m] % turn;
        double near_cos[RF_LANES], near_sin[RF_LANES];
        for (size_t l = 0; l < RF_LANES; l++) {
            near_cos[l] = c[m] * cheb->cosines[l * j[m] % turn];
            near_sin[l] = c[m] * cheb->sines[l * j[m] % turn];
        }
        const rf_lanes a = RF_LANES_IN(near_cos), b = RF_LANES_IN(near_sin);
        for (size_t i = 0, at = 0; i < cheb->stride; i += RF_LANES) {
            RF_LANES_AT(sums + i) += a * cheb->cosines[at] - b * cheb->sines[at];
            at += step;
            if (at >= turn) at -= turn;
        }
    }
    for (size_t i = 0; i < cheb->stride; i += RF_LANES) {
        const rf_lanes even = RF_LANES_IN(front + i), odd = RF_LANES_IN(back + i);
        RF_LANES_AT(front + i) = even + odd;
        RF_LANES_AT(back + i) = even - odd;
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

/* Copies j and c, even numbers first, otherwise in the same order; the ends of the spectrum count half. */
static size_t part_by_parity(const rf_polycheb *cheb, const uint16_t *j, const double *c, size_t k, uint16_t *parted,
                             double *halved)
{
    size_t nevens = 0, even = 0, odd;

    for (size_t m = 0; m < k; m++) nevens += j[m] % 2 == 0;
    odd = nevens;
    for (size_t m = 0; m < k; m++) {
        const size_t to = j[m] % 2 ? odd++ : even++;
        parted[to] = j[m];
        halved[to] = j[m] == 0 || j[m] == cheb->n - 1 ? c[m] / 2 : c[m];
    }
    return nevens;
}

void rf_polycheb_inverse(const rf_polycheb *cheb, const uint16_t *j, const double *c, size_t k, double *scratch,
                         double *front, double *back)
{
    uint16_t *const parted = (uint16_t *)(void *)(scratch + cheb->n);
    size_t nevens;

    if (!cheb->matrix && k * cheb->half > DIRECT * cheb->fft.size * cheb->fft.log2_size) {
        transform(cheb, j, c, k, scratch, front, back);
        return;
    }
    nevens = part_by_parity(cheb, j, c, k, parted, scratch);
    if (cheb->matrix) sum_rows(cheb, parted, scratch, nevens, k, front, back);
    else sum_cosines(cheb, parted, scratch, nevens, k, front, back);
}
