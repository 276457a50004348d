/* Where the parsers of all levels end a block. */
#include "deflate/rf_deflate_parse.h"

int rf_parse_flush(rf_parse *parse, size_t end, bool last)
{
    size_t nliterals = end - parse->literals_start;
    if (nliterals) parse->sequences[parse->nsequences++] = (rf_sequence){.nliterals = (uint16_t)nliterals};
    rf_block block = {.text = parse->src + parse->block_start,
                      .nbytes = end - parse->block_start,
                      .sequences = parse->sequences,
                      .nsequences = parse->nsequences,
                      .last = last};
    parse->block_start = parse->literals_start = end;
    parse->capacity = RF_BLOCK_SYMBOLS;
    parse->nsequences = 0;
    return rf_block_put(&parse->out, &block);
}
