/*
 * rf_rows.h - the rows of a compressed image's table: where each tile's coded bytes are, and how it was scaled.
 *
 * FITS Standard 4.0, section 10.1; binary tables are section 7.3.
 */
#ifndef RF_ROWS_H
#define RF_ROWS_H

#include "rf.h"

/* cffi: begin */
/* A column: where it stands in a row, and what it holds. */
typedef struct {
    size_t at;            /* byte of the row */
    char letter;          /* of TFORM: P or Q where tiles are, B I J K E D of numbers; 0: there is no such column */
    int element_nbytes;   /* of P and Q: bytes of what is counted in the heap */
    double value;         /* without a column: of every tile */
} rf_column;

/* The table as it lies in the file. */
typedef struct {
    const uint8_t *rows;
    size_t nrows, row_nbytes;
    rf_column tiles[3];          /* RF_COMPRESSED_DATA, RF_UNCOMPRESSED_DATA, RF_GZIP_COMPRESSED_DATA */
    rf_column scale, zero, blank;
    int64_t heap_nbytes;
} rf_rows;

/*
 * rf_rows_read - find each tile in the first of the three columns that has it.
 * Memory:  the caller owns everything: nrows elements in each array.
 * Sizes:   columns are checked against row_nbytes, tiles against the heap. rows has nrows * row_nbytes bytes.
 * Result:  RF_OK. Tiles that were never written have the column RF_NO_COLUMN. A blank outside the integers that tiles
 *          hold becomes INT64_MAX. RF_EARGUMENT for a column that is none of these; RF_ETRUNCATED if a tile lies
 *          outside the heap.
 * Threads: pure.
 */
int rf_rows_read(const rf_rows *rows, uint8_t *column, int64_t *offset, int64_t *nbytes, double *scale, double *zero,
                 int64_t *blank);
/* cffi: end */

#endif
