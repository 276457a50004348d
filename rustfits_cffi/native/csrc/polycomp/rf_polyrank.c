/* Sorts coefficients: one pass into buckets of an eighth of an octave, then each bucket by itself. */
#include "polycomp/rf_polyrank.h"

#include <string.h>

enum {
    NBUCKETS = 128,     /* 16 octaves from the largest down; the last bucket takes everything smaller */
    BUCKET_SHIFT = 49,  /* leaves a double's exponent and three bits of its fraction */
    MAX_INSERTION = 48
};

static void insertion_sort(uint64_t *keys, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        const uint64_t key = keys[i];
        size_t at = i;
        for (; at > 0 && keys[at - 1] < key; at--) keys[at] = keys[at - 1];
        keys[at] = key;
    }
}

/* Lets keys[at] sink in a heap with the smallest key on top. */
static void sink(uint64_t *keys, size_t n, size_t at)
{
    const uint64_t key = keys[at];

    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= n) break;
        if (child + 1 < n && keys[child + 1] < keys[child]) child++;
        if (key <= keys[child]) break;
        keys[at] = keys[child];
        at = child;
    }
    keys[at] = key;
}

static void heap_sort(uint64_t *keys, size_t n)
{
    for (size_t at = n / 2; at-- > 0;) sink(keys, n, at);
    while (n > 1) {
        const uint64_t smallest = keys[0];
        keys[0] = keys[--n];
        keys[n] = smallest;
        sink(keys, n, 0);
    }
}

void rf_poly_rank(const double *c, size_t n, uint64_t *keys, uint16_t *order)
{
    uint32_t begin[NBUCKETS + 1] = {0};
    uint64_t *const sorted = keys + n;
    uint64_t most = 0;

    for (size_t j = 0; j < n; j++) {
        uint64_t bits;
        memcpy(&bits, &c[j], sizeof bits);
        bits = (bits << 1 >> 1) & ~(uint64_t)0xffff; /* magnitudes of doubles sort as integers */
        keys[j] = bits | (0xffff - j);
        if (bits > most) most = bits;
    }
    most >>= BUCKET_SHIFT;
#define BUCKET(key) (most - ((key) >> BUCKET_SHIFT) < NBUCKETS ? most - ((key) >> BUCKET_SHIFT) : NBUCKETS - 1)
    for (size_t j = 0; j < n; j++) begin[BUCKET(keys[j]) + 1]++;
    for (size_t b = 0; b < NBUCKETS; b++) begin[b + 1] += begin[b];
    for (size_t j = 0; j < n; j++) sorted[begin[BUCKET(keys[j])]++] = keys[j]; /* begin[b] ends where b + 1 begins */
#undef BUCKET
    for (size_t b = 0, first = 0; b < NBUCKETS; first = begin[b++]) {
        if (begin[b] - first <= MAX_INSERTION) insertion_sort(sorted + first, begin[b] - first);
        else heap_sort(sorted + first, begin[b] - first);
    }
    for (size_t i = 0; i < n; i++) order[i] = (uint16_t)(0xffff - (sorted[i] & 0xffff));
}
