/* Run lengths of integers, plain and of differences. All arithmetic is unsigned: it wraps as the format asks. */
#include "rf_polycomp.h"
#include "rf_polyfault.h"
#include "rf_polyvec.h"

#define VALUE uint8_t
#define NAME(stem) stem##8
#include "rf_polyrle_template.h"
#define VALUE uint16_t
#define NAME(stem) stem##16
#include "rf_polyrle_template.h"
#define VALUE uint32_t
#define NAME(stem) stem##32
#include "rf_polyrle_template.h"
#define VALUE uint64_t
#define NAME(stem) stem##64
#include "rf_polyrle_template.h"

int rf_polyrle_encode(const void *src, size_t n, int width, int diff, uint64_t max_count, void *dst, size_t *dst_len)
{
    const uint64_t most = width == 8 ? UINT64_MAX : ((uint64_t)1 << (8 * (width & 7))) - 1;

    if (max_count == 0 || max_count > most) return RF_EARGUMENT;
    switch (width) {
    case 1: *dst_len = encode8(src, n, diff, max_count, dst); return RF_OK;
    case 2: *dst_len = encode16(src, n, diff, max_count, dst); return RF_OK;
    case 4: *dst_len = encode32(src, n, diff, max_count, dst); return RF_OK;
    case 8: *dst_len = encode64(src, n, diff, max_count, dst); return RF_OK;
    default: return RF_EARGUMENT;
    }
}

int rf_polyrle_check(const void *src, size_t len, int width, int is_signed, int diff, uint64_t n, rf_polyfault *fault)
{
    switch (width) {
    case 1: return check8(src, len, is_signed, diff, n, fault);
    case 2: return check16(src, len, is_signed, diff, n, fault);
    case 4: return check32(src, len, is_signed, diff, n, fault);
    case 8: return check64(src, len, is_signed, diff, n, fault);
    default: return RF_EARGUMENT;
    }
}

int rf_polyrle_decode(const void *src, size_t len, int width, int diff, size_t start, size_t stop, void *dst)
{
    if (start > stop) return RF_EARGUMENT;
    switch (width) {
    case 1: decode8(src, len, diff, start, stop, dst); return RF_OK;
    case 2: decode16(src, len, diff, start, stop, dst); return RF_OK;
    case 4: decode32(src, len, diff, start, stop, dst); return RF_OK;
    case 8: decode64(src, len, diff, start, stop, dst); return RF_OK;
    default: return RF_EARGUMENT;
    }
}
