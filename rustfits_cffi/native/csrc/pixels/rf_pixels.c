/* Loops over pixels; they know types, not tiles. */
#include "pixels/rf_pixels.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "base/rf_bytes.h"
#include "base/rf_cpu.h"
#include "base/rf_threads.h"

typedef uint16_t __attribute__((may_alias)) word16;
typedef uint32_t __attribute__((may_alias)) word32;
typedef uint64_t __attribute__((may_alias)) word64;

RF_CLONES static void swap16(word16 *p, size_t n) { for (size_t i = 0; i < n; i++) p[i] = rf_swap16(p[i]); }
RF_CLONES static void swap32(word32 *p, size_t n) { for (size_t i = 0; i < n; i++) p[i] = rf_swap32(p[i]); }
RF_CLONES static void swap64(word64 *p, size_t n) { for (size_t i = 0; i < n; i++) p[i] = rf_swap64(p[i]); }

void rf_swap(void *pix, size_t npix, size_t width)
{
    if (width == 2) swap16(pix, npix);
    if (width == 4) swap32(pix, npix);
    if (width == 8) swap64(pix, npix);
}

void rf_flip(void *pix, size_t npix, size_t width)
{
    uint8_t *p1 = pix;
    word16 *p2 = pix;
    word32 *p4 = pix;
    word64 *p8 = pix;
    if (width == 1) for (size_t i = 0; i < npix; i++) p1[i] ^= 0x80;
    if (width == 2) for (size_t i = 0; i < npix; i++) p2[i] ^= 0x8000;
    if (width == 4) for (size_t i = 0; i < npix; i++) p4[i] ^= 0x80000000u;
    if (width == 8) for (size_t i = 0; i < npix; i++) p8[i] ^= 0x8000000000000000u;
}

/* All integer conversions: FROM_TO(from, to) makes a loop; where nothing can overflow it compiles to a plain copy. */
#define FROM_TO(name, from, to, low, high)                                                                            \
    RF_CLONES static size_t name(const from *restrict src, size_t n, to *restrict dst)                                \
    {                                                                                                                 \
        size_t outside = 0;                                                                                           \
        for (size_t i = 0; i < n; i++) {                                                                              \
            int64_t v = src[i], kept = v < (low) ? (low) : v > (high) ? (high) : v;                                   \
            outside += kept != v;                                                                                     \
            dst[i] = (to)kept;                                                                                        \
        }                                                                                                             \
        return outside;                                                                                               \
    }
#define FROM_ALL(to, suffix, low, high)                                                                               \
    FROM_TO(u8_to_##suffix, uint8_t, to, low, high)                                                                   \
    FROM_TO(i16_to_##suffix, int16_t, to, low, high)                                                                  \
    FROM_TO(i32_to_##suffix, int32_t, to, low, high)                                                                  \
    FROM_TO(i64_to_##suffix, int64_t, to, low, high)                                                                  \
    static size_t to_##suffix(const void *src, int bitpix, size_t n, to *dst)                                         \
    {                                                                                                                 \
        if (bitpix == 8) return u8_to_##suffix(src, n, dst);                                                          \
        if (bitpix == 16) return i16_to_##suffix(src, n, dst);                                                        \
        if (bitpix == 32) return i32_to_##suffix(src, n, dst);                                                        \
        return i64_to_##suffix(src, n, dst);                                                                          \
    }
FROM_ALL(uint8_t, u8, 0, UINT8_MAX)
FROM_ALL(int16_t, i16, INT16_MIN, INT16_MAX)
FROM_ALL(int32_t, i32, INT32_MIN, INT32_MAX)
FROM_ALL(int64_t, i64, INT64_MIN, INT64_MAX)

int rf_ints(const void *src, int bitpix, size_t npix, void *dst, int to_bitpix, bool clip)
{
    size_t outside = 0;
    switch (to_bitpix) {
    case 8: outside = to_u8(src, bitpix, npix, dst); break;
    case 16: outside = to_i16(src, bitpix, npix, dst); break;
    case 32: outside = to_i32(src, bitpix, npix, dst); break;
    case 64: outside = to_i64(src, bitpix, npix, dst); break;
    default: return RF_EARGUMENT;
    }
    return outside && !clip ? RF_ERANGE : RF_OK;
}

#define TO_DOUBLE(name, type)                                                                                         \
    RF_CLONES static void name(const type *restrict src, size_t n, double scale, double zero, double *restrict dst)   \
    {                                                                                                                 \
        if (scale == 1 && zero == 0) {                                                                                \
            for (size_t i = 0; i < n; i++) dst[i] = (double)src[i];                                                   \
        } else {                                                                                                      \
            for (size_t i = 0; i < n; i++) dst[i] = (double)src[i] * scale + zero;                                    \
        }                                                                                                             \
    }
TO_DOUBLE(double_u8, uint8_t)
TO_DOUBLE(double_i16, int16_t)
TO_DOUBLE(double_i32, int32_t)
TO_DOUBLE(double_i64, int64_t)
TO_DOUBLE(double_f32, float)
TO_DOUBLE(double_f64, double)

void rf_doubles(const void *src, int bitpix, size_t npix, double scale, double zero, double *dst)
{
    switch (bitpix) {
    case 8: double_u8(src, npix, scale, zero, dst); break;
    case 16: double_i16(src, npix, scale, zero, dst); break;
    case 32: double_i32(src, npix, scale, zero, dst); break;
    case 64: double_i64(src, npix, scale, zero, dst); break;
    case -32: double_f32(src, npix, scale, zero, dst); break;
    default: double_f64(src, npix, scale, zero, dst); break;
    }
}

void rf_floats(const void *src, int bitpix, size_t npix, void *dst, int to_bitpix)
{
    if (bitpix == to_bitpix) {
        memcpy(dst, src, npix * rf_width(bitpix));
    } else if (to_bitpix == -64) {
        double_f32(src, npix, 1, 0, dst);
    } else {
        const double *from = src;
        float *to = dst;
        for (size_t i = 0; i < npix; i++) to[i] = (float)from[i];
    }
}

/* --- pixels that are not finite: exponent bits all set --- */

enum { EXPONENT32 = 0x7F800000 };
#define EXPONENT64 INT64_C(0x7FF0000000000000)

RF_CLONES static size_t count32(const rf_bits32 *p, size_t n)
{
    int32_t found = 0;
    for (size_t i = 0; i < n; i++) found += (p[i] & EXPONENT32) == EXPONENT32;
    return (size_t)found;
}

RF_CLONES static size_t count64(const rf_bits64 *p, size_t n)
{
    int64_t found = 0;
    for (size_t i = 0; i < n; i++) found += (p[i] & EXPONENT64) == EXPONENT64;
    return (size_t)found;
}

size_t rf_count_nonfinite(const void *pix, size_t npix, size_t width)
{
    return width == 4 ? count32(pix, npix) : count64(pix, npix);
}

void rf_nonfinite_to_inf(void *pix, size_t npix, size_t width)
{
    rf_bits32 *p4 = pix;
    rf_bits64 *p8 = pix;
    if (width == 4) for (size_t i = 0; i < npix; i++) p4[i] = (p4[i] & EXPONENT32) == EXPONENT32 ? EXPONENT32 : p4[i];
    if (width == 8) for (size_t i = 0; i < npix; i++) p8[i] = (p8[i] & EXPONENT64) == EXPONENT64 ? EXPONENT64 : p8[i];
}

static size_t canonical32(rf_bits32 *p, size_t n, float null)
{
    int32_t bits;
    size_t nulls = 0;
    memcpy(&bits, &null, sizeof bits);
    for (size_t i = 0; i < n; i++) {
        int32_t exponent = p[i] & EXPONENT32;
        nulls += exponent == EXPONENT32;
        p[i] = exponent == EXPONENT32 ? bits : exponent == 0 ? 0 : p[i];
    }
    return nulls;
}

static size_t canonical64(rf_bits64 *p, size_t n, double null)
{
    int64_t bits;
    size_t nulls = 0;
    memcpy(&bits, &null, sizeof bits);
    for (size_t i = 0; i < n; i++) {
        int64_t exponent = p[i] & EXPONENT64;
        nulls += exponent == EXPONENT64;
        p[i] = exponent == EXPONENT64 ? bits : exponent == 0 ? 0 : p[i];
    }
    return nulls;
}

size_t rf_as_read_by_cfitsio(void *pix, size_t npix, size_t width, double null)
{
    return width == 4 ? canonical32(pix, npix, (float)null) : canonical64(pix, npix, null);
}

void rf_null_to_nan(void *pix, size_t npix, size_t width, double null)
{
    uint8_t *p = pix;
    for (size_t i = 0; i < npix; i++, p += width) {
        float v4;
        double v8;
        if (width == 4) {
            memcpy(&v4, p, 4);
            if (v4 == (float)null) memset(p, 0xFF, 4);
        } else {
            memcpy(&v8, p, 8);
            if (v8 == null) memset(p, 0xFF, 8);
        }
    }
}

RF_CLONES static void one_nan32(rf_bits32 *p, size_t n)
{
    for (size_t i = 0; i < n; i++) p[i] = (p[i] & INT32_MAX) > EXPONENT32 ? -1 : p[i];
}

RF_CLONES static void one_nan64(rf_bits64 *p, size_t n)
{
    for (size_t i = 0; i < n; i++) p[i] = (p[i] & INT64_MAX) > EXPONENT64 ? -1 : p[i];
}

void rf_one_nan(void *pix, size_t npix, size_t width)
{
    if (width == 4) one_nan32(pix, npix); else one_nan64(pix, npix);
}

enum { BLOCK = 1 << 16 }; /* pixels processed at a time */

int rf_pixels_pack(const void *src, size_t npix, int bitpix, void *dst)
{
    if (!rf_is_bitpix(bitpix)) return RF_EARGUMENT;
    const size_t width = rf_width(bitpix);
    for (size_t first = 0; first < npix; first += BLOCK) { /* swapped while they are still in the cache */
        const size_t n = npix - first < BLOCK ? npix - first : BLOCK;
        const uint8_t *from = (const uint8_t *)src + first * width;
        uint8_t *to = (uint8_t *)dst + first * width;
        if (to != from) memcpy(to, from, n * width);
        rf_reorder(to, n, width);
    }
    return RF_OK;
}

/* --- scaling on many threads --- */

typedef struct {
    const uint8_t *src;
    uint8_t *dst;
    size_t npix;
    int bitpix, out;
    double bscale, bzero;
} scaling;

static int scale_block(void *job, void *scratch, size_t item)
{
    const scaling *s = job;
    const size_t first = item * BLOCK, n = s->npix - first < BLOCK ? s->npix - first : BLOCK;
    const size_t width = rf_width(s->bitpix);
    const uint8_t *from = s->src + first * width;
    (void)scratch;
    if (s->out == RF_OUT_DOUBLE) {
        rf_doubles(from, s->bitpix, n, s->bscale, s->bzero, (double *)(void *)s->dst + first);
    } else {
        memcpy(s->dst + first * width, from, n * width);
        if (s->out == RF_OUT_UNSIGNED) rf_flip(s->dst + first * width, n, width);
    }
    return RF_OK;
}

int rf_pixels_scale(const void *src, size_t npix, int bitpix, int out, double bscale, double bzero, void *dst,
                    int nthreads)
{
    size_t failed;
    if (!rf_is_bitpix(bitpix) || out < RF_OUT_STORED || out > RF_OUT_DOUBLE) return RF_EARGUMENT;
    scaling s = {.src = src, .dst = dst, .npix = npix, .bitpix = bitpix, .out = out, .bscale = bscale, .bzero = bzero};
    return rf_share(scale_block, &s, (npix + BLOCK - 1) / BLOCK, nthreads, 0, NULL, &failed);
}

/* --- any_nonfinite over a strided array --- */

typedef struct {
    const uint8_t *src;
    size_t ndim, width;
    size_t shape[RF_MAX_NDIM];
    ptrdiff_t strides[RF_MAX_NDIM];
    int swapped;
    atomic_bool found;
} search;

static bool line_has(const search *s, const uint8_t *p, size_t n, ptrdiff_t stride)
{
    if (!s->swapped && stride == (ptrdiff_t)s->width && (uintptr_t)p % s->width == 0) {
        return rf_count_nonfinite(p, n, s->width) != 0;
    }
    for (size_t i = 0; i < n; i++, p += stride) {
        uint64_t v8;
        uint32_t v4;
        if (s->width == 4) {
            memcpy(&v4, p, 4);
            if (s->swapped) v4 = rf_swap32(v4);
            if ((v4 & EXPONENT32) == EXPONENT32) return true;
        } else {
            memcpy(&v8, p, 8);
            if (s->swapped) v8 = rf_swap64(v8);
            if ((v8 & EXPONENT64) == (uint64_t)EXPONENT64) return true;
        }
    }
    return false;
}

static bool axis_has(const search *s, const uint8_t *p, size_t axis)
{
    if (axis + 1 >= s->ndim) return line_has(s, p, s->ndim ? s->shape[axis] : 1, s->ndim ? s->strides[axis] : 0);
    for (size_t i = 0; i < s->shape[axis]; i++, p += s->strides[axis]) {
        if (axis_has(s, p, axis + 1)) return true;
    }
    return false;
}

static int search_item(void *job, void *scratch, size_t item)
{
    search *s = job;
    (void)scratch;
    if (atomic_load(&s->found)) return RF_OK;
    if (s->ndim == 1) { /* a single axis is cut into blocks */
        size_t first = item * BLOCK, n = s->shape[0] - first < BLOCK ? s->shape[0] - first : BLOCK;
        if (line_has(s, s->src + (ptrdiff_t)first * s->strides[0], n, s->strides[0])) atomic_store(&s->found, true);
    } else if (axis_has(s, s->src + (ptrdiff_t)item * s->strides[0], 1)) {
        atomic_store(&s->found, true);
    }
    return RF_OK;
}

int rf_any_nonfinite(const void *src, int width, size_t ndim, const size_t *shape, const ptrdiff_t *strides,
                     int swapped, int nthreads, int *found)
{
    search s = {.src = src, .width = (size_t)width, .swapped = swapped};
    size_t failed, npix = 1;
    if ((width != 4 && width != 8) || ndim > RF_MAX_NDIM) return RF_EARGUMENT;
    for (size_t i = ndim; i-- > 0;) { /* from the inside, axes without a gap between them are joined */
        npix *= shape[i];
        if (shape[i] == 1) continue;
        if (s.ndim && strides[i] == (ptrdiff_t)s.shape[s.ndim - 1] * s.strides[s.ndim - 1]) {
            s.shape[s.ndim - 1] *= shape[i];
        } else {
            s.shape[s.ndim] = shape[i];
            s.strides[s.ndim++] = strides[i];
        }
    }
    *found = 0;
    if (npix == 0) return RF_OK;
    if (s.ndim == 0) {
        s.ndim = s.shape[0] = 1;
        s.strides[0] = width;
    }
    for (size_t i = 0; i < s.ndim / 2; i++) { /* collected innermost first */
        size_t j = s.ndim - 1 - i, n = s.shape[i];
        ptrdiff_t t = s.strides[i];
        s.shape[i] = s.shape[j];
        s.strides[i] = s.strides[j];
        s.shape[j] = n;
        s.strides[j] = t;
    }
    atomic_init(&s.found, false);
    size_t nitems = s.ndim == 1 ? (s.shape[0] + BLOCK - 1) / BLOCK : s.shape[0];
    if (npix < BLOCK) nthreads = 1;
    int status = rf_share(search_item, &s, nitems, nthreads, 0, NULL, &failed);
    *found = atomic_load(&s.found);
    return status;
}
