/* PLIO_1: FITS Standard 4.0, section 10.4.3. */
#include "codecs/rf_codec.h"
#include "plio/rf_plio.h"

static int decode(rf_worker *w, const rf_coder *coder, const rf_extent *extent, const uint8_t *src, size_t src_len,
                  void *target, int target_bitpix, rf_values *out)
{
    int32_t *values = rf_codec_target(w, extent->n, 32, target, target_bitpix, out), shift = coder->plio_shift;
    if (!values) return RF_ENOMEM;
    int status = rf_plio_decode(src, src_len, values, extent->n);
    if (status == RF_OK && shift) { /* a damaged list may hold any integer, so the difference wraps */
        for (size_t i = 0; i < extent->n; i++) values[i] = (int32_t)((uint32_t)values[i] - (uint32_t)shift);
    }
    return status;
}

static int encode(rf_worker *w, const rf_coder *coder, const rf_extent *extent, const void *values, int nullcheck,
                  uint8_t *dst, size_t dst_cap, size_t *dst_len)
{
    int32_t shift = coder->plio_shift;
    (void)nullcheck;
    if (shift && coder->bitpix != 16) return RF_EARGUMENT;
    int status = rf_codec_widened(w, values, coder->bitpix, extent->n, 32, &values);
    if (status != RF_OK) return status;
    if (shift) { /* 16-bit numbers, which were widened into our own scratch */
        int32_t *shifted = w->widened.data;
        for (size_t i = 0; i < extent->n; i++) shifted[i] += shift;
    }
    return rf_plio_encode(values, extent->n, coder->plio_allow_lossy, dst, dst_cap, dst_len);
}

static size_t bound(const rf_coder *coder, const rf_extent *extent)
{
    (void)coder;
    return rf_plio_bound(extent->n);
}

const rf_codec_functions rf_plio_codec = {
    .name = "PLIO_1",
    .codec = RF_PLIO_1,
    .decode = decode,
    .encode = encode,
    .bound = bound,
};
