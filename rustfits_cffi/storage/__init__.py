"""Where the bytes of a file are. This room knows bytes and no FITS."""
