/*
 * rf_rice_codes.h - reads Rice codes from a stream: the part that does not depend on the pixel width.
 *
 * rf_rice_widths.h includes it once for each kind of processor. Needs: TARGET (function attributes), VARIANT(name), for
 * which rf_rice_part.h has a kind of parts, and LEADING_ZEROS(window), which may be 63 or 64 for 0.
 */

/* Reads one code of any length, at any distance from the end. */
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
 * Reads codes i .. n - 1, `group` at a time, while they fit a window; returns the number of the first one left. The
 * window is filled once per group, and one check after the group finds whether all its codes were in it. The last bytes
 * of the stream are also left.
 */
TARGET static ALWAYS_INLINE size_t VARIANT(rice_short_codes)(rf_bits_in *in, unsigned fs, VARIANT(rice_part) *part,
                                                             size_t i, size_t n, unsigned group)
{
    while (n - i >= group && in->end - in->next >= 8) {
        rf_bits_refill(in);
        uint64_t window = in->window;
        unsigned nbits = group * (fs + 1);
        for (unsigned k = 0; k < group; k++) {
            /* shifted in two steps, the first parallel to the count: two steps in a row remain from code to code */
            uint64_t after_one = window << (fs + 1);
            unsigned zeros = LEADING_ZEROS(window);
            VARIANT(rice_keep_short)(part, i + k, fs, window, zeros);
            window = after_one << (zeros & 63);
            nbits += zeros;
        }
        if (nbits > 56) break; /* a full window has at least this many */
        in->window = window;
        in->have -= nbits;
        i += group;
    }
    return i;
}

/* Reads the next n codes: in groups, else one by one from a window, else by rice_keep_long. */
TARGET static ALWAYS_INLINE int VARIANT(rice_codes_by)(rf_bits_in *stream, unsigned fs, VARIANT(rice_part) *part,
                                                       size_t n, unsigned group)
{
    rf_bits_in in = *stream; /* stays in registers */
    for (size_t i = 0; i < n;) {
        i = VARIANT(rice_short_codes)(&in, fs, part, i, n, group);
        size_t stop = n - i < group ? n : i + group;
        i = VARIANT(rice_short_codes)(&in, fs, part, i, stop, 1);
        if (i == stop) continue;
        uint32_t code;
        rf_bits_in copy = in;
        int status = VARIANT(rice_long_code)(&copy, fs, &code);
        if (status) return status;
        VARIANT(rice_keep_long)(part, i++, fs, code);
        in = copy;
    }
    *stream = in;
    return RF_OK;
}

/* Reads the next n codes, in groups that rarely exceed the 56 bits of a full window. */
TARGET static ALWAYS_INLINE int VARIANT(rice_codes)(rf_bits_in *in, unsigned fs, VARIANT(rice_part) *part, size_t n)
{
    if (fs <= 3) return VARIANT(rice_codes_by)(in, fs, part, n, 8);
    if (fs <= 5) return VARIANT(rice_codes_by)(in, fs, part, n, 6);
    if (fs <= 10) return VARIANT(rice_codes_by)(in, fs, part, n, 4);
    if (fs <= 16) return VARIANT(rice_codes_by)(in, fs, part, n, 3);
    return VARIANT(rice_codes_by)(in, fs, part, n, 2);
}
