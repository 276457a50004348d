/* Levels 2 to 9: matches are found along chains, and taken at once or held back in case a longer one follows. */
#include "deflate/rf_deflate_chains.h"

#include "deflate/rf_deflate_positions.h"

/* zlib's table. Levels 2 and 3 take a match at once, and enter the strings within it if it is at most `lazy` long. */
typedef struct {
    unsigned good;  /* with a match of this length, only a quarter of the chain is searched for a longer one */
    unsigned lazy;  /* after a match of this length, no longer one is looked for */
    unsigned nice;  /* a match of this length ends the search */
    unsigned chain; /* the most strings compared */
} effort;

static const effort efforts[10] = {{0, 0, 0, 0},       {0, 0, 0, 0},         {4, 5, 16, 8},        {4, 6, 32, 32},
                                   {4, 4, 16, 16},     {8, 16, 32, 32},      {8, 16, 128, 128},    {8, 32, 128, 256},
                                   {32, 128, 258, 1024}, {32, 258, 258, 4096}};

enum { TOO_FAR = 4096 }; /* a match of 3 bytes that is farther away is not held back */

typedef struct {
    rf_deflate_chains *chains;
    rf_parse *parse;
    rf_positions positions;
    effort effort;
} work;

/* --- chains --- */

/* The string at p; at the end of the input its fourth byte is meaningless. */
static inline uint32_t string_at(const rf_parse *parse, size_t p)
{
    return parse->n - p > RF_MATCH_MIN ? rf_little32(parse->src + p) : rf_last_three(parse->src, p);
}

/* Enters the string at p; returns the distance to the newest of its hash. A link too far back seems even farther. */
static inline uint32_t enter(work *w, size_t p, uint32_t bytes)
{
    uint32_t running = rf_position(&w->positions, p), *head = &w->chains->heads[rf_hash(bytes)];
    uint32_t back = running - *head;
    w->chains->older[p % RF_WINDOW] = (uint16_t)(p - (back < RF_WINDOW ? back : RF_WINDOW));
    *head = running;
    return back;
}

/* Enters the strings from..end-1 that have three bytes. */
static void enter_all(work *w, size_t from, size_t end)
{
    const rf_parse *parse = w->parse;
    for (; from < end && parse->n - from > RF_MATCH_MIN; from++) enter(w, from, rf_little32(parse->src + from));
    if (from < end && parse->n - from == RF_MATCH_MIN) enter(w, from, rf_last_three(parse->src, from));
}

/*
 * The same where all bytes from..end-1 and the two before are equal: except for the last two, each string equals the
 * one before it, so heads that were just written need not be read.
 */
static void enter_run(work *w, size_t from, size_t end)
{
    if (end - from > 2) {
        for (size_t p = from; p < end - 2; p++) w->chains->older[p % RF_WINDOW] = (uint16_t)(p - 1);
        w->chains->heads[rf_hash(rf_little32(w->parse->src + from - 1))] = rf_position(&w->positions, end - 3);
        from = end - 2;
    }
    enter_all(w, from, end);
}

/* The length of the match at p that zlib finds, longer than `best`, or 0. `back` leads to the newest string. */
static unsigned search(const work *w, size_t p, uint32_t bytes, uint32_t back, unsigned best, unsigned *distance)
{
    const rf_parse *parse = w->parse;
    const uint8_t *here = parse->src + p;
    unsigned most = rf_longest_at(parse, p), nice = w->effort.nice < most ? w->effort.nice : most, found = 0;
    unsigned chain = best >= w->effort.good ? w->effort.chain / 4 : w->effort.chain;
    if (best >= most || back > RF_FARTHEST) return 0;
    if (back == RF_FARTHEST && p - back == rf_window_start(parse, p)) return 0;
    /* a longer match must agree in the last bytes up to the one after the best so far */
    unsigned last = best < 3 ? 0 : best - 3;
    uint32_t mask = best < 3 ? 0xffffff : 0xffffffff, wanted = best < 3 ? bytes : rf_little32(here + last);
    size_t older = p - back;
    do {
        const uint8_t *there = here - back;
        if (((rf_little32(there + last) ^ wanted) & mask) == 0) {
            unsigned length = rf_common(there, here, most);
            if (length > best) {
                found = best = length;
                *distance = back;
                if (length >= nice) break;
                last = best - 3;
                mask = 0xffffffff;
                wanted = rf_little32(here + last);
            }
        }
        older = w->chains->older[older % RF_WINDOW];
        back = (uint16_t)(p - older);
    } while (back < RF_FARTHEST && --chain > 0);
    return found;
}

/* --- parsers --- */

static int flush(work *w, size_t end)
{
    int status = rf_parse_flush(w->parse, end, false);
    rf_positions_renew(&w->positions, end);
    return status;
}

/* Takes every match at once. */
static int parse_greedily(work *w, size_t p)
{
    rf_parse *parse = w->parse;
    while (p < parse->n) {
        unsigned length = 0, distance;
        if (parse->n - p >= RF_MATCH_MIN) {
            uint32_t bytes = string_at(parse, p);
            length = search(w, p, bytes, enter(w, p, bytes), RF_MATCH_MIN - 1, &distance);
        }
        if (length) {
            rf_parse_match(parse, p, length, distance);
            p += length;
            if (length <= w->effort.lazy && parse->n - p >= RF_MATCH_MIN) enter_all(w, p - length + 1, p);
        } else {
            p++;
        }
        if (p - parse->literals_start < parse->capacity) continue;
        int status = flush(w, p);
        if (status != RF_OK) return status;
    }
    return RF_OK;
}

/* Holds a match back until the next string, which may have a longer one, has been tried. */
static int parse_lazily(work *w, size_t p)
{
    rf_parse *parse = w->parse;
    unsigned held = 0, held_distance = 0; /* the match at p - 1 */
    while (p < parse->n) {
        unsigned length = 0, distance = 0;
        size_t end = p;
        if (parse->n - p >= RF_MATCH_MIN) {
            uint32_t bytes = string_at(parse, p), back = enter(w, p, bytes);
            if (held < w->effort.lazy) length = search(w, p, bytes, back, held ? held : RF_MATCH_MIN - 1, &distance);
            if (length == RF_MATCH_MIN && distance > TOO_FAR) length = 0;
        }
        if (held && !length) {
            rf_parse_match(parse, p - 1, held, held_distance);
            end = p - 1 + held;
            if (held_distance == 1) {
                enter_run(w, p + 1, end);
            } else {
                enter_all(w, p + 1, end);
            }
            p = end;
            held = 0;
            if (parse->capacity > 0) continue;
        } else {
            held = length;
            held_distance = distance;
            p++;
            if (end - parse->literals_start < parse->capacity) continue; /* the byte at `end` still waits */
        }
        int status = flush(w, end);
        if (status != RF_OK) return status;
    }
    return RF_OK;
}

int rf_deflate_chains_parse(rf_deflate_chains *chains, rf_parse *parse, int level)
{
    work w = {.chains = chains,
              .parse = parse,
              .positions = rf_positions_start(chains->heads, RF_HASHES, 0, chains->next),
              .effort = efforts[level]};
    size_t p = parse->n > 0; /* the first string would never be found */
    int status = level < 4 ? parse_greedily(&w, p) : parse_lazily(&w, p);
    chains->next = status == RF_OK ? rf_position(&w.positions, parse->n) : w.positions.last;
    return status == RF_OK ? rf_parse_flush(parse, parse->n, true) : status;
}
