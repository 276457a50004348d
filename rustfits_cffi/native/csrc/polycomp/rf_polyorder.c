/* Joins pieces made by several threads into one stream; independent of any format. */
#include "polycomp/rf_polyorder.h"

#include <stdlib.h>
#include <string.h>

#include "base/rf_bytes.h"

int rf_polyorder_open(rf_polyorder *order, size_t npieces, size_t slot_nbytes, size_t nleases, rf_polysettle settle,
                      void *job)
{
    size_t nbytes;

    *order = (rf_polyorder){.settle = settle, .job = job, .npieces = npieces, .slot_nbytes = slot_nbytes};
    if (!rf_multiply(nleases * RF_POLYORDER_SLOTS, slot_nbytes, &nbytes)) return RF_ENOMEM;
    order->slots = malloc(nbytes + 1);
    order->pieces = calloc(npieces + 1, sizeof *order->pieces);
    if (!order->slots || !order->pieces) {
        free(order->slots);
        free(order->pieces);
        return RF_ENOMEM;
    }
    pthread_mutex_init(&order->lock, NULL);
    pthread_cond_init(&order->settled, NULL);
    return RF_OK;
}

int rf_polyorder_close(rf_polyorder *order)
{
    pthread_cond_destroy(&order->settled);
    pthread_mutex_destroy(&order->lock);
    free(order->slots);
    free(order->pieces);
    return order->is_short ? RF_ENOMEM : RF_OK;
}

/* Destinations of the oldest pieces held, up to the first unknown one; returns how many. The caller has the lock. */
static size_t look_up(const rf_polylease *lease, uint8_t **dsts)
{
    size_t n = 0;

    for (; n < lease->nheld; n++) {
        const size_t piece = lease->numbers[(lease->oldest + n) % RF_POLYORDER_SLOTS];
        if (piece >= lease->order->nsettled) break;
        dsts[n] = lease->order->pieces[piece].dst;
    }
    return n;
}

/* Copies the n oldest pieces held to the destinations that look_up found, and puts their slots back. */
static void put_settled(rf_polylease *lease, size_t n, uint8_t *const *dsts)
{
    for (size_t i = 0; i < n; i++) {
        const size_t slot = lease->oldest++ % RF_POLYORDER_SLOTS;
        if (dsts[i]) memcpy(dsts[i], lease->slots + slot * lease->order->slot_nbytes, lease->lens[slot]);
    }
    lease->nheld -= n;
    if (lease->nheld == 0) lease->oldest = 0; /* use the first slot again, which is still in the cache */
}

/* Copies at least the oldest piece held to its destination; waits for the pieces before it. */
static void put_oldest(rf_polylease *lease)
{
    rf_polyorder *const order = lease->order;
    uint8_t *dsts[RF_POLYORDER_SLOTS];
    size_t n;

    pthread_mutex_lock(&order->lock);
    while ((n = look_up(lease, dsts)) == 0) pthread_cond_wait(&order->settled, &order->lock);
    pthread_mutex_unlock(&order->lock);
    put_settled(lease, n, dsts);
}

/* Finds the destinations of all finished pieces up to the first unfinished one. The caller has the lock. */
static void settle_finished(rf_polyorder *order)
{
    while (order->nsettled < order->npieces && order->pieces[order->nsettled].is_finished) {
        uint8_t *const dst = order->is_short ? NULL : order->settle(order->job, order->nsettled);
        if (!dst) order->is_short = true;
        order->pieces[order->nsettled++].dst = dst;
    }
}

/* Gives slots to a lease that is used for the first time. */
static void begin(rf_polylease *lease, rf_polyorder *order)
{
    pthread_mutex_lock(&order->lock);
    lease->slots = order->slots + order->nleases++ * RF_POLYORDER_SLOTS * order->slot_nbytes;
    pthread_mutex_unlock(&order->lock);
    lease->order = order;
}

uint8_t *rf_polylease_slot(rf_polylease *lease, rf_polyorder *order)
{
    if (!lease->order) begin(lease, order);
    if (lease->nheld == RF_POLYORDER_SLOTS) put_oldest(lease);
    return lease->slots + (lease->oldest + lease->nheld) % RF_POLYORDER_SLOTS * order->slot_nbytes;
}

void rf_polylease_finish(rf_polylease *lease, size_t piece, size_t len)
{
    rf_polyorder *const order = lease->order;
    const size_t slot = (lease->oldest + lease->nheld++) % RF_POLYORDER_SLOTS;
    uint8_t *dsts[RF_POLYORDER_SLOTS];

    lease->numbers[slot] = piece;
    lease->lens[slot] = len;
    pthread_mutex_lock(&order->lock);
    order->pieces[piece].is_finished = true;
    settle_finished(order);
    pthread_cond_broadcast(&order->settled);
    const size_t n = look_up(lease, dsts);
    pthread_mutex_unlock(&order->lock);
    put_settled(lease, n, dsts);
}

void rf_polylease_end(rf_polylease *lease)
{
    while (lease->nheld) put_oldest(lease);
}
