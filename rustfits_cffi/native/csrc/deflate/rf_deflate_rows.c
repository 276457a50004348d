/* Level 1: the newest good enough match among the last four strings is taken at once. */
#include "deflate/rf_deflate_rows.h"

#include <string.h>

#include "deflate/rf_deflate_positions.h"

#if RF_CPU_X86
#include <emmintrin.h> /* SSE2, part of every x86-64 */
#endif

/* Level 1 of zlib's table. */
enum { NICE_LENGTH = 8, LONGEST_INSERTED = 4 };

/*
 * An entry is a running position and, below it, nine bits of the string that distinguish strings of the same hash: each
 * of the 2^24 strings has its own pair of hash and tag, so an entry with the right row and tag is the wanted string.
 */
enum { TAG_BITS = 9, TAG_MASK = (1 << TAG_BITS) - 1 };
_Static_assert(UINT32_MAX >> TAG_BITS > RF_BLOCK_NBYTES + 2 * RF_WINDOW, "positions suffice for a block");

static inline uint32_t make_entry(uint32_t running, uint32_t bytes)
{
    return running << TAG_BITS | ((bytes >> 5 ^ bytes >> 7) & TAG_MASK);
}

/* --- rows: hits has bit k set if entry k has the tag of `entry`; push inserts it before the others --- */

#if RF_CPU_X86
typedef __m128i row;

static inline row load(const uint32_t *entries) { return _mm_load_si128((const __m128i *)entries); }

static inline unsigned hits(row r, uint32_t entry)
{
    __m128i wanted = _mm_set1_epi32((int)(entry << (32 - TAG_BITS)));
    __m128i same = _mm_cmpeq_epi32(_mm_slli_epi32(r, 32 - TAG_BITS), wanted);
    return (unsigned)_mm_movemask_ps(_mm_castsi128_ps(same));
}

static inline void push(uint32_t *entries, row r, uint32_t entry)
{
    _mm_store_si128((__m128i *)entries, _mm_or_si128(_mm_slli_si128(r, 4), _mm_cvtsi32_si128((int)entry)));
}

static inline void save(uint32_t *entries, row r) { _mm_store_si128((__m128i *)entries, r); }
#else
typedef struct {
    uint32_t entries[RF_ROW];
} row;

static inline row load(const uint32_t *entries)
{
    row r;
    memcpy(&r, entries, sizeof r);
    return r;
}

static inline unsigned hits(row r, uint32_t entry)
{
    unsigned found = 0;
    for (unsigned k = 0; k < RF_ROW; k++) found |= (unsigned)(((r.entries[k] ^ entry) & TAG_MASK) == 0) << k;
    return found;
}

static inline void push(uint32_t *entries, row r, uint32_t entry)
{
    entries[0] = entry;
    memcpy(entries + 1, r.entries, (RF_ROW - 1) * sizeof *entries);
}

static inline void save(uint32_t *entries, row r) { memcpy(entries, r.entries, sizeof r); }
#endif

/* --- matches --- */

/*
 * The length of the match at p that zlib takes from a row, or 0: the longest, or the newest that is as long as
 * NICE_LENGTH. Any of them may be out of reach.
 */
static unsigned choose_near_end(const rf_parse *parse, size_t p, uint32_t running, row r, unsigned found,
                                unsigned *distance)
{
    _Alignas(16) uint32_t entries[RF_ROW];
    unsigned most = rf_longest_at(parse, p), nice = most < NICE_LENGTH ? most : NICE_LENGTH, best = RF_MATCH_MIN - 1;
    save(entries, r);
    for (; found; found &= found - 1) {
        unsigned k = (unsigned)__builtin_ctz(found);
        uint32_t back = running - (entries[k] >> TAG_BITS);
        if (back > RF_FARTHEST) break;
        if (back == RF_FARTHEST && (k > 0 || p - back == rf_window_start(parse, p))) break;
        unsigned length = rf_common(parse->src + p - back, parse->src + p, most);
        if (length <= best) continue;
        best = length;
        *distance = back;
        if (length >= nice) break;
    }
    return best < RF_MATCH_MIN ? 0 : best;
}

/*
 * The same where at least RF_LOOKAHEAD bytes lie ahead. Eight bytes of each string, as one number, decide without a
 * branch that depends on them: the largest of `length, nearness` is the newest of the longest.
 */
static inline unsigned choose(const rf_parse *parse, size_t p, uint32_t running, row r, unsigned found,
                              unsigned *distance)
{
    _Static_assert(NICE_LENGTH == sizeof(uint64_t), "eight bytes decide");
    _Alignas(16) uint32_t entries[RF_ROW];
    const uint8_t *here = parse->src + p;
    uint64_t bytes = rf_little64(here);
    uint32_t best = 0;
    save(entries, r);
    for (unsigned k = 0; k < RF_ROW; k++) {
        uint32_t back = running - (entries[k] >> TAG_BITS);
        bool reached = (found >> k & 1) && back < RF_FARTHEST + (k == 0);
        back = reached ? back : 0;
        uint64_t differ = rf_little64(here - back) ^ bytes;
        uint32_t length = differ ? (uint32_t)__builtin_ctzll(differ) / 8 : NICE_LENGTH;
        uint32_t rated = reached ? length << 16 | (RF_WINDOW - back) : 0;
        best = rated > best ? rated : best;
    }
    unsigned length = best >> 16;
    *distance = RF_WINDOW - (best & 0xffff);
    if (length < NICE_LENGTH) return length;
    return length + rf_common(here + length - *distance, here + length, RF_MATCH_MAX - NICE_LENGTH);
}

/* Enters the string at p, which begins with `bytes`; returns the length of its match, or 0. */
static ALWAYS_INLINE unsigned visit(rf_deflate_rows *rows, const rf_parse *parse, const rf_positions *positions,
                                    size_t p, uint32_t bytes, unsigned *distance)
{
    uint32_t running = rf_position(positions, p), entry = make_entry(running, bytes);
    uint32_t *entries = rows->entries[rf_hash(bytes)];
    row r = load(entries);
    unsigned found = hits(r, entry);
    push(entries, r, entry);
    if (!found) return 0;
    if (parse->n - p < RF_LOOKAHEAD) return choose_near_end(parse, p, running, r, found, distance);
    return choose(parse, p, running, r, found, distance);
}

/* Enters the strings within a short match. */
static void enter(rf_deflate_rows *rows, const uint8_t *src, const rf_positions *positions, size_t from, size_t end)
{
    for (size_t p = from; p < end; p++) {
        uint32_t bytes = rf_little32(src + p), *entries = rows->entries[rf_hash(bytes)];
        push(entries, load(entries), make_entry(rf_position(positions, p), bytes));
    }
}

int rf_deflate_rows_parse(rf_deflate_rows *rows, rf_parse *parse)
{
    const uint8_t *src = parse->src;
    size_t n = parse->n, p = n > 0;      /* the first string would never be found */
    size_t readable = n < 3 ? 0 : n - 3; /* four bytes can be read at any position before this one */
    rf_positions positions = rf_positions_start(rows->entries[0], (size_t)RF_HASHES * RF_ROW, TAG_BITS, rows->next);
    int status = RF_OK;
    while (status == RF_OK) {
        size_t full = parse->literals_start + parse->capacity, stop = full < readable ? full : readable;
        unsigned length = 0, distance = 0;
        for (; p < stop; p++) {
            length = visit(rows, parse, &positions, p, rf_little32(src + p), &distance);
            if (length) break;
        }
        if (!length && p == readable && p > 0 && p < full) {
            length = visit(rows, parse, &positions, p, rf_last_three(src, p), &distance);
        }
        if (length) {
            rf_parse_match(parse, p, length, distance);
            p += length;
            if (length <= LONGEST_INSERTED && n - p >= RF_MATCH_MIN) enter(rows, src, &positions, p - length + 1, p);
            if (parse->capacity > 0) continue;
        } else {
            p = full < n ? full : n;
            if (p < full) break;
        }
        status = rf_parse_flush(parse, p, false);
        rf_positions_renew(&positions, p);
    }
    rows->next = status == RF_OK ? rf_position(&positions, n) : positions.last;
    return status == RF_OK ? rf_parse_flush(parse, n, true) : status;
}
