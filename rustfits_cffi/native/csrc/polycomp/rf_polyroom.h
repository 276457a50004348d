/*
 * rf_polyroom.h - where a stream is written whose length is only known at its end.
 *
 * The caller has room for as much as it expects. If the stream is longer, the part that does not fit goes to memory for
 * the longest stream there can be, of which the system gives no more than what is touched.
 */
#ifndef RF_POLYROOM_H
#define RF_POLYROOM_H

#include "polycomp/rf_polycomp.h"

/*
 * rf_polyroom_at - where in memory a part of the stream goes. Parts are asked for in the order of the stream.
 * Memory:  the room's.
 * Sizes:   room for nbytes from byte number `place` of the stream on; place + nbytes is at most room->most.
 * Result:  the address, or NULL if there is no memory.
 * Threads: one at a time. Parts that were asked for stay where they are.
 */
uint8_t *rf_polyroom_at(rf_polyroom *room, size_t place, size_t nbytes);

#endif
