/*
 * rf_polyangle.h - values of which whole periods do not count: where a decoder puts them, and how far two are apart.
 */
#ifndef RF_POLYANGLE_H
#define RF_POLYANGLE_H

#include <math.h>

/* y moved by whole periods into [offset, offset + period); values there already, and those not finite, as they are. */
static inline double rf_poly_wrapped(double y, double period, double offset)
{
    if ((y >= offset && y < offset + period) || !isfinite(y)) return y;
    y -= period * floor((y - offset) / period);
    if (y < offset) y += period;
    if (y >= offset + period) y -= period;
    return y >= offset && y < offset + period ? y : offset; /* rounding may leave it just outside */
}

/* x less the whole periods that leave the least; exact. */
static inline double rf_poly_reduced(double x, double period)
{
    const double size = fabs(x);

    if (size <= period / 2) return x;
    return size <= period ? x - copysign(period, x) : remainder(x, period);
}

/* a - b, and what rounding has taken from it: the difference is exactly the sum of both. */
static inline double rf_poly_difference(double a, double b, double *lost)
{
    const double rounded = a - b, back = rounded - a;

    *lost = (a - (rounded - back)) - (b + back);
    return rounded;
}

/* How far x and y are apart modulo the period: nothing is rounded but the result, however large they are. */
static inline double rf_poly_apart(double x, double y, double period)
{
    double lost, apart = rf_poly_difference(x, y, &lost);

    if (lost == 0 && fabs(apart) <= period / 2) return fabs(apart); /* nearly all: close, so that nothing is lost */
    apart = rf_poly_difference(rf_poly_reduced(x, period), rf_poly_reduced(y, period), &lost);
    if (fabs(apart) > period / 2) apart -= copysign(period, apart);
    return fabs(apart + lost);
}

#endif
