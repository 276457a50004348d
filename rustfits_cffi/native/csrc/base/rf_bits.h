/*
 * rf_bits.h - bit streams, most significant bit first, over bounded buffers: inline pieces of the integer codecs.
 *
 * Both ends keep a 64-bit window in registers and touch memory a word at a time; neither ever touches a byte outside
 * its buffer.
 */
#ifndef RF_BITS_H
#define RF_BITS_H

#include "base/rf_bytes.h"

typedef struct {
    uint64_t window;     /* the next bits, left-justified; those after `have` are lookahead, or zero at the end */
    unsigned have;       /* bits of the window already counted: 0..63 */
    const uint8_t *next; /* the first byte not counted yet */
    const uint8_t *end;
} rf_bits_in;

typedef struct {
    uint64_t window; /* the last `have` bits are not stored yet */
    unsigned have;   /* 0..31 between calls */
    bool full;       /* a word did not fit: everything after it is lost */
    uint8_t *next;
    uint8_t *end;
} rf_bits_out;

/* Afterwards the window has at least 56 bits, or all that the buffer has. */
static inline void rf_bits_refill(rf_bits_in *in)
{
    if (in->end - in->next >= 8) {
        /* loads bits beyond the counted ones: the next refill ORs the same bits to the same position */
        in->window |= rf_load64(in->next) >> in->have;
        in->next += (63 - in->have) >> 3;
        in->have |= 56;
        return;
    }
    while (in->have < 56 && in->next < in->end) {
        in->window |= (uint64_t)*in->next++ << (56 - in->have);
        in->have += 8;
    }
}

/* Drops n bits, n <= have. */
static inline void rf_bits_skip(rf_bits_in *in, unsigned n)
{
    in->window <<= n;
    in->have -= n;
}

/* *value = the next n bits, 1 <= n <= 32; false at the end of the buffer. */
static inline bool rf_bits_take(rf_bits_in *in, unsigned n, uint32_t *value)
{
    if (in->have < n) rf_bits_refill(in);
    if (in->have < n) return false;
    *value = (uint32_t)(in->window >> (64 - n));
    rf_bits_skip(in, n);
    return true;
}

/* Appends the low n bits of value, n <= 32; the higher bits of value must be 0. */
static inline void rf_bits_put(rf_bits_out *out, uint32_t value, unsigned n)
{
    out->window = out->window << n | value;
    out->have += n;
    if (out->have < 32) return;
    out->have -= 32;
    if (out->end - out->next < 4) {
        out->full = true;
        return;
    }
    rf_store32(out->next, (uint32_t)(out->window >> out->have));
    out->next += 4;
}

/* Pads with zeros to a whole byte and stores it; false if anything did not fit. */
static inline bool rf_bits_finish(rf_bits_out *out)
{
    if (out->have & 7) rf_bits_put(out, 0, 8 - (out->have & 7));
    while (out->have && out->next < out->end) {
        out->have -= 8;
        *out->next++ = (uint8_t)(out->window >> out->have);
    }
    return !out->full && !out->have;
}

#endif
