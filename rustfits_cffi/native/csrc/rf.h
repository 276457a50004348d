/*
 * rf.h - what our C code and its callers share: results, pixel types, codec numbers.
 *
 * All our functions obey these rules; a header states only what is specific to it.
 *   Memory:  the caller owns every buffer; nothing is kept after the return; no writable globals.
 *   Sizes:   size_t; names carry the unit (nbytes, npix, ntiles); *_cap is a capacity, *_len what is used of it.
 *   Result:  RF_OK or one rf_status. Coded bytes are not trusted: no decoder reads or writes outside its buffers.
 *   Threads: any function may be called at once from several threads on separate output buffers.
 *   Fork:    threads start and end within one call.
 */
#ifndef RF_H
#define RF_H

#include <stddef.h>
#include <stdint.h>

/* cffi: begin */
/* Results. Append, never renumber: errors.py names them. */
typedef enum {
    RF_OK = 0,
    RF_EBADDATA = 1,  /* the coded bytes are not a stream of their codec */
    RF_ENOSPACE = 2,  /* the output buffer is too small */
    RF_ENOMEM = 3,    /* scratch memory could not be allocated */
    RF_EARGUMENT = 4, /* an invalid argument or combination of arguments */
    RF_ETRUNCATED = 5,/* the coded bytes end too early */
    RF_ESIZE = 6,     /* the stream holds another number of pixels than the tile */
    RF_EMISSING = 7,  /* no column holds this tile: it was never written */
    RF_ERANGE = 8,    /* a pixel value that the codec cannot store */
    RF_ELOSSY = 9,    /* cfitsio's encoder would silently store other pixels here */
    RF_EIO = 10,      /* the operating system reported an error */
    RF_EWRITE = 11,   /* the operating system refused to write */
    RF_EDESCRIPTOR = 12 /* a tile's descriptor points outside the heap or into another tile */
} rf_status;

/* Codec numbers, as cfitsio's fitsio.h has them. */
typedef enum {
    RF_NOCOMPRESS = -1,
    RF_RICE_1 = 11,
    RF_GZIP_1 = 21,
    RF_GZIP_2 = 22,
    RF_PLIO_1 = 31,
    RF_HCOMPRESS_1 = 41
} rf_codec;

enum { RF_FITS_BLOCK = 2880 }; /* of which header and data unit have whole ones: FITS Standard 4.0, section 3.1 */
/* cffi: end */

enum { RF_MAX_NDIM = 64 }; /* axes of an image that we read; numpy has no more */

#endif
