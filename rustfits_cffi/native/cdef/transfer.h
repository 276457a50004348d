/* HDUs from one file to another: what fpack and funpack ask of cfitsio. */
#define IMAGE_HDU ...
#define ASCII_TBL ...
int fits_create_hdu(fitsfile *fptr, int *status);
int fits_copy_hdu(fitsfile *in, fitsfile *out, int morekeys, int *status);
int fits_get_hdu_type(fitsfile *fptr, int *type, int *status);
int fits_is_compressed_image(fitsfile *fptr, int *status);
int fits_read_key(fitsfile *fptr, int type, const char *name, void *value, char *comment, int *status);
int fits_set_compression_pref(fitsfile *in, fitsfile *out, int *status);
int fits_unset_compression_param(fitsfile *fptr, int *status);
int fits_compress_table(fitsfile *in, fitsfile *out, int *status);
int fits_uncompress_table(fitsfile *in, fitsfile *out, int *status);
int fits_get_img_param(fitsfile *fptr, int maxdim, int *bitpix, int *naxis, long *naxes, int *status);
int fits_movnam_hdu(fitsfile *fptr, int type, char *name, int version, int *status);
int fits_read_keyword(fitsfile *fptr, const char *name, char *value, char *comment, int *status);
int fits_get_chksum(fitsfile *fptr, unsigned long *datasum, unsigned long *hdusum, int *status);
int fits_img_decompress_header(fitsfile *in, fitsfile *out, int *status);
int ffhdef(fitsfile *fptr, int morekeys, int *status);
int fftrun(fitsfile *fptr, LONGLONG filesize, int *status);
int fits_copy_header(fitsfile *in, fitsfile *out, int *status);
int fits_img_stats_short(short *array, long nx, long ny, int nullcheck, short nullvalue, long *ngoodpix,
    short *minvalue, short *maxvalue, double *mean, double *sigma, double *noise1, double *noise2, double *noise3,
    double *noise5, int *status);
int fits_img_stats_int(int *array, long nx, long ny, int nullcheck, int nullvalue, long *ngoodpix,
    int *minvalue, int *maxvalue, double *mean, double *sigma, double *noise1, double *noise2, double *noise3,
    double *noise5, int *status);
