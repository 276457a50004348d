/*
 * rf_table.h - the table of tiles of a compressed image: where each tile's coded bytes are, and how it was scaled.
 *
 * FITS Standard 4.0, section 10.1; binary tables are section 7.3. Rows of the file are taken in once, and again where
 * they change. Everything is checked then; tiles that cannot be read are marked, and all others remain readable.
 */
#ifndef RF_TABLE_H
#define RF_TABLE_H

#include "rf.h"

/* cffi: begin */
/* The columns that may hold a coded tile; the first one that is not empty has it. */
enum {
    RF_COMPRESSED_DATA = 0,
    RF_UNCOMPRESSED_DATA = 1,
    RF_GZIP_COMPRESSED_DATA = 2,
    RF_NO_COLUMN = 255
};

/* What is wrong with a tile. */
enum {
    RF_TILE_GOOD = 0,
    RF_TILE_MISSING = 1, /* in no column: never written */
    RF_TILE_OUTSIDE = 2, /* its descriptor points outside the heap, or past the end of the file */
    RF_TILE_SHARED = 3   /* some of its bytes, but not all, also belong to another tile */
};

/* A column of the table in the file. */
typedef struct {
    size_t at;            /* byte offset in the row */
    char letter;          /* of TFORM: P or Q for tiles, B I J K E D for numbers; 0: there is no such column */
    int element_nbytes;   /* for P and Q: bytes per element in the heap */
    double value;         /* for every tile, if there is no column */
    int64_t integer;      /* the same, for `blank` */
} rf_row_field;

typedef struct {
    size_t row_nbytes;
    rf_row_field tiles[3]; /* RF_COMPRESSED_DATA, RF_UNCOMPRESSED_DATA, RF_GZIP_COMPRESSED_DATA */
    rf_row_field scale, zero, blank;
} rf_row_layout;

/* The table in memory. Arrays have an element for every tile. */
typedef struct {
    size_t ntiles;
    uint8_t *column, *state;
    int64_t *offset, *nbytes;  /* from the start of the heap */
    double *scale, *zero;      /* NULL: the tiles are not quantized */
    int64_t *blank;            /* what marks null pixels; NULL: nothing does */
    int uncompressed_bitpix;   /* type of UNCOMPRESSED_DATA; 0: the image's */
    int64_t heap_start;        /* byte of the file */
    int64_t heap_nbytes;       /* bytes that are both declared and in the file */
    int64_t used_nbytes;       /* set: end of the last good tile */
    size_t nbad;               /* set: tiles whose state is not RF_TILE_GOOD */
} rf_table;

/*
 * rf_table_take - take rows of the file into the table: at first all of them, later those that were changed.
 * Memory:  the caller owns everything; scratch of 24 bytes per tile where tiles do not follow one another.
 * Sizes:   `rows` has nrows rows of tiles first .. first + nrows - 1. Columns are checked against row_nbytes, tiles
 *          against heap_nbytes.
 * Result:  RF_OK, whatever is wrong with tiles: `state` has it. A blank that no pixel can have is INT64_MAX.
 *          RF_EARGUMENT for an invalid column, or tiles that do not exist; RF_ENOMEM.
 * Threads: pure.
 */
int rf_table_take(rf_table *table, const rf_row_layout *layout, const uint8_t *rows, size_t first, size_t nrows);
/* cffi: end */

#endif
