/* Scratch memory, in pages as large as the system has them. */
#include "base/rf_memory.h"

#include <stdlib.h>
#include <sys/mman.h>

#ifdef MADV_HUGEPAGE
enum { HUGE_PAGE_NBYTES = 2 << 20 }; /* on x86-64, and on arm64 with pages of 4 KB; elsewhere it does no harm */

static void *alloc_huge(size_t nbytes)
{
    void *memory;
    if (posix_memalign(&memory, HUGE_PAGE_NBYTES, nbytes)) return NULL;
    /* A request, for the pages wholly inside; if it is refused, the memory is as good as malloc's. */
    (void)madvise(memory, nbytes / HUGE_PAGE_NBYTES * HUGE_PAGE_NBYTES, MADV_HUGEPAGE);
    return memory;
}
#endif

void *rf_alloc(size_t nbytes)
{
#ifdef MADV_HUGEPAGE
    if (nbytes >= HUGE_PAGE_NBYTES) return alloc_huge(nbytes);
#endif
    return malloc(nbytes ? nbytes : 1);
}
