/* One table: codec number to its functions. */
#include "codecs/rf_codecs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rf_bytes.h"
#include "hcompress/rf_hcompress.h"
#include "base/rf_memory.h"
#include "pixels/rf_noise.h"
#include "pixels/rf_pixels.h"
#include "plio/rf_plio.h"
#include "rice/rf_rice.h"

void *rf_reserve(rf_buffer *buffer, size_t nbytes)
{
    if (!buffer->data || buffer->cap < nbytes) {
        free(buffer->data);
        buffer->data = rf_alloc(nbytes);
        buffer->cap = buffer->data ? nbytes : 0;
    }
    return buffer->data;
}

void rf_worker_end(void *worker)
{
    rf_worker *w = worker;
    rf_buffer *buffers[] = {&w->coded, &w->bytes, &w->values, &w->pixels, &w->widened, &w->work};
    rf_gzip_end(&w->gzip);
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) free(buffers[i]->data);
}

size_t rf_worker_nbytes(const rf_worker *w)
{
    return sizeof *w + w->coded.cap + w->bytes.cap + w->values.cap + w->pixels.cap + w->widened.cap + w->work.cap;
}

/* Room for the numbers of a tile: the target if it fits them, else scratch. */
static void *place(rf_worker *w, size_t npix, int bitpix, void *target, int target_bitpix, rf_values *out)
{
    out->bitpix = bitpix;
    out->data = target && bitpix == target_bitpix ? target : rf_reserve(&w->values, npix * rf_width(bitpix));
    return out->data;
}

/* The numbers as integers of another width; they stay where they are if they have it. */
static int widen(rf_worker *w, rf_values in, size_t npix, int bitpix, const void **out)
{
    *out = in.data;
    if (in.bitpix == bitpix) return RF_OK;
    void *room = rf_reserve(&w->widened, npix * rf_width(bitpix));
    if (!room) return RF_ENOMEM;
    *out = room;
    return rf_ints(in.data, in.bitpix, npix, room, bitpix, false);
}

/* --- RICE_1 --- */

static int rice_width(const rf_image *image, int bitpix)
{
    return image->rice_bytepix ? image->rice_bytepix : (int)rf_width(bitpix);
}

static int rice_check(const rf_image *image, int width)
{
    return (width == 1 || width == 2 || width == 4) && image->rice_block > 0 ? RF_OK : RF_EARGUMENT;
}

static int rice_decode(rf_worker *w, const rf_image *image, const rf_tile *tile, const uint8_t *src, size_t src_len,
                       void *target, int target_bitpix, rf_values *out)
{
    int width = rice_width(image, image->bitpix < 0 ? 32 : image->bitpix);
    if (rice_check(image, width) != RF_OK) return RF_EARGUMENT;
    if (!place(w, tile->npix, 8 * width, target, target_bitpix, out)) return RF_ENOMEM;
    return rf_rice_decode(src, src_len, out->data, tile->npix, width, (size_t)image->rice_block);
}

static int rice_encode(rf_worker *w, const rf_image *image, const rf_tile *tile, rf_values in, int nullcheck,
                       uint8_t *dst, size_t dst_cap, size_t *dst_len)
{
    const void *values;
    int width = rice_width(image, in.bitpix);
    (void)nullcheck;
    if (rice_check(image, width) != RF_OK) return RF_EARGUMENT;
    int status = widen(w, in, tile->npix, 8 * width, &values);
    if (status != RF_OK) return status;
    return rf_rice_encode(values, tile->npix, width, (size_t)image->rice_block, dst, dst_cap, dst_len);
}

static size_t rice_bound(const rf_image *image, size_t npix, size_t nx, size_t ny, int bitpix)
{
    int width = rice_width(image, bitpix);
    (void)nx, (void)ny;
    return rice_check(image, width) == RF_OK ? rf_rice_bound(npix, width, (size_t)image->rice_block) : 0;
}

/* --- PLIO_1 --- */

/* cfitsio stores unsigned 16-bit pixels as they are, not as the signed numbers of the other codecs. */
static int32_t plio_shift(const rf_image *image)
{
    return image->bitpix == 16 && image->unsigned_trick ? 32768 : 0;
}

static int plio_decode(rf_worker *w, const rf_image *image, const rf_tile *tile, const uint8_t *src, size_t src_len,
                       void *target, int target_bitpix, rf_values *out)
{
    int32_t *values = place(w, tile->npix, 32, target, target_bitpix, out), shift = plio_shift(image);
    if (!values) return RF_ENOMEM;
    int status = rf_plio_decode(src, src_len, values, tile->npix);
    if (status == RF_OK && shift) { /* a damaged list may hold any integer, so that the difference wraps */
        for (size_t i = 0; i < tile->npix; i++) values[i] = (int32_t)((uint32_t)values[i] - (uint32_t)shift);
    }
    return status;
}

static int plio_encode(rf_worker *w, const rf_image *image, const rf_tile *tile, rf_values in, int nullcheck,
                       uint8_t *dst, size_t dst_cap, size_t *dst_len)
{
    const void *values;
    int32_t shift = plio_shift(image);
    (void)nullcheck;
    int status = widen(w, in, tile->npix, 32, &values);
    if (status != RF_OK) return status;
    if (shift) { /* 16 bits, so they were widened into our own scratch */
        int32_t *shifted = w->widened.data;
        for (size_t i = 0; i < tile->npix; i++) shifted[i] += shift;
    }
    return rf_plio_encode(values, tile->npix, image->plio_allow_lossy, dst, dst_cap, dst_len);
}

static size_t plio_bound(const rf_image *image, size_t npix, size_t nx, size_t ny, int bitpix)
{
    (void)image, (void)nx, (void)ny, (void)bitpix;
    return rf_plio_bound(npix);
}

/* --- HCOMPRESS_1 --- */

/* cfitsio transforms 8 and 16 bit images in 32 bits, all others in 64. */
static int is_wide(const rf_image *image) { return image->bitpix != 8 && image->bitpix != 16; }

/*
 * The stream's own numbers of columns and rows, if they make the tile: another writer may have seen an n-dimensional
 * tile in another way. Bytes: 2 magic, 4 rows, 4 columns.
 */
static void hcompress_size(const rf_tile *tile, const uint8_t *src, size_t src_len, size_t *nx, size_t *ny)
{
    *nx = tile->nx;
    *ny = tile->ny;
    if (src_len < 10) return;
    uint64_t rows = rf_load32(src + 2), columns = rf_load32(src + 6);
    if (rows == 0 || columns == 0 || rows * columns != tile->npix) return;
    *nx = (size_t)columns;
    *ny = (size_t)rows;
}

static int hcompress_decode(rf_worker *w, const rf_image *image, const rf_tile *tile, const uint8_t *src,
                            size_t src_len, void *target, int target_bitpix, rf_values *out)
{
    size_t nx, ny;
    int wide = is_wide(image);
    hcompress_size(tile, src, src_len, &nx, &ny);
    size_t scratch = rf_hcompress_scratch_nbytes(nx, ny, wide);
    if (!place(w, tile->npix, 32, target, target_bitpix, out)) return RF_ENOMEM;
    if (!rf_reserve(&w->work, scratch)) return RF_ENOMEM;
    return rf_hcompress_decode(src, src_len, out->data, nx, ny, image->hcomp_smooth, wide, w->work.data);
}

/* The integer scale of one tile: given, or that many times its noise. */
static int hcompress_scale(rf_worker *w, const rf_image *image, const rf_tile *tile, const int32_t *values,
                           int nullcheck, int *scale)
{
    float wanted = image->hcomp_scale;
    if (wanted > 0) {
        rf_noise noise;
        size_t nbytes = rf_noise_scratch_nbytes(tile->nx, tile->ny, 8);
        if (nbytes == 0 || !rf_reserve(&w->work, nbytes)) return RF_ENOMEM;
        rf_noise_int(values, tile->nx, tile->ny, nullcheck, image->hcomp_null, &noise, w->work.data);
        wanted = (float)(wanted * rf_noise_sigma(&noise));
    } else {
        wanted = -wanted;
    }
    if (!(wanted < 2147483647.f)) return RF_ERANGE;
    *scale = (int)(wanted + 0.5);
    return RF_OK;
}

static int hcompress_encode(rf_worker *w, const rf_image *image, const rf_tile *tile, rf_values in, int nullcheck,
                            uint8_t *dst, size_t dst_cap, size_t *dst_len)
{
    const void *values;
    int scale, wide = is_wide(image);
    int status = widen(w, in, tile->npix, 32, &values);
    if (status == RF_OK) status = hcompress_scale(w, image, tile, values, nullcheck, &scale);
    if (status != RF_OK) return status;
    size_t scratch = rf_hcompress_scratch_nbytes(tile->nx, tile->ny, wide);
    if (!rf_reserve(&w->work, scratch)) return RF_ENOMEM;
    return rf_hcompress_encode(values, tile->nx, tile->ny, scale, wide, dst, dst_cap, dst_len, w->work.data);
}

static size_t hcompress_bound(const rf_image *image, size_t npix, size_t nx, size_t ny, int bitpix)
{
    (void)npix, (void)bitpix;
    return rf_hcompress_bound(nx, ny, is_wide(image));
}

/* --- GZIP_1, GZIP_2 and bare bytes --- */

/* Which BITPIX has numbers of this many bytes, seen from an image of `bitpix`; 0: none. */
static int bitpix_of_width(size_t width, bool is_float)
{
    if (width == 4 || width == 8) return is_float ? -(int)(8 * width) : (int)(8 * width);
    return (width == 1 || width == 2) && !is_float ? (int)(8 * width) : 0;
}

/* Inflate to w->bytes, or to `target` when that is what the caller expects; a guess of the room comes first. */
static int inflate_tile(rf_worker *w, size_t npix, size_t expected, const uint8_t *src, size_t src_len, void *target,
                        uint8_t **bytes, size_t *width)
{
    size_t got = 0, cap = npix * expected;
    *bytes = target ? target : rf_reserve(&w->bytes, cap);
    if (!*bytes) return RF_ENOMEM;
    int status = rf_gzip_decode_with(&w->gzip, src, src_len, *bytes, cap, &got);
    if (status == RF_ENOSPACE && expected < 8) {
        cap = npix * 8;
        if (!(*bytes = rf_reserve(&w->bytes, cap))) return RF_ENOMEM;
        status = rf_gzip_decode_with(&w->gzip, src, src_len, *bytes, cap, &got);
    }
    if (status == RF_ENOSPACE || (status == RF_OK && (got == 0 || got % npix))) return RF_ESIZE;
    *width = got / npix;
    return status;
}

static int gunzip(rf_worker *w, int bitpix, bool planes, const rf_tile *tile, const uint8_t *src, size_t src_len,
                  void *target, int target_bitpix, rf_values *out)
{
    uint8_t *bytes;
    size_t width;
    void *direct = target && target_bitpix == bitpix && !planes ? target : NULL;
    int status = inflate_tile(w, tile->npix, rf_width(bitpix), src, src_len, direct, &bytes, &width);
    if (status != RF_OK) return status;
    int found = bitpix_of_width(width, bitpix < 0);
    if (found == 0) return RF_ESIZE;
    if (direct && bytes == direct && found != bitpix) { /* not what the target holds, so out of it again */
        if (!(bytes = rf_reserve(&w->bytes, tile->npix * width))) return RF_ENOMEM;
        memcpy(bytes, direct, tile->npix * width);
    }
    if (planes) {
        if (!place(w, tile->npix, found, target, target_bitpix, out)) return RF_ENOMEM;
        rf_planes_join(bytes, tile->npix, width, out->data);
    } else {
        *out = (rf_values){bytes, found};
        rf_reorder(bytes, tile->npix, width);
    }
    return RF_OK;
}

/* BITPIX of the numbers that went into the codec. */
static int coded_bitpix(const rf_image *image) { return image->quantized ? 32 : image->bitpix; }

static int gzip1_decode(rf_worker *w, const rf_image *image, const rf_tile *tile, const uint8_t *src, size_t src_len,
                        void *target, int target_bitpix, rf_values *out)
{
    return gunzip(w, coded_bitpix(image), false, tile, src, src_len, target, target_bitpix, out);
}

static int gzip2_decode(rf_worker *w, const rf_image *image, const rf_tile *tile, const uint8_t *src, size_t src_len,
                        void *target, int target_bitpix, rf_values *out)
{
    return gunzip(w, coded_bitpix(image), true, tile, src, src_len, target, target_bitpix, out);
}

int rf_gzip1_decode(rf_worker *w, const rf_image *image, const rf_tile *tile, const uint8_t *src, size_t src_len,
                    void *target, int target_bitpix, rf_values *out)
{
    return gunzip(w, image->bitpix, false, tile, src, src_len, target, target_bitpix, out);
}

int rf_gzip1_encode(rf_worker *w, const rf_image *image, const rf_tile *tile, rf_values in, int nullcheck,
                    uint8_t *dst, size_t dst_cap, size_t *dst_len)
{
    size_t width = rf_width(in.bitpix), nbytes = tile->npix * width;
    const void *bytes = in.data;
    (void)nullcheck;
    if (width > 1) {
        void *room = rf_reserve(&w->bytes, nbytes);
        if (!room) return RF_ENOMEM;
        memcpy(room, in.data, nbytes);
        rf_reorder(room, tile->npix, width);
        bytes = room;
    }
    return rf_gzip_encode_with(&w->gzip, bytes, nbytes, image->gzip_level, dst, dst_cap, dst_len);
}

static int gzip2_encode(rf_worker *w, const rf_image *image, const rf_tile *tile, rf_values in, int nullcheck,
                        uint8_t *dst, size_t dst_cap, size_t *dst_len)
{
    size_t width = rf_width(in.bitpix), nbytes = tile->npix * width;
    (void)nullcheck;
    void *room = rf_reserve(&w->bytes, nbytes);
    if (!room) return RF_ENOMEM;
    rf_planes_split(in.data, tile->npix, width, room);
    return rf_gzip_encode_with(&w->gzip, room, nbytes, image->gzip_level, dst, dst_cap, dst_len);
}

static size_t gzip_bound(const rf_image *image, size_t npix, size_t nx, size_t ny, int bitpix)
{
    (void)image, (void)nx, (void)ny;
    return rf_gzip_bound(npix * rf_width(bitpix));
}

int rf_raw_decode(rf_worker *w, int bitpix, const rf_tile *tile, const uint8_t *src, size_t src_len, void *target,
                  int target_bitpix, rf_values *out)
{
    size_t width = rf_width(bitpix);
    if (src_len != tile->npix * width) return src_len < tile->npix * width ? RF_ETRUNCATED : RF_ESIZE;
    if (!place(w, tile->npix, bitpix, target, target_bitpix, out)) return RF_ENOMEM;
    memcpy(out->data, src, src_len);
    rf_reorder(out->data, tile->npix, width);
    return RF_OK;
}

static int raw_decode(rf_worker *w, const rf_image *image, const rf_tile *tile, const uint8_t *src, size_t src_len,
                      void *target, int target_bitpix, rf_values *out)
{
    return rf_raw_decode(w, coded_bitpix(image), tile, src, src_len, target, target_bitpix, out);
}

static int raw_encode(rf_worker *w, const rf_image *image, const rf_tile *tile, rf_values in, int nullcheck,
                      uint8_t *dst, size_t dst_cap, size_t *dst_len)
{
    size_t width = rf_width(in.bitpix);
    (void)w, (void)image, (void)nullcheck;
    *dst_len = tile->npix * width;
    if (dst_cap < *dst_len) return RF_ENOSPACE;
    memcpy(dst, in.data, *dst_len);
    if (width == 2) for (size_t i = 0; i < *dst_len; i += 2) rf_store16(dst + i, ((const uint16_t *)in.data)[i / 2]);
    if (width == 4) for (size_t i = 0; i < *dst_len; i += 4) rf_store32(dst + i, ((const uint32_t *)in.data)[i / 4]);
    if (width == 8) for (size_t i = 0; i < *dst_len; i += 8) rf_store64(dst + i, ((const uint64_t *)in.data)[i / 8]);
    return RF_OK;
}

static size_t raw_bound(const rf_image *image, size_t npix, size_t nx, size_t ny, int bitpix)
{
    (void)image, (void)nx, (void)ny;
    return npix * rf_width(bitpix);
}

static const rf_codec_functions codecs[] = {
    {RF_RICE_1, rice_decode, rice_encode, rice_bound, true},
    {RF_GZIP_1, gzip1_decode, rf_gzip1_encode, gzip_bound, false},
    {RF_GZIP_2, gzip2_decode, gzip2_encode, gzip_bound, false},
    {RF_PLIO_1, plio_decode, plio_encode, plio_bound, false},
    {RF_HCOMPRESS_1, hcompress_decode, hcompress_encode, hcompress_bound, false},
    {RF_NOCOMPRESS, raw_decode, raw_encode, raw_bound, false},
};

const rf_codec_functions *rf_codec_find(int codec)
{
    for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++) {
        if (codecs[i].codec == codec) return &codecs[i];
    }
    return NULL;
}
