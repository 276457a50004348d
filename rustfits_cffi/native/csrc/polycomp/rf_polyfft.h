/*
 * rf_polyfft.h - the cosine transform of long chunks, O(n log n) for every length (Bluestein 1970).
 */
#ifndef RF_POLYFFT_H
#define RF_POLYFFT_H

#include "rf.h"

typedef struct {
    size_t length;          /* L = n - 1, the length of the complex transform */
    size_t size;            /* P, the length of the convolution: a power of two, at least 2 L - 1 and 64 */
    size_t log2_size;
    double *twiddle[2];     /* re, im: exp(-i pi m / h) at h + m, for h = 1, 2, 4 .. P / 2 */
    double *chirp[2];       /* exp(-i pi m^2 / L), m < L */
    double *kernel[2];      /* transform of the conjugate chirp / P, in the order of the forward pass; one array */
    double *turn[2];        /* exp(-i pi m / L), m <= L */
    double *memory;
} rf_polyfft;

/*
 * rf_polyfft_open - prepare the transform of one length.
 * Memory:  the record owns its tables until it is closed.
 * Sizes:   n values, at least 2.
 * Result:  RF_OK, or RF_ENOMEM with nothing allocated.
 * Threads: pure; afterwards any number may read the record at once.
 */
int rf_polyfft_open(rf_polyfft *fft, size_t n);

/*
 * rf_polyfft_close - free what an rf_polyfft owns; the record may be all zeros.
 * Memory:  the caller owns the record itself.
 * Sizes:   none.
 * Result:  none.
 * Threads: one at a time for each record.
 */
void rf_polyfft_close(rf_polyfft *fft);

/*
 * rf_polyfft_nscratch - size of the scratch for rf_polyfft_cosines.
 * Memory:  none.
 * Sizes:   none.
 * Result:  the number of doubles.
 * Threads: pure.
 */
size_t rf_polyfft_nscratch(const rf_polyfft *fft);

/*
 * rf_polyfft_cosines - DCT-I: out[k] = in[0] + (-1)^k in[n-1] + 2 sum of in[j] cos(pi j k / (n-1)) over the inner j.
 * Memory:  out may be in.
 * Sizes:   n doubles each; scratch has rf_polyfft_nscratch doubles.
 * Result:  none.
 * Threads: any number, on separate out and scratch.
 */
void rf_polyfft_cosines(const rf_polyfft *fft, const double *in, double *scratch, double *out);

/*
 * rf_poly_cosine, rf_poly_sine - cosine and sine of pi m / length.
 * Memory:  none.
 * Sizes:   length at least 1.
 * Result:  the value, exact at the zeros and extremes.
 * Threads: pure.
 */
double rf_poly_cosine(size_t m, size_t length);
double rf_poly_sine(size_t m, size_t length);

#endif
