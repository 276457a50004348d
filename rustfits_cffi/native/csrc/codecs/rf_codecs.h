/*
 * rf_codecs.h - the table of codecs.
 */
#ifndef RF_CODECS_H
#define RF_CODECS_H

#include "codecs/rf_codec.h"

/* cffi: begin */
/*
 * rf_codec_name - the name of a codec, as in ZCMPTYPE, by its position in the table.
 * Memory:  the name is a constant; *number is set to that of the codec.
 * Sizes:   positions count from 0.
 * Result:  NULL after the last codec.
 * Threads: pure.
 */
const char *rf_codec_name(size_t index, int *number);
/* cffi: end */

/*
 * rf_codec_find - the functions of a codec.
 * Memory:  the result is a constant.
 * Sizes:   none.
 * Result:  NULL for a number that is not a codec's.
 * Threads: pure.
 */
const rf_codec_functions *rf_codec_find(int codec);

#endif
