/* HCOMPRESS_1: FITS Standard 4.0, section 10.4.4. */
#include "base/rf_bytes.h"
#include "codecs/rf_codec.h"
#include "hcompress/rf_hcompress.h"
#include "pixels/rf_noise.h"

/* cfitsio transforms 8 and 16 bit integers in 32 bits, all others in 64. */
static int is_wide(const rf_coder *coder) { return coder->bitpix != 8 && coder->bitpix != 16; }

/*
 * The stream's own numbers of columns and rows, if their product is right: another writer may have arranged an
 * n-dimensional tile differently. Bytes: 2 magic, 4 rows, 4 columns.
 */
static void stream_size(const rf_extent *extent, const uint8_t *src, size_t src_len, size_t *nx, size_t *ny)
{
    *nx = extent->nx;
    *ny = extent->ny;
    if (src_len < 10) return;
    uint64_t rows = rf_load32(src + 2), columns = rf_load32(src + 6);
    if (rows == 0 || columns == 0 || rows * columns != extent->n) return;
    *nx = (size_t)columns;
    *ny = (size_t)rows;
}

static int decode(rf_worker *w, const rf_coder *coder, const rf_extent *extent, const uint8_t *src, size_t src_len,
                  void *target, int target_bitpix, rf_values *out)
{
    size_t nx, ny;
    int wide = is_wide(coder);
    stream_size(extent, src, src_len, &nx, &ny);
    size_t scratch = rf_hcompress_scratch_nbytes(nx, ny, wide);
    if (!rf_codec_target(w, extent->n, 32, target, target_bitpix, out)) return RF_ENOMEM;
    if (!rf_reserve(&w->work, scratch)) return RF_ENOMEM;
    return rf_hcompress_decode(src, src_len, out->data, nx, ny, coder->hcomp_smooth, wide, w->work.data);
}

/* The integer scale of one piece: as given, or a multiple of its noise. */
static int integer_scale(rf_worker *w, const rf_coder *coder, const rf_extent *extent, const int32_t *values,
                         int nullcheck, int *scale)
{
    float wanted = coder->hcomp_scale;
    if (wanted > 0) {
        rf_noise noise;
        size_t nbytes = rf_noise_scratch_nbytes(extent->nx, extent->ny, 8);
        if (nbytes == 0 || !rf_reserve(&w->work, nbytes)) return RF_ENOMEM;
        rf_noise_int(values, extent->nx, extent->ny, nullcheck, coder->hcomp_null, &noise, w->work.data);
        wanted = (float)(wanted * rf_noise_sigma(&noise));
    } else {
        wanted = -wanted;
    }
    if (!(wanted < 2147483647.f)) return RF_ERANGE;
    *scale = (int)(wanted + 0.5);
    return RF_OK;
}

static int encode(rf_worker *w, const rf_coder *coder, const rf_extent *extent, const void *values, int nullcheck,
                  uint8_t *dst, size_t dst_cap, size_t *dst_len)
{
    int scale, wide = is_wide(coder);
    int status = rf_codec_widened(w, values, coder->bitpix, extent->n, 32, &values);
    if (status == RF_OK) status = integer_scale(w, coder, extent, values, nullcheck, &scale);
    if (status != RF_OK) return status;
    size_t scratch = rf_hcompress_scratch_nbytes(extent->nx, extent->ny, wide);
    if (!rf_reserve(&w->work, scratch)) return RF_ENOMEM;
    return rf_hcompress_encode(values, extent->nx, extent->ny, scale, wide, dst, dst_cap, dst_len, w->work.data);
}

static size_t bound(const rf_coder *coder, const rf_extent *extent)
{
    return rf_hcompress_bound(extent->nx, extent->ny, is_wide(coder));
}

const rf_codec_functions rf_hcompress_codec = {
    .name = "HCOMPRESS_1",
    .codec = RF_HCOMPRESS_1,
    .is_inexact = true,
    .decode = decode,
    .encode = encode,
    .bound = bound,
};
