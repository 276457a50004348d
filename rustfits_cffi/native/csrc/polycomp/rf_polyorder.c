/* Puts pieces made by several threads behind each other: knows threads, no formats. */
#include "polycomp/rf_polyorder.h"

#include <stdlib.h>
#include <string.h>

#include "base/rf_bytes.h"

int rf_polyorder_open(rf_polyorder *order, size_t npieces, size_t slot_nbytes, size_t nhands, rf_polysettle settle,
                      void *job)
{
    size_t nbytes;

    *order = (rf_polyorder){.settle = settle, .job = job, .npieces = npieces, .slot_nbytes = slot_nbytes};
    if (!rf_multiply(nhands * RF_POLYORDER_SLOTS, slot_nbytes, &nbytes)) return RF_ENOMEM;
    order->slots = malloc(nbytes + 1);
    order->places = calloc(npieces + 1, sizeof *order->places);
    if (!order->slots || !order->places) {
        free(order->slots);
        free(order->places);
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
    free(order->places);
    return order->is_short ? RF_ENOMEM : RF_OK;
}

/* The places of pieces held, oldest first, as far as they are known; returns how many. The caller has the lock. */
static size_t look_up(const rf_polyhand *hand, uint8_t **places)
{
    size_t n = 0;

    for (; n < hand->nheld; n++) {
        const size_t piece = hand->pieces[(hand->oldest + n) % RF_POLYORDER_SLOTS];
        if (piece >= hand->order->nsettled) break;
        places[n] = hand->order->places[piece].place;
    }
    return n;
}

/* Puts the oldest pieces held where look_up found that they go. */
static void put_settled(rf_polyhand *hand, size_t n, uint8_t *const *places)
{
    for (size_t i = 0; i < n; i++) {
        const size_t slot = hand->oldest++ % RF_POLYORDER_SLOTS;
        if (places[i]) memcpy(places[i], hand->slots + slot * hand->order->slot_nbytes, hand->lens[slot]);
    }
    hand->nheld -= n;
    if (hand->nheld == 0) hand->oldest = 0; /* the first slot again, which is still in the cache */
}

/* Puts at least the oldest piece held in its place; waits for the pieces before. */
static void put_oldest(rf_polyhand *hand)
{
    rf_polyorder *const order = hand->order;
    uint8_t *places[RF_POLYORDER_SLOTS];
    size_t n;

    pthread_mutex_lock(&order->lock);
    while ((n = look_up(hand, places)) == 0) pthread_cond_wait(&order->settled, &order->lock);
    pthread_mutex_unlock(&order->lock);
    put_settled(hand, n, places);
}

/* Gives all pieces made, up to the first that is not, their places. The caller has the lock. */
static void settle_made(rf_polyorder *order)
{
    while (order->nsettled < order->npieces && order->places[order->nsettled].is_made) {
        uint8_t *const place = order->is_short ? NULL : order->settle(order->job, order->nsettled);
        if (!place) order->is_short = true;
        order->places[order->nsettled++].place = place;
    }
}

/* Gives a hand that is used for the first time its slots. */
static void begin(rf_polyhand *hand, rf_polyorder *order)
{
    pthread_mutex_lock(&order->lock);
    hand->slots = order->slots + order->nhands++ * RF_POLYORDER_SLOTS * order->slot_nbytes;
    pthread_mutex_unlock(&order->lock);
    hand->order = order;
}

uint8_t *rf_polyhand_slot(rf_polyhand *hand, rf_polyorder *order)
{
    if (!hand->order) begin(hand, order);
    if (hand->nheld == RF_POLYORDER_SLOTS) put_oldest(hand);
    return hand->slots + (hand->oldest + hand->nheld) % RF_POLYORDER_SLOTS * order->slot_nbytes;
}

void rf_polyhand_give(rf_polyhand *hand, size_t piece, size_t len)
{
    rf_polyorder *const order = hand->order;
    const size_t slot = (hand->oldest + hand->nheld++) % RF_POLYORDER_SLOTS;
    uint8_t *places[RF_POLYORDER_SLOTS];

    hand->pieces[slot] = piece;
    hand->lens[slot] = len;
    pthread_mutex_lock(&order->lock);
    order->places[piece].is_made = true;
    settle_made(order);
    pthread_cond_broadcast(&order->settled);
    const size_t n = look_up(hand, places);
    pthread_mutex_unlock(&order->lock);
    put_settled(hand, n, places);
}

void rf_polyhand_empty(rf_polyhand *hand)
{
    while (hand->nheld) put_oldest(hand);
}
