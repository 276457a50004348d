/* Output buffers for streams of unknown length; independent of any format. */
#include "polycomp/rf_polybuffer.h"

#include <stdlib.h>

#include "base/rf_memory.h"

uint8_t *rf_polybuffer_at(rf_polybuffer *buffer, size_t offset, size_t nbytes)
{
    if (!buffer->rest && nbytes <= buffer->nbytes && offset <= buffer->nbytes - nbytes) return buffer->dst + offset;
    if (!buffer->rest) {
        buffer->rest = rf_alloc(buffer->most);
        buffer->split = offset;
    }
    return buffer->rest ? buffer->rest + offset : NULL;
}

void rf_polybuffer_close(rf_polybuffer *buffer)
{
    free(buffer->rest);
    buffer->rest = NULL;
}
