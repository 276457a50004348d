/* What cfitsio calls its types. */
typedef long long LONGLONG;
typedef struct {
    LONGLONG filesize;
    LONGLONG logfilesize;
    LONGLONG datastart;
    LONGLONG heapstart;
    LONGLONG heapsize;
    LONGLONG rowlength;
    LONGLONG numrows;
    long tilesize[6];
    long maxtilelen;
    long maxelem;
    int compress_type;
    int zbitpix;
    int zndim;
    int request_compress_type;
    int request_lossy_int_compress;
    int zblank;
    int curhdu;
    ...;
} FITSfile;
typedef struct {
    int HDUposition;
    FITSfile *Fptr;
} fitsfile;
