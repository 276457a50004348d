/* Shares numbered items among threads; knows nothing of formats. */
#include "base/rf_threads.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

typedef struct {
    rf_work work;
    void *job;
    size_t nitems;
    size_t scratch_nbytes;
    void (*end)(void *);
    atomic_size_t next;        /* the next item to hand out */
    atomic_size_t lowest;      /* lowest failed item so far; nitems: none */
    pthread_mutex_t lock;      /* guards status and error_number, which belong to `lowest` */
    int status, error_number;
    int workers;               /* threads that had scratch; guarded by lock */
} shared;

static void report(shared *s, size_t item, int status, int error_number)
{
    pthread_mutex_lock(&s->lock);
    if (item < atomic_load(&s->lowest)) {
        atomic_store(&s->lowest, item);
        s->status = status;
        s->error_number = error_number;
    }
    pthread_mutex_unlock(&s->lock);
}

static void *run(void *argument)
{
    shared *s = argument;
    void *scratch = calloc(1, s->scratch_nbytes ? s->scratch_nbytes : 1);
    if (!scratch) return NULL;
    pthread_mutex_lock(&s->lock);
    s->workers++;
    pthread_mutex_unlock(&s->lock);
    for (;;) {
        size_t item = atomic_fetch_add(&s->next, 1);
        /* items are handed out in order, so all items before a failed one are done or running */
        if (item >= s->nitems || item > atomic_load(&s->lowest)) break;
        int status = s->work(s->job, scratch, item);
        if (status != RF_OK) report(s, item, status, errno);
    }
    if (s->end) s->end(scratch);
    free(scratch);
    return NULL;
}

int rf_share(rf_work work, void *job, size_t nitems, int nthreads, size_t scratch_nbytes, void (*end)(void *),
             size_t *failed)
{
    shared s = {.work = work, .job = job, .nitems = nitems, .scratch_nbytes = scratch_nbytes, .end = end};
    pthread_t others[RF_MAX_THREADS];
    size_t wanted = nthreads > 1 ? (size_t)nthreads : 1;
    size_t started = 0;

    if (wanted > nitems) wanted = nitems;
    if (wanted > RF_MAX_THREADS) wanted = RF_MAX_THREADS;
    atomic_init(&s.next, 0);
    atomic_init(&s.lowest, nitems);
    pthread_mutex_init(&s.lock, NULL);
    while (started + 1 < wanted && pthread_create(&others[started], NULL, run, &s) == 0) started++;
    run(&s);
    while (started > 0) pthread_join(others[--started], NULL);
    pthread_mutex_destroy(&s.lock);

    if (nitems && !s.workers) {
        *failed = 0;
        return RF_ENOMEM;
    }
    *failed = atomic_load(&s.lowest);
    if (*failed == nitems) return RF_OK;
    errno = s.error_number;
    return s.status;
}
