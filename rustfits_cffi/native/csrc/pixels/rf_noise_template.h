/*
 * The noise estimator for one pixel type; rf_noise.c includes this once per type with these macros set:
 *   NAME(x)   name of a function of this type
 *   PIX       pixel type
 *   DIFF      type of the differences
 *   BITS      integer of DIFF's size, whose order is that of non-negative DIFFs
 *   BITS_MAX  its largest value
 *   HUGE_PIX  whether differences of such pixels may overflow (which makes NaN, and ranks of NaN depend on swaps)
 *   IS_NAN(v) whether a pixel is NaN
 *   WIDE(v)   pixel as an operand of a difference
 *   ABS(d)    absolute value of a difference
 *   PIX_MAX, PIX_MIN  the largest and the smallest finite pixel
 *   HAS_RANGE 1 if rf_range is also wanted
 *
 * There are two ways to the same numbers. Where the pixels are ordinary, one vector loop makes the differences and
 * counting finds the medians (select_fast): the value of a median does not depend on how it is found. Only where the
 * order in the work array matters - rows with fewer 2nd order differences than the median is taken over, and NaN - the
 * selection runs with exactly cfitsio's swaps (select_exact). A row that fills the array overwrites all that was in it,
 * so when the order begins to matter it is enough to go back to the last such row (replay).
 */

/* The tile in progress; its arrays are parts of the caller's scratch. */
typedef struct {
    const PIX *pix;
    size_t nx;
    bool nulls;         /* some pixels are null */
    PIX null;           /* the value of null pixels */
    bool exact;         /* never use select_fast */
    double *r2, *r3, *r5; /* ny each: the rows' medians */
    size_t nrows2, nrows;
    DIFF *d;            /* nx: differences of the current row, one order after another */
    DIFF *d2;           /* nx: cfitsio's work array of 2nd order differences, as it was before row number `replayed` */
    size_t replayed;
    PIX *row, *old_row; /* nx each: the valid pixels of a row that has nulls */
    DIFF guess2, guess3, guess5; /* the last row's medians */
} NAME(work);

/* The valid pixels of row j, in `gathered` if nulls lie between them; *n is their number. */
static const PIX *NAME(valid_row)(const NAME(work) *w, size_t j, PIX *gathered, size_t *n)
{
    const PIX *v = w->pix + j * w->nx;
    size_t kept = 0;
    *n = w->nx;
    if (!w->nulls) return v;
    for (size_t i = 0; i < w->nx; i++) {
        gathered[kept] = v[i];
        kept += v[i] != w->null;
    }
    *n = kept;
    return kept < w->nx ? gathered : v;
}

/* The differences of one order of a row of k + 8 pixels. *same: how many windows have v5 = v6 = v7. */
RF_CLONES static void NAME(diffs2)(const PIX *restrict v, size_t k, DIFF *restrict d)
{
    for (size_t i = 0; i < k; i++) d[i] = ABS(WIDE(v[i + 4]) - WIDE(v[i + 6]));
}

RF_CLONES static void NAME(diffs3)(const PIX *restrict v, size_t k, DIFF *restrict d, size_t *same)
{
    BITS equal = 0;
    for (size_t i = 0; i < k; i++) {
        d[i] = ABS(2 * WIDE(v[i + 4]) - WIDE(v[i + 2]) - WIDE(v[i + 6]));
        equal += (v[i + 4] == v[i + 5]) & (v[i + 5] == v[i + 6]);
    }
    *same = (size_t)equal;
}

RF_CLONES static void NAME(diffs5)(const PIX *restrict v, size_t k, DIFF *restrict d)
{
    for (size_t i = 0; i < k; i++) {
        DIFF v1 = WIDE(v[i]), v3 = WIDE(v[i + 2]), v5 = WIDE(v[i + 4]), v7 = WIDE(v[i + 6]), v9 = WIDE(v[i + 8]);
        d[i] = ABS(6 * v5 - 4 * v3 - 4 * v7 + v1 + v9);
    }
}

/*
 * The 2nd order differences without those of constant stretches, which carry no noise. Returns their number; the rest
 * of d2 stays as it was. Goes through `gathered` without branches, which would be mispredicted where pixels repeat at
 * random.
 */
static size_t NAME(kept_diffs2)(const PIX *v, size_t k, DIFF *d2)
{
    enum { BLOCK = 512 };
    DIFF gathered[BLOCK];
    size_t all = 0;
    for (size_t i = 0; i < k;) {
        size_t end = k - i < BLOCK ? k : i + BLOCK, kept = 0;
        for (; i < end; i++) {
            gathered[kept] = ABS(WIDE(v[i + 4]) - WIDE(v[i + 6]));
            kept += !((v[i + 4] == v[i + 5]) & (v[i + 5] == v[i + 6]));
        }
        memcpy(d2 + all, gathered, kept * sizeof *d2);
        all += kept;
    }
    return all;
}

#define IS_CONSTANT(v) (((v)[2] == (v)[3]) & ((v)[3] == (v)[4]) & ((v)[4] == (v)[5]) & ((v)[5] == (v)[6]))

/* How many differences of the other two orders are of constant stretches. */
RF_CLONES static size_t NAME(count_constant)(const PIX *restrict v, size_t k)
{
    BITS count = 0;
    for (size_t i = 0; i < k; i++) count += IS_CONSTANT(v + i);
    return (size_t)count;
}

/* Drops those from d. */
static void NAME(drop_constant)(const PIX *v, size_t k, DIFF *d)
{
    size_t kept = 0;
    for (size_t i = 0; i < k; i++) {
        d[kept] = d[i];
        kept += !IS_CONSTANT(v + i);
    }
}

#undef IS_CONSTANT

/* Median (lower) with cfitsio's sequence of swaps: Hoare's selection with the median of three as pivot. */
static DIFF NAME(select_exact)(DIFF *a, size_t n)
{
    size_t low = 0, high = n - 1, target = (n - 1) / 2;
#define SWAP(i, j) do { DIFF t_ = a[i]; a[i] = a[j]; a[j] = t_; } while (0)
    while (high > low) {
        if (high == low + 1) {
            if (a[low] > a[high]) SWAP(low, high);
            break;
        }
        size_t middle = (low + high) / 2, up = low + 1, down = high;
        if (a[middle] > a[high]) SWAP(middle, high);
        if (a[low] > a[high]) SWAP(low, high);
        if (a[middle] > a[low]) SWAP(middle, low);
        SWAP(middle, low + 1);
        for (;;) {
            do up++; while (up < high && a[low] > a[up]);
            do down--; while (down > low && a[down] > a[low]);
            if (down < up) break;
            SWAP(up, down);
        }
        SWAP(low, down);
        if (down <= target) low = up;
        if (down >= target) {
            if (down == 0) break;
            high = down - 1;
        }
    }
#undef SWAP
    return a[target];
}

/* Counts the numbers below the pivot; finds the largest of those and the smallest of the others. */
RF_CLONES static size_t NAME(count)(const BITS *restrict x, size_t n, BITS pivot, BITS *below, BITS *above)
{
    BITS count = 0, high = -1, low = BITS_MAX;
    for (size_t i = 0; i < n; i++) {
        BITS v = x[i], less = -(BITS)(v < pivot); /* all bits set or 0: the compiler vectorizes masks only */
        BITS under = v | ~less, over = v | less;   /* numbers on the other side become -1 */
        count -= less;
        high = under > high ? under : high;
        low = (over & BITS_MAX) < low ? over & BITS_MAX : low;
    }
    *below = high;
    *above = low;
    return (size_t)count;
}

static BITS NAME(to_bits)(DIFF value)
{
    BITS bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static DIFF NAME(from_bits)(BITS bits)
{
    DIFF value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/*
 * The element of rank `rank` among n non-negative numbers, left as they are. Counting passes close in on it: the first
 * pivot is the caller's guess (the median of the previous row is a good one), the second steps by the density that
 * absolute differences of Gaussian noise have at their median (0.43 n / median), later ones interpolate. Each pass
 * moves a bound by at least one element, and every fourth halves the range of bit patterns, so no input is slow.
 */
static DIFF NAME(select_fast)(const DIFF *values, size_t n, size_t rank, DIFF guess)
{
    const BITS *x = (const BITS *)values;
    BITS low = 0, high = BITS_MAX, pivot = NAME(to_bits)(guess), below, above;
    size_t nlow = 0, nhigh = n; /* numbers below low; numbers up to high */
    if (pivot == 0) pivot = NAME(to_bits)((values[0] + values[n / 3] + values[n / 2] + values[n - 1]) / 4);
    for (unsigned pass = 0;; pass++) {
        size_t count = NAME(count)(x, n, pivot, &below, &above);
        if (count == rank) return NAME(from_bits)(above);
        if (count == rank + 1) return NAME(from_bits)(below);
        if (count < rank) {
            low = above;
            nlow = count;
        } else {
            high = below;
            nhigh = count;
        }
        if (low == high) return NAME(from_bits)(low);
        double at = (double)NAME(from_bits)(pivot), want = (double)rank + 0.5, step;
        if (nhigh - rank <= 3) {
            pivot = high;
        } else if (rank - nlow <= 2) {
            pivot = low + 1;
        } else if (pass % 4 == 3) {
            pivot = low + (high - low) / 2;
        } else {
            if (pass == 0 || high == BITS_MAX || low == 0) {
                step = at + (want - (double)count) * at / (0.43 * (double)n);
            } else {
                double from = (double)NAME(from_bits)(low), to = (double)NAME(from_bits)(high);
                step = from + (to - from) * (want - (double)nlow) / (double)(nhigh - nlow);
            }
            if (!(step > 0)) step = 0;
            pivot = high == BITS_MAX || step < (double)NAME(from_bits)(high) ? NAME(to_bits)((DIFF)step) : high;
        }
        if (pivot <= low) pivot = low + 1;
        if (pivot > high) pivot = high;
    }
}

/* Median of the k differences in d, at least one; *guess is the last one and becomes this one. */
static double NAME(median)(const NAME(work) *w, size_t k, DIFF *guess)
{
    if (k == 1) return (double)w->d[0];
    *guess = w->exact ? NAME(select_exact)(w->d, k) : NAME(select_fast)(w->d, k, (k - 1) / 2, *guess);
    return (double)*guess;
}

/* Brings d2 to the state that cfitsio's has before row j. Each row is processed at most once. */
static void NAME(replay)(NAME(work) *w, size_t j)
{
    if (w->replayed == 0) memset(w->d2, 0, w->nx * sizeof *w->d2); /* as it is before the first row */
    for (; w->replayed < j; w->replayed++) {
        size_t n;
        const PIX *v = NAME(valid_row)(w, w->replayed, w->old_row, &n);
        if (n < 9) continue;
        size_t k2 = NAME(kept_diffs2)(v, n - 8, w->d2), k = n - 8 - NAME(count_constant)(v, n - 8);
        if (k > 1 && k2 > 1) NAME(select_exact)(w->d2, k);
    }
}

/* The medians of row j. The 2nd order comes last, because d2 may be the same array as d. */
static void NAME(add_row)(NAME(work) *w, size_t j)
{
    size_t n, same;
    const PIX *v = NAME(valid_row)(w, j, w->row, &n);
    if (n < 9) return;
    size_t k = n - 8;
    NAME(diffs3)(v, k, w->d, &same);
    size_t kept = same ? k - NAME(count_constant)(v, k) : k;
    if (kept > 0) {
        if (kept < k) NAME(drop_constant)(v, k, w->d);
        w->r3[w->nrows] = NAME(median)(w, kept, &w->guess3);
        NAME(diffs5)(v, k, w->d);
        if (kept < k) NAME(drop_constant)(v, k, w->d);
        w->r5[w->nrows++] = NAME(median)(w, kept, &w->guess5);
    }
    if (same == 0 && !w->exact) {
        if (n == w->nx) w->replayed = j; /* it will fill all of d2 */
        NAME(diffs2)(v, k, w->d);
        w->r2[w->nrows2++] = NAME(median)(w, k, &w->guess2);
    } else {
        NAME(replay)(w, j);
        size_t k2 = NAME(kept_diffs2)(v, k, w->d2);
        w->replayed = j + 1;
        if (kept == 1 && k2 == 1) w->r2[w->nrows2++] = (double)w->d2[0];
        if (kept > 1 && k2 > 1) w->r2[w->nrows2++] = (double)NAME(select_exact)(w->d2, kept);
    }
}

/* Smallest, largest and number of the pixels that are not null; whether a NaN is among them. */
RF_CLONES static void NAME(extremes)(const PIX *restrict v, size_t n, bool nullcheck, PIX null, PIX *restrict lowest,
                                     PIX *restrict highest, size_t *ngood, bool *nan)
{
    enum { LANES = 16 };
    PIX low[LANES], high[LANES];
    size_t i = 0, absent = 0, unordered = 0;
    for (size_t j = 0; j < LANES; j++) {
        low[j] = *lowest;
        high[j] = *highest;
    }
    for (; i + LANES <= n; i += LANES) {
        BITS odd = 0, gone = 0;
        if (nullcheck) {
            for (size_t j = 0; j < LANES; j++) {
                PIX x = v[i + j], under = x == null ? low[j] : x, over = x == null ? high[j] : x;
                low[j] = under < low[j] ? under : low[j];
                high[j] = over > high[j] ? over : high[j];
                odd += IS_NAN(x);
                gone += x == null;
            }
        } else {
            for (size_t j = 0; j < LANES; j++) {
                PIX x = v[i + j];
                low[j] = x < low[j] ? x : low[j];
                high[j] = x > high[j] ? x : high[j];
                odd += IS_NAN(x);
            }
        }
        unordered += (size_t)odd;
        absent += (size_t)gone;
    }
    for (; i < n; i++) {
        PIX x = v[i];
        if (nullcheck && x == null) {
            absent++;
            continue;
        }
        unordered += IS_NAN(x);
        if (x < low[0]) low[0] = x;
        if (x > high[0]) high[0] = x;
    }
    for (size_t j = 0; j < LANES; j++) {
        if (low[j] < *lowest) *lowest = low[j];
        if (high[j] > *highest) *highest = high[j];
    }
    *ngood = n - absent;
    *nan = unordered != 0;
}

static void NAME(carve)(NAME(work) *w, void *scratch, size_t nx, size_t ny)
{
    w->r2 = scratch;
    w->r3 = w->r2 + ny;
    w->r5 = w->r3 + ny;
    w->d = (DIFF *)(w->r5 + ny);
    w->d2 = ny > 1 ? w->d + nx : w->d; /* a single row leaves nothing to later ones */
    w->row = (PIX *)(w->d2 + nx);
    w->old_row = w->row + nx; /* beyond the scratch if there is a single row, which has none before it */
}

void NAME(rf_noise)(const PIX *pix, size_t nx, size_t ny, int nullcheck, PIX null, rf_noise *noise, void *scratch)
{
    PIX lowest = PIX_MAX, highest = PIX_MIN;
    bool nan;
    if (nx < 9) {
        nx *= ny;
        ny = 1;
    }
    NAME(extremes)(pix, nx * ny, nullcheck, null, &lowest, &highest, &noise->ngood, &nan);
    noise->min = (double)lowest;
    noise->max = (double)highest;
    noise->n2 = noise->n3 = noise->n5 = 0;
    if (nx < 9) return;

    NAME(work) w = {.pix = pix, .nx = nx, .nulls = nullcheck && noise->ngood < nx * ny, .null = null};
    NAME(carve)(&w, scratch, nx, ny);
    w.exact = nan || HUGE_PIX(lowest) || HUGE_PIX(highest);
    for (size_t j = 0; j < ny; j++) NAME(add_row)(&w, j);
    noise->n2 = 1.0483579 * median_of_rows(w.r2, w.nrows2, w.exact);
    noise->n3 = 0.6052697 * median_of_rows(w.r3, w.nrows, w.exact);
    noise->n5 = 0.1772048 * median_of_rows(w.r5, w.nrows, w.exact);
}

#if HAS_RANGE
void NAME(rf_range)(const PIX *pix, size_t nx, size_t ny, int nullcheck, PIX null, rf_noise *noise)
{
    PIX lowest = PIX_MAX, highest = PIX_MIN;
    bool nan;
    size_t ngood;
    noise->n2 = noise->n3 = noise->n5 = 0;
    if (nx < 5) {
        nx *= ny;
        ny = 1;
    }
    NAME(extremes)(pix, nx * ny, nullcheck, null, &lowest, &highest, &noise->ngood, &nan);
    noise->min = (double)lowest;
    noise->max = (double)highest;
    if (nx < 5 || noise->ngood == nx * ny) return;
    noise->ngood = 0; /* rows of fewer than 4 valid pixels are not counted */
    for (size_t j = 0; j < ny; j++) {
        PIX low = PIX_MAX, high = PIX_MIN;
        NAME(extremes)(pix + j * nx, nx, nullcheck, null, &low, &high, &ngood, &nan);
        if (ngood >= 4) noise->ngood += ngood;
    }
}
#endif

#undef NAME
#undef PIX
#undef DIFF
#undef BITS
#undef BITS_MAX
#undef HUGE_PIX
#undef IS_NAN
#undef WIDE
#undef ABS
#undef PIX_MAX
#undef PIX_MIN
#undef HAS_RANGE
