/*
 * rf_temporary.h - the name of a temporary file, which is removed in one step: no interrupt of Python can leave it.
 */
#ifndef RF_TEMPORARY_H
#define RF_TEMPORARY_H

#include "rf.h"

/* cffi: begin */
typedef struct rf_temporary rf_temporary;

/*
 * rf_temporary_new - take over a name that will be given to a file.
 * Memory:  a copy of the name; to be freed by the caller, with rf_temporary_free.
 * Sizes:   none.
 * Result:  NULL if there is no memory.
 * Threads: any number.
 */
rf_temporary *rf_temporary_new(const char *name);

/*
 * rf_temporary_remove - remove the file, if the name is still owned.
 * Memory:  the name is no longer owned afterwards.
 * Sizes:   none.
 * Result:  none; a file that is not there is no error.
 * Threads: one for each name.
 */
void rf_temporary_remove(rf_temporary *temporary);

/*
 * rf_temporary_keep - give the name up: the file stays, or belongs to somebody else.
 * Memory:  the name is no longer owned afterwards.
 * Sizes:   none.
 * Result:  none.
 * Threads: one for each name.
 */
void rf_temporary_keep(rf_temporary *temporary);

/*
 * rf_temporary_free - remove the file, if the name is still owned, and free the record.
 * Memory:  temporary may be NULL.
 * Sizes:   none.
 * Result:  none.
 * Threads: the last one that uses it.
 */
void rf_temporary_free(rf_temporary *temporary);
/* cffi: end */

#endif
