/* Replaces the C library's allocation for one process: allocation number n of one shared library finds no memory. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);

static const char *library = "";
static atomic_long countdown = -1;

/* From now on allocation number n of the library whose file name contains name fails, once; none if n < 0. The string
   is borrowed for as long as that. */
void fail_at(const char *name, long n)
{
    library = name;
    countdown = n;
}

/* Whether it has failed. */
int has_failed(void)
{
    return countdown < 0;
}

static int fails(void *caller)
{
    Dl_info info;
    if (countdown < 0 || !dladdr(caller, &info) || !info.dli_fname || !strstr(info.dli_fname, library))
        return 0;
    return atomic_fetch_sub(&countdown, 1) == 0;
}

void *malloc(size_t nbytes)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_malloc(nbytes);
}

void *calloc(size_t count, size_t nbytes)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_calloc(count, nbytes);
}

void *realloc(void *old, size_t nbytes)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_realloc(old, nbytes);
}
