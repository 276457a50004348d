/* DCT-I of any length: a real even series, packed into a complex transform of half its length, by Bluestein's chirp. */
#include "polycomp/rf_polyfft.h"

#include <math.h>
#include <string.h>

#include "polycomp/rf_polyvec.h"

/* Eight lanes of eight values: the smallest transform that the steps below support. */
enum { MIN_SIZE = 64, LOG2_MIN_SIZE = 6 };

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
    /* within an eighth of a turn of a zero or an extreme, the rounding of the argument is harmless */
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

/*
 * The convolution works in any order that is the same both ways: forward by decimation in frequency, backward by
 * decimation in time. The first three steps (the last three backward) run along the series. They leave eight series of
 * an eighth of the length; interleaved, these are the lanes of one series, and all other steps take whole vectors.
 */

/* One step over the whole series, in blocks of 2 * half values. */
RF_WIDE_CLONES static void split_step(const rf_polyfft *fft, size_t half, double *restrict re, double *restrict im)
{
    const double *const c = fft->twiddle[0] + half, *const s = fft->twiddle[1] + half;

    for (size_t at = 0; at < fft->size; at += 2 * half) {
        double *const r0 = re + at, *const i0 = im + at, *const r1 = r0 + half, *const i1 = i0 + half;
        for (size_t m = 0; m < half; m += RF_LANES) {
            const rf_lanes ar = RF_LANES_IN(r0 + m), ai = RF_LANES_IN(i0 + m);
            const rf_lanes br = RF_LANES_IN(r1 + m), bi = RF_LANES_IN(i1 + m);
            const rf_lanes dr = ar - br, di = ai - bi, cm = RF_LANES_IN(c + m), sm = RF_LANES_IN(s + m);
            RF_LANES_AT(r0 + m) = ar + br;
            RF_LANES_AT(i0 + m) = ai + bi;
            RF_LANES_AT(r1 + m) = dr * cm - di * sm;
            RF_LANES_AT(i1 + m) = dr * sm + di * cm;
        }
    }
}

RF_WIDE_CLONES static void join_step(const rf_polyfft *fft, size_t half, double *restrict re, double *restrict im)
{
    const double *const c = fft->twiddle[0] + half, *const s = fft->twiddle[1] + half;

    for (size_t at = 0; at < fft->size; at += 2 * half) {
        double *const r0 = re + at, *const i0 = im + at, *const r1 = r0 + half, *const i1 = i0 + half;
        for (size_t m = 0; m < half; m += RF_LANES) {
            const rf_lanes br = RF_LANES_IN(r1 + m), bi = RF_LANES_IN(i1 + m);
            const rf_lanes cm = RF_LANES_IN(c + m), sm = RF_LANES_IN(s + m);
            const rf_lanes tr = br * cm + bi * sm, ti = bi * cm - br * sm;
            const rf_lanes ar = RF_LANES_IN(r0 + m), ai = RF_LANES_IN(i0 + m);
            RF_LANES_AT(r1 + m) = ar - tr;
            RF_LANES_AT(i1 + m) = ai - ti;
            RF_LANES_AT(r0 + m) = ar + tr;
            RF_LANES_AT(i0 + m) = ai + ti;
        }
    }
}

/* All steps of the eight interleaved series of `length` values. */
RF_WIDE_CLONES static void split_lanes(const rf_polyfft *fft, size_t length, double *restrict re, double *restrict im)
{
    for (size_t half = length / 2; half > 0; half /= 2) {
        const double *const c = fft->twiddle[0] + half, *const s = fft->twiddle[1] + half;
        for (size_t at = 0; at < length; at += 2 * half) {
            for (size_t m = at; m < at + half; m++) {
                double *const r0 = re + RF_LANES * m, *const i0 = im + RF_LANES * m;
                double *const r1 = r0 + RF_LANES * half, *const i1 = i0 + RF_LANES * half;
                const rf_lanes ar = RF_LANES_IN(r0), ai = RF_LANES_IN(i0), br = RF_LANES_IN(r1), bi = RF_LANES_IN(i1);
                const rf_lanes dr = ar - br, di = ai - bi;
                RF_LANES_AT(r0) = ar + br;
                RF_LANES_AT(i0) = ai + bi;
                RF_LANES_AT(r1) = dr * c[m - at] - di * s[m - at];
                RF_LANES_AT(i1) = dr * s[m - at] + di * c[m - at];
            }
        }
    }
}

RF_WIDE_CLONES static void join_lanes(const rf_polyfft *fft, size_t length, double *restrict re, double *restrict im)
{
    for (size_t half = 1; half < length; half *= 2) {
        const double *const c = fft->twiddle[0] + half, *const s = fft->twiddle[1] + half;
        for (size_t at = 0; at < length; at += 2 * half) {
            for (size_t m = at; m < at + half; m++) {
                double *const r0 = re + RF_LANES * m, *const i0 = im + RF_LANES * m;
                double *const r1 = r0 + RF_LANES * half, *const i1 = i0 + RF_LANES * half;
                const rf_lanes ar = RF_LANES_IN(r0), ai = RF_LANES_IN(i0), br = RF_LANES_IN(r1), bi = RF_LANES_IN(i1);
                const rf_lanes tr = br * c[m - at] + bi * s[m - at], ti = bi * c[m - at] - br * s[m - at];
                RF_LANES_AT(r0) = ar + tr;
                RF_LANES_AT(i0) = ai + ti;
                RF_LANES_AT(r1) = ar - tr;
                RF_LANES_AT(i1) = ai - ti;
            }
        }
    }
}

RF_WIDE_CLONES static void interleave(const double *restrict from, size_t length, double *restrict to)
{
    for (size_t q = 0; q < length; q++)
        for (size_t l = 0; l < RF_LANES; l++) to[RF_LANES * q + l] = from[length * l + q];
}

RF_WIDE_CLONES static void line_up(const double *restrict from, size_t length, double *restrict to)
{
    for (size_t q = 0; q < length; q++)
        for (size_t l = 0; l < RF_LANES; l++) to[length * l + q] = from[RF_LANES * q + l];
}

/* Transforms data (re and im, P values each, overwritten) to out, in the order that `backward` expects. */
static void forward(const rf_polyfft *fft, double *data, double *out)
{
    const size_t size = fft->size, length = size / RF_LANES;

    for (size_t half = size / 2; half >= length; half /= 2) split_step(fft, half, data, data + size);
    interleave(data, length, out);
    interleave(data + size, length, out + size);
    split_lanes(fft, length, out, out + size);
}

/* Inverse of `forward`, except for the factor P, which the kernel contains. */
static void backward(const rf_polyfft *fft, double *data, double *out)
{
    const size_t size = fft->size, length = size / RF_LANES;

    join_lanes(fft, length, data, data + size);
    line_up(data, length, out);
    line_up(data + size, length, out + size);
    for (size_t half = length; half < size; half *= 2) join_step(fft, half, out, out + size);
}

/* (re, im) *= (c, s) */
RF_WIDE_CLONES static void multiply(double *restrict re, double *restrict im, const double *restrict c,
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
}

/* Replaces the kernel by its transform. */
static int transform_kernel(rf_polyfft *fft)
{
    double *const copy = malloc(2 * fft->size * sizeof *copy);

    if (!copy) return RF_ENOMEM;
    memcpy(copy, fft->kernel[0], 2 * fft->size * sizeof *copy);
    forward(fft, copy, fft->kernel[0]);
    free(copy);
    return RF_OK;
}

int rf_polyfft_open(rf_polyfft *fft, size_t n)
{
    size_t nchirp, nturn;
    double *at;

    *fft = (rf_polyfft){.length = n - 1, .size = MIN_SIZE, .log2_size = LOG2_MIN_SIZE};
    while (fft->size < 2 * fft->length - 1) {
        fft->size *= 2;
        fft->log2_size++;
    }
    nchirp = rf_padded(fft->length);
    nturn = rf_padded(fft->length + 1);
    fft->memory = at = calloc(4 * fft->size + 2 * nchirp + 2 * nturn, sizeof *at);
    if (!at) return RF_ENOMEM;
    for (int part = 0; part < 2; part++) {
        fft->kernel[part] = fft->memory + (size_t)part * fft->size; /* the two halves of one array */
        fft->twiddle[part] = fft->memory + (size_t)(2 + part) * fft->size;
    }
    at += 4 * fft->size;
    for (int part = 0; part < 2; part++) {
        fft->chirp[part] = at;
        fft->turn[part] = at += nchirp;
        at += nturn;
    }
    fill_tables(fft);
    const int status = transform_kernel(fft);
    if (status != RF_OK) rf_polyfft_close(fft);
    return status;
}

void rf_polyfft_close(rf_polyfft *fft)
{
    free(fft->memory);
    *fft = (rf_polyfft){0};
}

size_t rf_polyfft_nscratch(const rf_polyfft *fft) { return 4 * fft->size; }

void rf_polyfft_cosines(const rf_polyfft *fft, const double *in, double *scratch, double *out)
{
    const size_t length = fft->length;
    double *const re = scratch, *const im = re + fft->size, *const other = im + fft->size;

    /* value m of the even extension is in[m] up to m = L, in[2L - m] above; each pair of values is a complex number */
    memset(scratch, 0, 2 * fft->size * sizeof *scratch);
    for (size_t m = 0; 2 * m <= length; m++) re[m] = in[2 * m];
    for (size_t m = length / 2 + 1; m < length; m++) re[m] = in[2 * (length - m)];
    for (size_t m = 0; 2 * m + 1 <= length; m++) im[m] = in[2 * m + 1];
    for (size_t m = (length + 1) / 2; m < length; m++) im[m] = in[2 * (length - m) - 1];
    multiply(re, im, fft->chirp[0], fft->chirp[1], length);
    forward(fft, scratch, other);
    multiply(other, other + fft->size, fft->kernel[0], fft->kernel[1], fft->size);
    backward(fft, other, scratch);
    multiply(re, im, fft->chirp[0], fft->chirp[1], length);

    /* from Z[k] to the whole transform: E = (Z[k] + Z*[L-k]) / 2, O = (Z[k] - Z*[L-k]) / 2i, X = E + turn O */
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
