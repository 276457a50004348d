/* The HCOMPRESS decoder: bit planes of the quadrants, signs, and the inverse H-transform. */
#include "hcompress/rf_hcompress.h"

#include "base/rf_bits.h"
#include "hcompress/rf_hquad.h"

/*
 * The nybble and, times 16, the length of the Huffman code at the start of the next 6 bits (R. White, qtree_encode.c,
 * where the codes are 0: 3E, 1: 00, 2: 01, 3: 08, 4: 02, 5: 09, 6: 1A, 7: 1B, 8: 03, 9: 1C, A: 0A, B: 1D, C: 0B,
 * D: 1E, E: 3F, F: 0C).
 */
#define TWICE(entry) (entry), (entry)
#define CODE3(nybble) TWICE(0x30 | (nybble)), TWICE(0x30 | (nybble)), TWICE(0x30 | (nybble)), TWICE(0x30 | (nybble))
#define CODE4(nybble) TWICE(0x40 | (nybble)), TWICE(0x40 | (nybble))
#define CODE5(nybble) TWICE(0x50 | (nybble))
#define CODE6(nybble) 0x60 | (nybble)
static const uint8_t CODES[64] = {
    CODE3(1), CODE3(2), CODE3(4), CODE3(8), CODE4(3), CODE4(5), CODE4(10), CODE4(12), CODE4(15),
    CODE5(6), CODE5(7), CODE5(9), CODE5(11), CODE5(13), CODE6(0), CODE6(14),
};

/* The header of a stream. */
typedef struct {
    int32_t scale;
    uint64_t sum;
    uint8_t nplanes[3];
} hc_stream;

/* The arrays that a quadrant is decoded in. */
typedef struct {
    size_t rows[HC_MAX_GRIDS], cols[HC_MAX_GRIDS];
    unsigned ngrids;
    size_t count;      /* cells of grid 0 */
    uint8_t *corner[4]; /* a byte of each coefficient, as in hc_grid */
    uint8_t *cells[2]; /* the nybbles of a grid and of the one above, alternating */
} quad_work;

static void plan_work(quad_work *work, size_t rows, size_t cols, uint8_t *bytes)
{
    work->ngrids = 0;
    do {
        rows = hc_half(rows);
        cols = hc_half(cols);
        work->rows[work->ngrids] = rows;
        work->cols[work->ngrids++] = cols;
    } while (rows > 1 || cols > 1);
    work->count = work->rows[0] * work->cols[0];
    for (int k = 0; k < 6; k++) {
        *(k < 4 ? &work->corner[k] : &work->cells[k - 4]) = bytes;
        bytes += work->count + HC_PAD;
    }
}

/* Parses the header. */
static int read_header(const uint8_t *src, size_t src_len, size_t nx, size_t ny, bool wide, hc_stream *stream)
{
    if (src_len < HC_HEADER_NBYTES) return RF_ETRUNCATED;
    if (rf_load16(src) != 0xDD99) return RF_EBADDATA;
    if (rf_load32(src + 2) != ny || rf_load32(src + 6) != nx) return RF_ESIZE;
    stream->scale = (int32_t)rf_load32(src + 10);
    stream->sum = rf_load64(src + 14);
    memcpy(stream->nplanes, src + 22, 3);
    for (int k = 0; k < 3; k++) if (stream->nplanes[k] > (wide ? 63 : 32)) return RF_EBADDATA;
    return RF_OK;
}

/*
 * Whether every sum of the 64-bit inverse transform of this stream fits 32 bits. Then 32-bit sums are the same, and a
 * processor handles twice as many at once. Bounds only the sizes that the header allows.
 */
static bool is_exact_in_32(const hc_stream *stream, unsigned npasses)
{
    double scale = stream->scale > 1 ? stream->scale : 1;
    double unit = (double)((uint64_t)1 << npasses), most = 0;
    double mean = ((double)(int64_t)stream->sum < 0 ? -1 : 1) * (double)(int64_t)stream->sum * scale + 4 * unit;
    for (unsigned pass = npasses; pass-- > 0;) {
        const uint8_t *n = stream->nplanes;
        double along = (double)((uint64_t)1 << n[pass ? 0 : 1]) * scale;
        double across = (double)((uint64_t)1 << n[pass ? 0 : 2]) * scale;
        double sum = mean + 2 * along + across + 16 * unit; /* each is changed by at most 4 units in rounding */
        if (sum > most) most = sum;
        mean = sum / 2;
    }
    return most < 2147483648.0;
}

/* A plane stored directly: the nybbles of grid 0. */
static int take_direct(rf_bits_in *in, uint8_t *nybbles, size_t count)
{
    uint64_t nbits = 4 * (uint64_t)count;
    if (nbits > in->have + 8 * (uint64_t)(in->end - in->next)) return RF_ETRUNCATED;
    const uint8_t *p = in->next - (in->have + 7) / 8; /* the byte of the first bit */
    unsigned skip = (8 - in->have % 8) % 8;
    size_t k = 0;
    for (; k + 8 <= count && in->end - p >= 8; k += 8, p += 4) {
        uint64_t v = rf_load64(p) << skip >> 32;
        v = (v | v << 16) & UINT64_C(0x0000FFFF0000FFFF);
        v = (v | v << 8) & UINT64_C(0x00FF00FF00FF00FF);
        v = (v | v << 4) & UINT64_C(0x0F0F0F0F0F0F0F0F);
        rf_store64(nybbles + k, v);
    }
    *in = (rf_bits_in){.next = p, .end = in->end};
    rf_bits_refill(in);
    rf_bits_skip(in, skip);
    for (; k < count; k++) {
        uint32_t v;
        if (!rf_bits_take(in, 4, &v)) return RF_ETRUNCATED;
        nybbles[k] = (uint8_t)v;
    }
    return RF_OK;
}

/* Replaces every 1 among `count` cells (zero-padded to a multiple of 8) by its code, last cell first. */
static int take_codes(rf_bits_in *stream, uint8_t *cells, size_t count)
{
    rf_bits_in in = *stream;
    for (size_t k = (count + 7) & ~(size_t)7; k > 0; k -= 8) {
        uint8_t *cell = cells + k - 8;
        uint64_t ones = rf_load64(cell);
        if (!ones) continue;
        rf_bits_refill(&in); /* 8 codes have at most 48 bits */
        uint64_t window = in.window;
        unsigned used = 0;
        for (; ones; ones &= ones - 1) {
            unsigned entry = CODES[window >> 58];
            cell[7 - (unsigned)__builtin_ctzll(ones) / 8] = (uint8_t)(entry & 15);
            window <<= entry >> 4;
            used += entry >> 4;
        }
        if (used > in.have) return RF_ETRUNCATED;
        in.window = window;
        in.have -= used;
    }
    *stream = in;
    return RF_OK;
}

/* Spreads the nybbles of `rows` x `cols` cells' parents: a 1 for each cell that is not zero. */
static void spread(const uint8_t *restrict parents, uint8_t *restrict cells, size_t rows, size_t cols)
{
    size_t nparents = hc_half(cols);
    for (size_t i = 0; i < rows; i++) {
        const uint8_t *restrict parent = parents + i / 2 * nparents;
        uint8_t *restrict cell = cells + i * cols;
        unsigned shift = i % 2 ? 0 : 2;
        for (size_t j = 0; j < cols / 2; j++) {
            cell[2 * j] = parent[j] >> (shift + 1) & 1;
            cell[2 * j + 1] = parent[j] >> shift & 1;
        }
        if (cols & 1) cell[cols - 1] = parent[nparents - 1] >> (shift + 1) & 1;
    }
    memset(cells + rows * cols, 0, 8);
}

/* A plane stored as a quadtree; *nybbles are those of grid 0, or NULL if the plane is zero. */
static int take_tree(rf_bits_in *in, const quad_work *work, const uint8_t **nybbles)
{
    uint8_t *parents = work->cells[0], *cells = work->cells[1];
    memset(parents, 0, 8);
    parents[0] = 1;
    int status = take_codes(in, parents, 1);
    if (status) return status;
    *nybbles = NULL;
    if (!parents[0]) return RF_OK;
    if (!work->count) return RF_EBADDATA; /* bit planes for a quadrant without coefficients */
    for (unsigned n = work->ngrids - 1; n-- > 0;) {
        size_t rows = work->rows[n], cols = work->cols[n];
        spread(parents, cells, rows, cols);
        status = take_codes(in, cells, rows * cols);
        if (status) return status;
        uint8_t *swap = parents;
        parents = cells;
        cells = swap;
    }
    *nybbles = parents;
    return RF_OK;
}

/* Sets the bit of `mask` in each corner whose nybble has it. */
static void set_bits(const uint8_t *restrict nybbles, size_t count, uint8_t mask, uint8_t *restrict a,
                     uint8_t *restrict b, uint8_t *restrict c, uint8_t *restrict d)
{
    for (size_t k = 0; k < count; k++) {
        uint8_t v = nybbles[k];
        a[k] = (uint8_t)(a[k] | (v & 8 ? mask : 0));
        b[k] = (uint8_t)(b[k] | (v & 4 ? mask : 0));
        c[k] = (uint8_t)(c[k] | (v & 2 ? mask : 0));
        d[k] = (uint8_t)(d[k] | (v & 1 ? mask : 0));
    }
}

/* One bit plane of a quadrant, into one bit of the corners. */
static int take_plane(rf_bits_in *in, const quad_work *work, unsigned bit)
{
    const uint8_t *nybbles = work->cells[0];
    uint32_t format;
    int status;
    if (!rf_bits_take(in, 4, &format)) return RF_ETRUNCATED;
    if (format == 0) {
        status = take_direct(in, work->cells[0], work->count);
    } else if (format == 15) {
        status = take_tree(in, work, &nybbles);
    } else {
        return RF_EBADDATA;
    }
    if (status || !nybbles) return status;
    set_bits(nybbles, work->count, (uint8_t)(1u << bit), work->corner[0], work->corner[1], work->corner[2],
             work->corner[3]);
    return RF_OK;
}

#define COEF int32_t
#define UCOEF uint32_t
#define NAME(verb) hc32_##verb
#include "hcompress/rf_hinverse_template.h"
#undef COEF
#undef UCOEF
#undef NAME

#define COEF int64_t
#define UCOEF uint64_t
#define NAME(verb) hc64_##verb
#include "hcompress/rf_hinverse_template.h"
#undef COEF
#undef UCOEF
#undef NAME

int rf_hcompress_decode(const uint8_t *src, size_t src_len, int32_t *dst, size_t nx, size_t ny, int smooth, int wide,
                        void *scratch)
{
    hc_stream stream;
    if (!hc_is_size(nx, ny)) return RF_EARGUMENT;
    int status = read_header(src, src_len, nx, ny, wide, &stream);
    if (status) return status;
    hc_scratch pieces = hc_cut_scratch(nx, ny, scratch);
    rf_bits_in in = {.next = src + HC_HEADER_NBYTES, .end = src + src_len};
    bool smoothed = smooth && stream.scale > 1;
    /* narrow sums wrap at 32 bits as in cfitsio; the bound omits that smoothing multiplies by up to 64 */
    bool is_narrow = !wide || (!smoothed && is_exact_in_32(&stream, hc_npasses(nx, ny)));
    return is_narrow ? hc32_decode(&in, &stream, &pieces, smoothed, dst)
                     : hc64_decode(&in, &stream, &pieces, smoothed, dst);
}
