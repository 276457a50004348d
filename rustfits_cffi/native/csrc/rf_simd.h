/*
 * rf_simd.h - one macro: compile a hot loop twice, for AVX2 and for any processor, and pick one when the library loads.
 *
 * Neither version may contract a*b+c (a fused product changes quantized pixels): AVX2 alone brings no FMA instruction,
 * and the build forbids contraction besides.
 */
#ifndef RF_SIMD_H
#define RF_SIMD_H

#include <stdint.h>
#include <stdlib.h> /* defines __GLIBC__ where it is glibc */

#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && !defined(RF_NO_CLONES)
#define RF_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define RF_CLONES
#endif

/* Integers that may look at the bits of floats (and only such accesses are exempt from the aliasing rules). */
typedef int32_t __attribute__((may_alias)) rf_bits32;
typedef int64_t __attribute__((may_alias)) rf_bits64;

#endif
