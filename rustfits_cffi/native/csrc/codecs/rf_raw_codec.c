/* NOCOMPRESS: big-endian numbers without any coding. */
#include <string.h>

#include "base/rf_bytes.h"
#include "codecs/rf_codec.h"
#include "pixels/rf_pixels.h"

static int decode(rf_worker *w, const rf_coder *coder, const rf_extent *extent, const uint8_t *src, size_t src_len,
                  void *target, int target_bitpix, rf_values *out)
{
    size_t width = rf_width(coder->bitpix), nbytes = extent->n * width;
    if (src_len != nbytes) return src_len < nbytes ? RF_ETRUNCATED : RF_ESIZE;
    if (!rf_codec_target(w, extent->n, coder->bitpix, target, target_bitpix, out)) return RF_ENOMEM;
    memcpy(out->data, src, src_len);
    rf_reorder(out->data, extent->n, width);
    return RF_OK;
}

static int encode(rf_worker *w, const rf_coder *coder, const rf_extent *extent, const void *values, int nullcheck,
                  uint8_t *dst, size_t dst_cap, size_t *dst_len)
{
    size_t width = rf_width(coder->bitpix), n = *dst_len = extent->n * width;
    (void)w, (void)nullcheck;
    if (dst_cap < n) return RF_ENOSPACE;
    if (width == 1) memcpy(dst, values, n);
    if (width == 2) for (size_t i = 0; i < n; i += 2) rf_store16(dst + i, ((const uint16_t *)values)[i / 2]);
    if (width == 4) for (size_t i = 0; i < n; i += 4) rf_store32(dst + i, ((const uint32_t *)values)[i / 4]);
    if (width == 8) for (size_t i = 0; i < n; i += 8) rf_store64(dst + i, ((const uint64_t *)values)[i / 8]);
    return RF_OK;
}

static size_t bound(const rf_coder *coder, const rf_extent *extent) { return extent->n * rf_width(coder->bitpix); }

const rf_codec_functions rf_raw_codec = {
    .name = "NOCOMPRESS",
    .codec = RF_NOCOMPRESS,
    .is_plain = true,
    .holds_floats = true,
    .decode = decode,
    .encode = encode,
    .bound = bound,
};
