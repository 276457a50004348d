/* Deflate streams: the choice of a parser for each level, and streams that are only stored. */
#include "deflate/rf_deflate.h"

#include <stdlib.h>

#include "deflate/rf_deflate_chains.h"
#include "deflate/rf_deflate_rows.h"

struct rf_deflate {
    rf_sequence sequences[RF_BLOCK_SYMBOLS + 1];
    rf_deflate_rows rows;
    rf_deflate_chains chains;
};

/*
 * Level 0: how zlib cuts what it only stores. It refills its window of 64 kB whenever all of it has been consumed, and
 * ends a block when its buffer is full or when the block reaches back too far for the window to move on.
 */
static int store_all(rf_parse *parse)
{
    const size_t most = 65536 - 5; /* the buffer less the header of a block */
    size_t start = 0, p = 0, end = 0, window = 0;
    int status = RF_OK;
    while (status == RF_OK) {
        if (end - p <= 1) {
            if (p - window >= RF_WINDOW + RF_FARTHEST) window += RF_WINDOW;
            end = parse->n - window < 2 * RF_WINDOW ? parse->n : window + 2 * RF_WINDOW;
            if (p == end) break;
        }
        p = end - start < most ? end : start + most;
        if (p - start < most && p - start < RF_FARTHEST) continue;
        rf_block block = {.text = parse->src + start, .nbytes = p - start};
        status = rf_block_store(&parse->out, &block);
        start = p;
    }
    rf_block block = {.text = parse->src + start, .nbytes = p - start, .last = true};
    return status == RF_OK ? rf_block_store(&parse->out, &block) : status;
}

rf_deflate *rf_deflate_new(void) { return calloc(1, sizeof(rf_deflate)); }

void rf_deflate_free(rf_deflate *state) { free(state); }

int rf_deflate_encode(rf_deflate *state, const uint8_t *src, size_t src_len, int level, uint8_t *dst, size_t dst_cap,
                      size_t *dst_len)
{
    if (level < 0 || level > 9) return RF_EARGUMENT;
    rf_parse parse = {.out = {.next = dst, .end = dst + dst_cap},
                      .src = src,
                      .n = src_len,
                      .capacity = RF_BLOCK_SYMBOLS,
                      .sequences = state->sequences};
    int status = level == 0   ? store_all(&parse)
                 : level == 1 ? rf_deflate_rows_parse(&state->rows, &parse)
                              : rf_deflate_chains_parse(&state->chains, &parse, level);
    *dst_len = (size_t)(parse.out.next - dst);
    return status;
}
