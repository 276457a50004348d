/* Rice coding for pixels of 1, 2 and 4 bytes: one body, three widths. */
#include "rice/rf_rice.h"

#include "base/rf_bits.h"
#include "base/rf_cpu.h"
#include "rice/rf_rice_part.h"
#include "rice/rf_rice_put.h"

/* How many low bits of each value are stored plainly, from the mean: White's rule without floating point. */
static inline unsigned rice_split(uint64_t sum, size_t npix)
{
    uint64_t less = npix / 2 + 1;
    uint64_t excess = sum > less ? sum - less : 0;
    uint64_t mean = (excess | npix) >> 32 ? excess / npix : (uint32_t)excess / (uint32_t)npix;
    mean >>= 1;
    return mean ? 64 - (unsigned)__builtin_clzll(mean) : 0;
}

#define TARGET
#define VARIANT(name) name
#define LEADING_ZEROS(window) ((unsigned)__builtin_clzll((window) | 1))
#include "rice/rf_rice_widths.h"
#undef TARGET
#undef VARIANT
#undef LEADING_ZEROS

#if RF_CPU_X86
/* The same for processors with lzcnt and shlx, which decode 1,000 instead of 450 Mpixel/s. */
#define TARGET RF_TARGET_V3
#define VARIANT(name) name##_v3
#define LEADING_ZEROS(window) ((unsigned)_lzcnt_u64(window))
#include "rice/rf_rice_widths.h"
#undef TARGET
#undef VARIANT
#undef LEADING_ZEROS
#endif

static bool is_known(int width, size_t block)
{
    return (width == 1 || width == 2 || width == 4) && block > 0;
}

int rf_rice_decode(const uint8_t *src, size_t src_len, void *dst, size_t npix, int width, size_t block)
{
    if (!is_known(width, block)) return RF_EARGUMENT;
    if (!npix) return RF_OK;
    rf_bits_in in = {.next = src, .end = src + src_len};
#if RF_CPU_X86
    if (rf_cpu_is_v3()) return rice_decode_v3(in, dst, npix, width, block);
#endif
    return rice_decode(in, dst, npix, width, block);
}

int rf_rice_encode(const void *src, size_t npix, int width, size_t block, uint8_t *dst, size_t dst_cap,
                   size_t *dst_len)
{
    *dst_len = 0;
    if (!is_known(width, block)) return RF_EARGUMENT;
    if (!npix) return RF_OK;
    rf_bits_out out = {.next = dst, .end = dst + dst_cap};
    uint8_t *stop;
    bool stored;
#if RF_CPU_X86
    if (rf_cpu_is_v3())
        stored = rice_encode_v3(out, src, npix, width, block, &stop);
    else
#endif
        stored = rice_encode(out, src, npix, width, block, &stop);
    if (!stored) return RF_ENOSPACE;
    *dst_len = (size_t)(stop - dst);
    return RF_OK;
}

size_t rf_rice_bound(size_t npix, int width, size_t block)
{
    if (!is_known(width, block)) return SIZE_MAX;
    if (npix > SIZE_MAX / 16) return SIZE_MAX;
    /*
     * The first pixel, then per block its split number and at most the plain pixels: a split of fs means that the sum
     * is below 2^(fs+1) (npix + npix/2^(fs+2)), so for the largest splits the zeros take 2 bits per pixel and, with 8
     * bits, one more per 64 pixels.
     */
    size_t nblocks = (npix - (npix != 0)) / block + 1;
    return (size_t)width * (npix + 1) + (nblocks * 6 + npix / 32) / 8 + 8;
}
