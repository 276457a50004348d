/*
 * rf_workspace.h - keeps the scratch of decoding and encoding threads from one call to the next.
 *
 * Threads end with the call that started them, and their scratch would end with them. A tile of 8 MB takes longer to
 * decode into memory fresh from the system than into memory used before, and a small cut-out would spend part of its
 * time on allocating scratch. So a thread leases a worker from a workspace and returns it at the end.
 */
#ifndef RF_WORKSPACE_H
#define RF_WORKSPACE_H

#include "codecs/rf_worker.h"
#include "rf.h"

/* cffi: begin */
typedef struct rf_workspace rf_workspace;

/*
 * rf_workspace_new - an empty workspace.
 * Memory:  to be freed by the caller, with rf_workspace_free.
 * Sizes:   keeps at most RF_WORKSPACE_NBYTES of scratch, whatever passes through it.
 * Result:  the workspace, or NULL if there is no memory.
 * Threads: any number.
 */
rf_workspace *rf_workspace_new(void);

/*
 * rf_workspace_clear - free the scratch that is kept.
 * Memory:  the workspace stays usable; space may be NULL.
 * Sizes:   none.
 * Result:  none.
 * Threads: any number; scratch in use by other threads is not touched.
 */
void rf_workspace_clear(rf_workspace *space);

/*
 * rf_workspace_nbytes - the scratch that is kept now.
 * Memory:  none.
 * Sizes:   none.
 * Result:  the bytes.
 * Threads: any number.
 */
size_t rf_workspace_nbytes(rf_workspace *space);

/*
 * rf_workspace_free - free a workspace and what it keeps.
 * Memory:  space may be NULL.
 * Sizes:   none.
 * Result:  none.
 * Threads: the last one that uses it.
 */
void rf_workspace_free(rf_workspace *space);
/* cffi: end */

enum { RF_WORKSPACE_NBYTES = 32 << 20 };

/*
 * rf_workspace_take - a worker, from the workspace or new.
 * Memory:  the caller's until rf_workspace_give; space may be NULL.
 * Sizes:   none.
 * Result:  the worker; NULL if there is no memory.
 * Threads: any number.
 */
rf_worker *rf_workspace_take(rf_workspace *space);

/*
 * rf_workspace_give - put a worker back, or free it if there is no free slot.
 * Memory:  the worker is no longer the caller's; it and space may be NULL.
 * Sizes:   none.
 * Result:  none.
 * Threads: any number.
 */
void rf_workspace_give(rf_workspace *space, rf_worker *worker);

/* The worker that a thread uses during one call, and the workspace it is returned to. Starts zeroed. */
typedef struct {
    rf_worker *worker;
    rf_workspace *space;
} rf_lease;

/*
 * rf_lease_worker - the worker of a lease, taken from the workspace the first time.
 * Memory:  the lease's until rf_lease_end; space may be NULL.
 * Sizes:   none.
 * Result:  the worker; NULL if there is no memory.
 * Threads: the lease's own.
 */
rf_worker *rf_lease_worker(rf_lease *lease, rf_workspace *space);

/*
 * rf_lease_end - return the worker.
 * Memory:  an rf_lease; afterwards nothing in it may be used.
 * Sizes:   none.
 * Result:  none.
 * Threads: the lease's own.
 */
void rf_lease_end(void *lease);

#endif
