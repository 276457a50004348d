/* Keeps the memory of large arrays for the next ones. */
#include "base/rf_pool.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/rf_memory.h"

enum {
    NSLOTS = 16,
    HEAD_NBYTES = 64, /* in front of an array; keeps it aligned for any vector */
    PAGE_NBYTES = 2 << 20
};

/* The header in front of an array. */
typedef struct {
    size_t nbytes; /* capacity for the array */
} piece;

typedef struct {
    char name[127];
    uint8_t version;
    void *context;
    void *(*malloc)(void *context, size_t nbytes);
    void *(*calloc)(void *context, size_t count, size_t nbytes);
    void *(*realloc)(void *context, void *array, size_t nbytes);
    void (*free)(void *context, void *array, size_t nbytes);
} numpy_allocator;

struct rf_pool {
    numpy_allocator allocator;
    _Atomic(piece *) slots[NSLOTS];
    atomic_size_t limit;
    atomic_size_t nbytes; /* of the pieces in all slots */
};

static void *array_of(piece *owner) { return owner ? (char *)owner + HEAD_NBYTES : NULL; }
static piece *piece_of(void *array) { return (piece *)(void *)((char *)array - HEAD_NBYTES); }

static piece *new_piece(size_t nbytes)
{
    piece *fresh = nbytes <= SIZE_MAX - HEAD_NBYTES ? rf_alloc(HEAD_NBYTES + nbytes) : NULL;
    if (fresh) fresh->nbytes = nbytes;
    return fresh;
}

/* Whether an array of nbytes would leave at most a fifth of the piece unused. */
static int suits(const piece *kept, size_t nbytes)
{
    return nbytes <= kept->nbytes && kept->nbytes - nbytes <= kept->nbytes / 5;
}

/* Takes the piece out of a slot, leaving the slot empty. */
static piece *empty(rf_pool *pool, size_t slot)
{
    piece *kept = atomic_exchange(&pool->slots[slot], NULL);
    if (kept) atomic_fetch_sub(&pool->nbytes, kept->nbytes);
    return kept;
}

/* Lets the system take the pages wholly inside the piece if it runs short before they are used again. */
static void offer(piece *owner)
{
#ifdef MADV_FREE
    uintptr_t begin = ((uintptr_t)owner + HEAD_NBYTES + PAGE_NBYTES - 1) / PAGE_NBYTES * PAGE_NBYTES;
    uintptr_t end = ((uintptr_t)owner + HEAD_NBYTES + owner->nbytes) / PAGE_NBYTES * PAGE_NBYTES;
    if (begin < end) (void)madvise((void *)begin, end - begin, MADV_FREE); /* if refused, they just stay */
#else
    (void)owner;
#endif
}

/* Puts a piece into a slot; 0 if all are taken. */
static int put(rf_pool *pool, piece *owner)
{
    atomic_fetch_add(&pool->nbytes, owner->nbytes);
    for (size_t i = 0; i < NSLOTS; i++) {
        piece *none = NULL;
        if (atomic_compare_exchange_strong(&pool->slots[i], &none, owner)) return 1;
    }
    atomic_fetch_sub(&pool->nbytes, owner->nbytes);
    return 0;
}

/* Frees pieces until at most `limit` bytes are kept. */
static void shrink(rf_pool *pool, size_t limit)
{
    for (size_t i = 0; i < NSLOTS && atomic_load(&pool->nbytes) > limit; i++) free(empty(pool, i));
}

static void *pool_malloc(void *context, size_t nbytes)
{
    rf_pool *pool = context;
    for (size_t i = 0; i < NSLOTS && nbytes >= RF_POOL_LEAST_NBYTES; i++) {
        piece *kept = empty(pool, i);
        if (kept && suits(kept, nbytes)) return array_of(kept);
        if (kept && !put(pool, kept)) free(kept);
    }
    return array_of(new_piece(nbytes));
}

static void pool_free(void *context, void *array, size_t nbytes)
{
    rf_pool *pool = context;
    size_t limit = atomic_load(&pool->limit);
    piece *owner = array ? piece_of(array) : NULL;
    (void)nbytes; /* of the array; the piece knows better */
    if (owner && owner->nbytes >= RF_POOL_LEAST_NBYTES && owner->nbytes <= limit) {
        shrink(pool, limit - owner->nbytes);
        offer(owner);
        if (!put(pool, owner)) free(owner);
        shrink(pool, atomic_load(&pool->limit)); /* other threads may have put something in since */
    } else {
        free(owner);
    }
}

static void *pool_calloc(void *context, size_t count, size_t nbytes)
{
    void *array;
    if (nbytes && count > SIZE_MAX / nbytes) return NULL;
    array = pool_malloc(context, count * nbytes);
    if (array) memset(array, 0, count * nbytes);
    return array;
}

/* Resizes a piece that is too large to be kept: malloc shrinks it in place. */
static void *resize(piece *owner, size_t nbytes)
{
    piece *resized = nbytes <= SIZE_MAX - HEAD_NBYTES ? realloc(owner, HEAD_NBYTES + nbytes) : NULL;
    if (resized) resized->nbytes = nbytes;
    return array_of(resized);
}

static void *pool_realloc(void *context, void *array, size_t nbytes)
{
    rf_pool *pool = context;
    void *other;
    if (array && suits(piece_of(array), nbytes)) return array;
    if (array && piece_of(array)->nbytes > atomic_load(&pool->limit)) return resize(piece_of(array), nbytes);
    other = pool_malloc(context, nbytes);
    if (array && other) {
        size_t old = piece_of(array)->nbytes;
        memcpy(other, array, old < nbytes ? old : nbytes);
        pool_free(context, array, old);
    }
    return other;
}

rf_pool *rf_pool_new(size_t limit)
{
    rf_pool *pool = calloc(1, sizeof *pool);
    if (!pool) return NULL;
    atomic_store(&pool->limit, limit);
    pool->allocator = (numpy_allocator){
        "rustfits_cffi", 1, pool, pool_malloc, pool_calloc, pool_realloc, pool_free};
    return pool;
}

void rf_pool_set_limit(rf_pool *pool, size_t limit)
{
    atomic_store(&pool->limit, limit);
    shrink(pool, limit);
}

size_t rf_pool_nbytes(rf_pool *pool) { return atomic_load(&pool->nbytes); }

void *rf_pool_allocator(rf_pool *pool) { return &pool->allocator; }

const char *rf_pool_capsule_name(void) { return "mem_handler"; }
