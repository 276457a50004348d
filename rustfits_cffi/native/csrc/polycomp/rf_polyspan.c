/*
 * The singular vectors of the powers on a grid: a factorization with pivoting, which ends when only rounding is left,
 * then one-sided Jacobi rotations of its small factor.
 * Source: Golub and Van Loan, Matrix Computations, sections 5.4 (column pivoting) and 8.6 (Jacobi).
 */
#include "polycomp/rf_polyspan.h"

#include <float.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/rf_bytes.h"
#include "polycomp/rf_polyvec.h"
#include "polycomp/rf_wide.h"

enum { MOST_SWEEPS = 60 }; /* six or seven are usual */

static const double LARGEST_POWER = 1e300;  /* higher ones are not used: coefficients would not be numbers */
static const double NOTHING_LEFT = DBL_EPSILON; /* length of the longest remainder at which to stop */
static const double ORTHOGONAL = 1e-15;     /* cosine */

/* Intermediate matrices; rows are padded with zeros to whole vectors. */
typedef struct {
    size_t n, stride;           /* values in a row on the grid, and padded */
    size_t npowers, row;        /* values in a row over the powers, and padded */
    size_t nfound;              /* vectors found */
    double *grid;               /* npowers rows on the grid: the powers, replaced one by one by the vectors */
    double *factor;             /* nfound rows: the component of each power along the vector, then the rotations */
    double *scale;              /* one per power: the number it was divided by */
    double *length;             /* one per power: of its remainder; -1 once replaced by a vector */
    size_t *grid_row;             /* one per vector: its row in the grid */
} work;

/* ---- rows ---- */

/* Summed in blocks: the rounding of one long sum would look like further directions. */
RF_WIDE_CLONES static double dot(const double *a, const double *b, size_t n)
{
    enum { BLOCK = 512 };
    double sum = 0;

    for (size_t begin = 0; begin < n; begin += BLOCK) {
        const size_t end = n - begin < BLOCK ? n : begin + BLOCK;
        rf_lanes total = {0};
        for (size_t i = begin; i < end; i += RF_LANES) total += RF_LANES_IN(a + i) * RF_LANES_IN(b + i);
        sum += RF_LANES_SUM(total);
    }
    return sum;
}

/* a += c b */
RF_WIDE_CLONES static void add(double *a, double c, const double *b, size_t n)
{
    for (size_t i = 0; i < n; i += RF_LANES) RF_LANES_AT(a + i) += c * RF_LANES_IN(b + i);
}

/* a, b = c a - s b, s a + c b */
RF_WIDE_CLONES static void rotate(double *a, double *b, double c, double s, size_t n)
{
    for (size_t i = 0; i < n; i += RF_LANES) {
        const rf_lanes x = RF_LANES_IN(a + i), y = RF_LANES_IN(b + i);
        RF_LANES_AT(a + i) = c * x - s * y;
        RF_LANES_AT(b + i) = s * x + c * y;
    }
}

static void normalize(double *a, size_t n)
{
    const double length = sqrt(dot(a, a, n));
    for (size_t i = 0; i < n; i++) a[i] /= length;
}

/* ---- steps ---- */

static size_t count_powers(size_t n, size_t npoly)
{
    size_t count = 1;
    for (double power = (double)n; count < npoly && count < n && power < LARGEST_POWER; power *= (double)n) count++;
    return count;
}

/* Allocates the matrices of a job whose sizes are set, filled with zeros. */
static int make_matrices(work *w)
{
    size_t grid, factor;

    w->stride = rf_padded(w->n);
    w->row = rf_padded(w->npowers);
    if (!rf_multiply(w->npowers, w->stride, &grid) || !rf_multiply(w->npowers, 2 * w->row, &factor)) return RF_ENOMEM;
    w->grid = calloc(grid, sizeof *w->grid);
    w->factor = calloc(factor, sizeof *w->factor);
    w->scale = calloc(w->npowers, sizeof *w->scale);
    w->length = calloc(w->npowers, sizeof *w->length);
    w->grid_row = calloc(w->npowers, sizeof *w->grid_row);
    return w->grid && w->factor && w->scale && w->length && w->grid_row ? RF_OK : RF_ENOMEM;
}

static void free_matrices(work *w)
{
    free(w->grid);
    free(w->factor);
    free(w->scale);
    free(w->length);
    free(w->grid_row);
}

/* The powers of x / n, then scaled to length 1. */
static void fill_powers(work *w)
{
    rf_wide largest = {1, 0};

    for (size_t i = 0; i < w->n; i++) {
        const rf_wide x = rf_wide_ratio((double)(i + 1), (double)w->n);
        rf_wide power = {1, 0};
        for (size_t j = 0; j < w->npowers; j++, power = rf_wide_product(power, x))
            w->grid[j * w->stride + i] = power.high;
    }
    for (size_t j = 0; j < w->npowers; j++, largest = rf_wide_product(largest, (rf_wide){(double)w->n, 0})) {
        double *const power = w->grid + j * w->stride;
        const double length = sqrt(dot(power, power, w->stride));
        for (size_t i = 0; i < w->n; i++) power[i] /= length;
        w->scale[j] = length * largest.high;
    }
}

/* The power with the longest remainder, whose length goes to *length. */
static size_t longest(const work *w, double *length)
{
    size_t most = 0;

    for (size_t j = 1; j < w->npowers; j++)
        if (w->length[j] > w->length[most]) most = j;
    *length = w->length[most];
    return most;
}

/* Makes the remainder of power j the next vector. */
static void take(work *w, size_t j)
{
    double *const vector = w->grid + j * w->stride, *const factor = w->factor + w->nfound * 2 * w->row;
    const double length = w->length[j];

    normalize(vector, w->stride);
    for (int pass = 0; pass < 2; pass++) { /* twice, because rounding leaves a trace of the other vectors */
        for (size_t k = 0; k < w->nfound; k++) {
            const double *const other = w->grid + w->grid_row[k] * w->stride;
            add(vector, -dot(other, vector, w->stride), other, w->stride);
        }
        normalize(vector, w->stride);
    }
    factor[j] = length;
    factor[w->row + w->nfound] = 1;
    w->length[j] = -1;
    w->grid_row[w->nfound++] = j;
    for (size_t m = 0; m < w->npowers; m++) {
        double *const power = w->grid + m * w->stride;
        if (w->length[m] < 0) continue;
        factor[m] = dot(vector, power, w->stride);
        add(power, -factor[m], vector, w->stride);
        w->length[m] = sqrt(dot(power, power, w->stride));
    }
}

/* Rotates the rows of the factor until each is orthogonal to all others. */
static void diagonalize(work *w)
{
    bool is_done = false;

    for (int sweep = 0; sweep < MOST_SWEEPS && !is_done; sweep++) {
        is_done = true;
        for (size_t k = 0; k < w->nfound; k++) {
            for (size_t l = k + 1; l < w->nfound; l++) {
                double *const a = w->factor + k * 2 * w->row, *const b = w->factor + l * 2 * w->row;
                const double aa = dot(a, a, w->row), bb = dot(b, b, w->row), ab = dot(a, b, w->row);
                if (fabs(ab) <= ORTHOGONAL * sqrt(aa * bb)) continue;
                const double z = (bb - aa) / (2 * ab), t = (z < 0 ? -1 : 1) / (fabs(z) + sqrt(1 + z * z));
                const double c = 1 / sqrt(1 + t * t);
                rotate(a, b, c, c * t, 2 * w->row);
                is_done = false;
            }
        }
    }
}

/* Keeps the singular vectors whose values are large enough. */
static int keep(const work *w, rf_polyspan *span)
{
    double largest = 0;

    for (size_t k = 0; k < w->nfound; k++) {
        const double *const row = w->factor + k * 2 * w->row;
        largest = fmax(largest, sqrt(dot(row, row, w->row)));
    }
    *span = (rf_polyspan){.n = w->n, .stride = w->stride, .npowers = w->npowers};
    span->vectors = calloc(w->nfound * w->stride, sizeof *span->vectors);
    span->powers = calloc(w->nfound * w->npowers, sizeof *span->powers);
    if (!span->vectors || !span->powers) {
        rf_polyspan_close(span);
        return RF_ENOMEM;
    }
    for (size_t k = 0; k < w->nfound; k++) {
        const double *const row = w->factor + k * 2 * w->row, squared = dot(row, row, w->row);
        double *const vector = span->vectors + span->nvectors * w->stride;
        if (sqrt(squared) <= DBL_EPSILON * largest) continue;
        for (size_t l = 0; l < w->nfound; l++)
            add(vector, row[w->row + l], w->grid + w->grid_row[l] * w->stride, w->stride);
        for (size_t j = 0; j < w->npowers; j++)
            span->powers[span->nvectors * w->npowers + j] = row[j] / squared / w->scale[j];
        span->nvectors++;
    }
    return RF_OK;
}

int rf_polyspan_open(rf_polyspan *span, size_t n, size_t npoly)
{
    work w = {.n = n, .npowers = count_powers(n, npoly)};
    int status = make_matrices(&w);
    double length;

    *span = (rf_polyspan){0};
    if (status == RF_OK) {
        fill_powers(&w);
        for (size_t j = 0; j < w.npowers; j++) w.length[j] = 1;
        for (size_t j = longest(&w, &length); length > NOTHING_LEFT; j = longest(&w, &length)) take(&w, j);
        diagonalize(&w);
        status = keep(&w, span);
    }
    free_matrices(&w);
    return status;
}

void rf_polyspan_close(rf_polyspan *span)
{
    free(span->vectors);
    free(span->powers);
    *span = (rf_polyspan){0};
}
