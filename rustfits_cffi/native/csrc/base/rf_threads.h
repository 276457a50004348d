/*
 * rf_threads.h - shares numbered items among threads that start and end within one call.
 */
#ifndef RF_THREADS_H
#define RF_THREADS_H

#include <stdatomic.h>

#include "rf.h"

enum { RF_MAX_THREADS = 256 }; /* the most threads that one call starts, whatever is asked for */

/*
 * A worker does item `item` and returns its status. `scratch` belongs to the thread that calls it.
 */
typedef int (*rf_work)(void *job, void *scratch, size_t item);

/*
 * rf_share - run work(job, scratch, i) for every i in 0..nitems-1 on up to nthreads threads, the caller's among them.
 * Memory:  each thread gets its own zeroed scratch of scratch_nbytes; end(scratch), when given, runs once per thread
 *          at the end to free what the scratch owns.
 * Sizes:   nitems may be 0; if nthreads is 0 or less, one thread does all items.
 * Result:  RF_OK, or the status of the lowest-numbered item that failed, whose number goes to *failed (the same with
 *          any number of threads). All items before it were done. RF_ENOMEM if no thread had scratch. errno is as that
 *          item's work left it, on whichever thread.
 * Threads: if a thread cannot be started the others do its share. Items are handed out in order.
 */
int rf_share(rf_work work, void *job, size_t nitems, int nthreads, size_t scratch_nbytes, void (*end)(void *),
             size_t *failed);

/* *lowest = number, if that is less; several threads may do so at once. */
static inline void rf_lower(_Atomic int64_t *lowest, int64_t number)
{
    int64_t known = atomic_load(lowest);
    while (number < known && !atomic_compare_exchange_weak(lowest, &known, number)) {
    }
}

#endif
