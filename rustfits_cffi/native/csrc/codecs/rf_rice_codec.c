/* RICE_1: FITS Standard 4.0, section 10.4.1. */
#include "codecs/rf_codec.h"
#include "pixels/rf_pixels.h"
#include "rice/rf_rice.h"

/* Bytes per number in the stream; 0 if there is no such stream. */
static int stream_width(const rf_coder *coder)
{
    int width = coder->rice_bytepix ? coder->rice_bytepix : (int)rf_width(coder->bitpix);
    return (width == 1 || width == 2 || width == 4) && coder->rice_block > 0 ? width : 0;
}

static int decode(rf_worker *w, const rf_coder *coder, const rf_extent *extent, const uint8_t *src, size_t src_len,
                  void *target, int target_bitpix, rf_values *out)
{
    int width = stream_width(coder);
    if (width == 0) return RF_EARGUMENT;
    if (!rf_codec_target(w, extent->n, 8 * width, target, target_bitpix, out)) return RF_ENOMEM;
    return rf_rice_decode(src, src_len, out->data, extent->n, width, (size_t)coder->rice_block);
}

static int encode(rf_worker *w, const rf_coder *coder, const rf_extent *extent, const void *values, int nullcheck,
                  uint8_t *dst, size_t dst_cap, size_t *dst_len)
{
    int width = stream_width(coder);
    (void)nullcheck;
    if (width == 0) return RF_EARGUMENT;
    int status = rf_codec_widened(w, values, coder->bitpix, extent->n, 8 * width, &values);
    if (status != RF_OK) return status;
    return rf_rice_encode(values, extent->n, width, (size_t)coder->rice_block, dst, dst_cap, dst_len);
}

static size_t bound(const rf_coder *coder, const rf_extent *extent)
{
    int width = stream_width(coder);
    return width ? rf_rice_bound(extent->n, width, (size_t)coder->rice_block) : 0;
}

const rf_codec_functions rf_rice_codec = {
    .name = "RICE_1",
    .codec = RF_RICE_1,
    .stops_early = true,
    .decode = decode,
    .encode = encode,
    .bound = bound,
};
