/*
 * rf_headers.h - finds the HDUs in the bytes of a file, provided that their headers are ordinary.
 *
 * A file may have ten thousand HDUs, and opening it must not take a second. Whatever is unusual in a header (an odd
 * spelling of a number, lower case, a byte that is not text, random groups, more than 99 axes) is left to the caller,
 * which reads that one header with all rules of FITS Standard 4.0, section 4, and continues after it.
 */
#ifndef RF_HEADERS_H
#define RF_HEADERS_H

#include "rf.h"

/* cffi: begin */
typedef enum {
    RF_HDU_UNKNOWN = 0,
    RF_HDU_IMAGE = 1,
    RF_HDU_COMPRESSED_IMAGE = 2,
    RF_HDU_TABLE = 3,
    RF_HDU_COMPRESSED_TABLE = 4,
    RF_HDU_ASCII_TABLE = 5
} rf_hdu_kind;

typedef struct {
    int64_t header_start;  /* byte of the file */
    int64_t header_nbytes; /* whole blocks */
    int64_t data_nbytes;   /* without padding */
    int64_t copied_at;     /* byte of `headers` where the header's copy begins */
    int32_t kind;
    int32_t has_data;      /* it has axes, and none of length 0 */
    int64_t extver;        /* 1 if absent */
    int32_t name_len;      /* of extname; -1 if there is none */
    char extname[68];      /* as written, without trailing blanks; followed by zeros */
} rf_hdu;

/*
 * rf_headers_scan - describe successive HDUs, beginning with the one at bytes[0].
 * Memory:  the caller owns everything. Each header (up to END, whole blocks) is copied to `headers`, which has a
 *          capacity of nbytes.
 * Sizes:   bytes[0] is byte `position` of the file, a multiple of 2880. At most `cap` HDUs are described; *headers_len
 *          is set. is_primary: bytes[0] begins the file's first HDU.
 * Result:  the number of HDUs described. What follows is unusual, not an HDU, or not wholly in these bytes.
 * Threads: any number, on separate memory.
 */
size_t rf_headers_scan(const uint8_t *bytes, size_t nbytes, int64_t position, int is_primary, rf_hdu *hdus, size_t cap,
                       uint8_t *headers, size_t *headers_len);
/* cffi: end */

#endif
