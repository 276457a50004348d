/* Creating image HDUs, plain and compressed. */
int fits_create_img(fitsfile *fptr, int bitpix, int naxis, long *naxes, int *status);
int fits_create_imgll(fitsfile *fptr, int bitpix, int naxis, long long *naxes, int *status);
int fits_insert_col(fitsfile *fptr, int number, char *ttype, char *tform, int *status);
int fits_set_compression_type(fitsfile *fptr, int codec, int *status);
int fits_set_tile_dim(fitsfile *fptr, int ndim, long *dims, int *status);
int fits_set_quantize_level(fitsfile *fptr, float level, int *status);
int fits_set_quantize_method(fitsfile *fptr, int method, int *status);
int fits_set_dither_seed(fitsfile *fptr, int seed, int *status);
int fits_set_hcomp_scale(fitsfile *fptr, float scale, int *status);
int fits_set_hcomp_smooth(fitsfile *fptr, int smooth, int *status);
int fits_set_huge_hdu(fitsfile *fptr, int huge, int *status);
int fits_set_lossy_int(fitsfile *fptr, int lossy, int *status);
int fits_unset_compression_request(fitsfile *fptr, int *status);
int imcomp_init_table(fitsfile *out, int bitpix, int naxis, long *naxes, int writebitpix, int *status);
int imcomp_copy_img2comp(fitsfile *in, fitsfile *out, int *status);
