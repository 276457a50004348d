/*
 * rf_polybuffer.h - the output of an encoder, for a stream whose length is known only at its end.
 *
 * The caller provides a buffer of the expected size. If the stream is longer, the part that does not fit goes to a
 * second one, large enough for the longest possible stream; the system provides only the pages of it that are touched.
 */
#ifndef RF_POLYBUFFER_H
#define RF_POLYBUFFER_H

#include "polycomp/rf_polycomp.h"

/*
 * rf_polybuffer_at - address for a part of the stream. Parts must be requested in the order of the stream.
 * Memory:  owned by the buffer; addresses stay valid until it is closed.
 * Sizes:   nbytes bytes from `offset` in the stream on; offset + nbytes is at most buffer->most.
 * Result:  the address, or NULL if memory cannot be allocated.
 * Threads: one at a time.
 */
uint8_t *rf_polybuffer_at(rf_polybuffer *buffer, size_t offset, size_t nbytes);

#endif
