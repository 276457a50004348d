/* Encodes a batch of pixels to tiles. */
#include <math.h>
#include <string.h>

#include "base/rf_bytes.h"
#include "codecs/rf_codecs.h"
#include "codecs/rf_workspace.h"
#include "pixels/rf_pixels.h"
#include "pixels/rf_quantize.h"
#include "tiles/rf_grid.h"
#include "tiles/rf_tiles.h"
#include "base/rf_threads.h"
#include "codecs/rf_workspace.h"

typedef struct {
    const rf_image *image;
    const rf_pixels *pixels;
    const int64_t *row;
    const float *randoms;
    rf_encoded *encoded;
    rf_workspace *space;
    const rf_codec_functions *codec, *fallback; /* the latter for floats that cannot be quantized */
    rf_coder fallback_coder;
    rf_grid grid;
    size_t slot; /* bytes of dst for each tile */
} encoding;

/* What cfitsio makes of NaN and infinity when it reads an image to compress it (FLOATNULLVALUE, DOUBLENULLVALUE). */
static double fpack_null(size_t width) { return width == 4 ? -9.11912E-36F : -9.1191291391491E-36; }

static bool can_encode(const rf_image *image)
{
    const rf_codec_functions *codec = rf_codec_find(image->coder.codec);
    if (!codec || !rf_is_bitpix(image->bitpix) || image->ndim == 0 || image->ndim > RF_MAX_NDIM) return false;
    if (image->quantized) return image->bitpix < 0;
    return codec->holds_floats || (image->bitpix > 0 && image->bitpix < 64);
}

/* The content of GZIP_COMPRESSED_DATA: the pixels as they are. */
static rf_coder fallback_coder(const rf_image *image)
{
    return (rf_coder){.codec = RF_GZIP_1, .bitpix = image->bitpix, .gzip_level = image->coder.gzip_level};
}

size_t rf_tile_bound(const rf_image *image)
{
    rf_grid grid;
    rf_tile largest;
    if (!can_encode(image)) return 0;
    if (rf_grid_make(&grid, image->ndim, image->shape, image->tile_shape) != RF_OK || grid.ntiles == 0) return 0;
    rf_grid_tile(&grid, 0, &largest);
    size_t bound = rf_codec_find(image->coder.codec)->bound(&image->coder, &largest.extent);
    if (bound == 0 || bound == SIZE_MAX) return 0;
    if (!image->quantized) return bound;
    rf_coder coder = fallback_coder(image);
    size_t plain = rf_codec_find(coder.codec)->bound(&coder, &largest.extent);
    return bound > plain ? bound : plain;
}

/* --- pixels of a tile, contiguous and native --- */

/* The innermost run of a gather: elements of `width` bytes, `stride` apart. */
static void copy_run(const uint8_t *src, ptrdiff_t stride, size_t n, size_t width, uint8_t *dst)
{
    if (stride == (ptrdiff_t)width) {
        memcpy(dst, src, n * width);
        return;
    }
#define RUN(size) for (size_t i = 0; i < n; i++) memcpy(dst + i * size, src + (ptrdiff_t)i * stride, size)
    if (width == 1) RUN(1);
    if (width == 2) RUN(2);
    if (width == 4) RUN(4);
    if (width == 8) RUN(8);
#undef RUN
}

/* Loops from the source (a: bytes) to the contiguous tile (b: bytes), and where the tile begins in the source. */
static int plan(const encoding *e, const rf_tile *tile, rf_loops *loops, const uint8_t **src)
{
    const rf_pixels *p = e->pixels;
    size_t stride = rf_width(e->image->bitpix);
    loops->ndim = 0;
    *src = p->src;
    for (size_t k = e->image->ndim; k-- > 0;) {
        if (tile->origin[k] < p->origin[k]) return RF_EARGUMENT;
        size_t from = tile->origin[k] - p->origin[k];
        if (from > p->shape[k] || tile->shape[k] > p->shape[k] - from) return RF_EARGUMENT;
        *src += (ptrdiff_t)from * p->strides[k];
        rf_loops_add(loops, tile->shape[k], p->strides[k], (ptrdiff_t)stride);
        stride *= tile->shape[k];
    }
    return RF_OK;
}

/*
 * The pixels of a tile as stored numbers: a copy in w->pixels, or the originals if they need no conversion and `borrow`
 * promises that they will not be changed.
 */
static int gather(const encoding *e, rf_worker *w, const rf_tile *tile, bool borrow, void **pixels)
{
    rf_loops loops;
    const uint8_t *src;
    size_t width = rf_width(e->image->bitpix), index[RF_MAX_NDIM] = {0};
    bool flip = e->image->unsigned_trick && !e->pixels->stored && e->image->bitpix > 0;
    bool swap = e->pixels->swapped && width > 1;
    int status = plan(e, tile, &loops, &src);
    if (status != RF_OK) return status;
    bool contiguous = loops.ndim == 1 && (loops.n[0] == 1 || loops.a[0] == (ptrdiff_t)width);
    if (borrow && contiguous && !flip && !swap && (uintptr_t)src % width == 0) {
        *pixels = (void *)(uintptr_t)src;
        return RF_OK;
    }
    uint8_t *dst = rf_reserve(&w->pixels, tile->extent.n * width);
    if (!dst) return RF_ENOMEM;
    ptrdiff_t at_src = 0, at_dst = 0;
    do {
        copy_run(src + at_src, loops.a[0], loops.n[0], width, dst + at_dst);
    } while (rf_loops_next(&loops, index, &at_src, &at_dst));
    if (swap) rf_swap(dst, tile->extent.n, width);
    if (flip) rf_flip(dst, tile->extent.n, width);
    *pixels = dst;
    return RF_OK;
}

/* --- nulls --- */

/* The nulls of one tile of floats. */
typedef struct {
    int declared;  /* cfitsio's nullcheck for this tile */
    bool present;
    double value;  /* the present value of null pixels */
} nulls;

/* Gives null pixels one value; the pixels are copied first if they are not our own. */
static int mark_nulls(const encoding *e, rf_worker *w, const rf_tile *tile, void **pixels, nulls *n)
{
    size_t width = rf_width(e->image->bitpix);
    *n = (nulls){0, false, INFINITY};
    if (e->image->nulls == RF_NULLS_FPACK) {
        n->value = fpack_null(width);
        int status = gather(e, w, tile, false, pixels);
        if (status != RF_OK) return status;
        n->present = rf_as_read_by_cfitsio(*pixels, tile->extent.n, width, n->value) > 0;
        n->declared = n->present;
        return RF_OK;
    }
    int status = gather(e, w, tile, true, pixels);
    if (status != RF_OK || e->image->nulls == RF_NULLS_NONE) return status;
    n->declared = 1;
    n->present = rf_count_nonfinite(*pixels, tile->extent.n, width) > 0;
    if (!n->present) return RF_OK;
    status = gather(e, w, tile, false, pixels);
    if (status == RF_OK) rf_nonfinite_to_inf(*pixels, tile->extent.n, width);
    return status;
}

/* The pixels with nulls as NaN, for storing them as floats; our own copy if there are any. */
static void nulls_to_nan(const encoding *e, const rf_tile *tile, const nulls *n, void *pixels)
{
    if (n->present) rf_null_to_nan(pixels, tile->extent.n, rf_width(e->image->bitpix), n->value);
}

/* --- one tile --- */

/* The integers of a float tile; *quantized is 0 if it must be stored as it is. */
static int quantize(const encoding *e, rf_worker *w, size_t i, const rf_tile *tile, const void *pixels, const nulls *n,
                    const void **values, int *quantized)
{
    const rf_image *image = e->image;
    int width = (int)rf_width(image->bitpix);
    rf_float_tile floats = {pixels, width, tile->extent.nx, tile->extent.ny, n->present, n->value};
    rf_scaling scaling = {.method = image->dither, .irow = e->row[i] + image->seed, .randoms = e->randoms};
    /* the integers replace the scratch: for a tile that is one long row, both are as large as its pixels */
    size_t nbytes = tile->extent.n * 4, scratch_nbytes = rf_quantize_scratch_nbytes(floats.nx, floats.ny, width);
    int32_t *integers = rf_reserve(&w->values, nbytes > scratch_nbytes ? nbytes : scratch_nbytes);
    if (scratch_nbytes == 0 || !integers) return RF_ENOMEM;
    *values = integers;
    int status = RF_OK;
    if (e->pixels->scale) {
        size_t bad;
        scaling.scale = e->pixels->scale[i];
        scaling.zero = e->pixels->zero[i];
        *quantized = scaling.scale != 0;
        if (*quantized) status = rf_requantize(&floats, &scaling, integers, &bad);
    } else {
        status = rf_quantize(&floats, image->quantize_level, &scaling, integers, quantized, integers);
    }
    e->encoded->scale[i] = *quantized ? scaling.scale : 0;
    e->encoded->zero[i] = *quantized ? scaling.zero : 0;
    return status;
}

static int encode_float(const encoding *e, rf_worker *w, size_t i, const rf_tile *tile, uint8_t *dst, size_t *len)
{
    void *pixels;
    nulls n;
    int status = mark_nulls(e, w, tile, &pixels, &n);
    if (status != RF_OK) return status;
    if (e->encoded->has_null) e->encoded->has_null[i] = n.present;
    if (!e->image->quantized) {
        nulls_to_nan(e, tile, &n, pixels);
        return e->codec->encode(w, &e->image->coder, &tile->extent, pixels, 0, dst, e->slot, len);
    }
    const void *values;
    int quantized = 0;
    status = quantize(e, w, i, tile, pixels, &n, &values, &quantized);
    if (status != RF_OK) return status;
    if (quantized) {
        return e->codec->encode(w, &e->image->coder, &tile->extent, values, n.declared, dst, e->slot, len);
    }
    e->encoded->column[i] = RF_GZIP_COMPRESSED_DATA;
    nulls_to_nan(e, tile, &n, pixels);
    return e->fallback->encode(w, &e->fallback_coder, &tile->extent, pixels, 0, dst, e->slot, len);
}

static int encode_tile(void *job, void *scratch, size_t i)
{
    const encoding *e = job;
    rf_worker *w = rf_lease_worker(scratch, e->space);
    rf_tile tile;
    void *pixels;
    size_t len = 0;
    uint8_t *dst = e->encoded->dst + i * e->slot;
    if (!w) return RF_ENOMEM;
    int status = rf_grid_tile(&e->grid, e->row[i], &tile);
    if (status != RF_OK) return status;
    e->encoded->column[i] = e->codec->is_plain ? RF_UNCOMPRESSED_DATA : RF_COMPRESSED_DATA;
    if (e->image->bitpix < 0) {
        status = encode_float(e, w, i, &tile, dst, &len);
    } else {
        if (e->encoded->has_null) e->encoded->has_null[i] = 0;
        status = gather(e, w, &tile, true, &pixels);
        if (status != RF_OK) return status;
        status = e->codec->encode(w, &e->image->coder, &tile.extent, pixels, 0, dst, e->slot, &len);
    }
    e->encoded->nbytes[i] = (int64_t)len;
    return status;
}

/* Moves the tiles together, in their order. */
static void compact(encoding *e, size_t ntiles)
{
    size_t at = 0;
    for (size_t i = 0; i < ntiles; i++) {
        memmove(e->encoded->dst + at, e->encoded->dst + i * e->slot, (size_t)e->encoded->nbytes[i]);
        at += (size_t)e->encoded->nbytes[i];
    }
    e->encoded->dst_len = at;
}

static int start(encoding *e)
{
    const rf_image *image = e->image;
    int status = rf_grid_make(&e->grid, image->ndim, image->shape, image->tile_shape);
    if (status != RF_OK) return status;
    e->codec = rf_codec_find(image->coder.codec);
    e->fallback_coder = fallback_coder(image);
    e->fallback = rf_codec_find(e->fallback_coder.codec);
    e->slot = rf_tile_bound(image);
    if (!e->slot || image->nulls < RF_NULLS_NONE || image->nulls > RF_NULLS_FPACK) return RF_EARGUMENT;
    return RF_OK;
}

int rf_tiles_encode(const rf_image *image, const rf_pixels *pixels, const int64_t *row, size_t ntiles,
                    const float *randoms, rf_encoded *encoded, rf_workspace *space, int nthreads, size_t *failed)
{
    encoding e = {
        .image = image, .pixels = pixels, .row = row, .randoms = randoms, .encoded = encoded, .space = space};
    *failed = ntiles;
    encoded->dst_len = 0;
    if (ntiles == 0) return RF_OK;
    int status = start(&e);
    if (status != RF_OK) return status;
    if (image->quantized && (!encoded->scale || !encoded->zero || (image->dither && !randoms))) return RF_EARGUMENT;
    size_t nbytes;
    if (!rf_multiply(ntiles, e.slot, &nbytes) || nbytes > encoded->dst_cap) return RF_ENOSPACE;
    double useful = (double)e.grid.max_npix * (double)ntiles / 8192 + 1; /* a thread costs this many pixels */
    if (useful < nthreads) nthreads = (int)useful;
    status = rf_share(encode_tile, &e, ntiles, nthreads, sizeof(rf_lease), rf_lease_end, failed);
    if (status == RF_OK) compact(&e, ntiles);
    return status;
}

int rf_tile_byte_sum(const rf_image *image, const rf_pixels *pixels, int64_t row, uint64_t *sum)
{
    encoding e = {.image = image, .pixels = pixels, .row = &row};
    rf_worker worker = {0};
    rf_tile tile;
    void *data;
    nulls n;
    int status = start(&e);
    if (status == RF_OK) status = rf_grid_tile(&e.grid, row, &tile);
    if (status == RF_OK) {
        status = image->bitpix < 0 ? mark_nulls(&e, &worker, &tile, &data, &n)
                                   : gather(&e, &worker, &tile, true, &data);
    }
    *sum = 0;
    if (status == RF_OK) {
        const uint8_t *bytes = data;
        for (size_t i = 0; i < tile.extent.n * rf_width(image->bitpix); i++) *sum += bytes[i];
    }
    rf_worker_end(&worker);
    return status;
}
