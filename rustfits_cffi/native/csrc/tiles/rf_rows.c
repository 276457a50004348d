/* The rows of a compressed image's table. */
#include "tiles/rf_rows.h"

#include <stdbool.h>
#include <string.h>

#include "base/rf_bytes.h"
#include "tiles/rf_tiles.h"

/* Bytes of a column in a row; 0 for a letter that cannot be there. */
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

static bool is_descriptor(const rf_column *c) { return c->letter == 'P' || c->letter == 'Q'; }

static bool fits_row(const rf_rows *r, const rf_column *c, bool holds_tiles)
{
    size_t nbytes = field_nbytes(c->letter);
    if (c->letter == 0) return true;
    if (is_descriptor(c) != holds_tiles || nbytes == 0) return false;
    return c->at <= r->row_nbytes && nbytes <= r->row_nbytes - c->at && (!holds_tiles || c->element_nbytes > 0);
}

static double number(const rf_column *c, const uint8_t *row)
{
    const uint8_t *p = row + c->at;
    uint32_t u4;
    uint64_t u8;
    float f4;
    double f8;
    switch (c->letter) {
    case 'B': return *p;
    case 'I': return (int16_t)rf_load16(p);
    case 'J': return (int32_t)rf_load32(p);
    case 'K': return (double)(int64_t)rf_load64(p);
    case 'E':
        u4 = rf_load32(p);
        memcpy(&f4, &u4, sizeof f4);
        return f4;
    case 'D':
        u8 = rf_load64(p);
        memcpy(&f8, &u8, sizeof f8);
        return f8;
    default:
        return c->value;
    }
}

/* Length in elements, and place in the heap; both as the file has them. */
static void descriptor(const rf_column *c, const uint8_t *row, int64_t *length, int64_t *place)
{
    const uint8_t *p = row + c->at;
    if (c->letter == 'P') {
        *length = rf_load32(p);
        *place = rf_load32(p + 4);
    } else {
        *length = (int64_t)rf_load64(p);
        *place = (int64_t)rf_load64(p + 8);
    }
}

static bool lies_within(int64_t place, int64_t length, int element_nbytes, int64_t heap_nbytes)
{
    return place >= 0 && length >= 0 && place <= heap_nbytes && length <= (heap_nbytes - place) / element_nbytes;
}

int rf_rows_read(const rf_rows *r, uint8_t *column, int64_t *offset, int64_t *nbytes, double *scale, double *zero,
                 int64_t *blank)
{
    bool fits = fits_row(r, &r->scale, false) && fits_row(r, &r->zero, false) && fits_row(r, &r->blank, false);
    for (int k = 0; k < 3; k++) fits = fits && fits_row(r, &r->tiles[k], true);
    if (!fits) return RF_EARGUMENT;

    for (size_t i = 0; i < r->nrows; i++) {
        const uint8_t *row = r->rows + i * r->row_nbytes;
        column[i] = RF_NO_COLUMN;
        offset[i] = nbytes[i] = 0;
        for (int k = 0; k < 3 && column[i] == RF_NO_COLUMN; k++) {
            int64_t length, place;
            if (r->tiles[k].letter == 0) continue;
            descriptor(&r->tiles[k], row, &length, &place);
            if (length == 0) continue;
            if (!lies_within(place, length, r->tiles[k].element_nbytes, r->heap_nbytes)) return RF_ETRUNCATED;
            column[i] = (uint8_t)k;
            offset[i] = place;
            nbytes[i] = length * r->tiles[k].element_nbytes;
        }
        scale[i] = number(&r->scale, row);
        zero[i] = number(&r->zero, row);
        double null = number(&r->blank, row);
        blank[i] = null >= INT32_MIN && null <= INT32_MAX ? (int64_t)null : INT64_MAX;
    }
    return RF_OK;
}
