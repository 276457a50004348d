/*
 * Run lengths of one width. The includer defines VALUE (an unsigned type), NAME(stem), and TOTAL: the narrowest
 * unsigned type that can hold the sum of MARK_PAIRS counts.
 */

/* ---- encoding ---- */

/* Number of values, from x[0] on, that equal `value`; at most n. */
RF_WIDE_CLONES static size_t NAME(count_equal)(const VALUE *x, size_t n, VALUE value)
{
    enum { BLOCK = 256 / sizeof(VALUE) };
    size_t i = 0;

    for (; i + BLOCK <= n; i += BLOCK) {
        VALUE other = 0;
        for (size_t l = 0; l < BLOCK; l++) other |= (VALUE)(x[i + l] ^ value);
        if (other) break;
    }
    while (i < n && x[i] == value) i++;
    return i;
}

/* Number of differences, from x[1] - x[0] on, that equal `step`; at most n. */
RF_WIDE_CLONES static size_t NAME(count_steps)(const VALUE *x, size_t n, VALUE step)
{
    enum { BLOCK = 256 / sizeof(VALUE) };
    size_t i = 0;

    for (; i + BLOCK <= n; i += BLOCK) {
        VALUE other = 0;
        for (size_t l = 0; l < BLOCK; l++) other |= (VALUE)((VALUE)(x[i + l + 1] - x[i + l]) ^ step);
        if (other) break;
    }
    while (i < n && (VALUE)(x[i + 1] - x[i]) == step) i++;
    return i;
}

static inline VALUE NAME(term)(const VALUE *x, size_t i, bool diff)
{
    return diff ? (VALUE)(x[i + 1] - x[i]) : x[i];
}

/* The run that begins with term i, up to term `to`. */
static inline term_run NAME(run)(const VALUE *x, size_t i, size_t to, bool diff)
{
    enum { FEW = 8 }; /* counted here, because a call costs more */
    const VALUE value = NAME(term)(x, i, diff);
    size_t end = i + 1;

    while (end < to && end < i + FEW && NAME(term)(x, end, diff) == value) end++;
    if (end == i + FEW)
        end += diff ? NAME(count_steps)(x + end, to - end, value) : NAME(count_equal)(x + end, to - end, value);
    return (term_run){value, end - i};
}

/* Writes the pairs of a run to dst[at]; returns the index of the next pair. */
static size_t NAME(put)(void *dst, size_t at, term_run run, uint64_t max_count)
{
    VALUE *const out = dst;

    while (run.length > max_count) {
        out[at++] = (VALUE)max_count;
        out[at++] = (VALUE)run.value;
        run.length -= (size_t)max_count;
    }
    out[at++] = (VALUE)run.length;
    out[at++] = (VALUE)run.value;
    return at;
}

static inline part_runs NAME(encode_terms)(const VALUE *x, size_t from, size_t to, bool diff, uint64_t max_count,
                                           VALUE *dst)
{
    part_runs found = {.first = NAME(run)(x, from, to, diff)};

    for (size_t i = from + found.first.length; i < to; i += found.last.length) {
        if (found.last.length) found.len = NAME(put)(dst, found.len, found.last, max_count);
        found.last = NAME(run)(x, i, to, diff);
    }
    return found;
}

/* Finds the runs of terms from..to-1 (at least one term); writes the pairs of all but the first and the last to dst. */
static part_runs NAME(encode)(const void *src, size_t from, size_t to, int diff, uint64_t max_count, void *dst)
{
    return diff ? NAME(encode_terms)(src, from, to, true, max_count, dst)
                : NAME(encode_terms)(src, from, to, false, max_count, dst);
}

/* Number of terms that differ from the next one, among the first nterms; there must be nterms + 1. */
static size_t NAME(changes)(const void *src, size_t nterms, int diff)
{
    const VALUE *const x = src;
    size_t n = 0;

    for (size_t i = 0; i < nterms; i++) n += NAME(term)(x, i, diff) != NAME(term)(x, i + 1, diff);
    return n;
}

/* ---- decoding ---- */

/* The number of samples that up to MARK_PAIRS pairs stand for; false if a count is negative or the sum overflows. */
RF_WIDE_CLONES static bool NAME(count)(const void *src, size_t npairs, int is_signed, uint64_t *count)
{
    const VALUE most = (VALUE)(is_signed ? (VALUE)~(VALUE)0 >> 1 : (VALUE)~(VALUE)0);
    const VALUE *const pairs = src;
    VALUE all = 0;
    TOTAL total = 0, carries = 0;

    for (size_t i = 0; i < npairs; i++) {
        const VALUE length = pairs[2 * i];
        all |= length; /* exceeds the signed maximum if one of them does */
        total += length;
        if (sizeof(VALUE) == sizeof(TOTAL)) carries += total < length;
    }
    *count = total;
    return all <= most && carries == 0;
}

/* The sum of the differences that the pairs stand for. */
RF_WIDE_CLONES static uint64_t NAME(change)(const void *src, size_t npairs)
{
    const VALUE *const pairs = src;
    VALUE climbed = 0;

    for (size_t i = 0; i < npairs; i++) climbed = (VALUE)(climbed + (VALUE)((uint64_t)pairs[2 * i] * pairs[2 * i + 1]));
    return climbed;
}

/* Finds out what is wrong with a stream whose pairs do not add up to n samples. */
static int NAME(check)(const void *stream, size_t len, int is_signed, int diff, uint64_t n, rf_polyfault *fault)
{
    const VALUE *const src = stream;
    const uint64_t most = is_signed ? (VALUE)~(VALUE)0 >> 1 : (VALUE)~(VALUE)0;
    uint64_t total = diff && len ? 1 : 0;
    const size_t first = (size_t)total;

    if ((len - first) % 2) return rf_poly_fail(fault, RF_POLY_ODD_LENGTH, len * sizeof(VALUE), (len - first) / 2, len);
    for (size_t i = first; i < len; i += 2) {
        if (src[i] > most) return rf_poly_fail(fault, RF_POLY_NEGATIVE_RUN, i * sizeof(VALUE), (i - first) / 2, src[i]);
        if (total > n || src[i] > n - total) /* so that the sum cannot overflow */
            return rf_poly_fail(fault, RF_POLY_TOTAL, i * sizeof(VALUE), (i - first) / 2, src[i]);
        total += src[i];
    }
    if (total != n) return rf_poly_fail(fault, RF_POLY_TOTAL, len * sizeof(VALUE), (len - first) / 2, total);
    return RF_OK;
}

/* dst[i] = value for all i below n. */
RF_WIDE_CLONES static void NAME(fill)(VALUE *dst, size_t n, VALUE value)
{
    for (size_t i = 0; i < n; i++) dst[i] = value;
}

/*
 * dst[i] = before + (i + 1) * step. The compiler vectorizes this loop. Written by hand as an array of running lanes, it
 * is miscompiled by gcc 12.2 at -O3 (64-bit values, lanes beyond the first vector).
 */
RF_WIDE_CLONES static void NAME(climb)(VALUE *restrict dst, size_t n, VALUE before, VALUE step)
{
    for (size_t i = 0; i < n; i++) {
        before = (VALUE)(before + step);
        dst[i] = before;
    }
}

/* Writes a run of n samples to dst, which holds cap; the next run overwrites what a short run writes in excess. */
static inline void NAME(write_run)(VALUE *dst, size_t n, size_t cap, bool diff, VALUE before, VALUE value)
{
    enum { FEW = 32 / sizeof(VALUE) };

    if (n <= FEW && cap >= FEW) {
        for (size_t i = 0; i < FEW; i++) dst[i] = (VALUE)(diff ? before + (VALUE)((i + 1) * value) : value);
    } else if (diff) {
        NAME(climb)(dst, n, before, value);
    } else {
        NAME(fill)(dst, n, value);
    }
}

static inline void NAME(decode_terms)(const VALUE *src, size_t len, size_t pair, rf_polyrle_mark mark, bool diff,
                                      size_t start, size_t stop, VALUE *dst)
{
    size_t at = (size_t)mark.first; /* number of the first sample of the next run */
    VALUE before = (VALUE)mark.before;

    if (diff && len) {
        before = (VALUE)(before + src[0]);
        if (start == 0 && stop > 0) dst[0] = src[0];
    }
    for (size_t i = 2 * pair + (diff && len); i + 1 < len && at < stop; i += 2) {
        const VALUE value = src[i + 1];
        size_t count = src[i] < stop - at ? (size_t)src[i] : stop - at;
        while (i + 3 < len && src[i + 3] == value && count < stop - at) { /* a run that was split */
            i += 2;
            count = src[i] < stop - at - count ? count + (size_t)src[i] : stop - at;
        }
        const size_t skip = at >= start ? 0 : start - at < count ? start - at : count;
        before = (VALUE)(before + (VALUE)((uint64_t)skip * value));
        if (count > skip)
            NAME(write_run)(dst + (at + skip - start), count - skip, stop - at - skip, diff, before, value);
        before = (VALUE)(before + (VALUE)((uint64_t)(count - skip) * value));
        at += count;
    }
}

/* Samples start..stop-1, decoded from pair number `pair` on, to which `mark` belongs. */
static void NAME(decode)(const void *src, size_t len, size_t pair, rf_polyrle_mark mark, int diff, size_t start,
                         size_t stop, void *dst)
{
    if (diff) NAME(decode_terms)(src, len, pair, mark, true, start, stop, dst);
    else NAME(decode_terms)(src, len, pair, mark, false, start, stop, dst);
}

#undef VALUE
#undef TOTAL
#undef NAME
