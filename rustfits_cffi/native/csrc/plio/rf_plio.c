/*
 * PLIO line lists. A list is 7 words of header, then instructions of 4 bits opcode and 12 bits data which move a
 * position x through the line and change a current value v, that starts at 1:
 *   0 skip data pixels (they are 0)     4 data pixels of v              6 v += data, then one pixel
 *   1 v = next word (signed), data      5 data - 1 zeros, one pixel     7 v -= data, then one pixel
 *   2 v += data      3 v -= data
 */
#include "plio/rf_plio.h"

#include "base/rf_bytes.h"

enum {
    HEADER_WORDS = 7,
    MAX_DATA = 4095,
    OP_SET = 0x1000,
    OP_ADD = 0x2000,
    OP_SUBTRACT = 0x3000,
    OP_PIXELS = 0x4000,   /* also the bit that makes ADD and SUBTRACT write one pixel */
    OP_LAST_PIXEL = 0x5001 /* added to a skip: its pixels, and then one of v */
};

static const int32_t MAX_VALUE = (1 << 24) - 1;

typedef struct {
    uint8_t *start;
    size_t nwords; /* words written */
    size_t cap;    /* words that dst can hold */
} word_list;

/* Counts the word even if it does not fit, so that one check at the end suffices. */
static inline void put(word_list *list, uint32_t word)
{
    if (list->nwords < list->cap) rf_store16(list->start + 2 * list->nwords, (uint16_t)word);
    list->nwords++;
}

/* The words of `count` pixels or zeros, at most MAX_DATA at a time. */
static void put_run(word_list *list, uint32_t opcode, size_t count)
{
    for (; count > MAX_DATA; count -= MAX_DATA) put(list, opcode + MAX_DATA);
    if (count) put(list, opcode + (uint32_t)count);
}

/* Changes the current value; true if the instruction has also written a lone pixel. */
static bool put_value(word_list *list, int32_t value, int32_t *current, bool alone)
{
    int32_t change = value - *current;
    *current = value;
    if (change == 0) return false;
    if (change > MAX_DATA || change < -MAX_DATA) {
        put(list, OP_SET + ((uint32_t)value & MAX_DATA));
        put(list, (uint32_t)value >> 12);
        return false;
    }
    uint32_t word = change > 0 ? OP_ADD + (uint32_t)change : OP_SUBTRACT + (uint32_t)-change;
    put(list, alone ? word | OP_PIXELS : word);
    return alone;
}

/* nzeros zeros, then npix > 0 pixels of value. */
static int put_runs(word_list *list, size_t nzeros, size_t npix, int32_t value, int32_t *current, int allow_lossy)
{
    if (put_value(list, value, current, npix == 1 && nzeros == 0)) return RF_OK;
    if (nzeros && npix == 1) {
        size_t last = nzeros % MAX_DATA ? nzeros % MAX_DATA : MAX_DATA;
        /* 4095 + 0x5001 is the opcode for v += 0: the skipped zeros are gone */
        if (last == MAX_DATA && !allow_lossy) return RF_ELOSSY;
        put_run(list, 0, nzeros - last);
        put(list, (uint32_t)last + OP_LAST_PIXEL);
        return RF_OK;
    }
    put_run(list, 0, nzeros);
    put_run(list, OP_PIXELS, npix);
    return RF_OK;
}

/* The first pixel from `from` on that is not `value`, or npix. */
static inline size_t run_end(const int32_t *src, size_t from, size_t npix, int32_t value)
{
    if (from < npix && src[from] != value) return from;
    /* masks are mostly long runs: 8 pixels per step, which compile to two or four vector comparisons */
    for (; npix - from >= 8; from += 8) {
        int32_t differs = 0;
        for (size_t k = 0; k < 8; k++) differs |= src[from + k] ^ value;
        if (differs) break;
    }
    while (from < npix && src[from] == value) from++;
    return from;
}

static int put_pixels(word_list *list, const int32_t *src, size_t npix, int allow_lossy)
{
    int32_t current = 1;
    size_t i = 0;
    while (i < npix) {
        size_t first = src[i] ? i : run_end(src, i, npix, 0);
        if (first == npix) {
            put_run(list, 0, npix - i);
            return RF_OK;
        }
        int32_t value = src[first];
        if (value < 0 || value > MAX_VALUE) return RF_ERANGE;
        size_t stop = run_end(src, first + 1, npix, value);
        int status = put_runs(list, first - i, stop - first, value, &current, allow_lossy);
        if (status) return status;
        i = stop;
    }
    return RF_OK;
}

int rf_plio_encode(const int32_t *src, size_t npix, int allow_lossy, uint8_t *dst, size_t dst_cap, size_t *dst_len)
{
    *dst_len = 0;
    if (!npix) return RF_OK;
    word_list list = {.start = dst, .cap = dst_cap / 2, .nwords = HEADER_WORDS};
    int status = put_pixels(&list, src, npix, allow_lossy);
    if (status) return status;
    if (list.nwords >> 30) return RF_EARGUMENT;
    if (list.nwords > list.cap) return RF_ENOSPACE;
    const uint32_t high = (uint32_t)(list.nwords >> 15), low = (uint32_t)list.nwords & 32767;
    const uint32_t header[HEADER_WORDS] = {0, HEADER_WORDS, 0 - 100u, low, high};
    for (size_t k = 0; k < HEADER_WORDS; k++) rf_store16(dst + 2 * k, (uint16_t)header[k]);
    *dst_len = 2 * list.nwords;
    return RF_OK;
}

size_t rf_plio_bound(size_t npix)
{
    /* a pixel needs at most a two-word value and its run */
    return npix > SIZE_MAX / 8 ? SIZE_MAX : 2 * (3 * npix + HEADER_WORDS);
}

/* Finds the instructions: words *first to *stop - 1. */
static int find_instructions(const uint8_t *src, size_t src_len, size_t *first, size_t *stop)
{
    if (src_len < 6) return RF_ETRUNCATED;
    int32_t third = (int16_t)rf_load16(src + 4);
    int64_t begin, length;
    if (third > 0) { /* the old header of three words has its length here */
        begin = 3;
        length = third;
    } else {
        if (src_len < 10) return RF_ETRUNCATED;
        begin = (int16_t)rf_load16(src + 2);
        length = (int64_t)(int16_t)rf_load16(src + 8) * 32768 + (int16_t)rf_load16(src + 6);
    }
    if (begin < 0 || length <= 0) return RF_EBADDATA;
    if ((uint64_t)length > src_len / 2) return RF_ETRUNCATED;
    *first = (size_t)begin;
    *stop = (size_t)length;
    return RF_OK;
}

static inline void fill(int32_t *dst, size_t npix, int32_t value)
{
    for (size_t k = 0; k < npix; k++) dst[k] = value;
}

int rf_plio_decode(const uint8_t *src, size_t src_len, int32_t *dst, size_t npix)
{
    size_t word, stop, x = 0;
    uint32_t value = 1;
    if (!npix) return RF_OK;
    int status = find_instructions(src, src_len, &word, &stop);
    if (status) return status;
    for (; word < stop && x < npix; word++) {
        uint32_t opcode = rf_load16(src + 2 * word) >> 12;
        uint32_t data = rf_load16(src + 2 * word) & MAX_DATA;
        size_t left = npix - x;
        switch (opcode) {
        case 0: case 4: case 5:
            if (data > left) return RF_ESIZE;
            fill(dst + x, data, opcode == 4 ? (int32_t)value : 0);
            x += data;
            if (opcode == 5 && data) dst[x - 1] = (int32_t)value;
            break;
        case 1:
            if (++word == stop) return RF_ETRUNCATED;
            value = ((uint32_t)(int16_t)rf_load16(src + 2 * word) << 12) + data;
            break;
        case 2: value += data; break;
        case 3: value -= data; break;
        case 6: value += data; dst[x++] = (int32_t)value; break;
        case 7: value -= data; dst[x++] = (int32_t)value; break;
        default: return RF_EBADDATA;
        }
    }
    fill(dst + x, npix - x, 0);
    return RF_OK;
}
