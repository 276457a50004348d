/* Gzip members of one tile, and the byte planes of GZIP_2. */
#include "deflate/rf_gzip.h"

#include <libdeflate.h>
#include <string.h>
#include <zutil.h> /* OS_CODE: the number by which zlib names this system in a gzip header */

#include "base/rf_bytes.h"
#include "base/rf_cpu.h"
#include "deflate/rf_deflate.h"

size_t rf_gzip_bound(size_t src_len)
{
    /* zlib's own deflateBound for windowBits 15, memLevel 8, plus the gzip wrapper */
    return src_len + (src_len >> 12) + (src_len >> 14) + (src_len >> 25) + 128;
}

enum { HEADER_NBYTES = 10, TRAILER_NBYTES = 8 };

/* The ten bytes in front of the deflated data, as zlib writes them for windowBits 31. */
static void put_header(uint8_t *dst, int level)
{
    const uint8_t header[HEADER_NBYTES] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, level == 9 ? 2 : level < 2 ? 4 : 0, OS_CODE};
    memcpy(dst, header, HEADER_NBYTES);
}

int rf_gzip_encode_with(rf_gzip *state, const void *src, size_t src_len, int level, uint8_t *dst, size_t dst_cap,
                        size_t *dst_len)
{
    if (level < 0 || level > 9 || src_len > UINT32_MAX) return RF_EARGUMENT;
    if (dst_cap < HEADER_NBYTES + TRAILER_NBYTES) return RF_ENOSPACE;
    if (!state->deflater) state->deflater = rf_deflate_new();
    if (!state->deflater) return RF_ENOMEM;
    size_t capacity = dst_cap - HEADER_NBYTES - TRAILER_NBYTES, nbytes;
    int status = rf_deflate_encode(state->deflater, src, src_len, level, dst + HEADER_NBYTES, capacity, &nbytes);
    if (status != RF_OK) return status;
    put_header(dst, level);
    uint8_t *trailer = dst + HEADER_NBYTES + nbytes;
    rf_put_little32(trailer, libdeflate_crc32(0, src, src_len));
    rf_put_little32(trailer + 4, (uint32_t)src_len);
    *dst_len = HEADER_NBYTES + nbytes + TRAILER_NBYTES;
    return RF_OK;
}

int rf_gzip_decode_with(rf_gzip *state, const uint8_t *src, size_t src_len, void *dst, size_t dst_cap,
                        size_t *dst_len)
{
    if (!state->inflater) state->inflater = libdeflate_alloc_decompressor();
    if (!state->inflater) return RF_ENOMEM;
    switch (libdeflate_gzip_decompress(state->inflater, src, src_len, dst, dst_cap, dst_len)) {
    case LIBDEFLATE_SUCCESS: return RF_OK;
    case LIBDEFLATE_INSUFFICIENT_SPACE: return RF_ENOSPACE;
    default: return RF_EBADDATA;
    }
}

void rf_gzip_end(rf_gzip *state)
{
    if (state->inflater) libdeflate_free_decompressor(state->inflater);
    rf_deflate_free(state->deflater);
    memset(state, 0, sizeof *state);
}

int rf_gzip_encode(const void *src, size_t src_len, int level, uint8_t *dst, size_t dst_cap, size_t *dst_len)
{
    rf_gzip state = {0};
    int status = rf_gzip_encode_with(&state, src, src_len, level, dst, dst_cap, dst_len);
    rf_gzip_end(&state);
    return status;
}

int rf_zlib_encode(const void *src, size_t src_len, int level, uint8_t *dst, size_t dst_cap, size_t *dst_len)
{
    enum { HEAD_NBYTES = 2, CHECK_NBYTES = 4 };
    if (dst_cap < HEAD_NBYTES + CHECK_NBYTES) return RF_ENOSPACE;
    rf_deflate *deflater = rf_deflate_new();
    if (!deflater) return RF_ENOMEM;
    size_t capacity = dst_cap - HEAD_NBYTES - CHECK_NBYTES, nbytes;
    int status = rf_deflate_encode(deflater, src, src_len, level, dst + HEAD_NBYTES, capacity, &nbytes);
    rf_deflate_free(deflater);
    if (status != RF_OK) return status;
    /* deflate with a window of 32 kB, the effort made, and the check bits that make both divisible by 31 */
    unsigned head = 0x7800 | (level < 2 ? 0u : level < 6 ? 1u : level == 6 ? 2u : 3u) << 6;
    rf_store16(dst, (uint16_t)(head + 31 - head % 31));
    rf_store32(dst + HEAD_NBYTES + nbytes, libdeflate_adler32(1, src, src_len));
    *dst_len = HEAD_NBYTES + nbytes + CHECK_NBYTES;
    return RF_OK;
}

int rf_gzip_decode(const uint8_t *src, size_t src_len, void *dst, size_t dst_cap, size_t *dst_len)
{
    rf_gzip state = {0};
    int status = rf_gzip_decode_with(&state, src, src_len, dst, dst_cap, dst_len);
    rf_gzip_end(&state);
    return status;
}

/* Makes planes by shifting the native number, so that the byte order needs no pass of its own. */
#define PLANES(width, type)                                                                                           \
    RF_CLONES static void split##width(const type *restrict v, size_t n, uint8_t *restrict dst)                       \
    {                                                                                                                 \
        for (size_t b = 0; b < width; b++) {                                                                          \
            uint8_t *restrict plane = dst + b * n;                                                                    \
            for (size_t i = 0; i < n; i++) plane[i] = (uint8_t)(v[i] >> 8 * (width - 1 - b));                         \
        }                                                                                                             \
    }
PLANES(2, uint16_t)
PLANES(4, uint32_t)
PLANES(8, uint64_t)

RF_CLONES static void join2(const uint8_t *restrict p, size_t n, uint16_t *restrict v)
{
    for (size_t i = 0; i < n; i++) v[i] = (uint16_t)(p[i] << 8 | p[n + i]);
}

RF_CLONES static void join4(const uint8_t *restrict p, size_t n, uint32_t *restrict v)
{
    const uint8_t *q = p + n, *r = q + n, *s = r + n;
    for (size_t i = 0; i < n; i++) v[i] = (uint32_t)p[i] << 24 | (uint32_t)q[i] << 16 | (uint32_t)r[i] << 8 | s[i];
}

RF_CLONES static void join8(const uint8_t *restrict p, size_t n, uint64_t *restrict v)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t high = (uint32_t)p[i] << 24 | (uint32_t)p[n + i] << 16 | (uint32_t)p[2 * n + i] << 8 | p[3 * n + i];
        uint32_t low = (uint32_t)p[4 * n + i] << 24 | (uint32_t)p[5 * n + i] << 16 | (uint32_t)p[6 * n + i] << 8 |
                       p[7 * n + i];
        v[i] = (uint64_t)high << 32 | low;
    }
}

void rf_planes_split(const void *src, size_t n, size_t width, uint8_t *dst)
{
    if (width == 1) memcpy(dst, src, n);
    if (width == 2) split2(src, n, dst);
    if (width == 4) split4(src, n, dst);
    if (width == 8) split8(src, n, dst);
}

void rf_planes_join(const uint8_t *src, size_t n, size_t width, void *dst)
{
    if (width == 1) memcpy(dst, src, n);
    if (width == 2) join2(src, n, dst);
    if (width == 4) join4(src, n, dst);
    if (width == 8) join8(src, n, dst);
}
