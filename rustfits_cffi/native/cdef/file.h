/* Opening, HDUs, flushing, raw bytes. */
int fits_open_diskfile(fitsfile **fptr, const char *name, int mode, int *status);
int fits_create_diskfile(fitsfile **fptr, const char *name, int *status);
int fits_flush_file(fitsfile *fptr, int *status);
int fits_flush_buffer(fitsfile *fptr, int clear, int *status);
int fits_get_num_hdus(fitsfile *fptr, int *count, int *status);
int fits_movabs_hdu(fitsfile *fptr, int number, int *type, int *status);
int fits_set_hdustruc(fitsfile *fptr, int *status);
int fits_get_hduaddrll(fitsfile *fptr, LONGLONG *headstart, LONGLONG *datastart, LONGLONG *dataend, int *status);
int fits_write_chksum(fitsfile *fptr, int *status);
int ffmbyt(fitsfile *fptr, LONGLONG position, int ignore_end, int *status);
int ffpbyt(fitsfile *fptr, LONGLONG nbytes, void *buffer, int *status);
int ffiblk(fitsfile *fptr, long nblocks, int headdata, int *status);
int ffdblk(fitsfile *fptr, long nblocks, int *status);
int fits_create_file(fitsfile **fptr, const char *name, int *status);
int ffgbyt(fitsfile *fptr, LONGLONG nbytes, void *buffer, int *status);
