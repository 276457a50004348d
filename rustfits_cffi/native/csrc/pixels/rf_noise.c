/* The noise estimator for the three pixel types. */
#include "pixels/rf_noise.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/rf_bytes.h"
#include "base/rf_cpu.h"

size_t rf_noise_scratch_nbytes(size_t nx, size_t ny, int width)
{
    size_t npix, nbytes;
    if (!rf_multiply(nx, ny, &npix)) return 0;
    if (nx < 9) { /* then all pixels are one row */
        nx = npix;
        ny = 1;
    }
    /* per pixel of a row: its differences, and a copy if valid, also of earlier rows; per row: three medians */
    if (!rf_multiply(nx, (ny > 1 ? 4 : 2) * (size_t)width, &nbytes)) return 0;
    if (ny > (SIZE_MAX - nbytes - 64) / (3 * sizeof(double))) return 0;
    return nbytes + ny * 3 * sizeof(double) + 64;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Mean of the two middle ones. */
static double median_of_rows(double *rows, size_t n, bool has_nan);

/* A magnitude of which 16 times does not overflow: the 5th order difference is at most that large. */
static bool huge_float(float v) { return !(fabsf(v) <= FLT_MAX / 17); }
static bool huge_double(double v) { return !(fabs(v) <= DBL_MAX / 17); }

#define NAME(x) x##_double
#define PIX double
#define DIFF double
#define BITS rf_bits64
#define BITS_MAX INT64_MAX
#define HUGE_PIX huge_double
#define IS_NAN(v) ((v) != (v))
#define WIDE(v) (v)
#define ABS(d) fabs(d)
#define PIX_MAX DBL_MAX
#define PIX_MIN (-DBL_MAX)
#define HAS_RANGE 1
#include "pixels/rf_noise_template.h"

#define NAME(x) x##_float
#define PIX float
#define DIFF float
#define BITS rf_bits32
#define BITS_MAX INT32_MAX
#define HUGE_PIX huge_float
#define IS_NAN(v) ((v) != (v))
#define WIDE(v) (v)
#define ABS(d) fabsf(d)
#define PIX_MAX FLT_MAX
#define PIX_MIN (-FLT_MAX)
#define HAS_RANGE 1
#include "pixels/rf_noise_template.h"

/* here the values are their own bits; guesses and steps go through double, which is exact enough up to 2^36 */
#define NAME(x) x##_int
#define PIX int32_t
#define DIFF int64_t
#define BITS rf_bits64
#define BITS_MAX INT64_MAX
#define HUGE_PIX(v) ((void)(v), 0)
#define IS_NAN(v) 0
#define WIDE(v) ((int64_t)(v))
#define ABS(d) ((d) < 0 ? -(d) : (d))
#define PIX_MAX INT32_MAX
#define PIX_MIN INT32_MIN
#define HAS_RANGE 0
#include "pixels/rf_noise_template.h"

static double median_of_rows(double *rows, size_t n, bool has_nan)
{
    if (n == 0) return 0;
    if (n == 1) return rows[0];
    if (has_nan) { /* this sort decides where NaN ends up */
        qsort(rows, n, sizeof *rows, compare_doubles);
        return (rows[(n - 1) / 2] + rows[n / 2]) / 2;
    }
    double low = select_fast_double(rows, n, (n - 1) / 2, rows[0]);
    double high = n % 2 ? low : select_fast_double(rows, n, n / 2, low);
    return (low + high) / 2;
}
