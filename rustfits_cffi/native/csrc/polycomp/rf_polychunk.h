/*
 * rf_polychunk.h - one chunk of a polynomial stream: choosing its coefficients, and the bytes of it.
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
    RF_POLY_COUNT_NBYTES = 8,  /* number of chunks, in front of a stream */
    RF_POLY_RAW_NBYTES = 3,    /* flag, samples */
    RF_POLY_HEAD_NBYTES = 4,   /* flag, samples, polynomial coefficients */
    RF_POLY_ITEM_SAMPLES = 16384 /* decoded in one item of work, at least */
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
    rf_polyfit fit;    /* empty when n is not more than the coefficients: such chunks are raw */
    rf_polyfit few;    /* of fewer coefficients, which may leave less for the transform; empty where fit has no more */
    rf_polycheb cheb;  /* empty when not asked for */
} rf_polyplan;

/*
 * rf_polyplan_open - prepare for chunks of one length.
 * Memory:  settings stay the caller's and are kept; tables hang on the record until it is closed.
 * Sizes:   n samples a chunk.
 * Result:  RF_OK or RF_ENOMEM; then nothing hangs on it.
 * Threads: pure; afterwards any number may read it at once.
 */
int rf_polyplan_open(rf_polyplan *plan, const rf_polysettings *settings, size_t n);

/*
 * rf_polyplan_close - free what hangs on an rf_polyplan, which may be all zeros.
 * Memory:  the record itself is the caller's.
 * Sizes:   none.
 * Result:  none.
 * Threads: the record's own.
 */
void rf_polyplan_close(rf_polyplan *plan);

/*
 * rf_polyplan_nscratch - scratch that a chunk of this plan needs.
 * Memory:  none.
 * Sizes:   in doubles.
 * Result:  their number.
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
 * Sizes:   plan->n samples at x; dst has room for them raw, and no more is taken.
 * Result:  what became of it.
 * Threads: any number, on separate scratch and dst.
 */
rf_polyresult rf_polychunk_encode(const rf_polyplan *plan, const double *x, double *scratch, uint8_t *dst);

#endif
