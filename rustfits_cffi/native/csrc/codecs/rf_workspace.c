/* Scratch of threads that stays from one call to the next. */
#include "codecs/rf_workspace.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { NPLACES = 16 }; /* more threads than that at once find nothing kept */

struct rf_workspace {
    _Atomic(rf_worker *) places[NPLACES];
    atomic_size_t nbytes; /* of the workers in all places */
};

static void drop(rf_worker *worker)
{
    if (worker) rf_worker_end(worker);
    free(worker);
}

/* The worker in a place, which is empty then. */
static rf_worker *empty(rf_workspace *space, size_t place)
{
    rf_worker *worker = atomic_exchange(&space->places[place], NULL);
    if (worker) atomic_fetch_sub(&space->nbytes, rf_worker_nbytes(worker));
    return worker;
}

rf_workspace *rf_workspace_new(void) { return calloc(1, sizeof(rf_workspace)); }

void rf_workspace_clear(rf_workspace *space)
{
    for (size_t i = 0; space && i < NPLACES; i++) drop(empty(space, i));
}

size_t rf_workspace_nbytes(rf_workspace *space) { return atomic_load(&space->nbytes); }

void rf_workspace_free(rf_workspace *space)
{
    rf_workspace_clear(space);
    free(space);
}

rf_worker *rf_workspace_take(rf_workspace *space)
{
    for (size_t i = 0; space && i < NPLACES; i++) {
        rf_worker *worker = empty(space, i);
        if (worker) return worker;
    }
    return calloc(1, sizeof(rf_worker));
}

void rf_workspace_give(rf_workspace *space, rf_worker *worker)
{
    size_t nbytes = worker ? rf_worker_nbytes(worker) : 0;
    if (!space || !worker) {
        drop(worker);
        return;
    }
    if (atomic_fetch_add(&space->nbytes, nbytes) + nbytes <= RF_WORKSPACE_NBYTES) {
        for (size_t i = 0; i < NPLACES; i++) {
            rf_worker *none = NULL;
            if (atomic_compare_exchange_strong(&space->places[i], &none, worker)) return;
        }
    }
    atomic_fetch_sub(&space->nbytes, nbytes);
    drop(worker);
}

rf_worker *rf_hand_worker(rf_hand *hand, rf_workspace *space)
{
    hand->space = space;
    if (!hand->worker) hand->worker = rf_workspace_take(space);
    return hand->worker;
}

void rf_hand_open(void *hand)
{
    rf_hand *h = hand;
    rf_workspace_give(h->space, h->worker);
}
