/*
 * rf_polyorder.h - pieces that threads make in any order, put behind each other in the order of their numbers.
 *
 * Where a piece goes is known when all before it are made. Until then its thread holds it, in a few slots that stay in
 * the cache, and makes others. So the pieces are written to fresh memory once, in their place, by who made them.
 */
#ifndef RF_POLYORDER_H
#define RF_POLYORDER_H

#include <pthread.h>
#include <stdbool.h>

#include "base/rf_threads.h"

/* Called for piece 0, 1, 2 and so on, one at a time, when it is made; returns where it goes, NULL without memory. */
typedef uint8_t *(*rf_polysettle)(void *job, size_t piece);

/* What has become of a piece so far. */
typedef struct {
    bool is_made;
    uint8_t *place; /* of a settled piece; NULL if it has none */
} rf_polyplace;

typedef struct {
    rf_polysettle settle;
    void *job;
    uint8_t *slots;
    size_t npieces, slot_nbytes;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t settled;
    size_t nhands;        /* that have slots */
    size_t nsettled;      /* pieces that have their place: all before this number */
    rf_polyplace *places; /* one a piece */
    bool is_short;        /* of memory: a piece found no place, nor will those after it */
} rf_polyorder;

enum { RF_POLYORDER_SLOTS = 4 };

/* Threads that rf_share can start for so many pieces. */
static inline size_t rf_polyorder_hands(size_t npieces, int nthreads)
{
    const size_t wanted = nthreads > 1 ? (size_t)nthreads : 1, most = npieces < wanted ? npieces : wanted;
    return most < RF_MAX_THREADS ? most : RF_MAX_THREADS;
}

/* What one thread holds; all zeros before the first use. */
typedef struct {
    rf_polyorder *order;
    uint8_t *slots;
    size_t oldest, nheld; /* pieces oldest .. oldest + nheld - 1 of those this thread made are held */
    size_t pieces[RF_POLYORDER_SLOTS], lens[RF_POLYORDER_SLOTS];
} rf_polyhand;

/*
 * rf_polyorder_open - prepare for npieces pieces of at most slot_nbytes, made by up to nhands threads.
 * Memory:  job stays the caller's and is kept; what hangs on the record is freed by rf_polyorder_close: the slots of
 *          all hands, of which only what is used is touched.
 * Sizes:   where settle says that a piece goes there is room for it.
 * Result:  RF_OK or RF_ENOMEM; then nothing hangs on it.
 * Threads: one.
 */
int rf_polyorder_open(rf_polyorder *order, size_t npieces, size_t slot_nbytes, size_t nhands, rf_polysettle settle,
                      void *job);

/*
 * rf_polyorder_close - free what hangs on the record.
 * Memory:  the record itself is the caller's.
 * Sizes:   none.
 * Result:  RF_OK if every piece is in its place, or RF_ENOMEM.
 * Threads: one, after all hands are empty.
 */
int rf_polyorder_close(rf_polyorder *order);

/*
 * rf_polyhand_slot - memory for the next piece that a thread makes.
 * Memory:  the order's.
 * Sizes:   slot_nbytes bytes.
 * Result:  the memory. If no slot is free, waits until the oldest piece held can be put in its place.
 * Threads: the hand's own.
 */
uint8_t *rf_polyhand_slot(rf_polyhand *hand, rf_polyorder *order);

/*
 * rf_polyhand_give - the piece in the slot asked for last is made.
 * Memory:  what settle needs to know of the piece is in the caller's job already.
 * Sizes:   len bytes, at most slot_nbytes.
 * Result:  none; every piece held whose place is known is put there.
 * Threads: the hand's own. Pieces must be begun in the order of their numbers, over all hands.
 */
void rf_polyhand_give(rf_polyhand *hand, size_t piece, size_t len);

/*
 * rf_polyhand_empty - put all that is held in its place; waits for the pieces before.
 * Memory:  a hand that was never used may be emptied.
 * Sizes:   none.
 * Result:  none.
 * Threads: the hand's own.
 */
void rf_polyhand_empty(rf_polyhand *hand);

#endif
