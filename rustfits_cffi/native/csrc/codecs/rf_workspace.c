/* Keeps the scratch of threads from one call to the next. */
#include "codecs/rf_workspace.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { NSLOTS = 16 }; /* the scratch of more threads than this at a time is not kept */

struct rf_workspace {
    _Atomic(rf_worker *) slots[NSLOTS];
    atomic_size_t nbytes; /* of the workers in all slots */
};

static void drop(rf_worker *worker)
{
    if (worker) rf_worker_end(worker);
    free(worker);
}

/* Takes the worker out of a slot; NULL if the slot is empty. */
static rf_worker *take_out(rf_workspace *space, size_t slot)
{
    rf_worker *worker = atomic_exchange(&space->slots[slot], NULL);
    if (worker) atomic_fetch_sub(&space->nbytes, rf_worker_nbytes(worker));
    return worker;
}

rf_workspace *rf_workspace_new(void) { return calloc(1, sizeof(rf_workspace)); }

void rf_workspace_clear(rf_workspace *space)
{
    for (size_t i = 0; space && i < NSLOTS; i++) drop(take_out(space, i));
}

size_t rf_workspace_nbytes(rf_workspace *space) { return atomic_load(&space->nbytes); }

void rf_workspace_free(rf_workspace *space)
{
    rf_workspace_clear(space);
    free(space);
}

rf_worker *rf_workspace_take(rf_workspace *space)
{
    for (size_t i = 0; space && i < NSLOTS; i++) {
        rf_worker *worker = take_out(space, i);
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
        for (size_t i = 0; i < NSLOTS; i++) {
            rf_worker *none = NULL;
            if (atomic_compare_exchange_strong(&space->slots[i], &none, worker)) return;
        }
    }
    atomic_fetch_sub(&space->nbytes, nbytes);
    drop(worker);
}

rf_worker *rf_lease_worker(rf_lease *lease, rf_workspace *space)
{
    lease->space = space;
    if (!lease->worker) lease->worker = rf_workspace_take(space);
    return lease->worker;
}

void rf_lease_end(void *lease)
{
    rf_lease *ended = lease;
    rf_workspace_give(ended->space, ended->worker);
}
