/*
 * rf_pool.h - keeps the memory of large arrays for the next ones.
 *
 * The system clears fresh memory when it is first touched, which takes a fifth to a third of the time that it takes to
 * read a whole image into it. A program that goes through many images drops one when it has the next. So a pool keeps
 * the memory that is freed, as malloc does with smaller pieces, and tells the system that it may take that memory back
 * whenever it is short.
 */
#ifndef RF_POOL_H
#define RF_POOL_H

#include "rf.h"

/* cffi: begin */
typedef struct rf_pool rf_pool;

/* Smaller arrays are left to malloc, which also keeps their memory. */
enum { RF_POOL_LEAST_NBYTES = 2097152 };

/*
 * rf_pool_new - an empty pool.
 * Memory:  never freed, as arrays may outlive everything else.
 * Sizes:   keeps at most `limit` bytes.
 * Result:  the pool, or NULL if there is no memory.
 * Threads: any number.
 */
rf_pool *rf_pool_new(size_t limit);

/*
 * rf_pool_set_limit - keep at most `limit` bytes from now on.
 * Memory:  what is kept beyond the limit is freed.
 * Sizes:   `limit` in bytes; 0 keeps nothing.
 * Result:  none.
 * Threads: any number.
 */
void rf_pool_set_limit(rf_pool *pool, size_t limit);

/*
 * rf_pool_nbytes - the memory that is kept now and is in no array.
 * Memory:  none.
 * Sizes:   none.
 * Result:  the bytes.
 * Threads: any number.
 */
size_t rf_pool_nbytes(rf_pool *pool);

/*
 * rf_pool_allocator - the pool as an allocator of NumPy.
 * Memory:  belongs to the pool. Arrays made with it take their memory from the pool and return it there.
 * Sizes:   of any array.
 * Result:  a PyDataMem_Handler, as "Memory management in NumPy" describes it, to be put into a capsule.
 * Threads: any number.
 */
void *rf_pool_allocator(rf_pool *pool);

/*
 * rf_pool_capsule_name - what NumPy wants such a capsule to be called.
 * Memory:  constant.
 * Sizes:   a string.
 * Result:  the name.
 * Threads: any number.
 */
const char *rf_pool_capsule_name(void);
/* cffi: end */

#endif
