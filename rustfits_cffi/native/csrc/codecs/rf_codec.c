/* Code that the codecs share. */
#include "codecs/rf_codec.h"

#include "pixels/rf_pixels.h"

void *rf_codec_target(rf_worker *w, size_t n, int bitpix, void *target, int target_bitpix, rf_values *out)
{
    out->bitpix = bitpix;
    out->data = target && bitpix == target_bitpix ? target : rf_reserve(&w->values, n * rf_width(bitpix));
    return out->data;
}

int rf_codec_widened(rf_worker *w, const void *values, int bitpix, size_t n, int wanted, const void **out)
{
    *out = values;
    if (bitpix == wanted) return RF_OK;
    void *widened = rf_reserve(&w->widened, n * rf_width(wanted));
    if (!widened) return RF_ENOMEM;
    *out = widened;
    return rf_ints(values, bitpix, n, widened, wanted, false);
}
