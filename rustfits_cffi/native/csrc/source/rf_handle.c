/* Closing cfitsio's files. */
#include "source/rf_handle.h"

#include "fitsio2.h"

void rf_handle_close(fitsfile **fptr, int *status)
{
    fitsfile *old = *fptr;
    *fptr = NULL;
    if (old) fits_close_file(old, status);
}

void rf_handle_abandon(fitsfile **fptr)
{
    int status = 0;
    if (!*fptr) return;
    (*fptr)->Fptr->writemode = READONLY;
    rf_handle_close(fptr, &status);
    fits_clear_errmsg();
}
