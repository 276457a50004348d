/*
 * rf_cpu.h - the same loop compiled for several processors: the plain one, and those with wider instructions.
 *
 * The versions give the same bytes. None may contract a*b+c (a fused product changes quantized pixels): AVX2 alone
 * has no FMA instruction, and in addition the build forbids contraction. -DRF_PLAIN leaves only the plain version.
 */
#ifndef RF_CPU_H
#define RF_CPU_H

#include <stdbool.h>
#include <stdlib.h> /* defines __GLIBC__ where it is glibc */

#define NEVER_INLINE __attribute__((noinline))
#define ALWAYS_INLINE inline __attribute__((always_inline))

/* Marks loops that only the compiler makes faster; glibc picks one version when the library is loaded. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && !defined(RF_PLAIN)
#define RF_CLONES __attribute__((target_clones("default", "avx2")))
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define RF_WIDE_CLONES __attribute__((target_clones("default", "avx2", "avx512f"))) /* for vectors of eight doubles */
#endif
#else
#define RF_CLONES
#endif
#ifndef RF_WIDE_CLONES
#define RF_WIDE_CLONES
#endif

/*
 * Coders written with other instructions in mind: the body is in a template, included a second time with functions
 * marked RF_TARGET_V3 (x86-64-v3: AVX2, BMI, LZCNT), and picked by rf_cpu_is_v3.
 */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(RF_PLAIN)
#define RF_CPU_X86 1
#define RF_TARGET_V3 __attribute__((target("avx2,bmi,bmi2,lzcnt")))
/* Every processor with AVX2 and BMI2 has LZCNT, for which older compilers have no name here. */
static inline bool rf_cpu_is_v3(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2"); }
#else
#define RF_CPU_X86 0
#endif

#endif
