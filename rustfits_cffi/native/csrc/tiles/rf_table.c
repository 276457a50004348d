/* The table of tiles of a compressed image. */
#include "tiles/rf_table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/rf_bytes.h"

/* --- columns --- */

/* Bytes of a column in a row; 0 for an invalid letter. */
static size_t field_nbytes(char letter)
{
    switch (letter) {
    case 'B': return 1;
    case 'I': return 2;
    case 'J': case 'E': return 4;
    case 'K': case 'D': case 'P': return 8;
    case 'Q': return 16;
    default: return 0;
    }
}

static bool is_descriptor(const rf_row_field *f) { return f->letter == 'P' || f->letter == 'Q'; }

static bool fits_row(const rf_row_layout *layout, const rf_row_field *f, bool holds_tiles)
{
    size_t nbytes = field_nbytes(f->letter);
    if (f->letter == 0) return true;
    if (is_descriptor(f) != holds_tiles || nbytes == 0) return false;
    return f->at <= layout->row_nbytes && nbytes <= layout->row_nbytes - f->at &&
           (!holds_tiles || f->element_nbytes > 0);
}

static bool fits(const rf_table *t, const rf_row_layout *layout)
{
    if (t->scale && !fits_row(layout, &layout->scale, false)) return false;
    if (t->zero && !fits_row(layout, &layout->zero, false)) return false;
    if (t->blank && !fits_row(layout, &layout->blank, false)) return false;
    for (int k = 0; k < 3; k++) {
        if (!fits_row(layout, &layout->tiles[k], true)) return false;
    }
    return true;
}

static double float_at(const uint8_t *p, char letter)
{
    uint32_t u4;
    uint64_t u8;
    float f4;
    double f8;
    if (letter == 'E') {
        u4 = rf_load32(p);
        memcpy(&f4, &u4, sizeof f4);
        return f4;
    }
    u8 = rf_load64(p);
    memcpy(&f8, &u8, sizeof f8);
    return f8;
}

static int64_t integer_at(const uint8_t *p, char letter)
{
    switch (letter) {
    case 'B': return *p;
    case 'I': return (int16_t)rf_load16(p);
    case 'J': return (int32_t)rf_load32(p);
    default: return (int64_t)rf_load64(p);
    }
}

static bool is_float(const rf_row_field *f) { return f->letter == 'E' || f->letter == 'D'; }

static double number(const rf_row_field *f, const uint8_t *row)
{
    if (f->letter == 0) return f->value;
    return is_float(f) ? float_at(row + f->at, f->letter) : (double)integer_at(row + f->at, f->letter);
}

static int64_t integer(const rf_row_field *f, const uint8_t *row)
{
    if (f->letter == 0) return f->integer;
    if (!is_float(f)) return integer_at(row + f->at, f->letter);
    double value = float_at(row + f->at, f->letter);
    return value >= -0x1p63 && value < 0x1p63 && value == (double)(int64_t)value ? (int64_t)value : INT64_MAX;
}

/* Length in elements and offset in the heap, as in the file. */
static void descriptor(const rf_row_field *f, const uint8_t *row, int64_t *length, int64_t *offset)
{
    const uint8_t *p = row + f->at;
    if (f->letter == 'P') {
        *length = rf_load32(p);
        *offset = rf_load32(p + 4);
    } else {
        *length = (int64_t)rf_load64(p);
        *offset = (int64_t)rf_load64(p + 8);
    }
}

/* --- one row --- */

static void take_descriptor(rf_table *t, size_t i, const rf_row_layout *layout, const uint8_t *row)
{
    t->column[i] = RF_NO_COLUMN;
    t->state[i] = RF_TILE_MISSING;
    t->offset[i] = t->nbytes[i] = 0;
    for (int k = 0; k < 3; k++) {
        int64_t length, offset;
        const rf_row_field *f = &layout->tiles[k];
        if (f->letter == 0) continue;
        descriptor(f, row, &length, &offset);
        if (length == 0) continue;
        t->column[i] = (uint8_t)k;
        t->offset[i] = offset;
        t->nbytes[i] = length > INT64_MAX / f->element_nbytes ? INT64_MAX : length * f->element_nbytes;
        bool inside = offset >= 0 && length > 0 && offset <= t->heap_nbytes && t->nbytes[i] <= t->heap_nbytes - offset;
        t->state[i] = inside ? RF_TILE_GOOD : RF_TILE_OUTSIDE;
        return;
    }
}

static void take_row(rf_table *t, size_t i, const rf_row_layout *layout, const uint8_t *row)
{
    take_descriptor(t, i, layout, row);
    if (t->scale) t->scale[i] = number(&layout->scale, row);
    if (t->zero) t->zero[i] = number(&layout->zero, row);
    if (t->blank) t->blank[i] = integer(&layout->blank, row);
}

/* --- bytes that belong to several tiles --- */

typedef struct {
    int64_t start, end;
    size_t tile;
} range;

static int by_place(const void *a, const void *b)
{
    const range *x = a, *y = b;
    if (x->start != y->start) return x->start < y->start ? -1 : 1;
    if (x->end != y->end) return x->end < y->end ? -1 : 1;
    return 0;
}

static bool is_readable(const rf_table *t, size_t i)
{
    return t->state[i] == RF_TILE_GOOD || t->state[i] == RF_TILE_SHARED;
}

/* Whether tiles lie one after the other, as most writers leave them; then no byte is shared. */
static bool is_in_order(const rf_table *t)
{
    int64_t end = 0;
    for (size_t i = 0; i < t->ntiles; i++) {
        if (!is_readable(t, i)) continue;
        if (t->offset[i] < end) return false;
        end = t->offset[i] + t->nbytes[i];
    }
    return true;
}

/* Marks all tiles of one range, ranges[first] and those equal to it; returns their number. */
static size_t mark_range(rf_table *t, const range *ranges, size_t n, size_t first, bool is_shared)
{
    size_t k = first;
    for (; k < n && by_place(&ranges[k], &ranges[first]) == 0; k++) {
        t->state[ranges[k].tile] = is_shared ? RF_TILE_SHARED : RF_TILE_GOOD;
    }
    return k - first;
}

/* In real files equal tiles may share all their bytes; a range that partly overlaps another one is an error. */
static int mark_shared(rf_table *t)
{
    size_t n = 0;
    range *ranges = malloc((t->ntiles ? t->ntiles : 1) * sizeof *ranges);
    if (!ranges) return RF_ENOMEM;
    for (size_t i = 0; i < t->ntiles; i++) {
        if (is_readable(t, i)) ranges[n++] = (range){t->offset[i], t->offset[i] + t->nbytes[i], i};
    }
    qsort(ranges, n, sizeof *ranges, by_place);
    int64_t furthest = 0;
    size_t before = n; /* the first tile of the range before this one */
    for (size_t k = 0; k < n;) {
        bool is_shared = ranges[k].start < furthest;
        size_t count = mark_range(t, ranges, n, k, is_shared);
        if (is_shared) mark_range(t, ranges, n, before, true);
        if (ranges[k].end > furthest) furthest = ranges[k].end;
        before = k;
        k += count;
    }
    free(ranges);
    return RF_OK;
}

static void count_bad(rf_table *t)
{
    t->nbad = 0;
    t->used_nbytes = 0;
    for (size_t i = 0; i < t->ntiles; i++) {
        int64_t end = t->offset[i] + t->nbytes[i];
        if (t->state[i] != RF_TILE_GOOD) t->nbad++;
        else if (end > t->used_nbytes) t->used_nbytes = end;
    }
}

/* Whether the rows just taken are contiguous and after all others; *end is where they end. */
static bool is_appended(const rf_table *t, size_t first, size_t nrows, int64_t *end)
{
    *end = t->used_nbytes;
    for (size_t i = first; i < first + nrows; i++) {
        if (t->state[i] != RF_TILE_GOOD || t->offset[i] < *end) return false;
        *end = t->offset[i] + t->nbytes[i];
    }
    return true;
}

int rf_table_take(rf_table *t, const rf_row_layout *layout, const uint8_t *rows, size_t first, size_t nrows)
{
    if (!fits(t, layout) || first > t->ntiles || nrows > t->ntiles - first) return RF_EARGUMENT;
    bool is_all = nrows == t->ntiles, was_good = t->nbad == 0;
    for (size_t i = 0; i < nrows; i++) take_row(t, first + i, layout, rows + i * layout->row_nbytes);
    int64_t end;
    if (!is_all && was_good && is_appended(t, first, nrows, &end)) {
        t->used_nbytes = end; /* the only work for a small change of a large image */
        return RF_OK;
    }
    int status = RF_OK;
    if (is_in_order(t)) {
        for (size_t i = 0; i < t->ntiles; i++) if (t->state[i] == RF_TILE_SHARED) t->state[i] = RF_TILE_GOOD;
    } else {
        status = mark_shared(t);
    }
    count_bad(t);
    return status;
}
