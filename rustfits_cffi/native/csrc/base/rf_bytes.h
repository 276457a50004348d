/*
 * rf_bytes.h - small inline pieces that every codec needs: loads and stores in either byte order, checked products.
 */
#ifndef RF_BYTES_H
#define RF_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t rf_swap16(uint16_t v) { return (uint16_t)(v << 8 | v >> 8); }
static inline uint32_t rf_swap32(uint32_t v) { return __builtin_bswap32(v); }
static inline uint64_t rf_swap64(uint64_t v) { return __builtin_bswap64(v); }

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define RF_BE(bits, v) (v)
#define RF_LE(bits, v) rf_swap##bits(v)
#else
#define RF_BE(bits, v) rf_swap##bits(v)
#define RF_LE(bits, v) (v)
#endif

/* Integers that may look at the bits of floats (and only such accesses are exempt from the aliasing rules). */
typedef int32_t __attribute__((may_alias)) rf_bits32;
typedef int64_t __attribute__((may_alias)) rf_bits64;

/* Unaligned loads and stores of big-endian numbers. */
static inline uint16_t rf_load16(const void *p) { uint16_t v; memcpy(&v, p, sizeof v); return RF_BE(16, v); }
static inline uint32_t rf_load32(const void *p) { uint32_t v; memcpy(&v, p, sizeof v); return RF_BE(32, v); }
static inline uint64_t rf_load64(const void *p) { uint64_t v; memcpy(&v, p, sizeof v); return RF_BE(64, v); }
static inline void rf_store16(void *p, uint16_t v) { v = RF_BE(16, v); memcpy(p, &v, sizeof v); }
static inline void rf_store32(void *p, uint32_t v) { v = RF_BE(32, v); memcpy(p, &v, sizeof v); }
static inline void rf_store64(void *p, uint64_t v) { v = RF_BE(64, v); memcpy(p, &v, sizeof v); }

/* The same of little-endian ones. */
static inline uint32_t rf_little32(const void *p) { uint32_t v; memcpy(&v, p, sizeof v); return RF_LE(32, v); }
static inline uint64_t rf_little64(const void *p) { uint64_t v; memcpy(&v, p, sizeof v); return RF_LE(64, v); }
static inline void rf_put_little32(void *p, uint32_t v) { v = RF_LE(32, v); memcpy(p, &v, sizeof v); }
static inline void rf_put_little64(void *p, uint64_t v) { v = RF_LE(64, v); memcpy(p, &v, sizeof v); }

/* *product = a * b; false if that does not fit a size_t. */
static inline bool rf_multiply(size_t a, size_t b, size_t *product) { return !__builtin_mul_overflow(a, b, product); }

#endif
