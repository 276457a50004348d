/* cfitsio's own serial path: whole images and whole HDUs, as fpack, funpack and most programs call it. */
#define TBYTE ...
#define TSBYTE ...
#define TSHORT ...
#define TUSHORT ...
#define TUINT ...
#define TULONGLONG ...
#define TFLOAT ...
int fits_write_img(fitsfile *fptr, int datatype, LONGLONG first, LONGLONG npix, void *array, int *status);
int fits_write_compressed_img(fitsfile *fptr, int datatype, long *first, long *last, int nullcheck, void *array, void *null,
                              int *status);
int fits_read_img(fitsfile *fptr, int datatype, LONGLONG first, LONGLONG npix, void *null, void *array, int *anynull,
                  int *status);
int fits_read_subset(fitsfile *fptr, int datatype, long *first, long *last, long *step, void *null, void *array,
                     int *anynull, int *status);
int fits_get_img_paramll(fitsfile *fptr, int maxdim, int *bitpix, int *naxis, LONGLONG *naxes, int *status);
int fits_get_img_equivtype(fitsfile *fptr, int *bitpix, int *status);
int fits_set_bscale(fitsfile *fptr, double scale, double zero, int *status);
int fits_is_compressed_image(fitsfile *fptr, int *status);
int fits_get_hdu_type(fitsfile *fptr, int *type, int *status);
int fits_read_key(fitsfile *fptr, int type, const char *name, void *value, char *comment, int *status);
int fits_create_hdu(fitsfile *fptr, int *status);
int fits_copy_hdu(fitsfile *in, fitsfile *out, int morekeys, int *status);
int fits_set_lossy_int(fitsfile *fptr, int lossy, int *status);
int fits_set_compression_pref(fitsfile *in, fitsfile *out, int *status);
int fits_unset_compression_param(fitsfile *fptr, int *status);
int imcomp_compress_tile(fitsfile *out, long row, int datatype, void *tile, long npix, long nx, long ny, int nullcheck,
                         void *null, int *status);
int fits_img_compress(fitsfile *in, fitsfile *out, int *status);
int fits_img_decompress(fitsfile *in, fitsfile *out, int *status);
int fits_compress_table(fitsfile *in, fitsfile *out, int *status);
int fits_uncompress_table(fitsfile *in, fitsfile *out, int *status);
