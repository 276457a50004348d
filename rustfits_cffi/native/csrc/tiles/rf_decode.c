/* A batch of coded tiles to pixels. */
#include "tiles/rf_decode.h"

#include <string.h>

#include "base/rf_bytes.h"
#include "pixels/rf_pixels.h"
#include "pixels/rf_scaling.h"
#include "base/rf_threads.h"

/* How the numbers of one tile become pixels. */
typedef struct {
    int bitpix;           /* of the numbers */
    bool scaled_integers; /* of a float image */
    rf_scaling scaling;
    rf_dither dither;
    bool has_blank;
    int32_t blank;
    int out_bitpix;       /* of the pixels; ignoring signedness */
    bool flip;
    double bscale, bzero; /* of RF_OUT_DOUBLE */
    bool to_double;
} conversion;

static int check(const rf_decoding *d)
{
    const rf_image *image = d->image;
    const rf_section *s = d->section;
    if (!rf_is_bitpix(image->bitpix) || !d->codec) return RF_EARGUMENT;
    if (image->quantized && (image->bitpix > 0 || !d->tiles.scale || !d->tiles.zero)) return RF_EARGUMENT;
    if (image->quantized && image->dither && !d->randoms) return RF_EARGUMENT;
    if (s->out < RF_OUT_STORED || s->out > RF_OUT_DOUBLE) return RF_EARGUMENT;
    if ((uintptr_t)s->dst % d->out_width) return RF_EARGUMENT;
    size_t nbytes = d->out_width;
    for (size_t i = 0; i < image->ndim; i++) {
        if (!rf_multiply(nbytes, s->count[i], &nbytes) || s->step[i] == 0) return RF_EARGUMENT;
    }
    return nbytes <= s->dst_nbytes ? RF_OK : RF_ENOSPACE;
}

/* Pixels first .. first + n - 1 of a tile whose numbers are at `data`. */
static void convert(conversion *c, const void *data, size_t first, size_t n, void *dst)
{
    size_t width = rf_width(c->bitpix);
    const uint8_t *from = (const uint8_t *)data + first * width;
    if (c->scaled_integers) {
        rf_unscale((const int32_t *)(const void *)from, first, n, &c->scaling, &c->dither, c->has_blank, c->blank,
                   c->out_bitpix == -32 ? 4 : 8, dst);
    } else if (c->to_double) {
        rf_doubles(from, c->bitpix, n, c->bscale, c->bzero, dst);
    } else if (c->bitpix < 0) {
        rf_floats(from, c->bitpix, n, dst, c->out_bitpix);
    } else {
        memcpy(dst, from, n * width);
        if (c->flip) rf_flip(dst, n, width);
    }
}

void rf_overlap(const rf_section *s, const rf_tile *tile, size_t axis, size_t *first, size_t *n)
{
    size_t start = s->start[axis], count = s->count[axis], step = s->step[axis], origin = tile->origin[axis];
    size_t end = origin + tile->extent[axis];
    *first = start >= origin ? 0 : (origin - start + step - 1) / step;
    size_t stop = end <= start ? 0 : (end - start + step - 1) / step;
    if (stop > count) stop = count;
    *n = stop > *first ? stop - *first : 0;
}

/* Loops over the wanted pixels of a tile: a counts pixels of the tile, b bytes of dst. False if none is wanted. */
static bool plan(const rf_decoding *d, const rf_tile *tile, rf_loops *loops, size_t *at_tile, size_t *at_dst)
{
    const rf_section *s = d->section;
    size_t tile_stride = 1, dst_stride = d->out_width;
    loops->ndim = 0;
    *at_tile = *at_dst = 0;
    for (size_t i = d->image->ndim; i-- > 0;) {
        size_t first, n;
        rf_overlap(s, tile, i, &first, &n);
        if (n == 0) return false;
        *at_tile += (s->start[i] + first * s->step[i] - tile->origin[i]) * tile_stride;
        *at_dst += first * dst_stride;
        rf_loops_add(loops, n, (ptrdiff_t)(s->step[i] * tile_stride), (ptrdiff_t)dst_stride);
        tile_stride *= tile->extent[i];
        dst_stride *= s->count[i];
    }
    return true;
}

/*
 * How many pixels of the tile must be decoded to have the wanted ones. Rice streams are read from the front and may be
 * left when enough is had, which is what makes small sections of large tiles cheap; the other codecs need all.
 */
static size_t needed(const rf_decoding *d, size_t i, const rf_tile *tile, const rf_loops *loops, size_t at_tile)
{
    if (!d->codec->stops_early || d->tiles.column[i] != RF_COMPRESSED_DATA) return tile->npix;
    size_t last = at_tile;
    for (size_t k = 0; k < loops->ndim; k++) last += (loops->n[k] - 1) * (size_t)loops->a[k];
    return last + 1;
}

/* One innermost run: n pixels, `step` apart in the tile, `gap` bytes apart in dst. */
static int convert_run(const rf_decoding *d, rf_worker *w, conversion *c, const void *data, size_t first, size_t n,
                       size_t step, uint8_t *dst, size_t gap)
{
    enum { NEAR = 16 }; /* up to this step it is cheaper to convert all between and drop it */
    size_t width = d->out_width;
    if (step == 1 && gap == width) {
        convert(c, data, first, n, dst);
    } else if (step <= NEAR) {
        uint8_t *row = rf_reserve(&w->pixels, ((n - 1) * step + 1) * width);
        if (!row) return RF_ENOMEM;
        convert(c, data, first, (n - 1) * step + 1, row);
        for (size_t i = 0; i < n; i++) memcpy(dst + i * gap, row + i * step * width, width);
    } else {
        for (size_t i = 0; i < n; i++) convert(c, data, first + i * step, 1, dst + i * gap);
    }
    return RF_OK;
}

static int scatter(const rf_decoding *d, rf_worker *w, conversion *c, const void *data, const rf_loops *loops,
                   size_t at_tile, size_t at_dst)
{
    size_t index[RF_MAX_NDIM] = {0};
    ptrdiff_t tile = (ptrdiff_t)at_tile, dst = (ptrdiff_t)at_dst;
    do {
        int status = convert_run(d, w, c, data, (size_t)tile, loops->n[0], (size_t)loops->a[0],
                                 (uint8_t *)d->section->dst + dst, (size_t)loops->b[0]);
        if (status != RF_OK) return status;
    } while (rf_loops_next(loops, index, &tile, &dst));
    return RF_OK;
}

/* The coded bytes of element i, which the caller has at t->coded. */
static int coded_bytes(const rf_tiles *t, size_t i, const uint8_t **src, size_t *nbytes)
{
    if (t->column[i] == RF_NO_COLUMN || t->nbytes[i] == 0) return RF_EMISSING;
    if (t->offset[i] < 0 || t->nbytes[i] < 0 || (uint64_t)t->offset[i] > t->coded_len) return RF_ETRUNCATED;
    if ((uint64_t)t->nbytes[i] > t->coded_len - (size_t)t->offset[i]) return RF_ETRUNCATED;
    *src = t->coded + t->offset[i];
    *nbytes = (size_t)t->nbytes[i];
    return RF_OK;
}

/* The numbers of a tile, in `target` if they can be. */
static int decode_column(const rf_decoding *d, rf_worker *w, const rf_tile *tile, size_t i, const uint8_t *src,
                         size_t nbytes, void *target, int target_bitpix, rf_values *values)
{
    const rf_tiles *t = &d->tiles;
    switch (t->column[i]) {
    case RF_COMPRESSED_DATA:
        return d->codec->decode(w, d->image, tile, src, nbytes, target, target_bitpix, values);
    case RF_GZIP_COMPRESSED_DATA:
        return rf_gzip1_decode(w, d->image, tile, src, nbytes, target, target_bitpix, values);
    case RF_UNCOMPRESSED_DATA: {
        int bitpix = t->uncompressed_bitpix;
        /* bytes may also hold the image's own pixels */
        if (!rf_is_bitpix(bitpix) || nbytes != tile->npix * rf_width(bitpix)) bitpix = d->image->bitpix;
        return rf_raw_decode(w, bitpix, tile, src, nbytes, target, target_bitpix, values);
    }
    default:
        return RF_EARGUMENT;
    }
}

/* Integers in the width that the conversion starts from. */
static int normalise(const rf_decoding *d, rf_worker *w, const rf_tile *tile, bool scaled, void *target,
                     int target_bitpix, rf_values *values)
{
    int wanted = scaled ? 32 : d->image->bitpix;
    if (d->image->bitpix < 0 && !scaled) {
        /* physical values; integers are possible in UNCOMPRESSED_DATA only */
        return values->bitpix < 0 ? RF_OK : RF_EARGUMENT;
    }
    if (values->bitpix == wanted) return RF_OK;
    if (values->bitpix < 0) return RF_ESIZE;
    void *room = target && target_bitpix == wanted ? target : rf_reserve(&w->widened, tile->npix * rf_width(wanted));
    if (!room) return RF_ENOMEM;
    /* lossy HCOMPRESS may leave the range of the pixels, and cfitsio clips it then */
    int status = rf_ints(values->data, values->bitpix, tile->npix, room, wanted, d->image->codec == RF_HCOMPRESS_1);
    *values = (rf_values){room, wanted};
    return status;
}

static void make_conversion(const rf_decoding *d, int64_t row, size_t i, bool scaled, int bitpix, conversion *c)
{
    const rf_image *image = d->image;
    const rf_tiles *t = &d->tiles;
    const rf_section *s = d->section;
    *c = (conversion){.bitpix = bitpix, .out_bitpix = image->bitpix, .to_double = s->out == RF_OUT_DOUBLE};
    c->flip = s->out == RF_OUT_UNSIGNED && image->unsigned_trick && image->bitpix > 0;
    c->bscale = s->bscale;
    c->bzero = s->bzero;
    if (c->to_double) c->out_bitpix = -64;
    if (image->bitpix < 0 && t->column[i] != RF_COMPRESSED_DATA) {
        c->bscale = 1; /* as in cfitsio, see the contract */
        c->bzero = 0;
    }
    if (!scaled) return;
    c->scaled_integers = true;
    c->scaling = (rf_scaling){t->scale[i], t->zero[i], image->dither, row + image->seed, d->randoms};
    if (c->to_double && (s->bscale != 1 || s->bzero != 0)) {
        c->scaling.scale = t->scale[i] * s->bscale;
        c->scaling.zero = t->zero[i] * s->bscale + s->bzero;
    }
    if (image->dither) rf_dither_start(&c->dither, d->randoms, c->scaling.irow);
    if (t->blank && t->blank[i] >= INT32_MIN && t->blank[i] <= INT32_MAX) {
        c->has_blank = true;
        c->blank = (int32_t)t->blank[i];
    }
}

int rf_decode_tile(const rf_decoding *d, rf_worker *w, int64_t row, size_t i, const uint8_t *src, size_t nbytes)
{
    const rf_section *s = d->section;
    rf_tile tile;
    rf_loops loops = {.ndim = 0};
    size_t at_tile, at_dst;
    int status = rf_grid_tile(&d->grid, row, &tile);
    if (status != RF_OK) return status;
    if (!plan(d, &tile, &loops, &at_tile, &at_dst)) return RF_OK;

    /* a whole tile in one piece may be decoded where it belongs */
    bool whole = loops.ndim == 1 && loops.n[0] == tile.npix && loops.b[0] == (ptrdiff_t)d->out_width;
    bool scaled = d->image->quantized && d->tiles.column[i] == RF_COMPRESSED_DATA;
    tile.npix = needed(d, i, &tile, &loops, at_tile);
    void *target = whole && s->out != RF_OUT_DOUBLE && !scaled ? (uint8_t *)s->dst + at_dst : NULL;
    rf_values values;
    status = decode_column(d, w, &tile, i, src, nbytes, target, d->image->bitpix, &values);
    if (status == RF_OK) status = normalise(d, w, &tile, scaled, target, d->image->bitpix, &values);
    if (status != RF_OK) return status;

    conversion c;
    make_conversion(d, row, i, scaled, values.bitpix, &c);
    if (target && values.data == target) {
        if (c.flip) rf_flip(target, tile.npix, d->out_width);
        return RF_OK;
    }
    return scatter(d, w, &c, values.data, &loops, at_tile, at_dst);
}

static int decode_item(void *job, void *scratch, size_t i)
{
    const rf_decoding *d = job;
    const uint8_t *src;
    size_t nbytes;
    int status = coded_bytes(&d->tiles, i, &src, &nbytes);
    return status == RF_OK ? rf_decode_tile(d, scratch, d->tiles.row[i], i, src, nbytes) : status;
}

int rf_decode_threads(const rf_decoding *d, size_t ntiles, int nthreads)
{
    /* starting a thread costs as much as decoding some ten thousand pixels */
    double npix = (double)d->grid.max_npix * (double)ntiles;
    double useful = npix / 32768 + 1;
    return useful < nthreads ? (int)useful : nthreads;
}

int rf_decode_prepare(rf_decoding *d)
{
    const rf_image *image = d->image;
    d->codec = rf_codec_find(image->codec);
    d->out_width = d->section->out == RF_OUT_DOUBLE ? 8 : rf_width(image->bitpix);
    int status = rf_grid_make(&d->grid, image->ndim, image->shape, image->tile_shape);
    return status == RF_OK ? check(d) : status;
}

int rf_tiles_decode(const rf_image *image, const rf_tiles *tiles, const rf_section *section, const float *randoms,
                    int nthreads, size_t *failed)
{
    rf_decoding d = {.image = image, .tiles = *tiles, .section = section, .randoms = randoms};
    *failed = tiles->ntiles;
    int status = rf_decode_prepare(&d);
    if (status != RF_OK) return status;
    return rf_share(decode_item, &d, tiles->ntiles, rf_decode_threads(&d, tiles->ntiles, nthreads), sizeof(rf_worker),
                    rf_worker_end, failed);
}
