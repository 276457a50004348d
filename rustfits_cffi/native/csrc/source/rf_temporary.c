/* The name of a temporary file. */
#include "source/rf_temporary.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct rf_temporary {
    bool is_owned;
    char name[];
};

rf_temporary *rf_temporary_new(const char *name)
{
    size_t nbytes = strlen(name) + 1;
    rf_temporary *temporary = malloc(sizeof *temporary + nbytes);
    if (!temporary) return NULL;
    temporary->is_owned = true;
    memcpy(temporary->name, name, nbytes);
    return temporary;
}

void rf_temporary_remove(rf_temporary *temporary)
{
    if (temporary->is_owned) unlink(temporary->name);
    temporary->is_owned = false;
}

void rf_temporary_keep(rf_temporary *temporary) { temporary->is_owned = false; }

void rf_temporary_free(rf_temporary *temporary)
{
    if (temporary) rf_temporary_remove(temporary);
    free(temporary);
}
