/* DCT-I of any length: a real even series, packed in a complex transform of half its length, by Bluestein's chirp. */
#include "rf_polyfft.h"

#include <math.h>
#include <string.h>

#include "rf_polyvec.h"

static const double PI = 3.14159265358979323846;

double rf_poly_cosine(size_t m, size_t length)
{
    double sign = 1;

    m %= 2 * length;
    if (m > length) m = 2 * length - m;
    if (2 * m > length) {
        m = length - m;
        sign = -1;
    }
    /* within an eighth of a turn of where the function is flat or zero, the argument's rounding does no harm */
    if (4 * m > length) return sign * sin(PI * (double)(length - 2 * m) / (double)(2 * length));
    return sign * cos(PI * (double)m / (double)length);
}

double rf_poly_sine(size_t m, size_t length)
{
    m %= 2 * length;
    if (m > length) return -rf_poly_sine(2 * length - m, length);
    /* cos(pi (2 m - length) / (2 length)), and the cosine is even */
    return rf_poly_cosine(2 * m > length ? 2 * m - length : length - 2 * m, 2 * length);
}

/* Decimation in frequency; leaves the values in bit-reversed order, which the way back takes as it is. */
RF_CLONES static void forward(const rf_polyfft *fft, double *restrict re, double *restrict im)
{
    for (size_t half = fft->size / 2; half > 0; half /= 2) {
        const double *const c = fft->twiddle[0] + half, *const s = fft->twiddle[1] + half;
        for (size_t at = 0; at < fft->size; at += 2 * half) {
            double *const r0 = re + at, *const i0 = im + at, *const r1 = r0 + half, *const i1 = i0 + half;
#pragma GCC ivdep
            for (size_t m = 0; m < half; m++) {
                const double dr = r0[m] - r1[m], di = i0[m] - i1[m];
                r0[m] += r1[m];
                i0[m] += i1[m];
                r1[m] = dr * c[m] - di * s[m];
                i1[m] = dr * s[m] + di * c[m];
            }
        }
    }
}

/* Decimation in time with the conjugate factors: undoes `forward`, up to the factor P that the kernel carries. */
RF_CLONES static void backward(const rf_polyfft *fft, double *restrict re, double *restrict im)
{
    for (size_t half = 1; half < fft->size; half *= 2) {
        const double *const c = fft->twiddle[0] + half, *const s = fft->twiddle[1] + half;
        for (size_t at = 0; at < fft->size; at += 2 * half) {
            double *const r0 = re + at, *const i0 = im + at, *const r1 = r0 + half, *const i1 = i0 + half;
#pragma GCC ivdep
            for (size_t m = 0; m < half; m++) {
                const double tr = r1[m] * c[m] + i1[m] * s[m], ti = i1[m] * c[m] - r1[m] * s[m];
                r1[m] = r0[m] - tr;
                i1[m] = i0[m] - ti;
                r0[m] += tr;
                i0[m] += ti;
            }
        }
    }
}

/* (re, im) *= (c, s) */
RF_CLONES static void multiply(double *restrict re, double *restrict im, const double *restrict c,
                               const double *restrict s, size_t n)
{
    for (size_t m = 0; m < n; m++) {
        const double r = re[m] * c[m] - im[m] * s[m];
        im[m] = re[m] * s[m] + im[m] * c[m];
        re[m] = r;
    }
}

static void fill_tables(rf_polyfft *fft)
{
    const size_t length = fft->length, size = fft->size;

    for (size_t half = 1; half < size; half *= 2) {
        for (size_t m = 0; m < half; m++) {
            fft->twiddle[0][half + m] = rf_poly_cosine(m, half);
            fft->twiddle[1][half + m] = -rf_poly_sine(m, half);
        }
    }
    for (size_t m = 0; m <= length; m++) {
        fft->turn[0][m] = rf_poly_cosine(m, length);
        fft->turn[1][m] = -rf_poly_sine(m, length);
    }
    for (size_t m = 0; m < length; m++) {
        const size_t square = m * m % (2 * length); /* m is below 2^16 */
        fft->chirp[0][m] = rf_poly_cosine(square, length);
        fft->chirp[1][m] = -rf_poly_sine(square, length);
    }
    for (size_t m = 0; m < length; m++) {
        const size_t mirror = m ? size - m : 0;
        fft->kernel[0][m] = fft->kernel[0][mirror] = fft->chirp[0][m] / (double)size;
        fft->kernel[1][m] = fft->kernel[1][mirror] = -fft->chirp[1][m] / (double)size;
    }
    forward(fft, fft->kernel[0], fft->kernel[1]);
}

int rf_polyfft_open(rf_polyfft *fft, size_t n)
{
    size_t nchirp, nturn;
    double *at;

    *fft = (rf_polyfft){.length = n - 1, .size = 1};
    while (fft->size < 2 * fft->length - 1) {
        fft->size *= 2;
        fft->log2_size++;
    }
    nchirp = rf_padded(fft->length);
    nturn = rf_padded(fft->length + 1);
    fft->memory = at = calloc(4 * fft->size + 2 * nchirp + 2 * nturn, sizeof *at);
    if (!at) return RF_ENOMEM;
    for (int part = 0; part < 2; part++) {
        fft->twiddle[part] = at;
        fft->kernel[part] = at += fft->size;
        fft->chirp[part] = at += fft->size;
        fft->turn[part] = at += nchirp;
        at += nturn;
    }
    fill_tables(fft);
    return RF_OK;
}

void rf_polyfft_close(rf_polyfft *fft)
{
    free(fft->memory);
    *fft = (rf_polyfft){0};
}

size_t rf_polyfft_nscratch(const rf_polyfft *fft) { return 2 * fft->size; }

void rf_polyfft_cosines(const rf_polyfft *fft, const double *in, double *scratch, double *out)
{
    const size_t length = fft->length;
    double *const re = scratch, *const im = scratch + fft->size;

    /* value m of the even extension is in[m] up to m = L, in[2L - m] above; pairs of values are one complex number */
    memset(scratch, 0, 2 * fft->size * sizeof *scratch);
    for (size_t m = 0; 2 * m <= length; m++) re[m] = in[2 * m];
    for (size_t m = length / 2 + 1; m < length; m++) re[m] = in[2 * (length - m)];
    for (size_t m = 0; 2 * m + 1 <= length; m++) im[m] = in[2 * m + 1];
    for (size_t m = (length + 1) / 2; m < length; m++) im[m] = in[2 * (length - m) - 1];
    multiply(re, im, fft->chirp[0], fft->chirp[1], length);
    forward(fft, re, im);
    multiply(re, im, fft->kernel[0], fft->kernel[1], fft->size);
    backward(fft, re, im);
    multiply(re, im, fft->chirp[0], fft->chirp[1], length);

    /* Z[k] to the transform of the whole: E = (Z[k] + Z*[L-k]) / 2, O = (Z[k] - Z*[L-k]) / 2i, X = E + turn O */
    const double first = re[0] + im[0], last = re[0] - im[0];
    for (size_t k = 1; k < length; k++) {
        const size_t mirror = length - k;
        const double even = (re[k] + re[mirror]) / 2;
        const double odd_re = (im[k] + im[mirror]) / 2, odd_im = (re[mirror] - re[k]) / 2;
        out[k] = even + (odd_re * fft->turn[0][k] - odd_im * fft->turn[1][k]);
    }
    out[0] = first;
    out[length] = last;
}
