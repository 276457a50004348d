/* cfitsio's own quantizer and gzip: the oracles of ours. */
int fits_quantize_float(long row, float *fdata, long nx, long ny, int nullcheck, float in_null_value, float qlevel,
                        int dither_method, int *idata, double *bscale, double *bzero, int *iminval, int *imaxval);
int fits_quantize_double(long row, double *fdata, long nx, long ny, int nullcheck, double in_null_value, float qlevel,
                         int dither_method, int *idata, double *bscale, double *bzero, int *iminval, int *imaxval);
int compress2mem_from_mem(char *inmemptr, size_t inmemsize, char **buffptr, size_t *buffsize,
                          void *(*mem_realloc)(void *p, size_t newsize), size_t *filesize, int *status);
int uncompress2mem_from_mem(char *inmemptr, size_t inmemsize, char **buffptr, size_t *buffsize,
                            void *(*mem_realloc)(void *p, size_t newsize), size_t *filesize, int *status);
/* How cfitsio turns bytes round, in place. */
void ffswap2(short *values, long nvalues);
void ffswap4(int *values, long nvalues);
void ffswap8(double *values, long nvalues);
