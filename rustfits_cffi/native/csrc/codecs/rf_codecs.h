/*
 * rf_codecs.h - the table of codecs.
 */
#ifndef RF_CODECS_H
#define RF_CODECS_H

#include "codecs/rf_codec.h"

/* cffi: begin */
/*
 * rf_codec_name - the name of a codec, as ZCMPTYPE has it, by its place in the table.
 * Memory:  the name is a constant; *number is set to that of the codec.
 * Sizes:   places count from 0.
 * Result:  NULL behind the last codec.
 * Threads: pure.
 */
const char *rf_codec_name(size_t index, int *number);
/* cffi: end */

/*
 * rf_codec_find - the functions of a codec.
 * Memory:  the result is a constant.
 * Sizes:   none.
 * Result:  NULL for a number that is no codec.
 * Threads: pure.
 */
const rf_codec_functions *rf_codec_find(int codec);

#endif
