/* The sum behind DATASUM and CHECKSUM. */

#include "rf_sum.h"

#include "rf_bytes.h"

/* Fold the carries back in; what is not 0 stays so. */
static uint32_t fold(uint64_t total)
{
    while (total >> 32)
        total = (total & 0xFFFFFFFFu) + (total >> 32);
    return (uint32_t)total;
}

uint32_t rf_sum32(const uint8_t *src, size_t nbytes, uint32_t sum)
{
    const size_t nwords = nbytes / 4, run = (size_t)1 << 20; /* words of one run cannot overflow 64 bits */

    for (size_t first = 0; first < nwords; first += run) {
        const size_t n = nwords - first < run ? nwords - first : run;
        const uint8_t *words = src + 4 * first;
        uint64_t total = sum;

        for (size_t i = 0; i < n; i++)
            total += rf_load32(words + 4 * i);
        sum = fold(total);
    }
    return sum;
}
