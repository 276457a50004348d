/* cfitsio's own codecs: the reference that the tests hold ours against. */
int fits_rcomp(int *values, int npix, unsigned char *coded, int cap, int block);
int fits_rcomp_short(short *values, int npix, unsigned char *coded, int cap, int block);
int fits_rcomp_byte(signed char *values, int npix, unsigned char *coded, int cap, int block);
int fits_rdecomp(unsigned char *coded, int nbytes, unsigned int *values, int npix, int block);
int fits_rdecomp_short(unsigned char *coded, int nbytes, unsigned short *values, int npix, int block);
int fits_rdecomp_byte(unsigned char *coded, int nbytes, unsigned char *values, int npix, int block);
int pl_p2li(int *pixels, int start, short *words, int npix);
int pl_l2pi(short *words, int start, int *pixels, int npix);
int fits_hcompress(int *pixels, int nx, int ny, int scale, char *coded, long *nbytes, int *status);
int fits_hcompress64(LONGLONG *pixels, int nx, int ny, int scale, char *coded, long *nbytes, int *status);
int fits_hdecompress(unsigned char *coded, int smooth, int *pixels, int npix, int *nx, int *ny, int *scale,
                     int *status);
int fits_hdecompress64(unsigned char *coded, int smooth, LONGLONG *pixels, int npix, int *nx, int *ny, int *scale,
                       int *status);
