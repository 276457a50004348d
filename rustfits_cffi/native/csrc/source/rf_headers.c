/* Finds the HDUs in the bytes of a file. */
#include "source/rf_headers.h"

#include <stdbool.h>
#include <string.h>

enum { BLOCK = RF_FITS_BLOCK, CARD = 80 };
enum { MOST_AXES = 99 }; /* the most that cfitsio supports; headers with more are left to the caller */

/* What has been read of one header so far. A number comes from the first card of its keyword. */
typedef struct {
    bool has_bitpix, has_naxis, has_pcount, has_gcount, has_extver, has_extname, has_zimage, has_ztable;
    int64_t bitpix, naxis, pcount, gcount;
    int64_t nelem;    /* product of the axes so far */
    int64_t naxes;    /* NAXISn found, in order */
    bool is_empty;    /* an axis of length 0 */
    bool zimage, ztable;
    rf_hdu *hdu;
} header;

static bool is_card(const uint8_t *card, const char *keyword)
{
    return memcmp(card, keyword, 8) == 0 && card[8] == '=' && card[9] == ' ';
}

/* A plain integer with nothing but a comment after it. */
static bool read_integer(const uint8_t *card, int64_t *value)
{
    size_t i = 10;
    bool negative;
    while (i < CARD && card[i] == ' ') i++;
    negative = i < CARD && card[i] == '-';
    if (negative || (i < CARD && card[i] == '+')) i++;
    size_t first = i;
    int64_t v = 0;
    for (; i < CARD && card[i] >= '0' && card[i] <= '9'; i++) {
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, card[i] - '0', &v)) return false;
    }
    if (i == first) return false;
    while (i < CARD && card[i] == ' ') i++;
    *value = negative ? -v : v;
    return i == CARD || card[i] == '/';
}

/* T or F with nothing but a comment after it. */
static bool read_logical(const uint8_t *card, bool *value)
{
    size_t i = 10;
    while (i < CARD && card[i] == ' ') i++;
    if (i == CARD || (card[i] != 'T' && card[i] != 'F')) return false;
    *value = card[i++] == 'T';
    while (i < CARD && card[i] == ' ') i++;
    return i == CARD || card[i] == '/';
}

/* A quoted string without inner quotes that does not continue on the next card; trimmed. */
static bool read_string(const uint8_t *card, const uint8_t **text, size_t *len)
{
    size_t i = 10, end;
    while (i < CARD && card[i] == ' ') i++;
    if (i == CARD || card[i] != '\'') return false;
    const uint8_t *quote = memchr(card + i + 1, '\'', CARD - i - 1);
    if (!quote || (quote + 1 < card + CARD && quote[1] == '\'')) return false;
    end = (size_t)(quote - card);
    for (i++; i < end && card[i] == ' '; i++) continue;
    while (end > i && card[end - 1] == ' ') end--;
    if (end > i && card[end - 1] == '&') return false;
    *text = card + i;
    *len = end - i;
    return true;
}

static bool take_axis(header *h, const uint8_t *card)
{
    int64_t length, number = 0;
    size_t i = 5;
    for (; i < 8 && card[i] != ' '; i++) {
        if (card[i] < '0' || card[i] > '9') return true; /* such as NAXISA: another keyword */
        number = number * 10 + card[i] - '0';
    }
    for (; i < 8; i++) {
        if (card[i] != ' ') return true;
    }
    if (number == 0 || (h->has_naxis && number > h->naxis)) return true;
    if (!h->has_naxis || number != h->naxes + 1) return number <= h->naxes; /* later cards of an axis are ignored */
    if (!read_integer(card, &length) || length < 0) return false;
    h->naxes = number;
    h->is_empty |= length == 0;
    return !__builtin_mul_overflow(h->nelem, length, &h->nelem);
}

static bool take_name(header *h, const uint8_t *card)
{
    const uint8_t *text;
    size_t len;
    if (h->has_extname) return true;
    h->has_extname = true;
    if (!read_string(card, &text, &len) || (len && text[-1] == ' ')) return false; /* leading blanks are kept */
    h->hdu->name_len = (int32_t)len;
    memcpy(h->hdu->extname, text, len);
    return true;
}

static bool take_integer(const uint8_t *card, bool *has, int64_t *value)
{
    if (*has) return true;
    *has = true;
    return read_integer(card, value);
}

static bool take_logical(const uint8_t *card, bool *has, bool *value)
{
    if (*has) return true;
    *has = true;
    return read_logical(card, value);
}

/* False if only the full rules can read the card. */
static bool take_card(header *h, const uint8_t *card)
{
    for (size_t i = 0; i < 8; i++) {
        if (card[i] >= 'a' && card[i] <= 'z') return false;
    }
    if (card[8] != '=' || card[9] != ' ') return true;
    switch (card[0]) {
    case 'B': return !is_card(card, "BITPIX  ") || take_integer(card, &h->has_bitpix, &h->bitpix);
    case 'N':
        if (is_card(card, "NAXIS   ")) return take_integer(card, &h->has_naxis, &h->naxis);
        return memcmp(card, "NAXIS", 5) != 0 || take_axis(h, card);
    case 'P': return !is_card(card, "PCOUNT  ") || take_integer(card, &h->has_pcount, &h->pcount);
    case 'G':
        if (is_card(card, "GROUPS  ")) return false;
        return !is_card(card, "GCOUNT  ") || take_integer(card, &h->has_gcount, &h->gcount);
    case 'E':
        if (is_card(card, "EXTNAME ")) return take_name(h, card);
        return !is_card(card, "EXTVER  ") || take_integer(card, &h->has_extver, &h->hdu->extver);
    case 'Z':
        if (is_card(card, "ZIMAGE  ")) return take_logical(card, &h->has_zimage, &h->zimage);
        return !is_card(card, "ZTABLE  ") || take_logical(card, &h->has_ztable, &h->ztable);
    case ' ': return false; /* a keyword that does not begin in column 1 */
    default: return true;
    }
}

static bool take_kind(header *h, const uint8_t *card, bool is_primary)
{
    const uint8_t *text;
    size_t len;
    if (is_primary) {
        h->hdu->kind = RF_HDU_IMAGE;
        return is_card(card, "SIMPLE  ");
    }
    if (!is_card(card, "XTENSION") || !read_string(card, &text, &len)) return false;
    if (len == 5 && memcmp(text, "IMAGE", 5) == 0) h->hdu->kind = RF_HDU_IMAGE;
    else if (len == 8 && memcmp(text, "BINTABLE", 8) == 0) h->hdu->kind = RF_HDU_TABLE;
    else if (len == 5 && memcmp(text, "TABLE", 5) == 0) h->hdu->kind = RF_HDU_ASCII_TABLE;
    else return false;
    return true;
}

static bool is_text(const uint8_t *bytes, size_t nbytes)
{
    uint8_t bad = 0;
    for (size_t i = 0; i < nbytes; i++) bad |= (uint8_t)(bytes[i] - 0x20) > 0x7e - 0x20;
    return !bad;
}

static bool finish(header *h)
{
    int64_t nelem = h->naxis ? h->nelem : 0, nbytes = h->bitpix < 0 ? -h->bitpix / 8 : h->bitpix / 8;
    if (!h->has_bitpix || !h->has_naxis || h->naxes != h->naxis || h->naxis < 0 || h->naxis > MOST_AXES) return false;
    if (nbytes != 1 && nbytes != 2 && nbytes != 4 && nbytes != 8) return false;
    if (h->bitpix != 8 * nbytes && (h->bitpix != -8 * nbytes || nbytes < 4)) return false;
    if (h->pcount < 0 || h->gcount < 0) return false;
    if (__builtin_add_overflow(nelem, h->pcount, &nelem)) return false;
    if (__builtin_mul_overflow(nelem, h->gcount, &nelem) || __builtin_mul_overflow(nelem, nbytes, &nelem)) return false;
    if (nelem > INT64_MAX - 2 * BLOCK) return false;
    h->hdu->data_nbytes = nelem;
    h->hdu->has_data = h->naxis > 0 && !h->is_empty;
    if (h->hdu->kind == RF_HDU_TABLE && h->zimage) h->hdu->kind = RF_HDU_COMPRESSED_IMAGE;
    if (h->hdu->kind == RF_HDU_TABLE && h->ztable) h->hdu->kind = RF_HDU_COMPRESSED_TABLE;
    return true;
}

/* Reads one header within `nbytes` bytes; false if it is unusual or incomplete. */
static bool scan_header(const uint8_t *bytes, size_t nbytes, bool is_primary, rf_hdu *hdu)
{
    header h = {.nelem = 1, .gcount = 1, .hdu = hdu};
    *hdu = (rf_hdu){.extver = 1, .name_len = -1};
    for (size_t at = 0; at + CARD <= nbytes; at += CARD) {
        const uint8_t *card = bytes + at;
        if (at % BLOCK == 0 && (nbytes - at < BLOCK || !is_text(card, BLOCK))) return false;
        if (at == 0) {
            if (!take_kind(&h, card, is_primary)) return false;
            continue;
        }
        if (memcmp(card, "END     ", 8) == 0) {
            for (size_t i = 8; i < CARD; i++) {
                if (card[i] != ' ') return false;
            }
            hdu->header_nbytes = (int64_t)(at / BLOCK + 1) * BLOCK;
            return finish(&h);
        }
        if (memcmp(card, "        ", 8) == 0 && card[8] != '=') continue; /* no keyword: a comment, or blank */
        if (!take_card(&h, card)) return false;
    }
    return false;
}

size_t rf_headers_scan(const uint8_t *bytes, size_t nbytes, int64_t position, int is_primary, rf_hdu *hdus, size_t cap,
                       uint8_t *headers, size_t *headers_len)
{
    size_t nhdus = 0, at = 0;
    *headers_len = 0;
    while (at < nbytes && nhdus < cap) {
        rf_hdu *hdu = &hdus[nhdus];
        int64_t next;
        if (!scan_header(bytes + at, nbytes - at, is_primary && at == 0, hdu)) break;
        int64_t padded = (hdu->data_nbytes + BLOCK - 1) / BLOCK * BLOCK;
        hdu->header_start = position + (int64_t)at;
        if (__builtin_add_overflow(hdu->header_start + hdu->header_nbytes, padded, &next)) break;
        hdu->copied_at = (int64_t)*headers_len;
        memcpy(headers + *headers_len, bytes + at, (size_t)hdu->header_nbytes);
        *headers_len += (size_t)hdu->header_nbytes;
        nhdus++;
        at = (size_t)(next - position);
    }
    return nhdus;
}
