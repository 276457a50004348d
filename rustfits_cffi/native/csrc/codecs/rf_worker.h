/*
 * rf_worker.h - the scratch memory of one thread that codes or decodes.
 */
#ifndef RF_WORKER_H
#define RF_WORKER_H

#include "deflate/rf_gzip.h"

/* A buffer that grows as needed and stays with its thread. */
typedef struct {
    void *data;
    size_t cap;
} rf_buffer;

/* What one thread keeps from one piece to the next. Starts zeroed; rf_worker_end frees what it owns. */
typedef struct {
    rf_gzip gzip;
    rf_buffer coded;   /* coded pieces as read from a file */
    rf_buffer bytes;   /* coded or uncoded bytes between a codec and its values */
    rf_buffer values;  /* the numbers that a codec decodes or encodes */
    rf_buffer pixels;  /* pixels before encoding or after decoding */
    rf_buffer widened; /* integers in the width that a codec needs */
    rf_buffer work;    /* scratch of kernels */
} rf_worker;

/*
 * rf_reserve - scratch of at least nbytes, contents undefined.
 * Memory:  belongs to the buffer; earlier pointers into it become invalid.
 * Sizes:   nbytes may be 0.
 * Result:  the scratch; NULL if there is no memory.
 * Threads: the buffer's own.
 */
void *rf_reserve(rf_buffer *buffer, size_t nbytes);

/*
 * rf_worker_end - free what an rf_worker owns.
 * Memory:  the record itself is the caller's.
 * Sizes:   none.
 * Result:  none.
 * Threads: the worker's own.
 */
void rf_worker_end(void *worker);

/*
 * rf_worker_nbytes - how much scratch an rf_worker owns.
 * Memory:  none.
 * Sizes:   none.
 * Result:  the bytes, without some tens of kilobytes that libraries may hold.
 * Threads: the worker's own.
 */
size_t rf_worker_nbytes(const rf_worker *worker);

#endif
