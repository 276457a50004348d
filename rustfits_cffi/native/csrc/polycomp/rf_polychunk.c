/* Codes one chunk: a polynomial, then the fewest Chebyshev coefficients that keep the bound, otherwise raw. */
#include "polycomp/rf_polychunk.h"

#include "polycomp/rf_polyangle.h"
#include "polycomp/rf_polyrank.h"
#include "polycomp/rf_polyvec.h"

int rf_polyplan_open(rf_polyplan *plan, const rf_polysettings *settings, size_t n)
{
    int status = RF_OK;

    *plan = (rf_polyplan){.settings = settings, .n = n};
    if (n <= settings->npoly) return RF_OK;
    status = rf_polyfit_open(&plan->fit, n, settings->npoly);
    if (status == RF_OK && settings->npoly > RF_POLYFIT_EXACT)
        status = rf_polyfit_open(&plan->few, n, RF_POLYFIT_EXACT);
    if (status == RF_OK && settings->chebyshev && settings->max_error > 0) status = rf_polycheb_open(&plan->cheb, n);
    if (status != RF_OK) rf_polyplan_close(plan);
    return status;
}

void rf_polyplan_close(rf_polyplan *plan)
{
    rf_polyfit_close(&plan->fit);
    rf_polyfit_close(&plan->few);
    rf_polycheb_close(&plan->cheb);
    *plan = (rf_polyplan){0};
}

/* The state of coding one chunk; all arrays are parts of the caller's scratch. */
typedef struct {
    const rf_polyplan *plan;
    const double *x;       /* the samples */
    double *u;             /* the samples unwrapped; x itself if there is no period */
    double a[RF_POLY_MAX_NPOLY];
    double *y, *r;         /* polynomial and residuals, in whole vectors */
    double *spare;         /* a second y */
    double *fitting;       /* scratch for the fit */
    double *front, *back;  /* residuals by halves, less the coefficients taken so far */
    double *part_f, *part_b;
    double *c;             /* all Chebyshev coefficients */
    double *kept;          /* coefficients taken, packed for the inverse */
    double *scratch;       /* scratch for the transform */
    uint16_t *order;       /* indexes of the coefficients by falling magnitude; the first k are taken */
    uint16_t *sorted;      /* indexes of those taken, ascending */
    uint64_t *keys;        /* scratch for sorting */
    double largest;        /* largest residual of the polynomial alone */
    double error;          /* of the decoded samples */
} coder;

/* The arrays in the scratch, each as long as a chunk, followed by the scratch for the fit and the transform. */
enum { U, Y, R, SPARE, FRONT, BACK, PART_F, PART_B, C, KEPT, ORDER, SORTED, KEYS, MORE_KEYS, NARRAYS };

size_t rf_polyplan_nscratch(const rf_polyplan *plan)
{
    return NARRAYS * rf_padded(plan->n) + rf_polyfit_nscratch(&plan->fit) + plan->cheb.nscratch;
}

static void lay_out(coder *s, const rf_polyplan *plan, double *memory)
{
    const size_t full = rf_padded(plan->n);

    s->u = memory + U * full;
    s->y = memory + Y * full;
    s->r = memory + R * full;
    s->spare = memory + SPARE * full;
    s->front = memory + FRONT * full;
    s->back = memory + BACK * full;
    s->part_f = memory + PART_F * full;
    s->part_b = memory + PART_B * full;
    s->c = memory + C * full;
    s->kept = memory + KEPT * full;
    s->order = (uint16_t *)(void *)(memory + ORDER * full);
    s->sorted = (uint16_t *)(void *)(memory + SORTED * full);
    s->keys = (uint64_t *)(void *)(memory + KEYS * full);
    s->fitting = memory + NARRAYS * full;
    s->scratch = s->fitting + rf_polyfit_nscratch(&plan->fit);
}

void rf_polycomp_straighten(const double *in, size_t n, double period, double *out)
{
    double before = n ? in[0] : 0, shift = 0;

    for (size_t i = 0; i < n; i++) {
        const double x = in[i], step = x - before;
        if (step > period / 2) shift -= period;
        else if (step < -period / 2) shift += period;
        before = x;
        out[i] = x + shift;
    }
}

/* ---- polynomial ---- */

/* r = x - y, padded with zeros to whole vectors; returns the largest magnitude, or infinity if any is not finite. */
RF_WIDE_CLONES static double subtract(const double *restrict x, const double *restrict y, size_t n, double *restrict r)
{
    rf_lanes high = {0}, odd = {0};
    double most = 0, bad = 0;
    size_t i = 0;

    for (; i + RF_LANES <= n; i += RF_LANES) {
        const rf_lanes d = RF_LANES_IN(x + i) - RF_LANES_IN(y + i);
        RF_LANES_AT(r + i) = d;
        const rf_lanes size = RF_LANES_ABS(d);
        RF_LANES_RAISE(high, size);
        odd += d - d;
    }
    for (; i < n; i++) {
        const double d = x[i] - y[i];
        r[i] = d;
        if (fabs(d) > most) most = fabs(d);
        bad += d - d;
    }
    for (; i < rf_padded(n); i++) r[i] = 0;
    for (int l = 0; l < RF_LANES; l++) {
        if (high[l] > most) most = high[l];
        bad += odd[l];
    }
    return bad == 0 ? most : INFINITY;
}

/* Fits, then fits the residuals, which removes the rounding of the first fit; false if the result is not finite. */
static bool fit_polynomial(coder *s, const rf_polyfit *fit)
{
    const rf_polyplan *const plan = s->plan;
    const size_t n = plan->n, npoly = plan->settings->npoly;
    double refined[RF_POLY_MAX_NPOLY], largest;

    memset(s->a, 0, npoly * sizeof *s->a);
    rf_polyfit_add(fit, s->u, s->u[0], s->fitting, s->a); /* fitting differences loses fewer digits */
    s->a[0] += s->u[0];
    rf_poly_evaluate(s->a, npoly, n, s->y);
    s->largest = subtract(s->u, s->y, n, s->r);
    if (s->largest <= plan->settings->max_error || s->largest == INFINITY) return s->largest != INFINITY;

    memcpy(refined, s->a, npoly * sizeof *refined);
    rf_polyfit_add(fit, s->r, 0, s->fitting, refined);
    rf_poly_evaluate(refined, npoly, n, s->spare);
    largest = subtract(s->u, s->spare, n, s->r);
    if (largest < s->largest) {
        double *const better = s->spare;
        memcpy(s->a, refined, npoly * sizeof *refined);
        s->spare = s->y;
        s->y = better;
        s->largest = largest;
    } else {
        subtract(s->u, s->y, n, s->r);
    }
    return true;
}

/*
 * Whether the bound holds if a decoder computes y: for readers that return y as it is, and for our decoder, which moves
 * angles into their branch and rounds to the type of the samples. Sets s->error to the largest error of our decoder.
 */
static bool holds(coder *s, const double *y)
{
    const rf_polysettings *const set = s->plan->settings;
    const double plain = subtract(s->u, y, s->plan->n, s->spare);

    s->error = plain;
    if (!(plain <= set->max_error)) return false;
    if (!set->narrow && !(set->period > 0)) return true;
    s->error = 0;
    for (size_t i = 0; i < s->plan->n; i++) {
        double out = y[i], error;
        if (set->period > 0) out = rf_poly_wrapped(out, set->period, set->period_offset);
        if (set->narrow) out = (double)(float)out;
        if (set->period > 0) {
            /* unwrapping has rounded, so y is compared with the original samples */
            if (!(rf_poly_apart(s->x[i], y[i], set->period) <= set->max_error)) return false;
            error = rf_poly_apart(s->x[i], out, set->period);
        } else {
            error = fabs(s->x[i] - out);
        }
        if (!(error <= s->error)) s->error = isnan(error) ? INFINITY : error;
    }
    return s->error <= set->max_error;
}

/* ---- choice of Chebyshev coefficients ---- */

/* Subtracts coefficients order[first..stop-1] from the residuals. */
RF_WIDE_CLONES static void take_out(coder *s, size_t first, size_t stop)
{
    if (first == stop) return;
    for (size_t m = first; m < stop; m++) s->kept[m - first] = s->c[s->order[m]];
    rf_polycheb_inverse(&s->plan->cheb, s->order + first, s->kept, stop - first, s->scratch, s->part_f, s->part_b);
    for (size_t i = 0; i < s->plan->cheb.half; i++) {
        s->front[i] -= s->part_f[i];
        s->back[i] -= s->part_b[i];
    }
}

RF_WIDE_CLONES static double largest_left(const coder *s)
{
    rf_lanes high = {0};
    double most = 0;

    /* both halves are padded with zeros to whole vectors */
    for (size_t i = 0; i < s->plan->cheb.stride; i += RF_LANES) {
        const rf_lanes f = RF_LANES_ABS(RF_LANES_IN(s->front + i)), b = RF_LANES_ABS(RF_LANES_IN(s->back + i));
        RF_LANES_RAISE(high, f);
        RF_LANES_RAISE(high, b);
    }
    for (int l = 0; l < RF_LANES; l++) most = high[l] > most ? high[l] : most;
    return most;
}

/* Puts the k coefficients taken into ascending order, in `sorted` and `kept`, by means of the chunk's mask. */
static void sort_taken(coder *s, size_t k, uint8_t *mask)
{
    const size_t nmask = (s->plan->n + 7) / 8;
    size_t m = 0;

    memset(mask, 0, nmask);
    for (size_t i = 0; i < k; i++) mask[s->order[i] / 8] |= (uint8_t)(1u << s->order[i] % 8);
    for (size_t byte = 0; byte < nmask; byte++) {
        for (unsigned bits = mask[byte]; bits; bits &= bits - 1) {
            s->sorted[m] = (uint16_t)(8 * byte + (unsigned)__builtin_ctz(bits));
            s->kept[m] = s->c[s->sorted[m]];
            m++;
        }
    }
}

/* Whether the first k coefficients keep the bound in the decoder's own arithmetic. */
static bool holds_as_decoded(coder *s, size_t k, uint8_t *mask)
{
    const size_t n = s->plan->n;

    sort_taken(s, k, mask);
    rf_polycheb_inverse(&s->plan->cheb, s->sorted, s->kept, k, s->scratch, s->part_f, s->part_b);
    memcpy(s->r, s->y, n * sizeof *s->r);
    for (size_t i = 0; i < (n + 1) / 2; i++) s->r[i] += s->part_f[i];
    for (size_t i = 0; i < n / 2; i++) s->r[n - 1 - i] += s->part_b[i];
    return holds(s, s->r);
}

/* The largest number of coefficients for which the chunk is smaller than raw and has fewer numbers than samples. */
static size_t most_coefficients(size_t n, size_t npoly)
{
    const size_t raw = RF_POLY_RAW_NBYTES + 8 * n;
    const size_t head = RF_POLY_HEAD_NBYTES + 8 * npoly + 2 + (n + 7) / 8;
    const size_t fit = raw > head + 1 ? (raw - head - 1) / 8 : 0, rule = n - npoly - 1;

    return fit < rule ? fit : rule;
}

/*
 * Number of coefficients, by falling magnitude, that bring the largest residual down to max_error; 0 if raw is better.
 *
 * The result is the same as taking them one by one and computing the maximum each time, but most maxima can be skipped:
 * the square of the maximum is at least the mean square of what is left, which follows from the coefficients alone, and
 * the maximum falls by at most the sum of the magnitudes taken.
 */
static size_t choose(coder *s, uint8_t *mask)
{
    const size_t n = s->plan->n, most = most_coefficients(n, s->plan->settings->npoly);
    const double bound = s->plan->settings->max_error, unit = 1 / s->largest;
    double total = 0, left;
    size_t k = 0, done;

    if (most == 0) return 0;
    rf_poly_rank(s->c, n, s->keys, s->order);
    for (size_t j = 0; j < n; j++) total += (s->c[j] * unit) * (s->c[j] * unit) / (j == 0 || j == n - 1 ? 4 : 2);
    /* `left` is the result of subtractions: allow for their rounding */
    for (left = total; left - 1e-12 * total >= (bound * unit) * (bound * unit); k++) {
        const uint16_t j = s->order[k];
        if (k == most) return 0;
        left -= (s->c[j] * unit) * (s->c[j] * unit) / (j == 0 || j == n - 1 ? 4 : 2);
    }
    take_out(s, 0, k);
    for (;;) {
        const double now = largest_left(s), excess = (now - bound) * (1 - 1e-9);
        double reach = 0;
        if (k > 0 && now <= bound && holds_as_decoded(s, k, mask)) return k;
        done = k;
        do {
            const uint16_t j = s->order[k];
            if (k++ == most) return 0;
            reach += fabs(s->c[j]) / (j == 0 || j == n - 1 ? 2 : 1);
        } while (reach < excess);
        take_out(s, done, k);
    }
}

/* ---- bytes ---- */

static size_t put_raw(const double *x, size_t n, uint8_t *dst)
{
    dst[0] = 0;
    rf_poly_store16(dst + 1, n);
    rf_poly_copy_doubles(dst + RF_POLY_RAW_NBYTES, x, n);
    return RF_POLY_RAW_NBYTES + 8 * n;
}

static size_t put_head(const coder *s, size_t k, uint8_t *dst)
{
    const size_t npoly = s->plan->settings->npoly;

    dst[0] = 1;
    rf_poly_store16(dst + 1, s->plan->n);
    dst[3] = (uint8_t)npoly;
    rf_poly_copy_doubles(dst + RF_POLY_HEAD_NBYTES, s->a, npoly);
    rf_poly_store16(dst + RF_POLY_HEAD_NBYTES + 8 * npoly, k);
    return RF_POLY_HEAD_NBYTES + 8 * npoly + 2;
}

static rf_polyresult encode_chebyshev(coder *s, uint8_t *dst)
{
    const size_t n = s->plan->n, half = (n + 1) / 2, padded = rf_padded(half);
    uint8_t *const mask = dst + RF_POLY_HEAD_NBYTES + 8 * s->plan->settings->npoly + 2;
    size_t k;

    for (size_t i = 0; i < half; i++) {
        s->front[i] = s->r[i];
        s->back[i] = s->r[n - 1 - i];
    }
    for (size_t i = half; i < padded; i++) s->front[i] = s->back[i] = 0;
    rf_polycheb_forward(&s->plan->cheb, s->front, s->back, s->scratch, s->c);
    /* the mask of any chunk that may become compressed fits in the bytes of the raw chunk */
    k = choose(s, mask);
    if (k == 0) return (rf_polyresult){.nbytes = put_raw(s->x, n, dst)};
    const size_t at = put_head(s, k, dst) + (n + 7) / 8;
    rf_poly_copy_doubles(dst + at, s->kept, k);
    return (rf_polyresult){.nbytes = at + 8 * k, .compressed = true, .ncheby = k, .error = s->error};
}

/* Codes the chunk with one of the two fits. */
static rf_polyresult encode_fitted(coder *s, const rf_polyfit *fit, uint8_t *dst)
{
    const rf_polysettings *const set = s->plan->settings;

    if (!fit_polynomial(s, fit)) return (rf_polyresult){.nbytes = put_raw(s->x, s->plan->n, dst)};
    s->error = s->largest;
    if (s->largest <= set->max_error && ((!set->narrow && !(set->period > 0)) || holds(s, s->y)))
        return (rf_polyresult){.nbytes = put_head(s, 0, dst), .compressed = true, .error = s->error};
    if (s->plan->cheb.n == 0 || s->largest == 0)
        return (rf_polyresult){.nbytes = put_raw(s->x, s->plan->n, dst)};
    return encode_chebyshev(s, dst);
}

rf_polyresult rf_polychunk_encode(const rf_polyplan *plan, const double *x, double *scratch, uint8_t *dst)
{
    const rf_polysettings *const set = plan->settings;
    coder s;

    if (plan->n <= set->npoly) return (rf_polyresult){.nbytes = put_raw(x, plan->n, dst)};
    lay_out(&s, plan, scratch);
    s.plan = plan;
    s.x = x;
    if (set->period > 0) rf_polycomp_straighten(x, plan->n, set->period, s.u);
    else s.u = (double *)(uintptr_t)x; /* never written */
    const rf_polyresult chunk = encode_fitted(&s, &plan->fit, dst);
    if (plan->few.n == 0 || (chunk.compressed && chunk.ncheby == 0)) return chunk;
    const rf_polyresult other = encode_fitted(&s, &plan->few, dst);
    return other.nbytes <= chunk.nbytes ? other : encode_fitted(&s, &plan->fit, dst);
}
