/*
 * rf_rice_codes.h - the part of Rice decoding that no pixel width changes: taking codes off a stream.
 *
 * rf_rice_widths.h includes it once for each kind of processor. Needs: TARGET (function attributes), VARIANT(name), and
 * LEADING_ZEROS(window), where 0 may have 63 of them or 64.
 *
 * A code is kept as it stands in the stream, (zeros << fs) + (1 << fs) + low bits: its leading one is taken off for a
 * whole part of a block at once.
 */

/* One code of any length, at any distance from the end. */
TARGET static NEVER_INLINE int VARIANT(rice_long_code)(rf_bits_in *in, unsigned fs, uint32_t *code)
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
    *code = ((zeros + 1) << fs) + low;
    return RF_OK;
}

/*
 * The next n codes. The window is filled once for `group` of them, and whether they were all in it is asked once, when
 * they have been taken; if not, and for the last bytes of the stream, one code goes the long way.
 */
TARGET static ALWAYS_INLINE int VARIANT(rice_codes_by)(rf_bits_in *in, unsigned fs, uint32_t *codes, size_t n,
                                                       unsigned group)
{
    size_t i = 0;
    while (i < n) {
        while (n - i >= group && in->end - in->next >= 8) {
            rf_bits_refill(in);
            uint64_t window = in->window;
            unsigned nbits = group * (fs + 1);
            for (unsigned k = 0; k < group; k++) {
                /* shifted in two steps, the first beside the count: that leaves two in a row from code to code */
                uint64_t after_one = window << (fs + 1);
                unsigned zeros = LEADING_ZEROS(window);
                codes[i + k] = (zeros << fs) + (uint32_t)(window >> ((63 - fs - zeros) & 63));
                window = after_one << (zeros & 63);
                nbits += zeros;
            }
            if (nbits > in->have) break;
            in->window = window;
            in->have -= nbits;
            i += group;
        }
        if (i == n) break;
        rf_bits_in copy = *in; /* so that the stream itself stays in registers */
        int status = VARIANT(rice_long_code)(&copy, fs, codes + i);
        if (status) return status;
        *in = copy;
        i++;
    }
    return RF_OK;
}

/* The next n codes, in groups that hardly ever have more than the 56 bits of a full window. */
TARGET static ALWAYS_INLINE int VARIANT(rice_codes)(rf_bits_in *in, unsigned fs, uint32_t *codes, size_t n)
{
    if (fs <= 3) return VARIANT(rice_codes_by)(in, fs, codes, n, 8);
    if (fs <= 9) return VARIANT(rice_codes_by)(in, fs, codes, n, 4);
    return VARIANT(rice_codes_by)(in, fs, codes, n, 2);
}
