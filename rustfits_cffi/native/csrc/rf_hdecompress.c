/* The HCOMPRESS decoder: bit planes of the quadrants, signs, and the inverse H-transform. */
#include "rf_hcompress.h"

#include "rf_bits.h"
#include "rf_cpu.h"
#include "rf_hquad.h"

/*
 * The nybble and, times 16, the length of the Huffman code that the next 6 bits start with (R. White, qtree_encode.c,
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
    uint8_t *place[4]; /* a byte of each coefficient, as in hc_grid */
    uint8_t *cells[2]; /* the nybbles of a grid and of the one above, in turns */
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
        *(k < 4 ? &work->place[k] : &work->cells[k - 4]) = bytes;
        bytes += work->count + HC_PAD;
    }
}

/* Takes the header apart. */
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
 * Does no sum of the 64-bit inverse transform of this stream need more than 32 bits? Then 32-bit sums are the same,
 * and twice as many go through a processor at once. Bounds only the sizes that the header allows.
 */
static bool is_exact_in_32(const hc_stream *stream, unsigned npasses)
{
    double scale = stream->scale > 1 ? stream->scale : 1;
    double unit = (double)((uint64_t)1 << npasses), most = 0;
    double mean = ((double)(int64_t)stream->sum < 0 ? -1 : 1) * (double)(int64_t)stream->sum * scale + 4 * unit;
    for (unsigned pass = npasses; pass-- > 0;) {
        const uint8_t *n = stream->nplanes;
        double along = (double)((uint64_t)1 << n[pass ? 0 : 1]) * scale, across = (double)((uint64_t)1 << n[pass ? 0 : 2]) * scale;
        double sum = mean + 2 * along + across + 16 * unit; /* each is rounded and changed by at most 4 units */
        if (sum > most) most = sum;
        mean = sum / 2;
    }
    return most < 2147483648.0;
}

#define TARGET
#define VARIANT(name) name
#include "rf_hdecode_template.h"
#undef TARGET
#undef VARIANT

#if RF_CPU_X86
#define TARGET RF_TARGET_V3
#define VARIANT(name) name##_v3
#include "rf_hdecode_template.h"
#undef TARGET
#undef VARIANT
#endif

int rf_hcompress_decode(const uint8_t *src, size_t src_len, int32_t *dst, size_t nx, size_t ny, int smooth, int wide,
                        void *scratch)
{
    hc_scratch pieces;
    hc_stream stream;
    if (!hc_is_size(nx, ny)) return RF_EARGUMENT;
    int status = read_header(src, src_len, nx, ny, wide, &stream);
    if (status) return status;
    hc_cut_scratch(&pieces, nx, ny, scratch);
    rf_bits_in in = {.next = src + HC_HEADER_NBYTES, .end = src + src_len};
    bool smoothed = smooth && stream.scale > 1;
    /* narrow sums wrap at 32 bits in cfitsio as well; smoothing multiplies by up to 64, which the bound has not */
    bool is_narrow = !wide || (!smoothed && is_exact_in_32(&stream, hc_npasses(nx, ny)));
#if RF_CPU_X86
    if (rf_cpu_is_v3()) {
        return is_narrow ? hc32_decode_v3(&in, &stream, &pieces, smoothed, dst)
                         : hc64_decode_v3(&in, &stream, &pieces, smoothed, dst);
    }
#endif
    return is_narrow ? hc32_decode(&in, &stream, &pieces, smoothed, dst)
                     : hc64_decode(&in, &stream, &pieces, smoothed, dst);
}
