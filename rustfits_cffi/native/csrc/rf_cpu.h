/*
 * rf_cpu.h - which instructions this processor has beyond those the compiler may assume.
 *
 * A coder whose inner loop gains from them has its body in a template, included a second time with functions marked
 * RF_TARGET_V3 (x86-64-v3: AVX2, BMI, LZCNT). Both give the same bytes. -DRF_PLAIN leaves only the plain one.
 */
#ifndef RF_CPU_H
#define RF_CPU_H

#include <stdbool.h>

#define NEVER_INLINE __attribute__((noinline))
#define ALWAYS_INLINE inline __attribute__((always_inline))

#if defined(__x86_64__) && defined(__GNUC__) && !defined(RF_PLAIN)
#define RF_CPU_X86 1
#define RF_TARGET_V3 __attribute__((target("avx2,bmi,bmi2,lzcnt")))
/* Every processor with AVX2 and BMI2 has LZCNT, for which older compilers have no name here. */
static inline bool rf_cpu_is_v3(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2"); }
#else
#define RF_CPU_X86 0
#endif

#endif
