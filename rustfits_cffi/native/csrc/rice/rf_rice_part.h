/*
 * rf_rice_part.h - the codes of some pixels of a block, between being read from the stream and being added up.
 *
 * Reading codes is one long chain of steps, as each code's length gives the start of the next. So the reader only keeps
 * the codes, and all that can be done for several pixels at once is done later. There are two kinds of parts: one for
 * any processor, and one for x86-64-v3, whose names end in _v3. Each has
 *
 *   rice_keep_short   keeps the code at the start of a window; what it keeps of a code over 56 bits is undefined
 *   rice_keep_long    keeps a code of any length
 *   rice_kept         a code as it is in the stream: (zeros << fs) + (1 << fs) + low bits, modulo 2^32
 *   rice_sum          turns codes into pixels of `width` bytes at dst, by adding their differences to *last; returns
 *                     how many, as the remainder of the npix does not fill its lanes
 *
 * Memory: a part is the caller's, and needs no initialization.
 * Sizes:  i < PART_NPIX; fs < 32; zeros <= 64; npix <= PART_NPIX.
 */
#ifndef RF_RICE_PART_H
#define RF_RICE_PART_H

#include <string.h>

#include "base/rf_bytes.h"
#include "base/rf_cpu.h"
#if RF_CPU_X86
#include <immintrin.h>
#endif

/* Pixels of a block that are decoded at a time. */
enum { PART_NPIX = 32 };

/* The difference that a mapped value represents. */
#define UNMAP(mapped) ((mapped) >> 1 ^ (0 - ((mapped) & 1)))

/* --- any processor --- */

typedef struct {
    uint32_t codes[PART_NPIX];
} rice_part;

static ALWAYS_INLINE void rice_keep_short(rice_part *part, size_t i, unsigned fs, uint64_t window, unsigned zeros)
{
    part->codes[i] = (zeros << fs) + (uint32_t)(window >> ((63 - fs - zeros) & 63));
}

static ALWAYS_INLINE void rice_keep_long(rice_part *part, size_t i, unsigned fs, uint32_t code)
{
    (void)fs;
    part->codes[i] = code;
}

static ALWAYS_INLINE uint32_t rice_kept(const rice_part *part, size_t i, unsigned fs)
{
    (void)fs;
    return part->codes[i];
}

/* Four values in one vector, for compilers that can also shuffle it. */
#if defined(__has_builtin) && !defined(RF_PLAIN)
#if __has_builtin(__builtin_shufflevector) && __has_builtin(__builtin_convertvector)
#define HAS_LANES 1
typedef uint32_t lanes __attribute__((vector_size(16)));
typedef uint16_t lanes16 __attribute__((vector_size(8)));
typedef uint8_t lanes8 __attribute__((vector_size(4)));
#endif
#endif

#ifdef HAS_LANES
static ALWAYS_INLINE void rice_store(uint8_t *dst, lanes values, size_t width)
{
    lanes16 low16 = __builtin_convertvector(values, lanes16);
    lanes8 low8 = __builtin_convertvector(values, lanes8);
    if (width == 4) memcpy(dst, &values, sizeof values);
    else if (width == 2) memcpy(dst, &low16, sizeof low16);
    else memcpy(dst, &low8, sizeof low8);
}

static ALWAYS_INLINE size_t rice_sum(const rice_part *part, unsigned fs, void *dst, size_t width, size_t npix,
                                     uint32_t *last)
{
    const lanes none = {0};
    lanes sum = none + *last;
    size_t i = 0;
    for (; npix - i >= 4; i += 4) {
        lanes d;
        memcpy(&d, part->codes + i, sizeof d);
        d = UNMAP(d - ((uint32_t)1 << fs));
        d += __builtin_shufflevector(none, d, 0, 4, 5, 6);
        d += __builtin_shufflevector(none, d, 0, 0, 4, 5);
        d += sum;
        sum = __builtin_shufflevector(d, d, 3, 3, 3, 3);
        rice_store((uint8_t *)dst + i * width, d, width);
    }
    *last = sum[0];
    return i;
}
#else
static ALWAYS_INLINE size_t rice_sum(const rice_part *part, unsigned fs, void *dst, size_t width, size_t npix,
                                     uint32_t *last)
{
    (void)part, (void)fs, (void)dst, (void)width, (void)npix, (void)last;
    return 0;
}
#endif

/* --- x86-64-v3 --- */

#if RF_CPU_X86
/*
 * A code is window >> (63 - fs - zeros), plus zeros << fs: four windows can be shifted at once, each by its own number.
 * The zeros are kept in the window's lowest byte, which follows a code of up to 56 bits.
 */
typedef struct {
    uint64_t windows[PART_NPIX];
} rice_part_v3;

RF_TARGET_V3 static ALWAYS_INLINE void rice_keep_short_v3(rice_part_v3 *part, size_t i, unsigned fs, uint64_t window,
                                                          unsigned zeros)
{
    (void)fs;
    *(volatile uint64_t *)(part->windows + i) = window; /* one by one: collecting them in a vector takes longer */
    *(volatile uint8_t *)(part->windows + i) = (uint8_t)zeros;
}

/* Stored as if it had 55 - fs zeros, so that the window is shifted by that byte only and can hold any code. */
RF_TARGET_V3 static ALWAYS_INLINE void rice_keep_long_v3(rice_part_v3 *part, size_t i, unsigned fs, uint32_t code)
{
    uint32_t zeros = 55 - fs;
    part->windows[i] = (uint64_t)(code - (zeros << fs)) << 8 | zeros;
}

RF_TARGET_V3 static ALWAYS_INLINE uint32_t rice_kept_v3(const rice_part_v3 *part, size_t i, unsigned fs)
{
    uint64_t window = part->windows[i];
    uint32_t zeros = (uint32_t)window & 0xff;
    return (zeros << fs) + (uint32_t)(window >> (63 - fs - zeros));
}

/* Codes i .. i + 3, in the low halves. */
RF_TARGET_V3 static ALWAYS_INLINE __m256i rice_four_v3(const rice_part_v3 *part, size_t i, unsigned fs)
{
    __m256i windows = _mm256_loadu_si256((const void *)(part->windows + i));
    __m256i zeros = _mm256_and_si256(windows, _mm256_set1_epi64x(0xff));
    __m256i shifted = _mm256_srlv_epi64(windows, _mm256_sub_epi64(_mm256_set1_epi64x(63 - fs), zeros));
    return _mm256_add_epi64(shifted, _mm256_sll_epi64(zeros, _mm_cvtsi32_si128((int)fs)));
}

/* Codes i .. i + 7. */
RF_TARGET_V3 static ALWAYS_INLINE __m256i rice_eight_v3(const rice_part_v3 *part, size_t i, unsigned fs)
{
    __m256 front = _mm256_castsi256_ps(rice_four_v3(part, i, fs));
    __m256 back = _mm256_castsi256_ps(rice_four_v3(part, i + 4, fs));
    __m256i low = _mm256_castps_si256(_mm256_shuffle_ps(front, back, 0x88)); /* codes 0 1 4 5 2 3 6 7 */
    return _mm256_permute4x64_epi64(low, 0xd8);
}

/* Each value plus all before it. */
RF_TARGET_V3 static ALWAYS_INLINE __m256i rice_running_v3(__m256i values)
{
    values = _mm256_add_epi32(values, _mm256_slli_si256(values, 4));
    values = _mm256_add_epi32(values, _mm256_slli_si256(values, 8));
    __m256i front = _mm256_permute2x128_si256(values, values, 0x08); /* in the upper half, with zeros below */
    return _mm256_add_epi32(values, _mm256_shuffle_epi32(front, 0xff));
}

/* The low `width` bytes of each value. */
RF_TARGET_V3 static ALWAYS_INLINE void rice_store_v3(uint8_t *dst, __m256i values, size_t width)
{
    if (width == 4) {
        _mm256_storeu_si256((void *)dst, values);
    } else if (width == 2) {
        values = _mm256_blend_epi16(values, _mm256_setzero_si256(), 0xaa);
        values = _mm256_permute4x64_epi64(_mm256_packus_epi32(values, values), 0x08);
        _mm_storeu_si128((void *)dst, _mm256_castsi256_si128(values));
    } else {
        values = _mm256_and_si256(values, _mm256_set1_epi32(0xff));
        values = _mm256_permute4x64_epi64(_mm256_packus_epi32(values, values), 0x08);
        __m128i bytes = _mm256_castsi256_si128(values);
        _mm_storel_epi64((void *)dst, _mm_packus_epi16(bytes, bytes));
    }
}

RF_TARGET_V3 static ALWAYS_INLINE size_t rice_sum_v3(const rice_part_v3 *part, unsigned fs, void *dst, size_t width,
                                                     size_t npix, uint32_t *last)
{
    const __m256i leading_one = _mm256_set1_epi32((int)((uint32_t)1 << fs)), one = _mm256_set1_epi32(1);
    __m256i sum = _mm256_set1_epi32((int)*last);
    size_t i = 0;
    for (; npix - i >= 8; i += 8) {
        __m256i mapped = _mm256_sub_epi32(rice_eight_v3(part, i, fs), leading_one);
        __m256i sign = _mm256_sub_epi32(_mm256_setzero_si256(), _mm256_and_si256(mapped, one));
        __m256i pixels = rice_running_v3(_mm256_xor_si256(_mm256_srli_epi32(mapped, 1), sign));
        pixels = _mm256_add_epi32(pixels, sum);
        sum = _mm256_permutevar8x32_epi32(pixels, _mm256_set1_epi32(7));
        rice_store_v3((uint8_t *)dst + i * width, pixels, width);
    }
    *last = (uint32_t)_mm256_cvtsi256_si32(sum);
    return i;
}
#endif

#endif
