/* GZIP_1 and GZIP_2: FITS Standard 4.0, section 10.4.2. */
#include <string.h>

#include "codecs/rf_codec.h"
#include "pixels/rf_pixels.h"

/* The BITPIX of numbers of this many bytes, floats or integers; 0 if there is none. */
static int bitpix_of_width(size_t width, bool is_float)
{
    if (width == 4 || width == 8) return is_float ? -(int)(8 * width) : (int)(8 * width);
    return (width == 1 || width == 2) && !is_float ? (int)(8 * width) : 0;
}

/* Inflates to w->bytes, or to `target` if given, which has the expected size; *width is that of the numbers found. */
static int inflate_numbers(rf_worker *w, size_t n, size_t expected, const uint8_t *src, size_t src_len, void *target,
                           uint8_t **bytes, size_t *width)
{
    size_t got = 0, cap = n * expected;
    *bytes = target ? target : rf_reserve(&w->bytes, cap);
    if (!*bytes) return RF_ENOMEM;
    int status = rf_gzip_decode_with(&w->gzip, src, src_len, *bytes, cap, &got);
    if (status == RF_ENOSPACE && expected < 8) {
        cap = n * 8;
        if (!(*bytes = rf_reserve(&w->bytes, cap))) return RF_ENOMEM;
        status = rf_gzip_decode_with(&w->gzip, src, src_len, *bytes, cap, &got);
    }
    if (status == RF_ENOSPACE || (status == RF_OK && (got == 0 || got % n))) return RF_ESIZE;
    *width = got / n;
    return status;
}

static int gunzip(rf_worker *w, const rf_coder *coder, bool planes, size_t n, const uint8_t *src, size_t src_len,
                  void *target, int target_bitpix, rf_values *out)
{
    uint8_t *bytes;
    size_t width;
    int bitpix = coder->bitpix;
    void *direct = target && target_bitpix == bitpix && !planes ? target : NULL;
    int status = inflate_numbers(w, n, rf_width(bitpix), src, src_len, direct, &bytes, &width);
    if (status != RF_OK) return status;
    int found = bitpix_of_width(width, bitpix < 0);
    if (found == 0) return RF_ESIZE;
    if (direct && bytes == direct && found != bitpix) { /* not the type that the target holds, so move them out again */
        if (!(bytes = rf_reserve(&w->bytes, n * width))) return RF_ENOMEM;
        memcpy(bytes, direct, n * width);
    }
    if (planes) {
        if (!rf_codec_target(w, n, found, target, target_bitpix, out)) return RF_ENOMEM;
        rf_planes_join(bytes, n, width, out->data);
    } else {
        *out = (rf_values){bytes, found};
        rf_reorder(bytes, n, width);
    }
    return RF_OK;
}

static int gzip1_decode(rf_worker *w, const rf_coder *coder, const rf_extent *extent, const uint8_t *src,
                        size_t src_len, void *target, int target_bitpix, rf_values *out)
{
    return gunzip(w, coder, false, extent->n, src, src_len, target, target_bitpix, out);
}

static int gzip2_decode(rf_worker *w, const rf_coder *coder, const rf_extent *extent, const uint8_t *src,
                        size_t src_len, void *target, int target_bitpix, rf_values *out)
{
    return gunzip(w, coder, true, extent->n, src, src_len, target, target_bitpix, out);
}

static int gzip1_encode(rf_worker *w, const rf_coder *coder, const rf_extent *extent, const void *values,
                        int nullcheck, uint8_t *dst, size_t dst_cap, size_t *dst_len)
{
    size_t width = rf_width(coder->bitpix), nbytes = extent->n * width;
    (void)nullcheck;
    if (width > 1) {
        void *bytes = rf_reserve(&w->bytes, nbytes);
        if (!bytes) return RF_ENOMEM;
        memcpy(bytes, values, nbytes);
        rf_reorder(bytes, extent->n, width);
        values = bytes;
    }
    return rf_gzip_encode_with(&w->gzip, values, nbytes, coder->gzip_level, dst, dst_cap, dst_len);
}

static int gzip2_encode(rf_worker *w, const rf_coder *coder, const rf_extent *extent, const void *values,
                        int nullcheck, uint8_t *dst, size_t dst_cap, size_t *dst_len)
{
    size_t width = rf_width(coder->bitpix), nbytes = extent->n * width;
    (void)nullcheck;
    void *bytes = rf_reserve(&w->bytes, nbytes);
    if (!bytes) return RF_ENOMEM;
    rf_planes_split(values, extent->n, width, bytes);
    return rf_gzip_encode_with(&w->gzip, bytes, nbytes, coder->gzip_level, dst, dst_cap, dst_len);
}

static size_t bound(const rf_coder *coder, const rf_extent *extent)
{
    return rf_gzip_bound(extent->n * rf_width(coder->bitpix));
}

const rf_codec_functions rf_gzip1_codec = {
    .name = "GZIP_1",
    .codec = RF_GZIP_1,
    .holds_floats = true,
    .decode = gzip1_decode,
    .encode = gzip1_encode,
    .bound = bound,
};

const rf_codec_functions rf_gzip2_codec = {
    .name = "GZIP_2",
    .codec = RF_GZIP_2,
    .holds_floats = true,
    .decode = gzip2_decode,
    .encode = gzip2_encode,
    .bound = bound,
};
