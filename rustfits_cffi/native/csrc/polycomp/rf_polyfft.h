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

/*
 * rf_polyfft_open - prepare the transform of one length.
 * Memory:  tables hang on the record until it is closed.
 * Sizes:   n values, at least 2.
 * Result:  RF_OK or RF_ENOMEM; then nothing hangs on it.
 * Threads: pure; afterwards any number may read it at once.
 */
int rf_polyfft_open(rf_polyfft *fft, size_t n);

/*
 * rf_polyfft_close - free what hangs on an rf_polyfft, which may be all zeros.
 * Memory:  the record itself is the caller's.
 * Sizes:   none.
 * Result:  none.
 * Threads: the record's own.
 */
void rf_polyfft_close(rf_polyfft *fft);

/*
 * rf_polyfft_nscratch - scratch that rf_polyfft_cosines needs.
 * Memory:  none.
 * Sizes:   in doubles.
 * Result:  their number.
 * Threads: pure.
 */
size_t rf_polyfft_nscratch(const rf_polyfft *fft);

/*
 * rf_polyfft_cosines - DCT-I: out[k] = in[0] + (-1)^k in[n-1] + 2 sum of in[j] cos(pi j k / (n-1)) over the inner j.
 * Memory:  out may be in.
 * Sizes:   n doubles each; scratch has rf_polyfft_nscratch.
 * Result:  none.
 * Threads: any number, on separate out and scratch.
 */
void rf_polyfft_cosines(const rf_polyfft *fft, const double *in, double *scratch, double *out);

/*
 * rf_poly_cosine, rf_poly_sine - of pi m / length.
 * Memory:  none.
 * Sizes:   length at least 1.
 * Result:  the number, exact at its zeros and extremes.
 * Threads: pure.
 */
double rf_poly_cosine(size_t m, size_t length);
double rf_poly_sine(size_t m, size_t length);

#endif
