/* Huffman's construction with zlib's heap, its limit on code lengths, and the codes for given lengths. */
#include "deflate/rf_deflate_huffman.h"

#include <stdbool.h>
#include <string.h>

/*
 * A node of the tree under construction: its count, then its height (no tree over RF_HUFFMAN_TOTAL symbols is higher
 * than 20, by Fibonacci's numbers), then its number. Leaves have their symbols' numbers, inner nodes those after them.
 */
enum { NUMBER_BITS = 10, HEIGHT_BITS = 5, COUNT_SHIFT = NUMBER_BITS + HEIGHT_BITS, MAX_NODES = 2 * RF_HUFFMAN_SYMBOLS };
_Static_assert(MAX_NODES <= 1 << NUMBER_BITS, "a node's number fits");
_Static_assert((uint64_t)RF_HUFFMAN_TOTAL << COUNT_SHIFT <= UINT32_MAX, "a node's count fits");

static unsigned number_of(uint32_t node) { return node & ((1u << NUMBER_BITS) - 1); }

/* Orders by count, then by height; of nodes equal in both, each is before the other. */
static inline bool is_before(uint32_t a, uint32_t b) { return a <= (b | ((1u << NUMBER_BITS) - 1)); }

/*
 * The heap has its least node at 1 and the children of i at 2i and 2i+1. Puts a node at the empty position i and lets
 * it sink. After the last node there is one that is before no other.
 */
static void sink(uint32_t *heap, unsigned nheap, unsigned i, uint32_t node)
{
    for (unsigned child = 2 * i; child <= nheap; child = 2 * i) {
        child += is_before(heap[child + 1], heap[child]); /* without a branch: both are equally likely */
        if (is_before(node, heap[child])) break;
        heap[i] = heap[child];
        i = child;
    }
    heap[i] = node;
}

/* Makes the leaves; symbols that do not occur are added until there are two. */
static unsigned plant(const uint32_t *counts, unsigned nsymbols, uint32_t *heap, unsigned *nused)
{
    unsigned nheap = 0;
    *nused = 0;
    for (unsigned symbol = 0; symbol < nsymbols; symbol++) {
        if (!counts[symbol]) continue;
        heap[++nheap] = counts[symbol] << COUNT_SHIFT | symbol;
        *nused = symbol + 1;
    }
    while (nheap < 2) {
        unsigned symbol = *nused < 3 ? (*nused)++ : 0;
        heap[++nheap] = 1u << COUNT_SHIFT | symbol;
    }
    return nheap;
}

/* Joins the two least nodes until one is left. `order` gets all nodes in the order they left the heap, root last. */
static unsigned grow(uint32_t *heap, unsigned nheap, unsigned first_inner, uint16_t *order, uint16_t *parent)
{
    unsigned norder = 0, inner = first_inner;
    heap[nheap + 1] = UINT32_MAX;
    for (unsigned i = nheap / 2; i >= 1; i--) sink(heap, nheap, i, heap[i]);
    for (; nheap > 1; inner++) {
        uint32_t a = heap[1], last = heap[nheap];
        heap[nheap--] = UINT32_MAX;
        sink(heap, nheap, 1, last);
        uint32_t b = heap[1];
        order[norder++] = (uint16_t)number_of(a);
        order[norder++] = (uint16_t)number_of(b);
        parent[number_of(a)] = parent[number_of(b)] = (uint16_t)inner;
        uint32_t count = (a >> COUNT_SHIFT) + (b >> COUNT_SHIFT);
        uint32_t height_a = a >> NUMBER_BITS & ((1u << HEIGHT_BITS) - 1);
        uint32_t height_b = b >> NUMBER_BITS & ((1u << HEIGHT_BITS) - 1);
        uint32_t height = (height_a > height_b ? height_a : height_b) + 1;
        sink(heap, nheap, 1, count << COUNT_SHIFT | height << NUMBER_BITS | inner);
    }
    order[norder++] = (uint16_t)number_of(heap[1]);
    return norder;
}

/*
 * Corrects the counts of lengths after `excess` nodes were cut to the longest length: each step places two of them
 * below the deepest leaf that is not yet at that length.
 */
static void shorten(uint16_t *leaves, unsigned longest, int excess)
{
    for (; excess > 0; excess -= 2) {
        unsigned bits = longest - 1;
        while (!leaves[bits]) bits--;
        leaves[bits]--;
        leaves[bits + 1] += 2;
        leaves[longest]--;
    }
}

unsigned rf_huffman_lengths(const uint32_t *counts, unsigned nsymbols, unsigned longest, uint8_t *lengths)
{
    uint32_t heap[RF_HUFFMAN_SYMBOLS + 2];
    uint16_t order[MAX_NODES], parent[MAX_NODES], leaves[RF_HUFFMAN_LONGEST + 1] = {0};
    uint8_t depth[MAX_NODES];
    unsigned nused, nheap = plant(counts, nsymbols, heap, &nused);
    unsigned norder = grow(heap, nheap, nsymbols, order, parent);

    int excess = 0;
    memset(lengths, 0, nsymbols);
    depth[order[norder - 1]] = 0;
    for (unsigned i = norder - 1; i-- > 0;) {
        unsigned node = order[i], bits = depth[parent[node]] + 1u;
        if (bits > longest) {
            bits = longest;
            excess++; /* inner nodes are counted as well */
        }
        depth[node] = (uint8_t)bits;
        if (node >= nsymbols) continue;
        lengths[node] = (uint8_t)bits;
        leaves[bits]++;
    }
    if (excess == 0) return nused;

    shorten(leaves, longest, excess);
    unsigned i = 0;
    for (unsigned bits = longest; bits > 0; bits--) { /* the rarest symbols get the longest codes */
        for (unsigned left = leaves[bits]; left > 0; i++) {
            if (order[i] >= nsymbols) continue;
            lengths[order[i]] = (uint8_t)bits;
            left--;
        }
    }
    return nused;
}

static uint16_t reversed(unsigned code, unsigned nbits)
{
    code = (code & 0x5555) << 1 | (code >> 1 & 0x5555);
    code = (code & 0x3333) << 2 | (code >> 2 & 0x3333);
    code = (code & 0x0f0f) << 4 | (code >> 4 & 0x0f0f);
    code = (code & 0x00ff) << 8 | (code >> 8 & 0x00ff);
    return (uint16_t)(code >> (16 - nbits));
}

void rf_huffman_codes(const uint8_t *lengths, unsigned nsymbols, uint16_t *codes)
{
    unsigned with[RF_HUFFMAN_LONGEST + 1] = {0}, next[RF_HUFFMAN_LONGEST + 1];
    for (unsigned symbol = 0; symbol < nsymbols; symbol++) with[lengths[symbol]]++;
    with[0] = 0;
    unsigned code = 0;
    for (unsigned bits = 1; bits <= RF_HUFFMAN_LONGEST; bits++) next[bits] = code = (code + with[bits - 1]) << 1;
    for (unsigned symbol = 0; symbol < nsymbols; symbol++) {
        if (lengths[symbol]) codes[symbol] = reversed(next[lengths[symbol]]++, lengths[symbol]);
    }
}
