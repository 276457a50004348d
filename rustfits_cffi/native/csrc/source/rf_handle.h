/*
 * rf_handle.h - closes cfitsio's files in one step.
 *
 * An interrupt of Python (Ctrl-C) may come between any two of its steps, and within any function that it calls when an
 * object is destroyed. A fitsfile left open then would do harm: cfitsio knows files by name, and a later file of the
 * same name would share its buffers.
 */
#ifndef RF_HANDLE_H
#define RF_HANDLE_H

#include "fitsio.h"
#include "rf.h"

/* cffi: begin */
/*
 * rf_handle_close - write what cfitsio has in its buffers, and close its file.
 * Memory:  *fptr is NULL afterwards, even if a status is set.
 * Sizes:   none; nothing is done if *fptr is NULL.
 * Result:  cfitsio's status, in *status.
 * Threads: one for each file.
 */
void rf_handle_close(fitsfile **fptr, int *status);

/*
 * rf_handle_abandon - close a file that is no longer referenced, without writing.
 *
 * All finished changes were flushed before, and its name may belong to another file by now.
 * Memory:  *fptr is NULL afterwards.
 * Sizes:   none; nothing is done if *fptr is NULL.
 * Result:  none; cfitsio's messages are cleared.
 * Threads: the last one that uses it.
 */
void rf_handle_abandon(fitsfile **fptr);
/* cffi: end */

#endif
