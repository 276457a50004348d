/*
 * rf_polyorder.h - joins pieces that threads finish in any order into one stream, in the order of their numbers.
 *
 * The destination of a piece is known once all pieces before it are finished. Until then the thread that made it holds
 * it in a leased slot and works on other pieces; the few slots stay in the cache. So each piece is written to fresh
 * memory once, at its destination, by the thread that made it.
 */
#ifndef RF_POLYORDER_H
#define RF_POLYORDER_H

#include <pthread.h>
#include <stdbool.h>

#include "base/rf_threads.h"

/* Called for finished pieces 0, 1, 2, ..., one at a time; returns the destination, or NULL if there is no memory. */
typedef uint8_t *(*rf_polysettle)(void *job, size_t piece);

/* State of a piece. */
typedef struct {
    bool is_finished;
    uint8_t *dst; /* destination of a settled piece; NULL if it has none */
} rf_polypiece;

typedef struct {
    rf_polysettle settle;
    void *job;
    uint8_t *slots;
    size_t npieces, slot_nbytes;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t settled;
    size_t nleases;       /* that have slots */
    size_t nsettled;      /* pieces with a known destination: all before this number */
    rf_polypiece *pieces; /* one per piece */
    bool is_short;        /* of memory: a piece has no destination, nor will any later one */
} rf_polyorder;

enum { RF_POLYORDER_SLOTS = 4 };

/* Number of threads that rf_share can start for npieces pieces. */
static inline size_t rf_polyorder_threads(size_t npieces, int nthreads)
{
    const size_t wanted = nthreads > 1 ? (size_t)nthreads : 1, most = npieces < wanted ? npieces : wanted;
    return most < RF_MAX_THREADS ? most : RF_MAX_THREADS;
}

/* The slots that one thread has leased; all zeros before the first use. */
typedef struct {
    rf_polyorder *order;
    uint8_t *slots;
    size_t oldest, nheld; /* of the pieces this thread finished, oldest .. oldest + nheld - 1 are held */
    size_t numbers[RF_POLYORDER_SLOTS], lens[RF_POLYORDER_SLOTS];
} rf_polylease;

/*
 * rf_polyorder_open - prepare for npieces pieces of at most slot_nbytes, made by up to nleases threads.
 * Memory:  the record keeps a pointer to the caller's job. It owns the slots of all leases, of which only those in use
 *          are touched, until rf_polyorder_close.
 * Sizes:   each destination that settle returns takes the whole piece.
 * Result:  RF_OK, or RF_ENOMEM with nothing allocated.
 * Threads: one.
 */
int rf_polyorder_open(rf_polyorder *order, size_t npieces, size_t slot_nbytes, size_t nleases, rf_polysettle settle,
                      void *job);

/*
 * rf_polyorder_close - free what the record owns.
 * Memory:  the caller owns the record itself.
 * Sizes:   none.
 * Result:  RF_OK if every piece is at its destination, or RF_ENOMEM.
 * Threads: one, after all leases have ended.
 */
int rf_polyorder_close(rf_polyorder *order);

/*
 * rf_polylease_slot - lease a slot for the next piece that a thread makes.
 * Memory:  owned by the order.
 * Sizes:   slot_nbytes bytes.
 * Result:  the slot. If none is free, waits until the oldest piece held can be copied to its destination.
 * Threads: the one that the lease belongs to.
 */
uint8_t *rf_polylease_slot(rf_polylease *lease, rf_polyorder *order);

/*
 * rf_polylease_finish - declare the piece in the slot leased last finished.
 * Memory:  the caller's job already has what settle needs to know about the piece.
 * Sizes:   len bytes, at most slot_nbytes.
 * Result:  none; every piece held whose destination is known is copied there, and its slot put back.
 * Threads: the one that the lease belongs to. Pieces must be begun in the order of their numbers, over all threads.
 */
void rf_polylease_finish(rf_polylease *lease, size_t piece, size_t len);

/*
 * rf_polylease_end - copy all pieces held to their destinations and put the slots back; waits for earlier pieces.
 * Memory:  a lease that was never used may be ended.
 * Sizes:   none.
 * Result:  none.
 * Threads: the one that the lease belongs to.
 */
void rf_polylease_end(rf_polylease *lease);

#endif
