/* The dither sequence and a cursor into it. */
#include "pixels/rf_dither.h"

/* The standard's check of the generator: the state after 10,000 steps. */
enum { LAST_STATE = 1043618065 };

int rf_randoms_fill(float *randoms)
{
    int64_t state = 1;
    for (size_t i = 0; i < RF_NRANDOM; i++) {
        state = 16807 * state % 2147483647;
        randoms[i] = (float)((double)state / 2147483647.0);
    }
    return state == LAST_STATE ? RF_OK : RF_EBADDATA;
}

static void begin_run(rf_dither *d)
{
    d->next = (size_t)(d->randoms[d->seed] * 500.0f);
}

static void restart(rf_dither *d)
{
    d->seed = d->start;
    d->pixel = 0;
    begin_run(d);
}

void rf_dither_start(rf_dither *d, const float *randoms, int64_t irow)
{
    int64_t seed = (irow - 1) % RF_NRANDOM;
    d->randoms = randoms;
    d->start = (size_t)(seed < 0 ? seed + RF_NRANDOM : seed);
    restart(d);
}

const float *rf_dither_seek(rf_dither *d, size_t pixel, size_t *run)
{
    if (pixel < d->pixel) restart(d);
    while (pixel - d->pixel >= RF_NRANDOM - d->next) {
        d->pixel += RF_NRANDOM - d->next;
        d->seed = d->seed + 1 == RF_NRANDOM ? 0 : d->seed + 1;
        begin_run(d);
    }
    d->next += pixel - d->pixel;
    d->pixel = pixel;
    *run = RF_NRANDOM - d->next;
    return d->randoms + d->next;
}
