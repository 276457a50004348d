/*
 * rf_rice_put.h - writes the Rice codes of eight pixels at a time.
 *
 *   rice_put_eights   writes the codes of the first pixels of a block, eight by eight, and returns the number of pixels
 *                     done. It stops when fewer than eight are left, when codes written together take more than 56
 *                     bits, and near the end of dst; the caller writes the remaining codes one by one.
 *
 * Memory: src holds npix pixels of `width` bytes, 1, 2 or 4; `before` is the pixel before them.
 * Sizes:  fs < 32, and less than the bits of a pixel. Never writes a byte outside of out.
 *
 * Each code is made in its own lane, then codes are joined in pairs, and in fours unless they are long: four take
 * 4 fs + 4 bits and some zeros, rarely more than can be joined. Only x86-64-v3 has it; elsewhere it returns 0.
 */
#ifndef RF_RICE_PUT_H
#define RF_RICE_PUT_H

#include "base/rf_bits.h"
#include "base/rf_cpu.h"
#if RF_CPU_X86
#include <immintrin.h>
#endif

static ALWAYS_INLINE size_t rice_put_eights(rf_bits_out *out, const void *src, size_t width, size_t npix, unsigned fs,
                                            uint32_t before)
{
    (void)out, (void)src, (void)width, (void)npix, (void)fs, (void)before;
    return 0;
}

#if RF_CPU_X86
/* Eight pixels, each in 32 bits. */
RF_TARGET_V3 static ALWAYS_INLINE __m256i rice_load_v3(const uint8_t *src, size_t width)
{
    if (width == 4) return _mm256_loadu_si256((const void *)src);
    if (width == 2) return _mm256_cvtepu16_epi32(_mm_loadu_si128((const void *)src));
    return _mm256_cvtepu8_epi32(_mm_loadl_epi64((const void *)src));
}

/* The mapped differences of eight pixels; `before` has the pixel before them in its last lane. */
RF_TARGET_V3 static ALWAYS_INLINE __m256i rice_mapped_v3(__m256i pixels, __m256i before, size_t width)
{
    const int unused = 32 - 8 * (int)width;
    __m256i middle = _mm256_permute2x128_si256(before, pixels, 0x21);
    __m256i d = _mm256_sub_epi32(pixels, _mm256_alignr_epi8(pixels, middle, 12));
    d = _mm256_slli_epi32(d, unused); /* the sign to the top: narrow differences wrap around */
    return _mm256_srli_epi32(_mm256_xor_si256(_mm256_slli_epi32(d, 1), _mm256_srai_epi32(d, 31)), unused);
}

/* Bits for the stream: `nbits` at the low end of each word. */
typedef struct {
    __m256i words, nbits;
} rice_words_v3;

/* The codes of eight pixels, joined by two. */
RF_TARGET_V3 static ALWAYS_INLINE rice_words_v3 rice_twos_v3(__m256i mapped, unsigned fs)
{
    const __m256i one = _mm256_set1_epi32((int)((uint32_t)1 << fs)), low = _mm256_sub_epi32(one, _mm256_set1_epi32(1));
    const __m256i first = _mm256_set1_epi64x(0xffffffff);
    __m256i zeros = _mm256_srl_epi32(mapped, _mm_cvtsi32_si128((int)fs));
    zeros = _mm256_min_epu32(zeros, _mm256_set1_epi32(64)); /* too many for a word, yet few enough to add */
    __m256i codes = _mm256_or_si256(_mm256_and_si256(mapped, low), one);
    __m256i nbits = _mm256_add_epi32(zeros, _mm256_set1_epi32((int)fs + 1)), second = _mm256_srli_epi64(nbits, 32);
    __m256i front = _mm256_sllv_epi64(_mm256_and_si256(codes, first), second);
    return (rice_words_v3){_mm256_or_si256(front, _mm256_srli_epi64(codes, 32)),
                           _mm256_add_epi64(_mm256_and_si256(nbits, first), second)};
}

/* The first word of each half, followed by the second one. */
RF_TARGET_V3 static ALWAYS_INLINE rice_words_v3 rice_fours_v3(rice_words_v3 twos)
{
    __m256i second = _mm256_unpackhi_epi64(twos.nbits, twos.nbits);
    __m256i front = _mm256_sllv_epi64(twos.words, second);
    return (rice_words_v3){_mm256_or_si256(front, _mm256_unpackhi_epi64(twos.words, twos.words)),
                           _mm256_add_epi64(twos.nbits, second)};
}

/* Appends n <= 56 bits to a stream whose window holds up to 7 bits not stored yet, before and after. */
RF_TARGET_V3 static ALWAYS_INLINE void rice_append_v3(rf_bits_out *out, uint64_t word, uint64_t n)
{
    out->window |= word << ((64 - n) & 63) >> out->have;
    rf_store64(out->next, out->window);
    unsigned have = out->have + (unsigned)n;
    out->next += have >> 3;
    out->window <<= have & ~7u;
    out->have = have & 7;
}

/* Appends the two words of rice_fours_v3, if neither has more than 56 bits. */
RF_TARGET_V3 static ALWAYS_INLINE bool rice_append_fours_v3(rf_bits_out *out, rice_words_v3 fours)
{
    uint64_t front = (uint64_t)_mm256_extract_epi64(fours.nbits, 0);
    uint64_t back = (uint64_t)_mm256_extract_epi64(fours.nbits, 2);
    if (front > 56 || back > 56) return false;
    rice_append_v3(out, (uint64_t)_mm256_extract_epi64(fours.words, 0), front);
    rice_append_v3(out, (uint64_t)_mm256_extract_epi64(fours.words, 2), back);
    return true;
}

/* Appends the four words of rice_twos_v3, if none has more than 56 bits. */
RF_TARGET_V3 static ALWAYS_INLINE bool rice_append_twos_v3(rf_bits_out *out, rice_words_v3 twos)
{
    uint64_t words[4], nbits[4];
    _mm256_storeu_si256((void *)words, twos.words);
    _mm256_storeu_si256((void *)nbits, twos.nbits);
    if (nbits[0] > 56 || nbits[1] > 56 || nbits[2] > 56 || nbits[3] > 56) return false;
    for (int i = 0; i < 4; i++) rice_append_v3(out, words[i], nbits[i]);
    return true;
}

RF_TARGET_V3 static ALWAYS_INLINE size_t rice_put_eights_v3(rf_bits_out *stream, const void *src, size_t width,
                                                            size_t npix, unsigned fs, uint32_t before)
{
    enum {
        GROUP_NBYTES = 32, /* bytes that the words of eight pixels span */
        LONG_FS = 11       /* the least fs at which codes are joined in pairs only */
    };
    rf_bits_out out = *stream; /* stays in registers, bits at the top of its window, whole bytes of them stored */
    if (npix < 8 || out.end - out.next < 4 + GROUP_NBYTES) return 0;
    out.window = out.have ? out.window << (64 - out.have) : 0;
    rf_store32(out.next, (uint32_t)(out.window >> 32));
    out.next += out.have >> 3;
    out.window <<= out.have & ~7u;
    out.have &= 7;

    __m256i last = _mm256_set1_epi32((int)before);
    size_t i = 0;
    for (; npix - i >= 8 && out.end - out.next >= GROUP_NBYTES; i += 8) {
        __m256i pixels = rice_load_v3((const uint8_t *)src + i * width, width);
        rice_words_v3 twos = rice_twos_v3(rice_mapped_v3(pixels, last, width), fs);
        bool fits = fs < LONG_FS ? rice_append_fours_v3(&out, rice_fours_v3(twos)) : rice_append_twos_v3(&out, twos);
        if (!fits) break;
        last = pixels;
    }
    out.window = out.have ? out.window >> (64 - out.have) : 0;
    *stream = out;
    return i;
}
#endif

#endif
