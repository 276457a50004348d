"""The rules of the FITS Standard as pure functions, without files, C code or HDU objects."""
