/*
 * rf_polychunk.h - one chunk of a polynomial stream: the choice of its coefficients, and its bytes.
 */
#ifndef RF_POLYCHUNK_H
#define RF_POLYCHUNK_H

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/rf_bytes.h"
#include "polycomp/rf_polycheb.h"
#include "polycomp/rf_polycomp.h"
#include "polycomp/rf_polyfit.h"

enum {
    RF_POLY_MAX_SPC = 65535,
    RF_POLY_MAX_NPOLY = RF_POLYFIT_MOST,
    RF_POLY_COUNT_NBYTES = 8,  /* number of chunks, at the start of a stream */
    RF_POLY_RAW_NBYTES = 3,    /* flag, samples */
    RF_POLY_HEAD_NBYTES = 4,   /* flag, samples, polynomial coefficients */
    RF_POLY_ITEM_SAMPLES = 16384 /* least number decoded in one item of work */
};

/* Little-endian numbers at any address. */
static inline uint16_t rf_poly_load16(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }
static inline void rf_poly_store16(uint8_t *p, size_t v) { p[0] = (uint8_t)v; p[1] = (uint8_t)(v >> 8); }

static inline void rf_poly_copy_doubles(void *to, const void *from, size_t n)
{
    memcpy(to, from, 8 * n);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    for (size_t i = 0; i < n; i++) {
        uint64_t v;
        memcpy(&v, (uint8_t *)to + 8 * i, 8);
        v = rf_swap64(v);
        memcpy((uint8_t *)to + 8 * i, &v, 8);
    }
#endif
}

/* What all chunks of one length share. */
typedef struct {
    const rf_polysettings *settings;
    size_t n;
    rf_polyfit fit;    /* empty if n is at most the number of coefficients: such chunks are raw */
    rf_polyfit few;    /* with fewer coefficients, which may suit the transform better; empty if fit has no more */
    rf_polycheb cheb;  /* empty if not wanted */
} rf_polyplan;

/*
 * rf_polyplan_open - prepare for chunks of one length.
 * Memory:  the plan keeps a pointer to the caller's settings; it owns its tables until it is closed.
 * Sizes:   n samples per chunk.
 * Result:  RF_OK, or RF_ENOMEM with nothing allocated.
 * Threads: pure; afterwards any number may read the record at once.
 */
int rf_polyplan_open(rf_polyplan *plan, const rf_polysettings *settings, size_t n);

/*
 * rf_polyplan_close - free what an rf_polyplan owns; the record may be all zeros.
 * Memory:  the caller owns the record itself.
 * Sizes:   none.
 * Result:  none.
 * Threads: one at a time for each record.
 */
void rf_polyplan_close(rf_polyplan *plan);

/*
 * rf_polyplan_nscratch - size of the scratch for a chunk of this plan.
 * Memory:  none.
 * Sizes:   none.
 * Result:  the number of doubles.
 * Threads: pure.
 */
size_t rf_polyplan_nscratch(const rf_polyplan *plan);

typedef struct {
    size_t nbytes;
    bool compressed;
    size_t ncheby;
    double error;
} rf_polyresult;

/*
 * rf_polychunk_encode - code one chunk.
 * Memory:  scratch has rf_polyplan_nscratch doubles.
 * Sizes:   plan->n samples at x; dst holds the chunk stored raw, which is the most that is written.
 * Result:  size and kind of the coded chunk.
 * Threads: any number, on separate scratch and dst.
 */
rf_polyresult rf_polychunk_encode(const rf_polyplan *plan, const double *x, double *scratch, uint8_t *dst);

#endif
