/* What cfitsio calls its types. */
typedef long long LONGLONG;
typedef struct {
    LONGLONG filesize;
    LONGLONG logfilesize;
    LONGLONG headend;
    LONGLONG datastart;
    LONGLONG heapstart;
    LONGLONG heapsize;
    LONGLONG rowlength;
    LONGLONG numrows;
    long tilesize[6];
    int zblank;
    int curhdu;
    ...;
} FITSfile;
typedef struct {
    int HDUposition;
    FITSfile *Fptr;
} fitsfile;
