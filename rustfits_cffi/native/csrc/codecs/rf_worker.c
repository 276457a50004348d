/* The scratch memory of one thread that codes or decodes. */
#include "codecs/rf_worker.h"

#include <stdlib.h>

#include "base/rf_memory.h"

void *rf_reserve(rf_buffer *buffer, size_t nbytes)
{
    if (!buffer->data || buffer->cap < nbytes) {
        free(buffer->data);
        buffer->data = rf_alloc(nbytes);
        buffer->cap = buffer->data ? nbytes : 0;
    }
    return buffer->data;
}

void rf_worker_end(void *worker)
{
    rf_worker *w = worker;
    rf_buffer *buffers[] = {&w->coded, &w->bytes, &w->values, &w->pixels, &w->widened, &w->work};
    rf_gzip_end(&w->gzip);
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) free(buffers[i]->data);
}

size_t rf_worker_nbytes(const rf_worker *w)
{
    return sizeof *w + w->coded.cap + w->bytes.cap + w->values.cap + w->pixels.cap + w->widened.cap + w->work.cap;
}
