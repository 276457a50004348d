/* The libraries themselves: start, versions, messages. */
#define CFITSIO_MAJOR ...
#define CFITSIO_MINOR ...
#define CFITSIO_MICRO ...
static const char *const LIBDEFLATE_VERSION_STRING;
int fits_init_cfitsio(void);
int fits_init_randoms(void);
int fits_is_reentrant(void);
int fits_read_errmsg(char *message);
void fits_clear_errmsg(void);
const char *zlibVersion(void);
extern float *fits_rand_value;
