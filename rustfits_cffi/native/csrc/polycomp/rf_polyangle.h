/*
 * rf_polyangle.h - values modulo a period: the branch that a decoder moves them to, and the distance of two values.
 */
#ifndef RF_POLYANGLE_H
#define RF_POLYANGLE_H

#include <math.h>

/* y moved by whole periods into [offset, offset + period); unchanged if it is already there or not finite. */
static inline double rf_poly_wrapped(double y, double period, double offset)
{
    if ((y >= offset && y < offset + period) || !isfinite(y)) return y;
    y -= period * floor((y - offset) / period);
    if (y < offset) y += period;
    if (y >= offset + period) y -= period;
    return y >= offset && y < offset + period ? y : offset; /* rounding may leave it just outside */
}

/* x minus the nearest multiple of the period; exact. */
static inline double rf_poly_reduced(double x, double period)
{
    const double size = fabs(x);

    if (size <= period / 2) return x;
    return size <= period ? x - copysign(period, x) : remainder(x, period);
}

/* a - b rounded; *lost is the rounding error, so that the two add up to the exact difference. */
static inline double rf_poly_difference(double a, double b, double *lost)
{
    const double rounded = a - b, back = rounded - a;

    *lost = (a - (rounded - back)) - (b + back);
    return rounded;
}

/* Distance of x and y modulo the period; only the result is rounded, however large x and y are. */
static inline double rf_poly_apart(double x, double y, double period)
{
    double lost, apart = rf_poly_difference(x, y, &lost);

    if (lost == 0 && fabs(apart) <= period / 2) return fabs(apart); /* the usual case: close values */
    apart = rf_poly_difference(rf_poly_reduced(x, period), rf_poly_reduced(y, period), &lost);
    if (fabs(apart) > period / 2) apart -= copysign(period, apart);
    return fabs(apart + lost);
}

#endif
