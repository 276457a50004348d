/*
 * rf_polyfft.h - the cosine transform of long chunks: O(n log n) for every length (Bluestein 1970).
 */
#ifndef RF_POLYFFT_H
#define RF_POLYFFT_H

#include "rf.h"

typedef struct {
    size_t length;          /* L = n - 1, of the complex transform */
    size_t size;            /* P, the power of two of the convolution, at least 2 L - 1 and 64 */
    size_t log2_size;
    double *twiddle[2];     /* re, im: exp(-i pi m / h) at h + m, for h = 1, 2, 4 .. P / 2 */
    double *chirp[2];       /* exp(-i pi m^2 / L), m < L */
    double *kernel[2];      /* transform of the conjugate chirp over P, in the order of the forward pass; one array */
    double *turn[2];        /* exp(-i pi m / L), m <= L */
    double *memory;
} rf_polyfft;

/* Prepares the transform of n values, n at least 2; rf_polyfft_close frees (a zeroed one too). */
int rf_polyfft_open(rf_polyfft *fft, size_t n);
void rf_polyfft_close(rf_polyfft *fft);

/* Doubles of scratch that rf_polyfft_cosines needs. */
size_t rf_polyfft_nscratch(const rf_polyfft *fft);

/* out[k] = in[0] + (-1)^k in[n-1] + 2 sum of in[j] cos(pi j k / (n-1)) over the inner j: DCT-I. out may be in. */
void rf_polyfft_cosines(const rf_polyfft *fft, const double *in, double *scratch, double *out);

/* cos and sin of pi m / length, exact at its zeros and extremes. */
double rf_poly_cosine(size_t m, size_t length);
double rf_poly_sine(size_t m, size_t length);

#endif
