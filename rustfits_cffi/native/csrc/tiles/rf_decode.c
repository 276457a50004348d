/* One coded tile to pixels. */
#include "tiles/rf_decode.h"

#include <string.h>

#include "base/rf_bytes.h"
#include "pixels/rf_pixels.h"
#include "pixels/rf_scaling.h"

/* How the numbers of one tile become pixels. */
typedef struct {
    int bitpix;           /* of the numbers */
    bool scaled_integers; /* of a float image */
    rf_scaling scaling;
    rf_dither dither;
    bool has_blank;
    int32_t blank;
    int out_bitpix;       /* of the pixels, ignoring their sign */
    bool flip;
    double bscale, bzero; /* for RF_OUT_DOUBLE */
    bool to_double;
} conversion;

static int check(const rf_decoding *d)
{
    const rf_image *image = d->reader->image;
    const rf_table *table = d->reader->table;
    const rf_section *s = &d->section;
    if (table->ntiles != d->grid.ntiles || !d->coding[RF_COMPRESSED_DATA].codec) return RF_EARGUMENT;
    if (image->quantized && (image->bitpix > 0 || !table->scale || !table->zero)) return RF_EARGUMENT;
    if (image->quantized && image->dither && !d->reader->randoms) return RF_EARGUMENT;
    if (d->reader->out < RF_OUT_STORED || d->reader->out > RF_OUT_DOUBLE) return RF_EARGUMENT;
    if ((uintptr_t)s->dst % d->out_width) return RF_EARGUMENT;
    size_t nbytes = d->out_width;
    for (size_t i = 0; i < image->ndim; i++) {
        if (!rf_multiply(nbytes, s->count[i], &nbytes) || s->step[i] == 0) return RF_EARGUMENT;
    }
    return nbytes <= s->dst_nbytes ? RF_OK : RF_ENOSPACE;
}

/* Converts pixels first .. first + n - 1 of a tile whose numbers are at `data`. */
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
    size_t end = origin + tile->shape[axis];
    *first = start >= origin ? 0 : (origin - start + step - 1) / step;
    size_t stop = end <= start ? 0 : (end - start + step - 1) / step;
    if (stop > count) stop = count;
    *n = stop > *first ? stop - *first : 0;
}

/* Loops over the wanted pixels of a tile: a counts pixels of the tile, b bytes of dst. False if none is wanted. */
static bool plan(const rf_decoding *d, const rf_tile *tile, rf_loops *loops, size_t *at_tile, size_t *at_dst)
{
    const rf_section *s = &d->section;
    size_t tile_stride = 1, dst_stride = d->out_width;
    loops->ndim = 0;
    *at_tile = *at_dst = 0;
    for (size_t i = d->grid.ndim; i-- > 0;) {
        size_t first, n;
        rf_overlap(s, tile, i, &first, &n);
        if (n == 0) return false;
        *at_tile += (s->start[i] + first * s->step[i] - tile->origin[i]) * tile_stride;
        *at_dst += first * dst_stride;
        rf_loops_add(loops, n, (ptrdiff_t)(s->step[i] * tile_stride), (ptrdiff_t)dst_stride);
        tile_stride *= tile->shape[i];
        dst_stride *= s->count[i];
    }
    return true;
}

/*
 * How many pixels of the tile must be decoded to get the wanted ones. Decoding may stop early in streams that are read
 * from the front, which makes small sections of large tiles cheap; the others need all pixels.
 */
static size_t needed(const rf_codec_functions *codec, const rf_tile *tile, const rf_loops *loops, size_t at_tile)
{
    if (!codec->stops_early) return tile->extent.n;
    size_t last = at_tile;
    for (size_t k = 0; k < loops->ndim; k++) last += (loops->n[k] - 1) * (size_t)loops->a[k];
    return last + 1;
}

/* One innermost run: n pixels, `step` apart in the tile, `gap` bytes apart in dst. */
static int convert_run(const rf_decoding *d, rf_worker *w, conversion *c, const void *data, size_t first, size_t n,
                       size_t step, uint8_t *dst, size_t gap)
{
    enum { NEAR = 16 }; /* up to this step it is cheaper to convert the pixels between as well and drop them */
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
                                 (uint8_t *)d->section.dst + dst, (size_t)loops->b[0]);
        if (status != RF_OK) return status;
    } while (rf_loops_next(loops, index, &tile, &dst));
    return RF_OK;
}

/* How the piece of a tile is coded, according to its column. */
static rf_column_coding coding_of(const rf_decoding *d, int64_t row, const rf_tile *tile, size_t nbytes)
{
    uint8_t column = d->reader->table->column[row];
    rf_column_coding coding = d->coding[column];
    if (column == RF_UNCOMPRESSED_DATA) { /* a column of bytes may also hold the image's own pixels */
        int bitpix = coding.coder.bitpix;
        bool fits = rf_is_bitpix(bitpix) && nbytes == tile->extent.n * rf_width(bitpix);
        if (!fits) coding.coder.bitpix = d->reader->image->bitpix;
    }
    return coding;
}

/* Converts integers to the width that the conversion to pixels starts from. */
static int normalise(const rf_decoding *d, rf_worker *w, size_t n, bool scaled, bool clip, void *target,
                     int target_bitpix, rf_values *values)
{
    int bitpix = d->reader->image->bitpix, wanted = scaled ? 32 : bitpix;
    if (bitpix < 0 && !scaled) {
        /* physical values; integers are possible in UNCOMPRESSED_DATA only */
        return values->bitpix < 0 ? RF_OK : RF_EARGUMENT;
    }
    if (values->bitpix == wanted) return RF_OK;
    if (values->bitpix < 0) return RF_ESIZE;
    bool direct = target && target_bitpix == wanted;
    void *widened = direct ? target : rf_reserve(&w->widened, n * rf_width(wanted));
    if (!widened) return RF_ENOMEM;
    int status = rf_ints(values->data, values->bitpix, n, widened, wanted, clip); /* as cfitsio clips them */
    *values = (rf_values){widened, wanted};
    return status;
}

static void make_conversion(const rf_decoding *d, int64_t row, bool scaled, int bitpix, conversion *c)
{
    const rf_tile_reader *r = d->reader;
    const rf_image *image = r->image;
    const rf_table *t = r->table;
    *c = (conversion){.bitpix = bitpix, .out_bitpix = image->bitpix, .to_double = r->out == RF_OUT_DOUBLE};
    c->flip = r->out == RF_OUT_UNSIGNED && image->unsigned_trick && image->bitpix > 0;
    c->bscale = r->bscale;
    c->bzero = r->bzero;
    if (c->to_double) c->out_bitpix = -64;
    if (image->bitpix < 0 && t->column[row] != RF_COMPRESSED_DATA) {
        c->bscale = 1; /* as in cfitsio: see rf_tiles_read */
        c->bzero = 0;
    }
    if (!scaled) return;
    c->scaled_integers = true;
    c->scaling = (rf_scaling){t->scale[row], t->zero[row], image->dither, row + image->seed, r->randoms};
    if (c->to_double && (r->bscale != 1 || r->bzero != 0)) {
        c->scaling.scale = t->scale[row] * r->bscale;
        c->scaling.zero = t->zero[row] * r->bscale + r->bzero;
    }
    if (image->dither) rf_dither_start(&c->dither, r->randoms, c->scaling.irow);
    if (t->blank && t->blank[row] >= INT32_MIN && t->blank[row] <= INT32_MAX) {
        c->has_blank = true;
        c->blank = (int32_t)t->blank[row];
    }
}

int rf_decode_tile(const rf_decoding *d, rf_worker *w, int64_t row, const uint8_t *src, size_t nbytes)
{
    const rf_image *image = d->reader->image;
    rf_tile tile;
    rf_loops loops = {.ndim = 0};
    size_t at_tile, at_dst;
    int status = rf_grid_tile(&d->grid, row, &tile);
    if (status != RF_OK) return status;
    if (!plan(d, &tile, &loops, &at_tile, &at_dst)) return RF_OK;

    /* a whole contiguous tile may be decoded straight into dst */
    bool whole = loops.ndim == 1 && loops.n[0] == tile.extent.n && loops.b[0] == (ptrdiff_t)d->out_width;
    bool scaled = image->quantized && d->reader->table->column[row] == RF_COMPRESSED_DATA;
    bool direct = whole && d->reader->out != RF_OUT_DOUBLE && !scaled;
    void *target = direct ? (uint8_t *)d->section.dst + at_dst : NULL;
    rf_column_coding coding = coding_of(d, row, &tile, nbytes);
    rf_extent extent = tile.extent;
    extent.n = needed(coding.codec, &tile, &loops, at_tile);
    rf_values values;
    status = coding.codec->decode(w, &coding.coder, &extent, src, nbytes, target, image->bitpix, &values);
    if (status == RF_OK) {
        status = normalise(d, w, extent.n, scaled, coding.codec->is_inexact, target, image->bitpix, &values);
    }
    if (status != RF_OK) return status;

    conversion c;
    make_conversion(d, row, scaled, values.bitpix, &c);
    if (target && values.data == target) {
        if (c.flip) rf_flip(target, extent.n, d->out_width);
        return RF_OK;
    }
    return scatter(d, w, &c, values.data, &loops, at_tile, at_dst);
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
    const rf_image *image = d->reader->image;
    if (!rf_is_bitpix(image->bitpix)) return RF_EARGUMENT;
    rf_coder gzip = {.codec = RF_GZIP_1, .bitpix = image->bitpix};
    rf_coder raw = {.codec = RF_NOCOMPRESS, .bitpix = d->reader->table->uncompressed_bitpix};
    d->coding[RF_COMPRESSED_DATA] = (rf_column_coding){rf_codec_find(image->coder.codec), image->coder};
    d->coding[RF_UNCOMPRESSED_DATA] = (rf_column_coding){rf_codec_find(RF_NOCOMPRESS), raw};
    d->coding[RF_GZIP_COMPRESSED_DATA] = (rf_column_coding){rf_codec_find(RF_GZIP_1), gzip};
    d->out_width = d->reader->out == RF_OUT_DOUBLE ? 8 : rf_width(image->bitpix);
    int status = rf_grid_make(&d->grid, image->ndim, image->shape, image->tile_shape);
    return status == RF_OK ? check(d) : status;
}
