/*
 * rf_rice_template.h - the Rice coder for one pixel width; rf_rice_widths.h includes it once for each.
 *
 * Needs: TARGET (function attributes), PIXEL (unsigned type of the width), SIGNED (its signed twin), SUM_TYPE (for
 * 32768 of them), NAME(verb), BITS (of a pixel), FSBITS (bits of the split number) and FSMAX (the split from which
 * differences are stored plainly).
 */

/* Decodes the next npix pixels of a block, at most PART_NPIX. */
TARGET static ALWAYS_INLINE int NAME(decode_part)(rf_bits_in *in, unsigned fs, PIXEL *dst, size_t npix, uint32_t *last)
{
    VARIANT(rice_part) part;
    int status = VARIANT(rice_codes)(in, fs, &part, npix);
    if (status != RF_OK) return status;
    size_t i = VARIANT(rice_sum)(&part, fs, dst, sizeof(PIXEL), npix, last);
    for (; i < npix; i++) {
        uint32_t mapped = VARIANT(rice_kept)(&part, i, fs) - ((uint32_t)1 << fs);
        dst[i] = (PIXEL)(*last += UNMAP(mapped));
    }
    return RF_OK;
}

/* Decodes a block of differences stored plainly. */
TARGET static NEVER_INLINE int NAME(decode_plain)(rf_bits_in *in, PIXEL *dst, size_t npix, uint32_t *last)
{
    for (size_t i = 0; i < npix; i++) {
        uint32_t mapped;
        if (!rf_bits_take(in, BITS, &mapped)) return RF_ETRUNCATED;
        dst[i] = (PIXEL)(*last += UNMAP(mapped));
    }
    return RF_OK;
}

TARGET static int NAME(decode)(rf_bits_in in, PIXEL *dst, size_t npix, size_t block)
{
    uint32_t last, code;
    if (!rf_bits_take(&in, BITS, &last)) return RF_ETRUNCATED;
    for (size_t i = 0, count; i < npix; i += count) {
        count = npix - i < block ? npix - i : block;
        if (!rf_bits_take(&in, FSBITS, &code)) return RF_ETRUNCATED;
        if (code - 1 < FSMAX) {
            for (size_t k = 0, n; k < count; k += n) {
                n = count - k < PART_NPIX ? count - k : PART_NPIX;
                int status = NAME(decode_part)(&in, code - 1, dst + i + k, n, &last);
                if (status) return status;
            }
        } else if (code == 0) {
            for (size_t k = 0; k < count; k++) dst[i + k] = (PIXEL)last;
        } else if (code == FSMAX + 1) {
            rf_bits_in copy = in; /* so that the stream itself stays in registers */
            uint32_t value = last;
            int status = NAME(decode_plain)(&copy, dst + i, count, &value);
            if (status) return status;
            in = copy;
            last = value;
        } else {
            return RF_EBADDATA;
        }
    }
    return RF_OK;
}

/* The difference to the value before, 0, -1, 1, -2, ... becoming 0, 1, 2, 3, ... */
TARGET static inline PIXEL NAME(map)(PIXEL value, PIXEL before)
{
    PIXEL difference = (PIXEL)(value - before);
    return (PIXEL)((PIXEL)(difference << 1) ^ (PIXEL)((SIGNED)difference >> (BITS - 1)));
}

/* Sum of the mapped differences of a block, part by part, so that narrow pixels are added in 32 bits. */
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

/* One Rice code: (mapped >> fs) zeros, a one, the low fs bits. */
TARGET static ALWAYS_INLINE void NAME(put)(rf_bits_out *out, uint32_t mapped, unsigned fs)
{
    uint32_t one = (uint32_t)1 << fs, zeros = mapped >> fs;
    for (; zeros > 31 - fs; zeros -= zeros < 32 ? zeros : 32) rf_bits_put(out, 0, zeros < 32 ? zeros : 32);
    rf_bits_put(out, one | (mapped & (one - 1)), zeros + 1 + fs);
}

/* Writes a block of Rice codes: eight by eight, and the remaining ones one by one. */
TARGET static void NAME(encode_block)(rf_bits_out *out, const PIXEL *src, size_t npix, unsigned fs, PIXEL before)
{
    for (size_t i = 0; i < npix;) {
        size_t n = VARIANT(rice_put_eights)(out, src + i, sizeof(PIXEL), npix - i, fs, before);
        if (n) before = src[i + n - 1];
        i += n;
        for (size_t stop = npix - i < 8 ? npix : i + 8; i < stop; i++) {
            NAME(put)(out, NAME(map)(src[i], before), fs);
            before = src[i];
        }
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
