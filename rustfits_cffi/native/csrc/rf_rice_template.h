/*
 * rf_rice_template.h - the Rice coder for one pixel width; rf_rice_widths.h includes it once for each.
 *
 * Needs: TARGET (function attributes), PIXEL (unsigned type of the width), SIGNED (its signed twin), SUM_TYPE (for
 * 32768 of them), NAME(verb), BITS (of a pixel), FSBITS (bits of the split number) and FSMAX (the split from which
 * differences are stored plainly).
 */

/* One value of any length, at any distance from the end. */
TARGET static int NAME(decode_long)(rf_bits_in *in, unsigned fs, uint32_t *mapped)
{
    uint32_t zeros = 0, low = 0;
    for (;;) {
        if (in->have < 32) rf_bits_refill(in);
        if (!in->have) return RF_ETRUNCATED;
        unsigned run = in->window ? (unsigned)__builtin_clzll(in->window) : 64;
        if (run < in->have) {
            zeros += run;
            rf_bits_skip(in, run + 1);
            break;
        }
        zeros += in->have;
        rf_bits_skip(in, in->have);
    }
    if (fs && !rf_bits_take(in, fs, &low)) return RF_ETRUNCATED;
    *mapped = zeros << fs | low;
    return RF_OK;
}

/*
 * A block of Rice codes. The window is filled once for `group` values, which all fit 56 bits if none has more than
 * SHORT_ZEROS zeros; a longer one, and the last bytes of the stream, go through decode_long.
 */
TARGET static ALWAYS_INLINE int NAME(decode_block)(rf_bits_in *in, PIXEL *dst, size_t npix, unsigned fs,
                                                   unsigned group, PIXEL *last)
{
    PIXEL value = *last;
    PIXEL *const stop = dst + npix;
    rf_bits_in quick = *in; /* a copy whose address nobody takes, so that it stays in registers */
    while (dst < stop) {
        while ((size_t)(stop - dst) >= group && quick.end - quick.next >= 8) {
            rf_bits_refill(&quick);
            uint64_t window = quick.window;
            unsigned zeros_used = 0, k;
            for (k = 0; k < group; k++) {
                if (window >> (63 - SHORT_ZEROS) == 0) break;
                unsigned zeros = (unsigned)__builtin_clzll(window);
                window <<= zeros;
                /* the leading one stands for 1 << fs: taking it off the zeros saves masking it out */
                uint32_t mapped = ((zeros - 1) << fs) + (uint32_t)(window >> (63 - fs));
                window <<= fs + 1;
                zeros_used += zeros;
                value = (PIXEL)(value + UNMAP(mapped));
                dst[k] = value;
            }
            dst += k;
            quick.window = window;
            quick.have -= zeros_used + k * (fs + 1);
            if (k < group) break;
        }
        if (dst == stop) break;
        uint32_t mapped;
        *in = quick;
        int status = NAME(decode_long)(in, fs, &mapped);
        if (status) return status;
        quick = *in;
        value = (PIXEL)(value + UNMAP(mapped));
        *dst++ = value;
    }
    *in = quick;
    *last = value;
    return RF_OK;
}

/* Functions of their own: one body with all three needs more registers than there are. */
TARGET static NEVER_INLINE int NAME(decode_block4)(rf_bits_in *in, PIXEL *dst, size_t npix, unsigned fs, PIXEL *last)
{
    return NAME(decode_block)(in, dst, npix, fs, 4, last);
}

TARGET static NEVER_INLINE int NAME(decode_block2)(rf_bits_in *in, PIXEL *dst, size_t npix, unsigned fs, PIXEL *last)
{
    return NAME(decode_block)(in, dst, npix, fs, 2, last);
}

TARGET static NEVER_INLINE int NAME(decode_block1)(rf_bits_in *in, PIXEL *dst, size_t npix, unsigned fs, PIXEL *last)
{
    return NAME(decode_block)(in, dst, npix, fs, 1, last);
}

/* A block of differences stored plainly. */
TARGET static int NAME(decode_plain)(rf_bits_in *in, PIXEL *dst, size_t npix, PIXEL *last)
{
    for (size_t i = 0; i < npix; i++) {
        uint32_t mapped;
        if (!rf_bits_take(in, BITS, &mapped)) return RF_ETRUNCATED;
        *last = (PIXEL)(*last + UNMAP(mapped));
        dst[i] = *last;
    }
    return RF_OK;
}

TARGET static int NAME(decode)(rf_bits_in stream, PIXEL *dst, size_t npix, size_t block)
{
    rf_bits_in *in = &stream;
    uint32_t code;
    if (!rf_bits_take(in, BITS, &code)) return RF_ETRUNCATED;
    PIXEL last = (PIXEL)code;
    for (size_t i = 0, count; i < npix; i += count) {
        count = npix - i < block ? npix - i : block;
        if (!rf_bits_take(in, FSBITS, &code)) return RF_ETRUNCATED;
        int status = RF_OK;
        if (code == 0) {
            for (size_t k = 0; k < count; k++) dst[i + k] = last;
        } else if (code > FSMAX) {
            status = code == FSMAX + 1 ? NAME(decode_plain)(in, dst + i, count, &last) : RF_EBADDATA;
        } else if (code - 1 <= MAX_SPLIT_OF_4) {
            status = NAME(decode_block4)(in, dst + i, count, code - 1, &last);
        } else if (code - 1 <= MAX_SPLIT_OF_2) {
            status = NAME(decode_block2)(in, dst + i, count, code - 1, &last);
        } else {
            status = NAME(decode_block1)(in, dst + i, count, code - 1, &last);
        }
        if (status) return status;
    }
    return RF_OK;
}

/* The difference to the value before, 0, -1, 1, -2, ... becoming 0, 1, 2, 3, ... */
TARGET static inline PIXEL NAME(map)(PIXEL value, PIXEL before)
{
    PIXEL difference = (PIXEL)(value - before);
    return (PIXEL)((PIXEL)(difference << 1) ^ (PIXEL)((SIGNED)difference >> (BITS - 1)));
}

/* Sum of the mapped differences of a block; part by part, so that narrow pixels are summed in 32 bits. */
TARGET static uint64_t NAME(sum)(const PIXEL *src, size_t npix, PIXEL before)
{
    uint64_t sum = NAME(map)(src[0], before);
    for (size_t start = 1, stop; start < npix; start = stop) {
        stop = npix - start > 32768 ? start + 32768 : npix;
        SUM_TYPE part = 0;
        for (size_t i = start; i < stop; i++) part += NAME(map)(src[i], src[i - 1]);
        sum += part;
    }
    return sum;
}

/* A block of Rice codes: (mapped >> fs) zeros, a one, the low fs bits. */
TARGET static void NAME(encode_block)(rf_bits_out *out, const PIXEL *src, size_t npix, unsigned fs, PIXEL before)
{
    uint32_t one = (uint32_t)1 << fs;
    for (size_t i = 0; i < npix; i++) {
        uint32_t mapped = NAME(map)(src[i], before);
        uint32_t zeros = mapped >> fs;
        before = src[i];
        for (; zeros > 31 - fs; zeros -= zeros < 32 ? zeros : 32) rf_bits_put(out, 0, zeros < 32 ? zeros : 32);
        rf_bits_put(out, one | (mapped & (one - 1)), zeros + 1 + fs);
    }
}

TARGET static bool NAME(encode)(rf_bits_out stream, const PIXEL *src, size_t npix, size_t block, uint8_t **stop)
{
    rf_bits_out *out = &stream;
    PIXEL before = src[0];
    rf_bits_put(out, before, BITS);
    for (size_t i = 0, count; i < npix && !out->full; i += count) {
        count = npix - i < block ? npix - i : block;
        uint64_t sum = NAME(sum)(src + i, count, before);
        unsigned fs = rice_split(sum, count);
        if (fs >= FSMAX) {
            rf_bits_put(out, FSMAX + 1, FSBITS);
            for (size_t k = 0; k < count; k++) {
                rf_bits_put(out, NAME(map)(src[i + k], k ? src[i + k - 1] : before), BITS);
            }
        } else if (sum == 0) {
            rf_bits_put(out, 0, FSBITS);
        } else {
            rf_bits_put(out, fs + 1, FSBITS);
            NAME(encode_block)(out, src + i, count, fs, before);
        }
        before = src[i + count - 1];
    }
    bool stored = rf_bits_finish(out);
    *stop = out->next;
    return stored;
}
