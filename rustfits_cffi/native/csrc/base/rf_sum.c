/* The sum behind DATASUM and CHECKSUM. */

#include "base/rf_sum.h"

#include <string.h>

#include "base/rf_bytes.h"
#include "base/rf_cpu.h"

enum { RUN_NWORDS = 1 << 20 }; /* the sum of this many words fits 64 bits */

uint32_t rf_sum32_fold(uint64_t total)
{
    while (total >> 32)
        total = (total & 0xFFFFFFFFu) + (total >> 32);
    return (uint32_t)total;
}

RF_CLONES static uint64_t add_words(const uint8_t *src, size_t nwords)
{
    uint64_t total = 0;
    for (size_t i = 0; i < nwords; i++)
        total += rf_load32(src + 4 * i);
    return total;
}

uint32_t rf_sum32(const uint8_t *src, size_t nbytes, uint32_t sum)
{
    while (nbytes >= 4) {
        const size_t nwords = nbytes / 4 < RUN_NWORDS ? nbytes / 4 : RUN_NWORDS;
        sum = rf_sum32_fold(sum + add_words(src, nwords));
        src += 4 * nwords;
        nbytes -= 4 * nwords;
    }
    if (nbytes) {
        uint8_t last[4] = {0};
        memcpy(last, src, nbytes);
        sum = rf_sum32_fold((uint64_t)sum + rf_load32(last));
    }
    return sum;
}

uint32_t rf_sum32_join(uint32_t sum, uint32_t part, size_t offset)
{
    /* a byte counts a 256th one position later in its word; what leaves a word is carried around to its top */
    const unsigned shift = 8 * (offset % 4);
    const uint32_t moved = shift ? part >> shift | part << (32 - shift) : part;
    return rf_sum32_fold((uint64_t)sum + moved);
}
