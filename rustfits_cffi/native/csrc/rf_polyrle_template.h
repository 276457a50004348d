/* Run lengths of one width. The includer defines VALUE (an unsigned type) and NAME(stem). */

/* Values from x[0] on that equal x[0]; n is at least 1. */
RF_CLONES static size_t NAME(run)(const VALUE *x, size_t n)
{
    enum { BLOCK = 256 / sizeof(VALUE) };
    const VALUE value = x[0];
    size_t i = 1;

    while (i < n && i < 8 && x[i] == value) i++;
    if (i < 8) return i;
    for (; i + BLOCK <= n; i += BLOCK) {
        VALUE other = 0;
        for (size_t l = 0; l < BLOCK; l++) other |= (VALUE)(x[i + l] ^ value);
        if (other) break;
    }
    while (i < n && x[i] == value) i++;
    return i;
}

/* Differences from x[1] - x[0] on that equal it, of n - 1; n is at least 2. */
RF_CLONES static size_t NAME(ramp)(const VALUE *x, size_t n)
{
    enum { BLOCK = 256 / sizeof(VALUE) };
    const VALUE step = (VALUE)(x[1] - x[0]);
    size_t i = 1;

    while (i + 1 < n && i < 8 && (VALUE)(x[i + 1] - x[i]) == step) i++;
    if (i < 8) return i;
    for (; i + 1 + BLOCK <= n; i += BLOCK) {
        VALUE other = 0;
        for (size_t l = 0; l < BLOCK; l++) other |= (VALUE)((VALUE)(x[i + l + 1] - x[i + l]) ^ step);
        if (other) break;
    }
    while (i + 1 < n && (VALUE)(x[i + 1] - x[i]) == step) i++;
    return i;
}

/* Pairs for a run of `length` times `value`; returns where the next pair goes. */
static VALUE *NAME(put)(VALUE *dst, size_t length, VALUE value, uint64_t max_count)
{
    while (length > max_count) {
        *dst++ = (VALUE)max_count;
        *dst++ = value;
        length -= (size_t)max_count;
    }
    *dst++ = (VALUE)length;
    *dst++ = value;
    return dst;
}

static size_t NAME(encode)(const VALUE *x, size_t n, int diff, uint64_t max_count, VALUE *dst)
{
    VALUE *const begin = dst;
    size_t length;

    if (n == 0) return 0;
    if (!diff) {
        for (size_t i = 0; i < n; i += length) {
            length = NAME(run)(x + i, n - i);
            dst = NAME(put)(dst, length, x[i], max_count);
        }
        return (size_t)(dst - begin);
    }
    *dst++ = x[0];
    for (size_t i = 0; i + 1 < n; i += length) {
        length = NAME(ramp)(x + i, n - i);
        dst = NAME(put)(dst, length, (VALUE)(x[i + 1] - x[i]), max_count);
    }
    return (size_t)(dst - begin);
}

/* Whether the pairs add up to n samples; the sum cannot overflow because it stops above n. */
static int NAME(check)(const VALUE *src, size_t len, int is_signed, int diff, uint64_t n, rf_polyfault *fault)
{
    const uint64_t most = is_signed ? (VALUE)~(VALUE)0 >> 1 : (VALUE)~(VALUE)0;
    uint64_t total = diff && len ? 1 : 0;
    const size_t first = (size_t)total;

    if ((len - first) % 2) return rf_poly_fail(fault, RF_POLY_ODD_LENGTH, len * sizeof(VALUE), (len - first) / 2, len);
    for (size_t i = first; i < len; i += 2) {
        if (src[i] > most) return rf_poly_fail(fault, RF_POLY_NEGATIVE_RUN, i * sizeof(VALUE), (i - first) / 2, src[i]);
        if (total > n || src[i] > n - total)
            return rf_poly_fail(fault, RF_POLY_TOTAL, i * sizeof(VALUE), (i - first) / 2, src[i]);
        total += src[i];
    }
    if (total != n) return rf_poly_fail(fault, RF_POLY_TOTAL, len * sizeof(VALUE), (len - first) / 2, total);
    return RF_OK;
}

RF_CLONES static void NAME(fill)(VALUE *dst, size_t n, VALUE value)
{
    for (size_t i = 0; i < n; i++) dst[i] = value;
}

/*
 * dst[i] = before + (i + 1) * step. The compiler makes vectors of it; a loop over an array of running lanes, which says
 * so by hand, is miscompiled by gcc 12.2 at -O3 (64-bit values, lanes beyond the first vector).
 */
RF_CLONES static void NAME(climb)(VALUE *restrict dst, size_t n, VALUE before, VALUE step)
{
    for (size_t i = 0; i < n; i++) {
        before = (VALUE)(before + step);
        dst[i] = before;
    }
}

static void NAME(decode)(const VALUE *src, size_t len, int diff, size_t start, size_t stop, VALUE *dst)
{
    size_t at = 0; /* the sample that the next run begins with */
    size_t i = 0;
    VALUE before = 0;

    if (diff && len) {
        before = src[i++];
        if (start == 0 && stop > 0) dst[0] = before;
        at = 1;
    }
    for (; i + 1 < len && at < stop; i += 2) {
        const VALUE value = src[i + 1];
        size_t count = src[i] < stop - at ? (size_t)src[i] : stop - at;
        while (i + 3 < len && src[i + 3] == value && count < stop - at) { /* a run that was split */
            i += 2;
            count = src[i] < stop - at - count ? count + (size_t)src[i] : stop - at;
        }
        size_t skip = at < start ? start - at : 0;
        if (skip > count) skip = count;
        if (diff) {
            before = (VALUE)(before + (VALUE)((uint64_t)skip * value));
            NAME(climb)(dst + (at + skip - start), count - skip, before, value);
            before = (VALUE)(before + (VALUE)((uint64_t)(count - skip) * value));
        } else if (count > skip) {
            NAME(fill)(dst + (at + skip - start), count - skip, value);
        }
        at += count;
    }
}

#undef VALUE
#undef NAME
