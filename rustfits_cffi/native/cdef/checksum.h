/* What CHECKSUM and DATASUM need besides the sum itself, which is ours. */
int ffuptf(fitsfile *fptr, int *status);
int ffpdfl(fitsfile *fptr, int *status);
void ffesum(unsigned long sum, int complement, char *ascii);
