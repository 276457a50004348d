/* Where a stream of unknown length is written: knows memory, no formats. */
#include "polycomp/rf_polyroom.h"

#include <stdlib.h>

#include "base/rf_memory.h"

uint8_t *rf_polyroom_at(rf_polyroom *room, size_t place, size_t nbytes)
{
    if (!room->rest && nbytes <= room->nbytes && place <= room->nbytes - nbytes) return room->dst + place;
    if (!room->rest) {
        room->rest = rf_alloc(room->most);
        room->split = place;
    }
    return room->rest ? room->rest + place : NULL;
}

void rf_polyroom_close(rf_polyroom *room)
{
    free(room->rest);
    room->rest = NULL;
}
