/* The table of codecs. */
#include "codecs/rf_codecs.h"

/* A row for each codec: the name of the rf_codec_functions that its file defines. */
#define EACH_CODEC(row) \
    row(rf_rice_codec) \
    row(rf_gzip1_codec) \
    row(rf_gzip2_codec) \
    row(rf_plio_codec) \
    row(rf_hcompress_codec) \
    row(rf_raw_codec)

#define DECLARE(name) extern const rf_codec_functions name;
#define ADDRESS(name) &name,

EACH_CODEC(DECLARE)

static const rf_codec_functions *const codecs[] = {EACH_CODEC(ADDRESS)};

enum { NCODECS = sizeof codecs / sizeof *codecs };

const rf_codec_functions *rf_codec_find(int codec)
{
    for (size_t i = 0; i < NCODECS; i++) {
        if (codecs[i]->codec == codec) return codecs[i];
    }
    return NULL;
}

const char *rf_codec_name(size_t index, int *number)
{
    if (index >= NCODECS) return NULL;
    *number = codecs[index]->codec;
    return codecs[index]->name;
}
