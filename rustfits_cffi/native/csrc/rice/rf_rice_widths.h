/*
 * rf_rice_widths.h - the Rice coder for the three pixel widths; rf_rice.c includes it once for each kind of processor.
 *
 * Needs: TARGET (function attributes), VARIANT(name), LEADING_ZEROS(window). Bits of the split number and the largest
 * split are those of R. White's rcomp (FITS Standard 4.0, section 10.4.1).
 */

#include "rice/rf_rice_codes.h"

#define PIXEL uint8_t
#define SIGNED int8_t
#define SUM_TYPE uint32_t
#define NAME(verb) VARIANT(rice8_##verb)
#define BITS 8
#define FSBITS 3
#define FSMAX 6u
#include "rice/rf_rice_template.h"
#undef PIXEL
#undef SIGNED
#undef SUM_TYPE
#undef NAME
#undef BITS
#undef FSBITS
#undef FSMAX

#define PIXEL uint16_t
#define SIGNED int16_t
#define SUM_TYPE uint32_t
#define NAME(verb) VARIANT(rice16_##verb)
#define BITS 16
#define FSBITS 4
#define FSMAX 14u
#include "rice/rf_rice_template.h"
#undef PIXEL
#undef SIGNED
#undef SUM_TYPE
#undef NAME
#undef BITS
#undef FSBITS
#undef FSMAX

#define PIXEL uint32_t
#define SIGNED int32_t
#define SUM_TYPE uint64_t
#define NAME(verb) VARIANT(rice32_##verb)
#define BITS 32
#define FSBITS 5
#define FSMAX 25u
#include "rice/rf_rice_template.h"
#undef PIXEL
#undef SIGNED
#undef SUM_TYPE
#undef NAME
#undef BITS
#undef FSBITS
#undef FSMAX

TARGET static int VARIANT(rice_decode)(rf_bits_in in, void *dst, size_t npix, int width, size_t block)
{
    if (width == 1) return VARIANT(rice8_decode)(in, dst, npix, block);
    if (width == 2) return VARIANT(rice16_decode)(in, dst, npix, block);
    return VARIANT(rice32_decode)(in, dst, npix, block);
}

TARGET static bool VARIANT(rice_encode)(rf_bits_out out, const void *src, size_t npix, int width, size_t block,
                                        uint8_t **stop)
{
    if (width == 1) return VARIANT(rice8_encode)(out, src, npix, block, stop);
    if (width == 2) return VARIANT(rice16_encode)(out, src, npix, block, stop);
    return VARIANT(rice32_encode)(out, src, npix, block, stop);
}
