/*
 * rf_wide.h - numbers with twice the precision of a double, for tables that are computed once.
 *
 * A number is the sum of two doubles; the second is at most half a unit in the last place of the first.
 * Source: the error-free sum and product of Dekker (1971) and Knuth; the product uses fma, which rounds once.
 */
#ifndef RF_WIDE_H
#define RF_WIDE_H

#include <math.h>

typedef struct { double high, low; } rf_wide;

static inline rf_wide rf_wide_normal(double high, double low)
{
    const double sum = high + low;
    return (rf_wide){sum, low - (sum - high)};
}

static inline rf_wide rf_wide_sum(rf_wide a, rf_wide b)
{
    const double sum = a.high + b.high, part = sum - a.high;
    const double rest = (a.high - (sum - part)) + (b.high - part);
    return rf_wide_normal(sum, rest + (a.low + b.low));
}

static inline rf_wide rf_wide_product(rf_wide a, rf_wide b)
{
    const double product = a.high * b.high;
    return rf_wide_normal(product, fma(a.high, b.high, -product) + (a.high * b.low + a.low * b.high));
}

static inline rf_wide rf_wide_negative(rf_wide a) { return (rf_wide){-a.high, -a.low}; }

/* a / b, both doubles. */
static inline rf_wide rf_wide_ratio(double a, double b)
{
    const double quotient = a / b;
    return rf_wide_normal(quotient, fma(-quotient, b, a) / b);
}

#endif
