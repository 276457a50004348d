/*
 * rf_memory.h - scratch memory, in pages as large as the system has them.
 *
 * The system hands out fresh memory page by page, when each is first touched. In its ordinary pages of 4 KB that takes
 * longer than decoding what goes into them, so large scratch is laid out for huge pages and asks for them.
 */
#ifndef RF_MEMORY_H
#define RF_MEMORY_H

#include <stddef.h>

/*
 * rf_alloc - memory, contents undefined.
 * Memory:  the caller frees it, with free.
 * Sizes:   at least nbytes, which may be 0; a large buffer begins at a huge page.
 * Result:  the memory; NULL if there is none.
 * Threads: any number.
 */
void *rf_alloc(size_t nbytes);

#endif
