/* What cfitsio calls its types. */
typedef long long LONGLONG;
typedef struct {
    LONGLONG headend;
    LONGLONG datastart;
    LONGLONG heapstart;
    LONGLONG heapsize;
    LONGLONG rowlength;
    LONGLONG numrows;
    int request_lossy_int_compress;
    int compress_type;
    long tilesize[6];
    long maxtilelen;
    long maxelem;
    float quantize_level;
    int quantize_method;
    int dither_seed;
    int zbitpix;
    int zndim;
    long znaxis[6];
    double cn_bscale;
    double cn_bzero;
    double cn_actual_bzero;
    int zblank;
    int rice_blocksize;
    int rice_bytepix;
    float hcomp_scale;
    int hcomp_smooth;
    int curhdu;
    int lasthdu;
    LONGLONG logfilesize;
    LONGLONG *headstart;
    ...;
} FITSfile;
typedef struct {
    int HDUposition;
    FITSfile *Fptr;
} fitsfile;
